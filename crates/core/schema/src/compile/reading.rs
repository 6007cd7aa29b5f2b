//! The one form in which a value is kept, however a file writes it.
//!
//! A value of one meaning has one text, so it is *unchanged* when it comes again in another spelling, and keys and
//! joins find it. The form is that of ISO 8601 for dates, `true` and `false`, and exact decimal digits: what every
//! database reads without a pattern.

use std::borrow::Cow;

use super::kind::CellType;
use super::{calendar, decimal, text};
use crate::{FieldSchema, FieldType};

/// How the values of a column are read from a file, if they have a type with a form of its own.
///
/// A kept value is not read again: a date that was read by `%Y-%d-%m` would be another day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading(CellType);

impl Reading {
    /// The reading of a field. None if its values are texts that are kept as they are written, or telephone numbers or
    /// addresses.
    pub fn of(field: &FieldSchema) -> Option<Self> {
        // A field with mistakes is not compiled to a scope, so no file is read by it.
        let kind = CellType::compile(field, "", &mut Vec::new());
        (kind == CellType::Uuid || field.kind != FieldType::String).then_some(Self(kind))
    }

    /// A value as it is kept. What cannot be read stays as it is.
    ///
    /// ```
    /// use tidewaiter_schema::compile::Reading;
    ///
    /// let field = serde_json::json!({ "name": "day", "type": "date", "format": "%d/%m/%Y" });
    /// let reading = Reading::of(&serde_json::from_value(field).unwrap()).unwrap();
    /// assert_eq!(reading.kept("31/01/2026"), "2026-01-31");
    /// assert_eq!(reading.kept("soon"), "soon");
    /// ```
    pub fn kept<'a>(&self, value: &'a str) -> Cow<'a, str> {
        let owned = |kept: Option<String>| kept.map_or(Cow::Borrowed(value), Cow::Owned);
        match &self.0 {
            CellType::Boolean { yes, no } => match truth(yes, no, value) {
                Some(true) => "true".into(),
                Some(false) => "false".into(),
                None => value.into(),
            },
            CellType::Uuid if text::is_uuid(value) => value.to_ascii_lowercase().into(),
            CellType::Integer => decimal::kept_integer(value).unwrap_or(value.into()),
            CellType::Number => decimal::kept_number(value).unwrap_or(value.into()),
            CellType::Datetime => calendar::kept_datetime(value).unwrap_or(value.into()),
            CellType::Time => calendar::kept_time(value).unwrap_or(value.into()),
            CellType::DateAs(pattern) => owned(calendar::kept_date_as(pattern, value)),
            CellType::DatetimeAs(pattern) => owned(calendar::kept_datetime_as(pattern, value)),
            CellType::TimeAs(pattern) => owned(calendar::kept_time_as(pattern, value)),
            // There is one way to write these dates. Texts are kept as they are, or have their forms elsewhere.
            CellType::Date
            | CellType::Year
            | CellType::Yearmonth
            | CellType::Text
            | CellType::Email
            | CellType::Uri
            | CellType::Uuid
            | CellType::Phone
            | CellType::Lists => value.into(),
        }
    }
}

