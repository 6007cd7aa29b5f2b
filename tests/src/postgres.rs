//! A PostgreSQL for the tests of one process: started when the first of them asks, gone with the process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout};
use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::fixture::{Server, server, started};

/// The environment variable with the address of a PostgreSQL that runs already: `postgresql://user@host:port/database`.
/// The user must be allowed to create schemas and roles there.
const GIVEN: &str = "TIDEWAITER_TEST_POSTGRES";
const PROGRAM: &str = "postgres/postgres";
const SCHEME: &str = "postgresql://";

/// The address of a PostgreSQL. It is used by all tests of a process at the same time, and may be used by others: what
/// a test makes there needs a name of its own.
///
/// # Panics
/// If none can be started; `tests/postgres/postgres` has said why.
pub fn address() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let (address, _) = SERVER.get_or_init(|| server(std::env::var(GIVEN).ok(), PROGRAM, SCHEME));
    address
}

/// A database of its own, and a client that is none of ours.
#[derive(Debug)]
pub struct Database {
    address: String,
}

impl Database {
    /// An empty one on the server of this process.
    pub fn new() -> Self {
        Self::on(address())
    }

    /// An empty one on a server.
    pub fn on(server: &str) -> Self {
        use std::hash::{BuildHasher, RandomState};
        let name = format!("test_{:016x}", RandomState::new().hash_one(server));
        ask(server, &format!("CREATE DATABASE {name}"));
        let (base, _) = server.rsplit_once('/').expect("the address names a database");
        Self { address: format!("{base}/{name}?sslmode=disable") }
    }

    /// Its address, as settings name it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The settings of a folder that has its records there.
    pub fn settings(&self) -> String {
        format!("[records]\nengine = \"postgres\"\naddress = \"{}\"\n", self.address)
    }

    /// The rows that a query answers, each as one text: its values as PostgreSQL prints them, `-` for NULL.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        ask(&self.address, sql)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

fn ask(address: &str, sql: &str) -> Vec<String> {
    let runtime = Runtime::new().expect("a runtime can be made");
    let messages = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    });
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<&str> = (0..row.len()).map(|at| row.get(at).unwrap_or("-")).collect();
            Some(values.join(" "))
        }
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

/// A PostgreSQL that a test stops and starts again.
#[derive(Debug)]
pub struct Stoppable {
    address: String,
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Stoppable {
    /// One that runs.
    pub fn new() -> Self {
        let (address, child, answers) = started(PROGRAM, SCHEME);
        Self { address, child, answers }
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stops it as a crash does.
    pub fn stop(&mut self) {
        self.tell("stop", "stopped");
    }

    /// Starts it again, at the same address.
    pub fn start(&mut self) {
        let address = self.address.clone();
        self.tell("start", &address);
    }

    fn tell(&mut self, what: &str, expected: &str) {
        let input = self.child.stdin.as_mut().expect("its input is a pipe");
        writeln!(input, "{what}").expect("it reads its input");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("its output can be read");
        assert_eq!(answer.trim(), expected);
    }
}

impl Default for Stoppable {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
