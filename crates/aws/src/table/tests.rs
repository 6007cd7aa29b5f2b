//! Writes against a service that answers as DynamoDB does when it does not write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::canned;

/// A table that cancels transactions for these reasons, one after the other, and carries out what comes then; and how
/// often it was asked.
fn table(reasons: Vec<[&'static str; 2]>) -> (Table, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counted, reasons) = (asked.clone(), Mutex::new(reasons.into_iter()));
    let config = canned::serve(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let canceled = reasons.lock().unwrap().next().map(|codes| {
            let codes = codes.map(|code| serde_json::json!({ "Code": code }));
            serde_json::json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled", "CancellationReasons": codes,
            })
        });
        let status = if canceled.is_some() { 400 } else { 200 };
        let body = canceled.unwrap_or_else(|| serde_json::json!({}));
        (status, "application/x-amz-json-1.0", body.to_string())
    });
    (Table { client: Client::new(&config), name: "records".to_owned() }, asked)
}

/// Writes two items.
async fn write(table: &Table) -> Result<Written> {
    let put = |sk: &str| {
        let at = At { pk: "p".to_owned(), sk: sk.to_owned() };
        Write::Put(at, vec![("a", number(1))], When::New)
    };
    table.write("loading records", vec![put("1"), put("2")]).await
}

#[tokio::test]
async fn what_a_table_has_no_room_for_is_written_when_it_has() {
    let (table, asked) = table(vec![["ThrottlingError", "None"], ["None", "ProvisionedThroughputExceeded"]]);
    assert!(matches!(write(&table).await, Ok(Written::Done)));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_somebody_else_was_faster_with_is_not_written_again() {
    for lost in ["ConditionalCheckFailed", "TransactionConflict"] {
        let (table, asked) = table(vec![[lost, "ThrottlingError"]]);
        assert!(matches!(write(&table).await, Ok(Written::Lost(_))), "{lost}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn what_can_never_be_written_is_an_error() {
    let (table, asked) = table(vec![["ValidationError", "None"]]);
    assert!(matches!(write(&table).await, Err(Error::Store { .. })));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// A client that gets no answer sends a request again.
#[tokio::test]
async fn an_item_that_holds_already_what_is_written_counts_as_written() {
    for (held, is_written) in [("2", true), ("3", false)] {
        let config = canned::serve(move |_| {
            let body = serde_json::json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "Item": { "pk": { "S": "p" }, "sk": { "S": "1" }, "revision": { "S": held } },
            });
            (400, "application/x-amz-json-1.0", body.to_string())
        });
        let table = Table { client: Client::new(&config), name: "records".to_owned() };
        let at = At { pk: "p".to_owned(), sk: "1".to_owned() };
        let item = ((at, vec![("revision", text("2"))]), When::Is("revision", text("1")));
        assert_eq!(table.put_each("loading records", vec![item]).await.unwrap(), is_written);
    }
}
