//! Bugs that were found, each as what somebody would have lost by it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tidewaiter::report::Outcome;
use tidewaiter_pipeline::configs;
use tidewaiter_pipeline::local::Local;
use tidewaiter_pipeline::ports::{Conclusion, Content, KeptReport, Pinned, Platform, Progress, State};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

const CONFIG: &str = r#"{ "acme": { "contacts": { "crm": {} }, "stores": { "crm": {} } } }"#;
const FILE: &str = "acme_contacts_crm_20260131.csv";

fn world() -> World {
    let world = World::new();
    world.config("acme", CONFIG);
    world
}

fn conclusion(world: &World, file: &str) -> Conclusion {
    match world.import(file).progress {
        Progress::Done(conclusion) => conclusion,
        other => panic!("{file} has no outcome: {other:?}"),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

/// Takes a file in, and leaves it where a process would that stopped right before loading: its content is
/// fixed, `content` of it. Answers where the file waits.
fn stopped_before_loading(world: &World, content: &str) -> PathBuf {
    // Two slots, so that nothing begins before the test lets it.
    let (first, second) = (format!("g.01-02_{FILE}"), format!("g.02-02_{FILE}"));
    world.drop(PARTNER, &first, content);
    world.run();
    let import = world.import(&first);
    let sha256 = {
        use sha2::{Digest, Sha256};
        configs::hex(&Sha256::digest(content))
    };
    block_on(async {
        let local = Local::open(world.root()).unwrap();
        let pin = configs::pin(&local, &import, "acme", None).await.unwrap().unwrap();
        let content = Some(Content { bytes: content.len() as u64, sha256 });
        local.state().start(import.id, &Pinned { content, ..pin }).await.unwrap();
    });
    world.drop(PARTNER, &second, "email\nlast@example.org\n");
    world.path(&import.source.key)
}

#[test]
fn a_kept_file_is_not_overwritten_when_its_new_name_is_used() {
    let world = world();
    world.drop(PARTNER, FILE, "email\nfirst@example.org\nbad\n");
    world.run();
    let first = world.import(FILE);
    world.drop(PARTNER, FILE, "email\nsecond@example.org\nbad\n");
    world.run();
    // The rejected lines of the first file are mended and dropped under the name they are kept by.
    let kept = format!("acme_contacts_crm_20260131_{}.csv", first.id);
    let badlines = fs::read_to_string(world.path(&format!("badlines/partner/{kept}"))).unwrap();
    assert_eq!(badlines, "email\nbad\n");
    world.drop(PARTNER, &kept, "email\nmended@example.org\n");
    world.run();
    world.check();
    let tree = world.raw_tree();
    let archived: Vec<&[u8]> = tree
        .iter()
        .filter(|(key, _)| key.starts_with("archives/"))
        .map(|(_, bytes)| bytes.as_slice())
        .collect();
    for content in
        ["email\nfirst@example.org\nbad\n", "email\nsecond@example.org\nbad\n", "email\nmended@example.org\n"]
    {
        assert!(archived.contains(&content.as_bytes()), "{content:?} is nowhere");
    }
}

#[test]
fn a_name_that_is_taken_already_is_not_given_to_an_older_file() {
    let world = world();
    world.drop(PARTNER, FILE, "email\nfirst@example.org\n");
    world.run();
    // The name that the first file would be given, were its own used again.
    let taken = format!("acme_contacts_crm_20260131_{}.csv", world.import(FILE).id);
    world.drop(PARTNER, &taken, "email\ntaken@example.org\n");
    world.run();
    world.drop(PARTNER, FILE, "email\nsecond@example.org\n");
    world.run();
    world.check();
    let tree = world.raw_tree();
    let under = |prefix: &str, ending: &str| {
        tree.keys().filter(|key| key.starts_with(prefix) && key.ends_with(ending)).count()
    };
    assert_eq!(under("archives/", ".csv"), 3, "{:#?}", tree.keys());
    assert_eq!(under("logs/", ".log"), 3, "no log was overwritten");
    for import in world.history() {
        let Progress::Done(done) = &import.progress else { panic!("{} has no outcome", import.file) };
        assert!(tree.contains_key(done.place.as_str()), "{} is not at {}", import.file, done.place);
    }
}

#[test]
fn a_file_that_nobody_told_us_of_is_not_overwritten() {
    let world = world();
    for place in ["archives", "badlines", "logs"] {
        fs::create_dir_all(world.path(&format!("{place}/partner"))).unwrap();
    }
    fs::write(world.path(&format!("archives/partner/{FILE}")), "precious").unwrap();
    fs::write(world.path(&format!("badlines/partner/{FILE}")), "precious").unwrap();
    fs::create_dir_all(world.path("bogus/partner/notes.txt")).unwrap();
    world.drop(PARTNER, FILE, "email\nada@example.org\nbad\n");
    world.drop(PARTNER, "notes.txt", "x");
    world.run();
    let tree = world.raw_tree();
    let precious = |place: &str| {
        tree.iter().filter(|(key, bytes)| key.starts_with(place) && bytes.as_slice() == b"precious").count()
    };
    assert_eq!((precious("archives/"), precious("badlines/")), (1, 1));
    assert_eq!(conclusion(&world, "notes.txt").outcome, Outcome::Bogus);
    assert!(world.path("bogus/partner/notes.txt").is_file());
}

#[test]
fn what_is_appended_after_the_check_is_not_loaded_and_is_told() {
    let world = world();
    let content = "email\nada@example.org\n";
    let waiting = stopped_before_loading(&world, content);
    fs::write(&waiting, format!("{content}late@example.org\nnot an address\n")).unwrap();
    world.run();
    let file = format!("g.01-02_{FILE}");
    let done = conclusion(&world, &file);
    assert_eq!((done.outcome, done.counts.read, done.counts.imported), (Outcome::Imported, 1, 1));
    assert_eq!(done.findings, ["file-changed"]);
    assert_eq!(world.keys("contacts"), ["ada@example.org", "last@example.org"]);
    let log = world.text(&format!("logs/partner/{file}.log"));
    assert!(log.contains("can't read file to its end: file-changed: 32 bytes came after"), "{log}");
    let KeptReport::Here(report) = done.report else { panic!("a small report is kept with the outcome") };
    assert!(report.needs_attention(), "an alert is sent, and `run` ends with 1");
}

#[test]
fn a_file_that_is_overwritten_after_the_check_is_not_loaded() {
    let world = world();
    let waiting = stopped_before_loading(&world, "email\nada@example.org\n");
    fs::write(&waiting, "email\neve@example.org\n").unwrap();
    world.run();
    let done = conclusion(&world, &format!("g.01-02_{FILE}"));
    assert_eq!((done.outcome, done.code.as_deref()), (Outcome::NotProcessed, Some("file-changed")));
    assert_eq!(world.keys("contacts"), Vec::<String>::new());
}

#[test]
fn a_file_that_is_removed_while_it_waits_holds_nobody_up() {
    let world = world();
    let waiting = stopped_before_loading(&world, "email\nada@example.org\n");
    fs::remove_file(&waiting).unwrap();
    world.drop(PARTNER, "acme_stores_crm_20260131.csv", "store_id;name\n1;Paris\n");
    world.run();
    let done = conclusion(&world, &format!("g.01-02_{FILE}"));
    assert_eq!((done.outcome, done.code.as_deref()), (Outcome::NotProcessed, Some("gone")));
    assert_eq!(conclusion(&world, "acme_stores_crm_20260131.csv").outcome, Outcome::Imported);
}

#[test]
fn a_file_that_is_removed_after_its_outcome_was_decided_holds_nobody_up() {
    let world = world();
    world.drop(PARTNER, "other.txt", "x");
    world.run();
    let pattern = conclusion(&world, "other.txt");
    let third = format!("h.01-02_{FILE}");
    world.drop(PARTNER, &third, "email\neve@example.org\n");
    world.run();
    let import = world.import(&third);
    block_on(async {
        let local = Local::open(world.root()).unwrap();
        let decided = Conclusion { place: import_place(&third), ..pattern };
        local.state().conclude(&import, &decided, &[], None).await.unwrap();
    });
    fs::remove_file(world.path(&import.source.key)).unwrap();
    world.drop(PARTNER, "acme_stores_crm_20260131.csv", "store_id;name\n1;Paris\n");
    world.run();
    assert!(matches!(world.import(&third).progress, Progress::Done(_)));
    assert_eq!(conclusion(&world, "acme_stores_crm_20260131.csv").outcome, Outcome::Imported);
}

fn import_place(file: &str) -> tidewaiter::keys::Key {
    tidewaiter::keys::Key::placed(Outcome::Bogus.place(), &PARTNER.parse().unwrap(), file)
}

#[test]
fn our_own_failure_does_not_become_the_partners_outcome() {
    let world = world();
    let archive =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/deliveries/2-archives/new-stores.tar"));
    world.drop(PARTNER, "new-stores.tar", archive.unwrap());
    // Members cannot be written: a file is in the way.
    fs::write(world.path("unpacked"), "").unwrap();
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    assert_eq!(summary.failures.len(), 1, "it is said");
    assert!(matches!(world.import("new-stores.tar").progress, Progress::Registered), "and tried again");
    fs::remove_file(world.path("unpacked")).unwrap();
    world.run();
    assert_eq!(conclusion(&world, "new-stores.tar").outcome, Outcome::Unpacked);
}

#[test]
fn what_lies_in_no_repository_is_said() {
    let world = world();
    fs::write(world.path("imports/stray.csv"), "x").unwrap();
    fs::create_dir_all(world.path("imports/bad name")).unwrap();
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    let said: Vec<String> = summary.failures.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|text| text.contains("imports/stray.csv is in no repository")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("imports/bad name is in no repository")), "{said:?}");
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported, "and holds nobody up");
}

