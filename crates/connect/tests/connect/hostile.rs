//! Queries that write, never end, or answer what no file can hold.

use std::time::Duration;

use tidewaiter_connect::{Check, Limits, SecretString, Server, Step, Verdict};
use tidewaiter_engine::ports::{DataSource, Fault, Query, RowBatch, SourceRows};

use crate::support::{Postgres, ask, sqlite, told, unique};

#[tokio::test]
async fn postgres_changes_nothing() {
    let database = Postgres::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "CREATE TABLE t (id int); CREATE SEQUENCE s; INSERT INTO t VALUES (1);
             CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.t VALUES (2) RETURNING id';
             CREATE FUNCTION escapes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
                 SET TRANSACTION READ WRITE; INSERT INTO public.t VALUES (3); RETURN 1; END $$",
        )
        .await
        .unwrap();
    let connection = database.connection();
    for sql in [
        "SELECT writes()",
        "SELECT escapes()",
        "WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone",
        "SELECT nextval('s')",
        "SELECT id FROM t FOR UPDATE",
        "SELECT set_config('transaction_read_only', 'off', true), writes() AS w",
        "SELECT lo_create(0)",
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
    }
    // What is around the query cannot be reached from inside.
    let file = std::env::temp_dir().join(unique("written"));
    for sql in [
        format!("SELECT 1) TO PROGRAM 'touch {}' --", file.display()),
        format!("SELECT 1 AS x) TO '{}' --", file.display()),
        "SELECT 1); DROP TABLE t; COPY (SELECT 1".to_owned(),
    ] {
        let error = ask(&connection, &sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
    }
    assert!(!file.exists());
    assert_eq!(told(&connection, "SELECT id FROM t -- the end").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn sqlite_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let connection = sqlite(folder.path(), "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)");
    let before = std::fs::read(folder.path().join("data.sqlite")).unwrap();
    for sql in [
        "WITH x AS (SELECT 1) DELETE FROM t",
        "WITH x AS (SELECT 1) UPDATE t SET id = 2",
        "SELECT load_extension('x')",
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
    }
    assert_eq!(std::fs::read(folder.path().join("data.sqlite")).unwrap(), before);
}

/// What lasts longer than the limit ends then.
#[tokio::test]
async fn a_query_that_never_ends_is_ended() {
    let database = Postgres::new().await;
    let folder = tempfile::tempdir().unwrap();
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    for (mut connection, sqls) in [
        (
            database.connection(),
            [
                "SELECT pg_sleep(1000)::text AS x".to_owned(),
                format!("{endless} SELECT count(i) AS c FROM n WHERE i < 0"),
            ],
        ),
        (
            sqlite(folder.path(), ""),
            [
                format!("{endless} SELECT count(i) AS c FROM n"),
                format!("{endless} SELECT i FROM n WHERE i < 0"),
            ],
        ),
    ] {
        connection.limits = Limits { time: Duration::from_millis(700), ..Limits::default() };
        for sql in sqls {
            let begun = std::time::Instant::now();
            let error = ask(&connection, &sql, None).await.unwrap_err();
            assert_eq!(error.fault, Fault::Limit, "{sql}: {error}");
            assert!(error.message.contains("took longer than 0.7 seconds"), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(20), "{sql}");
        }
    }
}

#[tokio::test]
async fn rows_without_end_stop_at_the_limit() {
    let database = Postgres::new().await;
    let folder = tempfile::tempdir().unwrap();
    let endless =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 'abcdefgh' AS t FROM n";
    for mut connection in [database.connection(), sqlite(folder.path(), "")] {
        connection.limits = Limits { rows: 10_000, ..Limits::default() };
        let error = ask(&connection, endless, None).await.unwrap_err();
        assert_eq!(
            (error.fault, error.message.as_str()),
            (Fault::Limit, "the query answers more than 10000 rows")
        );
        connection.limits = Limits { bytes: 1_000_000, ..Limits::default() };
        let error = ask(&connection, endless, None).await.unwrap_err();
        assert_eq!(error.message, "the query answers more than 1000000 bytes");
    }
}

/// Rows that are not read any more cost the server nothing.
#[tokio::test]
async fn a_read_that_is_given_up_ends_at_the_server() {
    let database = Postgres::new().await;
    let connection = database.connection();
    let sql = "SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 100000000) n".to_owned();
    let mut rows = connection.open(&Query { sql, last: None }).await.unwrap();
    let mut batch = RowBatch::default();
    assert!(rows.next(&mut batch).await.unwrap());
    drop(rows);
    let client = database.client().await;
    for _ in 0..200 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        if client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server still works for it");
}

#[tokio::test]
async fn columns_that_no_file_can_hold_are_refused_before_the_first_row() {
    let database = Postgres::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (postgres, sqlite) = (database.connection(), sqlite(folder.path(), ""));
    for connection in [&postgres, &sqlite] {
        let twice = told(connection, "SELECT 1 AS id, 2 AS id").await.unwrap_err();
        assert!(
            twice.contains("two columns of the query have the name \"id\" (give one of them another name"),
            "{twice}"
        );
        let many: Vec<String> = (0..10_000).map(|n| format!("1 AS c{n}")).collect();
        let many = ask(connection, &format!("SELECT {}", many.join(",")), None).await.unwrap_err();
        assert_eq!(many.fault, Fault::Query, "{many}");
        assert!(many.message.contains("column") || many.message.contains("at most 1664 entries"), "{many}");
    }
    let none = told(&postgres, "SELECT FROM pg_class").await.unwrap_err();
    assert!(none.contains("the query answers no columns"), "{none}");
    // It would fail at the first row.
    let bytes = told(&postgres, "SELECT 1 / 0 AS x, '\\x00'::bytea AS picture").await.unwrap_err();
    let expected = "column \"picture\" has the type bytea, which a file cannot hold (select encode(\"picture\", 'hex'), or leave it out)";
    assert_eq!(bytes, expected);
    let wide = told(&sqlite, "SELECT x'00' AS picture").await.unwrap_err();
    assert!(wide.contains("column \"picture\" has the type BLOB in a row"), "{wide}");
}

/// A text that is not UTF-8, or holds what no line can: it is handed on as it is, so that the check of the file finds it.
#[tokio::test]
async fn texts_are_handed_on_as_they_are() {
    let ascii = Postgres::with("ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'").await;
    ascii
        .client()
        .await
        .batch_execute("CREATE TABLE t AS SELECT E'a\\xff\\n\\t\\\\b'::text AS name")
        .await
        .unwrap();
    let answer = ask(&ascii.connection(), "SELECT name FROM t", None).await.unwrap();
    assert_eq!(answer.rows, [[Some(b"a\xff\n\t\\b".to_vec())]]);
    let folder = tempfile::tempdir().unwrap();
    let connection =
        sqlite(folder.path(), "CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'61ff0062' AS TEXT))");
    let answer = ask(&connection, "SELECT a FROM t", None).await.unwrap();
    assert_eq!(answer.rows, [[Some(b"a\xff\0b".to_vec())]]);
}

#[tokio::test]
async fn a_row_that_is_too_large_is_an_error() {
    let database = Postgres::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (mut connection, sql) in [
        (database.connection(), "SELECT repeat('x', 200000000) AS t"),
        (sqlite(folder.path(), ""), "SELECT printf('%.*c', 200000000, 'x') AS t"),
        (
            sqlite(folder.path(), ""),
            "SELECT printf('%.*c', 900000, 'x') AS t, printf('%.*c', 900000, 'x') AS u",
        ),
    ] {
        connection.limits = Limits { row_bytes: 1 << 20, ..Limits::default() };
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(
            (error.fault, error.message.as_str()),
            (Fault::Limit, "a row has more than 1048576 bytes"),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_mistake_of_the_author_is_told_with_its_line() {
    let database = Postgres::new().await;
    let connection = database.connection();
    let error = told(&connection, "-- customers\nSELECT id,\n  nme FROM pg_class").await.unwrap_err();
    assert_eq!(error, "line 2 of the query: PostgreSQL: column \"id\" does not exist (SQLSTATE 42703)");
    let secret = told(&connection, "SELECT 'ada@example.org'::int AS x").await.unwrap_err();
    assert!(!secret.contains("ada"), "{secret}");
    let folder = tempfile::tempdir().unwrap();
    let error = told(&sqlite(folder.path(), ""), "SELECT nme FROM nowhere").await.unwrap_err();
    assert_eq!(error, "SQLite refuses the query: no such table: nowhere");
}

/// What the server says may hold values of rows. What it means holds none.
#[tokio::test]
async fn the_cause_of_an_error_is_told_without_values() {
    let database = Postgres::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "CREATE TABLE t (name text, n int); INSERT INTO t VALUES ('secret[', 2147483647), ('secret', 0);
             CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret'; END $$",
        )
        .await
        .unwrap();
    let connection = database.connection();
    for (sql, cause, hint) in [
        ("SELECT 1 / n AS x FROM t WHERE n = 0", "the query divides by zero (SQLSTATE 22012)", "NULLIF"),
        (
            "SELECT (SELECT name FROM t) AS x",
            "a subquery that stands for one value gives more than one row",
            "LIMIT 1",
        ),
        ("SELECT n + 1 AS x FROM t", "a number is out of the range of its type", "wider type"),
        (
            "SELECT name::int AS x FROM t",
            "a text is not a value of the type that it is cast to",
            "cast only texts",
        ),
        ("SELECT name::date AS x FROM t", "a text is not a date or time of the expected form", "dates"),
        ("SELECT '2026-02-31'::date AS x", "a date, a time or an interval is out of range", "dates"),
        ("SELECT 'a' ~ name AS x FROM t", "a regular expression is not valid", "regular expressions"),
        ("SELECT name::json::text AS x FROM t", "a text is not a value of the type", "cast only texts"),
        ("SELECT ln(n) AS x FROM t", "logarithm", "zero and less"),
        ("SELECT chr(n) AS x FROM t", "(SQLSTATE 54000)", ""),
        ("SELECT fails() AS x", "raises an error of its own (SQLSTATE P0001)", "functions"),
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
        assert!(error.message.contains(cause), "{sql}: {error}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{sql}: {error}");
        assert!(!error.to_string().contains("secret"), "{sql}: {error}");
    }
}

fn verdicts(check: &Check) -> Vec<(Step, &'static str)> {
    let told = |verdict: &Verdict| match verdict {
        Verdict::Passes(_) => "passes",
        Verdict::Warns { .. } => "warns",
        Verdict::Fails(_) => "fails",
    };
    check.steps.iter().map(|(step, verdict)| (*step, told(verdict))).collect()
}

#[tokio::test]
async fn a_connection_is_checked_step_by_step() {
    use Step::{Login, Name, ReadOnly, Rights, Route};
    let database = Postgres::new().await;
    let client = database.client().await;
    let reader = unique("reader");
    client
        .batch_execute(&format!(
            "CREATE TABLE t (id int); CREATE ROLE {reader} LOGIN; GRANT SELECT ON t TO {reader}"
        ))
        .await
        .unwrap();
    let check = database.connection().check().await;
    let all = |rights| {
        vec![(Name, "passes"), (Route, "passes"), (Login, "passes"), (Rights, rights), (ReadOnly, "passes")]
    };
    assert_eq!(verdicts(&check), all("warns"), "{check:#?}");
    assert!(format!("{check:?}").contains("the login may write: it is a superuser"));
    let mut remote = database.remote.clone();
    remote.login.user = reader.clone();
    remote.login.password = Some(SecretString::from("geheim"));
    let mut connection = database.connection();
    connection.server = Server::Postgres(remote.clone());
    assert!(!format!("{connection:?}").contains("geheim"));
    let check = connection.check().await;
    assert_eq!(verdicts(&check), all("passes"), "{check:#?}");
    assert!(check.works());
    client.batch_execute(&format!("GRANT INSERT ON t TO {reader}")).await.unwrap();
    let check = connection.check().await;
    assert_eq!(verdicts(&check), all("warns"), "{check:#?}");
    assert!(format!("{check:?}").contains("the login may write: table t"), "{check:#?}");
    // Each step may fail.
    let failing = async |change: fn(&mut tidewaiter_connect::Remote)| {
        let mut connection = database.connection();
        let mut remote = remote.clone();
        change(&mut remote);
        connection.server = Server::Postgres(remote);
        let check = connection.check().await;
        assert!(!check.works());
        let Some((step, Verdict::Fails(error))) = check.steps.last() else { panic!("{check:#?}") };
        (*step, error.fault, error.to_string())
    };
    let (step, fault, error) = failing(|remote| remote.login.user = "nobody_at_all".into()).await;
    assert_eq!((step, fault), (Login, Fault::Operator));
    assert!(
        error.contains("role \"nobody_at_all\" does not exist") && error.contains("pg_hba.conf"),
        "{error}"
    );
    let (step, fault, error) = failing(|remote| remote.database = "nowhere".into()).await;
    assert_eq!((step, fault), (Login, Fault::Operator));
    assert!(error.contains("database \"nowhere\" does not exist"), "{error}");
    let (step, _, error) = failing(|remote| remote.port = 1).await;
    assert_eq!(step, Route);
    assert!(error.contains(":1 is not reached") && error.contains("firewall"), "{error}");
    let (step, _, error) = failing(|remote| remote.host = "localhost.invalid".into()).await;
    assert_eq!(step, Step::Tls, "{error}");
    let (step, fault, error) = failing(|remote| remote.host = "203.0.113.1".into()).await;
    assert_eq!((step, fault), (Step::Tls, Fault::Operator));
    assert!(error.contains("203.0.113.1") && error.contains("would be reached without TLS"), "{error}");
    let (step, _, error) = failing(|remote| {
        remote.host = "db.invalid".into();
        remote.protection = tidewaiter_connect::Protection::Verified(tidewaiter_connect::Roots::Machine);
    })
    .await;
    assert_eq!(step, Name, "{error}");
    let folder = tempfile::tempdir().unwrap();
    let good = sqlite(folder.path(), "CREATE TABLE t (a)").check().await;
    assert_eq!(verdicts(&good), [(Name, "passes"), (ReadOnly, "passes")]);
    std::fs::write(folder.path().join("data.sqlite"), "not a database, but long enough to look like a file")
        .unwrap();
    let mut connection = database.connection();
    connection.server = Server::Sqlite(folder.path().join("data.sqlite"));
    let bad = connection.check().await;
    assert!(format!("{bad:?}").contains("file is not a database"), "{bad:#?}");
}
