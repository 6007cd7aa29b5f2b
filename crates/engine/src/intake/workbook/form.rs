//! The form in which a sheet is written: that of the files of its import.

use std::fmt::Write as _;

use tidewaiter::config::DialectOptions;
use tidewaiter::config::dialect::SkipLines;
use tidewaiter_sheet::{Date, Form, Time, Value};

use crate::written::WrittenForm;

/// How the records of a sheet are written.
#[derive(Debug, Clone)]
pub struct SheetForm {
    pub(super) sheet: Option<String>,
    /// The row that tells the width of records; None if it has to be found.
    pub(super) header_row: Option<u32>,
    written: WrittenForm,
}

impl SheetForm {
    /// The form of the files of an import.
    pub fn of(options: &DialectOptions) -> Self {
        let header_row = match options.skip_lines {
            SkipLines::Auto => None,
            SkipLines::Lines(lines) => {
                Some(u32::try_from(lines).unwrap_or(0) + u32::from(options.header.lines.max(1)))
            }
        };
        Self { sheet: options.sheet.clone(), header_row, written: WrittenForm::of(options) }
    }

    /// What the file begins with.
    pub(super) fn mark(&self) -> &'static [u8] {
        self.written.mark()
    }

    /// A day in the form of the import. None if there is no such day, or the import has no form for it.
    fn date(&self, date: Date, time: Option<Time>) -> Option<String> {
        let day = jiff::civil::Date::new(
            i16::try_from(date.year).ok()?,
            i8::try_from(date.month).ok()?,
            i8::try_from(date.day).ok()?,
        );
        let time = match time {
            None => None,
            Some(time) => Some(
                jiff::civil::Time::new(
                    i8::try_from(time.hour).ok()?,
                    i8::try_from(time.minute).ok()?,
                    i8::try_from(time.second).ok()?,
                    i32::from(time.millisecond) * 1_000_000,
                )
                .ok()?,
            ),
        };
        self.written.day(day.ok()?, time)
    }
}

impl Form for SheetForm {
    fn delimiter(&self) -> &str {
        self.written.delimiter()
    }

    fn value(&self, value: &Value<'_>, text: &mut String) {
        let own = match value {
            Value::Number { text, .. } => self.written.number(text),
            Value::Date(date) => self.date(*date, None),
            Value::DateTime(date, time) => self.date(*date, Some(*time)),
            Value::Bool(value) => self.written.truth(*value).map(ToOwned::to_owned),
            _ => None,
        };
        match own {
            Some(own) => text.push_str(&own),
            None => _ = write!(text, "{value}"),
        }
    }

    fn field(&self, text: &str, record: &mut Vec<u8>) {
        self.written.field(text, record);
    }
}

#[cfg(test)]
mod tests {
    use tidewaiter::config::Config;

    use super::*;

    fn form(options: &str) -> SheetForm {
        let document = format!(r#"{{ "acme": {{ "contacts": {{ "crm": {options} }} }} }}"#);
        let config = Config::parse("acme", document.as_bytes()).unwrap();
        SheetForm::of(&config.subsection("contacts", "crm").unwrap().dialect)
    }

    fn field(options: &str, text: &str) -> String {
        let mut record = Vec::new();
        form(options).field(text, &mut record);
        String::from_utf8(record).unwrap()
    }

    fn value(options: &str, value: Value<'_>) -> String {
        let mut text = String::new();
        form(options).value(&value, &mut text);
        text
    }

    #[test]
    fn fields_are_quoted_as_the_files_of_the_import_are() {
        for (options, text, written) in [
            ("{}", "plain, text", "plain, text"),
            ("{}", "a;b", "\"a;b\""),
            ("{}", "the \"b\"", "\"the \"\"b\"\"\""),
            ("{}", "two\nlines", "\"two\nlines\""),
            (r#"{ "delimiter": "||" }"#, "a|b", "a|b"),
            (r#"{ "delimiter": "||" }"#, "a||b", "\"a||b\""),
            (r#"{ "quote": "'" }"#, "it's", "'it''s'"),
            (r#"{ "escape": "\\" }"#, r#"a\b"c;"#, r#""a\\b\"c;""#),
            (r#"{ "quote": "", "escape": "\\", "delimiter": "\t" }"#, "a\tb\\c", "a\\\tb\\\\c"),
        ] {
            assert_eq!(field(options, text), written, "{options} {text}");
        }
    }

    #[test]
    fn values_are_written_in_the_forms_of_the_import() {
        let number = Value::Number { text: "1234.5", raw: "1234.5", is_exact: true };
        let date = Date { year: 2026, month: 11, day: 28 };
        let time = Time { hour: 9, minute: 30, second: 0, millisecond: 0 };
        for (options, given, written) in [
            ("{}", number, "1234.5"),
            (r#"{ "decimal": "," }"#, number, "1234,5"),
            ("{}", Value::Date(date), "2026-11-28"),
            (r#"{ "date_formats": ["dd/mm/yyyy"] }"#, Value::Date(date), "28/11/2026"),
            (r#"{ "date_formats": ["dd/mm/yyyy"] }"#, Value::DateTime(date, time), "2026-11-28T09:30:00"),
            (
                r#"{ "date_formats": ["dd/mm/yyyy", "yyyymmdd hh:mm"] }"#,
                Value::DateTime(date, time),
                "20261128 09:30",
            ),
            (r#"{ "true_values": ["oui"], "false_values": ["non"] }"#, Value::Bool(false), "non"),
            ("{}", Value::Bool(true), "true"),
            // A day that never was stays visible, and is no date.
            ("{}", Value::Date(Date { year: 1900, month: 2, day: 29 }), "1900-02-29"),
        ] {
            assert_eq!(value(options, given), written, "{options} {given:?}");
        }
    }
}
