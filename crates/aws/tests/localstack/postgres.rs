//! Records in PostgreSQL, on a server of this machine: what comes of files is what comes of them elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidewaiter::keys::Repository;
use tidewaiter::report::Outcome;
use tidewaiter_aws::{Database, LoginPlace, RecordsTable, SecretLogin, StackRecords};
use tidewaiter_connect::{Connection, Limits, Protection, Remote, Server};
use tidewaiter_engine::Error;
use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{ConnectionError, Connections, ImportRun, Message, Progress, Records};
use tidewaiter_postgres::Address;
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{localstack, postgres};
use tokio_postgres::{Client, NoTls};

use crate::cloud::{Cloud, Step};
use crate::operator::tidewaiter;
use crate::proxy::{Proxy, Round, When};
use crate::stack::Stack;
use crate::support::{Moment, config, table};
use crate::{deployed, golden, killed};

const CONFIGURATION: &str =
    r#"{ "acme": { "contacts": { "crm": {} } }, "settings": { "settle_seconds": 0 } }"#;

/// A database of its own, with a role that owns what is in it.
pub(crate) struct TestDatabase {
    name: String,
}

impl TestDatabase {
    pub(crate) async fn new() -> Self {
        let name = localstack::unique("tw").replace('-', "_");
        let client = client(postgres::address()).await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self { name }
    }

