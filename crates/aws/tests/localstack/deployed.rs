//! End to end: the template with the real functions gives the same as a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use tidewaiter_engine::ports::Records;
use tidewaiter_tests::World;
use tidewaiter_tests::mail;
use tidewaiter_tests::world::{PARTNER, files};

use crate::cloud::{deliveries, ledger};
use crate::golden::{ended, is_not_for_a_table, plain};
use crate::stack::Stack;

/// What is delivered together is to be ordered together, also where it takes a while to be taken in.
const SETTLE_SECONDS: u64 = 5;

/// What CI lands through the functions; all others over S3 and DynamoDB without them.
const SOME: [&str; 4] = ["archives", "clean-day", "group-in-pieces", "line-rules"];

/// A golden case in both worlds, its configuration with a settling time that fits.
pub(crate) fn judge(runtime: &tokio::runtime::Runtime, stack: &Stack, folder: &Path) {
    let case = folder.file_name().unwrap().to_string_lossy();
    let world = World::new();
    for (file, content) in files(&folder.join("config"), "") {
        let mut document: serde_json::Value = serde_json::from_slice(&content).unwrap();
        document["settings"]["settle_seconds"] = SETTLE_SECONDS.into();
        let content = document.to_string();
        world.config(file.trim_end_matches(".json"), &content);
        runtime.block_on(stack.put(&format!("config/{PARTNER}/{file}"), content.as_bytes()));
    }
    for delivery in deliveries(folder) {
        // Events come in any order; what comes with a configuration is to be taken in by it.
        let (configurations, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            delivery.into_iter().partition(|(name, _)| name.ends_with("_imports_config.json"));
        for files in [configurations, rest] {
            if files.is_empty() {
                continue;
            }
            for (file, content) in &files {
                world.drop(PARTNER, file, content);
            }
            world.run();
            runtime.block_on(stack.deliver(&files));
        }
    }
    let mut expected = ended(world.tree());
    let mut mails = BTreeSet::new();
    expected.retain(|key, content| {
        let is_mail = key.starts_with("outbox/");
        if is_mail {
            mails.insert(content.clone());
        }
        !is_mail
    });
    let found = ended(runtime.block_on(stack.tree()));
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{case}: files are elsewhere"
    );
    for (key, content) in &expected {
        assert_eq!(&found[key], content, "{case}: {key}");
    }
    let mask = stack.mask();
    let sent = stack.mails().into_iter().map(|mail| mail::parse(&mail).masked(&mask).to_string());
    // SES cannot tell that a mail is the same as an earlier one.
    let sent: BTreeSet<String> = sent.collect();
    assert_eq!(sent, mails, "{case}: mails");
    assert_eq!(
        ledger(runtime.block_on(stack.history()), &mask),
        ledger(world.history(), &world.mask()),
        "{case}: ledger"
    );
    for (scope, records) in world.records() {
        let scanned = runtime.block_on(stack.records.scan(&scope, None, 100_000)).unwrap();
        assert_eq!(plain(scanned), plain(records), "{case}: the records of {scope}");
    }
    for queue in ["Unpack", "Sequence", "Validate", "Report"] {
        let count = runtime.block_on(stack.messages(&format!("{queue}DeadLettersUrl")));
        assert_eq!(count, 0, "{case}: {}", runtime.block_on(stack.dead_letters()));
    }
}

/// One after the other on one stack. `make golden-cloud` lands all of them.
#[test]
fn golden_drops_give_the_same_through_the_functions_as_in_a_folder() {
    let wanted = std::env::var("GOLDEN").ok();
    let is_wanted = |case: &str| match wanted.as_deref() {
        None => SOME.contains(&case),
        Some("all") => true,
        Some(part) => case.contains(part),
    };
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut cases: Vec<_> = std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir() && is_wanted(&case.file_name().unwrap().to_string_lossy()));
    // Where the keys are read is all that differs for encrypted files; `secret_keys` shows that.
    cases.retain(|case| !case.join("keys").is_dir() && !is_not_for_a_table(case));
    cases.sort();
    assert!(!cases.is_empty(), "no case has such a name");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // A drop that follows another one is to be taken in by its own configuration.
    let mut stack = runtime.block_on(Stack::with(&[("ConfigurationCacheSeconds", "0")]));
    for (number, case) in cases.iter().enumerate() {
        if number > 0 {
            runtime.block_on(stack.clear());
        }
        let begun = Instant::now();
        judge(&runtime, &stack, case);
        println!("{}: {} s", case.file_name().unwrap().display(), begun.elapsed().as_secs());
    }
}

