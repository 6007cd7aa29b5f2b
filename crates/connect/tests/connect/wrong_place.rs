//! A connection that leads to another server than its engine says, or nowhere.

use std::time::Duration;

use tidewaiter_connect::{Connection, Limits, Protection, Remote, Roots, Server, Step, Verdict};
use tidewaiter_engine::ports::Fault;

use crate::support::{ClickHouse, Mariadb, Postgres, SqlServer, ask};

/// An engine and its kind of server.
type Engine = (&'static str, fn(Remote) -> Server);

const ENGINES: [Engine; 4] = [
    ("postgres", Server::Postgres),
    ("mysql", Server::Mysql),
    ("sqlserver", Server::SqlServer),
    ("clickhouse", Server::ClickHouse),
];

/// What a read and a check say of a server: the same.
async fn failure(server: Server) -> (Step, Fault, String) {
    let limits = Limits { connect: Duration::from_millis(700), ..Limits::default() };
    let connection = Connection { server, limits };
    let check = connection.check().await;
    let error = ask(&connection, "SELECT 1 AS a", None).await.unwrap_err();
    let Some((step, Verdict::Fails(found))) = check.steps.last() else { panic!("{check:#?}") };
    assert_eq!(found, &error);
    let times = check.steps.iter().filter(|(told, _)| told == step).count();
    assert_eq!(times, 1, "{check:#?}");
    (*step, error.fault, error.to_string())
}

#[tokio::test]
async fn a_server_of_another_kind_is_told() {
    let mut places = vec![("postgres", Postgres::new().await.remote)];
    places.extend(Mariadb::new().await.map(|database| ("mysql", database.remote)));
    places.extend(SqlServer::new().map(|server| ("sqlserver", server.remote)));
    let clickhouse = ClickHouse::new();
    places.extend(clickhouse.as_ref().map(|database| ("clickhouse", database.remote.clone())));
    for (engine, kind) in ENGINES {
        for (there, remote) in places.iter().filter(|(there, _)| *there != engine) {
            for protection in [Protection::None, Protection::Verified(Roots::Machine)] {
                let remote = Remote { host: "localhost".to_owned(), protection, ..remote.clone() };
                let place = format!("localhost:{}", remote.port);
                let (step, fault, error) = failure(kind(remote)).await;
                let told = format!("{engine} at {there}: {step}: {error}");
                assert!(error.contains(&place), "{told}");
                // A server that has no TLS for this one may be of another kind, too.
                assert!(error.contains("check host, port and engine"), "{told}");
                let is_tls = error.contains("does not support TLS");
                let expected =
                    if is_tls { (Step::Tls, Fault::Operator) } else { (Step::Route, Fault::Passing) };
                assert_eq!((step, fault), expected, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn postgres_is_not_taken_for_a_server_that_speaks_first() {
    let Some(database) = Mariadb::new().await else { return };
    let place = database.place();
    for protection in [Protection::None, Protection::Verified(Roots::Machine)] {
        let remote = Remote { protection, ..database.remote.clone() };
        let (step, _, error) = failure(Server::Postgres(remote)).await;
        assert_eq!(step, Step::Route, "{error}");
        let expected =
            format!("what answers at {place} does not speak PostgreSQL (check host, port and engine");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn a_host_without_an_address_is_told() {
    let remote = Postgres::new().await.remote;
    for (engine, kind) in ENGINES {
        let protection = Protection::Verified(Roots::Machine);
        let remote = Remote { host: "db.invalid".to_owned(), protection, ..remote.clone() };
        let (step, fault, error) = failure(kind(remote)).await;
        assert_eq!((step, fault), (Step::Name, Fault::Passing), "{engine}: {error}");
        assert!(error.starts_with("db.invalid is not resolved"), "{engine}: {error}");
        assert!(error.contains("check the name, and that this machine can resolve it"), "{engine}: {error}");
    }
}
