//! What is no file, has no readable name, cannot be read, or is bigger than anybody thought: each ends in
//! a clear outcome, and nothing else is held up by it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{Conclusion, ImportRun, Progress};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

const CONFIG: &str = r#"{ "acme": { "contacts": { "crm": {}, "strict": { "policy": "strict" }, "few": { "policy": { "max_rejected": 1 } } } } }"#;
const GOOD: &str = "acme_contacts_crm_20260131.csv";

fn world() -> World {
    let world = World::new();
    world.config("acme", CONFIG);
    world
}

/// One run as a process of its own; it must end.
fn run_in_time(world: &World, uid: Option<u32>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_run_once"));
    command.arg(world.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("the run hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    world.note_ids();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_ran(output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{}: {told}", output.status);
}

fn done(import: &ImportRun) -> &Conclusion {
    match &import.progress {
        Progress::Done(done) => done,
        other => panic!("{} has no outcome: {other:?}", import.file),
    }
}

/// Outcome and code of every import, by file.
fn outcomes(world: &World) -> Vec<(String, Outcome, String)> {
    let of = |import: &ImportRun| {
        let done = done(import);
        (import.file.clone(), done.outcome, done.code.clone().unwrap_or_default())
    };
    let mut outcomes: Vec<_> = world.history().iter().map(of).collect();
    outcomes.sort();
    outcomes
}

fn imports_folder(world: &World) -> std::path::PathBuf {
    world.path("imports/partner")
}

/// Nothing is left in the drop zone, and the good file beside the strange one was imported.
fn assert_all_taken(world: &World) {
    assert_eq!(fs::read_dir(imports_folder(world)).unwrap().count(), 0);
    assert_eq!(world.keys("contacts"), ["good@example.org"]);
}

fn drop_good(world: &World) {
    world.drop(PARTNER, GOOD, "email\ngood@example.org\n");
}

#[test]
fn links_are_never_followed() {
    let world = world();
    drop_good(&world);
    let secret = world.path("secret.csv");
    fs::write(&secret, "email\nsecret@example.org\n").unwrap();
    let folder = imports_folder(&world);
    symlink(&secret, folder.join("acme_contacts_crm_20260101.csv")).unwrap();
    symlink("/nowhere", folder.join("acme_contacts_crm_20260102.csv")).unwrap();
    symlink("/", folder.join("root")).unwrap();
    symlink(&secret, folder.join("acme_imports_config.json")).unwrap();
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    for file in [
        "acme_contacts_crm_20260101.csv",
        "acme_contacts_crm_20260102.csv",
        "root",
        "acme_imports_config.json",
    ] {
        assert_eq!(done(&world.import(file)).code.as_deref(), Some("special-file"), "{file}");
    }
    assert_eq!(fs::read_to_string(secret).unwrap(), "email\nsecret@example.org\n");
}

#[test]
fn a_pipe_is_not_waited_for() {
    let world = world();
    drop_good(&world);
    let pipe = imports_folder(&world).join("acme_contacts_crm_20260101.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    assert_eq!(done(&world.import("acme_contacts_crm_20260101.csv")).code.as_deref(), Some("special-file"));
}

#[test]
fn folders() {
    let world = world();
    drop_good(&world);
    fs::create_dir(imports_folder(&world).join("empty")).unwrap();
    fs::create_dir(imports_folder(&world).join("acme_contacts_crm_20260102.csv")).unwrap();
    world.drop(PARTNER, "january/acme_contacts_crm_20260101.csv", "email\nnever@example.org\n");
    world.drop(PARTNER, "january/deep/er/notes.txt", "x");
    world.drop(PARTNER, &format!("{}deepest.txt", "d/".repeat(40)), "x");
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    let outcomes = outcomes(&world);
    assert_eq!(outcomes.len(), 4, "an empty folder is nothing that comes in: {outcomes:#?}");
    let refused = outcomes.iter().filter(|(file, ..)| file != GOOD);
    assert!(
        refused.clone().all(|(_, outcome, code)| *outcome == Outcome::Bogus && code == "folder"),
        "{outcomes:#?}"
    );
    let at = "bogus/partner/january%2Facme_contacts_crm_20260101.csv";
    assert_eq!(world.text(at), "email\nnever@example.org\n");
}

#[test]
fn a_folder_and_a_file_of_one_name_do_not_block_each_other() {
    let world = world();
    world.drop(PARTNER, "january/notes.txt", "x");
    world.run();
    world.drop(PARTNER, "january", "the file");
    world.run();
    world.check();
    world.drop(PARTNER, "february", "the file");
    world.run();
    world.drop(PARTNER, "february/notes.txt", "y");
    drop_good(&world);
    world.run();
    world.check();
    assert_all_taken(&world);
    assert_eq!(world.treated().len(), 5);
}

#[test]
fn a_folder_of_an_unfinished_move_is_no_drop() {
    let world = world();
    // The process stopped after it made the folders that the file was to be moved to.
    world.drop(PARTNER, "january/notes.txt", "x");
    fs::create_dir_all(world.path("waiting/partner/01J9Z3ND1V0000000000000000")).unwrap();
    world.run();
    world.check();
    assert_eq!(outcomes(&world), [("january%2Fnotes.txt".to_owned(), Outcome::Bogus, "folder".to_owned())]);
}

#[test]
fn names_that_are_not_text_or_too_long() {
    let world = world();
    drop_good(&world);
    let folder = imports_folder(&world);
    fs::write(folder.join(OsStr::from_bytes(b"caf\xe9_contacts_crm_20260131.csv")), "x").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"caf\xe8_contacts_crm_20260131.csv")), "y").unwrap();
    fs::write(folder.join(format!("acme_contacts_crm_20260131_{}.csv", "x".repeat(224))), "z").unwrap();
    fs::write(folder.join("é".repeat(127)), "z").unwrap();
    fs::write(folder.join("line\nbreak \u{1b}[31m_20260131.csv"), "z").unwrap();
    fs::write(folder.join(" "), "z").unwrap();
    fs::write(folder.join("-rf"), "z").unwrap();
    for _ in 0..2 {
        assert_ran(&run_in_time(&world, None));
        world.check();
    }
    assert_all_taken(&world);
    let outcomes = outcomes(&world);
    assert_eq!(outcomes.len(), 8, "{outcomes:#?}");
    assert!(
        outcomes
            .iter()
            .filter(|(file, ..)| file != GOOD)
            .all(|(_, o, code)| *o == Outcome::Bogus && code == "name")
    );
}

