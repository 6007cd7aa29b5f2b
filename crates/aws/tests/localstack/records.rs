//! A table as a store of records.

use tidewaiter_engine::contract;

use crate::support::{Requests, records_table};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_a_store_of_records() {
    let records = records_table(&Requests::default()).await;
    contract::records(&records).await.unwrap();
}
