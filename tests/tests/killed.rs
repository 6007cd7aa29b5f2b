//! A run that is killed, at any moment and however often, ends as one that nobody disturbed: the same
//! files in the same places, byte for byte, the same counts, the same records. One thing tells of it: the name of a long
//! report says by which try it was written, if it was not the first.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tidewaiter::id::Timestamp;
use tidewaiter::keys::Key;
use tidewaiter_engine::ports::{ImportRun, KeptReport, Kind, Progress, StoredRecord};
use tidewaiter_tests::generate::{Chance, Plan, Scope, Sizes, generate};
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{World, golden};

const CONFIG: &str = r#"{
  "acme": {
    "contacts": { "crm": {}, "strict": { "policy": "strict" } },
    "stores": { "crm": {} }, "products": { "crm": {} }, "orders": { "crm": {} }, "ordersitems": { "crm": {} },
    "cardcode": { "crm": {} }, "creditpoints": { "crm": {} }, "deletecontacts": { "crm": {} },
    "batch": { "crm": {}, "full": { "replace_all": { "max_removed": 0.7 } } }
  },
  "settings": { "report_recipients": ["data@example.org"] }
}"#;

/// Enough kills that every phase is hit, in a time that a developer waits for.
const KILLS: u32 = 30;
const AT_MOST: Duration = Duration::from_secs(40);

fn data(scope: Scope, lines: u64, bad_share: f64) -> Vec<u8> {
    let world = Sizes { contacts: 4_000, stores: 40, products: 300, orders: 3_000 };
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

/// Where messages and the keys for them are.
fn encrypted_case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/encrypted")
}

fn encrypted(name: &str) -> Vec<u8> {
    std::fs::read(encrypted_case().join("deliveries/1").join(name)).unwrap()
}