#[test]
fn the_longest_names_that_are_not_text() {
    let world = world();
    drop_good(&world);
    // Each byte that is no text takes three where it is replaced: more than a file system takes.
    fs::write(imports_folder(&world).join(OsStr::from_bytes(&[0xff; 200])), "x").unwrap();
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    assert_eq!(world.history().len(), 2);
}

#[test]
fn the_longest_names_keep_every_content() {
    let world = world();
    for name in ["x".repeat(255), format!("{}.zip", "é".repeat(125))] {
        for content in ["one", "two", "three"] {
            world.drop(PARTNER, &name, content);
            world.run();
            world.check();
        }
    }
    assert_eq!(world.treated().len(), 6);
}

/// Hands a world to another user, who is not allowed everything as root is.
fn give_away(path: &Path, uid: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path(), uid);
        }
    }
}

/// Runs as a user who may not read everything; None if that is who runs the tests anyway.
fn plain_user(world: &World) -> Option<u32> {
    let uid = 65_534;
    let is_root = chown(world.path("imports/partner"), Some(uid), None).is_ok();
    is_root.then(|| {
        fs::set_permissions(world.root(), fs::Permissions::from_mode(0o755)).unwrap();
        give_away(world.root(), uid);
        uid
    })
}

/// True if another user can start the program at all: it may lie where only we may go.
fn can_start(world: &World, uid: Option<u32>) -> bool {
    let Some(uid) = uid else { return true };
    let tried = Command::new(env!("CARGO_BIN_EXE_run_once")).uid(uid).gid(uid).stderr(Stdio::null()).status();
    let starts = tried.is_ok_and(|status| status.code() == Some(2));
    if !starts {
        println!("skipped: uid {uid} cannot start the program for {}", world.root().display());
    }
    starts
}

