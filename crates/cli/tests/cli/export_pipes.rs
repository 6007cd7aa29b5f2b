//! Exports through pipes: readers that stop, or go away.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::{CONTACTS, Place, command};

#[test]
fn a_reader_that_goes_away_ends_an_export_quietly() {
    let place = Place::deployment();
    place.dropped(CONTACTS, many(0));
    place.import().expect(0);
    for format in ["csv", "jsonl", "parquet"] {
        let mut child = command(&place.path(""), &["records", "drop", "contacts", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = Vec::new();
        BufReader::with_capacity(4, child.stdout.take().unwrap())
            .take(4)
            .read_until(b'\n', &mut first)
            .unwrap();
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{format}");
    }
}

/// Many contacts, more than a pipe holds.
fn many(from: usize) -> String {
    let lines: Vec<String> = (from..from + 20_000).map(|n| format!("n{n:05}@example.org\n")).collect();
    format!("email\n{}", lines.concat())
}

/// Begins an export whose reader stops after the header; then `meanwhile` happens. The lines behind, the exit code and
/// what was said.
fn interrupted(place: &Place, meanwhile: impl FnOnce()) -> (usize, Option<i32>, String) {
    let mut child = command(&place.path(""), &["records", "drop", "contacts", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    meanwhile();
    let lines = out.lines().map(Result::unwrap).count();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (lines, child.wait().unwrap().code(), err)
}

#[test]
fn an_export_shows_one_moment_while_files_land() {
    let place = Place::deployment();
    let quick = r#"{ "default": { "contacts": { "main": {} } }, "settings": { "settle_seconds": 0 } }"#;
    place.write("drop/config/default/default.json", quick);
    place.dropped(CONTACTS, many(0));
    place.import().expect(0);
    let mut watch = command(&place.path(""), &["watch", "drop", "--quiet-for", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(watch.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        line
    };
    next();
    // The process has the database of the universe open from its first file on.
    place.dropped("default_contacts_main_20260201.csv", "email\nn00000@example.org\n");
    assert!(next().contains("20260201"));
    let landed = interrupted(&place, || {
        place.dropped("default_contacts_main_20260202.csv", many(20_000));
        assert!(next().contains("20260202"));
    });
    assert_eq!(landed, (20_000, Some(0), String::new()));
    let after = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert_eq!(after.lines().count(), 40_001);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Looking takes no lock, because it writes nothing. It notices the change at the end.
#[test]
fn an_export_fails_if_a_process_begins_to_change_what_nobody_used() {
    let place = Place::deployment();
    place.dropped(CONTACTS, many(0));
    place.import().expect(0);
    let (_, code, err) = interrupted(&place, || {
        place.dropped("default_contacts_main_20260202.csv", many(20_000));
        place.import().expect(0);
    });
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("changed while it was being read"), "{err}");
}
