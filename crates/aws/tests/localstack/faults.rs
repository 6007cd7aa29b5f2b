//! What goes wrong between the functions: they are killed at any request that they make, and events come
//! twice, late, in any order and all at once. What comes of a delivery is what comes of it in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use tidewaiter_engine::ports::{Records, StoredRecord};
use tidewaiter_tests::generate::{Chance, Plan, Scope, Sizes, generate};
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{World, mail};

use crate::cloud::ledger;
use crate::golden::{ended, plain};
use crate::proxy::{Proxy, Round, When};
use crate::stack::Stack;

const FUNCTIONS: [&str; 4] = ["unpack", "sequence", "validate", "report"];

/// How long a delivery may take, its disturbances included.
const PATIENCE: Duration = Duration::from_mins(20);
/// After how many seconds a message comes again that was in the hands of a function which died. Less than a
/// step takes on a busy machine would have everything come again and again.
const VISIBILITY: &str = "5";

fn configuration(settle_seconds: u64) -> String {
    let document = serde_json::json!({
        "acme": {
            "contacts": { "crm": {}, "strict": { "policy": "strict" }, "kunden": {
                "files": "kunden {date:dd.mm.yyyy}.csv", "delimiter": ",", "line_breaks": "keep",
                "columns": { "E-Mail": "email", "Vorname": "firstname", "Notiz": null }
            } },
            "stores": { "crm": {} }, "products": { "crm": {} }, "orders": { "crm": {} },
            "ordersitems": { "crm": {} }, "cardcode": { "crm": {} }, "creditpoints": { "crm": {} },
            "deletecontacts": { "crm": {} },
            "batch": { "crm": {}, "full": { "replace_all": { "max_removed": 0.7 } } }
        },
        "settings": { "settle_seconds": settle_seconds, "report_recipients": ["data@example.org"] }
    });
    document.to_string()
}

fn data(scope: Scope, lines: u64, bad_share: f64) -> Vec<u8> {
    let world = Sizes { contacts: 100, stores: 10, products: 20, orders: 60 };
    let mut content = Vec::new();
    generate(&Plan { scope, lines, first: 0, seed: 7, bad_share, world }, &mut content).unwrap();
    content
}

/// A tar archive of these files.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in members {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn batches(lines: std::ops::Range<u32>) -> Vec<u8> {
    let line = |n| format!("B-{n};2026-01-31T02:00:00Z\n");
    lines.fold("batch_id;batch_date\n".to_owned(), |text, n| text + &line(n)).into_bytes()
}

type Files = BTreeMap<String, Vec<u8>>;

fn named<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

/// Imported before anything goes wrong: some names are used again, so that their outputs have to be kept.
fn before() -> Files {
    named([
        ("acme_contacts_crm_20260131.csv", b"email\nbefore@example.org\nbad\n".to_vec()),
        (
            "acme_orders_crm_20260101.csv",
            b"order_id;contact;order_date;total_price\nX-1;before@example.org;2026-01-01T00:00:00Z;9\n"
                .to_vec(),
        ),
        ("acme_batch_crm_20260101.csv", batches(0..150)),
        ("notes.txt", b"before".to_vec()),
    ])
}

