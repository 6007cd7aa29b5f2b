//! Days and times: a workbook counts days from a beginning, and tells only by a format that it does.

use std::fmt;

use crate::format::Shown;

/// A day of the calendar as the workbook shows it. Excel has two days that never were: 1900-01-00 and 1900-02-29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year, from 1900.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

/// A time of the day, to the millisecond: a number of Excel holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The second, 0 to 59.
    pub second: u8,
    /// The millisecond, 0 to 999.
    pub millisecond: u16,
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.millisecond > 0 {
            write!(formatter, ".{:03}", self.millisecond)?;
        }
        Ok(())
    }
}

/// A point or a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Date(Date),
    DateTime(Date, Time),
    Time(Time),
    /// Milliseconds.
    Duration(u64),
}

const DAY: u64 = 86_400_000;
/// The last day that Excel has, 9999-12-31, by the system that begins in 1900.
const LAST_DAY: u64 = 2_958_465;
/// Days from 1900 to the beginning of the other system, 1904-01-01.
const BEGIN_1904: u64 = 1_462;

/// What a number shows by its format. None if Excel shows no date for it, because it is negative or too large.
pub(crate) fn moment(number: f64, shown: Shown, is_1904: bool) -> Option<Moment> {
    if !(0.0..3_000_000.0).contains(&number) {
        return None;
    }
    // The days are taken off first, which is exact: their product with milliseconds is not.
    #[expect(clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "the range is checked above")]
    let milliseconds = number.trunc() as u64 * DAY + (number.fract() * DAY as f64).round() as u64;
    if shown == Shown::Duration {
        return Some(Moment::Duration(milliseconds));
    }
    let (days, rest) = (milliseconds / DAY, milliseconds % DAY);
    let time = Time::of(rest);
    let has_day = days > 0 || is_1904;
    match shown {
        // A number below one is a time of no day, which Excel shows as that of 1900-01-00.
        Shown::Time if days == 0 => return Some(Moment::Time(time)),
        Shown::DateTime | Shown::Date if !has_day && (rest > 0 || shown == Shown::DateTime) => {
            return Some(Moment::Time(time));
        }
        Shown::Number => return None,
        _ => {}
    }
    let date = Date::of(if is_1904 { days + BEGIN_1904 } else { days })?;
    Some(match shown {
        // What the format hides is data nevertheless.
        Shown::Date if rest == 0 => Moment::Date(date),
        _ => Moment::DateTime(date, time),
    })
}

impl Date {
    /// The day with this number, from 1900-01-00 on. Excel believes that 1900 was a leap year, as Lotus 1-2-3 did.
    fn of(days: u64) -> Option<Self> {
        match days {
            0 => return Some(Self { year: 1900, month: 1, day: 0 }),
            60 => return Some(Self { year: 1900, month: 2, day: 29 }),
            _ if days > LAST_DAY => return None,
            _ => {}
        }
        // Days since 1600-03-01: years begin in March, so that the day that leap years have more is their last one.
        let days = days + u64::from(days < 60) + 109_511;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Some(Self {
            year: u16::try_from(1_600 + era * 400 + year + next).ok()?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }

    fn is_real(self) -> bool {
        let is_leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let last = match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return false,
        };
        (1..=last).contains(&self.day)
    }
}

impl Time {
    /// Whether it is the beginning of a day.
    pub(crate) fn is_midnight(self) -> bool {
        self == Self { hour: 0, minute: 0, second: 0, millisecond: 0 }
    }

    fn of(milliseconds: u64) -> Self {
        let seconds = milliseconds / 1_000;
        Self {
            hour: (seconds / 3_600 % 24) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            millisecond: (milliseconds % 1_000) as u16,
        }
    }
}

/// Reads a date that is written out, as the strict dialect has them: `2026-11-28`, `2026-11-28T09:30:00.5`, `09:30:00`; a `Z` may
/// follow.
pub(crate) fn written(text: &str) -> Option<Moment> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    match text.split_once('T') {
        Some((date, time)) => Some(Moment::DateTime(written_date(date)?, written_time(time)?)),
        None if text.contains(':') => Some(Moment::Time(written_time(text)?)),
        None => Some(Moment::Date(written_date(text)?)),
    }
}

