//! What a process believes of the active configurations.

use std::sync::Arc;

use bytes::Bytes;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter_engine::capabilities::HasObjects;
use tidewaiter_engine::configs::{Unpinned, active, pin, pinned};
use tidewaiter_engine::ports::{ImportRun, Kind, Objects, Progress, Source};
use tidewaiter_folder::Local;

const CONTACTS: &str = r#"{ "acme": { "contacts": { "crm": {} } } }"#;
const STORES: &str = r#"{ "acme": { "stores": { "crm": {} } } }"#;

fn run(repository: &Repository) -> ImportRun {
    ImportRun {
        id: ImportId::new(Timestamp::UNIX_EPOCH, 1),
        repository: repository.clone(),
        file: "acme_contacts_crm_20260131.csv".to_owned(),
        source: Source { key: "waiting/1".to_owned(), version: None },
        archive: None,
        fetched: None,
        bytes: 1,
        arrived: Timestamp::UNIX_EPOCH,
        kind: Kind::Archive,
        progress: Progress::Registered,
    }
}

#[tokio::test]
async fn what_another_process_activates_is_seen_at_once_and_what_is_the_same_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let repository: Repository = "acme".parse().unwrap();
    Local::init(folder.path(), &repository).unwrap();
    let (ours, other) = (Local::open(folder.path()).unwrap(), Local::open(folder.path()).unwrap());
    let key = Key::config(&repository, "acme");
    let activate = async |document: &str| {
        other.objects().put(&key, Bytes::copy_from_slice(document.as_bytes())).await.unwrap();
    };
    let today = jiff::civil::date(2026, 2, 1);
    let takes = async |file: &str| active(&ours, &repository).await.unwrap().resolve(file, today).is_ok();
    assert!(!takes("acme_contacts_crm_20260131.csv").await);
    activate(CONTACTS).await;
    assert!(takes("acme_contacts_crm_20260131.csv").await);
    let (first, second) =
        (active(&ours, &repository).await.unwrap(), active(&ours, &repository).await.unwrap());
    assert!(Arc::ptr_eq(&first, &second));
    let run = run(&repository);
    let keep = async || pin(&ours, &run, "acme", None).await.unwrap().map(|pinned| pinned.config);
    let before = keep().await.unwrap();
    activate(STORES).await;
    assert!(!takes("acme_contacts_crm_20260131.csv").await && takes("acme_stores_crm_20260131.csv").await);
    let after = keep().await.unwrap();
    assert_ne!(before, after);
    for (hash, scope) in [(before, "contacts"), (after, "stores")] {
        // For the process that pinned it, and for others.
        for process in [&ours, &other] {
            assert!(pinned(process, &hash, "acme").await.unwrap().scope(scope).is_some());
        }
    }
    std::fs::remove_file(folder.path().join("config/acme/acme.json")).unwrap();
    assert!(!takes("acme_stores_crm_20260131.csv").await);
    assert_eq!(keep().await, Err(Unpinned::NotConfigured));
}