/// Singles, groups, an archive with a group, encrypted files, rejected lines, missing parents, refused files of each kind.
fn drops() -> Vec<(&'static str, Vec<u8>)> {
    let points: String = (0..600).fold("card_code;points\n".to_owned(), |mut text, n| {
        writeln!(text, "{:013};{}", n % 20, n % 7).unwrap();
        text
    });
    let cards = (0..19).fold("card_code;contact\n".to_owned(), |mut text, n| {
        writeln!(text, "{n:013};card@example.org").unwrap();
        text
    });
    let batches = |lines: std::ops::Range<u32>| {
        let header = "batch_id;batch_date\n".to_owned();
        let line = |n| format!("B-{n};2026-01-31T02:00:00Z\n");
        lines.fold(header, |text, n| text + &line(n)).into_bytes()
    };
    let contacts = data(Scope::Contacts, 1_500, 0.02);
    let stores = data(Scope::Stores, 40, 0.0);
    vec![
        ("acme_contacts_crm_20260131.csv", data(Scope::Contacts, 4_000, 0.01)),
        ("acme_contacts_strict_20260131.csv", data(Scope::Contacts, 3_000, 0.001)),
        ("acme_stores_crm_20260131.csv", data(Scope::Stores, 40, 0.0)),
        ("acme_products_crm_20260131.csv", data(Scope::Products, 300, 0.0)),
        ("acme_orders_crm_20260131.csv", data(Scope::Orders, 3_000, 0.02)),
        ("acme_ordersitems_crm_20260131.csv", data(Scope::OrdersItems, 5_000, 0.01)),
        (
            "acme_deletecontacts_crm_20260131.csv",
            b"email\nbruno.roux2@example.org\ncard@example.org\n".to_vec(),
        ),
        ("acme_creditpoints_crm_20260131.csv", points.into_bytes()),
        // A third of the records go again, on three pages; then a file that was cut off, and nothing goes.
        ("acme_batch_crm_20260131.csv", batches(0..12_000)),
        ("acme_batch_full_20260201.csv", batches(4_000..12_000)),
        ("acme_batch_full_20260202.csv", batches(4_000..4_010)),
        // An order from before is replaced, twice, and drops its items.
        (
            "acme_orders_crm_20260204.csv",
            b"order_id;contact;order_date;total_price\nX-1;before@example.org;2026-01-01T00:00:00Z;1\n\
              X-1;before@example.org;2026-01-01T00:00:00Z;2\n"
                .to_vec(),
        ),
        ("loyalty.01-02_acme_contacts_crm_20260131.csv", b"email\ncard@example.org\nbad\n".to_vec()),
        ("loyalty.02-02_acme_cardcode_crm_20260131.csv", cards.into_bytes()),
        ("stopped.01-03_acme_contacts_crm_20260201.csv", data(Scope::Contacts, 800, 0.0)),
        ("stopped.02-03_acme_stores_crm_20260201.csv", b"store_id;nome\nPAR01;Paris\n".to_vec()),
        ("stopped.03-03_acme_orders_crm_20260201.csv", data(Scope::Orders, 500, 0.0)),
        ("waits.01-02_acme_contacts_crm_20260131.csv", b"email\nwaits@example.org\n".to_vec()),
        (
            "monday.tar",
            tar(&[
                ("tar.01-02_acme_contacts_crm_20260130.csv", &contacts),
                ("tar.02-02_acme_stores_crm_20260130.csv", &stores),
                ("acme_stores_crm_20260129.csv", &stores),
            ]),
        ),
        // One file alone is handled as if it had been dropped itself.
        ("lone.tar", tar(&[("acme_contacts_crm_20260127.csv", &contacts)])),
        ("acme_contacts_nobody_20260127.tar", tar(&[("export.csv", &contacts)])),
        // Decrypted first, and then handled as what they hold.
        ("monday.tar.gz.pgp", encrypted("monday.tar.gz.pgp")),
        ("acme_contacts_crm_20260125.csv.gz.gpg", encrypted("acme_contacts_crm_20260201.csv.gz.GPG")),
        ("acme_contacts_crm_20260124.csv.pgp", encrypted("acme_contacts_crm_20260131.csv.pgp")),
        ("acme_contacts_crm_20260123.csv.pgp", encrypted("acme_contacts_crm_20260304.csv.pgp")),
        ("broken.zip", b"PK\x03\x04 and nothing more".to_vec()),
        ("cut.tar", tar(&[("tar.01-02_acme_contacts_crm_20260128.csv", &contacts)])[..40_000].to_vec()),
        ("notes.txt", b"for whom?".to_vec()),
        ("other_imports_config.json", b"{ \"acme\": {} }".to_vec()),
        ("acme_imports_config.json", CONFIG.as_bytes().to_vec()),
        ("acme_contacts_shop_20260131.csv", b"email\nnever@example.org\n".to_vec()),
    ]
}

/// Imported before anything is killed: their names are used again, so that their outputs have to be kept.
const BEFORE: [(&str, &str); 6] = [
    ("acme_contacts_crm_20260131.csv", "email\nbefore@example.org\nbad\n"),
    ("acme_products_crm_20260101.csv", "product_id;name\nX;Anchor\n"),
    (
        "acme_orders_crm_20260101.csv",
        "order_id;contact;order_date;total_price\nX-1;before@example.org;2026-01-01T00:00:00Z;9\n",
    ),
    ("acme_ordersitems_crm_20260101.csv", "order_id;product_id;quantity;unit_price\nX-1;X;1;5\nX-1;X;2;2\n"),
    ("notes.txt", "before"),
    ("acme_imports_config.json", "{ \"acme\": 1 }"),
];

/// A second repository, in which a group is checked as a whole before it is loaded.
const OTHER: &str = "other";
const OTHER_CONFIG: &str = r#"{
  "beta": { "contacts": { "crm": { "policy": "strict" } }, "stores": { "crm": {} } },
  "settings": { "group_policy": "all_or_nothing" }
}"#;

