//! Dates and times as they are written, read byte by byte.
//!
//! The common case, ISO 8601, must cost a few nanoseconds a cell, so it is read by hand. Forms that a
//! schema spells out as strptime patterns go through `jiff`.

use std::borrow::Cow;

use jiff::SignedDuration;
use jiff::civil::{self, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};

/// A place on the scale of a type, for comparing with a bound: seconds or days or months, then nanoseconds.
pub(crate) type Point = (i64, u32);

/// What a text says about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(civil::Date),
    /// A time of day.
    Time(civil::Time),
    /// A day and a time, and how far east of UTC it is meant, if that is said.
    At(civil::DateTime, Option<Offset>),
}

impl Moment {
    /// How it is written by ISO 8601.
    pub(crate) fn iso(self) -> String {
        match self {
            Self::Day(day) => {
                let mut text = String::with_capacity(DATE_BYTES);
                push_day(day, &mut text);
                text
            }
            Self::Time(time) => time.to_string(),
            Self::At(moment, None) if moment.subsec_nanosecond() == 0 => {
                let mut text = String::with_capacity(DATETIME_BYTES);
                push_day(moment.date(), &mut text);
                for (before, number) in [('T', moment.hour()), (':', moment.minute()), (':', moment.second())]
                {
                    text.push(before);
                    push_number(number.unsigned_abs().into(), 2, &mut text);
                }
                text
            }
            Self::At(moment, None) => moment.to_string(),
            Self::At(moment, Some(Offset::UTC)) => format!("{moment}Z"),
            Self::At(moment, Some(offset)) => {
                let minutes = offset.seconds() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{moment}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }

    /// How it is written in the form of a strptime pattern.
    pub(crate) fn written_as(self, pattern: &str) -> Option<String> {
        match self {
            Self::Day(day) => strtime::format(pattern, day).ok(),
            Self::Time(time) => strtime::format(pattern, time).ok(),
            Self::At(moment, None) => strtime::format(pattern, moment).ok(),
            Self::At(moment, Some(offset)) => {
                let zoned = moment.to_zoned(TimeZone::fixed(offset)).ok()?;
                strtime::format(pattern, &zoned).ok()
            }
        }
    }
}

/// The length of `2026-01-31`.
const DATE_BYTES: usize = 10;
/// The length of `2026-01-31T09:30:00`.
const DATETIME_BYTES: usize = 19;

/// Writes a day by ISO 8601. Millions of them are written for one file.
fn push_day(day: civil::Date, text: &mut String) {
    push_number(day.year().unsigned_abs(), 4, text);
    for number in [day.month(), day.day()] {
        text.push('-');
        push_number(number.unsigned_abs().into(), 2, text);
    }
}

fn push_number(number: u16, digits: u32, text: &mut String) {
    for place in (0..digits).rev() {
        let digit = number / 10_u16.pow(place) % 10;
        text.push(char::from_digit(digit.into(), 10).unwrap_or('0'));
    }
}

/// Reads `2026-01-31`: a day that exists, years 0001 to 9999.
pub(crate) fn date(text: &[u8]) -> Option<Point> {
    day(text).map(|day| (day, 0))
}

/// Reads `2026`.
pub(crate) fn year(text: &[u8]) -> Option<Point> {
    let year = digits(*text.as_array::<4>()?)?;
    (year > 0).then_some((year, 0))
}

/// Reads `2026-01`.
pub(crate) fn yearmonth(text: &[u8]) -> Option<Point> {
    let (year, rest) = text.split_first_chunk::<4>()?;
    let [b'-', month @ ..] = rest else { return None };
    let (year, month) = (digits(*year)?, digits(*month.as_array::<2>()?)?);
    (year > 0 && (1..=12).contains(&month)).then_some((year * 12 + month, 0))
}

/// Reads `13:45:00`, with a fraction of 1 to 9 digits or without.
pub(crate) fn time(text: &[u8]) -> Option<Point> {
    let (point, rest) = clock(text)?;
    rest.is_empty().then_some(point)
}

/// Reads `2026-01-31T13:45:00`: `T` or one space between, a fraction or none, `Z`, an offset
/// (`+02:00`, `+0200`) or neither. Without an offset, the moment is compared as if it were UTC.
pub(crate) fn datetime(text: &[u8]) -> Option<Point> {
    let (date, rest) = text.split_at_checked(10)?;
    let day = day(date)?;
    let (b'T' | b' ', rest) = rest.split_first()? else { return None };
    let ((seconds, nanos), rest) = clock(rest)?;
    Some((day * 86_400 + seconds - offset(rest)?, nanos))
}

/// The number of a day, counted from some day long ago.
fn day(text: &[u8]) -> Option<i64> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text.as_array::<10>()? else { return None };
    let (year, month, day) = (digits(*year)?, digits([*m1, *m2])?, digits([*d1, *d2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    (year > 0 && (1..=longest).contains(&day)).then(|| day_number(year, month, day))
}

/// Days since 1 March of the year 0, which puts the leap day at the end of each year.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1
}

/// Reads a time of day; gives back what follows it.
fn clock(text: &[u8]) -> Option<(Point, &[u8])> {
    let (whole, mut rest) = text.split_first_chunk::<8>()?;
    let [hour @ .., b':', m1, m2, b':', s1, s2] = whole else { return None };
    let (hour, minute, second) = (digits(*hour)?, digits([*m1, *m2])?, digits([*s1, *s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut nanos = 0;
    if let Some((b'.', tail)) = rest.split_first() {
        let count = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let (fraction, tail) = tail.split_at_checked(count)?;
        nanos = fraction.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
        nanos *= 10_u32.pow(9 - count as u32);
        rest = tail;
    }
    Some(((hour * 3600 + minute * 60 + second, nanos), rest))
}

/// Reads what may follow a time, as seconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, a, b, c, d) = match text {
        [] | [b'Z'] => return Some(0),
        [sign, a, b, b':', c, d] | [sign, a, b, c, d] => (*sign, *a, *b, *c, *d),
        _ => return None,
    };
    let (hours, minutes) = (digits([a, b])?, digits([c, d])?);
    let seconds = (hours <= 23 && minutes <= 59).then_some(hours * 3600 + minutes * 60)?;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn digits<const N: usize>(bytes: [u8; N]) -> Option<i64> {
    let mut n = 0;
    for b in bytes {
        if !b.is_ascii_digit() {
            return None;
        }
        n = n * 10 + i64::from(b - b'0');
    }
    Some(n)
}

/// Reads a date in the form of a strptime pattern. Years below 1000 are refused: `31/01/26` with `%Y`
/// is a year of two digits, not the first century.
pub(crate) fn date_as(pattern: &str, text: &str) -> Option<Point> {
    plausible(strtime::parse(pattern, text).ok()?.to_date().ok()?).map(|day| (day, 0))
}

/// Reads a moment in the form of a strptime pattern.
pub(crate) fn datetime_as(pattern: &str, text: &str) -> Option<Point> {
    let read = strtime::parse(pattern, text).ok()?;
    let moment = read.to_datetime().ok()?;
    let seconds = plausible(moment.date())? * 86_400 + seconds_of(moment.time());
    let east = read.offset().map_or(0, |offset| i64::from(offset.seconds()));
    Some((seconds - east, moment.subsec_nanosecond().unsigned_abs()))
}

/// Reads a time of day in the form of a strptime pattern.
pub(crate) fn time_as(pattern: &str, text: &str) -> Option<Point> {
    let time = strtime::parse(pattern, text).ok()?.to_time().ok()?;
    Some((seconds_of(time), time.subsec_nanosecond().unsigned_abs()))
}

/// A moment as it is kept: with `T`, without zeros at the end of its fraction, and in UTC if its offset is known. A time
/// without an offset stays one, since its zone is not known. None if it is no moment.
pub(crate) fn kept_datetime(text: &str) -> Option<Cow<'_, str>> {
    datetime(text.as_bytes())?;
    let (whole, tail) = text.split_at_checked(19)?;
    let fraction = tail.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(tail.len());
    let (fraction, zone) = tail.split_at_checked(fraction)?;
    if matches!(zone, "" | "Z") && whole.as_bytes().get(10) == Some(&b'T') && !fraction.ends_with('0') {
        return Some(text.into());
    }
    let local: DateTime = text.get(..whole.len() + fraction.len())?.parse().ok()?;
    let east = (!zone.is_empty()).then(|| offset(zone.as_bytes())).flatten();
    Some(written(local, east).into())
}

/// A time of day as it is kept. None if it is none.
pub(crate) fn kept_time(text: &str) -> Option<Cow<'_, str>> {
    time(text.as_bytes())?;
    // Only a fraction has zeros that do not count.
    let kept = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    Some(kept.into())
}

/// A local time as it is kept, or the moment that it is so many seconds east of UTC.
fn written(local: DateTime, east: Option<i64>) -> String {
    let Some(east) = east else { return local.to_string() };
    match local.checked_sub(SignedDuration::from_secs(east)) {
        Ok(utc) if (1..=9999).contains(&utc.year()) => format!("{utc}Z"),
        // At the ends of the calendar there is no such year in UTC.
        _ => {
            let (sign, minutes) = (if east < 0 { '-' } else { '+' }, east.unsigned_abs() / 60);
            format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// A date in the form of a strptime pattern, as it is kept.
pub(crate) fn kept_date_as(pattern: &str, text: &str) -> Option<String> {
    date_as(pattern, text)?;
    Some(strtime::parse(pattern, text).ok()?.to_date().ok()?.to_string())
}

/// A moment in the form of a strptime pattern, as it is kept. One whose time zone is named without its offset stays as
/// it is: the rules of time zones change.
pub(crate) fn kept_datetime_as(pattern: &str, text: &str) -> Option<String> {
    datetime_as(pattern, text)?;
    let read = strtime::parse(pattern, text).ok()?;
    let east = read.offset().map(|offset| i64::from(offset.seconds()));
    if east.is_none() && read.iana_time_zone().is_some() {
        return None;
    }
    Some(written(read.to_datetime().ok()?, east))
}

/// A time of day in the form of a strptime pattern, as it is kept.
pub(crate) fn kept_time_as(pattern: &str, text: &str) -> Option<String> {
    Some(strtime::parse(pattern, text).ok()?.to_time().ok()?.to_string())
}

fn plausible(date: civil::Date) -> Option<i64> {
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    (year >= 1000).then(|| day_number(year, month, day))
}

fn seconds_of(time: civil::Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

/// How a value looks in a pattern's form; None if the pattern is not one. Used to try patterns out.
pub(crate) fn written_as(pattern: &str) -> Option<String> {
    let sample = civil::date(2026, 12, 31).at(23, 45, 56, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    strtime::format(pattern, &sample).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_jiff_writes_them() {
        for day in [civil::date(1000, 1, 1), civil::date(2024, 2, 29), civil::date(9999, 12, 31)] {
            assert_eq!(Moment::Day(day).iso(), day.to_string());
            for at in [day.at(0, 0, 0, 0), day.at(23, 59, 7, 0), day.at(9, 30, 0, 5_000_000)] {
                assert_eq!(Moment::At(at, None).iso(), at.to_string());
            }
        }
    }

    #[test]
    fn dates_exist() {
        for good in ["2026-01-31", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert!(date(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-1-31",
            "2026-02-30",
            "2025-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-01-00",
            "0000-01-01",
            "20260131",
            "2026/01/31",
            "31-01-2026",
            "2026-01-31 ",
            "2026-01-3x",
        ] {
            assert!(date(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(b"1999-12-31").unwrap().0;
        for year in 2000..2030 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some((n, 0)) = date(format!("{year:04}-{month:02}-{day:02}").as_bytes()) {
                        assert_eq!(n, before + 1, "{year}-{month}-{day}");
                        before = n;
                    }
                }
            }
        }
        assert_eq!(before - date(b"1999-12-31").unwrap().0, 10_958);
    }

    #[test]
    fn moments_may_have_a_fraction_and_an_offset() {
        for good in [
            "2026-01-31T13:45:00",
            "2026-01-31 13:45:00",
            "2026-01-31T13:45:00Z",
            "2026-01-31T13:45:00.5Z",
            "2026-01-31T13:45:00.123456789+02:00",
            "2026-01-31T13:45:00-0530",
            "2026-01-31 23:59:59",
        ] {
            assert!(datetime(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-01-31T",
            "2026-01-31T13:45",
            "2026-01-31t13:45:00",
            "2026-01-31  13:45:00",
            "2026-01-31T24:00:00",
            "2026-01-31T13:60:00",
            "2026-01-31T13:45:60",
            "2026-01-31T13:45:00.",
            "2026-01-31T13:45:00.1234567890",
            "2026-01-31T13:45:00z",
            "2026-01-31T13:45:00+24:00",
            "2026-01-31T13:45:00+2",
            "2026-01-31T13:45:00 Z",
            "2026-02-30T13:45:00Z",
            "2026-01-31T13:45:00*02:00",
        ] {
            assert!(datetime(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn moments_compare_in_utc() {
        let utc = datetime(b"2026-01-31T12:00:00Z").unwrap();
        assert_eq!(datetime(b"2026-01-31T14:00:00+02:00").unwrap(), utc);
        assert_eq!(datetime(b"2026-01-31T06:30:00-05:30").unwrap(), utc);
        assert_eq!(datetime(b"2026-01-31 12:00:00").unwrap(), utc);
        assert!(datetime(b"2026-01-31T12:00:00.000000001Z").unwrap() > utc);
        assert!(datetime(b"2026-01-31T12:00:00.1Z").unwrap() > datetime(b"2026-01-31T12:00:00.09Z").unwrap());
    }

    #[test]
    fn times_years_and_months() {
        assert!(time(b"13:45:00") < time(b"13:45:00.25"));
        assert!(year(b"2026") < year(b"2027"));
        assert!(yearmonth(b"2026-12") < yearmonth(b"2027-01"));
        for bad in ["", "13:45", "13:45:00Z", "1:45:00", "24:00:00", "13:45:00.", "13-45-00"] {
            assert!(time(bad.as_bytes()).is_none(), "{bad}");
        }
        for bad in ["", "26", "0000", "20266", "-026", "202x"] {
            assert!(year(bad.as_bytes()).is_none(), "{bad}");
        }
        for bad in ["", "2026", "2026-13", "2026-00", "2026-1", "202601", "0000-01", "2026-01-01"] {
            assert!(yearmonth(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn patterns_are_read_as_written() {
        assert_eq!(date_as("%d/%m/%Y", "31/01/2026"), date(b"2026-01-31"));
        assert_eq!(date_as("%Y%m%d", "20260131"), date(b"2026-01-31"));
        assert_eq!(date_as("%d/%m/%Y", "30/02/2026"), None);
        assert_eq!(date_as("%d/%m/%Y", "31/01/26"), None);
        assert_eq!(date_as("%d/%m/%y", "31/01/26"), date(b"2026-01-31"));
        assert_eq!(datetime_as("%d/%m/%Y %H:%M", "31/01/2026 13:45"), datetime(b"2026-01-31T13:45:00Z"));
        assert_eq!(
            datetime_as("%Y-%m-%dT%H:%M:%S%z", "2026-01-31T13:45:00+0200"),
            datetime(b"2026-01-31T11:45:00Z")
        );
        assert_eq!(time_as("%Hh%M", "13h45"), time(b"13:45:00"));
        assert_eq!(written_as("%d/%m/%Y").as_deref(), Some("31/12/2026"));
        assert_eq!(written_as("%"), None);
    }
}
