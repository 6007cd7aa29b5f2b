//! The adapters for one machine keep what the ports promise.

use tidewaiter_engine::contract;
use tidewaiter_folder::disk::Disk;
use tidewaiter_folder::{Folder, SqliteRecords, SqliteState};

#[tokio::test]
async fn a_folder_is_an_object_store() {
    let root = tempfile::tempdir().unwrap();
    contract::objects(&Folder::new(&Disk::open(root.path()).unwrap())).await.unwrap();
}

#[tokio::test]
async fn sqlite_is_a_store_of_state() {
    let root = tempfile::tempdir().unwrap();
    contract::state(&SqliteState::open(&root.path().join("state.sqlite")).unwrap()).await.unwrap();
}

#[tokio::test]
async fn sqlite_is_a_store_of_records() {
    let root = tempfile::tempdir().unwrap();
    let records = SqliteRecords::open(&root.path().join("records"));
    contract::records(&records).await.unwrap();
    contract::exports(&records).await.unwrap();
    contract::records(&SqliteRecords::open(&root.path().join("parts")).in_parts()).await.unwrap();
}
