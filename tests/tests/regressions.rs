//! Bugs that were found, each as what somebody would have lost by it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tidewaiter::report::Outcome;
use tidewaiter_engine::capabilities::HasState;
use tidewaiter_engine::ports::{
    Conclusion, ConfigStore, Content, KeptReport, Kind, Pinned, Progress, RunLedger, Told,
};
use tidewaiter_engine::{configs, hash};
use tidewaiter_folder::Local;
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
        hash::hex(&Sha256::digest(content))
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
    // The rejected lines of the first file are fixed and dropped under the name they are kept by.
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
    assert!(log.contains("can't read file to its end: file-changed: 32 bytes arrived after"), "{log}");
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
        local.state().conclude(&import, &decided, &[], Told::default()).await.unwrap();
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
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/deliveries/2-archives/web_2026-02-03.zip"));
    world.drop(PARTNER, "web.zip", archive.unwrap());
    // Members cannot be written: a file is in the way.
    fs::write(world.path("unpacked"), "").unwrap();
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    assert_eq!(summary.failures.len(), 1, "it is said");
    assert!(matches!(world.import("web.zip").progress, Progress::Registered), "and tried again");
    fs::remove_file(world.path("unpacked")).unwrap();
    world.run();
    assert_eq!(conclusion(&world, "web.zip").outcome, Outcome::Unpacked);
}

#[test]
fn what_lies_in_no_repository_is_said() {
    let world = world();
    fs::write(world.path("imports/stray.csv"), "x").unwrap();
    fs::create_dir_all(world.path("imports/bad name")).unwrap();
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    assert_eq!(summary.strays, ["imports/bad name", "imports/stray.csv"].map(|stray| world.path(stray)));
    assert_eq!(summary.failures, [], "no run fails for it");
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
    assert!(log.contains("out of order: a newer file (2026-02-05) was imported first"), "{log}");
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

/// How many files of the partner were taken in and have no outcome.
fn waiting_in(world: &World) -> usize {
    fs::read_dir(world.path(&format!("waiting/{PARTNER}"))).map_or(0, Iterator::count)
}

/// A configuration that was registered and not activated when the process was killed: its files were "not processed".
#[test]
fn files_wait_for_a_configuration_that_a_killed_run_has_registered() {
    let world = World::new();
    // A folder is in its place: it cannot be activated.
    let folder = world.path(&format!("config/{PARTNER}/acme.json"));
    fs::create_dir(&folder).unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    for _ in 0..2 {
        let summary = world.try_run(Duration::ZERO, Duration::ZERO);
        assert!(!summary.failures.is_empty(), "an error of ours is told");
        assert!(world.history().iter().all(|import| matches!(import.progress, Progress::Registered)));
    }
    assert_eq!(waiting_in(&world), 2);
    world.drop(PARTNER, "acme_stores_crm_20260131.csv", "store_id;name\nPAR01;Paris\n");
    fs::remove_dir(&folder).unwrap();
    world.run();
    assert_eq!(conclusion(&world, "acme_imports_config.json").outcome, Outcome::Activated);
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported);
    assert_eq!(conclusion(&world, "acme_stores_crm_20260131.csv").outcome, Outcome::Imported);
}

/// A file with an older time (mv, cp -p, unzip) was taken in before the configuration that was written just now, and
/// refused.
#[test]
fn a_file_waits_for_a_configuration_that_is_still_being_written() {
    let world = World::new();
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    let archive = fs::File::open(world.path(&format!("imports/{PARTNER}/{FILE}"))).unwrap();
    archive.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    let summary = world.try_run(Duration::from_hours(1), Duration::ZERO);
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    assert_eq!(summary.still_writing.changing.len(), 1);
    assert!(matches!(world.import(FILE).progress, Progress::Registered), "it is taken in, and waits");
    world.run();
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported);
}

/// The same when it replaces another one: what the file means depends on which of them is active.
#[test]
fn a_file_does_not_begin_while_the_next_configuration_is_being_written() {
    let world = world();
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    let file = fs::File::open(world.path(&format!("imports/{PARTNER}/{FILE}"))).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
    let strict = r#"{ "acme": { "contacts": { "crm": { "policy": "strict" } }, "stores": { "crm": {} } } }"#;
    world.drop(PARTNER, "acme_imports_config.json", strict);
    world.try_run(Duration::from_hours(1), Duration::ZERO);
    assert!(matches!(world.import(FILE).progress, Progress::Registered));
    world.run();
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::Imported);
}