/// Singles, a group, an archive with a group, rejected lines, missing parents, configurations, refused files.
fn drops() -> Files {
    let points = (0..60).fold("card_code;points\n".to_owned(), |mut text, n| {
        writeln!(text, "{:013};{}", n % 20, n % 7).unwrap();
        text
    });
    let cards = (0..19).fold("card_code;contact\n".to_owned(), |mut text, n| {
        writeln!(text, "{n:013};card@example.org").unwrap();
        text
    });
    let contacts = data(Scope::Contacts, 60, 0.05);
    let stores = data(Scope::Stores, 10, 0.0);
    named([
        ("acme_contacts_crm_20260131.csv", data(Scope::Contacts, 250, 0.02)),
        ("acme_contacts_strict_20260131.csv", data(Scope::Contacts, 50, 0.1)),
        ("acme_stores_crm_20260131.csv", stores.clone()),
        ("acme_products_crm_20260131.csv", data(Scope::Products, 20, 0.0)),
        ("acme_orders_crm_20260131.csv", data(Scope::Orders, 60, 0.05)),
        ("acme_ordersitems_crm_20260131.csv", data(Scope::OrdersItems, 80, 0.02)),
        (
            "acme_deletecontacts_crm_20260131.csv",
            b"email\nbruno.roux2@example.org\ncard@example.org\n".to_vec(),
        ),
        ("acme_creditpoints_crm_20260131.csv", points.into_bytes()),
        ("acme_batch_full_20260201.csv", batches(80..150)),
        (
            "acme_orders_crm_20260204.csv",
            b"order_id;contact;order_date;total_price\nX-1;before@example.org;2026-01-01T00:00:00Z;1\n\
              X-1;before@example.org;2026-01-01T00:00:00Z;2\n"
                .to_vec(),
        ),
        ("loyalty.01-02_acme_contacts_crm_20260131.csv", b"email\ncard@example.org\nbad\n".to_vec()),
        ("loyalty.02-02_acme_cardcode_crm_20260131.csv", cards.into_bytes()),
        ("waits.01-02_acme_contacts_crm_20260131.csv", b"email\nwaits@example.org\n".to_vec()),
        (
            "monday.tar",
            tar(&[
                ("tar.01-02_acme_contacts_crm_20260130.csv", &contacts),
                ("tar.02-02_acme_stores_crm_20260130.csv", &stores),
                ("acme_stores_crm_20260129.csv", &stores),
            ]),
        ),
        (
            "kunden 30.01.2026.tar",
            tar(&[(
                "kunden 30.01.2026.csv",
                b"E-Mail,Vorname,Notiz\nmapped@example.org,Ada,\"two\nlines\"\nbad,Bo,\n",
            )]),
        ),
        ("broken.zip", b"PK\x03\x04 and nothing more".to_vec()),
        ("notes.txt", b"for whom?".to_vec()),
        ("other_imports_config.json", b"{ \"acme\": {} }".to_vec()),
        ("beta_imports_config.json", b"{ \"beta\": { \"stores\": { \"crm\": {} } } }".to_vec()),
        ("acme_contacts_shop_20260131.csv", b"email\nnever@example.org\n".to_vec()),
    ])
}

/// What comes of the deliveries, and is the same however they are landed.
struct Expected {
    tree: BTreeMap<String, String>,
    mails: BTreeSet<String>,
    ledger: Vec<String>,
    records: Vec<(String, Vec<StoredRecord>)>,
}

/// What comes of them in a folder.
async fn in_a_folder(settle_seconds: u64, drops: Files) -> Expected {
    let landed = move || {
        let world = World::new();
        world.config("acme", &configuration(settle_seconds));
        for files in [before(), drops] {
            for (name, content) in files {
                world.drop(PARTNER, &name, content);
            }
            world.run();
        }
        world.check();
        let mut tree = ended(world.tree());
        let mails = tree.iter().filter(|(key, _)| key.starts_with("outbox/"));
        let mails = mails.map(|(_, content)| content.clone()).collect();
        // A bucket has no empty folders.
        tree.retain(|key, _| !key.starts_with("outbox/") && !key.ends_with('/'));
        let records = world.records().into_iter().collect();
        Expected { tree, mails, ledger: ledger(world.history(), &world.mask()), records }
    };
    // A world brings a runtime of its own.
    tokio::task::spawn_blocking(landed).await.unwrap()
}

