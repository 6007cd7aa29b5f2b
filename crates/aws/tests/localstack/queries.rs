//! Queries of imports, read from a PostgreSQL of this machine: what lands is what the table holds, each row once.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::report::Outcome;
use tidewaiter::run::Why;
use tidewaiter_engine::capabilities::{Clock, HasQueries, HasRecords, HasState, Reader};
use tidewaiter_engine::fetch::{self, Fetch};
use tidewaiter_engine::ports::{
    Claim, Definition, ImportRun, Message, Phase, Progress, QueryState, QueryStates, ReadEnd, Records,
};
use tidewaiter_tests::localstack;
use tidewaiter_tests::world::PARTNER;

use crate::cloud::{Cloud, Step};
use crate::killed::{carry_out, kill_quietly};
use crate::operator::tidewaiter;
use crate::postgres::TestDatabase;
use crate::stack::Stack;
use crate::support::{Moment, Requests, config};

fn partner() -> Repository {
    PARTNER.parse().unwrap()
}

fn meter() -> Entry {
    Entry::new("acme", "readings", "meter")
}

/// A configuration whose query is read as soon as it is new; in parts of so many rows.
fn configuration(part: u32, query: &str) -> String {
    format!(
        r#"{{ "acme": {{ "readings": {{ "meter": {{ "query": {{ "connection": "shop",
            "sql": "SELECT id, value FROM readings WHERE id > {{lastItem}} ORDER BY id LIMIT {part}",
            "last_item": {{ "column": "id", "start": 0 }}, "run_on_change": true {query} }} }} }} }},
            "scopes": {{ "readings": {{ "fields": [{{ "name": "id", "type": "integer" }}, {{ "name": "value" }}],
                "primaryKey": ["id"] }} }},
            "settings": {{ "settle_seconds": 0 }} }}"#
    )
}

async fn readings(rows: u32) -> TestDatabase {
    let database = TestDatabase::new().await;
    let sql = format!(
        "CREATE TABLE readings (id bigint PRIMARY KEY, value text);
         INSERT INTO readings SELECT n, 'v' || n FROM generate_series(1, {rows}) n"
    );
    database.run(&sql).await;
    database
}

async fn cloud(database: &TestDatabase, read_seconds: u32, configuration: &str) -> Cloud {
    let cloud = Cloud::new().await.reading(database, read_seconds);
    cloud.put(&format!("config/{PARTNER}/acme.json"), configuration.as_bytes()).await;
    cloud
}

async fn state(cloud: &Cloud) -> QueryState {
    cloud.queries().query(&partner(), &meter()).await.unwrap().unwrap().0
}

/// Asks for what is due, as each tick does, and handles what comes of it, until nothing comes.
async fn come_to_rest(cloud: &Cloud) {
    loop {
        fetch::ask(cloud, &partner()).await.unwrap();
        let Some(message) = cloud.next() else { return };
        Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
        while let Some(message) = cloud.next() {
            Box::pin(cloud.handle(Step::Message(message))).await.unwrap();
        }
    }
}

async fn outcomes(cloud: &Cloud) -> Vec<(Outcome, u64)> {
    let mut history = cloud.history().await;
    history.sort_by_key(|run| run.id);
    history.iter().map(ended).collect()
}

fn ended(run: &ImportRun) -> (Outcome, u64) {
    let Progress::Done(conclusion) = &run.progress else { panic!("{run:?}") };
    (conclusion.outcome, conclusion.counts.read)
}

/// The records that there are, as `id=value`.
async fn records(cloud: &Cloud) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for record in cloud.records().scan("readings", None, 100_000).await.unwrap() {
        found.push(record.key.clone());
    }
    found.sort();
    found
}

