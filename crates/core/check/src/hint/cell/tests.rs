//! Each classic cause, recognised; and values that look like one but are not.

use serde_json::{Value, json};
use tidewaiter_schema::compile::Scope;

use super::*;

/// The hint for a value in a column of this kind.
fn hint(field: &Value, value: &str) -> Option<String> {
    let mut field = field.clone();
    field["name"] = json!("a");
    let schema = json!({ "fields": [field], "primaryKey": ["a"] });
    let scope = Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap();
    let column = &scope.columns()[0];
    let problem = column.check(value).expect_err(value);
    cell(column, problem, value)
}

/// What is meant by a value beside these others of its column, and the line that settles it.
fn meant_beside(field: &Value, value: &str, others: &[&str]) -> Option<(String, Option<u64>)> {
    let mut field = field.clone();
    field["name"] = json!("a");
    let schema = json!({ "fields": [field], "primaryKey": ["a"] });
    let scope = Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap();
    let column = &scope.columns()[0];
    let mut writing = Writing::default();
    for (n, other) in others.iter().enumerate() {
        writing.see(column, other, n as u64 + 2);
    }
    let problem = column.check(value).expect_err(value);
    let meant = meant(column, problem, value, &writing.style())?;
    Some((meant.value, meant.because.map(|because| because.line)))
}

#[track_caller]
fn assert_hints(field: &Value, cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        let hint = hint(field, value).unwrap_or_default();
        // The option that is proposed beside it: see `options_by_which_values_are_read_as_they_are`.
        let words = hint.split(", or add `").next().unwrap_or_default();
        assert_eq!(words, *expected, "{value}");
    }
}

