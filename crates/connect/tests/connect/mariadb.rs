//! MariaDB, as far as it is not like the others.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use tidewaiter_connect::{Limits, Protection, Roots, SecretString, Server, Step, Verdict};
use tidewaiter_engine::ports::{DataSource, Fault, Form, LastItem, Query, RowBatch, SourceRows};

use crate::support::{Mariadb, ask, told, unique};

#[tokio::test]
async fn nothing_is_changed() {
    let Some(database) = Mariadb::new().await else { return };
    database
        .run(&[
            "CREATE TABLE t (id INT)",
            "INSERT INTO t VALUES (1)",
            "CREATE FUNCTION writes() RETURNS INT BEGIN INSERT INTO t VALUES (2); RETURN 1; END",
            "CREATE FUNCTION escapes() RETURNS INT BEGIN SET SESSION TRANSACTION READ WRITE; INSERT INTO t VALUES (3); RETURN 1; END",
        ])
        .await;
    let connection = database.connection();
    let file = std::env::temp_dir().join(unique("written"));
    for sql in [
        "SELECT writes()".to_owned(),
        "SELECT escapes()".to_owned(),
        format!("SELECT 1 INTO OUTFILE '{}'", file.display()),
        format!("SELECT 1 /*! INTO OUTFILE '{}' */", file.display()),
        "SELECT 1; DROP TABLE t".to_owned(),
        "SELECT LOAD_FILE('/etc/passwd') AS x, writes() AS y".to_owned(),
        "WITH x AS (SELECT 1) DELETE FROM t".to_owned(),
    ] {
        let error = ask(&connection, &sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
    }
    assert!(!file.exists());
    assert_eq!(told(&connection, "SELECT id FROM t # the end").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn limits_hold() {
    let Some(database) = Mariadb::new().await else { return };
    let mut connection = database.connection();
    let endless = "SELECT a.seq AS id, 'abcdefgh' AS t FROM seq_1_to_100000 a CROSS JOIN seq_1_to_100000 b";
    connection.limits = Limits { time: Duration::from_millis(900), ..Limits::default() };
    for sql in [
        "SELECT SLEEP(100) AS x",
        "SELECT COUNT(*) AS c FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE MOD(a.seq * b.seq, 7) = 9",
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert!(error.message.contains("took longer than 0.9 seconds"), "{sql}: {error}");
    }
    connection.limits = Limits { rows: 10_000, ..Limits::default() };
    let error = ask(&connection, endless, None).await.unwrap_err();
    assert_eq!(error.message, "the query answers more than 10000 rows");
    connection.limits = Limits { row_bytes: 1 << 20, ..Limits::default() };
    let error = ask(&connection, "SELECT REPEAT('x', 5000000) AS t", None).await.unwrap_err();
    assert_eq!((error.fault, error.message.as_str()), (Fault::Limit, "a row has more than 1048576 bytes"));
    // A read that is given up ends at the server.
    connection.limits = Limits::default();
    let mut rows = connection.open(&Query { sql: endless.to_owned(), last: None }).await.unwrap();
    assert!(rows.next(&mut RowBatch::default()).await.unwrap());
    drop(rows);
    let mut client = database.client().await;
    for _ in 0..200 {
        let sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
        if client.query_first::<u64, _>(sql).await.unwrap() == Some(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server still works for it");
}

/// Settings of the server shorten no answer, and a query whose answer is shortened is refused.
#[tokio::test]
async fn a_part_of_an_answer_is_never_taken_for_the_whole() {
    let Some(database) = Mariadb::new().await else { return };
    database
        .run(&[
            "SET GLOBAL sql_select_limit = 3, group_concat_max_len = 20, max_recursive_iterations = 10, max_error_count = 0",
            "CREATE TABLE t AS SELECT seq AS id FROM seq_1_to_2000",
        ])
        .await;
    let mut connection = database.connection();
    let rows = ask(&connection, "SELECT id FROM t", None).await;
    let long = told(&connection, "SELECT LENGTH(GROUP_CONCAT(REPEAT('x', 99))) AS n FROM t").await;
    let recursion = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT COUNT(*) AS c FROM n";
    let recursion = told(&connection, recursion).await;
    let examined = ask(&connection, "SELECT id FROM t WHERE id > 5 LIMIT ROWS EXAMINED 10", None).await;
    let whole = told(&connection, "SELECT id FROM t WHERE id < 3 LIMIT ROWS EXAMINED 100000").await;
    // Warnings of another kind say nothing of the answer; those that say it may be behind them.
    let mistaken = told(&connection, "SELECT COUNT(*) AS c FROM t WHERE CONCAT(id, 'x') = 7").await;
    let both =
        ask(&connection, "SELECT id FROM t WHERE CONCAT(id, 'x') > 7 LIMIT ROWS EXAMINED 1500", None).await;
    let many = "SELECT COUNT(*) AS c FROM seq_1_to_70000 WHERE CONCAT(seq, 'x') = 7";
    let many = ask(&connection, many, None).await;
    let null = ask(&connection, "SELECT REPEAT('x', 100000000) AS t", None).await;
    connection.limits.row_bytes = 1 << 20;
    let cut = ask(&connection, "SELECT MD5(GROUP_CONCAT(REPEAT('x', 999))) AS t FROM t", None).await;
    database
        .run(&["SET GLOBAL sql_select_limit = DEFAULT, group_concat_max_len = DEFAULT, max_recursive_iterations = DEFAULT, max_error_count = DEFAULT"])
        .await;
    assert_eq!(rows.unwrap().rows.len(), 2000);
    assert_eq!(long.unwrap(), ["199999"]);
    assert_eq!(recursion.unwrap(), ["1500"]);
    assert_eq!(whole.unwrap(), ["1", "2"]);
    assert_eq!(mistaken.unwrap(), ["1"]);
    for (answer, message) in [
        (examined, "stops before the last row, as by LIMIT ROWS EXAMINED (warning 1931)"),
        (both, "stops before the last row, as by LIMIT ROWS EXAMINED (warning 1931)"),
        (many, "does not say whether the answer is whole"),
        (null, "larger than its max_allowed_packet (warning 1301)"),
        (cut, "the server cuts a value of GROUP_CONCAT"),
    ] {
        let error = answer.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{error}");
        assert!(error.message.contains(message) && error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn the_cause_of_an_error_is_told_without_values() {
    let Some(database) = Mariadb::new().await else { return };
    database
        .run(&[
            "CREATE TABLE t (id BIGINT, name VARCHAR(20))",
            "INSERT INTO t VALUES (9223372036854775807, 'secret'), (2, 'secret')",
            "CREATE FUNCTION fails() RETURNS INT BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret'; RETURN 1; END",
        ])
        .await;
    let connection = database.connection();
    for (sql, cause) in [
        ("SELECT (SELECT name FROM t) AS x", "a subquery that stands for one value gives more than one row"),
        ("SELECT id + id AS x FROM t", "a number is out of the range of its type"),
        ("SELECT fails() AS x", "raises an error of its own"),
        ("SELECT EXTRACTVALUE('<a>secret</a>', '//secret[') AS x", "a function of the query fails"),
        ("SELECT (SELECT 1, 2) AS x", "Operand should contain 1 column"),
        ("SELECT name AS x FROM t ORDER BY (SELECT name FROM t)", "gives more than one row"),
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
        assert!(error.message.contains(cause), "{sql}: {error}");
        assert!(!error.to_string().contains("secret"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn what_no_file_can_hold_is_refused() {
    let Some(database) = Mariadb::new().await else { return };
    let connection = database.connection();
    let error = told(&connection, "SELECT 1 AS id, 2 AS id").await.unwrap_err();
    assert!(error.contains("two columns of the query have the name \"id\""), "{error}");
    let many: Vec<String> = (0..10_000).map(|n| format!("1 AS c{n}")).collect();
    let error = ask(&connection, &format!("SELECT {}", many.join(",")), None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Query, "{error}");
    let error = told(&connection, "SELECT x'00' AS picture, nothing FROM dual").await.unwrap_err();
    assert!(error.contains("Unknown column 'nothing'"), "{error}");
    let error = told(&connection, "SELECT CAST('a' AS BINARY) AS picture").await.unwrap_err();
    assert!(
        error.contains("column \"picture\" has the type varbinary") && error.contains("HEX(`picture`)"),
        "{error}"
    );
    let error = told(&connection, "SELECT '?' AS a, ? AS b").await.unwrap_err();
    assert!(error.contains("? is a parameter"), "{error}");
}

#[tokio::test]
async fn the_last_item_is_compared_as_what_it_is() {
    let Some(database) = Mariadb::new().await else { return };
    database
        .run(&[
            "CREATE TABLE t (id BIGINT, price DECIMAL(40,19), name VARCHAR(20), at TIMESTAMP(6) NULL, local DATETIME(6))",
            "SET time_zone = '+00:00'",
            "INSERT INTO t VALUES
                (2, 0.10, 'o''hara', '2026-01-01 00:00:00.000001', '2026-01-01 00:00:00.000001'),
                (10, 0.1000000000000000001, '10', '2026-01-01 00:00:00.000002', '2026-01-01 00:00:00.000002'),
                (9007199254740993, 100, '9', '2026-12-31 23:59:59', '2026-12-31 23:59:59')",
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
    // As floating-point numbers, these would be one.
    assert_eq!(ids("id > {lastItem}", "9007199254740992", Form::Integer).await.unwrap(), "9007199254740993");
    assert_eq!(ids("price > {lastItem}", "0.1", Form::Number).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("name > {lastItem}", "10", Form::Text).await.unwrap(), "2 9007199254740993");
    assert_eq!(ids("name = {lastItem} OR {lastItem} = name", "o'hara", Form::Text).await.unwrap(), "2");
    assert_eq!(ids("name = {lastItem}", "' OR 1=1 -- ", Form::Text).await.unwrap(), "");
    let moment = "2026-01-01T00:00:00.000001Z";
    assert_eq!(ids("at > {lastItem}", moment, Form::Moment).await.unwrap(), "10 9007199254740993");
    assert_eq!(ids("local <= {lastItem}", "2026-01-01T00:00:00.000001", Form::Datetime).await.unwrap(), "2");
}

#[tokio::test]
async fn modes_of_the_server_do_not_change_what_is_text() {
    let Some(database) = Mariadb::new().await else { return };
    let user = unique("ansi");
    database
        .run(&[
            &format!("CREATE USER {user} IDENTIFIED BY 'geheim'"),
            &format!("GRANT SELECT ON {}.* TO {user}", database.remote.database),
            "CREATE TABLE t (id INT)",
        ])
        .await;
    let mut remote = database.remote.clone();
    remote.login.user.clone_from(&user);
    remote.login.password = Some(SecretString::from("geheim"));
    let mut connection = database.connection();
    connection.server = Server::Mysql(remote.clone());
    assert_eq!(told(&connection, "SELECT \"a\\\"b\" AS x").await.unwrap(), ["a\"b"]);
    let check = connection.check().await;
    let steps: Vec<_> =
        check.steps.iter().map(|(step, verdict)| (*step, matches!(verdict, Verdict::Passes(_)))).collect();
    let all = [Step::Name, Step::Route, Step::Login, Step::Rights, Step::ReadOnly];
    assert_eq!(steps, all.map(|step| (step, true)), "{check:#?}");
    database.run(&[&format!("GRANT INSERT (id) ON {}.t TO {user}", database.remote.database)]).await;
    let check = connection.check().await;
    assert!(format!("{check:?}").contains("it has the privilege INSERT"), "{check:#?}");
    remote.login.password = Some(SecretString::from("falsch"));
    connection.server = Server::Mysql(remote.clone());
    let check = connection.check().await;
    let Some((Step::Login, Verdict::Fails(error))) = check.steps.last() else { panic!("{check:#?}") };
    assert!(
        error.to_string().contains("Access denied") && !format!("{check:?}").contains("falsch"),
        "{error}"
    );
    remote.port = 1;
    connection.server = Server::Mysql(remote.clone());
    let check = connection.check().await;
    assert!(matches!(check.steps.last(), Some((Step::Route, Verdict::Fails(_)))), "{check:#?}");
    // The server of these tests has no TLS. A connection that has to be protected is not made without.
    remote.port = database.remote.port;
    remote.protection = Protection::Verified(Roots::Machine);
    connection.server = Server::Mysql(remote);
    let error = ask(&connection, "SELECT 1 AS x", None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Operator, "{error}");
}