/// An archive that comes with its configuration keeps its members.
#[test]
fn members_of_an_archive_wait_for_its_configuration() {
    let world = World::new();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in [
        (format!("g.01-02_{FILE}"), "email\nada@example.org\n"),
        (format!("g.02-02_{FILE}"), "email\nbob@example.org\n"),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, &name, content.as_bytes()).unwrap();
    }
    world.drop(PARTNER, "monday.tar", archive.into_inner().unwrap());
    let file = fs::File::open(world.path(&format!("imports/{PARTNER}/monday.tar"))).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.try_run(Duration::from_hours(1), Duration::ZERO);
    assert!(
        matches!(world.import("monday.tar").progress, Progress::Started(_)),
        "its report says what its members are"
    );
    world.run();
    assert_eq!(conclusion(&world, "monday.tar").outcome, Outcome::Unpacked);
    for slot in ["01", "02"] {
        assert_eq!(conclusion(&world, &format!("g.{slot}-02_{FILE}")).outcome, Outcome::Imported);
    }
}

/// A tar archive with this file, which is [`FILE`].
fn packed(content: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, FILE, content.as_bytes()).unwrap();
    archive.into_inner().unwrap()
}

/// The member of an archive with one file was "not grouped", and the recipients of its import were not told.
#[test]
fn an_archive_of_one_file_waits_for_its_configuration_as_that_file_does() {
    let world = World::new();
    world.drop(PARTNER, "monday.tar", packed("email\nada@example.org\nbad\n"));
    let file = fs::File::open(world.path(&format!("imports/{PARTNER}/monday.tar"))).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.try_run(Duration::from_hours(1), Duration::ZERO);
    world.check();
    let waiting = world.import("monday.tar");
    assert!(matches!(waiting.kind, Kind::Unresolved { .. }), "{:?}", waiting.kind);
    world.run();
    world.check();
    let ended = conclusion(&world, "monday.tar");
    assert_eq!((ended.outcome, ended.counts.imported, ended.counts.rejected), (Outcome::Imported, 1, 1));
    assert_eq!(world.text(&format!("badlines/{PARTNER}/{FILE}")), "email\nbad\n");
    assert!(world.path(&format!("archives/{PARTNER}/monday.tar")).exists(), "it is kept as it came");
    assert!(world.path(&format!("logs/{PARTNER}/{FILE}.log")).exists(), "its log has the name of the data");
}

#[test]
fn an_archive_of_one_file_that_is_interrupted_is_taken_up_again() {
    let world = world();
    world.drop(PARTNER, "monday.tar", packed("email\nada@example.org\n"));
    // It cannot be extracted: then it is still an archive.
    fs::write(world.path("unpacked"), "").unwrap();
    assert_eq!(world.try_run(Duration::ZERO, Duration::ZERO).failures.len(), 1);
    assert!(matches!(world.import("monday.tar").kind, Kind::Archive));
    fs::remove_file(world.path("unpacked")).unwrap();
    // Its log cannot be written: then its outcome is decided, and what was extracted is still there.
    let logs = world.path(&format!("logs/{PARTNER}"));
    fs::create_dir_all(logs.parent().unwrap()).unwrap();
    let _ = fs::remove_dir(&logs);
    fs::write(&logs, "in the way").unwrap();
    assert_eq!(world.try_run(Duration::ZERO, Duration::ZERO).failures.len(), 1);
    assert!(matches!(world.import("monday.tar").progress, Progress::Concluding(_)));
    fs::remove_file(&logs).unwrap();
    world.run();
    world.check();
    assert_eq!(conclusion(&world, "monday.tar").outcome, Outcome::Imported);
    assert_eq!(world.keys("contacts"), ["ada@example.org"]);
}