fn world() -> World {
    let world = World::in_memory();
    golden::settings(&world, &encrypted_case());
    world.config("acme", CONFIG);
    world.config_of(OTHER, "beta", OTHER_CONFIG);
    for (name, content) in BEFORE {
        world.drop(PARTNER, name, content);
    }
    world.run();
    for (name, content) in drops() {
        world.drop(PARTNER, name, content);
    }
    let contacts = data(Scope::Contacts, 1_000, 0.0);
    world.drop(OTHER, "good.01-02_beta_contacts_crm_20260131.csv", &contacts);
    world.drop(OTHER, "good.02-02_beta_stores_crm_20260131.csv", data(Scope::Stores, 40, 0.0));
    world.drop(OTHER, "none.01-02_beta_stores_crm_20260201.csv", "store_id;name\nPAR01;never\n");
    world.drop(OTHER, "none.02-02_beta_contacts_crm_20260201.csv", "email\nbad\n");
    world
}

/// Everything that can be seen afterwards.
#[derive(Debug, PartialEq)]
struct Seen {
    tree: BTreeMap<String, Vec<u8>>,
    ledger: Vec<String>,
    records: Vec<String>,
    waiting: Vec<Vec<String>>,
}

fn look(world: &World) -> Seen {
    world.note_ids();
    world.check();
    let mask = world.mask();
    let ledger = world.treated().into_iter().map(|import| {
        let Progress::Done(done) = &import.progress else { panic!("{} is not done", import.file) };
        let place = mask.ids(done.place.as_str());
        format!(
            "{} {} {:?} {:?} {:?} {place}",
            import.file, done.outcome, done.code, done.counts, done.findings
        )
    });
    let mut ledger: Vec<String> = ledger.collect();
    // What is refused as it comes has no place in the order of treatment.
    ledger.sort();
    let records = world.records().into_iter().flat_map(|(scope, records)| {
        let line =
            |record: StoredRecord| mask.ids(&format!("{scope} {}", serde_json::to_string(&record).unwrap()));
        let mut lines: Vec<String> = records.into_iter().map(line).collect();
        lines.sort();
        lines
    });
    let records = records.collect();
    let waiting = world.waiting().into_iter().map(|group| group.files).collect();
    Seen { tree: tree(world), ledger, records, waiting }
}

/// What lies where, long reports as if the first try had written them. That each has one, and that there is no other, was
/// checked.
fn tree(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mask = world.mask();
    let mut tree = world.tree();
    for import in world.treated() {
        let Progress::Done(done) = &import.progress else { continue };
        let KeptReport::At(written) = &done.report else { continue };
        let first = Key::report(&import.repository, import.data_file(), import.id, 1);
        let content = tree.remove(&mask.ids(written.as_str())).unwrap();
        let there = tree.insert(mask.ids(first.as_str()), content);
        assert_eq!(there, None, "{first} is there too");
    }
    tree
}

/// The files of each repository, and when they were treated. A name that was used before is told from the one before.
fn order(world: &World) -> Vec<(String, Vec<(Timestamp, String)>)> {
    let mut order: BTreeMap<String, Vec<(Timestamp, String)>> = BTreeMap::new();
    for ImportRun { repository, file, kind, progress, .. } in world.treated() {
        if let (Kind::Data { .. }, Progress::Done(done)) = (kind, progress) {
            let files = order.entry(repository.to_string()).or_default();
            let again = files.iter().any(|(_, before)| *before == file);
            files.push((done.finished, if again { format!("{file}, again") } else { file }));
        }
    }
    order.into_iter().collect()
}

/// No file was treated before one that it must follow. Of two that ended in the same moment, the first is not known.
#[track_caller]
fn assert_same_order(found: &World, expected: &World, story: &str) {
    for ((repository, found), (_, expected)) in order(found).into_iter().zip(order(expected)) {
        for (n, (before, first)) in expected.iter().enumerate() {
            for (_, second) in expected.iter().skip(n + 1).filter(|(after, _)| after > before) {
                let at = |file: &str| found.iter().find(|(_, name)| name == file).map(|(at, _)| *at);
                let in_order = at(first) <= at(second);
                assert!(in_order, "{repository}: {second} was treated before {first}, {story}");
            }
        }
    }
}

