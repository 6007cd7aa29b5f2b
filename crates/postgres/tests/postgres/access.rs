//! Who may do what.

use serde_json::json;
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::Records;
use tidewaiter_postgres::{Address, PostgresRecords};

use crate::support::{Database, checked, rows, unique};

/// The statements of docs/postgres.md.
fn roles(database: &str, owner: &str, reader: &str) -> String {
    format!(
        "CREATE ROLE {owner} LOGIN; CREATE ROLE {reader} LOGIN;
         GRANT CREATE ON DATABASE {database} TO {owner};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {reader};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {reader};"
    )
}

#[tokio::test]
async fn one_role_owns_the_tables_and_one_reads_them() {
    let database = Database::new().await;
    let client = database.client().await;
    let (owner, reader) = (unique("owner"), unique("reader"));
    client.batch_execute(&roles(database.name(), &owner, &reader)).await.unwrap();
    let records = PostgresRecords::new(database.address_of(&owner));
    let schema = json!({ "fields": [{ "name": "id" }, { "name": "name" }], "primaryKey": ["id"] });
    let file = checked(1, "acme", "things", &schema, "id;name | a;Boat");
    file.land(&records).await.unwrap();
    records.forget("acme", file.import).await.unwrap();
    client.batch_execute(&format!("SET ROLE {reader}")).await.unwrap();
    assert_eq!(rows(&client, "SELECT id, name FROM acme.things").await, ["a Boat"]);
    assert_eq!(rows(&client, "SELECT file FROM acme._runs").await, ["file.csv"]);
    for change in ["DELETE FROM acme.things", "CREATE TABLE acme.x ()", "DELETE FROM tidewaiter.closed"] {
        let error = client.batch_execute(change).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{change}");
    }
    // What only reads can also be asked by tidewaiter.
    let looking = PostgresRecords::new(database.address_of(&reader));
    assert_eq!(looking.counts().await.unwrap(), [("acme".to_owned(), "things".to_owned(), 1)]);
    let error = file.land(&looking).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "an operator has to help: {error}");
}

/// Where the role may not make schemas, an empty one that was made for it is used.
#[tokio::test]
async fn a_schema_that_was_made_for_a_universe_is_used() {
    let database = Database::new().await;
    let client = database.client().await;
    let owner = unique("limited");
    client
        .batch_execute(&format!(
            "CREATE ROLE {owner} LOGIN; CREATE SCHEMA tidewaiter AUTHORIZATION {owner};
             CREATE SCHEMA acme AUTHORIZATION {owner};"
        ))
        .await
        .unwrap();
    let records = PostgresRecords::new(database.address_of(&owner));
    let schema = json!({ "fields": [{ "name": "id" }], "primaryKey": ["id"] });
    checked(1, "acme", "things", &schema, "id | a").land(&records).await.unwrap();
    assert_eq!(rows(&client, "SELECT id FROM acme.things").await, ["a"]);
    let error = checked(2, "other", "things", &schema, "id | a").land(&records).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_login_that_fails_needs_an_operator() {
    let database = Database::new().await;
    let records = PostgresRecords::new(database.address_of("nobody_at_all"));
    let error = records.counts().await.unwrap_err();
    assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains("nobody_at_all")), "{error}");
    let nowhere = Address::parse("postgresql://u@127.0.0.1:1/x?sslmode=disable", None).unwrap();
    let error = PostgresRecords::new(nowhere).counts().await.unwrap_err();
    assert!(error.is_transient(), "a server that does not answer may come back: {error}");
}

/// The server of these tests has no TLS. A connection that has to be protected is not made without.
#[tokio::test]
async fn nothing_is_sent_unprotected() {
    let database = Database::new().await;
    let error = PostgresRecords::new(database.protected()).counts().await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
}
