//! Exports of whole scopes, read back by the readers that people have.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::support::Place;

/// A scope with a field of each type. An empty cell is an empty text there, and `-` is no value.
const CONFIGURATION: &str = r#"{
    "default": { "things": { "main": {} }, "contacts": { "main": {} } },
    "scopes": { "things": {
        "fields": [
            { "name": "code" }, { "name": "note" }, { "name": "count", "type": "integer" },
            { "name": "price", "type": "number" }, { "name": "ok", "type": "boolean" },
            { "name": "day", "type": "date" }, { "name": "at", "type": "datetime" },
            { "name": "time", "type": "time" }, { "name": "year", "type": "year" },
            { "name": "month", "type": "yearmonth" }
        ],
        "primaryKey": ["code"], "missingValues": ["-"]
    } }
}"#;

pub(crate) const HEADER: &str = "code;note;count;price;ok;day;at;time;year;month\n";
pub(crate) const FIRST: &str =
    "a;\"He said \"\"x, y\"\"; ok\";7;12.50;1;2026-01-31;2026-01-31T14:45:00+01:00;13:45:00;0099;2026-01\n";
pub(crate) const SECOND: &str = "b;;-;-;-;-;-;-;-;-\n";
const FILE: &str = "default_things_main_20260131.csv";

pub(crate) fn things(lines: &[&str]) -> Place {
    let place = Place::deployment();
    place.write("drop/config/default/default.json", CONFIGURATION);
    place.dropped(FILE, [HEADER, &lines.concat()].concat());
    place.import().expect(0);
    place
}

pub(crate) fn export(place: &Place, more: &[&str]) -> String {
    let all = [&["records", "drop", "things", "--universe", "default"], more].concat();
    place.run(&all).expect(0).out
}

/// The rows of CSV, as its crate reads them.
pub(crate) fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The rows of a Parquet file, and the type of each column.
pub(crate) fn parquet(path: &Path) -> (Vec<BTreeMap<String, Field>>, BTreeMap<String, String>) {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr();
    let kind = |column: &parquet::schema::types::ColumnDescriptor| {
        let logical = column.logical_type_ref().map(|kind| format!(" {kind:?}")).unwrap_or_default();
        (column.name().to_owned(), format!("{}{logical}", column.physical_type()))
    };
    let kinds = schema.columns().iter().map(|column| kind(column)).collect();
    let rows = reader.get_row_iter(None).unwrap();
    let rows = rows.map(|row| {
        row.unwrap().get_column_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    });
    (rows.collect(), kinds)
}

#[test]
fn csv_is_read_back_by_its_crate() {
    let place = things(&[FIRST, SECOND]);
    let csv = export(&place, &["--format", "csv"]);
    let rows = rows(&csv);
    assert_eq!(rows[0].join(" "), "code note count price ok day at time year month");
    let first = [
        "a",
        "He said \"x, y\"; ok",
        "7",
        "12.5",
        "true",
        "2026-01-31",
        "2026-01-31T13:45:00Z",
        "13:45:00",
        "0099",
        "2026-01",
    ];
    assert_eq!(rows[1], first);
    // An empty text is no missing value.
    assert_eq!(csv.lines().nth(2), Some("b,\"\",,,,,,,,"));
    assert_eq!(csv.lines().count(), 3);
    let csv = export(&place, &["--format", "csv", "--delimiter", "tab"]);
    assert!(csv.starts_with("code\tnote\t") && csv.contains("x, y\"\"; ok\"\t7\t"), "{csv}");
}

#[test]
fn csv_keeps_line_breaks_in_values() {
    let place = Place::deployment();
    let config = CONFIGURATION
        .replace("\"things\": { \"main\": {} }", "\"things\": { \"main\": { \"line_breaks\": \"keep\" } }");
    place.write("drop/config/default/default.json", config);
    place.dropped(FILE, format!("{HEADER}a;\"one\ntwo\";-;-;-;-;-;-;-;-\n"));
    let out = place.import();
    assert_eq!(out.code, 0, "{out:?}");
    assert_eq!(rows(&export(&place, &["--format", "csv"]))[1][1], "one\ntwo");
    assert_eq!(export(&place, &["--format", "jsonl"]), "{\"code\":\"a\",\"note\":\"one\\ntwo\"}\n");
}

