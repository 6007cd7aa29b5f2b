//! `status`, `history`, `records`, `report` and `explain` need no permission to write, and write nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use crate::support::user::{Locked, User};
use crate::support::{Answer, CONTACTS, MIXED, Place};

/// All paths below a folder, with their sizes and when they changed.
fn tree(folder: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        found.insert(entry.path().display().to_string(), (metadata.len(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            found.extend(tree(&entry.path()));
        }
    }
    found
}

/// What each command that looks answers.
fn looks(run: impl Fn(&[&str]) -> Answer) {
    assert!(run(&["status", "drop"]).expect(0).out.starts_with("default\n"));
    assert!(run(&["history", "drop"]).expect(0).out.contains(CONTACTS));
    assert!(run(&["records", "drop"]).expect(0).out.contains("contacts"));
    assert!(run(&["records", "drop", "contacts"]).expect(0).out.contains("ana.lopez@example.org"));
    assert!(
        run(&["records", "drop", "contacts", "--key", "ana.lopez@example.org"]).expect(0).out.contains("Ana")
    );
    assert!(run(&["report", "drop", CONTACTS]).out.contains("3 lines"));
    assert!(run(&["explain", "drop", CONTACTS]).expect(0).out.contains(CONTACTS));
}

fn deployment() -> Place {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    place.import().expect(1);
    place
}

#[test]
fn whoever_looks_needs_no_permission_to_write_and_changes_nothing() {
    let place = deployment();
    let Some(user) = User::of(&place) else { return };
    let locked = ["drop", "drop/.tidewaiter"].map(|path| Locked::new(place.path(path), 0o555));
    let before = tree(&place.path("drop"));
    looks(|arguments| user.run(arguments));
    assert_eq!(tree(&place.path("drop")), before);
    drop(locked);
    // Nor does one who may write.
    let before = tree(&place.path("drop"));
    looks(|arguments| place.run(arguments));
    assert_eq!(tree(&place.path("drop")), before);
}

#[test]
fn a_folder_without_a_state_is_told_as_one_in_which_nothing_happened() {
    let place = Place::empty();
    fs::create_dir_all(place.path("drop/imports/default")).unwrap();
    let Some(user) = User::of(&place) else { return };
    let locked = Locked::new(place.path("drop"), 0o555);
    let before = tree(&place.path("drop"));
    assert!(user.run(&["status", "drop"]).expect(0).out.contains("nothing is waiting"));
    assert_eq!(user.run(&["history", "drop"]).expect(0).out, "no such file was registered\n");
    assert_eq!(user.run(&["records", "drop"]).expect(0).out, "there are no records\n");
    user.run(&["report", "drop", CONTACTS]).expect(2);
    assert_eq!(tree(&place.path("drop")), before);
    drop(locked);
}

/// Beside a watch, and when that was killed, what was committed last is seen.
#[test]
fn whoever_looks_beside_a_watch_sees_what_it_does() {
    let place = deployment();
    let quick = r#"{ "default": { "contacts": { "main": {} } }, "settings": { "settle_seconds": 0 } }"#;
    place.write("drop/config/default/default.json", quick);
    let Some(user) = User::of(&place) else { return };
    let mut watch = crate::support::command(&place.path(""), &["watch", "drop", "--quiet-for", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(watch.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    for n in 1..=3 {
        let file = format!("default_contacts_main_2026020{n}.csv");
        place.dropped(&file, format!("email\nnew{n}@example.org\n"));
        line.clear();
        out.read_line(&mut line).unwrap();
        assert!(line.contains(&file), "{line}");
        let locked = user.is_another().then(Vec::new).unwrap_or_else(|| {
            ["drop", "drop/.tidewaiter"].map(|path| Locked::new(place.path(path), 0o555)).into()
        });
        assert!(user.run(&["records", "drop", "contacts"]).expect(0).out.contains(&format!("new{n}@")));
        wait_for_outcome(&user, &file);
        drop(locked);
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    let before: Vec<String> = tree(&place.path("drop")).into_keys().collect();
    assert!(before.iter().any(|path| path.ends_with("state.sqlite-wal")), "it was killed: {before:?}");
    looks(|arguments| user.run(arguments));
    assert!(user.run(&["records", "drop", "contacts"]).expect(0).out.contains("new3@"));
    // A copy of it that somebody took: without what the processes shared.
    if user.is_another() {
        for database in ["drop/.tidewaiter/state.sqlite-shm", "drop/records/default.sqlite-shm"] {
            fs::remove_file(place.path(database)).unwrap();
        }
        let before = tree(&place.path("drop"));
        looks(|arguments| user.run(arguments));
        assert!(user.run(&["records", "drop", "contacts"]).expect(0).out.contains("new3@"));
        assert_eq!(tree(&place.path("drop")), before);
    }
}

fn wait_for_outcome(user: &User<'_>, file: &str) {
    let is_there = || user.run(&["history", "drop", "--file", file]).expect(0).out.contains("imported");
    assert!((0..100).any(|_| is_there()), "{file}");
}
