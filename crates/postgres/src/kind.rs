//! The types of columns, and how a value is kept in each.
//!
//! A record holds texts. A column keeps a text as a value of its type, which PostgreSQL prints in one way. [`Kind::encode`]
//! answers what PostgreSQL prints for a text, so whether the text comes back as it was is known without asking.

use std::borrow::Cow;

use tidewaiter::schema::FieldType;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text without NUL.
    Text,
    /// A whole number, however large.
    Integer,
    /// A decimal number, exactly.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// A moment. One without an offset is kept as if it were in UTC.
    Moment,
    /// A time of day.
    Time,
    /// A year.
    Year,
}

impl Kind {
    /// The type that keeps the values of a field.
    pub(crate) fn of(kind: FieldType) -> Self {
        match kind {
            FieldType::String | FieldType::Yearmonth => Self::Text,
            FieldType::Integer => Self::Integer,
            FieldType::Number => Self::Number,
            FieldType::Boolean => Self::Boolean,
            FieldType::Date => Self::Date,
            FieldType::Datetime => Self::Moment,
            FieldType::Time => Self::Time,
            FieldType::Year => Self::Year,
        }
    }

    /// What PostgreSQL calls it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer | Self::Number => "numeric",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Moment => "timestamp with time zone",
            Self::Time => "time without time zone",
            Self::Year => "integer",
        }
    }

    /// What PostgreSQL prints when it keeps this text as a value of the type; None if it is none.
    pub(crate) fn encode(self, text: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Text => (!text.contains('\0')).then_some(text.into()),
            Self::Integer => number(text).filter(|number| !number.contains('.')),
            Self::Number => number(text),
            Self::Boolean => matches!(text, "true" | "false").then_some(text.into()),
            Self::Date => is_date(text).then_some(text.into()),
            Self::Moment => moment(text).map(Cow::Owned),
            Self::Time => clock(text),
            Self::Year => number(text).filter(|year| year.len() <= 4 && !year.contains(['-', '.'])),
        }
    }

    /// The text of a value as PostgreSQL prints it.
    pub(crate) fn decode(self, printed: &str) -> Cow<'_, str> {
        match self {
            Self::Moment => match printed.strip_suffix("+00").and_then(|moment| moment.split_once(' ')) {
                Some((day, time)) => [day, "T", time, "Z"].concat().into(),
                None => printed.into(),
            },
            _ => printed.into(),
        }
    }

    /// True if a text comes back as it is.
    pub(crate) fn is_exact(self, text: &str) -> bool {
        self.encode(text).is_some_and(|printed| self.decode(&printed) == text)
    }
}

/// The most digits of a number: those of a sum, and some more.
const MOST_DIGITS: usize = 1_000;

fn number(text: &str) -> Option<Cow<'_, str>> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_none_or(str::is_empty)
        || !all_digits(whole)
        || !fraction.is_none_or(all_digits)
        || digits.len() > MOST_DIGITS
    {
        return None;
    }
    let short = whole.trim_start_matches('0');
    let short = if short.is_empty() { "0" } else { short };
    let fraction = fraction.filter(|fraction| !fraction.is_empty());
    let is_zero = short == "0" && fraction.is_none_or(|fraction| fraction.bytes().all(|byte| byte == b'0'));
    let sign = if is_zero { "" } else { sign };
    let printed_bytes = sign.len() + short.len() + fraction.map_or(0, |fraction| fraction.len() + 1);
    if printed_bytes == text.len() && short.len() == whole.len() {
        return Some(text.into());
    }
    Some(match fraction {
        Some(fraction) => format!("{sign}{short}.{fraction}").into(),
        None => format!("{sign}{short}").into(),
    })
}

/// Two digits as a number.
fn two(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 2)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// True for a day that exists, written as `2026-01-31`, in the years 0001 to 9999.
fn is_date(text: &str) -> bool {
    let read = || {
        let (year, month, day) = (two(text, 0)? * 100 + two(text, 2)?, two(text, 5)?, two(text, 8)?);
        let bytes = text.as_bytes();
        let is_written = text.len() == 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
        let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        Some(is_written && year > 0 && (1..=days).contains(&day))
    };
    read().unwrap_or(false)
}

