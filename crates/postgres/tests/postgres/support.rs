//! A database for each test, and a client that is none of ours.

use std::sync::Arc;

use serde_json::{Value, json};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::config::Config;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Effect, Layout, Plan, Reader};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Answer, Batch, BatchNumber, Cargo, Landing, Records};
use tidewaiter_postgres::{Address, PostgresLanding, PostgresRecords};
use tidewaiter_tests::postgres;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A database of its own.
pub(crate) struct Database {
    address: String,
}

impl Database {
    /// An empty database.
    pub(crate) async fn new() -> Self {
        let (server, name) = (postgres::address(), unique("test"));
        let (base, _) = server.rsplit_once('/').unwrap();
        client(server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self { address: format!("{base}/{name}") }
    }

    /// The address for a user.
    pub(crate) fn address_of(&self, user: &str) -> Address {
        let (_, host) = self.address.split_once('@').unwrap();
        Address::parse(&format!("postgresql://{user}@{host}?sslmode=disable"), None).unwrap()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.address.rsplit_once('/').unwrap().1
    }

    /// The address for connections with TLS.
    pub(crate) fn protected(&self) -> Address {
        Address::parse(&self.address, None).unwrap()
    }

    /// The host and port of the server.
    pub(crate) fn server(&self) -> &str {
        self.address.split_once('@').unwrap().1.split_once('/').unwrap().0
    }

    /// The address by way of another port of this machine.
    pub(crate) fn by_way_of(&self, port: u16, parameters: &str) -> String {
        let (_, user) = self.address.split_once("//").unwrap();
        let (user, _) = user.split_once('@').unwrap();
        format!("postgresql://{user}@localhost:{port}/{}?{parameters}", self.name())
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&format!("{}?sslmode=disable", self.address), None).unwrap()
    }

    /// The records there, as a process of their own has them.
    pub(crate) fn records(&self) -> PostgresRecords {
        PostgresRecords::new(self.address())
    }

    /// A plain client.
    pub(crate) async fn client(&self) -> Client {
        client(&self.address).await
    }
}

/// A name that nobody else has.
pub(crate) fn unique(prefix: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{prefix}_{:016x}", RandomState::new().hash_one(prefix))
}

async fn client(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A file that was checked: its good lines, and what they do.
pub(crate) struct CheckedFile {
    universe: String,
    pub(crate) import: ImportId,
    plan: Arc<Plan>,
    layout: Layout,
    changes: Arc<Vec<Change>>,
}

struct Collected {
    reader: Reader,
    changes: Vec<Change>,
}

impl Sink for Collected {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.changes.push(self.reader.change(line));
    }

    fn rejected(&mut self, raw: &[u8]) {
        panic!("rejected: {}", String::from_utf8_lossy(raw));
    }
}

/// Checks a file with the import `plain` of a scope. Lines are separated by ` | ` here.
pub(crate) fn checked(number: u32, universe: &str, scope: &str, schema: &Value, csv: &str) -> CheckedFile {
    checked_with(&json!({}), number, universe, scope, schema, csv)
}

/// The same with the options of an import.
pub(crate) fn checked_with(
    options: &Value,
    number: u32,
    universe: &str,
    scope: &str,
    schema: &Value,
    csv: &str,
) -> CheckedFile {
    let document = json!({ universe: { scope: { "plain": options } }, "scopes": { scope: schema } });
    let config = Config::parse(universe, document.to_string().as_bytes()).unwrap();
    let compiled = config.scope(scope).unwrap();
    let options = config.subsection(scope, "plain").unwrap();
    let plan = Arc::new(Plan::new(Arc::clone(compiled), config.scopes(), options));
    let import = ImportId::new(Timestamp::from_second(1_790_000_000 + i64::from(number)).unwrap(), 1);
    let mut collected = Collected { reader: Reader::new(Arc::clone(&plan), import), changes: Vec::new() };
    let mut checker = Checker::new(Arc::clone(compiled), Dialect::default(), Limits::default());
    checker.feed(csv.replace(" | ", "\n").as_bytes(), &mut collected);
    let summary = checker.finish(&mut collected);
    assert!(!summary.bogus, "{:?}", summary.findings);
    let layout = collected.reader.layout().clone();
    let universe = universe.to_owned();
    CheckedFile { universe, import, plan, layout, changes: Arc::new(collected.changes) }
}

impl CheckedFile {
    pub(crate) async fn begin(&self, records: &PostgresRecords) -> Result<PostgresLanding> {
        let (universe, import, plan) = (self.universe.as_str(), self.import, &self.plan);
        let cargo = Cargo { universe, import, file: "file.csv", bytes: 0, plan };
        records.begin(cargo).await
    }

    /// Lands all lines as one batch.
    pub(crate) async fn apply(&self, landing: &PostgresLanding, batch: u64) -> Result<Vec<Effect>> {
        let batch = Batch {
            universe: &self.universe,
            import: self.import,
            number: BatchNumber { share: 0, batch },
            is_again: false,
            plan: &self.plan,
            layout: &self.layout,
            changes: &self.changes,
        };
        match landing.apply(&batch).await? {
            Answer::Landed(applied) => Ok(applied.effects().cloned().collect()),
            Answer::PutOff => panic!("PostgreSQL puts nothing off"),
        }
    }

    /// Lands the file.
    pub(crate) async fn land(&self, records: &PostgresRecords) -> Result<Vec<Effect>> {
        let landing = self.begin(records).await?;
        let effects = self.apply(&landing, 0).await?;
        landing.keep().await?;
        Ok(effects)
    }
}

/// The rows that a query answers, each as one text: its values as PostgreSQL prints them, `-` for NULL.
pub(crate) async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap();
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<&str> = (0..row.len()).map(|at| row.get(at).unwrap_or("-")).collect();
            Some(values.join(" "))
        }
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}
