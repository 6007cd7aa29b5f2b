//! The command line on a deployed stack: what is shown is what a folder shows, and dead letters come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{ConfigStore, Progress, Records};
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{Mask, World, localstack};

use crate::stack::{Stack, programs};
use crate::support::{TestBucket, config, make_table};

/// How long messages may take to die, or files to their outcome, on a machine that has other work.
const PATIENCE: Duration = Duration::from_mins(5);

const CONFIGURATION: &str = r#"{ "acme": { "contacts": { "crm": {} }, "orders": { "web": {} } },
    "settings": { "settle_seconds": 0 } }"#;

/// What the command answered: its exit code, and what it printed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The command with what AWS's clients need of the environment, and what this test changes of it.
fn tidewaiter_with(arguments: &[&str], changes: &[(&str, Option<&str>)]) -> Answer {
    let mut command = Command::new(programs().join("tidewaiter"));
    command.args(arguments).current_dir(std::env::temp_dir());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TIDEWAITER_LOG", "COLUMNS", "AWS_PROFILE"] {
        command.env_remove(name);
    }
    let usual = [
        ("AWS_ENDPOINT_URL", Some(localstack::endpoint())),
        ("AWS_REGION", Some("eu-west-1")),
        ("AWS_ACCESS_KEY_ID", Some("test")),
        ("AWS_SECRET_ACCESS_KEY", Some("test")),
        ("AWS_EC2_METADATA_DISABLED", Some("true")),
        ("AWS_CONFIG_FILE", Some("/dev/null")),
        ("AWS_SHARED_CREDENTIALS_FILE", Some("/dev/null")),
    ];
    for (name, value) in usual.iter().chain(changes) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn tidewaiter(arguments: &[&str]) -> Answer {
    tidewaiter_with(arguments, &[])
}

