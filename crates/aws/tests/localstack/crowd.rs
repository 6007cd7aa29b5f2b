//! Many repositories side by side: each in its own order, and none waits for another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tidewaiter::keys::Repository;
use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{ConfigStore, GroupQueue, ImportRun, Progress, RunLedger};
use tidewaiter_tests::generate::Chance;

use crate::stack::Stack;

const REPOSITORIES: usize = 10;
/// Of each repository; `make crowd` has a hundred.
const FILES: usize = 10;
const PATIENCE: Duration = Duration::from_hours(1);
/// For how long files of one repository follow each other.
const TURN: Duration = Duration::from_secs(5);

const CONFIGURATION: &str = r#"{ "acme": { "contacts": { "crm": {} }, "stores": { "crm": {} } }, "settings": { "settle_seconds": 0 } }"#;

/// The files of a repository in the order in which they are to be treated: contacts before stores, then by date.
fn names(count: usize) -> Vec<String> {
    let name = |number: usize| {
        let scope = if number < count / 2 { "contacts" } else { "stores" };
        format!("acme_{scope}_crm_2026{:02}{:02}.csv", 1 + number / 28, 1 + number % 28)
    };
    (0..count).map(name).collect()
}

fn content(name: &str, repository: usize) -> Vec<u8> {
    let text = if name.contains("contacts") {
        format!("email;firstname\nada{repository}@example.org;{name}\nnot an address;Bob\n")
    } else {
        format!("store_id;name\nS{repository};{name}\n")
    };
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_repositories_are_served_side_by_side_each_in_its_order() {
    let count = std::env::var("CROWD").ok().and_then(|count| count.parse().ok()).unwrap_or(FILES);
    let repositories: Vec<Repository> =
        (0..REPOSITORIES).map(|number| format!("partner{number}").parse().unwrap()).collect();
    // Messages that wait in the hands of nobody are not to come again while the machine is busy.
    let long =
        [("WorkVisibilitySeconds", "120"), ("MessageVisibilitySeconds", "120"), ("MaxReceiveCount", "20")];
    let stack = Stack::with(&long).await;
    for repository in &repositories {
        stack.put(&format!("config/{repository}/acme.json"), CONFIGURATION.as_bytes()).await;
    }
    // One universe for all of them, as their operator has it.
    stack.state.own("acme", &repositories[0]).await.unwrap();
    for repository in &repositories[1..] {
        stack.state.share("acme", repository, true).await.unwrap();
    }
    // First all is taken in: what comes while others are treated is a later delivery.
    stack.takes("sequence", false).await;
    let begun = Instant::now();
    let mut drops: Vec<(usize, String)> = (0..REPOSITORIES)
        .flat_map(|number| names(count).into_iter().map(move |name| (number, name)))
        .collect();
    let mut chance = Chance::new(7);
    for place in (1..drops.len()).rev() {
        drops.swap(place, chance.below(place as u64 + 1) as usize);
    }
    for (number, name) in &drops {
        stack.put(&format!("imports/{}/{name}", repositories[*number]), &content(name, *number)).await;
    }
    let dropped = begun.elapsed();
    stack.empty("UnpackQueueUrl", PATIENCE).await;
    let taken_in = begun.elapsed();

    let begun = Instant::now();
    stack.takes("sequence", true).await;
    let (mut together, mut most) = (0, 0);
    loop {
        let mut left = stack.state.unfinished().await.unwrap().len();
        for repository in &repositories {
            let turn = stack.state.turn(repository).await.unwrap();
            let running = turn.state != tidewaiter::sequence::State::default();
            left += usize::from(running || !turn.ready.is_empty());
        }
        if left == 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{left} are left: {}", stack.dead_letters().await);
        let in_hand = stack.in_hand("ValidateQueueUrl").await;
        together += usize::from(in_hand > 1);
        most = most.max(in_hand);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let loaded = begun.elapsed();

    let mut found: BTreeMap<String, Vec<ImportRun>> = BTreeMap::new();
    for import in stack.history().await {
        found.entry(import.repository.to_string()).or_default().push(import);
    }
    assert_eq!(found.len(), REPOSITORIES);
    let finished = |import: &ImportRun| match &import.progress {
        Progress::Done(done) => {
            assert_eq!(done.outcome, Outcome::Imported, "{}", import.file);
            done.finished
        }
        _ => panic!("{} is not done", import.file),
    };
    let mut spans = Vec::new();
    for (repository, imports) in &mut found {
        imports.sort_by_key(finished);
        let order: Vec<String> = imports.iter().map(|import| import.file.clone()).collect();
        assert_eq!(order, names(count), "{repository}: the order of the ledger");
        spans.push((finished(&imports[0]), finished(imports.last().unwrap())));
    }
    // No repository was over before another one began, unless each was over within its first turn.
    let (last_start, first_end) =
        (spans.iter().map(|s| s.0).max().unwrap(), spans.iter().map(|s| s.1).min().unwrap());
    assert!(last_start < first_end || loaded < TURN * u32::try_from(REPOSITORIES).unwrap(), "{spans:?}");
    assert!(together > 0, "never were two files in the hands of validate at the same time");
    for repository in &repositories {
        let tree = stack.keys(&format!("badlines/{repository}/")).await;
        assert_eq!(tree, count / 2, "{repository}: the bad line of each file of contacts");
    }
    let all = REPOSITORIES * count;
    println!(
        "{all} files: dropped after {} s, taken in after {} s, then loaded in {} s ({} ms each), up to {most} at the same time",
        dropped.as_secs(),
        taken_in.as_secs(),
        loaded.as_secs(),
        loaded.as_millis() / all as u128
    );
}

impl Stack {
    /// How many messages of a queue are in the hands of a function.
    async fn in_hand(&self, output: &str) -> u64 {
        use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesNotVisible as Name;
        let request = self.sqs.get_queue_attributes().queue_url(&self.outputs[output]).attribute_names(Name);
        let found = request.send().await.unwrap().attributes.unwrap();
        found.values().next().unwrap().parse().unwrap()
    }

    async fn keys(&self, prefix: &str) -> usize {
        let listed = self.bucket.client.list_objects_v2().bucket(&self.bucket.name).prefix(prefix);
        listed.send().await.unwrap().contents.unwrap_or_default().len()
    }
}
