//! As a function of AWS Lambda uses the store: a login that changes, one connection, a process that stands still.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidewaiter_engine::ports::{Landing, Records};
use tidewaiter_postgres::{Address, Login, Options, PostgresRecords, Told};

use crate::support::{Database, checked, rows, unique};

fn things() -> Value {
    json!({ "fields": [{ "name": "id" }, { "name": "name" }], "primaryKey": ["id"] })
}

/// A login that tells what was read last, and reads what is there now when it is asked again.
#[derive(Debug)]
struct Rotated {
    read: Mutex<Address>,
    now: Address,
    renewed: AtomicUsize,
}

impl Login for Rotated {
    fn address(&self) -> Told<'_, Address> {
        Box::pin(async { Ok(self.read.lock().unwrap().clone()) })
    }

    fn renewed(&self) -> Told<'_, Option<Address>> {
        self.renewed.fetch_add(1, Ordering::SeqCst);
        *self.read.lock().unwrap() = self.now.clone();
        Box::pin(async { Ok(Some(self.now.clone())) })
    }
}

#[tokio::test]
async fn a_login_that_fails_is_asked_for_again_before_that_is_told() {
    let database = Database::new().await;
    let gone = database.address_of(&unique("gone"));
    let login = |now: Address| {
        let read = Mutex::new(gone.clone());
        Arc::new(Rotated { read, now, renewed: AtomicUsize::default() })
    };
    let rotated = login(database.address());
    let records = PostgresRecords::by_login(Arc::clone(&rotated) as Arc<dyn Login>, Options::of_function());
    checked(1, "acme", "things", &things(), "id;name | a;Boat").land(&records).await.unwrap();
    assert_eq!(records.counts().await.unwrap().len(), 1);
    assert_eq!(rotated.renewed.load(Ordering::SeqCst), 1, "once, and not while the connection lasts");
    let still_gone = login(gone.clone());
    let records =
        PostgresRecords::by_login(Arc::clone(&still_gone) as Arc<dyn Login>, Options::of_function());
    let error = records.counts().await.unwrap_err();
    assert!(!error.is_transient(), "an operator has to help: {error}");
    assert_eq!(still_gone.renewed.load(Ordering::SeqCst), 1, "it is not asked for again and again");
}

#[tokio::test]
async fn a_function_has_one_connection() {
    let database = Database::new().await;
    let client = database.client().await;
    let sessions = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tidewaiter'";
        rows(&client, sql).await
    };
    let records = PostgresRecords::with(database.address(), Options::of_function());
    for number in 1..4 {
        let file = checked(number, "acme", "things", &things(), "id;name | a;Boat");
        assert!(!records.has_begun("acme", file.import).await.unwrap());
        let landing = file.begin(&records).await.unwrap();
        file.apply(&landing, 0).await.unwrap();
        assert_eq!(sessions().await, ["1"], "while a file is landed");
        if number == 2 {
            drop(landing);
        } else {
            landing.keep().await.unwrap();
        }
        records.rest().await;
        assert_eq!(records.counts().await.unwrap().len(), 1);
        assert_eq!(sessions().await, ["1"], "file {number}");
    }
}

/// What is landed when an error ends it is undone before the process may stand still with an open transaction.
#[tokio::test]
async fn a_process_at_rest_blocks_no_universe() {
    let database = Database::new().await;
    let client = database.client().await;
    let records = PostgresRecords::with(database.address(), Options::of_function());
    let file = checked(1, "acme", "things", &things(), "id;name | a;Boat");
    let landing = file.begin(&records).await.unwrap();
    file.apply(&landing, 0).await.unwrap();
    drop(landing);
    records.rest().await;
    let open =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL
                AND pid <> pg_backend_pid()";
    assert_eq!(rows(&client, open).await, ["0"]);
    // The connection may be gone when the process goes on: then there is another one.
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'tidewaiter'";
    assert_eq!(rows(&client, end).await, ["1"]);
    file.land(&records).await.unwrap();
    assert_eq!(rows(&client, "SELECT id FROM acme.things").await, ["a"]);
}

#[tokio::test]
async fn a_function_waits_for_its_turn_for_a_while() {
    let database = Database::new().await;
    let options = Options { patience: Some(Duration::from_millis(200)), ..Options::of_function() };
    let holder = database.records();
    let file = |number| checked(number, "acme", "things", &things(), "id;name | a;Boat");
    let held = file(1).begin(&holder).await.unwrap();
    let records = PostgresRecords::with(database.address(), options);
    let begun = Instant::now();
    let error = file(2).begin(&records).await.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(error.is_transient(), "its turn comes: {error}");
    assert!(error.to_string().contains("another client holds the universe"), "{error}");
    held.keep().await.unwrap();
    file(2).land(&records).await.unwrap();
}

#[tokio::test]
async fn answers_are_dropped_after_thirty_days() {
    let database = Database::new().await;
    let client = database.client().await;
    let records = PostgresRecords::with(database.address(), Options::of_function());
    let file = |number| checked(number, "acme", "things", &things(), "id;name | a;Boat");
    for number in 1..4 {
        file(number).land(&records).await.unwrap();
    }
    let age = "UPDATE acme._runs SET landed = landed - interval '31 days' WHERE id <= 2";
    client.batch_execute(age).await.unwrap();
    file(4).land(&records).await.unwrap();
    let left = "SELECT r.id FROM acme._applied a JOIN acme._runs r ON r.import = a.import ORDER BY 1";
    assert_eq!(rows(&client, left).await, ["3", "4"]);
    let others = database.records();
    client.batch_execute("UPDATE acme._runs SET landed = landed - interval '31 days'").await.unwrap();
    file(5).land(&others).await.unwrap();
    assert_eq!(
        rows(&client, left).await,
        ["3", "4", "5"],
        "where a process says itself what is over, that counts"
    );
}