#[test]
fn files_that_may_not_be_read() {
    let world = world();
    drop_good(&world);
    let locked = ["acme_contacts_crm_20260101.csv", "locked.zip", "other_imports_config.json"];
    for name in locked {
        world.drop(PARTNER, name, "email\nlocked@example.org\n");
        fs::set_permissions(imports_folder(&world).join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let uid = plain_user(&world);
    if !can_start(&world, uid) {
        return;
    }
    assert_ran(&run_in_time(&world, uid));
    assert_all_taken(&world);
    for name in locked {
        let import = world.import(name);
        let done = done(&import);
        assert_eq!(
            (done.outcome, done.code.as_deref()),
            (Outcome::NotProcessed, Some("cannot-open")),
            "{name}"
        );
    }
    let log = world.text("logs/partner/acme_contacts_crm_20260101.csv.log");
    assert!(log.contains("can't open file \"acme_contacts_crm_20260101.csv\""), "{log}");
}

#[test]
fn a_folder_that_may_not_be_read_holds_nobody_up() {
    let world = world();
    drop_good(&world);
    world.drop(PARTNER, "locked/x.csv", "x");
    let uid = plain_user(&world);
    let locked = imports_folder(&world).join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if can_start(&world, uid) {
        run_in_time(&world, uid);
        assert_eq!(world.keys("contacts"), ["good@example.org"]);
    }
    // So that the folder of the world can be removed.
    if let Ok(()) = fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)) {}
}

#[test]
fn a_file_that_is_still_being_written_is_left_alone() {
    let world = world();
    let quiet = Duration::from_millis(400);
    let path = imports_folder(&world).join(GOOD);
    fs::write(&path, "email\n").unwrap();
    for part in ["one@exam", "ple.org\ntwo@exa", "mple.org\n"] {
        let summary = world.try_run(quiet, Duration::ZERO);
        assert_eq!(summary.still_writing.all().count(), 1);
        assert!(world.history().is_empty());
        let content = fs::read_to_string(&path).unwrap();
        fs::write(&path, content + part).unwrap();
    }
    let summary = world.try_run(quiet, Duration::from_secs(10));
    assert!(summary.still_writing.all().next().is_none() && summary.failures.is_empty());
    assert_eq!(world.keys("contacts"), ["one@example.org", "two@example.org"]);
}

#[test]
fn names_of_unfinished_transfers_are_left_alone() {
    let world = world();
    for name in
        [format!("{GOOD}.part"), format!("{GOOD}.filepart"), format!(".{GOOD}.Xy12"), format!("{GOOD}~")]
    {
        world.drop(PARTNER, &name, "email\n");
    }
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    assert_eq!(summary.still_writing.all().count(), 4);
    assert!(world.history().is_empty());
    fs::rename(imports_folder(&world).join(format!("{GOOD}.part")), imports_folder(&world).join(GOOD))
        .unwrap();
    world.try_run(Duration::ZERO, Duration::ZERO);
    assert_eq!(done(&world.import(GOOD)).outcome, Outcome::Imported);
}

#[test]
fn a_file_from_the_future_is_taken_in() {
    let world = world();
    drop_good(&world);
    let file = fs::File::options().write(true).open(imports_folder(&world).join(GOOD)).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_hours(24)).unwrap();
    let summary = world.try_run(Duration::from_millis(200), Duration::from_secs(10));
    assert!(summary.still_writing.all().next().is_none());
    assert_all_taken(&world);
}

