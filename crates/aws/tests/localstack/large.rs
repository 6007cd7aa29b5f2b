//! A large file: its lines are shared among loaders, and one invocation leaves them to the next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{Message, Records};

use crate::cloud::{Cloud, Step};

const LINES: usize = 12_000;

#[tokio::test]
async fn a_large_file_is_loaded_by_one_invocation_after_the_other() {
    let cloud = Cloud::new().await.hurried(4);
    cloud.put("config/partner/acme.json", br#"{ "acme": { "contacts": { "crm": {} } } }"#).await;
    let header = "email;firstname\n";
    let (mut csv, mut rejected) = (header.to_owned(), header.to_owned());
    for n in 0..LINES {
        let line = if n % 100 == 7 { format!("nobody{n};Ada\n") } else { format!("c{n}@example.org;Ada\n") };
        if n % 100 == 7 {
            rejected += &line;
        }
        let _ = write!(csv, "{line}");
    }
    let name = "acme_contacts_crm_20260101.csv";
    for event in cloud.events(&BTreeMap::from([(name.to_owned(), csv.into_bytes())])).await {
        Box::pin(cloud.handle(event)).await.unwrap();
    }
    let mut batches = Vec::new();
    while let Some(message) = cloud.next() {
        if let Message::Work { landed, .. } = &message {
            batches.push(*landed);
        }
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    assert_eq!(batches, [0, 1, 2], "each invocation lands one batch more");
    cloud.note_ids().await;
    let good = LINES - LINES / 100;
    let counts = cloud.records().counts().await.unwrap();
    assert_eq!(counts, [("acme".to_owned(), "contacts".to_owned(), good as u64)]);
    let tree = cloud.tree().await;
    assert_eq!(String::from_utf8_lossy(&tree[&format!("badlines/partner/{name}")]), rejected);
    let log = String::from_utf8_lossy(&tree[&format!("logs/partner/{name}.log")]);
    assert!(log.contains("11,880") && log.contains("120"), "{log}");
}
