//! The last item as a parameter. The server compares by the types of both sides, so it has to be bound as what it is: a
//! text would be compared with a number as a number, but with a time by its shape.

use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, Time};
use tiberius::{ColumnData, ToSql};
use tidewaiter_engine::ports::{Form, LastItem};

use super::days::{FROM_0001_TO_1900, days};

/// The most digits of a decimal.
const DIGITS: usize = 38;
/// A second, as times count it here.
const SECOND: u64 = 10_000_000;
/// A tick of a datetime is a third of this.
const THREE_TICKS: u64 = 100_000;

/// A value that is bound.
#[derive(Debug, PartialEq)]
pub(super) struct Bound(ColumnData<'static>);

impl ToSql for Bound {
    fn to_sql(&self) -> ColumnData<'_> {
        self.0.clone()
    }
}

/// What is bound in each place of `{lastItem}`.
pub(super) fn bound(last: &LastItem) -> Bound {
    let text = last.text.as_str();
    let value = match last.form {
        Form::Boolean => text.parse().ok().map(|value| ColumnData::Bit(Some(value))),
        Form::Integer => {
            text.parse().ok().map(|value| ColumnData::I64(Some(value))).or_else(|| decimal(text))
        }
        Form::Number => decimal(text).or_else(|| text.parse().ok().map(|value| ColumnData::F64(Some(value)))),
        Form::Date => date(text).map(|day| ColumnData::Date(Some(day))),
        Form::Time => clock(text).map(|parts| ColumnData::Time(Some(Time::new(parts, 7)))),
        Form::Datetime => datetime(text).map(as_the_column_counts),
        Form::Moment => text
            .strip_suffix('Z')
            .and_then(datetime)
            .map(|at| ColumnData::DateTimeOffset(Some(DateTimeOffset::new(at, 0)))),
        Form::Text => None,
    };
    Bound(value.unwrap_or_else(|| ColumnData::String(Some(last.text.clone().into()))))
}

/// A column of the type `datetime` counts three-hundredths of a second. An older server converts it to `datetime2` with
/// three digits, so that it would not be equal to itself; a value that lies between two milliseconds comes from such a
/// column, and is bound as its type.
fn as_the_column_counts(at: DateTime2) -> ColumnData<'static> {
    let (seconds, part) = (at.time().increments() / SECOND, at.time().increments() % SECOND);
    let ticks = (part * 3 + THREE_TICKS / 2) / THREE_TICKS;
    let is_tick = (ticks * THREE_TICKS * 2).div_ceil(3).div_ceil(2).abs_diff(part) <= 1;
    let days = i64::from(at.date().days()) - FROM_0001_TO_1900;
    match (u32::try_from(seconds * 300 + ticks), i32::try_from(days)) {
        (Ok(ticks), Ok(days)) if is_tick && ticks % 3 != 0 => {
            ColumnData::DateTime(Some(DateTime::new(days, ticks)))
        }
        _ => ColumnData::DateTime2(Some(at)),
    }
}

/// `-12.50` with all of its digits.
fn decimal(text: &str) -> Option<ColumnData<'static>> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.trim_start_matches(['-', '+']).trim_start_matches('0').len() + part.len();
    if digits > DIGITS || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = format!("{whole}{part}").parse().ok()?;
    let scale = u8::try_from(part.len()).ok()?;
    Some(ColumnData::Numeric(Some(Numeric::new_with_scale(value, scale))))
}

/// `2026-01-31T13:45:00.1234567`.
fn datetime(text: &str) -> Option<DateTime2> {
    let (day, time) = text.split_once('T')?;
    Some(DateTime2::new(date(day)?, Time::new(clock(time)?, 7)))
}

/// `2026-01-31`, of the years 1 to 9999.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-').map(str::parse::<u32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let is_one = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = u32::try_from(days(year.into(), month.into(), day.into())).ok()?;
    is_one.then(|| Date::new(days))
}