/// A mark that a transfer is complete was refused, with a mail and exit code 1.
#[test]
fn what_tools_leave_needs_no_attention() {
    let world = World::new();
    let settings =
        r#"{ "report_recipients": ["all@example.org"], "alert_recipients": ["alert@example.org"] }"#;
    world.config(
        "acme",
        &format!(r#"{{ "acme": {{ "contacts": {{ "crm": {{}} }} }}, "settings": {settings} }}"#),
    );
    for file in ["_SUCCESS", ".DS_Store", "export/Thumbs.db"] {
        world.drop(PARTNER, file, "");
    }
    world.run();
    world.check();
    for import in world.history() {
        let Progress::Done(ended) = &import.progress else { panic!("{} has no outcome", import.file) };
        assert_eq!(
            (ended.outcome, ended.needs_attention()),
            (Outcome::NotProcessed, false),
            "{}",
            import.file
        );
        assert_eq!((ended.mail_due, ended.digest.as_ref()), (false, None), "{}", import.file);
    }
    assert_eq!(world.history().len(), 3, "the ledger knows each");
    assert!(world.mails().is_empty(), "no mail is sent");
}

/// Each try of an activation, and each drop of the same document, left a copy under `replaced/`.
#[test]
fn the_same_configuration_again_keeps_no_copy() {
    let world = World::new();
    let replaced =
        || fs::read_dir(world.path(&format!("config/{PARTNER}/replaced"))).map_or(0, Iterator::count);
    for _ in 0..3 {
        world.drop(PARTNER, "acme_imports_config.json", CONFIG);
        world.run();
        assert_eq!(replaced(), 0);
    }
    world.drop(PARTNER, "acme_imports_config.json", CONFIG.replace("stores", "products"));
    world.run();
    assert_eq!(replaced(), 1, "what was active is kept");
    assert_eq!(
        fs::read_to_string(world.path(&format!("config/{PARTNER}/acme.json"))).unwrap(),
        CONFIG.replace("stores", "products")
    );
}

/// The last outcome of a file in a repository.
fn latest(world: &World, repository: &str, file: &str) -> Conclusion {
    let mut history = world.history();
    history.retain(|import| import.repository.as_str() == repository && import.file == file);
    history.sort_by_key(|import| import.id);
    match history.pop().map(|import| import.progress) {
        Some(Progress::Done(conclusion)) => conclusion,
        other => panic!("{file} has no outcome: {other:?}"),
    }
}

/// A repository took over another one's universe by a configuration of its own.
#[test]
fn a_repository_does_not_take_over_the_universe_of_another_one() {
    let world = World::new();
    world.repository("evil");
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    world.run();
    let takes_all = r#"{ "acme": { "contacts": { "crm": { "replace_all": { "max_removed": 1 } } } } }"#;
    let next = "acme_contacts_crm_20260201.csv";
    let attack = |file: &str| {
        world.drop("evil", "acme_imports_config.json", takes_all);
        world.drop("evil", file, "email\nmallory@example.org\n");
        world.run();
    };
    attack(next);
    let refused = latest(&world, "evil", "acme_imports_config.json");
    assert_eq!((refused.outcome, refused.code.as_deref()), (Outcome::Bogus, Some("universe")));
    assert!(
        !world.text("logs/evil/acme_imports_config.json.log").contains(PARTNER),
        "nor does it learn whose it is"
    );
    assert_eq!(latest(&world, "evil", next).outcome, Outcome::NotProcessed);
    assert_eq!(world.keys("contacts"), ["ada@example.org"]);

    // An operator shares it, and takes that back.
    let share = |is_shared| {
        block_on(async {
            let local = Local::open(world.root()).unwrap();
            let evil = "evil".parse().unwrap();
            assert!(local.state().share("acme", &evil, is_shared).await.unwrap());
            local.state().reconfigured(&evil).await.unwrap();
        });
    };
    share(true);
    attack("acme_contacts_crm_20260202.csv");
    assert_eq!(world.keys("contacts"), ["mallory@example.org"]);
    share(false);
    let late = "acme_contacts_crm_20260203.csv";
    world.drop("evil", late, "email\nada@example.org\n");
    world.run();
    let refused = latest(&world, "evil", late);
    assert_eq!((refused.outcome, refused.code.as_deref()), (Outcome::NotProcessed, Some("universe")));
    assert_eq!(world.keys("contacts"), ["mallory@example.org"]);
}

/// What an operator has put into `config/` by hand owns its universe, before a file of it has come.
#[test]
fn a_configuration_by_hand_owns_its_universe() {
    let world = world();
    world.repository("evil");
    world.drop("evil", "acme_imports_config.json", CONFIG);
    world.run();
    assert_eq!(conclusion(&world, "acme_imports_config.json").outcome, Outcome::Bogus);
}

/// Where only an operator activates configurations, a dropped one has an outcome and no effect.
#[test]
fn an_operator_may_be_the_only_one_who_activates() {
    let world = World::new();
    fs::write(world.path("tidewaiter.toml"), "[configurations]\npartners_activate = false\n").unwrap();
    world.drop(PARTNER, "acme_imports_config.json", CONFIG);
    world.drop(PARTNER, FILE, "email\nada@example.org\n");
    world.run();
    let refused = conclusion(&world, "acme_imports_config.json");
    assert_eq!(
        (refused.outcome, refused.code.as_deref()),
        (Outcome::NotProcessed, Some("operator-activates"))
    );
    assert_eq!(conclusion(&world, FILE).outcome, Outcome::NotProcessed);
    assert!(!world.path(&format!("config/{PARTNER}/acme.json")).exists());
    fs::write(world.path("tidewaiter.toml"), "[configuration]\n").unwrap();
    let Err(error) = Local::open(world.root()) else { panic!("it was opened") };
    assert!(error.to_string().contains("configuration: unknown setting"), "{error}");
}
