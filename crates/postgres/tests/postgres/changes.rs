//! The change feed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tidewaiter_engine::ports::{ChangeFeed, ChangePage, Operation};
use tidewaiter_engine::{Error, Result};
use tidewaiter_postgres::{Options, PostgresRecords, Registry};

use crate::support::{Database, checked, rows};

fn schema(row: &str) -> Value {
    json!({ "fields": [{ "name": "id" }, { "name": "size", "type": "integer" }], "primaryKey": ["id"], "row": row })
}

fn told(page: &ChangePage) -> Vec<String> {
    let told = |values: &BTreeMap<String, String>| values.values().cloned().collect::<Vec<_>>().join(" ");
    page.changes
        .iter()
        .map(|one| {
            let operation = match one.operation {
                Operation::Put => "put",
                Operation::Remove => "remove",
            };
            format!(
                "{} {operation} {} {} line {} [{}]",
                one.order,
                one.scope,
                one.key,
                one.line,
                told(&one.values)
            )
        })
        .collect()
}

/// The store of a process that keeps changes for so many days.
fn keeping(database: &Database, keep_changes_days: u32) -> PostgresRecords {
    PostgresRecords::with(database.address(), Options { keep_changes_days, ..Options::default() })
}

#[tokio::test]
async fn each_change_is_noted_once_and_in_order() {
    let database = Database::new().await;
    let records = database.records();
    assert_eq!(
        records.changes("acme", 0, 10).await.unwrap(),
        ChangePage::default(),
        "nothing has changed yet"
    );
    let first = checked(1, "acme", "things", &schema("upsert"), "id;size | b;2 | a;1 | a;3");
    first.land(&records).await.unwrap();
    // What comes again does nothing, nor does what was left.
    first.land(&records).await.unwrap();
    let left = checked(2, "acme", "things", &schema("upsert"), "id;size | a;9");
    let landing = left.begin(&records).await.unwrap();
    left.apply(&landing, 0).await.unwrap();
    drop(landing);
    checked(3, "acme", "things", &schema("upsert"), "id;size | b;2 | a;4").land(&records).await.unwrap();
    let last = checked(4, "acme", "things", &schema("delete"), "id | c | b");
    last.land(&records).await.unwrap();
    let all = records.changes("acme", 0, 1_000).await.unwrap();
    assert_eq!(
        told(&all),
        [
            "1 put things a line 4 [a 3]",
            "2 put things b line 2 [b 2]",
            "3 put things a line 3 [a 4]",
            "4 remove things b line 3 []",
        ]
    );
    assert_eq!(all.oldest, 1);
    assert_eq!((all.changes[3].import, all.changes[3].file.as_str()), (last.import, "file.csv"));
    // A few at a time.
    let page = records.changes("acme", 1, 1).await.unwrap();
    assert_eq!(told(&page)[0], "2 put things b line 2 [b 2]", "{page:?}");
    assert_eq!(records.changes("acme", 4, 10).await.unwrap().changes, []);
    assert_eq!(records.changed_universes().await.unwrap(), ["acme"]);
}

#[tokio::test]
async fn a_large_file_has_its_changes_in_blocks_and_none_is_missing() {
    let database = Database::new().await;
    let records = database.records();
    let long = "x".repeat(500);
    let csv = (0..2_000).fold("id;name".to_owned(), |csv, n| format!("{csv} | {n:05};{long}{n}"));
    let schema = json!({ "fields": [{ "name": "id" }, { "name": "name" }], "primaryKey": ["id"] });
    checked(1, "acme", "things", &schema, &csv).land(&records).await.unwrap();
    let client = database.client().await;
    let blocks: u64 = rows(&client, "SELECT count(*) FROM acme._changes").await[0].parse().unwrap();
    assert!(blocks > 5, "{blocks}");
    let (mut last, mut pages) = (0, 0);
    loop {
        let page = records.changes("acme", last, 100).await.unwrap();
        let Some(newest) = page.changes.last() else { break };
        assert!(page.changes.iter().map(|change| change.order).eq(last + 1..=newest.order));
        (last, pages) = (newest.order, pages + 1);
    }
    assert_eq!(last, 2_000);
    assert!(pages > 5, "{pages}");
}