/// The text with ids, moments, and how long ago something was, masked.
fn masked(text: &str, mask: &Mask) -> String {
    let text = mask.ids(text);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let end = moment(rest).or_else(|| ago(rest));
        let taken = end.unwrap_or(c.len_utf8());
        out.push_str(if end.is_some() { "<time>" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    out
}

/// Where a moment ends that the text begins with: `2026-01-31 13:45:00Z`, `2026-01-31T13:45:00.123Z`.
fn moment(text: &str) -> Option<usize> {
    let form = b"dddd-dd-dd dd:dd:dd";
    let bytes = text.as_bytes();
    let fits = |(is, want): (&u8, &u8)| match want {
        b'd' => is.is_ascii_digit(),
        b' ' => matches!(is, b' ' | b'T'),
        other => is == other,
    };
    if bytes.len() < form.len() || !bytes.iter().zip(form).all(fits) {
        return None;
    }
    let part = bytes[form.len()..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    (bytes.get(form.len() + part) == Some(&b'Z')).then_some(form.len() + part + 1)
}

/// Where a time ends that the text begins with: `just now`, `3 seconds ago`.
fn ago(text: &str) -> Option<usize> {
    if text.starts_with("just now") {
        return Some("just now".len());
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = ["second", "minute", "hour"]
        .into_iter()
        .find(|unit| text[digits..].starts_with(&format!(" {unit}")))?;
    let end = text.find(" ago")?;
    (digits > 0 && end <= digits + unit.len() + 2).then_some(end + " ago".len())
}

fn deliveries() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "acme_contacts_crm_20260131.csv",
            "email;firstname\nada@example.org;Ada\nnobody;Bob\nzoe@example.org;Zoé\n",
        ),
        ("acme_contacts_crm_20260201.csv", "email;shoe_size\nada@example.org;40\n"),
        (
            "acme_orders_web_20260131.csv",
            "order_id;contact;order_date;total_price\nSO-1;ADA@example.org;2026-01-31T10:00:00Z;49.80\nSO-2;no@example.org;2026-01-31T10:00:00Z;5\n",
        ),
        ("acme_stores_crm_20260131.csv", "store_id\nPAR01\n"),
        ("nothing we know.csv", "a;b\n"),
        ("daily.01-03_acme_contacts_crm_20260203.csv", "email\nbo@example.org\n"),
    ]
}

#[test]
fn a_stack_is_shown_as_a_folder_with_the_same_drops_is() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stack, world) = (runtime.block_on(Stack::new()), World::new());
    world.config("acme", CONFIGURATION);
    runtime.block_on(stack.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()));
    for (file, content) in deliveries() {
        world.drop(PARTNER, file, content);
        world.run();
        runtime.block_on(stack.deliver(&BTreeMap::from([(file.to_owned(), content.as_bytes().to_vec())])));
    }
    let (folder, bucket) = (world.root().display().to_string(), format!("s3://{}", stack.bucket.name));
    let only = format!("{bucket}/{PARTNER}");
    let sample = world.path("acme_contacts_crm_20260301.csv");
    std::fs::write(&sample, "email\nada@example.org\nnobody\n").unwrap();
    let sample = sample.display().to_string();
    let draft = world.path("acme_imports_config.json");
    std::fs::write(&draft, r#"{ "acme": { "contacts": { "crm": { "policy": "strict" } } } }"#).unwrap();
    let draft = draft.display().to_string();
    for (code, arguments) in [
        (0, vec!["status", "DIR"]),
        (0, vec!["status", "DIR", "--format", "json"]),
        (0, vec!["status", "DIR", "--repository", PARTNER]),
        (2, vec!["status", "DIR", "--repository", "nobody"]),
        (0, vec!["history", "DIR"]),
        (0, vec!["history", "DIR", "--format", "json"]),
        (0, vec!["history", "DIR", "--outcome", "bogus", "--limit", "1"]),
        (0, vec!["history", "DIR", "--file", "orders", "--repository", PARTNER]),
        (0, vec!["records", "DIR"]),
        (0, vec!["records", "DIR", "--format", "json"]),
        (0, vec!["records", "DIR", "contacts"]),
        (0, vec!["records", "DIR", "contacts", "--sources", "--limit", "1"]),
        (0, vec!["records", "DIR", "contacts", "--format", "json", "--universe", "acme"]),
        (0, vec!["records", "DIR", "orders", "--format", "csv", "--sources"]),
        (0, vec!["records", "DIR", "contacts", "--key", "Ada@example.org"]),
        (0, vec!["records", "DIR", "orders", "--key", "SO-1", "--format", "json"]),
        (0, vec!["records", "DIR", "contacts", "--key", "SO-1"]),
        (0, vec!["records", "DIR", "stores"]),
        (1, vec!["check", "--dir", "DIR", &sample]),
        (1, vec!["check", "--dir", "DIR", "--repository", PARTNER, "--format", "json", &sample]),
        (0, vec!["config", "history", "DIR", "acme"]),
        (0, vec!["config", "activate", "DIR", "--repository", PARTNER, &draft]),
        (0, vec!["config", "rollback", "DIR", "acme"]),
        (0, vec!["config", "rollback", "DIR", "acme", "--repository", PARTNER]),
        (0, vec!["config", "rollback", "DIR", "acme", "2"]),
        (2, vec!["config", "rollback", "DIR", "acme", "9"]),
        (0, vec!["config", "history", "DIR", "acme"]),
    ] {
        let with =
            |dir: &str| -> Vec<String> { arguments.iter().map(|one| one.replace("DIR", dir)).collect() };
        let run = |dir: &str, mask: &Mask| {
            let Answer { code, out, err } =
                tidewaiter(&with(dir).iter().map(String::as_str).collect::<Vec<_>>());
            let plain = |text: String| masked(&text, mask).replace(dir, "<dir>");
            (code, plain(out), plain(err))
        };
        let expected = run(&folder, &world.mask());
        println!("{arguments:?}: {}\n{}{}", expected.0, expected.1, expected.2);
        assert_eq!(expected.0, code, "{arguments:?}: {expected:?}");
        assert_eq!(run(&bucket, &stack.mask()), expected, "{arguments:?}");
        let takes_repository = ["status", "history", "check"].contains(&arguments[0]);
        if takes_repository && !arguments.contains(&"nobody") {
            assert_eq!(run(&only, &stack.mask()), expected, "{arguments:?} of one repository");
        }
    }
    // The address is of one repository, and only that one is shown.
    let answer = tidewaiter(&["status", &format!("{bucket}/nobody")]);
    assert!(
        answer.code == 2 && answer.err.contains("there is no repository nobody; there are partner"),
        "{answer:?}"
    );
    let answer = tidewaiter(&["records", &only]);
    assert!(answer.code == 2 && answer.err.contains("records belong to universes"), "{answer:?}");
    // What nobody takes in, since its event was lost, or it is nowhere.
    let lost = runtime.block_on(async {
        let notification =
            stack.bucket.client.put_bucket_notification_configuration().bucket(&stack.bucket.name);
        let none = aws_sdk_s3::types::NotificationConfiguration::builder().build();
        notification.notification_configuration(none).send().await.unwrap();
        stack.put(&format!("imports/{PARTNER}/acme_contacts_crm_20260401.csv"), b"email\n").await;
        stack.put("imports/lost.csv", b"email\n").await;
        tidewaiter(&["status", &bucket])
    });
    for said in [
        "1 file in the drop zone was not registered yet:\n    acme_contacts_crm_20260401.csv  6 B",
        "imports/lost.csv is in no repository and is not imported",
    ] {
        assert!(lost.out.contains(said), "{lost:?}");
    }
    assert!(!lost.out.contains("    daily.01-03"), "what waits for its group was taken in: {lost:?}");
}