/// The same files, bytes, ledger, records and mails; mails perhaps more than once.
async fn assert_same(stack: &Stack, expected: &Expected, story: &str) {
    let found = ended(stack.tree().await);
    let missing: Vec<_> = expected.tree.keys().filter(|key| !found.contains_key(*key)).collect();
    // Two that activate one configuration at the same time keep what the other one wrote: the same content.
    let is_kept = |key: &str| key.starts_with("config/partner/replaced/");
    let extra: Vec<_> =
        found.keys().filter(|key| !expected.tree.contains_key(*key) && !is_kept(key)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}, too much {extra:#?}, {story}");
    for (key, content) in &expected.tree {
        assert_eq!(&found[key], content, "{key}, {story}");
    }
    let mask = stack.mask();
    assert_eq!(ledger(stack.history().await, &mask), expected.ledger, "ledger, {story}");
    for (scope, records) in &expected.records {
        let scanned = stack.records.scan(scope, None, 100_000).await.unwrap();
        assert_eq!(plain(scanned), plain(records.clone()), "the records of {scope}, {story}");
    }
    let sent = stack.mails().into_iter().map(|mail| mail::parse(&mail).masked(&mask).to_string());
    let sent: BTreeSet<String> = sent.collect();
    assert_eq!(sent, expected.mails, "mails, {story}");
    for function in ["Unpack", "Sequence", "Validate", "Report"] {
        assert_eq!(stack.messages(&format!("{function}DeadLettersUrl")).await, 0, "dead letters, {story}");
    }
}

/// How often each function was killed, and when.
fn told(proxies: &BTreeMap<&'static str, Proxy>) -> String {
    let mut text = String::new();
    for (function, proxy) in proxies {
        let ((done, kills), (requests, most)) = (proxy.kills(), proxy.requests());
        writeln!(
            text,
            "{function}: killed {} times{}, {requests} requests, {most} at most by one process",
            kills.len(),
            if done { "" } else { " and not as often as planned" }
        )
        .unwrap();
        let at: BTreeSet<&str> = kills.iter().map(|kill| kill.split(", ").last().unwrap()).collect();
        let at: BTreeSet<&str> = at.into_iter().map(|what| what.split('/').next().unwrap()).collect();
        writeln!(text, "    at {}", at.into_iter().collect::<Vec<_>>().join(", ")).unwrap();
    }
    text
}

/// One of each: a file with rejected lines, a group, an archive, a packed file with a name and a form of its own, something
/// that is refused, a name used again.
fn few() -> Files {
    let all = drops();
    let names = [
        "acme_orders_crm_20260204.csv",
        "loyalty.01-02_acme_contacts_crm_20260131.csv",
        "loyalty.02-02_acme_cardcode_crm_20260131.csv",
        "kunden 30.01.2026.tar",
        "monday.tar",
        "notes.txt",
    ];
    names.into_iter().map(|name| (name.to_owned(), all[name].clone())).collect()
}

/// Each function is killed, as a process, before and after a request that it makes: its first, its fifth, … or, by
/// `make kills`, its first, its second, … Then it is what it would have been.
#[tokio::test(flavor = "multi_thread")]
async fn functions_that_are_killed_at_a_request_change_nothing() {
    let all = std::env::var("KILLS").is_ok_and(|kills| kills == "all");
    let (last, step, at_least) = if all { (40, 1, 20) } else { (12, 5, 2) };
    // It has little to do: between two kills at ever later requests, it mails what is left.
    let at_least = |function: &str| if function == "report" { at_least.min(5) } else { at_least };
    let expected = in_a_folder(0, few()).await;
    let proxies: BTreeMap<&'static str, Proxy> = FUNCTIONS.into_iter().map(|f| (f, Proxy::new())).collect();
    let endpoints: Vec<(String, String)> =
        proxies.iter().map(|(f, proxy)| (format!("{f}.AWS_ENDPOINT_URL"), proxy.endpoint())).collect();
    let mut settings: Vec<(&str, &str)> = endpoints.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    // What was in the hands of a function that died comes again soon, and as often as it takes.
    settings.extend([
        ("WorkVisibilitySeconds", VISIBILITY),
        ("MessageVisibilitySeconds", VISIBILITY),
        ("MaxReceiveCount", "100"),
    ]);
    let stack = Stack::with(&settings).await;
    stack.put(&format!("config/{PARTNER}/acme.json"), configuration(0).as_bytes()).await;
    // Nothing is waited for here, so the orders would be treated before their contact if their event came first.
    stack.drop_together(&before()).await;
    stack.come_to_rest(PATIENCE).await;
    println!("undisturbed\n{}", told(&proxies));

    let rounds = |first: u32| {
        let round = |when, from| Round { when, from, to: last, step };
        [round(When::After, first), round(When::Before, first + step / 2)]
    };
    // First all is taken in, so that the files come in one delivery to whoever orders them.
    stack.takes("sequence", false).await;
    let begun = Instant::now();
    proxies["unpack"].kill(&rounds(1));
    stack.drop_all(&few()).await;
    stack.taken_in(PATIENCE).await;
    println!("taken in after {} s", begun.elapsed().as_secs());
    for function in ["sequence", "validate", "report"] {
        proxies[function].kill(&rounds(1));
    }
    stack.takes("sequence", true).await;
    stack.come_to_rest(PATIENCE).await;
    let story = format!("{} s\n{}", begun.elapsed().as_secs(), told(&proxies));
    println!("{story}");
    if all {
        println!("{:#?}", proxies.iter().map(|(f, proxy)| (f, proxy.kills().1)).collect::<Vec<_>>());
    }
    assert_same(&stack, &expected, &story).await;
    for (function, proxy) in &proxies {
        let (_, kills) = proxy.kills();
        assert!(kills.len() >= at_least(function), "{function} was killed {} times only", kills.len());
    }
}

/// Events twice, late, in any order, several in one message, and once more when all is over.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_late_and_in_any_order_change_nothing() {
    const SETTLE_SECONDS: u64 = 8;
    let expected = in_a_folder(SETTLE_SECONDS, drops()).await;
    let stack = Stack::new().await;
    stack.put(&format!("config/{PARTNER}/acme.json"), configuration(SETTLE_SECONDS).as_bytes()).await;
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| Chance::new(std::process::id().into()).any());
    let mut chance = Chance::new(seed);
    let mut every = Vec::new();
    for files in [before(), drops()] {
        stack.takes("unpack", false).await;
        stack.drop_all(&files).await;
        let mut events = stack.taken_out("UnpackQueueUrl", files.len()).await;
        every.extend(events.iter().cloned());
        // Each twice; one message with several of them; and then at random.
        let several: Vec<_> =
            events.iter().take(3).flat_map(|event| event["Records"].as_array().unwrap().clone()).collect();
        events.extend(events.clone());
        events.push(serde_json::json!({ "Records": several }));
        for place in (1..events.len()).rev() {
            events.swap(place, chance.below(place as u64 + 1) as usize);
        }
        for (number, event) in events.iter().enumerate() {
            // Later than the others, but not so late that they would not wait for it.
            let delay = i32::try_from(chance.below(5)).unwrap();
            stack.send("UnpackQueueUrl", &[(number, event.to_string(), delay)]).await;
        }
        stack.takes("unpack", true).await;
        stack.come_to_rest(PATIENCE).await;
    }
    let story = format!("SEED={seed}");
    assert_same(&stack, &expected, &story).await;
    let mails = stack.mails().len();
    let again: Vec<_> = every.iter().enumerate().map(|(n, event)| (n, event.to_string(), 0)).collect();
    for some in again.chunks(10) {
        stack.send("UnpackQueueUrl", some).await;
    }
    stack.empty("UnpackQueueUrl", PATIENCE).await;
    stack.empty("SequenceQueueUrl", PATIENCE).await;
    stack.come_to_rest(PATIENCE).await;
    assert_same(&stack, &expected, &format!("{story}, all events again")).await;
    assert_eq!(stack.mails().len(), mails, "{story}: mails again");
}