#[test]
fn three_thousand_columns() {
    let world = World::new();
    let fields: Vec<_> = (0..3_000).map(|n| serde_json::json!({ "name": format!("c{n}") })).collect();
    let schema = serde_json::json!({ "fields": fields, "primaryKey": ["c0"] });
    let config = serde_json::json!({ "acme": { "wide": { "crm": {} } }, "scopes": { "wide": schema } });
    world.config("acme", &config.to_string());
    let row = |cell: &dyn Fn(usize) -> String, width| {
        let cells: Vec<String> = (0..width).map(cell).collect();
        format!("{}\n", cells.join(";"))
    };
    let name = |n: usize| format!("c{n}");
    let lines = [row(&name, 3_000), row(&|n| n.to_string(), 3_000), row(&|n| n.to_string(), 2_999)];
    world.drop(PARTNER, "acme_wide_crm_20260131.csv", lines.concat());
    let unknown = row(&|n| format!("x{n}"), 3_000);
    world.drop(PARTNER, "acme_wide_crm_20260201.csv", &unknown);
    world.run();
    world.check();
    let records = world.records().remove("wide").unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].record.values.len(), 3_000);
    assert_eq!(records[0].record.text("c2999"), Some("2999"));
    assert_eq!(done(&world.import("acme_wide_crm_20260131.csv")).counts.rejected, 1);
    let refused = world.import("acme_wide_crm_20260201.csv");
    assert_eq!(done(&refused).outcome, Outcome::Bogus);
    // 3,001 mistakes in one header, and a log that a person can still open.
    let log = world.text(done(&refused).log.as_str());
    assert!(log.len() < 200_000, "{} bytes", log.len());
}

#[test]
fn a_line_of_ten_megabytes() {
    let world = world();
    let many = "x".repeat(10 << 20);
    let content = format!("email;firstname\none@example.org;{many}\ngood@example.org;Good\n\"{many}\n");
    world.drop(PARTNER, GOOD, &content);
    world.drop(PARTNER, "acme_contacts_crm_20260201.csv", format!("{many}\ngood@example.org\n"));
    world.drop(PARTNER, "acme_contacts_crm_20260202.csv", &many);
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    let import = world.import(GOOD);
    let counts = done(&import).counts;
    assert_eq!((counts.read, counts.imported, counts.rejected), (3, 1, 2));
    assert_eq!(done(&import).findings, ["line-too-long"]);
    let badlines = fs::read_to_string(world.path(&format!("badlines/partner/{GOOD}"))).unwrap();
    assert_eq!(badlines, content.replace("good@example.org;Good\n", ""));
    for name in ["acme_contacts_crm_20260201.csv", "acme_contacts_crm_20260202.csv"] {
        assert_eq!(done(&world.import(name)).code.as_deref(), Some("header-too-long"));
    }
    let log = world.text(&format!("logs/partner/{GOOD}.log"));
    assert!(log.len() < 4_000, "{} bytes", log.len());
}

#[test]
fn nul_bytes() {
    let world = world();
    world.drop(PARTNER, GOOD, "email;firstname\ngood@example.org;Good\nnul@example.org;N\0l\n\0\0\0\n");
    world.drop(PARTNER, "acme_contacts_crm_20260201.csv", vec![0; 100_000]);
    world.drop(PARTNER, "acme_contacts_crm_20260202.csv", "email\0;firstname\na@example.org;A\n");
    assert_ran(&run_in_time(&world, None));
    world.check();
    assert_all_taken(&world);
    assert_eq!(done(&world.import(GOOD)).counts.rejected, 2);
    for name in ["acme_contacts_crm_20260201.csv", "acme_contacts_crm_20260202.csv"] {
        assert_eq!(done(&world.import(name)).outcome, Outcome::Bogus, "{name}");
    }
}

#[test]
fn nothing_of_a_file_that_is_refused_is_in_the_records() {
    let world = world();
    drop_good(&world);
    let rows = (0..5_000).fold(String::new(), |rows, n| rows + &format!("refused{n}@example.org\n"));
    world.drop(PARTNER, "acme_contacts_strict_20260131.csv", format!("email\n{rows}bad\n"));
    world.drop(PARTNER, "acme_contacts_few_20260131.csv", format!("email\n{rows}bad\nbad\n"));
    world.drop(
        PARTNER,
        "acme_contacts_crm_20260201.csv",
        format!("email;shoe\n{}", rows.replace('\n', ";1\n")),
    );
    world.drop(PARTNER, "acme_contacts_other_20260131.csv", format!("email\n{rows}"));
    world.run();
    world.check();
    assert_all_taken(&world);
    let refused: Vec<_> = outcomes(&world).into_iter().filter(|(file, ..)| file != GOOD).collect();
    assert_eq!(refused.len(), 4);
    assert!(refused.iter().all(|(_, outcome, _)| matches!(outcome, Outcome::Bogus | Outcome::NotProcessed)));
}