fn last(state: &QueryState) -> Option<&str> {
    state.position.last.as_ref().map(|last| last.text.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_read_in_parts_and_lands_like_any_file() {
    let database = readings(5).await;
    let cloud = cloud(&database, 900, &configuration(2, r#", "repeat": "until_empty""#)).await;
    come_to_rest(&cloud).await;
    let imported = |rows| (Outcome::Imported, rows);
    assert_eq!(outcomes(&cloud).await, [imported(2), imported(2), imported(1)]);
    assert_eq!(records(&cloud).await.len(), 5);
    cloud.note_ids().await;
    let tree = cloud.tree().await;
    let keys: Vec<&String> = tree.keys().collect();
    assert_eq!(keys.iter().filter(|key| key.starts_with("archives/")).count(), 3, "{keys:?}");
    assert!(!keys.iter().any(|key| key.starts_with("fetched/")), "{keys:?}");
    let state = state(&cloud).await;
    assert_eq!((last(&state), &state.phase), (Some("5"), &Phase::Idle));
    // Nothing is read twice, and what is new later is read when a person asks.
    database.run("INSERT INTO readings VALUES (6, 'v6')").await;
    come_to_rest(&cloud).await;
    assert_eq!(outcomes(&cloud).await.len(), 3, "it is not due");
    let (mut asked, version) = cloud.queries().query(&partner(), &meter()).await.unwrap().unwrap();
    asked.asked = Some("ada".to_owned());
    assert!(cloud.queries().put_query(&partner(), &meter(), &asked, version).await.unwrap());
    come_to_rest(&cloud).await;
    assert_eq!(outcomes(&cloud).await.last(), Some(&imported(1)));
    assert_eq!(records(&cloud).await.len(), 6);
    assert_eq!(cloud.state().repositories_with_queries().await.unwrap(), [partner()]);
}

#[test]
fn a_read_that_is_killed_at_any_request_reads_each_row_once() {
    kill_quietly();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for moment in [Moment::Before, Moment::After] {
        let database = runtime.block_on(readings(3));
        let configuration = configuration(2, r#", "repeat": "until_empty""#);
        let cloud = runtime.block_on(cloud(&database, 0, &configuration));
        let (mut kills, mut seen) = (0, HashSet::new());
        loop {
            runtime.block_on(fetch::ask(&cloud, &partner())).unwrap();
            let Some(mut message) = cloud.next() else { break };
            loop {
                // A query is read again and again by the same message. Any other one that came before comes because a process
                // died: it is handled and not killed, or there would be ever more of them.
                let step = Step::Message(message);
                if matches!(step, Step::Message(Message::Fetch { .. })) || seen.insert(format!("{step:?}")) {
                    kills += carry_out(&runtime, &cloud, &step, moment);
                } else {
                    runtime.block_on(cloud.handle(step)).unwrap();
                }
                let Some(next) = cloud.next() else { break };
                message = next;
            }
        }
        println!("queries: killed {kills} times {moment:?}");
        assert!(kills > 20, "{kills} kills");
        let read = runtime.block_on(outcomes(&cloud));
        assert_eq!(read, [(Outcome::Imported, 2), (Outcome::Imported, 1)], "{moment:?}");
        assert_eq!(runtime.block_on(records(&cloud)).len(), 3);
        let state = runtime.block_on(state(&cloud));
        assert_eq!((last(&state), &state.phase), (Some("3"), &Phase::Idle));
        let ends: Vec<&ReadEnd> = state.ended.iter().map(|ended| &ended.end).collect();
        assert_eq!(ends, [&ReadEnd::File, &ReadEnd::File, &ReadEnd::Nothing], "{moment:?}");
        let tree = runtime.block_on(cloud.tree());
        assert!(!tree.keys().any(|key| key.starts_with("fetched/")), "{:?}", tree.keys());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_at_once_read_once() {
    let database = readings(4).await;
    let cloud = cloud(&database, 900, &configuration(100, "")).await;
    let other = cloud.other();
    let (repository, entry) = (partner(), meter());
    let (one, two) =
        tokio::join!(fetch::fetch(&cloud, &repository, &entry), fetch::fetch(&other, &repository, &entry));
    let mut done = [one.unwrap(), two.unwrap()];
    done.sort_by_key(|done| *done == Fetch::Idle);
    assert_eq!(done, [Fetch::Registered, Fetch::Idle]);
    come_to_rest(&cloud).await;
    assert_eq!(outcomes(&cloud).await, [(Outcome::Imported, 4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_a_process_that_was_stopped_is_taken_up_when_its_time_is_over() {
    let database = readings(2).await;
    let cloud = cloud(&database, 1, &configuration(100, "")).await;
    let (repository, entry) = (partner(), meter());
    // It claims, and is stopped: nothing else of it is there.
    let holder = cloud.other();
    let (now, until) = (cloud.now(), cloud.now() + Duration::from_secs(1));
    let mut claimed = QueryState::new(now);
    let run = holder.new_run();
    let claim = Claim { run, holder: "stopped", now, until };
    let definition = Definition { hash: "", column: Some("id") };
    claimed.claim(Why::Changed, definition, claim);
    assert!(cloud.queries().put_query(&repository, &entry, &claimed, 0).await.unwrap());
    assert_eq!(
        Box::pin(fetch::fetch(&cloud, &repository, &entry)).await.unwrap(),
        Fetch::Idle,
        "it may still read"
    );
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(Box::pin(fetch::fetch(&cloud, &repository, &entry)).await.unwrap(), Fetch::Registered);
    assert_eq!(cloud.history().await.first().map(|found| found.id), Some(run), "it is the same run");
}

/// A file that is refused as a whole is none of those that were imported: its rows come again.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_moves_the_last_item_back() {
    let database = readings(2).await;
    let good = configuration(100, "");
    let bad = good.replace("SELECT id, value", "SELECT id, value, 1 AS unheard_of");
    let cloud = cloud(&database, 900, &bad).await;
    come_to_rest(&cloud).await;
    let refused = outcomes(&cloud).await;
    assert_eq!(refused.iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(), [Outcome::Bogus]);
    let went_back = state(&cloud).await;
    assert_eq!((last(&went_back), &went_back.phase), (None, &Phase::Idle));
    assert_eq!(went_back.ended.last().map(|ended| &ended.end), Some(&ReadEnd::WentBack));
    assert_eq!(records(&cloud).await, Vec::<String>::new());
    cloud.put(&format!("config/{PARTNER}/acme.json"), good.as_bytes()).await;
    come_to_rest(&cloud).await;
    assert_eq!(outcomes(&cloud).await.last(), Some(&(Outcome::Imported, 2)));
    assert_eq!(records(&cloud).await.len(), 2);
}

/// Each invocation has time for one batch of rows: its file ends there, and the next one begins behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_takes_too_long_goes_on_in_the_next_invocation() {
    let database = readings(1).await;
    let mut sql = String::new();
    for _ in 0..8 {
        let _ = write!(
            sql,
            "INSERT INTO readings SELECT m + n, repeat('x', 400)
             FROM (SELECT max(id) m FROM readings) a, generate_series(1, 1000) n;"
        );
    }
    database.run(&sql).await;
    let cloud = cloud(&database, 900, &configuration(100_000, "")).await.hurried_reads();
    come_to_rest(&cloud).await;
    let read = outcomes(&cloud).await;
    assert!(read.len() > 1, "{read:?}");
    assert!(read.iter().all(|(outcome, _)| *outcome == Outcome::Imported), "{read:?}");
    assert_eq!(read.iter().map(|(_, rows)| rows).sum::<u64>(), 8_001, "each row once");
    assert_eq!(last(&state(&cloud).await), Some("8001"));
}

/// A database that does not answer before the invocation ends is told, and the function is not killed by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_in_time_is_a_failed_read() {
    let database = readings(2).await;
    let slow =
        configuration(100, "").replace("SELECT id, value", "SELECT id, value || pg_sleep(60)::text AS value");
    let cloud = cloud(&database, 900, &slow).await.stopped_after(Duration::from_secs(2));
    let begun = std::time::Instant::now();
    assert_eq!(Box::pin(fetch::fetch(&cloud, &partner(), &meter())).await.unwrap(), Fetch::Failed);
    assert!(begun.elapsed() < Duration::from_secs(20));
    let failed = state(&cloud).await;
    let Some(ReadEnd::Failed(trouble)) = failed.ended.last().map(|ended| &ended.end) else {
        panic!("{failed:?}")
    };
    assert!(trouble.message.contains("within the time of a function"), "{trouble:?}");
}

/// What fetch asks of AWS is what its role allows, and no more: the template names these.
#[tokio::test(flavor = "multi_thread")]
async fn fetch_asks_for_what_its_role_allows() {
    let database = readings(3).await;
    let requests = Requests::default();
    let cloud = Cloud::counted(&requests, Duration::ZERO).await.reading(&database, 900);
    cloud.put(&format!("config/{PARTNER}/acme.json"), configuration(2, "").as_bytes()).await;
    requests.take();
    let message = Message::Fetch { repository: partner(), entry: meter() };
    cloud.handle(Step::Message(message)).await.unwrap();
    let asked: BTreeMap<_, _> = requests.take();
    println!("a read asks for {asked:?}");
    let allowed = [
        ("DynamoDB", "GetItem"),
        ("DynamoDB", "PutItem"),
        ("DynamoDB", "TransactWriteItems"),
        ("S3", "GetObject"),
        ("S3", "ListObjectsV2"),
        ("S3", "PutObject"),
        ("SQS", "SendMessage"),
    ];
    for (service, operation) in asked.keys() {
        assert!(allowed.contains(&(service.as_str(), operation.as_str())), "{service} {operation}");
    }
}

/// The functions themselves: a query that is new, one that a person asks for, and what is due when the schedule looks.
#[tokio::test(flavor = "multi_thread")]
async fn the_functions_read_what_is_new_what_is_asked_for_and_what_is_due() {
    let database = readings(3).await;
    let place = database.place();
    let connections = serde_json::json!({ "shop": {
        "engine": "postgres", "host": place.host, "port": place.port, "database": place.database, "tls": false,
        "user": place.user, "repositories": [PARTNER],
    } });
    let secrets = aws_sdk_secretsmanager::Client::new(&config().await);
    let secret = secrets.create_secret().name(localstack::unique("connections"));
    let arn = secret.secret_string(connections.to_string()).send().await.unwrap().arn.unwrap();
    let more = [("ConnectionsSecretArn", arn.as_str()), ("ConfigurationCacheSeconds", "0")];
    let stack = Stack::with(&more).await;
    stack
        .put(
            &format!("config/{PARTNER}/acme.json"),
            configuration(2, r#", "repeat": "until_empty""#).as_bytes(),
        )
        .await;
    // A query that is new is found by the reconciliation.
    stack.scheduled(r#"{"reconcile":{}}"#);
    stack.ended(2).await;
    let rows = || async { stack.records.scan("readings", None, 100).await.unwrap().len() };
    assert_eq!(rows().await, 3);
    let keys: Vec<String> = stack.tree().await.into_keys().collect();
    assert!(!keys.iter().any(|key| key.starts_with("fetched/")), "{keys:?}");

    let address = format!("s3://{}/{PARTNER}", stack.bucket.name);
    database.run("INSERT INTO readings VALUES (4, 'v4')").await;
    // The read that found nothing new may not be over yet.
    stack.empty("FetchQueueUrl", Duration::from_mins(1)).await;
    let answer = tidewaiter(&["query", "run", &address, "meter"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    stack.ended(3).await;
    assert_eq!(rows().await, 4);
    let answer = tidewaiter(&["query", "status", &address]);
    assert!(answer.code == 0 && answer.out.contains("acme.readings.meter"), "{answer:?}");

    // What the state says is due is found when the schedule looks, without any message.
    database.run("INSERT INTO readings VALUES (5, 'v5')").await;
    stack.empty("FetchQueueUrl", Duration::from_mins(1)).await;
    let (mut asked, version) = stack.state.query(&partner(), &meter()).await.unwrap().unwrap();
    asked.asked = Some("ada".to_owned());
    assert!(stack.state.put_query(&partner(), &meter(), &asked, version).await.unwrap());
    stack.scheduled(r#"{"queries":{}}"#);
    stack.ended(4).await;
    assert_eq!(rows().await, 5);
    let sent: Vec<u64> =
        [stack.messages("FetchDeadLettersUrl").await, stack.messages("SequenceDeadLettersUrl").await].into();
    assert_eq!(sent, [0, 0], "{}", stack.dead_letters().await);

    // What fetch cannot read goes to its dead letters, and back from there.
    let url = &stack.outputs["FetchQueueUrl"];
    stack.sqs.send_message().queue_url(url).message_body("{").send().await.unwrap();
    let begun = std::time::Instant::now();
    while stack.messages("FetchDeadLettersUrl").await == 0 {
        assert!(begun.elapsed() < Duration::from_mins(2));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let answer = tidewaiter(&["replay", &address, "--queue", "fetch", "--dry-run"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let answer =
        tidewaiter(&["replay", &format!("s3://{}", stack.bucket.name), "--queue", "fetch", "--dry-run"]);
    assert!(answer.out.contains("fetch cannot read it"), "{answer:?}");
}