#[test]
fn a_configuration_that_is_replaced_is_kept_and_one_that_is_broken_can_be_replaced() {
    let world = world();
    let active = world.path("config/partner/acme.json");
    fs::write(&active, "{ by hand, and broken").unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    world.run();
    assert_eq!(conclusion(&world, "acme_imports_config.json").outcome, Outcome::Activated);
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported);
    let kept: Vec<String> = fs::read_dir(world.path("config/partner/replaced"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(kept, ["{ by hand, and broken"]);
}

#[test]
fn a_file_is_not_late_because_a_group_of_the_same_delivery_came_first() {
    let world = world();
    world.drop(PARTNER, "a.01-01_acme_contacts_crm_20260205.csv", "email\na@example.org\n");
    world.drop(PARTNER, "acme_contacts_crm_20260203.csv", "email\nb@example.org\n");
    world.run();
    assert!(!world.text("logs/partner/acme_contacts_crm_20260203.csv.log").contains("late"));
    std::thread::sleep(Duration::from_millis(5));
    world.drop(PARTNER, "acme_contacts_crm_20260202.csv", "email\nc@example.org\n");
    world.run();
    let log = world.text("logs/partner/acme_contacts_crm_20260202.csv.log");
    assert!(log.contains("it came late: a file of 2026-02-05 was imported before it"), "{log}");
}

#[test]
fn the_last_slot_of_the_largest_group_is_found() {
    let world = world();
    for slot in (1..=99).rev() {
        world.drop(PARTNER, &format!("big.{slot:02}-99_{FILE}"), format!("email\n{slot}@example.org\n"));
    }
    world.run();
    world.check();
    assert_eq!(world.keys("contacts").len(), 99);
}

/// Who may drop data but no configuration must not get one in by a name that only looks like one when it has
/// been cleaned.
#[test]
fn a_name_with_characters_that_cannot_be_seen_is_no_other_name() {
    let world = world();
    for name in ["acme\u{200b}imports_config.json", "acme_contacts_crm\u{200b}20260131.csv"] {
        world.drop(PARTNER, name, "{ \"acme\": { \"contacts\": { \"crm\": { \"mode\": \"create\" } } } }");
    }
    world.run();
    world.check();
    for import in world.history() {
        let Progress::Done(done) = &import.progress else { panic!("{} has no outcome", import.file) };
        assert_eq!((done.outcome, done.code.as_deref()), (Outcome::Bogus, Some("name")), "{}", import.file);
        assert!(import.file.contains("%E2%80%8B"), "{}", import.file);
    }
    assert_eq!(world.history().len(), 2);
}

/// While all of a group are checked first, a file of it may turn out to have been imported before. It is done then, and
/// the group waited for ever for it to be checked.
#[test]
fn a_group_whose_file_was_imported_before_goes_on() {
    let world = World::new();
    let config = r#"{ "acme": { "contacts": { "crm": { "duplicates": "skip" } } },
                      "settings": { "group_policy": "all_or_nothing" } }"#;
    world.config("acme", config);
    let content = |name: &str| format!("email\n{name}@example.org\n");
    world.drop(PARTNER, FILE, content("ada"));
    world.run();
    for (slot, name) in [(1, "ada"), (2, "eve")] {
        world.drop(PARTNER, &format!("g.{slot:02}-02_acme_contacts_crm_20260201.csv"), content(name));
    }
    world.run();
    let of = |slot: u8| conclusion(&world, &format!("g.{slot:02}-02_acme_contacts_crm_20260201.csv"));
    assert_eq!((of(1).outcome, of(1).code.as_deref()), (Outcome::NotProcessed, Some("duplicate")));
    assert_eq!(of(2).outcome, Outcome::Imported);
    assert_eq!(world.keys("contacts"), ["ada@example.org", "eve@example.org"]);
}
