//! How many requests a file costs, and what they grow with. `make requests` prints it.
//!
//! In-process: what the functions ask of the services, without what Lambda itself asks of the queues.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tidewaiter_aws::environment;
use tidewaiter_engine::ports::Message;

use crate::cloud::{Cloud, Step};
use crate::support::Requests;

/// The most that a small clean file may cost, by service.
const MOST: [(&str, usize); 3] = [("S3", 5), ("DynamoDB", 8), ("SQS", 2)];
/// The most that one of many costs that follow each other, from when it is its turn to when it is that of the next.
const MOST_IN_TURN: [(&str, usize); 2] = [("S3", 5), ("DynamoDB", 5)];

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
    async fn count(&mut self, what: &str, content: Vec<u8>) -> BTreeMap<String, usize> {
        self.requests.take();
        self.deliver(content).await;
        self.counted(what)
    }

    /// What `files` small clean files cost that are dropped at the same moment: to be taken in, and from the turn of
    /// the first to that of the last; and in how many invocations they were landed. One goes on with the next file for
    /// five seconds, so that depends on the machine.
    async fn count_together(&mut self, files: usize) -> ([BTreeMap<String, usize>; 2], usize) {
        self.requests.take();
        let names = (1..=files).map(|n| (format!("acme_contacts_crm_20260301_{n}.csv"), contacts(1)));
        for event in self.cloud.events(&names.collect()).await {
            Box::pin(self.cloud.handle(event)).await.unwrap();
        }
        let mut work = Vec::new();
        while let Some(message) = self.cloud.next() {
            match message {
                Message::Work { .. } => work.push(message),
                news => Box::pin(self.cloud.handle(Step::Message(news))).await.unwrap(),
            }
        }
        let taken_in = self.counted(&format!("{files} clean files of one line, dropped together: taken in"));
        assert_eq!(work.len(), 1, "one is handed out, and once: {work:?}");
        let mut invocations = 0;
        let mut next = work.pop();
        while let Some(message) = next {
            Box::pin(self.cloud.handle(Step::Message(message))).await.unwrap();
            invocations += 1;
            next = self.cloud.next();
        }
        ([taken_in, self.counted(&format!("the same: landed in {invocations} invocations"))], invocations)
    }

    #[expect(clippy::print_stdout, reason = "what is counted is to be seen")]
    fn counted(&mut self, what: &str) -> BTreeMap<String, usize> {
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
    let files = 30;
    let ([taken_in, landed], invocations) = warm.count_together(files).await;
    assert!(taken_in["SQS"] <= files + 2, "{taken_in:?}");
    assert!(invocations <= files / 3, "most follow: {invocations}");
    assert_eq!(landed.get("SQS").copied().unwrap_or_default(), invocations - 1, "{landed:?}");
    for (service, most) in MOST_IN_TURN {
        assert!(landed[service] <= files * most + 2 * invocations, "{service}: {landed:?}");
    }
    let thousand = warm.count("a clean file of 1,000 lines", contacts(1_000)).await;
    assert_eq!((thousand["S3"], thousand["SQS"]), (one["S3"], one["SQS"]));
    let mut mailed = Warm::new(r#"{ "report_recipients": ["data@example.org"] }"#).await;
    let mailed = mailed.count("a clean file of one line whose report is mailed", contacts(1)).await;
    assert!(mailed["DynamoDB"] <= one["DynamoDB"] + 2 && mailed["S3"] <= one["S3"] + 1, "{mailed:?}");
}
