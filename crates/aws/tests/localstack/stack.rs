//! The template with the real functions, on LocalStack: files are put, and what comes of them is waited for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use tidewaiter::keys::Repository;
use tidewaiter_aws::{Database, RecordsTable, StackRecords, StateTable, clients};
use tidewaiter_engine::ports::{GroupQueue, HistoryFilter, ImportRun, Outbox, RunLedger};
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{Mask, localstack};

use crate::cloud::{masked, note_ids, objects};
use crate::postgres::TestDatabase;
use crate::support::{TestBucket, ask, config};

/// How long files may take to their outcome, on a machine that has other work.
const PATIENCE: Duration = Duration::from_mins(3);

/// One stack at a time in each LocalStack: it has one processor for all that poll it.
static TURNS: LazyLock<Mutex<BTreeMap<&'static str, Turn>>> = LazyLock::new(Mutex::default);

type Turn = Arc<tokio::sync::Mutex<()>>;

/// A deployed stack.
pub(crate) struct Stack {
    pub(crate) bucket: TestBucket,
    pub(crate) state: StateTable,
    pub(crate) records: StackRecords,
    /// Where records are, if not in the table.
    database: Option<Arc<TestDatabase>>,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) outputs: BTreeMap<String, String>,
    /// How many files were dropped.
    dropped: Mutex<usize>,
    /// Import ids in a stable order: that of the deliveries, then of file names.
    seen: Mutex<Vec<String>>,
    tables: aws_sdk_dynamodb::Client,
    /// How many mails were sent before it was cleared.
    mails_before: usize,
    _turn: tokio::sync::OwnedMutexGuard<()>,
}

/// The folder with the programs of the functions and the command, built.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/localstack-…
        let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        // As the tests are built: other features would build everything once more.
        let arguments =
            ["build", "--quiet", "--locked", "--workspace", "--all-features", "--tests", "--bins"];
        let mut build = Command::new(env!("CARGO"));
        build.args(arguments).current_dir(root());
        // What cargo tells this test about itself would make it build once more what depends on that.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
            if !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name.as_str()) {
                build.env_remove(name);
            }
        }
        let status = build.status().unwrap();
        assert!(status.success(), "the functions cannot be built");
        folder
    })
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