#[tokio::test]
async fn changes_that_are_old_go_and_numbers_go_on() {
    let database = Database::new().await;
    let records = keeping(&database, 7);
    let file = |n, csv: &str| checked(n, "acme", "things", &schema("upsert"), csv);
    file(1, "id;size | a;1 | b;1").land(&records).await.unwrap();
    let client = database.client().await;
    rows(&client, "UPDATE acme._changes SET at = now() - interval '8 days'").await;
    file(2, "id;size | a;2").land(&records).await.unwrap();
    let page = records.changes("acme", 0, 10).await.unwrap();
    assert_eq!((page.oldest, told(&page)), (3, vec!["3 put things a line 2 [a 2]".to_owned()]));
}

/// A reader must not pass by what was not kept.
#[tokio::test]
async fn where_changes_are_not_kept_they_are_counted() {
    let database = Database::new().await;
    let file = |n, csv: &str| checked(n, "acme", "things", &schema("upsert"), csv);
    file(1, "id;size | a;1 | b;1").land(&keeping(&database, 7)).await.unwrap();
    let silent = keeping(&database, 0);
    file(2, "id;size | a;2 | b;1").land(&silent).await.unwrap();
    let page = silent.changes("acme", 2, 10).await.unwrap();
    assert_eq!((page.oldest, page.changes.len()), (4, 0), "change 3 is gone");
    file(3, "id;size | a;3").land(&keeping(&database, 7)).await.unwrap();
    let page = silent.changes("acme", 2, 10).await.unwrap();
    assert_eq!((page.oldest, told(&page)), (4, vec!["4 put things a line 2 [a 3]".to_owned()]));
}

/// What a deployment remembers, in memory.
struct Remembered {
    id: &'static str,
    universes: Mutex<Vec<String>>,
}

impl Registry for Remembered {
    fn deployment(&self) -> &str {
        self.id
    }

    fn universes(&self) -> Result<Vec<String>> {
        Ok(self.universes.lock().unwrap().clone())
    }

    fn made(&self, universe: &str) -> Result<()> {
        self.universes.lock().unwrap().push(universe.to_owned());
        Ok(())
    }
}

fn of(database: &Database, id: &'static str) -> PostgresRecords {
    let registry: Arc<dyn Registry> = Arc::new(Remembered { id, universes: Mutex::default() });
    PostgresRecords::with(database.address(), Options { registry: Some(registry), ..Options::default() })
}

#[tokio::test]
async fn deployments_share_a_database_and_no_universe() {
    use tidewaiter_engine::ports::Records;
    let database = Database::new().await;
    let (one, other) = (of(&database, "one"), of(&database, "other"));
    checked(1, "acme", "things", &schema("upsert"), "id;size | a;1").land(&one).await.unwrap();
    checked(2, "zoo", "things", &schema("upsert"), "id;size | b;1").land(&other).await.unwrap();
    assert_eq!(one.counts().await.unwrap(), [("acme".to_owned(), "things".to_owned(), 1)]);
    assert_eq!(other.changed_universes().await.unwrap(), ["zoo"]);
    let error =
        checked(3, "acme", "things", &schema("upsert"), "id;size | a;2").land(&other).await.unwrap_err();
    assert!(matches!(&error, Error::Lost { .. }), "{error}");
    assert_eq!(error.to_string(), "universe acme in PostgreSQL belongs to another deployment");
    assert_eq!(one.find("things", "a", 10).await.unwrap()[0].record.text("size"), Some("1"));
}

#[tokio::test]
async fn a_universe_that_is_gone_is_not_begun_anew() {
    use tidewaiter_engine::ports::Records;
    let database = Database::new().await;
    let records = of(&database, "one");
    let file = checked(1, "acme", "things", &schema("upsert"), "id;size | a;1");
    file.land(&records).await.unwrap();
    rows(&database.client().await, "DELETE FROM tidewaiter.universes").await;
    for error in [records.counts().await.unwrap_err(), file.land(&records).await.unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "universe acme in PostgreSQL is gone, although files were imported there"
        );
        assert!(!error.is_transient());
    }
}