fn written_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let date = Date { year, month: month as u8, day: day as u8 };
    (parts.next().is_none() && date.is_real()).then_some(date)
}

fn written_time(text: &str) -> Option<Time> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    let is_fraction = (1..=18).contains(&fraction.len()) && fraction.bytes().all(|one| one.is_ascii_digit());
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    let is_time = hour < 24 && minute < 60 && second < 60 && is_fraction && parts.next().is_none();
    is_time.then_some(Time {
        hour: hour as u8,
        minute: minute as u8,
        second: second as u8,
        millisecond: thousandths.parse().ok()?,
    })
}

fn digits(text: &str, count: usize) -> Option<u16> {
    (text.len() == count && text.bytes().all(|one| one.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64, shown: Shown, is_1904: bool) -> String {
        match moment(number, shown, is_1904) {
            None => "none".to_owned(),
            Some(Moment::Date(date)) => date.to_string(),
            Some(Moment::DateTime(date, time)) => format!("{date} {time}"),
            Some(Moment::Time(time)) => time.to_string(),
            Some(Moment::Duration(milliseconds)) => format!("{milliseconds} ms"),
        }
    }

    #[test]
    fn numbers_are_the_days_that_excel_shows() {
        let cases = [
            (0.0, "1900-01-00"),
            (1.0, "1900-01-01"),
            (59.0, "1900-02-28"),
            (60.0, "1900-02-29"),
            (61.0, "1900-03-01"),
            (366.0, "1900-12-31"),
            (36_525.0, "1999-12-31"),
            (36_585.0, "2000-02-29"),
            (45_351.0, "2024-02-29"),
            (46_354.0, "2026-11-28"),
            (2_958_465.0, "9999-12-31"),
            (2_958_466.0, "none"),
            (-1.0, "none"),
            (f64::NAN, "none"),
            (46_354.5, "2026-11-28 12:00:00"),
            (0.25, "06:00:00"),
        ];
        for (number, wanted) in cases {
            assert_eq!(shown(number, Shown::Date, false), wanted, "{number}");
        }
        assert_eq!(shown(0.0, Shown::Date, true), "1904-01-01");
        assert_eq!(shown(44_892.0, Shown::Date, true), "2026-11-28");
        assert_eq!(shown(2_957_003.0, Shown::Date, true), "9999-12-31");
        assert_eq!(shown(2_957_004.0, Shown::Date, true), "none");
    }

    #[test]
    fn times_are_rounded_to_the_millisecond() {
        assert_eq!(shown(46_354.395_833_333_336, Shown::DateTime, false), "2026-11-28 09:30:00");
        assert_eq!(shown(46_354.999_999_999_9, Shown::DateTime, false), "2026-11-29 00:00:00");
        assert_eq!(shown(0.000_011_580_1, Shown::Time, false), "00:00:01.001");
        assert_eq!(shown(1.25, Shown::Duration, false), "108000000 ms");
        assert_eq!(shown(46_354.25, Shown::Time, false), "2026-11-28 06:00:00");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Date::of(61).expect("a day");
        for number in 62..=LAST_DAY {
            let date = Date::of(number).expect("a day");
            let is_next = (date.year, date.month, date.day) == (before.year, before.month, before.day + 1)
                || (date.day == 1 && date.month == before.month % 12 + 1);
            assert!(date.is_real() && is_next && date > before, "{date} after {before}");
            before = date;
        }
    }

    #[test]
    fn written_dates_are_read() {
        let date = Date { year: 2026, month: 11, day: 28 };
        let time = Time { hour: 9, minute: 30, second: 5, millisecond: 250 };
        assert_eq!(written("2026-11-28"), Some(Moment::Date(date)));
        assert_eq!(written("2026-11-28T09:30:05.25Z"), Some(Moment::DateTime(date, time)));
        assert_eq!(written("09:30:05.2500"), Some(Moment::Time(time)));
        for text in
            ["", "T", "2026-02-29", "2026-11-28T", "2026-11-28T24:00:00", "26-11-28", "2026-11-28 09:30:00"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
