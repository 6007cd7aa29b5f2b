//! What every store of records promises.

use tidewaiter_engine::contract;

use crate::support::Database;

#[tokio::test]
async fn postgres_is_a_store_of_records() {
    let database = Database::new().await;
    let records = database.records();
    contract::records(&records).await.unwrap();
    contract::exports(&records).await.unwrap();
}