#[test]
fn json_lines_have_types_and_leave_out_what_is_missing() {
    let place = things(&[FIRST, SECOND]);
    let out = export(&place, &["--format", "jsonl"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = json!({
        "code": "a", "note": "He said \"x, y\"; ok", "count": 7, "price": 12.5, "ok": true, "day": "2026-01-31",
        "at": "2026-01-31T13:45:00Z", "time": "13:45:00", "year": 99, "month": "2026-01"
    });
    assert_eq!(lines, [first, json!({ "code": "b", "note": "" })]);
}

#[test]
fn parquet_has_typed_columns() {
    let place = things(&[FIRST, SECOND]);
    let said = export(&place, &["--format", "parquet", "--output", "things.parquet"]);
    assert_eq!(said, "");
    let (rows, kinds) = parquet(&place.path("things.parquet"));
    let of = |name: &str| kinds[name].clone();
    assert_eq!(of("note"), "BYTE_ARRAY String");
    assert_eq!((of("count"), of("year")), ("INT64".to_owned(), "INT64".to_owned()));
    assert_eq!((of("price"), of("ok")), ("DOUBLE".to_owned(), "BOOLEAN".to_owned()));
    assert_eq!(of("day"), "INT32 Date");
    assert!(
        of("at").contains("Timestamp") && of("at").contains("is_adjusted_to_u_t_c: true"),
        "{}",
        of("at")
    );
    assert!(of("time").contains("Time"), "{}", of("time"));
    let first = &rows[0];
    assert_eq!(first["note"], Field::Str("He said \"x, y\"; ok".to_owned()));
    assert_eq!((&first["count"], &first["price"]), (&Field::Long(7), &Field::Double(12.5)));
    assert_eq!((&first["ok"], &first["year"]), (&Field::Bool(true), &Field::Long(99)));
    assert_eq!(first["day"], Field::Date(20_484));
    assert_eq!(first["at"], Field::TimestampMicros(1_769_867_100_000_000));
    assert_eq!(first["time"], Field::TimeMicros(49_500_000_000));
    assert_eq!(rows[1]["note"], Field::Str(String::new()));
    assert!(rows[1].iter().all(|(name, value)| *value == Field::Null || name == "code" || name == "note"));
    assert_eq!(rows.len(), 2);
}

#[test]
fn no_digit_is_lost() {
    let exact = "0.1000000000000000000001";
    let long = "12345678901234567890";
    let place =
        things(&[&format!("a;-;{long};{exact};-;-;-;-;-;-\n"), "b;-;1;0.1;-;-;2026-01-31T13:45:00;-;-;-\n"]);
    let csv = rows(&export(&place, &["--format", "csv"]));
    assert_eq!((csv[1][2].as_str(), csv[1][3].as_str(), csv[2][3].as_str()), (long, exact, "0.1"));
    let out = export(&place, &["--format", "jsonl"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["price"], &lines[0]["count"]), (&json!(exact), &json!(long)), "as text");
    assert_eq!((&lines[1]["price"], &lines[1]["count"]), (&json!(0.1), &json!(1)));
    export(&place, &["--format", "parquet", "--output", "things.parquet"]);
    let (rows, kinds) = parquet(&place.path("things.parquet"));
    assert_eq!(
        (kinds["price"].as_str(), kinds["count"].as_str()),
        ("BYTE_ARRAY String", "BYTE_ARRAY String")
    );
    assert_eq!(
        (&rows[0]["price"], &rows[1]["price"]),
        (&Field::Str(exact.into()), &Field::Str("0.1".into()))
    );
    assert!(kinds["at"].contains("is_adjusted_to_u_t_c: false"), "a local time is no moment: {kinds:?}");
    // The value beside the column counts, not the nearest one in it.
    let found =
        |condition: &str| export(&place, &["--format", "jsonl", "--where", condition]).lines().count();
    assert_eq!((found("price=0.1"), found(&format!("price={exact}"))), (1, 1));
    assert_eq!((found(&format!("count={long}")), found("count=12345678901234567000")), (1, 0));
}

#[test]
fn a_field_may_have_a_name_of_ours() {
    let place = Place::deployment();
    let config = r#"{ "default": { "things": { "main": {} } }, "scopes": { "things": {
        "fields": [{ "name": "_key" }, { "name": "universe" }, { "name": "a b" }], "primaryKey": ["_key"] } } }"#;
    place.write("drop/config/default/default.json", config);
    place.dropped(FILE, "_key;universe;a b\n1;u;x\n");
    place.import().expect(0);
    let csv = place.run(&["records", "drop", "things", "--format", "csv", "--provenance"]).expect(0).out;
    assert!(csv.starts_with("_universe,__key,_import,_line,_key,universe,a b\ndefault,1,"), "{csv}");
    assert!(csv.ends_with(",2,1,u,x\n"), "{csv}");
}

