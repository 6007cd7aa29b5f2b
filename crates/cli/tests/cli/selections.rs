//! Which records `records` shows and exports: `--where`, `--since`, `--universe`, and what a typo brings.

use parquet::record::Field;
use serde_json::{Value, json};

use crate::exports::{FIRST, HEADER, SECOND, export, parquet, rows, things};
use crate::support::{GOOD, Place};

#[test]
fn records_are_chosen_by_their_values() {
    let place = things(&[FIRST, SECOND, "c;-;7;3;false;-;-;-;-;-\n"]);
    let codes = |conditions: &[&str]| -> String {
        let named: Vec<&str> = conditions.iter().flat_map(|condition| ["--where", condition]).collect();
        let csv = export(&place, &[&["--format", "csv"], named.as_slice()].concat());
        rows(&csv).iter().skip(1).map(|row| row[0].clone()).collect()
    };
    assert_eq!(codes(&["count=7"]), "ac");
    assert_eq!(codes(&["count=7", "ok=true"]), "a", "all of them hold");
    // However the value is written, it is the one that is kept.
    assert_eq!((codes(&["price=12.50"]), codes(&["ok=False"])), ("a".to_owned(), "c".to_owned()));
    assert_eq!((codes(&["day=2026-01-31"]), codes(&["year=0099"])), ("a".to_owned(), "a".to_owned()));
    assert_eq!(codes(&["at=2026-01-31T14:45:00+01:00"]), "a");
    assert_eq!((codes(&["code=b"]), codes(&["note=nothing"])), ("b".to_owned(), String::new()));
    assert_eq!(codes(&["day="]), "bc", "without a value");
    assert_eq!(codes(&["note=He said \"x, y\"; ok"]), "a");
    assert_eq!(codes(&["note=' OR 1=1 --"]), "");
    let text =
        place.run(&["records", "drop", "things", "--where", "count=7", "--where", "ok=false"]).expect(0);
    assert!(
        text.out.starts_with("default  c  ") && text.out.lines().count() == 1,
        "listings, too: {}",
        text.out
    );
}

#[test]
fn what_does_not_exist_is_told_with_what_is_meant() {
    let place = things(&[FIRST]);
    let asked = |more: &[&str]| {
        let answer = place.run(&[&["records", "drop"], more].concat()).expect(2);
        assert_eq!(answer.out, "");
        answer.err
    };
    let scope = asked(&["thing", "--format", "parquet"]);
    assert!(scope.starts_with("error: there is no scope thing; there are "), "{scope}");
    assert!(scope.ends_with("hint: did you mean `things`?\n"), "{scope}");
    let column = asked(&["things", "--format", "csv", "--where", "prize=1"]);
    let said = "error: things has no column prize; there are code, note, count, price, ok, day, at, time, year, month\n\
                hint: did you mean `price`?\n";
    assert_eq!(column, said);
    let value = asked(&["things", "--format", "csv", "--where", "count=many"]);
    assert!(value.starts_with("error: no record has many in column count: not "), "{value}");
    let day = asked(&["things", "--where", "day=31/01/2026"]);
    assert!(day.starts_with("error: no record has 31/01/2026 in column day: not "), "{day}");
    assert!(asked(&["things", "--where", "day"]).contains("write column=value"), "no value");
    assert!(asked(&["things", "--since", "yesterday"]).contains("a day such as 2026-01-31"));
    assert!(asked(&["things", "--sources", "--format", "jsonl"]).contains("--provenance"));
    assert!(asked(&["things", "--output", "x.json", "--format", "json"]).contains("> FILE"));
    assert!(!place.path("x.json").exists());
}

#[test]
fn since_an_import_are_the_records_that_it_and_later_ones_changed() {
    let place = things(&[FIRST, SECOND]);
    place.dropped("default_things_main_20260201.csv", format!("{HEADER}b;new;-;-;-;-;-;-;-;-\n"));
    place.import().expect(0);
    let origins = rows(&export(&place, &["--format", "csv", "--provenance"]));
    assert_eq!(origins[0][..4], ["_key", "_import", "_line", "code"]);
    let ((a, first), (b, second)) = ((&origins[1][0], &origins[1][1]), (&origins[2][0], &origins[2][1]));
    assert_eq!((a.as_str(), b.as_str(), origins[1][2].as_str()), ("a", "b", "2"));
    assert!(first < second && first.len() == 26, "{origins:?}");
    let since = |when: &str| export(&place, &["--format", "csv", "--since", when]).lines().count() - 1;
    assert_eq!((since(first), since(second)), (2, 1));
    assert_eq!((since("2000-01-01"), since("2000-01-01T00:00:00Z"), since("2999-01-01")), (2, 2, 0));
    let lines = export(&place, &["--format", "jsonl", "--provenance", "--since", second]);
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!((&line["_key"], &line["_import"], &line["_line"]), (&json!("b"), &json!(second), &json!(2)));
    let listed = place.run(&["records", "drop", "things", "--since", second, "--format", "json"]).expect(0);
    assert_eq!(listed.json_lines().len(), 1);
    export(&place, &["--format", "parquet", "--provenance", "--output", "things.parquet"]);
    let (rows, _) = parquet(&place.path("things.parquet"));
    assert_eq!((&rows[1]["_import"], &rows[1]["_line"]), (&Field::Str(second.clone()), &Field::Long(2)));
}

#[test]
fn several_universes_are_told_apart() {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme", "--repository", "globex"]).expect(0);
    for universe in ["acme", "globex"] {
        place.write(&format!("drop/imports/{universe}/{universe}_contacts_main_20260131.csv"), GOOD);
    }
    place.import().expect(0);
    let run = |more: &[&str]| {
        place.run(&[&["records", "drop", "contacts", "--format", "csv"], more].concat()).expect(0).out
    };
    let all = rows(&run(&[]));
    assert_eq!(all[0][0], "universe");
    let universes: Vec<&str> = all.iter().skip(1).map(|row| row[0].as_str()).collect();
    assert_eq!(universes, ["acme", "acme", "globex", "globex"]);
    assert_eq!(rows(&run(&["--limit", "3"])).len(), 4);
    let one = rows(&run(&["--universe", "globex"]));
    assert_eq!((one.len(), one[0][0] != "universe"), (3, true));
    let lines = place.run(&["records", "drop", "contacts", "--format", "jsonl", "--limit", "1"]).expect(0);
    assert_eq!(lines.json_lines()[0]["universe"], "acme");
    // One record, in the same formats.
    let key = ["records", "drop", "contacts", "--universe", "acme", "--key", "BO@example.org", "--format"];
    let one = place.run(&[key.as_slice(), &["jsonl"]].concat()).expect(0).json_lines();
    assert_eq!(one, [json!({ "email": "bo@example.org", "firstname": "Bo" })]);
}
