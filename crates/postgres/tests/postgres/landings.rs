//! Files that are landed at the same time, left, killed, or closed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{Landing, Records};

use crate::support::{Database, checked, rows};

fn things() -> Value {
    json!({ "fields": [{ "name": "id" }, { "name": "name" }], "primaryKey": ["id"] })
}

const COUNT: &str = "SELECT count(*) FROM acme.things";

/// Longer than anything takes that does not wait.
const WHILE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn nobody_sees_half_a_file_and_nobody_waits_for_it() {
    let database = Database::new().await;
    let (records, others) = (database.records(), database.records());
    checked(1, "acme", "things", &things(), "id;name | a;Boat").land(&records).await.unwrap();
    // A new column is there before the first line is.
    let wider = json!({
        "fields": [{ "name": "id" }, { "name": "name" }, { "name": "more" }], "primaryKey": ["id"]
    });
    let file = checked(2, "acme", "things", &wider, "id;name;more | a;Tug;1 | b;Buoy;2");
    let landing = file.begin(&records).await.unwrap();
    file.apply(&landing, 0).await.unwrap();
    let client = database.client().await;
    let sql = "SELECT id, name, more FROM acme.things";
    assert_eq!(rows(&client, sql).await, ["a Boat -"]);
    assert_eq!(others.find("things", "a", 10).await.unwrap()[0].record.text("name"), Some("Boat"));
    assert_eq!(records.scan("things", None, 10).await.unwrap().len(), 1, "nor does this process");
    assert_eq!(landing.scan("things", None, 10).await.unwrap().len(), 2, "the landing itself does");
    landing.keep().await.unwrap();
    assert_eq!(rows(&client, sql).await, ["a Tug 1", "b Buoy 2"]);
}

#[tokio::test]
async fn files_of_a_universe_take_turns() {
    let database = Database::new().await;
    let records = database.records();
    let first = checked(1, "acme", "things", &things(), "id;name | a;first");
    let second = Arc::new(checked(2, "acme", "things", &things(), "id;name | a;second"));
    for (n, others) in [records.clone(), database.records()].into_iter().enumerate() {
        let landing = first.begin(&records).await.unwrap();
        first.apply(&landing, n as u64).await.unwrap();
        let file = Arc::clone(&second);
        let waiting = tokio::spawn(async move {
            let landing = file.begin(&others).await.unwrap();
            file.apply(&landing, n as u64).await.unwrap();
            landing.keep().await
        });
        tokio::time::sleep(WHILE).await;
        assert!(!waiting.is_finished(), "it waits for its turn");
        // Another universe does not.
        let elsewhere =
            checked(3 + u32::try_from(n).unwrap(), "elsewhere", "things", &things(), "id;name | a;x");
        elsewhere.land(&records).await.unwrap();
        landing.keep().await.unwrap();
        waiting.await.unwrap().unwrap();
        let found = records.find("things", "a", 10).await.unwrap();
        assert_eq!(found[0].record.text("name"), Some("second"));
        assert_eq!(found[0].universe, "acme");
    }
}

#[tokio::test]
async fn what_was_left_or_killed_has_not_happened() {
    let database = Database::new().await;
    let records = database.records();
    let client = database.client().await;
    let file = checked(1, "acme", "things", &things(), "id;name | a;Boat");
    let landing = file.begin(&records).await.unwrap();
    file.apply(&landing, 0).await.unwrap();
    drop(landing);
    // The server ends the connection of the next one, as it does when it restarts.
    let landing = file.begin(&records).await.unwrap();
    file.apply(&landing, 0).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
                AND state = 'idle in transaction'";
    assert_eq!(rows(&client, kill).await, ["t"]);
    let error = file.apply(&landing, 1).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let error = landing.keep().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(rows(&client, COUNT).await, ["0"]);
    assert!(!records.has_begun("acme", file.import).await.unwrap());
    // And the connection for questions.
    let all =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
               AND pid <> pg_backend_pid()";
    rows(&client, all).await;
    tokio::time::sleep(WHILE).await;
    file.land(&records).await.unwrap();
    assert_eq!(rows(&client, COUNT).await, ["1"]);
}

#[tokio::test]
async fn a_call_that_is_left_takes_the_landing_with_it() {
    let database = Database::new().await;
    let records = database.records();
    let file = checked(1, "acme", "things", &things(), "id;name | a;Boat");
    let landing = file.begin(&records).await.unwrap();
    let applying = tokio::time::timeout(Duration::ZERO, file.apply(&landing, 0)).await;
    assert!(applying.is_err(), "it takes longer than no time");
    let error = landing.keep().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    file.land(&records).await.unwrap();
    assert_eq!(rows(&database.client().await, COUNT).await, ["1"]);
}

#[tokio::test]
async fn what_another_process_closed_is_not_kept() {
    let database = Database::new().await;
    let (records, others) = (database.records(), database.records());
    let file = checked(1, "acme", "things", &things(), "id;name | a;Boat");
    let landing = file.begin(&records).await.unwrap();
    file.apply(&landing, 0).await.unwrap();
    // It does not wait for the transaction, which may be open for long.
    assert!(!others.close("acme", file.import, 1).await.unwrap(), "nothing was landed");
    assert!(matches!(landing.keep().await, Err(Error::Closed { .. })));
    assert_eq!(rows(&database.client().await, COUNT).await, ["0"]);
    let landing = file.begin(&records).await.unwrap();
    assert!(matches!(file.apply(&landing, 0).await, Err(Error::Closed { .. })));
    drop(landing);
    assert!(!others.has_begun("acme", file.import).await.unwrap());
}

#[tokio::test]
async fn either_it_is_closed_or_it_is_kept() {
    let database = Database::new().await;
    let (records, others) = (database.records(), database.records());
    let (mut closed, mut kept) = (0, 0);
    for n in 1..=40 {
        let file = checked(n, "acme", "things", &things(), &format!("id;name | {n};Boat"));
        let landing = file.begin(&records).await.unwrap();
        file.apply(&landing, 0).await.unwrap();
        let pause = Duration::from_micros(u64::from(n % 8) * 120);
        let closing = async {
            tokio::time::sleep(pause).await;
            others.close("acme", file.import, 1).await.unwrap()
        };
        let (done, was_landed) = tokio::join!(landing.keep(), closing);
        match done {
            Ok(()) => {
                kept += 1;
                assert!(was_landed, "whoever closes it is told");
            }
            Err(Error::Closed { .. }) => {
                closed += 1;
                assert!(!was_landed);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let found = records.scan("things", None, 100).await.unwrap();
    assert_eq!((found.len(), kept + closed), (kept, 40));
}
