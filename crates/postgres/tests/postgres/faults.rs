//! The connection breaks at every message that is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tidewaiter_engine::ports::ChangeFeed;
use tidewaiter_postgres::{Address, PostgresRecords};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Database, checked, rows};

/// When a connection breaks.
#[derive(Debug, Clone, Copy)]
enum Break {
    /// Before the server gets what was sent.
    Before,
    /// After that, and before anybody hears of it.
    After,
}

/// Stands between a client and the server; the connection that sends message `fatal` breaks. Answers the port.
async fn proxy(server: String, fatal: usize, how: Break, sent: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, sent) = (TcpStream::connect(&server).await.unwrap(), Arc::clone(&sent));
            tokio::spawn(relay(client, server, fatal, how, sent));
        }
    });
    port
}

async fn relay(client: TcpStream, server: TcpStream, fatal: usize, how: Break, sent: Arc<AtomicUsize>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(bytes) = from_client.read(&mut buffer).await {
        if bytes == 0 {
            break;
        }
        let is_fatal = sent.fetch_add(1, Ordering::SeqCst) + 1 == fatal;
        if is_fatal {
            answers.abort();
            if matches!(how, Break::After) {
                let _ = to_server.write_all(&buffer[..bytes]).await;
                // The server does it before it finds that nobody listens.
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            return;
        }
        if to_server.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    answers.abort();
}

fn things(row: &str) -> Value {
    json!({
        "fields": [{ "name": "id" }, { "name": "size", "type": "integer" }, { "name": "lists", "merge": "lists" }],
        "primaryKey": ["id"], "row": row
    })
}

/// Lands three files, each again until it is landed; answers what is in the tables then.
async fn outcome(database: &Database, records: &PostgresRecords, universe: &str) -> Vec<String> {
    let files = [
        checked(1, universe, "things", &things("upsert"), "id;size;lists | a;1;5 | b;2; | c;3;1 2"),
        checked(2, universe, "things", &things("upsert"), "id;size;lists | a;1;5 | b;4;7 | d;5;"),
        checked(3, universe, "things", &things("delete"), "id | c | x"),
    ];
    for file in &files {
        let mut tries = 0;
        while let Err(error) = file.land(records).await {
            assert!(error.is_transient(), "{error}");
            tries += 1;
            assert!(tries < 5, "{error}");
        }
    }
    let client = database.client().await;
    let mut found = Vec::new();
    for sql in [
        "SELECT t.id, t.size, t.lists, r.import, t._line, t._earlier IS NULL FROM U.things t JOIN U._runs r ON r.id = t._run ORDER BY 1",
        "SELECT id, list FROM U.things_lists ORDER BY 1, 2",
        "SELECT first, count FROM U._changes ORDER BY first",
        "SELECT import, share, number, answer FROM U._applied ORDER BY 1, 2, 3",
    ] {
        found.extend(rows(&client, &sql.replace("U.", &format!("{universe}."))).await);
    }
    // The connection that breaks is that of the landings.
    let changes = database.records().changes(universe, 0, 1_000).await.unwrap().changes;
    found.extend(
        changes.iter().map(|one| format!("{} {:?} {} {:?}", one.line, one.operation, one.key, one.values)),
    );
    found
}

#[tokio::test]
async fn a_file_is_landed_once_wherever_the_connection_breaks() {
    let database = Database::new().await;
    let expected = outcome(&database, &database.records(), "plain").await;
    assert_eq!(expected.len(), 3 + 2 + 3 + 6 + 3, "{expected:#?}");
    for how in [Break::Before, Break::After] {
        let mut broken = 0;
        for fatal in 1.. {
            let sent = Arc::new(AtomicUsize::new(0));
            let port = proxy(database.server().to_owned(), fatal, how, Arc::clone(&sent)).await;
            let address = Address::parse(&database.by_way_of(port, "sslmode=disable"), None).unwrap();
            let records = PostgresRecords::new(address);
            let universe = format!("{how:?}_{fatal}").to_lowercase();
            let found = outcome(&database, &records, &universe).await;
            assert_eq!(found, expected, "{how:?} message {fatal}");
            if sent.load(Ordering::SeqCst) < fatal {
                break;
            }
            broken += 1;
        }
        assert!(broken > 30, "{broken} messages");
    }
}
