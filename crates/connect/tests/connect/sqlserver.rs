//! SQL Server, as far as a server of its protocol goes that is none.

use std::time::{Duration, Instant};

use tidewaiter_connect::{Limits, Protection, Roots, SecretString, Server, Step, Verdict};
use tidewaiter_engine::ports::{Fault, Form, LastItem};

use crate::support::{SqlServer, ask, told};

#[tokio::test]
async fn rows_are_read() {
    let Some(server) = SqlServer::new() else { return };
    let connection = server.connection();
    let sql = "SELECT TOP 2 id, name AS [the name], price FROM items ORDER BY id; -- the end";
    let answer = ask(&connection, sql, None).await.unwrap();
    assert_eq!(answer.told(), ["2|o'hara|0.1", "10|zoe|0.5"]);
    assert_eq!(
        answer.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        ["id", "the name", "price"]
    );
    assert_eq!(told(&connection, "SELECT name FROM items WHERE id = 0").await.unwrap(), [""; 0]);
    let many = ask(&connection, "SELECT id, text FROM many", None).await.unwrap();
    assert_eq!(many.rows.len(), 20_000);
    assert_eq!(many.rows.last().unwrap()[0].as_deref(), Some(&b"20000"[..]));
}

#[tokio::test]
async fn what_is_no_single_query_is_refused() {
    let Some(server) = SqlServer::new() else { return };
    let connection = server.connection();
    for (sql, reason) in [
        ("SELECT 1 AS a DROP TABLE items", "line 1: DROP begins another statement"),
        ("SELECT 1 AS a COMMIT DELETE FROM items", "COMMIT begins another statement"),
        ("SELECT 1 AS a; EXEC sp_who", "more than one statement"),
        ("SELECT id INTO copy FROM items", "INTO writes"),
        ("SELECT @P1 AS a", "@P1 is a parameter"),
        ("SELECT 1 AS a SELECT 2 AS b", "the query answers more than one result"),
        ("SELECT 1 AS a, 2 AS a", "two columns of the query have the name \"a\""),
        ("SELECT 1", "column 1 of the query has no name"),
        ("SELECT id FROM items WHERE id > {lastItem}", "there is no value for it"),
    ] {
        let error = ask(&connection, sql, None).await.unwrap_err();
        assert_eq!(error.fault, Fault::Query, "{sql}: {error}");
        assert!(error.message.contains(reason), "{sql}: {error}");
    }
    let many: Vec<String> = (0..10_000).map(|n| format!("1 AS c{n}")).collect();
    let error = ask(&connection, &format!("SELECT {}", many.join(",")), None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Query, "{error}");
}

#[tokio::test]
async fn the_last_item_is_bound_as_what_it_is() {
    let Some(server) = SqlServer::new() else { return };
    let connection = server.connection();
    let ids = async |condition: &str, text: &str, form| {
        let sql = format!("SELECT id FROM items WHERE {condition} ORDER BY id");
        let last = Some(LastItem { text: text.to_owned(), form });
        ask(&connection, &sql, last)
            .await
            .map(|answer| answer.told().join(" "))
            .map_err(|error| error.to_string())
    };
    assert_eq!(ids("id > {lastItem}", "9", Form::Integer).await.unwrap(), "10 3000000000");
    assert_eq!(ids("id >= {lastItem} AND id <= {lastItem}", "10", Form::Integer).await.unwrap(), "10");
    assert_eq!(ids("name = {lastItem} OR name = '@P1'", "o'hara", Form::Text).await.unwrap(), "2");
    assert_eq!(ids("name = {lastItem}", "' OR 1=1 --", Form::Text).await.unwrap(), "");
    assert_eq!(ids("name = {lastItem}", "{lastItem}", Form::Text).await.unwrap(), "3000000000");
}