/// What a text means that is true or false by these lists.
pub(super) fn truth(yes: &[Box<str>], no: &[Box<str>], value: &str) -> Option<bool> {
    let among = |texts: &[Box<str>]| texts.iter().any(|text| **text == *value);
    if among(yes) { Some(true) } else { among(no).then_some(false) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::compile::{Column, Scope};

    fn field(mut json: Value) -> FieldSchema {
        json["name"] = json!("column");
        serde_json::from_value(json).unwrap()
    }

    #[track_caller]
    fn assert_kept(json: Value, values: &[(&str, &str)]) {
        let reading = Reading::of(&field(json)).unwrap();
        for (written, kept) in values {
            assert_eq!(reading.kept(written), *kept, "{written}");
        }
    }

    #[test]
    fn texts_have_no_form_of_their_own() {
        for json in
            [json!({}), json!({ "format": "uri" }), json!({ "format": "email" }), json!({ "merge": "lists" })]
        {
            assert_eq!(Reading::of(&field(json)), None);
        }
    }

    #[test]
    fn true_is_true_however_it_is_written() {
        let usual = [("1", "true"), ("TRUE", "true"), ("true", "true"), ("0", "false"), ("False", "false")];
        assert_kept(json!({ "type": "boolean" }), &usual);
        let own = json!({ "type": "boolean", "trueValues": ["oui", "false"], "falseValues": ["non"] });
        assert_kept(own, &[("oui", "true"), ("non", "false"), ("false", "true"), ("1", "1")]);
    }

    /// `1.50` and `1.5` are one price. No digit is lost: nothing goes through floating point.
    #[test]
    fn a_number_is_kept_without_the_zeros_that_do_not_count() {
        let numbers = [
            ("1.50", "1.5"),
            ("1.00", "1"),
            ("007", "7"),
            ("-0", "0"),
            ("-0.00", "0"),
            ("000", "0"),
            ("0.10", "0.1"),
            ("-007.10", "-7.1"),
            ("100", "100"),
            ("0.1", "0.1"),
            ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
            ("1e3", "1e3"),
        ];
        assert_kept(json!({ "type": "number" }), &numbers);
        assert_kept(json!({ "type": "integer" }), &[("007", "7"), ("-0", "0"), ("-12", "-12"), ("10", "10")]);
    }

    #[test]
    fn a_moment_is_kept_in_utc_and_a_local_time_as_such() {
        let moments = [
            ("2026-01-31T13:45:00Z", "2026-01-31T13:45:00Z"),
            ("2026-01-31T13:45:00+00:00", "2026-01-31T13:45:00Z"),
            ("2026-01-31T13:45:00-0000", "2026-01-31T13:45:00Z"),
            ("2026-01-31 13:45:00Z", "2026-01-31T13:45:00Z"),
            ("2026-01-31T14:45:00+01:00", "2026-01-31T13:45:00Z"),
            ("2026-01-01T00:30:00+0100", "2025-12-31T23:30:00Z"),
            ("2024-02-28T23:30:00.250-00:30", "2024-02-29T00:00:00.25Z"),
            ("2026-01-31T13:45:00.000Z", "2026-01-31T13:45:00Z"),
            ("2026-01-31T13:45:00.123456789Z", "2026-01-31T13:45:00.123456789Z"),
            ("2026-01-31 13:45:00", "2026-01-31T13:45:00"),
            ("2026-01-31T13:45:00.10", "2026-01-31T13:45:00.1"),
            // In UTC these would have years that no column takes.
            ("0001-01-01T00:00:00+0100", "0001-01-01T00:00:00+01:00"),
            ("9999-12-31 23:59:59.50-01:00", "9999-12-31T23:59:59.5-01:00"),
        ];
        assert_kept(json!({ "type": "datetime" }), &moments);
        let times = [("13:45:00", "13:45:00"), ("13:45:00.000", "13:45:00"), ("13:45:00.250", "13:45:00.25")];
        assert_kept(json!({ "type": "time" }), &times);
    }

    #[test]
    fn a_pattern_gives_the_same_as_iso() {
        let date = |format: &str| json!({ "type": "date", "format": format });
        assert_kept(date("%d/%m/%Y"), &[("31/01/2026", "2026-01-31"), ("31/02/2026", "31/02/2026")]);
        assert_kept(date("%Y-%d-%m"), &[("2026-02-01", "2026-01-02")]);
        let datetime = |format: &str| json!({ "type": "datetime", "format": format });
        assert_kept(datetime("%d/%m/%Y %H:%M"), &[("31/01/2026 13:45", "2026-01-31T13:45:00")]);
        assert_kept(datetime("%d/%m/%Y %H:%M %z"), &[("31/01/2026 13:45 +0100", "2026-01-31T12:45:00Z")]);
        let time = json!({ "type": "time", "format": "%Hh%M" });
        assert_kept(time, &[("13h45", "13:45:00")]);
    }

    #[test]
    fn an_identifier_is_kept_in_lower_case() {
        let upper = "123E4567-E89B-12D3-A456-42661417400F";
        assert_kept(json!({ "format": "uuid" }), &[(upper, "123e4567-e89b-12d3-a456-42661417400f")]);
    }

    fn columns() -> Vec<(Reading, Column)> {
        let types = ["boolean", "integer", "number", "date", "datetime", "time", "year", "yearmonth"];
        let fields = types.iter().map(|kind| field(json!({ "type": kind })));
        fields
            .chain([field(json!({ "format": "uuid" }))])
            .map(|field| {
                let reading = Reading::of(&field).unwrap();
                let schema = json!({ "fields": [field], "primaryKey": ["column"] });
                let scope = Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap();
                (reading, scope.columns()[0].clone())
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_as_good_equal_and_its_own_form(
            value in prop_oneof![
                "-?[0-9]{1,20}(\\.[0-9]{1,9})?",
                "-?0{0,3}[0-9]?0{0,2}(\\.0{0,2}[0-9]0{0,2})?",
                "[0-9]{4}(-[01][0-9](-[0-3][0-9])?)?",
                "[0129][09]{2}[0-9]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:?[0-5][0-9])?",
                "[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?",
                "true|True|TRUE|1|false|False|FALSE|0",
                "[0-9a-fA-F]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-F]{12}",
                "\\PC{0,9}",
            ],
        ) {
            thread_local!(static COLUMNS: Vec<(Reading, Column)> = columns());
            COLUMNS.with(|columns| {
                for (reading, column) in columns {
                    let kept = reading.kept(&value).into_owned();
                    prop_assert_eq!(reading.kept(&kept), kept.as_str());
                    if column.check(&value).is_err() {
                        prop_assert_eq!(&kept, &value, "what is no value stays as it is");
                        continue;
                    }
                    prop_assert!(column.check(&kept).is_ok(), "{:?}: {} is {}", column.field_type(), value, kept);
                    if let Some(order) = column.compare(&value, &kept) {
                        prop_assert!(order.is_eq(), "{} and {}", value, kept);
                    }
                }
                Ok(())
            })?;
        }
    }
}
