//! `history` and `records`.

use serde_json::json;

use crate::support::{CONTACTS, GOOD, MIXED, Place};

fn imported() -> Place {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    place.import().expect(1);
    place.dropped("default_contacts_main_20260201.csv", GOOD).dropped("x.csv", "a\n");
    place.import().expect(1);
    place
}

#[test]
fn history_is_a_table_with_the_latest_at_the_end() {
    let place = imported();
    let out = place.run(&["history", "drop"]).expect(0).out;
    let lines: Vec<&str> = out.lines().collect();
    let heading = "FINISHED              OUTCOME   FILE                                        READ  IMPORTED  \
                   UNCHANGED  REJECTED  REASON";
    assert_eq!((lines.len(), lines[0]), (4, heading));
    assert!(lines[1].contains("imported  default/default_contacts_main_20260131.csv"), "{out}");
    assert!(out.contains("bogus     default/x.csv"), "{out}");
    assert!(out.contains("the name has no date"), "{out}");
    assert!(lines[1].chars().take(20).all(|c| c.is_ascii_digit() || "-: Z".contains(c)), "{out}");
}

#[test]
fn history_as_json_names_every_place() {
    let place = imported();
    let entries = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(entries.as_array().unwrap().len(), 3);
    let first = &entries[0];
    assert_eq!(first["file"], CONTACTS);
    assert_eq!((&first["state"], &first["outcome"]), (&json!("done"), &json!("imported")));
    assert_eq!(first["counts"], json!({ "read": 3, "imported": 1, "unchanged": 0, "rejected": 2 }));
    assert_eq!(first["findings"], json!(["type-error"]));
    for place_of in ["place", "log", "report", "badlines"] {
        let key = first[place_of].as_str().unwrap();
        assert!(place.path("drop").join(key).is_file(), "{place_of} {key}");
    }
}

#[test]
fn history_can_be_narrowed() {
    let place = imported();
    let files = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["history", "drop", "--format", "json"], arguments].concat();
        let entries = place.run(&arguments).expect(0).json();
        entries.as_array().unwrap().iter().map(|e| e["file"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files(&["--outcome", "bogus"]), ["x.csv"]);
    assert_eq!(files(&["--file", "20260201"]), ["default_contacts_main_20260201.csv"]);
    assert_eq!(files(&["--limit", "1"]).len(), 1);
    assert_eq!(files(&["--repository", "default"]).len(), 3);
    assert_eq!(place.run(&["history", "drop", "--file", "none"]).expect(0).out, "no such file was seen\n");
    place.run(&["history", "drop", "--outcome", "fine"]).expect(2);
}

#[test]
fn records_are_counted_without_a_scope() {
    let place = imported();
    let out = place.run(&["records", "drop"]).expect(0).out;
    assert_eq!(out, "UNIVERSE  SCOPE     RECORDS\ndefault   contacts        2\n");
    let counts = place.run(&["records", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(counts, json!([{ "universe": "default", "scope": "contacts", "count": 2 }]));
    let counts = place.run(&["records", "drop", "--format", "csv"]).expect(0).out;
    assert_eq!(counts, "universe;scope;count\ndefault;contacts;2\n");
    let none = place.run(&["records", "drop", "--universe", "acme"]).expect(0).out;
    assert_eq!(none, "there are no records\n");
}

#[test]
fn records_are_lines() {
    let place = imported();
    let out = place.run(&["records", "drop", "contacts", "--limit", "1"]).expect(0).out;
    let first =
        "default  ana.lopez@example.org  birthdate=1988-04-23  email=ana.lopez@example.org  firstname=Ana\n";
    assert_eq!(out, first);
    let records = place.run(&["records", "drop", "contacts", "--format", "json"]).expect(0).json_lines();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["values"], json!({ "email": "bo@example.org", "firstname": "Bo" }));
    assert_eq!((&records[1]["universe"], &records[1]["line"]), (&json!("default"), &json!(3)));
    let out = place.run(&["records", "drop", "cats"]).expect(0).out;
    assert_eq!(out, "no such records of cats; there are contacts\n");
}

#[test]
fn records_as_csv_can_be_dropped_again() {
    let place = imported();
    let csv = place.run(&["records", "drop", "contacts", "--format", "csv", "--universe", "default"]);
    let csv = csv.expect(0).out;
    assert!(csv.starts_with("customer_key;email;cellphone;"), "{csv}");
    place.dropped("default_contacts_main_20260202.csv", &csv);
    assert!(place.import().expect(0).out.contains("2 lines: 2 unchanged"));
    let csv = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert!(csv.starts_with("universe;customer_key;email;"), "{csv}");
    assert!(csv.contains("\ndefault;;bo@example.org;"), "{csv}");
}

#[test]
fn a_page_is_not_the_end() {
    let place = Place::deployment();
    let many = (0..1_203).map(|n| format!("n{n:04}@example.org\n")).collect::<Vec<_>>().concat();
    place.dropped(CONTACTS, format!("email\n{many}"));
    place.import().expect(0);
    let records = |arguments: &[&str]| {
        let all = [&["records", "drop", "contacts", "--format", "json"], arguments].concat();
        place.run(&all).expect(0).json_lines()
    };
    let keys: Vec<String> = records(&[]).iter().map(|r| r["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys.len(), 1_203);
    assert!(keys.is_sorted() && keys[1_202] == "n1202@example.org");
    assert_eq!(records(&["--limit", "501"]).len(), 501);
    assert_eq!(records(&["--limit", "1000"]).len(), 1_000);
    assert_eq!(records(&["--universe", "default"]).len(), 1_203);
    assert_eq!(records(&["--universe", "defaulu"]).len(), 0);
    assert_eq!(records(&["--limit", "0"]).len(), 0);
}

#[test]
fn records_of_several_universes_follow_each_other() {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme", "--repository", "globex"]).expect(0);
    let contacts = |n: usize| {
        let lines = (0..n).map(|n| format!("n{n:04}@example.org\n")).collect::<Vec<_>>();
        format!("email\n{}", lines.concat())
    };
    place.write("drop/imports/acme/acme_contacts_main_20260131.csv", contacts(500));
    place.write("drop/imports/globex/globex_contacts_main_20260131.csv", contacts(501));
    place.import().expect(0);
    let rows = |arguments: &[&str]| {
        let all = [&["records", "drop", "contacts", "--format", "json"], arguments].concat();
        let rows = place.run(&all).expect(0).json_lines();
        let name = |row: &serde_json::Value| format!("{}/{}", row["universe"], row["key"]);
        rows.iter().map(name).collect::<Vec<_>>()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 1_001);
    assert!(all.is_sorted() && all[500].contains("globex"));
    assert_eq!(rows(&["--universe", "acme"]).len(), 500);
    assert_eq!(rows(&["--universe", "globex"]).len(), 501);
    assert_eq!(rows(&["--limit", "777"]).len(), 777);
}