/// Sequence was killed when it had written that a file is finished, and before it looked for the next one. The
/// news came again, was no longer news, and the repository stood still until a reconciliation.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_goes_on_if_sequence_died_between_two_steps() {
    let stack = Stack::new().await;
    stack.takes("sequence", false).await;
    stack.put(&format!("config/{PARTNER}/acme.json"), configuration(0).as_bytes()).await;
    stack.drop_all(&named([("acme_contacts_crm_20260131.csv", b"email\nada@example.org\n".to_vec())])).await;
    // Nobody knows any more that it arrived; what is known is that another one is finished, said a second time.
    let url = &stack.outputs["SequenceQueueUrl"];
    let begun = Instant::now();
    while stack.messages("SequenceQueueUrl").await == 0 {
        assert!(begun.elapsed() < PATIENCE, "{}", stack.dead_letters().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stack.sqs.purge_queue().queue_url(url).send().await.unwrap();
    let finished = r#"{"happened":{"finished":["01ARZ3NDEKTSV4RRFFQ69G5FAV","accepted"]}}"#;
    let body = format!(r#"{{"sequence":{{"repository":"{PARTNER}","news":{finished}}}}}"#);
    stack.send("SequenceQueueUrl", &[(0, body, 0)]).await;
    let taken = stack.sqs.receive_message().queue_url(url).visibility_timeout(0).wait_time_seconds(5);
    assert_eq!(taken.send().await.unwrap().messages.unwrap_or_default().len(), 1);
    stack.takes("sequence", true).await;
    stack.come_to_rest(Duration::from_mins(2)).await;
}

/// A failure that may pass by itself: the message is not hidden for as long as if the function had died.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_failed_comes_again_soon() {
    let long =
        [("MessageVisibilitySeconds", "600"), ("WorkVisibilitySeconds", "600"), ("MaxReceiveCount", "9")];
    let proxies: BTreeMap<&'static str, Proxy> = FUNCTIONS.into_iter().map(|f| (f, Proxy::new())).collect();
    let endpoints: Vec<(String, String)> =
        proxies.iter().map(|(f, proxy)| (format!("{f}.AWS_ENDPOINT_URL"), proxy.endpoint())).collect();
    let endpoints = endpoints.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let stack = Stack::with(&long.into_iter().chain(endpoints).collect::<Vec<_>>()).await;
    stack.put(&format!("config/{PARTNER}/acme.json"), configuration(0).as_bytes()).await;
    for proxy in proxies.values() {
        proxy.refuse("DynamoDB_20120810.", 2);
    }
    let begun = Instant::now();
    stack.deliver(&named([("acme_contacts_crm_20260131.csv", b"email\nada@example.org\n".to_vec())])).await;
    for (function, proxy) in &proxies {
        let refused = proxy.refused();
        assert!(refused >= 2, "{function} met {refused} failures");
    }
    println!("each function failed, and all was done after {} s", begun.elapsed().as_secs());
}

impl Stack {
    /// The bodies of `count` messages, which are no longer in the queue.
    async fn taken_out(&self, output: &str, count: usize) -> Vec<serde_json::Value> {
        let (url, begun) = (&self.outputs[output], Instant::now());
        let mut bodies = Vec::new();
        while bodies.len() < count {
            assert!(begun.elapsed() < PATIENCE, "{} of {count} events", bodies.len());
            let taken =
                self.sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
            for message in taken.send().await.unwrap().messages.unwrap_or_default() {
                let body: serde_json::Value = serde_json::from_str(&message.body.unwrap()).unwrap();
                // A bucket also tells that it will tell.
                if body.get("Records").is_some() {
                    bodies.push(body);
                }
                let handle = message.receipt_handle.unwrap();
                self.sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
            }
        }
        bodies
    }

    async fn send(&self, output: &str, messages: &[(usize, String, i32)]) {
        let entries = messages.iter().map(|(id, body, delay)| {
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body);
            entry.delay_seconds(*delay).build().unwrap()
        });
        let request = self.sqs.send_message_batch().queue_url(&self.outputs[output]);
        let sent = request.set_entries(Some(entries.collect())).send().await.unwrap();
        assert!(sent.failed.is_empty(), "{sent:?}");
    }
}
