//! How values are kept in the columns of a table.
//!
//! | type of the field | in SQLite | |
//! |---|---|---|
//! | string | text | |
//! | integer, year | integer | one of more than 64 bits is close to the number |
//! | number | real | one that a real does not hold is close to the number |
//! | boolean | 0 or 1 | |
//! | date, datetime, time, yearmonth | text | as ISO 8601 writes it |
//!
//! Where a column does not hold exactly what the record does, the record's text is kept beside it, in `_exact`.

use rusqlite::types::{ToSqlOutput, ValueRef};
use tidewaiter::schema::FieldType;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kept<'a> {
    /// What the column holds is the value.
    Exactly(ToSqlOutput<'a>),
    /// What the column holds is close to the value, or nothing.
    Nearly(ToSqlOutput<'a>),
}

/// How a column of this type is declared.
pub(super) fn declared(kind: FieldType) -> &'static str {
    match kind {
        FieldType::String | FieldType::Yearmonth => "TEXT",
        FieldType::Integer | FieldType::Year => "INTEGER",
        FieldType::Number => "REAL",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Date => "DATE",
        FieldType::Datetime => "DATETIME",
        FieldType::Time => "TIME",
    }
}

/// What a column holds for a text.
pub(super) fn kept(kind: FieldType, text: &str) -> Kept<'_> {
    match kind {
        FieldType::String => exactly(ValueRef::Text(text.as_bytes())),
        FieldType::Integer => whole(text),
        FieldType::Number => real(text),
        FieldType::Boolean => match text {
            "true" => exactly(ValueRef::Integer(1)),
            "false" => exactly(ValueRef::Integer(0)),
            _ => nothing(),
        },
        FieldType::Year => match text.parse::<i64>() {
            Ok(year) if text.len() == 4 && (0..10_000).contains(&year) => exactly(ValueRef::Integer(year)),
            _ => nothing(),
        },
        FieldType::Date | FieldType::Datetime | FieldType::Yearmonth => at(text, 4, b'-'),
        FieldType::Time => at(text, 2, b':'),
    }
}

/// What a column of a key holds for a text: two keys are never one.
pub(super) fn kept_in_key(kind: FieldType, text: &str) -> ToSqlOutput<'_> {
    match kept(kind, text) {
        Kept::Exactly(value) => value,
        Kept::Nearly(_) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
    }
}

/// How a column of a key is declared. A declared number would turn a longer one, which is kept as text, into a real.
pub(super) fn declared_in_key(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Integer | FieldType::Year => "",
        kind => declared(kind),
    }
}

/// The text of what a column holds; None for nothing.
pub(super) fn text(kind: FieldType, value: ValueRef<'_>) -> Option<String> {
    Some(match value {
        ValueRef::Null | ValueRef::Blob(_) => return None,
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Integer(number) => match (kind, number) {
            (FieldType::Boolean, 0) => "false".to_owned(),
            (FieldType::Boolean, _) => "true".to_owned(),
            (FieldType::Year, year) => format!("{year:04}"),
            (_, number) => number.to_string(),
        },
    })
}

fn exactly(value: ValueRef<'_>) -> Kept<'_> {
    Kept::Exactly(ToSqlOutput::Borrowed(value))
}

/// A text that does not look like its type. No check lets one pass; a column of texts may have held it before.
fn nothing<'a>() -> Kept<'a> {
    Kept::Nearly(ToSqlOutput::Borrowed(ValueRef::Null))
}

fn whole(text: &str) -> Kept<'_> {
    match text.parse::<i64>() {
        Ok(number) if is_written_so(number, text) => exactly(ValueRef::Integer(number)),
        _ => near(text),
    }
}

fn real(text: &str) -> Kept<'_> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && is_written_so(number, text) => exactly(ValueRef::Real(number)),
        _ => near(text),
    }
}

fn near(text: &str) -> Kept<'_> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Kept::Nearly(ToSqlOutput::Borrowed(ValueRef::Real(number))),
        _ => nothing(),
    }
}

/// True if the number is written as this text, without another one being written first: a file has millions.
fn is_written_so(number: impl std::fmt::Display, text: &str) -> bool {
    use std::fmt::Write;

    struct Rest<'a>(&'a [u8]);
    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> std::fmt::Result {
            self.0 = self.0.strip_prefix(part.as_bytes()).ok_or(std::fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text.as_bytes());
    write!(rest, "{number}").is_ok() && rest.0.is_empty()
}

/// A text with this byte at this place.
fn at(text: &str, place: usize, byte: u8) -> Kept<'_> {
    if text.as_bytes().get(place) == Some(&byte) {
        exactly(ValueRef::Text(text.as_bytes()))
    } else {
        nothing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(kind: FieldType, written: &str) -> (bool, Option<String>) {
        let (is_exact, value) = match kept(kind, written) {
            Kept::Exactly(value) => (true, value),
            Kept::Nearly(value) => (false, value),
        };
        let ToSqlOutput::Borrowed(value) = value else { panic!("it is borrowed") };
        (is_exact, text(kind, value))
    }

    #[test]
    fn what_is_held_exactly_is_read_back_as_it_was() {
        let values = [
            (FieldType::String, &["", "a", "007", "1e3", "NULL"][..]),
            (FieldType::Integer, &["0", "-7", "9223372036854775807", "-9223372036854775808"]),
            (
                FieldType::Number,
                &["0", "12.5", "-0.1", "1000000", "0.000001", "123456789012345", "1.7976931348623157"],
            ),
            (FieldType::Boolean, &["true", "false"]),
            (FieldType::Date, &["2026-01-31", "0099-12-31"]),
            (FieldType::Datetime, &["2026-01-31T13:45:00Z", "2026-01-31T13:45:00.123456789"]),
            (FieldType::Time, &["13:45:00"]),
            (FieldType::Year, &["2026", "0099"]),
            (FieldType::Yearmonth, &["2026-01"]),
        ];
        for (kind, texts) in values {
            for written in texts {
                assert_eq!(held(kind, written), (true, Some((*written).to_owned())), "{kind:?}");
            }
        }
    }

    #[test]
    fn what_a_column_does_not_hold_is_told_apart() {
        assert!(!held(FieldType::Integer, "9223372036854775808").0);
        assert!(!held(FieldType::Number, "0.1000000000000000000001").0);
        assert!(!held(FieldType::Number, "12345678901234567.89").0);
        assert_eq!(
            held(FieldType::Integer, "007"),
            (false, Some("7".to_owned())),
            "a text of an earlier version"
        );
        assert_eq!(held(FieldType::Date, "31/01/2026"), (false, None));
        assert_eq!(held(FieldType::Boolean, "yes"), (false, None));
        assert_eq!(held(FieldType::Number, "inf"), (false, None));
    }
}
