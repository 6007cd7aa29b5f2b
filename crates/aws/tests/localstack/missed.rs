//! Files whose events never came: a reconciliation finds them.

use std::collections::BTreeMap;

use jiff::ToSpan;
use tidewaiter_engine::capabilities::{Clock, HasObjects};
use tidewaiter_engine::ports::{Message, Objects};
use tidewaiter_engine::reconcile;
use tidewaiter_tests::world::PARTNER;

use crate::cloud::{Cloud, Step};

const CONFIG: &[u8] = br#"{ "acme": { "contacts": { "crm": {} } } }"#;
const FILE: &str = "acme_contacts_crm_20260131.csv";

#[tokio::test]
async fn a_file_whose_event_never_came_is_found_by_reconciliation() {
    let cloud = Cloud::new().await;
    cloud.put(&format!("config/{PARTNER}/acme.json"), CONFIG).await;
    // Marks of folders, as consoles make them, and what lies in no repository.
    for key in ["imports/", "imports/stray.csv"] {
        cloud.put(key, b"").await;
    }
    cloud.put(&format!("imports/{PARTNER}/"), b"").await;
    // Its event comes, but late; its name is used again, and of that nobody tells.
    let first = BTreeMap::from([(FILE.to_owned(), b"email\nfirst@example.org\n".to_vec())]);
    let events = cloud.events(&first).await;
    cloud.put(&format!("imports/{PARTNER}/{FILE}"), b"email\nsecond@example.org\n").await;
    cloud.put(&format!("imports/{PARTNER}/notes.txt"), b"for whom?").await;

    let now = cloud.now();
    let found = reconcile::reconcile(&cloud, now.checked_sub(1.hour()).unwrap()).await.unwrap();
    assert_eq!((found.missed, cloud.next()), (0, None), "what came a moment ago is in somebody's hands");
    let soon = now.checked_add(1.hour()).unwrap();
    let found = reconcile::reconcile(&cloud, soon).await.unwrap();
    assert_eq!(found.missed, 3, "two versions, and notes");
    let mut messages: Vec<Message> = std::iter::from_fn(|| cloud.next()).collect();
    assert!(messages.iter().all(|message| matches!(message, Message::Missed { .. })), "{messages:?}");
    // All of it twice: by two reconciliations, and the event that came at last.
    messages.extend(messages.clone());
    for message in messages {
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    for event in events {
        Box::pin(cloud.handle(event)).await.unwrap();
    }
    while let Some(message) = cloud.next() {
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    cloud.note_ids().await;
    assert_eq!(cloud.ledger().await.len(), 3, "{:?}", cloud.ledger().await);
    let tree = cloud.tree().await;
    let archived: Vec<&[u8]> = tree
        .iter()
        .filter(|(key, _)| key.starts_with("archives/"))
        .map(|(_, bytes)| bytes.as_slice())
        .collect();
    assert_eq!(archived.len(), 2, "{:?}", tree.keys());
    for content in [b"email\nfirst@example.org\n".as_slice(), b"email\nsecond@example.org\n"] {
        assert!(archived.contains(&content), "{:?}", tree.keys());
    }
    assert_eq!(tree[&format!("bogus/{PARTNER}/notes.txt")], b"for whom?");
    let found = reconcile::reconcile(&cloud, soon).await.unwrap();
    assert_eq!((found.missed, cloud.next()), (0, None), "nothing is left");
}

#[tokio::test]
async fn a_drop_zone_of_many_pages_is_looked_at_to_its_end() {
    let cloud = Cloud::new().await;
    let puts = (0..1_203).map(|n| format!("imports/{PARTNER}/{:04}.txt", n / 2));
    for key in puts {
        cloud.put(&key, b"x").await;
    }
    let (mut behind, mut found, mut pages) = (None, Vec::new(), 0);
    loop {
        let (drops, next) = cloud.objects().dropped(behind.as_ref()).await.unwrap();
        found.extend(drops.into_iter().map(|dropped| dropped.source));
        pages += 1;
        behind = next;
        if behind.is_none() {
            break;
        }
    }
    let distinct: std::collections::HashSet<_> = found.iter().collect();
    assert_eq!((pages, found.len(), distinct.len()), (2, 1_203, 1_203));
}