/// A time as PostgreSQL prints it: with at most six digits of a second, without zeros behind them.
fn clock(text: &str) -> Option<Cow<'_, str>> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let (hour, minute, second) = (two(whole, 0)?, two(whole, 3)?, two(whole, 6)?);
    let bytes = whole.as_bytes();
    let is_written = whole.len() == 8 && bytes.get(2) == Some(&b':') && bytes.get(5) == Some(&b':');
    if !is_written || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let Some(fraction) = fraction else { return Some(text.into()) };
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.get(..6.min(fraction.len()))?.trim_end_matches('0');
    Some(match kept.len() {
        0 => whole.into(),
        same if same == fraction.len() => text.into(),
        _ => format!("{whole}.{kept}").into(),
    })
}

/// A moment as PostgreSQL prints it in UTC. Other offsets are no form in which moments are kept.
fn moment(text: &str) -> Option<String> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (day, time) = text.split_at_checked(10)?;
    let time = clock(time.strip_prefix(['T', ' '])?)?;
    is_date(day).then(|| [day, " ", &time, "+00"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_in_its_form_comes_back_as_it_was() {
        let exact = [
            (Kind::Text, "any \u{1f} text"),
            (Kind::Number, "-12.50"),
            (Kind::Integer, "0"),
            (Kind::Number, "99999999999999999999999999999999999999"),
            (Kind::Boolean, "true"),
            (Kind::Date, "2024-02-29"),
            (Kind::Moment, "2026-01-31T13:45:00Z"),
            (Kind::Moment, "2026-01-31T13:45:00.25Z"),
            (Kind::Time, "13:45:00.000001"),
            (Kind::Year, "2026"),
        ];
        for (kind, text) in exact {
            assert!(kind.is_exact(text), "{kind:?} {text}");
        }
    }

    #[test]
    fn what_has_another_form_is_known_to_change() {
        let changed = [
            (Kind::Number, "007", "7"),
            (Kind::Number, "-0.0", "0.0"),
            (Kind::Number, "00", "0"),
            (Kind::Number, ".5", "0.5"),
            (Kind::Number, "5.", "5"),
            (Kind::Moment, "2026-01-31T13:45:00", "2026-01-31 13:45:00+00"),
            (Kind::Moment, "2026-01-31 13:45:00Z", "2026-01-31 13:45:00+00"),
            (Kind::Moment, "2026-01-31T13:45:00.123456789Z", "2026-01-31 13:45:00.123456+00"),
            (Kind::Time, "13:45:00.500", "13:45:00.5"),
            (Kind::Year, "0026", "26"),
        ];
        for (kind, text, printed) in changed {
            assert_eq!(kind.encode(text).as_deref(), Some(printed), "{kind:?} {text}");
            assert!(!kind.is_exact(text), "{kind:?} {text}");
        }
    }

    #[test]
    fn what_is_no_value_is_none() {
        let none = [
            (Kind::Text, "\0"),
            (Kind::Number, "1e5"),
            (Kind::Integer, "1.0"),
            (Kind::Number, "-"),
            (Kind::Number, "."),
            (Kind::Number, "\u{664}"),
            (Kind::Boolean, "TRUE"),
            (Kind::Date, "2026-02-29"),
            (Kind::Date, "0000-01-01"),
            (Kind::Date, "2026-1-1"),
            (Kind::Moment, "2026-01-31T24:00:00Z"),
            (Kind::Moment, "2026-01-31T13:45:60Z"),
            (Kind::Moment, "2026-01-31T01:00:00+01:00"),
            (Kind::Time, "1:00:00"),
            (Kind::Year, "-5"),
        ];
        for (kind, text) in none {
            assert_eq!(kind.encode(text), None, "{kind:?} {text}");
        }
    }
}