impl Stack {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With parameters of the template, and more in the environment of a function: `validate.NAME`.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        // Before there is one to deploy to: building takes the most time, and nobody has to wait for it.
        let programs = programs();
        let turn = Arc::clone(TURNS.lock().unwrap().entry(localstack::endpoint()).or_default());
        let turn = turn.lock_owned().await;
        let deploy = Command::new(root().join("tests/localstack/deploy"))
            .arg(localstack::endpoint())
            .arg(localstack::unique("tw"))
            .arg(programs)
            .args(settings.iter().map(|(name, value)| format!("{name}={value}")))
            .output()
            .unwrap();
        assert!(deploy.status.success(), "{}", String::from_utf8_lossy(&deploy.stderr));
        let outputs: BTreeMap<String, String> = serde_json::from_slice(&deploy.stdout).unwrap();
        let config = config().await;
        let tables = aws_sdk_dynamodb::Client::new(&config);
        Self {
            bucket: TestBucket { client: clients::s3(&config), name: outputs["Bucket"].clone() },
            state: StateTable::new(tables.clone(), &outputs["StateTable"]),
            records: StackRecords::Table(RecordsTable::new(tables.clone(), &outputs["RecordsTable"])),
            database: None,
            tables,
            mails_before: 0,
            sqs: aws_sdk_sqs::Client::new(&config),
            outputs,
            dropped: Mutex::default(),
            seen: Mutex::default(),
            _turn: turn,
        }
    }

    /// With records in a database, to which the secret of an ARN holds the login.
    pub(crate) async fn in_postgres(
        database: Arc<TestDatabase>,
        secret: &str,
        more: &[(&str, &str)],
    ) -> Self {
        let mut settings = vec![("RecordsEngine", "postgres"), ("PostgresSecretArn", secret)];
        settings.extend(more);
        let mut stack = Self::with(&settings).await;
        let table = RecordsTable::new(stack.tables.clone(), &stack.outputs["RecordsTable"]);
        stack.records = StackRecords::Postgres(Database::new(Arc::new(database.address()), table));
        stack.database = Some(database);
        stack
    }

    /// The names of its queues, each of a function.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &'static str> {
        let has_fetch = self.outputs.contains_key("FetchQueueUrl");
        ["Unpack", "Sequence", "Validate", "Report"].into_iter().chain(has_fetch.then_some("Fetch"))
    }

    /// Invokes sequence, as a schedule does.
    pub(crate) fn scheduled(&self, input: &str) {
        let path = format!("/2015-03-31/functions/{}/invocations", self.outputs["SequenceFunction"]);
        let answer = ask("POST", &path, "lambda", input);
        assert_eq!(answer, r#"{"batchItemFailures":[]}"#, "{input}");
    }

    /// Waits until so many import runs have their outcome, in whatever way they came.
    pub(crate) async fn ended(&self, runs: usize) {
        let begun = Instant::now();
        loop {
            let history = self.history().await;
            if history.iter().filter(|run| run.is_done()).count() >= runs {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{history:#?}\n{}", self.dead_letters().await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.come_to_rest(PATIENCE).await;
    }

    pub(crate) async fn put(&self, key: &str, content: &[u8]) {
        let request = self.bucket.client.put_object().bucket(&self.bucket.name).key(key);
        request.body(ByteStream::from(content.to_vec())).send().await.unwrap();
    }

    /// Removes what was landed, so that it is as if it were new to everybody but its functions.
    pub(crate) async fn clear(&mut self) {
        // A message that comes again finds its file as long as it is there.
        for queue in self.queues() {
            self.empty(&format!("{queue}QueueUrl"), PATIENCE).await;
        }
        let TestBucket { client, name } = &self.bucket;
        loop {
            let listed = client.list_object_versions().bucket(name).send().await.unwrap();
            let versions = listed.versions().iter().map(|found| (found.key(), found.version_id()));
            let markers = listed.delete_markers().iter().map(|found| (found.key(), found.version_id()));
            for (key, version) in versions.chain(markers) {
                let request = client.delete_object().bucket(name).set_key(key.map(Into::into));
                request.set_version_id(version.map(Into::into)).send().await.unwrap();
            }
            if listed.is_truncated != Some(true) {
                break;
            }
        }
        for table in ["StateTable", "RecordsTable"] {
            let table = &self.outputs[table];
            let mut pages = self.tables.scan().table_name(table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let mut item = item.unwrap();
                // What a function has noted once, it does not note again.
                if ["repositories", "c"].contains(&item["pk"].as_s().unwrap().as_str()) {
                    continue;
                }
                item.retain(|name, _| ["pk", "sk"].contains(&name.as_str()));
                self.tables.delete_item().table_name(table).set_key(Some(item)).send().await.unwrap();
            }
        }
        if let Some(database) = &self.database {
            database.clear().await;
        }
        self.mails_before += self.mails().len();
        *self.dropped.get_mut().unwrap() = 0;
        self.seen.get_mut().unwrap().clear();
    }

    /// Drops files and waits for what comes of them.
    pub(crate) async fn deliver(&self, files: &BTreeMap<String, Vec<u8>>) {
        self.drop_all(files).await;
        self.come_to_rest(PATIENCE).await;
    }

    /// Drops files, and leaves it at that.
    pub(crate) async fn drop_all(&self, files: &BTreeMap<String, Vec<u8>>) {
        for (name, content) in files {
            self.put(&format!("imports/{PARTNER}/{name}"), content).await;
        }
        *self.dropped.lock().unwrap() += files.len();
    }

    /// Drops files in one delivery: the sequencer takes no message until unpack has registered all of them.
    pub(crate) async fn drop_together(&self, files: &BTreeMap<String, Vec<u8>>) {
        self.takes("sequence", false).await;
        self.drop_all(files).await;
        self.taken_in(PATIENCE).await;
        self.takes("sequence", true).await;
    }

    /// Waits until everything that was dropped is taken in.
    pub(crate) async fn taken_in(&self, patience: Duration) {
        let begun = Instant::now();
        while self.arrived().await < *self.dropped.lock().unwrap()
            || self.messages("UnpackQueueUrl").await > 0
        {
            assert!(begun.elapsed() < patience, "{}", self.dead_letters().await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// How many of the files that were dropped are registered.
    async fn arrived(&self) -> usize {
        self.history().await.iter().filter(|import| import.archive.is_none()).count()
    }

    /// Waits for what comes of everything that was dropped.
    pub(crate) async fn come_to_rest(&self, patience: Duration) {
        self.settled_within(patience).await;
        let history = self.history().await;
        note_ids(&mut self.seen.lock().unwrap(), history);
    }

    /// Asks again and again for work that was dispatched by a function that died, as the reconciliation does. Never ends.
    pub(crate) async fn poked_every(&self, period: Duration) {
        let poke = serde_json::json!({ "sequence": { "repository": PARTNER, "news": "poke" } }).to_string();
        loop {
            tokio::time::sleep(period).await;
            let queue = &self.outputs["SequenceQueueUrl"];
            self.sqs.send_message().queue_url(queue).message_body(&poke).send().await.unwrap();
        }
    }

    /// Lets a function take messages from its queue, or not.
    pub(crate) async fn takes(&self, function: &str, enabled: bool) {
        let stack = self.outputs["SequenceFunction"].trim_end_matches("-sequence");
        let path = "/2015-03-31/event-source-mappings/";
        let wanted = if enabled { "Enabled" } else { "Disabled" };
        let mut told = false;
        loop {
            let found = ask("GET", &format!("{path}?FunctionName={stack}-{function}"), "lambda", "");
            let found: serde_json::Value = serde_json::from_str(&found).unwrap();
            let [source] = found["EventSourceMappings"].as_array().unwrap().as_slice() else {
                panic!("{found}")
            };
            if source["State"] == wanted {
                return;
            }
            if !told {
                let body = serde_json::json!({ "Enabled": enabled }).to_string();
                let path = format!("{path}{}", source["UUID"].as_str().unwrap());
                ask("PUT", &path, "lambda", &body);
                told = true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until no message is left in a queue.
    pub(crate) async fn empty(&self, output: &str, patience: Duration) {
        let begun = Instant::now();
        while self.messages(output).await > 0 {
            assert!(begun.elapsed() < patience, "{output}: {}", self.dead_letters().await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(crate) async fn history(&self) -> Vec<ImportRun> {
        let all = HistoryFilter { limit: 100_000, ..HistoryFilter::default() };
        self.state.history(&all).await.unwrap()
    }

    /// Waits until everything that was dropped is taken in, and nothing is left to do.
    pub(crate) async fn settled(&self) {
        self.settled_within(PATIENCE).await;
    }

    async fn settled_within(&self, patience: Duration) {
        let begun = Instant::now();
        while !self.is_settled().await {
            assert!(
                begun.elapsed() < patience,
                "it does not come to an end: {:#?}\n{}",
                self.history().await,
                self.dead_letters().await
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn is_settled(&self) -> bool {
        if self.arrived().await < *self.dropped.lock().unwrap() {
            return false;
        }
        let repository: Repository = PARTNER.parse().unwrap();
        let turn = self.state.turn(&repository).await.unwrap();
        turn.state == tidewaiter::sequence::State::default()
            && turn.ready.is_empty()
            && self.state.unfinished().await.unwrap().is_empty()
            && self.state.unmailed().await.unwrap().is_empty()
    }

    /// What went wrong, as far as dead letters tell.
    pub(crate) async fn dead_letters(&self) -> String {
        let mut text = String::new();
        for queue in self.queues() {
            let output = format!("{queue}DeadLettersUrl");
            text = format!("{text}{queue}: {} dead letters\n", self.messages(&output).await);
            let request = self.sqs.receive_message().queue_url(&self.outputs[&output]);
            let some = request.max_number_of_messages(10).visibility_timeout(0).send().await.unwrap();
            for letter in some.messages() {
                text = format!("{text}{}\n", letter.body().unwrap_or_default());
            }
        }
        text
    }

    /// How many messages are in a queue, seen or not.
    pub(crate) async fn messages(&self, output: &str) -> u64 {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(&self.outputs[output]);
        let found = request.set_attribute_names(Some(names.to_vec())).send().await.unwrap();
        found.attributes.unwrap().values().map(|count| count.parse::<u64>().unwrap()).sum()
    }

    pub(crate) fn mask(&self) -> Mask {
        Mask::new(&self.seen.lock().unwrap())
    }

    /// Every object by its key.
    pub(crate) async fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        masked(objects(&self.bucket).await, &self.mask())
    }

    /// The mails that were sent, as they were sent.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let sent = localstack::get(&format!("/_aws/ses?email={}", self.outputs["Sender"]));
        let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
        let sent = sent["messages"].as_array().unwrap();
        let sent = sent.iter().skip(self.mails_before);
        sent.map(|message| message["RawData"].as_str().unwrap().as_bytes().to_vec()).collect()
    }
}

/// What no test needs any more is not to poll its queues beside those of the next test.
impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let stack = self.outputs["SequenceFunction"].trim_end_matches("-sequence");
        let path = "/2015-03-31/event-source-mappings/";
        for function in self.queues() {
            let function = function.to_lowercase();
            let found = ask("GET", &format!("{path}?FunctionName={stack}-{function}"), "lambda", "");
            let found: serde_json::Value = serde_json::from_str(&found).unwrap();
            for source in found["EventSourceMappings"].as_array().unwrap() {
                let path = format!("{path}{}", source["UUID"].as_str().unwrap());
                ask("DELETE", &path, "lambda", "");
            }
        }
    }
}