/// The first line in which two texts differ, as each of them has it.
fn difference(found: &[u8], expected: &[u8]) -> String {
    let lines = |content| String::from_utf8_lossy(content).lines().map(str::to_owned).collect::<Vec<_>>();
    let (found, expected) = (lines(found), lines(expected));
    let longest = found.len().max(expected.len());
    let odd = (0..longest).find(|n| found.get(*n) != expected.get(*n)).unwrap_or(longest);
    format!("line {}: {:?} instead of {:?}", odd + 1, found.get(odd), expected.get(odd))
}

#[track_caller]
fn assert_same(found: &Seen, expected: &Seen, story: &str) {
    for (key, content) in &expected.tree {
        let Some(there) = found.tree.get(key) else { panic!("{key} does not exist, {story}") };
        assert!(there == content, "{key}, {story}, {}", difference(there, content));
    }
    let extra: Vec<_> = found.tree.keys().filter(|key| !expected.tree.contains_key(*key)).collect();
    assert!(extra.is_empty(), "{extra:?} should not be there, {story}");
    let odd = found.ledger.iter().zip(&expected.ledger).find(|(found, expected)| found != expected);
    assert_eq!(odd, None, "ledger, {story}");
    assert_eq!(found.ledger.len(), expected.ledger.len(), "ledger, {story}");
    assert_eq!(found.waiting, expected.waiting, "{story}");
    let odd = found.records.iter().zip(&expected.records).find(|(found, expected)| found != expected);
    assert_eq!(odd, None, "records, {story}");
    assert_eq!(found.records.len(), expected.records.len(), "records, {story}");
}

#[test]
fn a_run_that_is_killed_ends_as_one_that_is_not() {
    let undisturbed = world();
    let began = Instant::now();
    undisturbed.run();
    let takes = began.elapsed();
    let expected = look(&undisturbed);
    let others = BEFORE.len() + 4;
    assert_eq!(
        expected.ledger.len(),
        drops().len() + 5 - 1 + others,
        "all but the file that waits, and the members"
    );
    let count = |start: &str| expected.records.iter().filter(|record| record.starts_with(start)).count();
    assert_eq!(
        count("batch "),
        8_000,
        "what the whole file does not name went, the cut-off one took nothing"
    );
    let items = expected.records.iter().filter(|r| r.starts_with("ordersitems ") && r.contains("X-1"));
    assert_eq!(items.count(), 0, "the items went with the order that was replaced");

    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.unwrap_or_default().as_nanos() as u64
    });
    let mut chance = Chance::new(seed);
    let (mut kills, mut worlds) = (0, 0);
    let began = Instant::now();
    while kills < KILLS && began.elapsed() < AT_MOST {
        let world = world();
        let mut here = 0;
        loop {
            // Long enough to get somewhere now and then, short enough to be hit often.
            let wait = takes.mul_f64(chance.share() * chance.share());
            let mut run = Command::new(env!("CARGO_BIN_EXE_run_once"))
                .arg(world.root())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::sleep(wait);
            let ended = if kills < KILLS { run.try_wait().unwrap() } else { Some(run.wait().unwrap()) };
            if ended.is_some() {
                let output = run.wait_with_output().unwrap();
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "SEED={seed}, after {here} kills: {told}");
                break;
            }
            run.kill().unwrap();
            run.wait().unwrap();
            kills += 1;
            here += 1;
        }
        let story = format!("SEED={seed}, world {worlds} after {here} kills");
        assert_same(&look(&world), &expected, &story);
        assert_same_order(&world, &undisturbed, &story);
        worlds += 1;
    }
    println!("{kills} kills in {worlds} worlds, undisturbed {takes:?}");
    assert!(kills >= KILLS / 3, "only {kills} kills: this machine is too fast or too slow for the test");
}
