//! A quick way says yes only where the exact way does.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::compile::{Column, Letters, Scope};

fn columns() -> Vec<Column> {
    let fields = [
        json!({}),
        json!({ "constraints": { "minLength": 2, "maxLength": 9 } }),
        json!({ "constraints": { "pattern": "[a-z]{2}([_-][A-Z]{2})?" } }),
        json!({ "constraints": { "pattern": "a|ab|abc.*z|é+" } }),
        json!({ "constraints": { "pattern": "^.*1$", "maxLength": 4 } }),
        json!({ "constraints": { "pattern": r"\d{2}\b.*" } }),
        json!({ "constraints": { "enum": ["S", "M", "medium", "a longer one"] } }),
        json!({ "constraints": { "enum": ["1", "12", "é"] } }),
        json!({ "format": "email" }),
        json!({ "format": "email", "constraints": { "maxLength": 12 } }),
        json!({ "format": "phone" }),
        json!({ "merge": "lists" }),
        json!({ "type": "integer" }),
        json!({ "type": "integer", "constraints": { "minimum": -5 } }),
        json!({ "type": "integer", "constraints": { "minimum": 3, "maximum": 100 } }),
        json!({ "type": "number" }),
        json!({ "type": "number", "constraints": { "minimum": 0 } }),
        json!({ "type": "number", "constraints": { "maximum": "9.5" } }),
        json!({ "type": "boolean" }),
        json!({ "type": "boolean", "trueValues": ["ja, das ist so"], "falseValues": ["nein"] }),
        json!({ "type": "date" }),
        json!({ "type": "date", "constraints": { "minimum": "1900-01-01", "maximum": "2026-02-27" } }),
        json!({ "type": "date", "constraints": { "minimum": "2024-02-29" } }),
        json!({ "type": "datetime" }),
        json!({ "constraints": { "enum": ["delivered", "sixteen bytes, e"] } }),
        json!({ "constraints": { "enum": ["delivered", "more than sixteen"] } }),
        json!({ "type": "datetime", "constraints": { "minimum": "2026-01-31T12:00:00Z" } }),
        json!({ "type": "time" }),
        json!({ "type": "year" }),
        json!({ "type": "yearmonth" }),
        json!({ "constraints": { "pattern": "[A-Z]{2}|x(a|bc)?[0-9_]", "maxLength": 3 } }),
        json!({ "constraints": { "pattern": "(?i)a[b-d]{0,3}" } }),
        json!({ "constraints": { "pattern": "(?i)(k|s|[^a-zé])\\d" } }),
    ];
    let named = fields.into_iter().enumerate().map(|(n, mut field): (usize, Value)| {
        field["name"] = json!(format!("column{n}"));
        field
    });
    let schema = json!({ "fields": named.collect::<Vec<_>>(), "primaryKey": ["column0"] });
    Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap().columns().to_vec()
}

#[track_caller]
fn assert_sound(columns: &[Column], value: &str, behind: &str) -> usize {
    let tail = format!("{value}{behind}");
    let mut quick = 0;
    for column in columns {
        if column.quick().accepts(tail.as_bytes(), value.len(), false, Letters::of) {
            assert!(column.check(value).is_ok(), "{}: {value:?}, {:?}", column.name(), column.quick());
            quick += 1;
        }
        let doubled = value.replace('"', "\"\"").len();
        if column.quick().accepts_doubled(doubled) {
            assert!(column.check(value).is_ok(), "{}: {value:?}, {:?}", column.name(), column.quick());
        }
    }
    quick
}