/// Waits until so many dead letters are there.
async fn dead(stack: &Stack, expected: [(&str, u64); 4]) {
    let begun = Instant::now();
    for (queue, count) in expected {
        while stack.messages(&format!("{queue}DeadLettersUrl")).await != count
            || stack.messages(&format!("{queue}QueueUrl")).await != 0
        {
            assert!(begun.elapsed() < PATIENCE, "{queue}: {}", stack.dead_letters().await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_come_back_and_what_only_a_passing_cause_stopped_is_brought_to_its_end() {
    const FILE: &str = "acme_contacts_crm_20260131.csv";
    // What is asked for twice dies twice: no reconciliation asks, and a function that takes its time to start is waited for.
    let stack = Stack::with(&[
        ("ReconcileSchedule", "rate(60 minutes)"),
        ("MessageVisibilitySeconds", "45"),
        ("WorkVisibilitySeconds", "45"),
    ])
    .await;
    let address = format!("s3://{}", stack.bucket.name);
    let replay = |more: &[&str]| tidewaiter(&[&["replay", address.as_str()], more].concat());
    let nothing = replay(&[]);
    assert_eq!((nothing.code, nothing.out.as_str()), (0, "there are no dead letters\n"), "{nothing:?}");

    // Two causes that pass: a configuration that somebody broke, and a table that is not there.
    let tables = aws_sdk_dynamodb::Client::new(&config().await);
    let records = &stack.outputs["RecordsTable"];
    tables.delete_table().table_name(records).send().await.unwrap();
    stack.put(&format!("config/{PARTNER}/acme.json"), CONFIGURATION.as_bytes()).await;
    stack.put("config/other/acme.json", b"{").await;
    stack.state.own("acme", &PARTNER.parse().unwrap()).await.unwrap();
    stack.state.share("acme", &"other".parse().unwrap(), true).await.unwrap();
    for repository in [PARTNER, "other"] {
        stack
            .put(&format!("imports/{repository}/{FILE}"), b"email;firstname\nada@example.org;Secret\n")
            .await;
    }
    // And poison, in each queue.
    let poke = r#"{"sequence":{"repository":"partner","news":"poke"}}"#;
    for (queue, poison) in [("Unpack", poke), ("Sequence", "{ secret"), ("Validate", poke), ("Report", poke)]
    {
        let url = &stack.outputs[&format!("{queue}QueueUrl")];
        stack.sqs.send_message().queue_url(url).message_body(poison).send().await.unwrap();
    }
    let poisoned = [("Unpack", 1), ("Sequence", 1), ("Validate", 1), ("Report", 1)];
    let all = [("Unpack", 2), ("Sequence", 1), ("Validate", 2), ("Report", 1)];
    dead(&stack, all).await;
    let status = tidewaiter(&["status", &address]);
    assert!(status.out.contains(&format!("importing {FILE}")), "{status:?}");
    assert!(
        status.out.contains("\nunpack has 2 dead letters: `tidewaiter replay --dry-run` lists"),
        "{status:?}"
    );

    // Looking changes nothing, also twice in a row.
    for _ in 0..2 {
        let seen = replay(&["--dry-run"]);
        assert_eq!(seen.code, 0, "{seen:?}");
        for said in [
            "unpack: 2 dead letters, not moved\n",
            &format!("  imports/other/{FILE} was dropped (import "),
            "sequence: 1 dead letter, not moved\n  sequence cannot read it: it will fail again",
            "validate: 2 dead letters, not moved\n",
            &format!("  {PARTNER}/{FILE}: to be imported (import "),
            "  it is for another function: it will fail again",
        ] {
            assert!(seen.out.contains(said), "{said}: {seen:?}");
        }
        assert!(!seen.out.to_lowercase().contains("secret"), "{seen:?}");
    }
    dead(&stack, all).await;

    // Those of one repository, of one queue, or about something.
    let one = tidewaiter(&["replay", &format!("{address}/other"), "--dry-run", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{one:?}");
    assert_eq!(
        (&rows[0]["queue"], &rows[0]["repository"], &rows[0]["file"], &rows[0]["replayed"]),
        (&"unpack".into(), &"other".into(), &FILE.into(), &false.into()),
        "{one:?}"
    );
    let none = replay(&["--only", "no such file"]);
    assert_eq!((none.code, none.out.as_str()), (0, "there are no such dead letters\n"), "{none:?}");

    // The causes are mended, and what they stopped goes back: it is brought to its end.
    make_table(&tables, records).await;
    stack.put("config/other/acme.json", CONFIGURATION.as_bytes()).await;
    let back = replay(&["--only", FILE]);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(
        back.out.contains("unpack: 1 dead letter sent back")
            && back.out.contains("validate: 1 dead letter sent back"),
        "{back:?}"
    );
    assert!(!back.out.contains("sequence"), "{back:?}");
    let begun = Instant::now();
    loop {
        let done =
            |progress: &Progress| matches!(progress, Progress::Done(end) if end.outcome == Outcome::Imported);
        let history = stack.history().await;
        if history.iter().filter(|import| done(&import.progress)).count() == 2 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{history:#?}\n{}", stack.dead_letters().await);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(stack.records.scan("contacts", None, 10).await.unwrap().len(), 1);
    dead(&stack, poisoned).await;

    // What is poison goes back, too, and dies once more.
    let first = replay(&["--queue", "report"]);
    assert!(first.code == 0 && first.out.starts_with("report: 1 dead letter sent back"), "{first:?}");
    let rest = replay(&["--queue", "unpack", "--queue", "sequence", "--queue", "validate"]);
    let queues: BTreeSet<&str> =
        rest.out.lines().filter_map(|line| line.strip_suffix(": 1 dead letter sent back")).collect();
    assert_eq!(queues, BTreeSet::from(["unpack", "sequence", "validate"]), "{rest:?}");
    dead(&stack, poisoned).await;
    assert_eq!(stack.history().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_one_line_and_what_to_do_another() {
    let untagged = TestBucket::new().await;
    let (none, untagged) = ("s3://tidewaiter-no-such-bucket".to_owned(), format!("s3://{}", untagged.name));
    let missing_table = TestBucket::new().await;
    let tag = |key: &str| {
        aws_sdk_s3::types::Tag::builder().key(key).value("tidewaiter-no-such-table").build().unwrap()
    };
    let tags = aws_sdk_s3::types::Tagging::builder()
        .tag_set(tag("tidewaiter:state-table"))
        .tag_set(tag("tidewaiter:records-table"));
    let tagging = missing_table.client.put_bucket_tagging().bucket(&missing_table.name);
    tagging.tagging(tags.build().unwrap()).send().await.unwrap();
    let missing_table = format!("s3://{}", missing_table.name);
    for (arguments, changes, said, hint) in [
        (["status", &none], &[][..], "there is no bucket tidewaiter-no-such-bucket", "output Bucket"),
        (
            ["status", &untagged],
            &[],
            "lacks the tags tidewaiter:state-table, tidewaiter:records-table",
            "make deploy",
        ),
        (
            ["replay", &missing_table],
            &[],
            "lacks the tags tidewaiter:unpack-queue, tidewaiter:unpack-dead-letters",
            "make deploy",
        ),
        (["history", &missing_table], &[], "refused: ResourceNotFoundException", "Looking at a stack"),
        (["records", &none], &[("AWS_ACCESS_KEY_ID", None)], "no credentials for AWS", "AWS_PROFILE"),
        (["status", &none], &[("AWS_REGION", None)], "no AWS region is set", "AWS_REGION"),
        (
            ["status", &none],
            &[("AWS_ENDPOINT_URL", Some("http://127.0.0.1:9"))],
            "AWS cannot be reached",
            "AWS_ENDPOINT_URL",
        ),
    ] {
        let answer = tidewaiter_with(&arguments, changes);
        println!("{}", answer.err);
        assert_eq!((answer.code, answer.out.as_str(), answer.err.lines().count()), (2, "", 2), "{answer:?}");
        let lines: Vec<&str> = answer.err.lines().collect();
        assert!(lines[0].starts_with("error: ") && lines[0].contains(said), "{answer:?}");
        assert!(lines[1].starts_with("hint: ") && lines[1].contains(hint), "{answer:?}");
        assert!(!answer.err.contains('{') && Path::new(arguments[1]).starts_with("s3:"), "{answer:?}");
    }
}
