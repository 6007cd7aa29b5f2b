//! The change feed.

use serde_json::{Value, json};
use tidewaiter_postgres::{Options, PostgresRecords};

use crate::support::{Database, checked, rows};

#[tokio::test]
async fn each_change_is_noted_once_and_in_order() {
    let database = Database::new().await;
    let options = Options { notes_changes: true, ..Options::default() };
    let records = PostgresRecords::with(database.address(), options);
    let schema = |row: &str| -> Value {
        json!({ "fields": [{ "name": "id" }, { "name": "size", "type": "integer" }], "primaryKey": ["id"], "row": row })
    };
    let first = checked(1, "acme", "things", &schema("upsert"), "id;size | b;2 | a;1 | a;3");
    first.land(&records).await.unwrap();
    // What comes again does nothing, nor does what was left.
    first.land(&records).await.unwrap();
    let left = checked(2, "acme", "things", &schema("upsert"), "id;size | a;9");
    let landing = left.begin(&records).await.unwrap();
    left.apply(&landing, 0).await.unwrap();
    drop(landing);
    checked(3, "acme", "things", &schema("upsert"), "id;size | b;2 | a;4").land(&records).await.unwrap();
    checked(4, "acme", "things", &schema("delete"), "id | c | b").land(&records).await.unwrap();
    let client = database.client().await;
    let sql = "SELECT r.import, c.line, c.operation, c.scope, c.key, c.record FROM acme._changes c
               JOIN acme._runs r ON r.id = c.run ORDER BY seq";
    let import = |n| checked(n, "acme", "things", &schema("upsert"), "id | a").import;
    assert_eq!(
        rows(&client, sql).await,
        [
            format!("{} 4 put things a {{\"id\": \"a\", \"size\": \"3\"}}", import(1)),
            format!("{} 2 put things b {{\"id\": \"b\", \"size\": \"2\"}}", import(1)),
            format!("{} 3 put things a {{\"id\": \"a\", \"size\": \"4\"}}", import(3)),
            format!("{} 3 remove things b -", import(4)),
        ]
    );
}
