//! Encrypted files in a folder: what the golden folder `encrypted` cannot show.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{Conclusion, Progress};
use tidewaiter_tests::world::PARTNER;
use tidewaiter_tests::{World, golden};

const CONFIG: &str = r#"{ "acme": { "contacts": { "crm": {} }, "stores": { "crm": {} },
    "orders": { "erp": { "sheet": "Orders", "skip_lines": 2, "decimal": ",", "date_formats": ["dd.mm.yyyy"],
        "columns": { "No": "order_id", "Customer": "contact", "Day": "order_date", "Total": "total_price" } } } } }"#;
const FILE: &str = "acme_contacts_crm_20260131.csv.pgp";

fn case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/encrypted")
}

fn message(name: &str) -> Vec<u8> {
    fs::read(case().join("deliveries/1").join(name)).unwrap()
}

/// A deployment with keys.
fn world() -> World {
    let world = World::new();
    golden::settings(&world, &case());
    world.config("acme", CONFIG);
    world
}

fn conclusion(world: &World, file: &str) -> Conclusion {
    match world.import(file).progress {
        Progress::Done(conclusion) => conclusion,
        other => panic!("{file} has no outcome: {other:?}"),
    }
}

#[test]
fn without_a_key_an_encrypted_file_goes_back_with_a_word_for_the_operator() {
    let world = World::new();
    world.config("acme", CONFIG);
    world.drop(PARTNER, FILE, message(FILE));
    world.run();
    world.check();
    let done = conclusion(&world, FILE);
    assert_eq!((done.outcome, done.code.as_deref()), (Outcome::NotProcessed, Some("no-decryption-key")));
    let log = fs::read_to_string(world.path(&format!("logs/{PARTNER}/{FILE}.log"))).unwrap();
    assert!(log.contains("hint: ask the operator of this deployment to configure a key"), "{log}");
    assert!(world.path(&format!("notprocessed/{PARTNER}/{FILE}")).exists());
}

/// Breaks the keys, sees that the encrypted file alone waits, and repairs them.
fn waits_until_repaired(break_keys: impl Fn(&World), told: &str) {
    let world = world();
    break_keys(&world);
    world.drop(PARTNER, FILE, message(FILE));
    world.drop(PARTNER, "acme_stores_crm_20260131.csv", "store_id;name\nPAR01;Paris\n");
    for _ in 0..2 {
        let failures = world.try_run(Duration::ZERO, Duration::ZERO).failures;
        let [failure] = &failures[..] else { panic!("{failures:?}") };
        assert!(failure.error.contains(told), "{failure}");
        assert!(!failure.error.contains("horse"), "a passphrase is told: {failure}");
        assert!(!matches!(world.import(FILE).progress, Progress::Done(_)), "no partner has to do with it");
        let other = conclusion(&world, "acme_stores_crm_20260131.csv");
        assert_eq!(other.outcome, Outcome::Imported, "what is not encrypted goes on");
    }
    golden::settings(&world, &case());
    world.run();
    world.check();
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported);
    assert_eq!(world.records()["contacts"].len(), 1);
}

#[test]
fn a_key_that_is_not_there_is_no_outcome_of_a_partner() {
    let remove = |world: &World| fs::remove_file(world.path("keys/rotated.asc")).unwrap();
    waits_until_repaired(remove, "keys/rotated.asc does not exist");
}

#[test]
fn a_key_that_cannot_be_unlocked_is_no_outcome_of_a_partner() {
    let lock = |world: &World| fs::write(world.path("keys/passphrases"), "wrong horse\n").unwrap();
    waits_until_repaired(lock, "is protected, and none of the passphrases");
}

#[test]
fn a_key_that_is_none_is_no_outcome_of_a_partner() {
    let public = case().join("../../../crates/pgp/tests/made/ours.pub.asc");
    let replace = |world: &World| _ = fs::copy(&public, world.path("keys/ours.asc")).unwrap();
    waits_until_repaired(replace, "keys/ours.asc is not usable: it holds no secret key");
}

#[test]
fn a_file_is_refused_wherever_it_is_cut() {
    let (world, whole) = (world(), message(FILE));
    for length in 0..whole.len() {
        world.drop(PARTNER, &format!("acme_contacts_crm_20260131_{length:03}.csv.pgp"), &whole[..length]);
    }
    world.run();
    world.check();
    assert!(world.records().values().all(Vec::is_empty), "something was imported");
    let refused = |import: &tidewaiter_engine::ports::ImportRun| match &import.progress {
        Progress::Done(done) => done.outcome == Outcome::Bogus && done.place.as_str().starts_with("bogus/"),
        _ => false,
    };
    let history = world.history();
    assert_eq!(history.len(), whole.len());
    assert!(history.iter().all(refused));
}

#[test]
fn encrypted_files_wait_for_a_configuration_as_others_do() {
    let world = World::new();
    golden::settings(&world, &case());
    let workbook = "acme_orders_erp_20261128.xlsx.pgp";
    world.drop(PARTNER, FILE, message(FILE));
    world.drop(PARTNER, workbook, message(workbook));
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.run();
    world.check();
    for file in [FILE, workbook] {
        assert_eq!(conclusion(&world, file).outcome, Outcome::Imported, "{file}");
    }
    // Where nothing is configured for it, a workbook stays unread.
    let other = "other_orders_erp_20261128.xlsx.pgp";
    world.drop(PARTNER, other, message(workbook));
    world.run();
    world.check();
    assert_eq!(conclusion(&world, other).outcome, Outcome::NotProcessed);
}

#[test]
fn the_limits_on_unpacked_bytes_hold_for_encrypted_files() {
    let world = world();
    let limits = r#""settings": { "limits": { "archive": { "max_member_bytes": 1000000 } } }"#;
    world.config("acme", &format!(r#"{{ "acme": {{ "contacts": {{ "crm": {{}} }} }}, {limits} }}"#));
    let bomb = fs::read(case().join("../../../crates/pgp/tests/made/bomb.pgp")).unwrap();
    world.drop(PARTNER, FILE, &bomb);
    world.drop(PARTNER, "acme_contacts_crm_20260201.csv.gz.pgp", &bomb);
    world.run();
    world.check();
    for file in [FILE, "acme_contacts_crm_20260201.csv.gz.pgp"] {
        let done = conclusion(&world, file);
        assert_eq!((done.outcome, done.code.as_deref()), (Outcome::Bogus, Some("too-large")), "{file}");
    }
}
