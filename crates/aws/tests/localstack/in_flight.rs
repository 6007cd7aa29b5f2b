//! Configurations in flight: their events come late, or never, and the files that were dropped with them wait.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tidewaiter::keys::Key;
use tidewaiter_engine::capabilities::{HasObjects, HasState};
use tidewaiter_engine::ports::{ConfigStore, InDropZone, Objects};
use tidewaiter_tests::world::PARTNER;

use crate::cloud::{Cloud, Step};
use crate::support::Requests;

const CONFIG: &[u8] = br#"{ "acme": { "contacts": { "crm": {} } } }"#;
const STRICT: &[u8] = br#"{ "acme": { "contacts": { "crm": { "policy": "strict" } } } }"#;
const NAME: &str = "acme_imports_config.json";

/// Drops a configuration and then files, and treats these events of them: the first is that of the configuration.
async fn dropped(cloud: &Cloud, configuration: &[u8], files: &[&str], order: &[usize]) -> Vec<String> {
    let content = b"email\nada@example.org\nbad\n".to_vec();
    let mut all: BTreeMap<String, Vec<u8>> =
        files.iter().map(|file| ((*file).to_owned(), content.clone())).collect();
    all.insert(NAME.to_owned(), configuration.to_vec());
    let events = cloud.events(&all).await;
    for event in order {
        Box::pin(cloud.handle(events[*event].clone())).await.unwrap();
    }
    while let Some(message) = cloud.next() {
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    cloud.note_ids().await;
    cloud.ledger().await
}

fn outcomes(ledger: &[String], what: &str) -> usize {
    ledger.iter().filter(|line| line.contains(&format!(" {what} Counts"))).count()
}

#[tokio::test]
async fn what_comes_of_files_does_not_depend_on_the_order_of_their_events_and_that_of_their_configuration() {
    let files = ["acme_contacts_crm_20260131.csv", "acme_contacts_crm_20260201.csv"];
    let mut expected = None;
    for order in [&[0, 1, 2][..], &[1, 2, 0], &[2, 0, 1, 0], &[1, 2], &[2, 1, 2]] {
        let cloud = Cloud::new().await;
        let ledger = dropped(&cloud, CONFIG, &files, order).await;
        assert_eq!(outcomes(&ledger, "imported"), 2, "{order:?}: {ledger:?}");
        assert_eq!(outcomes(&ledger, "activated"), 1, "{order:?}: {ledger:?}");
        let tree: Vec<String> = cloud.tree().await.into_keys().collect();
        assert_eq!(*expected.get_or_insert(tree.clone()), tree, "{order:?}");
    }
}

/// Whoever has pinned a file under the active configuration a moment ago believes it only as long as no import has
/// activated another one.
#[tokio::test]
async fn a_file_runs_under_the_configuration_that_was_dropped_before_it_though_nobody_told_of_that() {
    for names_for in [Duration::ZERO, Duration::from_mins(10)] {
        let cloud = Cloud::counted(&Requests::default(), names_for).await;
        let first = ["acme_contacts_crm_20260131.csv"];
        assert_eq!(outcomes(&dropped(&cloud, CONFIG, &first, &[0, 1]).await, "imported"), 1);
        cloud.next_second().await;
        let second = ["acme_contacts_crm_20260201.csv"];
        let ledger = dropped(&cloud, STRICT, &second, &[1]).await;
        assert_eq!(outcomes(&ledger, "bogus"), 1, "a line of it is bad: {ledger:?}");
        assert_eq!(outcomes(&ledger, "activated"), 2, "{ledger:?}");
    }
}

#[tokio::test]
async fn a_universe_that_another_repository_owns_is_not_taken_over() {
    let cloud = Cloud::new().await;
    // By hand, and no file arrived yet.
    cloud.put("config/owner/acme.json", CONFIG).await;
    let ledger = dropped(&cloud, CONFIG, &["acme_contacts_crm_20260131.csv"], &[0, 1]).await;
    assert_eq!((outcomes(&ledger, "bogus"), outcomes(&ledger, "notprocessed")), (1, 1), "{ledger:?}");
    let owned = cloud.state().universe("acme").await.unwrap().unwrap();
    assert_eq!(owned.owner.as_str(), "owner");
    assert!(cloud.state().share("acme", &PARTNER.parse().unwrap(), true).await.unwrap());
    let ledger = dropped(&cloud, CONFIG, &["acme_contacts_crm_20260131.csv"], &[0, 1]).await;
    assert_eq!((outcomes(&ledger, "activated"), outcomes(&ledger, "imported")), (1, 1), "{ledger:?}");
}

#[tokio::test]
async fn a_configuration_in_the_drop_zone_is_found_as_its_newest_version() {
    let cloud = Cloud::new().await;
    let repository = PARTNER.parse().unwrap();
    let found = async || cloud.objects().dropped_configuration(&repository, "acme").await.unwrap();
    assert_eq!(found().await, None);
    let key = format!("imports/{PARTNER}/{NAME}");
    cloud.put(&key, CONFIG).await;
    cloud.put(&format!("imports/{PARTNER}/other_{NAME}"), CONFIG).await;
    let newest = cloud.put(&key, STRICT).await;
    let Some(InDropZone::Version(dropped)) = found().await else { panic!("it lies there") };
    let all = cloud.objects().dropped_configurations(&repository).await.unwrap();
    let is_there = |one: &InDropZone| matches!(one, InDropZone::Version(one) if one.source == dropped.source);
    assert!(all.len() == 2 && all.iter().any(is_there), "{all:?}");
    assert_eq!((dropped.source.version, dropped.bytes), (Some(newest), STRICT.len() as u64));
    // What is active is none.
    cloud.objects().put(&Key::config(&repository, "shop"), Bytes::from_static(CONFIG)).await.unwrap();
    assert_eq!(cloud.objects().dropped_configuration(&repository, "shop").await.unwrap(), None);
}
