//! The change feed, and what a changed schema does to records.

use serde_json::json;

use crate::support::{CONTACTS, GOOD, Place};

const NEXT: &str = "default_contacts_main_20260201.csv";

#[test]
fn whoever_keeps_the_last_number_misses_no_change_and_gets_none_twice() {
    let place = Place::deployment();
    assert_eq!(place.run(&["changes", "drop"]).expect(0).out, "", "nothing has changed yet");
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let first = place.run(&["changes", "drop"]).expect(0).json_lines();
    let told: Vec<_> =
        first.iter().map(|change| (&change["order"], &change["key"], &change["line"])).collect();
    let expected =
        [(json!(1), json!("ana.lopez@example.org"), json!(2)), (json!(2), json!("bo@example.org"), json!(3))];
    assert_eq!(told, expected.iter().map(|(order, key, line)| (order, key, line)).collect::<Vec<_>>());
    assert_eq!(first[0]["values"], json!({ "email": "ana.lopez@example.org", "firstname": "Ana" }));
    assert_eq!((&first[0]["operation"], &first[0]["file"]), (&json!("put"), &json!(CONTACTS)));
    // Ana is as she was, and Bo has another name.
    place.dropped(NEXT, "email;firstname\nana.lopez@example.org;Ana\nbo@example.org;Bob\n");
    place.import().expect(0);
    let next = place.run(&["changes", "drop", "--since", "2"]).expect(0).json_lines();
    assert_eq!(next.len(), 1, "{next:?}");
    assert_eq!((&next[0]["order"], &next[0]["values"]["firstname"]), (&json!(3), &json!("Bob")));
    assert_eq!(place.run(&["changes", "drop", "--since", "3"]).expect(0).out, "");
    let csv = place.run(&["changes", "drop", "--limit", "1", "--format", "csv"]).expect(0).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "order,operation,scope,key,quiet,import,file,line,values");
    assert!(lines[1].starts_with("1,put,contacts,ana.lopez@example.org,false,01"), "{csv}");
    assert_eq!(lines.len(), 2, "{csv}");
}

#[test]
fn changes_are_written_as_parquet_too() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let written = ["changes", "drop", "--since", "1", "--format", "parquet", "--output", "new.parquet"];
    assert_eq!(place.run(&written).expect(0).out, "");
    let (rows, kinds) = crate::exports::parquet(&place.path("new.parquet"));
    let expected: Vec<serde_json::Value> =
        place.run(&["changes", "drop", "--since", "1"]).expect(0).json_lines();
    assert_eq!((rows.len(), expected.len()), (1, 1));
    assert_eq!(rows[0]["order"], parquet::record::Field::Long(2));
    assert_eq!(rows[0]["operation"], parquet::record::Field::Str("put".to_owned()));
    let parquet::record::Field::Str(values) = &rows[0]["values"] else { panic!("{rows:?}") };
    assert_eq!(serde_json::from_str::<serde_json::Value>(values).unwrap(), expected[0]["values"]);
    assert_eq!(kinds["line"], "INT64");
}

#[test]
fn a_universe_that_is_not_there_is_named_with_those_that_are() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let answer = place.run(&["changes", "drop", "--universe", "defualt"]).expect(2);
    assert!(
        answer.err.starts_with("error: there are no changes of universe defualt; there are default"),
        "{answer:?}"
    );
}

#[test]
fn a_file_is_not_processed_if_its_column_cannot_get_another_type() {
    let configuration = |kind: &str| {
        let fields = json!([{ "name": "id" }, { "name": "size", "type": kind }]);
        let scopes = json!({ "things": { "fields": fields, "primaryKey": ["id"] } });
        json!({ "default": { "things": { "main": {} } }, "scopes": scopes }).to_string()
    };
    let place = Place::deployment();
    place.dropped("default_imports_config.json", configuration("string"));
    place.dropped("default_things_main_20260131.csv", "id;size\na;12\nb;large\n");
    place.import().expect(0);
    place.dropped("default_imports_config.json", configuration("integer"));
    place.dropped("default_things_main_20260201.csv", "id;size\nc;3\n");
    place.import().expect(1);
    let report = place.run(&["report", "drop", "default_things_main_20260201.csv"]).expect(0).out;
    assert!(report.contains("column size of things holds \"large\", which is no integer"), "{report}");
    assert!(report.contains("configure size as string again"), "{report}");
    assert!(place.path("drop/notprocessed/default/default_things_main_20260201.csv").exists());
    let records =
        place.run(&["records", "drop", "things", "--format", "jsonl", "--universe", "default"]).expect(0).out;
    assert_eq!(records.lines().count(), 2, "no record changed: {records}");
}
