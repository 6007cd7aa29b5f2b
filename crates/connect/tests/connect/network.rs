//! A server that hangs, breaks off, or answers slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tidewaiter_connect::{Connection, Limits, Remote, Server};
use tidewaiter_engine::ports::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{ClickHouse, Mariadb, Postgres, SqlServer, ask};

/// What happens to the answers of a server.
#[derive(Debug, Clone, Copy)]
enum Answers {
    /// After so many bytes the connection breaks.
    Break(usize),
    /// After so many bytes there are no more, and the connection stays.
    Hang(usize),
    /// They come in pieces of so many bytes, each of them late.
    Slow(usize),
}

/// Stands between a client and a server. Answers the port, and counts the bytes of answers.
async fn proxy(server: String, answers: Answers, counted: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(relay(client, server, answers, Arc::clone(&counted)));
        }
    });
    port
}

async fn relay(client: TcpStream, server: TcpStream, answers: Answers, counted: Arc<AtomicUsize>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let questions = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut buffer = vec![0; 1 << 16];
    let mut passed = 0;
    loop {
        let most = match answers {
            Answers::Break(at) | Answers::Hang(at) if at == passed => break,
            Answers::Break(at) | Answers::Hang(at) => (at - passed).min(buffer.len()),
            Answers::Slow(piece) => piece,
        };
        let Ok(bytes @ 1..) = from_server.read(&mut buffer[..most]).await else { break };
        passed += bytes;
        counted.fetch_add(bytes, Ordering::SeqCst);
        if matches!(answers, Answers::Slow(_)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if to_client.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    if matches!(answers, Answers::Hang(at) if at == passed) {
        let _ = questions.await;
    } else {
        questions.abort();
    }
}

const NUMBERS: &str = "SELECT number AS id, repeat('x', 100) AS text FROM numbers(20000)";
const SQL: &str = "SELECT n AS id, repeat('x', 100) AS text FROM generate_series(1, 20000) n";

fn hasty() -> Limits {
    Limits { time: Duration::from_millis(1500), connect: Duration::from_millis(700), ..Limits::default() }
}

/// Wherever the answers end: an error, in time, and never a part that is taken for the whole.
async fn breaks_and_hangs(server: &str, by_way_of: impl Fn(u16) -> Connection, sql: &str) {
    let counted = Arc::new(AtomicUsize::new(0));
    let port = proxy(server.to_owned(), Answers::Slow(1 << 16), Arc::clone(&counted)).await;
    assert_eq!(ask(&by_way_of(port), sql, None).await.unwrap().rows.len(), 20_000);
    let all = counted.load(Ordering::SeqCst);
    assert!(all > 2_000_000, "{all}");
    // What comes behind the last row and the mark behind it is shorter than this.
    let end = all - 100;
    for at in [0, 1, 9, 100, 400, 500, 600, 1_000, 50_000, all / 2, end, all - 40, all - 20] {
        for answers in [Answers::Break(at), Answers::Hang(at)] {
            let port = proxy(server.to_owned(), answers, Arc::default()).await;
            let mut connection = by_way_of(port);
            connection.limits = hasty();
            let begun = Instant::now();
            match ask(&connection, sql, None).await {
                Ok(answer) => assert!(answer.rows.len() == 20_000 && at > end, "{answers:?} of {all}"),
                Err(error) => {
                    assert!(matches!(error.fault, Fault::Passing | Fault::Limit), "{answers:?}: {error}");
                    assert!(error.hint.is_some(), "{answers:?}: {error}");
                    let place = format!("localhost:{port}");
                    let is_told = error.message.contains(&place) || error.message.contains("broke off");
                    assert!(error.fault == Fault::Limit || is_told, "{answers:?}: {error}");
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(15), "{answers:?}");
        }
    }
}

#[tokio::test]
async fn postgres_that_breaks_off_or_hangs_is_an_error() {
    let database = Postgres::new().await;
    breaks_and_hangs(&database.place(), |port| database.by_way_of(port), SQL).await;
}

#[tokio::test]
async fn mariadb_that_breaks_off_or_hangs_is_an_error() {
    let Some(database) = Mariadb::new().await else { return };
    let sql = "SELECT seq AS id, REPEAT('x', 100) AS text FROM seq_1_to_20000";
    breaks_and_hangs(&database.place(), |port| database.by_way_of(port), sql).await;
}

#[tokio::test]
async fn sqlserver_that_breaks_off_or_hangs_is_an_error() {
    let Some(server) = SqlServer::new() else { return };
    breaks_and_hangs(&server.place(), |port| server.by_way_of(port), "SELECT id, text FROM many").await;
}

#[tokio::test]
async fn clickhouse_that_breaks_off_or_hangs_is_an_error() {
    let Some(database) = ClickHouse::new() else { return };
    breaks_and_hangs(&database.place(), |port| database.by_way_of(port), NUMBERS).await;
}

async fn is_too_slow(server: &str, by_way_of: impl Fn(u16) -> Connection, sql: &str) {
    let port = proxy(server.to_owned(), Answers::Slow(2_000), Arc::default()).await;
    let mut connection = by_way_of(port);
    connection.limits = Limits { time: Duration::from_millis(1500), ..Limits::default() };
    let error = ask(&connection, sql, None).await.unwrap_err();
    assert_eq!(error.fault, Fault::Limit, "{error}");
    assert!(error.message.contains("took longer than 1.5 seconds"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_an_error() {
    let database = Postgres::new().await;
    is_too_slow(&database.place(), |port| database.by_way_of(port), SQL).await;
    if let Some(database) = Mariadb::new().await {
        let sql = "SELECT seq AS id, REPEAT('x', 100) AS text FROM seq_1_to_20000";
        is_too_slow(&database.place(), |port| database.by_way_of(port), sql).await;
    }
    if let Some(server) = SqlServer::new() {
        is_too_slow(&server.place(), |port| server.by_way_of(port), "SELECT id, text FROM many").await;
    }
    if let Some(database) = ClickHouse::new() {
        is_too_slow(&database.place(), |port| database.by_way_of(port), NUMBERS).await;
    }
}

/// Something else listens there.
#[tokio::test]
async fn a_server_that_is_none_is_an_error() {
    let database = Postgres::new().await;
    for answer in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0; 64], b"R\xff\xff\xff\xff"] {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = client.write_all(answer).await;
                    let _ = client.read_to_end(&mut Vec::new()).await;
                });
            }
        });
        let remote = Remote { port, host: "localhost".to_owned(), ..database.remote.clone() };
        let kinds = [Server::Postgres, Server::Mysql, Server::SqlServer, Server::ClickHouse];
        for server in kinds.map(|kind| kind(remote.clone())) {
            let connection = Connection { server, limits: hasty() };
            let error = ask(&connection, SQL, None).await.unwrap_err();
            assert!(matches!(error.fault, Fault::Passing | Fault::Limit), "{answer:?}: {error}");
        }
    }
}
