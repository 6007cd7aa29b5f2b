//! How many requests a file costs, and what they grow with. `make requests` prints it.
//!
//! In-process: what the functions ask of the services, without what Lambda itself asks of the queues.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tidewaiter_aws::environment;

use crate::cloud::Cloud;
use crate::support::Requests;

/// The most that a small clean file may cost, by service.
const MOST: [(&str, usize); 3] = [("S3", 5), ("DynamoDB", 8), ("SQS", 3)];

type Files = BTreeMap<String, Vec<u8>>;

fn contacts(lines: usize) -> Vec<u8> {
    let mut csv = "email;firstname\n".to_owned();
    for n in 0..lines {
        let _ = writeln!(csv, "customer{n}@example.org;Ada");
    }
    csv.into_bytes()
}

/// A deployment that has seen a file before, so that its processes are warm.
struct Warm {
    cloud: Cloud,
    requests: Requests,
    delivered: usize,
}

impl Warm {
    async fn new(settings: &str) -> Self {
        let requests = Requests::default();
        let cloud = Cloud::counted(&requests, environment::CONFIGURATION_CACHE).await;
        let config = format!(r#"{{ "acme": {{ "contacts": {{ "crm": {{}} }} }}, "settings": {settings} }}"#);
        cloud.put("config/partner/acme.json", config.as_bytes()).await;
        let mut warm = Self { cloud, requests, delivered: 0 };
        warm.deliver(contacts(1)).await;
        warm
    }

    async fn deliver(&mut self, content: Vec<u8>) {
        self.delivered += 1;
        let name = format!("acme_contacts_crm_202601{:02}.csv", self.delivered);
        self.cloud.deliver_events(&Files::from([(name, content)]), 1).await;
    }

    /// What one more file costs, by service; printed by operation.
    #[expect(clippy::print_stdout, reason = "what is counted is to be seen")]
    async fn count(&mut self, what: &str, content: Vec<u8>) -> BTreeMap<String, usize> {
        self.requests.take();
        self.deliver(content).await;
        println!("{what}:");
        let mut services = BTreeMap::new();
        for ((service, operation), count) in self.requests.take() {
            println!("    {service:<9} {operation:<24} {count}");
            *services.entry(service).or_default() += count;
        }
        let together: Vec<String> = services.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("    together: {}", together.join(", "));
        services
    }
}

#[tokio::test]
async fn a_small_clean_file_costs_few_requests_and_no_more_if_others_wait() {
    let mut warm = Warm::new("{}").await;
    let one = warm.count("a clean file of one line", contacts(1)).await;
    for (service, most) in MOST {
        assert!(one[service] <= most, "{service}: {one:?}");
    }
    let waiting: Files =
        (1..=50).map(|n| (format!("all.{n:02}-60_acme_contacts_crm_20260101.csv"), contacts(1))).collect();
    warm.cloud.deliver_events(&waiting, 1).await;
    assert_eq!(warm.count("the same, while 50 files wait for their group", contacts(1)).await, one);
    let thousand = warm.count("a clean file of 1,000 lines", contacts(1_000)).await;
    assert_eq!((thousand["S3"], thousand["SQS"]), (one["S3"], one["SQS"]));
    let mut mailed = Warm::new(r#"{ "report_recipients": ["data@example.org"] }"#).await;
    let mailed = mailed.count("a clean file of one line whose report is mailed", contacts(1)).await;
    assert!(mailed["DynamoDB"] <= one["DynamoDB"] + 2 && mailed["S3"] <= one["S3"] + 1, "{mailed:?}");
}
