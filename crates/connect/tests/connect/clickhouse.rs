//! ClickHouse: its engine, behind an HTTP interface that is not its own.

use std::time::Duration;

use tidewaiter_connect::{Limits, SecretString, Server, Step, Verdict};
use tidewaiter_engine::ports::{DataSource, Fault, Form, LastItem, Query, RowBatch, SourceRows};

use crate::support::{ClickHouse, ask, told};

#[tokio::test]
async fn nothing_is_changed() {
    let Some(database) = ClickHouse::new() else { return };
    database
        .run(&["CREATE TABLE t (id Int32) ENGINE = MergeTree ORDER BY id", "INSERT INTO t VALUES (1)"])
        .await;
    let connection = database.connection();
    let file = std::env::temp_dir().join(crate::support::unique("written"));
    for sql in [
        format!("SELECT 1 AS a INTO OUTFILE '{}'", file.display()),
        "SELECT 1 AS a; DROP TABLE t".to_owned(),
        "WITH 1 AS x DELETE FROM t WHERE 1".to_owned(),
        "SELECT 1 AS a SETTINGS readonly = 0".to_owned(),
        "SELECT 1 AS a FORMAT JSON".to_owned(),
        "SELECT 1 AS a, 2 AS a".to_owned(),
    ] {
        let error = ask(&connection, &sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
    }
    assert!(!file.exists());
    assert_eq!(
        told(&connection, "SELECT id, getSetting('readonly') AS r FROM t -- the end").await.unwrap(),
        ["1|1"]
    );
}

/// Wherever the engine fails, and however that is told: an error, and never a part that is taken for the whole.
#[tokio::test]
async fn an_answer_that_is_cut_off_is_an_error() {
    let Some(database) = ClickHouse::new() else { return };
    let fails =
        "SELECT number, throwIf(number = 300000, 'ada@example.org') AS x FROM system.numbers LIMIT 400000";
    for (user, message) in [
        ("tidewaiter", "the server: an error while the query was running (error 395)"),
        ("tidewaiter_old", "the server: an error while the query was running (error 395)"),
        ("tidewaiter_silent", "the server broke off in the middle of its answer"),
    ] {
        let connection = database.as_user(user);
        let mut rows = connection.open(&Query { sql: fails.to_owned(), last: None }).await.unwrap();
        let (mut batch, mut read) = (RowBatch::default(), 0);
        let error = loop {
            match rows.next(&mut batch).await {
                Ok(true) => read += batch.rows(),
                Ok(false) => panic!("{user}: {read} rows were taken for all of them"),
                Err(error) => break error,
            }
        };
        assert!((1..400_000).contains(&read), "{user}: {read}");
        assert_eq!(error.message, message, "{user}");
        let all = ask(&connection, "SELECT number FROM system.numbers LIMIT 200000", None).await.unwrap();
        assert_eq!(all.rows.len(), 200_000);
    }
    // What looks like the end is none.
    let end = told(
        &database.connection(),
        "SELECT arrayJoin(['\\\\.', '\\\\N', 'Code: 60. DB::Exception: x']) AS t",
    )
    .await;
    assert_eq!(end.unwrap(), ["\\.", "\\N", "Code: 60. DB::Exception: x"]);
}

#[tokio::test]
async fn limits_hold() {
    let Some(database) = ClickHouse::new() else { return };
    let mut connection = database.connection();
    connection.limits = Limits { rows: 10_000, ..Limits::default() };
    let error = ask(&connection, "SELECT number FROM system.numbers", None).await.unwrap_err();
    assert_eq!(
        (error.fault, error.message.as_str()),
        (Fault::Limit, "the query answers more than 10000 rows")
    );
    connection.limits = Limits { row_bytes: 1 << 20, ..Limits::default() };
    for bytes in [200_000, 2_000_000] {
        let error = ask(&connection, &format!("SELECT arrayStringConcat(range({bytes})) AS t"), None)
            .await
            .unwrap_err();
        assert_eq!(
            (error.fault, error.message.as_str()),
            (Fault::Limit, "a row has more than 1048576 bytes")
        );
    }
    // The engine ends it by itself, or the connection does.
    connection.limits = Limits { time: Duration::from_millis(900), ..Limits::default() };
    for sql in ["SELECT count() AS c FROM system.numbers", "SELECT sleepEachRow(1) AS s FROM system.numbers"]
    {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert!(error.message.contains("took longer than 0.9 seconds"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn the_last_item_is_compared_as_what_it_is() {
    let Some(database) = ClickHouse::new() else { return };
    database
        .run(&[
            "CREATE TABLE t (id UInt64, price Decimal(40, 19), weight Float64, name String, at DateTime64(6, 'Asia/Kolkata'),
                day Date, uuid UUID) ENGINE = MergeTree ORDER BY id",
            "INSERT INTO t VALUES
                (2, 0.10, 0.1, 'o''hara', '2026-01-01 05:30:00.000001', '2026-01-01', '00000000-0000-0000-0000-000000000001'),
                (10, 0.1000000000000000001, 0.5, '10', '2026-01-01 05:30:00.000002', '2026-01-02', '00000000-0000-0000-0000-000000000002'),
                (9007199254740993, 100, 1e22, 'a\\tb\\\\', '2026-12-31 23:59:59', '2026-12-31', '00000000-0000-0000-0000-000000000003')",
        ])
        .await;
    let connection = database.connection();
    let ids = async |condition: &str, text: &str, form| {
        let sql = format!("SELECT id FROM t WHERE {condition} ORDER BY id");
        let last = Some(LastItem { text: text.to_owned(), form });
        ask(&connection, &sql, last)
            .await
            .map(|answer| answer.told().join(" "))
            .map_err(|error| error.to_string())
    };
    assert_eq!(ids("id > {lastItem}", "9007199254740992", Form::Integer).await.unwrap(), "9007199254740993");
    assert_eq!(ids("price > {lastItem}", "0.1", Form::Number).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("weight > {lastItem}", "0.1", Form::Number).await.unwrap(), "10 9007199254740993");
    assert_eq!(
        ids("weight >= {lastItem}", "10000000000000000000000", Form::Number).await.unwrap(),
        "9007199254740993"
    );
    assert_eq!(ids("name = {lastItem} OR {lastItem} = name", "o'hara", Form::Text).await.unwrap(), "2");
    assert_eq!(ids("name = {lastItem}", "a\tb\\", Form::Text).await.unwrap(), "9007199254740993");
    assert_eq!(ids("name = {lastItem}", "' OR 1=1 --", Form::Text).await.unwrap(), "");
    assert_eq!(ids("day > {lastItem}", "2026-01-01", Form::Date).await.unwrap(), "10 9007199254740993");
    let at = "2026-01-01T00:00:00.000001Z";
    assert_eq!(ids("at > {lastItem}", at, Form::Moment).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("at >= {lastItem} AND at <= {lastItem}", at, Form::Moment).await.unwrap(), "2");
    let uuid = "00000000-0000-0000-0000-000000000002";
    assert_eq!(ids("uuid > {lastItem}", uuid, Form::Text).await.unwrap(), "9007199254740993");
    let error = ids("nme > {lastItem}", "secret", Form::Text).await.unwrap_err();
    assert!(error.contains("nme") && !error.contains("secret"), "{error}");
    let error = ids("id > {lastItem}", "secret", Form::Text).await.unwrap_err();
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_connection_is_checked_step_by_step() {
    let Some(database) = ClickHouse::new() else { return };
    let check = database.connection().check().await;
    let steps: Vec<_> =
        check.steps.iter().map(|(step, verdict)| (*step, !matches!(verdict, Verdict::Fails(_)))).collect();
    let all = [Step::Name, Step::Route, Step::Login, Step::Rights, Step::ReadOnly];
    assert_eq!(steps, all.map(|step| (step, true)), "{check:#?}");
    assert!(format!("{check:?}").contains("the login may write: it has the privilege"), "{check:#?}");
    let failing = async |change: fn(&mut tidewaiter_connect::Remote)| {
        let mut remote = database.remote.clone();
        change(&mut remote);
        let mut connection = database.connection();
        connection.server = Server::ClickHouse(remote);
        let check = connection.check().await;
        let Some((step, Verdict::Fails(error))) = check.steps.last() else { panic!("{check:#?}") };
        assert!(!format!("{check:?}").contains("falsch"), "{check:#?}");
        assert_eq!(&ask(&connection, "SELECT 1 AS a", None).await.unwrap_err(), error);
        (*step, error.fault, error.to_string())
    };
    let (step, fault, error) =
        failing(|remote| remote.login.password = Some(SecretString::from("falsch"))).await;
    assert_eq!((step, fault), (Step::Login, Fault::Operator));
    assert!(error.contains("Authentication failed") && error.contains("(error 516)"), "{error}");
    let (step, fault, error) = failing(|remote| remote.login.user = "a\nb".to_owned()).await;
    assert_eq!((step, fault), (Step::Login, Fault::Operator));
    assert!(error.contains("the user holds a character that no header can"), "{error}");
    let (step, fault, error) = failing(|remote| remote.database = "nowhere".to_owned()).await;
    assert_eq!((step, fault), (Step::Login, Fault::Operator));
    assert!(error.contains("(error 81)"), "{error}");
}