/// `13:45:00.1234567` in parts of a second.
fn clock(text: &str) -> Option<u64> {
    let (time, part) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = time.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let is_one = hour < 24 && minute < 60 && second < 60;
    let is_part = part.len() <= 7 && part.bytes().all(|byte| byte.is_ascii_digit());
    let part: u64 = format!("{part:0<7}").parse().ok().filter(|_| is_one && is_part)?;
    Some((hour * 3600 + minute * 60 + second) * SECOND + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, form: Form) -> ColumnData<'static> {
        bound(&LastItem { text: text.to_owned(), form }).0
    }

    fn text(text: &'static str) -> ColumnData<'static> {
        ColumnData::String(Some(text.into()))
    }

    fn number(value: i128, scale: u8) -> ColumnData<'static> {
        ColumnData::Numeric(Some(Numeric::new_with_scale(value, scale)))
    }

    #[test]
    fn numbers_are_bound_with_all_of_their_digits() {
        assert_eq!(of("-7", Form::Integer), ColumnData::I64(Some(-7)));
        assert_eq!(of("18446744073709551615", Form::Integer), number(18_446_744_073_709_551_615, 0));
        assert_eq!(of("-0.10", Form::Number), number(-10, 2));
        assert_eq!(of(&format!("0.{}", "9".repeat(38)), Form::Number), number(10_i128.pow(38) - 1, 38));
        assert_eq!(
            of("0.0000000000000000000000000000000000000001", Form::Number),
            ColumnData::F64(Some(1e-40))
        );
        assert_eq!(of("NaNo", Form::Number), text("NaNo"));
        assert_eq!(of("1.-5", Form::Number), text("1.-5"));
        assert_eq!(of("true", Form::Boolean), ColumnData::Bit(Some(true)));
        assert_eq!(of("o'hara", Form::Text), text("o'hara"));
    }

    #[test]
    fn times_are_bound_as_their_column_counts_them() {
        let at = |part| DateTime2::new(Date::new(739_646), Time::new(49_500 * SECOND + part, 7));
        let ticks = |ticks: u32| ColumnData::DateTime(Some(DateTime::new(46_051, 49_500 * 300 + ticks)));
        let datetime = |part: &str| of(&format!("2026-01-31T13:45:00{part}"), Form::Datetime);
        assert_eq!(datetime(""), ColumnData::DateTime2(Some(at(0))));
        assert_eq!(datetime(".12"), ColumnData::DateTime2(Some(at(1_200_000))));
        assert_eq!(datetime(".0033333"), ticks(1));
        assert_eq!(datetime(".9966667"), ticks(299));
        assert_eq!(datetime(".003"), ColumnData::DateTime2(Some(at(30_000))));
        assert_eq!(datetime(".1234567"), ColumnData::DateTime2(Some(at(1_234_567))));
        assert_eq!(
            of("2026-01-31T13:45:00.5Z", Form::Moment),
            ColumnData::DateTimeOffset(Some(DateTimeOffset::new(at(5_000_000), 0)))
        );
        assert_eq!(of("2026-01-31", Form::Date), ColumnData::Date(Some(Date::new(739_646))));
        assert_eq!(of("13:45:00", Form::Time), ColumnData::Time(Some(Time::new(49_500 * SECOND, 7))));
        for (wrong, form) in [
            ("soon", Form::Datetime),
            ("2026-13-01", Form::Date),
            ("0000-01-01", Form::Date),
            ("25:00:00", Form::Time),
            ("13:45:00.x", Form::Time),
            ("2026-01-31T13:45:00", Form::Moment),
        ] {
            assert_eq!(of(wrong, form), text(wrong));
        }
    }

    proptest::proptest! {
        /// Every tick of a second is bound as what it was when it was read.
        #[test]
        fn a_datetime_is_bound_as_it_was_read(days in -53_690_i32..2_958_463, ticks in 0_u32..25_920_000) {
            let mut batch = tidewaiter_engine::ports::RowBatch::default();
            batch.clear(1);
            let read = DateTime::new(days, ticks);
            super::super::values::write(&ColumnData::DateTime(Some(read)), false, &mut batch).unwrap();
            let written = batch.iter().next().unwrap().next().unwrap().unwrap();
            let written = String::from_utf8(written.to_vec()).unwrap();
            let is_bound = match of(&written, Form::Datetime) {
                ColumnData::DateTime(Some(at)) => at == read,
                ColumnData::DateTime2(Some(at)) => {
                    ticks % 3 == 0 && at.time().increments() == u64::from(ticks) * THREE_TICKS / 3
                }
                _ => false,
            };
            proptest::prop_assert!(is_bound, "{}", written);
        }
    }
}