#[test]
fn repositories_do_not_disturb_each_other() {
    let world = world();
    world.repository("other");
    let config = r#"{ "acme": { "contacts": { "crm": { "delimiter": "," } } } }"#;
    world.config_of("other", "acme", config);
    world.share("acme", PARTNER, "other");
    world.drop(
        PARTNER,
        "daily.01-02_acme_contacts_crm_20260131.csv",
        "email;firstname\npartner@example.org;P\n",
    );
    world.drop(
        "other",
        "daily.02-02_acme_contacts_crm_20260131.csv",
        "email,firstname\nother@example.org,O\n",
    );
    drop_good(&world);
    world.drop("other", GOOD, "email\n\"broken\n");
    world.drop("other", "x.zip", "broken");
    world.drop("other", "acme_imports_config.json", "{");
    world.run();
    world.check();
    assert_all_taken(&world);
    assert_eq!(world.waiting().len(), 2, "a group of two slots has one of them in each repository");
    let tree = world.raw_tree();
    assert_eq!(tree[&format!("archives/partner/{GOOD}")], b"email\ngood@example.org\n");
    assert_eq!(tree[&format!("archives/other/{GOOD}")], b"email\n\"broken\n");
    assert_eq!(tree["config/other/acme.json"], config.as_bytes());
    let theirs = |key: &&String| key.contains("/partner/");
    world.drop(
        "other",
        "daily.01-02_acme_contacts_crm_20260131.csv",
        "email,firstname\nother2@example.org,O\n",
    );
    world.run();
    world.check();
    let after = world.raw_tree();
    assert_eq!(
        tree.keys().filter(theirs).collect::<Vec<_>>(),
        after.keys().filter(theirs).collect::<Vec<_>>()
    );
    assert_eq!(world.waiting().len(), 1);
    assert_eq!(world.keys("contacts"), ["good@example.org", "other2@example.org", "other@example.org"]);
}

#[test]
fn a_configuration_broken_by_hand_holds_up_one_repository_only() {
    let world = world();
    world.repository("other");
    world.config_of("other", "acme", "{ broken");
    world.share("acme", PARTNER, "other");
    drop_good(&world);
    world.drop("other", GOOD, "email\nlater@example.org\n");
    let summary = world.try_run(Duration::ZERO, Duration::ZERO);
    assert!(!summary.failures.is_empty(), "somebody must be told");
    assert_eq!(world.keys("contacts"), ["good@example.org"]);
    world.config_of("other", "acme", r#"{ "acme": { "contacts": { "crm": {} } } }"#);
    world.run();
    world.check();
    assert_eq!(world.keys("contacts"), ["good@example.org", "later@example.org"]);
}

#[test]
fn another_run_changes_nothing() {
    let world = world();
    drop_good(&world);
    world.drop(PARTNER, "acme_contacts_crm_20260201.csv", "email\nbad\n");
    world.drop(PARTNER, "acme_contacts_crm_20260202.csv", "nonsense\n");
    world.drop(PARTNER, "g.01-02_acme_contacts_crm_20260203.csv", "email\nwaits@example.org\n");
    world.run();
    let (tree, records, history) = (world.raw_tree(), world.records(), world.history());
    for _ in 0..2 {
        world.run();
    }
    assert_eq!(world.raw_tree(), tree);
    assert_eq!(world.records(), records);
    assert_eq!(world.history(), history);
}

#[test]
fn an_archive_that_is_taken_up_again_tells_the_same() {
    let world = world();
    let zip = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/archives/deliveries/1/folders.zip");
    world.drop(PARTNER, "folders.zip", fs::read(zip).unwrap());
    // The log cannot be written: the run stops when the members are registered and the archive is not done.
    let logs = world.path("logs/partner");
    fs::remove_dir(&logs).unwrap();
    fs::write(&logs, "in the way").unwrap();
    assert!(!world.try_run(Duration::ZERO, Duration::ZERO).failures.is_empty());
    fs::remove_file(&logs).unwrap();
    world.run();
    world.check();
    assert_eq!(world.keys("contacts"), ["f2@example.org", "f@example.org"]);
    let log = world.text("logs/partner/folders.zip.log");
    assert!(log.contains("ignored export/.DS_Store"), "{log}");
}