    /// The address for a user, or for the one who owns the server.
    fn text(&self, user: Option<&str>) -> String {
        let (server, _) = postgres::address().rsplit_once('/').unwrap();
        let (_, host) = server.split_once('@').unwrap();
        match user {
            Some(user) => format!("postgresql://{user}@{host}/{}?sslmode=disable", self.name),
            None => format!("{server}/{}?sslmode=disable", self.name),
        }
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.text(None), None).unwrap()
    }

    async fn client(&self) -> Client {
        client(&self.text(None)).await
    }

    /// The connection `shop` to it, for every repository.
    pub(crate) fn connections(&self) -> TestConnections {
        let place = self.place();
        let remote = Remote {
            host: place.host,
            port: place.port,
            database: self.name.clone(),
            protection: Protection::None,
            login: tidewaiter_connect::Login { user: place.user, password: None },
        };
        TestConnections(Some(Connection { server: Server::Postgres(remote), limits: Limits::default() }))
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        let text = self.text(None);
        let (user, rest) = text.trim_start_matches("postgresql://").split_once('@').unwrap();
        let (server, _) = rest.split_once('/').unwrap();
        let (host, port) = server.rsplit_once(':').unwrap();
        Place {
            user: user.to_owned(),
            host: host.to_owned(),
            port: port.parse().unwrap(),
            database: self.name.clone(),
        }
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.unwrap();
    }

    /// Ends all connections but its own.
    async fn disconnect(&self) {
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    }

    /// Removes all records.
    pub(crate) async fn clear(&self) {
        let client = self.client().await;
        let schemas = "SELECT quote_ident(schema) FROM tidewaiter.universes UNION SELECT 'tidewaiter'";
        for schema in client.query(schemas, &[]).await.unwrap() {
            let schema: &str = schema.get(0);
            client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
        }
        // A process that knows the tables is to look for them again.
        self.disconnect().await;
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// Where a database is, and who logs in.
pub(crate) struct Place {
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
}

/// The connection `shop`, if there is one.
#[derive(Clone, Default)]
pub(crate) struct TestConnections(Option<Connection>);

impl Connections for TestConnections {
    type Source = Connection;

    async fn max_reads(
        &self,
        name: &str,
        repository: &Repository,
    ) -> std::result::Result<u32, ConnectionError> {
        self.connection(name, repository).await.map(|_| 1)
    }

    async fn connection(
        &self,
        name: &str,
        repository: &Repository,
    ) -> std::result::Result<Connection, ConnectionError> {
        let found = self.0.clone().filter(|_| name == "shop");
        found.ok_or_else(|| ConnectionError::unknown(name, repository, []))
    }
}

async fn client(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn cloud() -> Cloud {
    Cloud::new().await.with_records_in(Arc::new(TestDatabase::new().await))
}

/// Every third case, or those that are asked for: each case makes its tables, and the property tests compare the stores.
#[test]
fn golden_drops_give_the_same_with_records_in_postgres() {
    let step = if std::env::var("GOLDEN").is_ok() { 1 } else { 3 };
    golden::judge_all(golden::cases().into_iter().step_by(step).collect(), cloud);
}

#[test]
fn a_function_that_is_killed_at_any_request_lands_once_in_postgres() {
    killed::kill_quietly();
    for moment in [Moment::Before, Moment::After] {
        let kills = killed::judge("group-all-or-nothing", moment, cloud);
        println!("killed {kills} times {moment:?}");
        assert!(kills > 20, "{kills} kills");
    }
}

/// Files of several batches.
fn many_lines() -> Vec<u8> {
    let mut csv = "email;firstname\n".to_owned();
    for n in 0..25_000 {
        let _ = writeln!(csv, "c{n}@example.org;Ada");
    }
    csv.into_bytes()
}

/// The file is landed as a whole. Where no invocation has time for that, it is not landed at all, and its sender is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_too_long_has_an_outcome_after_two_tries() {
    let database = Arc::new(TestDatabase::new().await);
    let cloud = Cloud::new().await.with_records_in(Arc::clone(&database)).hurried(1);
    cloud.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
    let name = "acme_contacts_crm_20260101.csv".to_owned();
    for event in cloud.events(&BTreeMap::from([(name.clone(), many_lines())])).await {
        Box::pin(cloud.handle(event)).await.unwrap();
    }
    let mut tries = Vec::new();
    while let Some(message) = cloud.next() {
        if let Message::Work { landed, .. } = &message {
            tries.push(*landed);
        }
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    assert_eq!(tries, [0, 1], "the second one had nothing to check");
    cloud.note_ids().await;
    let tree = cloud.tree().await;
    assert!(tree.contains_key(&format!("notprocessed/{PARTNER}/{name}")), "{:?}", tree.keys());
    let log = String::from_utf8_lossy(&tree[&format!("logs/{PARTNER}/{name}.log")]);
    for said in ["takes longer than one process of this deployment may take", "files of at most 8,000 lines"]
    {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert!(!log.contains("may be records"), "{log}");
    assert_eq!(cloud.records().counts().await.unwrap(), [], "nothing of it is a record");
    assert_eq!(database.count("SELECT count(*) FROM acme._applied").await, 0);
    assert_eq!(database.count("SELECT count(*) FROM tidewaiter.closed").await, 1);
}

/// A worker that stopped after it closed the run is followed by one that says the same, and moves the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_closed_while_it_is_still_there_takes_too_long() {
    let cloud = cloud().await;
    cloud.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
    let name = "acme_contacts_crm_20260101.csv".to_owned();
    let content = b"email\na@example.org\n".to_vec();
    for event in cloud.events(&BTreeMap::from([(name.clone(), content)])).await {
        Box::pin(cloud.handle(event)).await.unwrap();
    }
    while let Some(message) = cloud.next() {
        if let Message::Work { import, .. } = &message {
            assert!(!cloud.records().close("acme", *import, 1).await.unwrap());
        }
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
    }
    cloud.note_ids().await;
    let tree = cloud.tree().await;
    assert!(tree.contains_key(&format!("notprocessed/{PARTNER}/{name}")), "{:?}", tree.keys());
    let log = String::from_utf8_lossy(&tree[&format!("logs/{PARTNER}/{name}.log")]);
    assert!(log.contains("split it into smaller files"), "{log}");
}

/// Some files would change these records, and others those.
#[tokio::test(flavor = "multi_thread")]
async fn records_are_not_kept_in_two_places() {
    let elsewhere = Cloud::new().await;
    elsewhere.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
    let file = |day| (format!("acme_contacts_crm_202601{day}.csv"), b"email\na@example.org\n".to_vec());
    elsewhere.deliver(&BTreeMap::from([file("01")])).await;
    let database = Arc::new(TestDatabase::new().await);
    let moved = elsewhere.with_records_in(database);
    for event in moved.events(&BTreeMap::from([file("02")])).await {
        Box::pin(moved.handle(event)).await.unwrap();
    }
    let mut refused = Vec::new();
    while let Some(message) = moved.next() {
        if let Err(error) = Box::pin(moved.handle(Step::Message(message))).await {
            refused.push(error);
        }
    }
    let [Error::Refused { reason, .. }] = refused.as_slice() else { panic!("{refused:?}") };
    assert!(reason.contains("the table of this stack holds records"), "{reason}");
}

/// A secret with this text; its ARN.
async fn secret(text: &str) -> String {
    let client = aws_sdk_secretsmanager::Client::new(&config().await);
    let created = client.create_secret().name(localstack::unique("login")).secret_string(text);
    created.send().await.unwrap().arn.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_login_needs_an_operator() {
    let config = config().await;
    let cloud = Cloud::new().await;
    cloud.put("trust/bundle.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").await;
    let place = |secret: &str, key: &str| LoginPlace {
        secret: secret.to_owned(),
        database: Some("127.0.0.1:1/records".to_owned()),
        certificates: Some((cloud.bucket_name().to_owned(), key.to_owned())),
    };
    let good = secret(r#"{ "username": "tidewaiter", "password": "geheim" }"#).await;
    let bad = secret("{ \"username\": \"geheim\" }").await;
    for (place, said) in [
        (place(&bad, "trust/bundle.pem"), "names no password"),
        (place(&good.replace("secret:", "secret:no-"), "trust/bundle.pem"), "ResourceNotFoundException"),
        (place(&good, "trust/other.pem"), "the object trust/other.pem"),
        (place(&good, "trust/bundle.pem"), "the certificates to trust"),
    ] {
        let (client, name) = table().await;
        let login = Arc::new(SecretLogin::new(&config, place));
        let records = StackRecords::Postgres(Database::new(login, RecordsTable::new(client, &name)));
        let error = records.counts().await.unwrap_err();
        assert!(!error.is_transient() && error.to_string().contains(said), "{said}: {error}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}

fn outcome(run: &ImportRun) -> Option<Outcome> {
    match &run.progress {
        Progress::Done(conclusion) => Some(conclusion.outcome),
        _ => None,
    }
}

/// The functions themselves: golden drops, a login that changes under them, and what an operator sees of the stack.
#[test]
fn the_functions_keep_records_in_postgres_while_its_login_is_rotated() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (database, users) = runtime.block_on(async {
        let database = Arc::new(TestDatabase::new().await);
        let users = [1, 2, 3].map(|n| format!("{}_{n}", database.name));
        database.run(&format!("CREATE ROLE {} LOGIN", users[0])).await;
        database.run(&format!("GRANT CREATE ON DATABASE {} TO {}", database.name, users[0])).await;
        (database, users)
    });
    let arn = runtime.block_on(secret(&database.text(Some(&users[0]))));
    let more = [("ConfigurationCacheSeconds", "0"), ("MaxReceiveCount", "5")];
    let mut stack = runtime.block_on(Stack::in_postgres(Arc::clone(&database), &arn, &more));
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    deployed::judge(&runtime, &stack, &all.join("clean-day"));
    runtime.block_on(stack.clear());
    runtime.block_on(async {
        stack.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
        let secrets = aws_sdk_secretsmanager::Client::new(&config().await);
        let file = |day: usize| {
            let content = format!("email\nc{day}@example.org\nbad\n");
            BTreeMap::from([(format!("acme_contacts_crm_2026010{day}.csv"), content.into_bytes())])
        };
        stack.deliver(&file(1)).await;
        // The user has another name from now on, as the secret says.
        database.run(&format!("ALTER ROLE {} RENAME TO {}", users[0], users[1])).await;
        let text = database.text(Some(&users[1]));
        secrets.put_secret_value().secret_id(&arn).secret_string(text).send().await.unwrap();
        database.disconnect().await;
        stack.deliver(&file(2)).await;
        // And once more, as the secret is about to say.
        database.run(&format!("ALTER ROLE {} RENAME TO {}", users[1], users[2])).await;
        let pending =
            secrets.put_secret_value().secret_id(&arn).secret_string(database.text(Some(&users[2])));
        pending.version_stages("AWSPENDING").send().await.unwrap();
        database.disconnect().await;
        stack.deliver(&file(3)).await;
        let history = stack.history().await;
        assert!(history.iter().all(|run| outcome(run) == Some(Outcome::Imported)), "{history:#?}");
        assert_eq!(database.count("SELECT count(*) FROM acme.contacts").await, 3);
        for queue in ["Unpack", "Sequence", "Validate", "Report"] {
            assert_eq!(
                stack.messages(&format!("{queue}DeadLettersUrl")).await,
                0,
                "{}",
                stack.dead_letters().await
            );
        }
        let bucket = format!("s3://{}", stack.bucket.name);
        for arguments in [vec!["records", &bucket], vec!["records", &bucket, "contacts"]] {
            let answer = tidewaiter(&arguments);
            assert_eq!(answer.code, 2, "{answer:?}");
            for said in ["are in PostgreSQL", "docs/postgres.md"] {
                assert!(answer.err.contains(said), "{answer:?}");
            }
        }
        for command in ["status", "history"] {
            let answer = tidewaiter(&[command, &bucket]);
            assert_eq!(answer.code, 0, "{answer:?}");
        }
        let answer = tidewaiter(&["explain", &bucket, "acme_contacts_crm_20260103.csv"]);
        assert!(answer.code == 0 && answer.out.contains("imported"), "{answer:?}");
    });
}

/// Validate is killed, as a process, before and after requests that it makes; and its database is gone for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_function_lands_once_in_postgres() {
    let database = Arc::new(TestDatabase::new().await);
    let arn = secret(&database.text(None)).await;
    let proxy = Proxy::new();
    let endpoint = proxy.endpoint();
    let more = [
        ("validate.AWS_ENDPOINT_URL", endpoint.as_str()),
        ("WorkVisibilitySeconds", "5"),
        ("MessageVisibilitySeconds", "5"),
        ("MaxReceiveCount", "100"),
    ];
    let configuration = r#"{ "acme": { "contacts": { "crm": {} }, "cardcode": { "crm": {} }, "creditpoints": { "crm": {} } },
        "settings": { "settle_seconds": 0 } }"#;
    let stack = Stack::in_postgres(Arc::clone(&database), &arn, &more).await;
    stack.put(&format!("config/{PARTNER}/acme.json"), configuration.as_bytes()).await;
    // Points are added: a line that is landed twice would show.
    let cards = b"card_code;contact\n0000000000001;card@example.org\n".to_vec();
    let contacts = b"email\ncard@example.org\n".to_vec();
    stack.deliver(&BTreeMap::from([("acme_contacts_crm_20260101.csv".to_owned(), contacts)])).await;
    stack.deliver(&BTreeMap::from([("acme_cardcode_crm_20260101.csv".to_owned(), cards)])).await;
    let round = |when| Round { when, from: 1, to: 13, step: 3 };
    proxy.kill(&[round(When::After), round(When::Before)]);
    for day in 1..=9 {
        let points = b"card_code;points\n0000000000001;1\n0000000000001;1\n".to_vec();
        stack.drop_all(&BTreeMap::from([(format!("acme_creditpoints_crm_2026010{day}.csv"), points)])).await;
        if day == 5 {
            database.disconnect().await;
        }
    }
    // What a function was about to ask for when it died, a reconciliation asks for: also of files that others have in hand.
    tokio::select! {
        () = stack.come_to_rest(Duration::from_mins(10)) => {}
        () = stack.poked_every(Duration::from_secs(5)) => {}
    }
    let (_, kills) = proxy.kills();
    assert!(kills.len() > 3, "{kills:?}");
    println!("killed {} times at {:?}", kills.len(), kills.iter().collect::<BTreeSet<_>>());
    let history = stack.history().await;
    assert!(history.iter().all(|run| outcome(run) == Some(Outcome::Imported)), "{history:#?}");
    let cards = stack.records.scan("cardcode", None, 10).await.unwrap();
    let [card] = cards.as_slice() else { panic!("{cards:?}") };
    assert!(card.record.values.values().any(|value| value.text == "18"), "{card:?}");
    assert_eq!(stack.messages("ValidateDeadLettersUrl").await, 0, "{}", stack.dead_letters().await);
}
