//! Reads that go on where the one before ended.

use tidewaiter_engine::ports::{Fault, Form, LastItem};

use crate::support::{Postgres, ask, sqlite, told};

#[expect(clippy::unnecessary_wraps, reason = "it is what a query takes")]
fn last(text: &str, form: Form) -> Option<LastItem> {
    Some(LastItem { text: text.to_owned(), form })
}

const ROWS: &str = "
    INSERT INTO t VALUES (2, '0.10', 'o''hara', '2026-01-01 00:00:00.000001'),
        (10, '0.1000000000000000001', 'zoe', '2026-01-01 00:00:00.000002'),
        (9007199254740993, '100', '{lastItem}', '2026-12-31 23:59:59')";

#[tokio::test]
async fn postgres_compares_with_the_type_of_the_column() {
    let database = Postgres::new().await;
    let client = database.client().await;
    let table = "CREATE TABLE t (id int8, price numeric, name text, at timestamptz); SET TIME ZONE 'UTC';";
    client.batch_execute(&format!("{table}{ROWS}")).await.unwrap();
    let connection = database.connection();
    let ids = async |condition: &str, last| {
        let sql = format!("SELECT id FROM t WHERE {condition} ORDER BY id");
        ask(&connection, &sql, last)
            .await
            .map(|answer| answer.told().join(" "))
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        ids("id > {lastItem}", last("9007199254740992", Form::Integer)).await.unwrap(),
        "9007199254740993"
    );
    assert_eq!(ids("id > {lastItem}", last("9", Form::Integer)).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("price > {lastItem}", last("0.1", Form::Number)).await.unwrap(), "10 9007199254740993");
    let at = last("2026-01-01T00:00:00.000001Z", Form::Moment);
    assert_eq!(ids("at > {lastItem}", at.clone()).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("at >= {lastItem} AND at <= {lastItem}", at).await.unwrap(), "2");
    for text in ["o'hara", "o\\'hara", "'; DROP TABLE t; --", "$1", "{lastItem}"] {
        let found = ids("name = {lastItem} OR name = '$1'", last(text, Form::Text)).await.unwrap();
        let expected = ["o'hara", "{lastItem}"].contains(&text);
        assert_eq!(!found.is_empty(), expected, "{text}");
    }
    // As two types in one query; and where no column tells the type.
    assert_eq!(
        ids("id > {lastItem} AND id::text > {lastItem}", last("2", Form::Integer)).await.unwrap(),
        "9007199254740993"
    );
    assert_eq!(
        ids("id > 1 LIMIT 1 OFFSET {lastItem}", last("1", Form::Integer)).await.unwrap_err().lines().count(),
        1
    );
    let error = ids("id = ANY({lastItem})", last("1", Form::Integer)).await.unwrap_err();
    assert!(error.contains("a value of the type _int8 is expected (compare it with one column"), "{error}");
    let error = ids("id > {lastItem}", last("secret", Form::Text)).await.unwrap_err();
    assert!(error.contains("a text is not a value of the type") && !error.contains("secret"), "{error}");
    let error = ids("id > {lastItem}", None).await.unwrap_err();
    assert!(
        error.contains("there is no value for it (give the import a column and a start value)"),
        "{error}"
    );
}

/// A plan of a prepared statement uses an index; so does the one of what is asked here.
#[tokio::test]
async fn postgres_finds_the_last_item_by_an_index() {
    let database = Postgres::new().await;
    let client = database.client().await;
    client.batch_execute("CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 300000) n; CREATE INDEX ON t (id); ANALYZE t").await.unwrap();
    client.execute("SELECT set_config('tidewaiter.last_item', '299990', false)", &[]).await.unwrap();
    let plan = client
        .query("EXPLAIN SELECT * FROM t WHERE id > CAST(current_setting('tidewaiter.last_item') AS \"pg_catalog\".\"int4\") ORDER BY id LIMIT 100", &[])
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(
        plan.iter().any(|line| line.contains("Index Only Scan") || line.contains("Index Scan")),
        "{plan:#?}"
    );
}

#[tokio::test]
async fn sqlite_compares_numbers_as_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let table = "CREATE TABLE t (id INTEGER, price REAL, name TEXT, at TEXT);";
    let connection = sqlite(folder.path(), &format!("{table}{ROWS}"));
    let ids = async |condition: &str, last| {
        let sql = format!("SELECT id FROM t WHERE {condition} ORDER BY id");
        ask(&connection, &sql, last)
            .await
            .map(|answer| answer.told().join(" "))
            .map_err(|error| error.to_string())
    };
    // Neither side has a column: as a text, 9 would lie behind 10.
    assert_eq!(ids("id + 0 > {lastItem}", last("9", Form::Integer)).await.unwrap(), "10 9007199254740993");
    assert_eq!(
        ids("id > {lastItem}", last("9007199254740992", Form::Integer)).await.unwrap(),
        "9007199254740993"
    );
    assert_eq!(ids("price + 0 > {lastItem}", last("0.5", Form::Number)).await.unwrap(), "9007199254740993");
    assert_eq!(
        ids("name = {lastItem} AND {lastItem} = name", last("o'hara", Form::Text)).await.unwrap(),
        "2"
    );
    assert_eq!(ids("name = {lastItem}", last("' OR 1=1 --", Form::Text)).await.unwrap(), "");
    let error = ids("id > {lastItem}", None).await.unwrap_err();
    assert!(error.contains("there is no value for it"), "{error}");
    let error = ask(&connection, "SELECT '{lastItem}'", None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Query);
    assert!(
        told(&connection, "SELECT 1 AS one; SELECT 2").await.unwrap_err().contains("more than one statement")
    );
}
