//! Which type of Parquet holds the values of a column.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use parquet::basic::{LogicalType, TimeUnit, Type as Physical};
use tidewaiter::schema::FieldType;
use tidewaiter_engine::ports::Cell;

/// A type of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Number,
    /// Days.
    Date,
    /// Moments, in UTC.
    Moment,
    /// Dates with a time of some place.
    Local,
    /// Times of a day.
    Time,
    /// What no other type holds exactly.
    Text,
}

/// A value that is no text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plain {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Days(i32),
}

impl Kind {
    /// The types that values of a field may have, the best one first.
    fn candidates(field: FieldType) -> &'static [Self] {
        match field {
            FieldType::String | FieldType::Yearmonth => &[Self::Text],
            FieldType::Boolean => &[Self::Boolean, Self::Text],
            FieldType::Integer | FieldType::Year => &[Self::Integer, Self::Text],
            FieldType::Number => &[Self::Number, Self::Text],
            FieldType::Date => &[Self::Date, Self::Text],
            FieldType::Datetime => &[Self::Moment, Self::Local, Self::Text],
            FieldType::Time => &[Self::Time, Self::Text],
        }
    }

    /// A value of this type; None if the type does not hold it exactly.
    pub(super) fn plain(self, cell: Cell<'_>) -> Option<Plain> {
        match (self, cell) {
            (Self::Boolean, Cell::Boolean(value)) => Some(Plain::Boolean(value)),
            (Self::Integer, Cell::Integer(number) | Cell::Year(number)) => Some(Plain::Integer(number)),
            (Self::Number, Cell::Number(number)) => Some(Plain::Number(number)),
            (Self::Date, Cell::Text(text)) => days(text).map(Plain::Days),
            (Self::Moment, Cell::Text(text)) => micros(text.strip_suffix('Z')?).map(Plain::Integer),
            (Self::Local, Cell::Text(text)) => micros(text).map(Plain::Integer),
            (Self::Time, Cell::Text(text)) => of_day(text).map(Plain::Integer),
            _ => None,
        }
    }

    /// How Parquet calls it.
    pub(super) fn named(self) -> (Physical, Option<LogicalType>) {
        let micros = TimeUnit::MICROS;
        match self {
            Self::Boolean => (Physical::BOOLEAN, None),
            Self::Integer => (Physical::INT64, None),
            Self::Number => (Physical::DOUBLE, None),
            Self::Date => (Physical::INT32, Some(LogicalType::Date)),
            Self::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, micros))),
            Self::Local => (Physical::INT64, Some(LogicalType::timestamp(false, micros))),
            Self::Time => (Physical::INT64, Some(LogicalType::time(false, micros))),
            Self::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        }
    }
}

fn days(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    (date - Date::constant(1970, 1, 1)).get_days().into()
}

/// Microseconds since 1970. None if the text has an offset, or finer parts of a second.
fn micros(text: &str) -> Option<i64> {
    // Without an offset, which a civil date does not take.
    if text.len() < 19 || text.get(19..).is_some_and(|rest| rest.contains(['+', '-', 'Z'])) {
        return None;
    }
    let moment: DateTime = text.parse().ok()?;
    let is_whole = moment.subsec_nanosecond() % 1_000 == 0;
    TimeZone::UTC.to_timestamp(moment).ok().filter(|_| is_whole).map(jiff::Timestamp::as_microsecond)
}

fn of_day(text: &str) -> Option<i64> {
    let time: Time = text.parse().ok().filter(|_| text.len() >= 8)?;
    let nanos = time.duration_since(Time::midnight()).as_nanos();
    if nanos % 1_000 == 0 { i64::try_from(nanos / 1_000).ok() } else { None }
}

/// Finds the type of a column by its values: the best one that holds all of them.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    candidates: &'static [Kind],
    is_ruled_out: [bool; 2],
}

impl Guess {
    pub(super) fn of(field: FieldType) -> Self {
        Self { candidates: Kind::candidates(field), is_ruled_out: [false; 2] }
    }

    /// Rules out what does not hold a value.
    pub(super) fn see(&mut self, cell: Cell<'_>) {
        if cell == Cell::Missing {
            return;
        }
        for (kind, is_ruled_out) in self.candidates.iter().zip(&mut self.is_ruled_out) {
            *is_ruled_out |= *kind != Kind::Text && kind.plain(cell).is_none();
        }
    }

    pub(super) fn kind(&self) -> Kind {
        let mut left =
            self.candidates.iter().zip(self.is_ruled_out).filter(|(_, is_ruled_out)| !is_ruled_out);
        left.next().map_or(Kind::Text, |(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(field: FieldType, texts: &[&str]) -> Kind {
        let mut guess = Guess::of(field);
        for text in texts {
            guess.see(Cell::of(field, text));
        }
        guess.kind()
    }

    #[test]
    fn a_type_holds_every_value_exactly() {
        assert_eq!(guessed(FieldType::Integer, &["1", "-9223372036854775808"]), Kind::Integer);
        assert_eq!(guessed(FieldType::Integer, &["1", "9223372036854775808"]), Kind::Text);
        assert_eq!(guessed(FieldType::Number, &["0.1"]), Kind::Number);
        assert_eq!(guessed(FieldType::Number, &["0.1", "0.1000000000000000000001"]), Kind::Text);
        assert_eq!(guessed(FieldType::Date, &["2026-01-31", "0001-01-01"]), Kind::Date);
        assert_eq!(guessed(FieldType::Date, &["2026-02-31"]), Kind::Text);
        assert_eq!(guessed(FieldType::Datetime, &[]), Kind::Moment);
        assert_eq!(guessed(FieldType::Datetime, &["2026-01-31T13:45:00.25Z"]), Kind::Moment);
        assert_eq!(guessed(FieldType::Datetime, &["2026-01-31T13:45:00"]), Kind::Local);
        assert_eq!(
            guessed(FieldType::Datetime, &["2026-01-31T13:45:00", "2026-01-31T13:45:00Z"]),
            Kind::Text
        );
        assert_eq!(guessed(FieldType::Datetime, &["2026-01-31T13:45:00.123456789Z"]), Kind::Text);
        assert_eq!(guessed(FieldType::Datetime, &["0001-01-01T00:00:00+01:00"]), Kind::Text);
        assert_eq!(guessed(FieldType::Time, &["13:45:00.25"]), Kind::Time);
        assert_eq!(guessed(FieldType::Boolean, &["true"]), Kind::Boolean);
        assert_eq!(guessed(FieldType::Yearmonth, &["2026-01"]), Kind::Text);
    }

    #[test]
    fn moments_are_counted_from_1970() {
        assert_eq!(Kind::Date.plain(Cell::Text("1970-01-02")), Some(Plain::Days(1)));
        assert_eq!(Kind::Date.plain(Cell::Text("1969-12-31")), Some(Plain::Days(-1)));
        let moment = Kind::Moment.plain(Cell::Text("1970-01-01T00:00:01.000001Z"));
        assert_eq!(moment, Some(Plain::Integer(1_000_001)));
        assert_eq!(Kind::Time.plain(Cell::Text("00:00:01.5")), Some(Plain::Integer(1_500_000)));
        assert_eq!(Kind::Local.plain(Cell::Text("2026-01-31T00:00:00+01:00")), None);
    }
}
