//! Uploads that are not over: a file that is still open, and bytes that come after the import.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{CONTACTS, GOOD, Place};

fn append(place: &Place, path: &str, bytes: &str) {
    let mut file = File::options().append(true).open(place.path(path)).unwrap();
    file.write_all(bytes.as_bytes()).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_another_process_has_open_for_writing_is_left() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD).dropped("default_contacts_main_20260201.csv", GOOD);
    let open =
        File::options().append(true).open(place.path(&format!("drop/imports/default/{CONTACTS}"))).unwrap();
    let mut writer = Command::new("sleep").arg("600").stdout(Stdio::from(open)).spawn().unwrap();
    let run = ["run", "drop", "--quiet-for", "0", "--patience", "0"];
    let said = place.run(&run).expect(0).out;
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(
        said.contains(&format!("skipped, it is still being written: imports/default/{CONTACTS}")),
        "{said}"
    );
    assert!(said.contains("default_contacts_main_20260201.csv"), "the other one is imported: {said}");
    place.run(&run).expect(0);
    assert!(place.path(&format!("drop/archives/default/{CONTACTS}")).exists());
}

#[test]
fn bytes_that_come_after_the_import_are_a_file_of_their_own() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let archived = format!("drop/archives/default/{CONTACTS}");
    append(&place, &archived, "cyd@example.org;C");
    place.import().expect(1);
    let rest = place.path(&format!("drop/notprocessed/default/{CONTACTS}"));
    assert_eq!(fs::read_to_string(&rest).unwrap(), "cyd@example.org;C");
    let told = || -> Vec<Value> {
        let history = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
        history.as_array().unwrap().iter().filter(|run| run["outcome"] == "notprocessed").cloned().collect()
    };
    assert_eq!(told().len(), 1);
    let message = told()[0]["reason"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("17 bytes were written to the file after its import"), "{message}");
    // It is told once, and what comes then is told as well.
    place.import().expect(0);
    append(&place, &archived, "yd\n");
    place.import().expect(1);
    assert_eq!(fs::read_to_string(&rest).unwrap(), "yd\n");
    assert_eq!(told().len(), 2);
    let open = |place: &Place| {
        let status = place.run(&["status", "drop", "--format", "json"]).expect(0).json();
        status[0]["problems"].as_array().unwrap().len()
    };
    assert_eq!(open(&place), 2);
    // The complete file.
    place.dropped(CONTACTS, format!("{GOOD}cyd@example.org;Cyd\n"));
    place.import().expect(0);
    assert_eq!(open(&place), 0);
}

#[test]
fn a_last_line_without_a_line_break_is_said() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD.trim_end());
    place.import().expect(0);
    let log = fs::read_to_string(place.path(&format!("drop/logs/default/{CONTACTS}.log"))).unwrap();
    assert!(log.contains("the last line has no line break"), "{log}");
}