#[tokio::test]
async fn limits_hold() {
    let Some(server) = SqlServer::new() else { return };
    let mut connection = server.connection();
    connection.limits = Limits { rows: 10_000, ..Limits::default() };
    let error = ask(&connection, "SELECT id FROM many", None).await.unwrap_err();
    assert_eq!(
        (error.fault, error.message.as_str()),
        (Fault::Limit, "the query answers more than 10000 rows")
    );
    connection.limits = Limits { row_bytes: 1 << 20, ..Limits::default() };
    for bytes in [1_100_000, 9_000_000] {
        let sql = format!("SELECT REPLICATE(CAST('x' AS nvarchar(max)), {bytes}) AS t");
        let error = ask(&connection, &sql, None).await.unwrap_err();
        assert_eq!(
            (error.fault, error.message.as_str()),
            (Fault::Limit, "a row has more than 1048576 bytes")
        );
    }
    connection.limits = Limits { time: Duration::from_millis(900), ..Limits::default() };
    let begun = Instant::now();
    let error = ask(&connection, "SELECT 1 AS sleep_for_ever", None).await.unwrap_err();
    assert!(error.message.contains("took longer than 0.9 seconds"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn mistakes_are_told_without_values() {
    let Some(server) = SqlServer::new() else { return };
    let connection = server.connection();
    let error = ask(&connection, "SELECT nme FROM items", None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Query);
    assert!(error.message.contains("nme") && error.message.contains("(error 207)"), "{error}");
    let error = ask(&connection, "SELECT * FROM nowhere", None).await.unwrap_err();
    assert!(error.message.contains("(error 208)"), "{error}");
    let error = ask(&connection, "SELECT CAST(name AS int) AS n FROM items", None).await.unwrap_err();
    assert_eq!(error.message, "the server: an error while the query was running (error 245)");
    let error = told(&connection, "SELECT v FROM wire_broken").await.unwrap_err();
    assert!(error.contains("not valid in the encoding of its column"), "{error}");
    let error = told(&connection, "SELECT v FROM wire_largemoney").await.unwrap_err();
    assert!(error.contains("too large to be read") && error.contains("CAST(… AS decimal(19, 4))"), "{error}");
}

#[tokio::test]
async fn a_connection_is_checked_step_by_step() {
    let Some(server) = SqlServer::new() else { return };
    let check = server.connection().check().await;
    let steps: Vec<_> =
        check.steps.iter().map(|(step, verdict)| (*step, matches!(verdict, Verdict::Passes(_)))).collect();
    let all = [Step::Name, Step::Route, Step::Tls, Step::Login, Step::Rights, Step::ReadOnly];
    assert_eq!(steps, all.map(|step| (step, true)), "{check:#?}");
    let failing = async |change: fn(&mut tidewaiter_connect::Remote)| {
        let mut remote = server.remote.clone();
        change(&mut remote);
        let mut connection = server.connection();
        connection.server = Server::SqlServer(remote);
        let check = connection.check().await;
        let Some((step, Verdict::Fails(error))) = check.steps.last() else { panic!("{check:#?}") };
        assert!(!format!("{check:?}").contains("falsch"), "{check:#?}");
        if *step != Step::Name {
            let asked = ask(&connection, "SELECT 1 AS a", None).await.unwrap_err();
            assert_eq!(&asked, error);
        }
        (*step, error.fault, error.to_string())
    };
    let (step, fault, error) =
        failing(|remote| remote.login.password = Some(SecretString::from("falsch"))).await;
    assert_eq!((step, fault), (Step::Login, Fault::Operator));
    assert!(error.contains("(error 18456)") && error.contains("check user, password"), "{error}");
    let (step, fault, error) = failing(|remote| remote.host = "127.0.0.1".to_owned()).await;
    assert_eq!((step, fault), (Step::Tls, Fault::Operator));
    assert!(error.contains("not valid for name") && error.contains("has to be for this host"), "{error}");
    let (step, fault, error) =
        failing(|remote| remote.protection = Protection::Verified(Roots::Machine)).await;
    assert_eq!((step, fault), (Step::Tls, Fault::Operator));
    assert!(error.contains("UnknownIssuer") || error.contains("trusts no"), "{error}");
    let (step, fault, error) = failing(|remote| remote.protection = Protection::None).await;
    assert_eq!((step, fault), (Step::Tls, Fault::Operator));
    assert!(error.contains("takes no login without TLS"), "{error}");
    let (step, fault, _) = failing(|remote| remote.port = 1).await;
    assert_eq!((step, fault), (Step::Route, Fault::Passing));
}