/// What may stand behind a value: enough to look at, whatever it is.
const BEHIND: [&str; 4] = [
    ";;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;",
    "@0.a-0123456789.com.@-:T12:30:45Z2026-01-31T12:30:45Z-------------....",
    "\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n\"\n",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_let_pass_is_good(
        value in prop_oneof![
            "[-+0-9. ,()]{1,18}",
            "-?[0-9]{1,20}(\\.[0-9]{0,3})?",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}",
            "[12][09][0-9]{2}-[01][0-9]-[0-3][0-9][T t][0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|z|\\+02:00|\\.5)?",
            "[a-zA-Z0-9._+@-]{1,70}",
            "[a-z._+-]{1,30}@[a-z.-]{1,34}",
            "[a-z]{1,9}@[a-z]{1,20}\\.[a-z]{1,40}",
            "[a-c1é@;_Z\"-]{1,6}",
            "[a-cxA-C]{1,4}[0-9_]?",
            "[kKsé1ſK\u{212a}][0-9٣]",
            "(-?[0-9]{1,10}[ ,-]?){1,4}",
            "[a-z]{1,9}@([a-z]{1,3}\\.)?[a-zX]{2}-{1,3}[a-z0-9-]{1,9}\\.com",
            "true|True|FALSE|0|1|yes|S|M|medium|12",
            "delivered?|sixteen bytes, [ef]{1,2}|more than sixteen",
        ],
        behind in 0..BEHIND.len(),
    ) {
        thread_local!(static COLUMNS: Vec<Column> = columns());
        COLUMNS.with(|columns| assert_sound(columns, &value, BEHIND[behind]));
    }
}

#[test]
fn usual_values_are_let_pass() {
    let columns = columns();
    let passes = |column: usize, value: &str| {
        let tail = format!("{value}{}", BEHIND[0]);
        columns[column].quick().accepts(tail.as_bytes(), value.len(), false, Letters::of)
    };
    for (column, values) in [
        (0, &["a", "é"][..]),
        (1, &["abcdefgh"]),
        (2, &["fr", "fr_CA"]),
        (3, &["a", "ab", "abcz", "abc;z", "éé"]),
        (7, &["1", "12", "é"]),
        (8, &["ana.lopez@example.org", "a@b.fr", "a.long-first_name+tag@mail.shop.example.org"]),
        (10, &["33612345678", "+33612345678", "612345"]),
        (11, &["5", "5 -2", "-5", "1 5"]),
        (12, &["0", "-12", "007"]),
        (13, &["12"]),
        (15, &["0", "-12.50", "12.5", "7"]),
        (16, &["12.50"]),
        (18, &["true", "FALSE", "0"]),
        (20, &["2026-01-31", "1988-04-23", "2024-02-28"]),
        (21, &["1900-01-01", "2026-02-27"]),
        (23, &["2026-01-31T13:45:00Z", "2026-01-31 13:45:00", "2026-12-31T23:59:59Z"]),
        (24, &["delivered", "sixteen bytes, e"]),
        (30, &["FR", "x7", "xa_"]),
        (31, &["a", "abd"]),
        (32, &["k1", "S7"]),
    ] {
        for value in values {
            assert!(passes(column, value), "{}: {value}", columns[column].name());
        }
    }
    assert!(!passes(21, "2026-02-28") && !passes(21, "1899-12-31") && !passes(13, "-3"));
}

#[test]
fn what_is_empty_passes_where_it_may() {
    for column in columns() {
        for behind in BEHIND {
            assert!(column.quick().accepts(behind.as_bytes(), 0, true, Letters::of), "{}", column.name());
            assert!(
                !column.quick().accepts(behind.as_bytes(), 0, false, Letters::of),
                "{}: {:?}",
                column.name(),
                column.quick()
            );
        }
    }
}

#[test]
fn every_day_of_some_years_is_read_alike() {
    let columns = columns();
    for year in [0, 1, 1899, 1900, 2000, 2024, 2026, 9999] {
        for month in 0..=13 {
            for day in 0..=32 {
                let date = format!("{year:04}-{month:02}-{day:02}");
                let known = assert_sound(&columns, &date, BEHIND[0]);
                let is_leap_day = (month, day) == (2, 29);
                assert!(known > 1 || is_leap_day || columns[20].check(&date).is_err(), "{date}");
            }
        }
    }
}
