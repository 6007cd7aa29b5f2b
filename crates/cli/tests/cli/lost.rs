//! A database that was lost or emptied is said, and nothing begins anew silently.

use std::fs;

use crate::support::{CONTACTS, GOOD, Place};

const STATE: &str = "drop/.tidewaiter/state.sqlite";
const RECORDS: &str = "drop/records/default.sqlite";

fn deployment() -> Place {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    place
}

fn assert_lost(place: &Place, database: &str, what: &str) {
    for arguments in [&["run", "drop", "--quiet-for", "0"][..], &["status", "drop"], &["init", "drop"]] {
        let answer = place.run(arguments).expect(2);
        assert!(answer.err.starts_with(&format!("error: {database} {what}")), "{arguments:?}: {answer:?}");
        assert!(answer.err.contains("--accept-empty"), "{answer:?}");
    }
}

#[test]
fn a_database_that_is_gone_or_empty_is_said_and_nothing_is_done() {
    for database in [STATE, RECORDS] {
        let place = deployment();
        place.dropped("default_contacts_main_20260201.csv", "email\nnew@example.org\n");
        for empty in [true, false] {
            if empty {
                fs::write(place.path(database), "").unwrap();
            } else {
                fs::remove_file(place.path(database)).unwrap();
            }
            assert_lost(&place, database, "is gone or empty");
            assert!(!fs::metadata(place.path(database)).is_ok_and(|found| found.len() > 0), "it stays so");
        }
        let left = place.path("drop/imports/default/default_contacts_main_20260201.csv");
        assert!(left.exists(), "nothing was taken in");
        place.run(&["init", "drop", "--accept-empty"]).expect(0);
        place.import().expect(0);
        let records = place.run(&["records", "drop", "contacts"]).expect(0).out;
        assert_eq!(records.lines().count(), if database == STATE { 3 } else { 1 }, "{records}");
        assert!(place.path(&format!("drop/archives/default/{CONTACTS}")).exists());
    }
}

#[test]
fn a_database_of_another_deployment_is_said() {
    for database in [STATE, RECORDS] {
        let (place, other) = (deployment(), deployment());
        fs::copy(other.path(database), place.path(database)).unwrap();
        assert_lost(&place, database, "belongs to another deployment");
    }
}

#[test]
fn a_deployment_whose_state_was_removed_as_a_whole_is_not_new() {
    let place = deployment();
    fs::remove_dir_all(place.path("drop/.tidewaiter")).unwrap();
    assert_lost(&place, STATE, "is gone or empty");
    fs::remove_file(place.path(RECORDS)).unwrap();
    assert_lost(&place, STATE, "is gone or empty");
    place.run(&["init", "drop", "--accept-empty"]).expect(0);
    assert_eq!(place.import().expect(0).out, "nothing to do\n");
}

#[test]
fn a_backup_of_both_databases_is_accepted() {
    let place = deployment();
    let kept = [STATE, RECORDS].map(|database| fs::read(place.path(database)).unwrap());
    place.dropped("default_contacts_main_20260201.csv", "email\nnew@example.org\n");
    place.import().expect(0);
    for (database, content) in [STATE, RECORDS].into_iter().zip(kept) {
        fs::write(place.path(database), content).unwrap();
    }
    place.import().expect(0);
    fs::remove_file(place.path("drop/.tidewaiter/deployment")).unwrap();
    place.import().expect(0);
    assert!(place.path("drop/.tidewaiter/deployment").exists(), "both databases say the same");
}