#[test]
fn a_file_takes_its_place_when_it_is_complete() {
    let place = things(&[FIRST]);
    let names = || -> Vec<String> {
        let entries = fs::read_dir(place.path("out")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    place.write("out/things.csv", "an earlier one");
    export(&place, &["--format", "csv", "--output", "out/things.csv"]);
    let written = fs::read_to_string(place.path("out/things.csv")).unwrap();
    assert_eq!(written, export(&place, &["--format", "csv"]));
    // Nothing replaces it, and nothing is left, when the export fails.
    let database = place.path("drop/records/default.sqlite");
    let size = fs::metadata(&database).unwrap().len();
    fs::OpenOptions::new().write(true).open(&database).unwrap().set_len(size / 2).unwrap();
    let failed = ["records", "drop", "things", "--format", "csv", "--output", "out/things.csv"];
    place.run(&failed).expect(2);
    assert_eq!(fs::read_to_string(place.path("out/things.csv")).unwrap(), written);
    assert_eq!(names(), ["things.csv"]);
    let nowhere = ["records", "drop", "contacts", "--format", "csv", "--output", "none/there.csv"];
    place.run(&nowhere).expect(2);
}

#[cfg(unix)]
#[test]
fn an_export_needs_no_permission_to_write_and_changes_nothing() {
    use crate::support::user::{Locked, User};

    let place = things(&[FIRST, SECOND]);
    let Some(user) = User::of(&place) else { return };
    let locked =
        ["drop", "drop/records", "drop/.tidewaiter"].map(|path| Locked::new(place.path(path), 0o555));
    for format in ["csv", "jsonl"] {
        let answer = user.run(&["records", "drop", "things", "--format", format, "--universe", "default"]);
        assert_eq!(answer.expect(0).out, export(&place, &["--format", format]));
    }
    drop(locked);
}

#[test]
fn an_export_of_no_records_has_the_columns() {
    let place = Place::deployment();
    let csv = place.run(&["records", "drop", "orders", "--format", "csv"]).expect(0).out;
    assert!(csv.starts_with("universe,order_id,") && csv.lines().count() == 1, "{csv}");
    assert_eq!(place.run(&["records", "drop", "orders", "--format", "jsonl"]).expect(0).out, "");
    place.run(&["records", "drop", "orders", "--format", "parquet", "--output", "none.parquet"]).expect(0);
    let (rows, kinds) = parquet(&place.path("none.parquet"));
    assert!(rows.is_empty() && kinds["order_date"].contains("Timestamp"), "{kinds:?}");
}

#[test]
fn fields_without_a_column_are_exported_too() {
    let place = Place::deployment();
    let kind = |n| if n == 1_505 { "integer" } else { "string" };
    let field = |n| format!("{{ \"name\": \"f{n:04}\", \"type\": \"{}\" }}", kind(n));
    let fields: Vec<String> = (0..1_510).map(field).collect();
    let config = format!(
        r#"{{ "default": {{ "things": {{ "main": {{}} }} }}, "scopes": {{ "things": {{
            "fields": [{}], "primaryKey": ["f0000"] }} }} }}"#,
        fields.join(",")
    );
    place.write("drop/config/default/default.json", config);
    place.dropped(FILE, "f0000;f1499;f1505\na;x;7\nb;x;\n");
    place.import().expect(0);
    let rows = rows(&export(&place, &["--format", "csv"]));
    let of = |row: usize, name: &str| rows[row][rows[0].iter().position(|one| one == name).unwrap()].clone();
    assert_eq!((of(1, "f1499"), of(1, "f1505"), of(2, "f1505")), ("x".into(), "7".into(), String::new()));
    let found = |condition: &str| export(&place, &["--format", "jsonl", "--where", condition]);
    assert_eq!(found("f1505=07"), "{\"f0000\":\"a\",\"f1499\":\"x\",\"f1505\":7}\n");
    assert_eq!(found("f1505="), "{\"f0000\":\"b\",\"f1499\":\"x\"}\n");
}