#[test]
fn options_by_which_values_are_read_as_they_are() {
    for (kind, value, option) in [
        ("number", "12,5", Some(r#""decimal": ",""#)),
        ("number", "1 234,50", Some(r#""decimal": ",", "thousands": " ""#)),
        ("number", "1,234.50", Some(r#""thousands": ",""#)),
        ("number", "+12.5", None),
        ("number", "12,345", None),
        ("integer", "1.000.000", Some(r#""thousands": ".""#)),
        ("date", "31/01/2026", Some(r#""date_formats": ["dd/mm/yyyy"]"#)),
        ("date", "01.31.2026", Some(r#""date_formats": ["mm.dd.yyyy"]"#)),
        ("date", "31.1.2026", None),
        ("date", "01/02/2026", None),
        ("date", "2026/01/31", None),
        // The texts for true and those for false go together, and one value does not tell both.
        ("boolean", "oui", None),
    ] {
        let hint = hint(&json!({ "type": kind }), value).unwrap_or_default();
        let found = hint.split_once(", or add `").and_then(|(_, rest)| rest.strip_suffix("` to the import"));
        assert_eq!(found, option, "{value}: {hint}");
    }
}

#[test]
fn numbers() {
    assert_hints(
        &json!({ "type": "number" }),
        &[
            (" 12", "remove the spaces before and after the value"),
            ("NULL", "leave the cell empty where there is no value"),
            ("+12.5", "write positive numbers without a sign: `12.5`"),
            ("12-", "write negative numbers with a `-` before them: `-12`"),
            ("(12.5)", "write negative numbers with a `-` before them: `-12.5`"),
            ("\u{2212}12", "write negative numbers with a `-` before them: `-12`"),
            ("12,5", "write decimals with a point, not a comma: `12.5`"),
            ("-1,234", "write `-1.234` or `-1234`, whichever was meant"),
            ("12,345", "write `12.345` or `12345`, whichever was meant"),
            ("0,234", "write decimals with a point, not a comma: `0.234`"),
            ("1234,567", "write decimals with a point, not a comma: `1234.567`"),
            ("1 234,50", "write numbers without thousands separators: `1234.50`"),
            ("1.234,50", "write numbers without thousands separators: `1234.50`"),
            ("1,234.50", "write numbers without thousands separators: `1234.50`"),
            ("-1'234'567", "write numbers without thousands separators: `-1234567`"),
            ("1\u{202f}234", "write numbers without thousands separators: `1234`"),
            ("1,234,567", "write numbers without thousands separators: `1234567`"),
            (".5", "write it as `0.5`"),
            ("-5.", "write it as `-5.0`"),
            ("12 €", "write only the number: `12`"),
            ("$12.50", "write only the number: `12.50`"),
            ("EUR 3", "write only the number: `3`"),
            ("1.355,90€", "write only the number: `1355.90`"),
            ("-9,13 €", "write only the number: `-9.13`"),
            ("1,355 €", "write `1.355` or `1355`, whichever was meant"),
            ("+1.355", "write `1.355` or `1355`, whichever was meant"),
            ("12%", "write the number in the unit of the column, without `%`"),
            ("1.5 M", ""),
            ("(1.234,50)", "write negative numbers with a `-` before them: `-1234.50`"),
            ("(5.00 €)", "write only the number: `-5.00`"),
            ("١٢", "write it with the digits 0 to 9: `12`"),
            ("=\"12.5\"", "it stands in a spreadsheet's guard for text: write `12.5`"),
            (" 12,5", "write decimals with a point, not a comma: `12.5`"),
            ("\u{c}12", "it contains invisible characters: write `12`"),
            ("12\u{2028}50", ""),
            (",5", "write decimals with a point, not a comma: `0.5`"),
            ("12,34,5", ""),
            ("twelve", ""),
            ("1.2.3", ""),
        ],
    );
    let long = "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again";
    assert_hints(&json!({ "type": "number" }), &[("1.2E+10", long), ("1,2e10", long), ("E+10", "")]);
    assert_hints(
        &json!({ "format": "phone" }),
        &[
            ("3.31202E+10", long),
            ("none", "leave the cell empty where there is no value"),
            (
                "33612345678.0",
                "a program took the number for an amount and may have dropped a leading 0: format the column as text and export it again",
            ),
        ],
    );
}

#[test]
fn whole_numbers() {
    assert_hints(
        &json!({ "type": "integer" }),
        &[
            ("12.00", "write it as `12`"),
            ("12.50", "the column takes whole numbers only"),
            ("12,50", "the column takes whole numbers only, written without any separator"),
            ("1,000", "write `1` or `1000`, whichever was meant"),
            ("1.000", "write `1` or `1000`, whichever was meant"),
            ("-12.000", "write `-12` or `-12000`, whichever was meant"),
            ("1.500", "the column takes whole numbers only: write `1500` if it means thousands"),
            ("1,500", "the column takes whole numbers only: write `1500` if it means thousands"),
            ("1.000.000", "write numbers without thousands separators: `1000000`"),
            ("1234.000", "write it as `1234`"),
            ("0.123.456", ""),
            ("1 000", "write numbers without thousands separators: `1000`"),
            ("+1", "write positive numbers without a sign: `1`"),
            ("12a", ""),
        ],
    );
}

#[test]
fn dates() {
    assert_hints(
        &json!({ "type": "date" }),
        &[
            ("31/01/2026", "write it as `2026-01-31`"),
            ("01/31/2026", "write it as `2026-01-31`"),
            ("31.1.2026", "write it as `2026-01-31`"),
            ("2026/01/31", "write it as `2026-01-31`"),
            ("2026-1-31", "write it as `2026-01-31`"),
            ("20260131", "write it as `2026-01-31`"),
            ("31/01/2026 13:45", "write it as `2026-01-31`"),
            (
                "01/02/2026",
                "write the year first, then the month: 2026-02-01 or 2026-01-02, whichever was meant",
            ),
            ("31/01/26", "write the year with four digits and first: 2026-01-31"),
            ("2026-01-31T13:45:00Z", "write only the date: `2026-01-31`"),
            ("2026-01-31 00:00:00", "write only the date: `2026-01-31`"),
            ("45678", "this is a spreadsheet's day number: format the column as a date and export it again"),
            ("2026-02-30", "February 2026 has 28 days: check which one is meant"),
            ("2026-04-00", "April 2026 has 30 days: check which one is meant"),
            (
                "2026-31-01",
                "write it as `2026-01-31`, and check whether other dates have the day before the month",
            ),
            ("31/01-2026", ""),
            (
                "1768056331",
                "it seems to count the seconds since 1970: export it as a date, such as 2026-01-31T13:45:00Z",
            ),
            ("\u{a0}31/01/2026 ", "write it as `2026-01-31`"),
            ("2026-01-31 24:00:00", ""),
            ("10121130", ""),
            ("23 Marigold 1988", ""),
            ("1 jui 1988", ""),
            ("23 Sept. 1988", "write it as `1988-09-23`"),
            ("2026-01-31T00:00:00.000Z", "write only the date: `2026-01-31`"),
            ("2026-31-31", ""),
            ("\u{200e}2026-01-31", "it contains invisible characters: write `2026-01-31`"),
            ("30/02/2026", ""),
            ("20261301", ""),
            ("00/00/2026", ""),
            ("soon", ""),
            ("5/5/2026", "write it as `2026-05-05`"),
            ("23 April 1988", "write it as `1988-04-23`"),
            ("Apr 23, 1988", "write it as `1988-04-23`"),
            ("1-août-1988", "write it as `1988-08-01`"),
            ("3 Dez. 1988", "write it as `1988-12-03`"),
            ("23-Apr-88", "write the year with four digits and first: 2026-01-31"),
            ("31 April 1988", ""),
            ("23 Foo 1988", ""),
        ],
    );
}

#[test]
fn moments() {
    let no_time = "it has no time of day: write both, such as 2026-01-31T13:45:00";
    assert_hints(
        &json!({ "type": "datetime" }),
        &[
            ("2026-01-31", no_time),
            ("20260131", no_time),
            ("2026-01-31 13:45", "write the time in full: `2026-01-31 13:45:00`"),
            ("31/01/2026 13:45:00", "write it as `2026-01-31T13:45:00`"),
            ("31/01/2026 8:30", "write it as `2026-01-31T08:30:00`"),
            ("2026-01-31T25:00:00", ""),
            ("2026-01-10 15:41:33.895+01", "write it as `2026-01-10 15:41:33.895+01:00`"),
            ("2026-01-10 15:41:33,895", "write it as `2026-01-10 15:41:33.895`"),
            ("2026-01-10 8:30:00", "write it as `2026-01-10 08:30:00`"),
            ("2026-01-10 8:30:00 AM", "write it as `2026-01-10 08:30:00`"),
            ("2026-01-10 1:05 p.m.", "write the time in full: `2026-01-10 13:05:00`"),
            ("2026-01-10 12:00:00 am", "write it as `2026-01-10 00:00:00`"),
            ("2026-01-10 13:00:00 PM", ""),
            ("2026-01-10T24:00:00Z", "24:00 is the beginning of the next day: write `2026-01-11T00:00:00Z`"),
            ("2026-01-10 15:45:31 UTC", "write it as `2026-01-10 15:45:31Z`"),
            (
                "2026-03-29 02:30:00 Europe/Paris",
                "write the offset from UTC, such as +01:00 or Z, in place of the name of the time zone",
            ),
            (
                "1768056331",
                "it seems to count the seconds since 1970: export it as a date, such as 2026-01-31T13:45:00Z",
            ),
            (
                "01/02/2026 15:45",
                "write the year first, then the month: 2026-02-01 or 2026-01-02, whichever was meant",
            ),
        ],
    );
    assert_hints(
        &json!({ "type": "time" }),
        &[("8:30", "write the time in full: `08:30:00`"), ("25:00", "")],
    );
}

#[test]
fn other_values_of_the_column_settle_what_a_value_means() {
    let (date, number, whole) =
        (json!({ "type": "date" }), json!({ "type": "number" }), json!({ "type": "integer" }));
    let settled = |text: &str, line| Some((text.to_owned(), Some(line)));
    assert_eq!(meant_beside(&date, "01/02/1980", &["31/12/1980"]), settled("1980-02-01", 2));
    assert_eq!(meant_beside(&date, "01/02/1980", &["03/04/1980", "12/31/1980"]), settled("1980-01-02", 3));
    assert_eq!(meant_beside(&number, "1,355", &["1,5"]), settled("1.355", 2));
    assert_eq!(meant_beside(&number, "1,355", &["1.234.567"]), settled("1.355", 2));
    assert_eq!(meant_beside(&number, "1,355", &["1,234.50"]), settled("1355", 2));
    assert_eq!(meant_beside(&whole, "1.355", &["1.234.567"]), settled("1355", 2));
    // Nothing is said, or the opposite as well, or of another mark.
    assert_eq!(meant_beside(&date, "01/02/1980", &["03/04/1980"]), None);
    assert_eq!(meant_beside(&date, "01/02/1980", &["31/12/1980", "12/31/1980"]), None);
    assert_eq!(meant_beside(&date, "01/02/1980", &["31.12.1980"]), None);
    assert_eq!(meant_beside(&number, "1,355", &["1,5", "1,234.50"]), None);
    assert_eq!(meant_beside(&number, "1,355", &["2.50"]), None);
    assert_eq!(meant_beside(&whole, "1.355", &["1,500", "12"]), None);
}

#[test]
fn truths() {
    assert_hints(
        &json!({ "type": "boolean" }),
        &[("yes", "write it as `true`"), ("NON", "write it as `false`"), ("maybe", "")],
    );
    assert_hints(
        &json!({ "type": "boolean", "trueValues": ["1"], "falseValues": ["0"] }),
        &[("true", "write it as `1`"), ("no", "write it as `0`")],
    );
}

#[test]
fn addresses() {
    assert_hints(
        &json!({ "format": "email" }),
        &[
            ("ada@example.com ", "remove the spaces before and after the value"),
            ("Ada <ada@example.com>", "write only the address: `ada@example.com`"),
            ("ada@example.com, bob@example.com", "write one address only"),
            ("ada\u{200b}@example.com", "it contains invisible characters: write `ada@example.com`"),
            ("\u{a0}ada@example.com", "remove the spaces before and after the value"),
            ("“ada@example.com”", "it has quotes around it that CSV does not know: write `ada@example.com`"),
            (
                "“ada@example.com\u{feff}”",
                "it has quotes around it that CSV does not know, and invisible characters: write `ada@example.com`",
            ),
            ("ada", ""),
            ("jean paul@example.org", "an address has no spaces within: check which character belongs there"),
            (
                "jean\u{a0} paul@example.org",
                "an address has no spaces within: check which character belongs there",
            ),
            (
                "jean.paul@exam\u{ad}ple.org",
                "it contains a soft hyphen, which is not always seen: check whether a hyphen belongs there",
            ),
        ],
    );
}

#[test]
fn identifiers_that_a_program_took_for_numbers() {
    assert_hints(
        &json!({ "constraints": { "pattern": "[0-9]{1,13}" } }),
        &[
            (
                "4.00638E+12",
                "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again",
            ),
            (
                "4006381333931.0",
                "a program took the identifier for a number and may have dropped leading zeros: format the column as text and export it again",
            ),
            ("'01000", "it stands in a spreadsheet's guard for text: write `01000`"),
            ("=\"01000\"", "it stands in a spreadsheet's guard for text: write `01000`"),
            ("K7", ""),
        ],
    );
    for text in ["4.00638E+12", "17.0", "NULL", "\\N", " Ada", "Ada\u{a0}", "a\u{200b}b"] {
        assert!(suspect(text).is_some(), "{text}");
    }
    for text in ["", "Ada", "Null-Meier", "17.5", "2nd\tone", "'t Hooft", "E12", "123e4567"] {
        assert_eq!(suspect(text), None, "{text}");
    }
}

#[test]
fn texts_that_are_told_of_though_they_are_taken() {
    for (text, expected) in [
        ("Lovelace ", Suspicion::Blank),
        ("null", Suspicion::NoValue),
        ("33639980012.0", Suspicion::Number),
        ("Lo\u{ad}velace", Suspicion::Unseen),
        ("Rene\u{301}e", Suspicion::Decomposed),
        ("=\"01000\"", Suspicion::Guarded),
        ("'01000", Suspicion::Guarded),
    ] {
        assert_eq!(remarkable(text), Some(expected), "{text}");
    }
    for text in
        ["", "Ada", "Lovelace", "Renée", "rue du Port, 12", "12 rue du Port", "17.5", "'t Hooft", "E12-34567"]
    {
        assert_eq!(remarkable(text), None, "{text}");
    }
}

#[test]
fn enumerations() {
    assert_hints(
        &json!({ "constraints": { "enum": ["gold", "silver"] } }),
        &[("Gold", "did you mean `gold`?"), ("sliver", "did you mean `silver`?"), ("bronze", "")],
    );
}

proptest::proptest! {
    /// What is passed over as usual has nothing that the report would tell of.
    #[test]
    fn a_usual_value_is_not_remarkable(value in "[0-9a-zA-Z#'=\"\\\\/.,+ \u{a0}\u{301}-]{0,8}|[0-9]{1,3}[.,e+][0-9.e+]{0,4}|[nN][uUaA/][lLnNaA]{0,2}") {
        proptest::prop_assert!(!is_usual(&value) || remarkable(&value).is_none(), "{value:?}");
    }
}

#[test]
fn numbers_with_more_digits_than_are_kept() {
    let advice = "a number has at most 38 digits: round it, or let the field be a string";
    let (whole, part) = ("9".repeat(39), format!("-0.{}", "1".repeat(38)));
    assert_hints(&json!({ "type": "number" }), &[(&whole, advice), (&part, advice)]);
    assert_hints(&json!({ "type": "integer" }), &[(&whole, advice)]);
}