const CONFIGURATION: &str = r#"{ "acme": { "contacts": { "crm": {} } },
    "settings": { "settle_seconds": 0, "report_recipients": ["data@example.org"] } }"#;

/// One file, and everything that must not matter to it.
#[tokio::test(flavor = "multi_thread")]
async fn repetition_changes_nothing_poison_goes_to_the_dead_letters_and_outputs_fire_nothing() {
    let stack = Stack::new().await;
    stack.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
    let name = "acme_contacts_crm_20260131.csv".to_owned();
    let begun = Instant::now();
    let content = b"email;firstname\nada@example.org;Ada\nnot an address;Bob\n".to_vec();
    stack.deliver(&BTreeMap::from([(name.clone(), content)])).await;
    println!("from put to everything done, the mail included: {} ms", begun.elapsed().as_millis());
    let (tree, history, mails) = (stack.tree().await, stack.history().await, stack.mails().len());
    assert!(tree.contains_key(&format!("archives/{PARTNER}/{name}")), "{tree:#?}");
    assert_eq!(mails, 1);

    // The same event again, and all messages there are about the import.
    let import = &history[0];
    let unpack = &stack.outputs["UnpackQueueUrl"];
    let event = serde_json::json!({
        "source": "aws.s3", "detail-type": "Object Created", "time": import.arrived.to_string(),
        "detail": { "bucket": { "name": stack.bucket.name },
                    "object": { "key": import.source.key, "size": import.bytes, "version-id": import.source.version } }
    });
    let id = import.id.to_string();
    let work = serde_json::json!({ "work": { "import": id, "task": "import" } });
    let take_in = serde_json::json!({ "take_in": { "import": id } });
    let mailed = serde_json::json!({ "report": { "import": id } });
    for (url, body) in [
        (unpack, &event),
        (unpack, &event),
        (unpack, &take_in),
        (&stack.outputs["ValidateQueueUrl"], &work),
        (&stack.outputs["ReportQueueUrl"], &mailed),
    ] {
        stack.sqs.send_message().queue_url(url).message_body(body.to_string()).send().await.unwrap();
    }
    // What no function can read, and what is of no use to it.
    let poke = r#"{"sequence":{"repository":"partner","news":"poke"}}"#;
    for queue in ["Unpack", "Sequence", "Validate", "Report"] {
        let poison = if queue == "Sequence" { "{" } else { poke };
        let url = &stack.outputs[&format!("{queue}QueueUrl")];
        stack.sqs.send_message().queue_url(url).message_body(poison).send().await.unwrap();
    }
    // Nothing that is written anywhere else is a drop.
    for prefix in ["archives", "badlines", "bogus", "config", "logs", "notprocessed", "unpacked", "waiting"] {
        stack
            .put(&format!("{prefix}/{PARTNER}/acme_contacts_crm_20260201.csv"), b"email\nx@example.org\n")
            .await;
    }
    let begun = Instant::now();
    for queue in ["Unpack", "Sequence", "Validate", "Report"] {
        while stack.messages(&format!("{queue}DeadLettersUrl")).await != 1
            || stack.messages(&format!("{queue}QueueUrl")).await != 0
        {
            assert!(begun.elapsed() < Duration::from_mins(2), "{queue}: {}", stack.dead_letters().await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    stack.settled().await;
    let same: BTreeMap<_, _> =
        stack.tree().await.into_iter().filter(|(key, _)| tree.contains_key(key)).collect();
    assert_eq!(same, tree);
    assert_eq!(stack.history().await.len(), 1, "something else was taken in");
    assert_eq!(stack.mails().len(), mails);
    assert_eq!(stack.records.scan("contacts", None, 10).await.unwrap().len(), 1);
}
