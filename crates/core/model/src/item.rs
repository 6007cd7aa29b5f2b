//! The value at which a read of a database goes on, and how values of its kind are ordered.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The value of a column at which a read begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastItem {
    /// The value, as a row had it.
    pub text: String,
    /// How values of its column are written; it says as what the value is compared.
    pub form: Form,
}

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `true` or `false`.
    Boolean,
    /// A whole number: `-12`.
    Integer,
    /// A decimal number with all of its digits and without an exponent: `-12.50`.
    Number,
    /// `2026-01-31`.
    Date,
    /// `13:45:00.5`.
    Time,
    /// A date and a time without a zone: `2026-01-31T13:45:00.5`.
    Datetime,
    /// A moment, in UTC: `2026-01-31T13:45:00.5Z`.
    Moment,
    /// Any text.
    Text,
}

/// How far before the last item a read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// So many whole numbers.
    Numbers(u64),
    /// So many seconds; of dates, as many days as they begin.
    Seconds(u32),
}

/// A value that has no place in the order of its column: `NaN`, `infinity`, a date before Christ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unordered;

impl Form {
    /// The order of two values; None for texts, whose order is that of their server.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use tidewaiter_model::item::Form;
    ///
    /// assert_eq!(Form::Number.compare("9.50", "10"), Ok(Some(Ordering::Less)));
    /// assert_eq!(Form::Moment.compare("2026-01-31T00:00:00Z", "2026-01-31T00:00:00.5Z"), Ok(Some(Ordering::Less)));
    /// assert_eq!(Form::Text.compare("a", "b"), Ok(None));
    /// ```
    ///
    /// # Errors
    /// One of them has no place in the order.
    pub fn compare(self, one: &str, other: &str) -> Result<Option<Ordering>, Unordered> {
        match self {
            Self::Text => Ok(None),
            Self::Integer | Self::Number => Ok(Some(number(one)?.cmp(&number(other)?))),
            Self::Boolean => Ok(Some(boolean(one)?.cmp(&boolean(other)?))),
            Self::Date | Self::Time | Self::Datetime | Self::Moment => {
                Ok(Some(self.clock(one)?.cmp(&self.clock(other)?)))
            }
        }
    }

    /// The form of a text that is written as a date, as a date and a time, or as a moment. None of any other text.
    pub fn of_date(text: &str) -> Option<Self> {
        let forms = [Self::Date, Self::Datetime, Self::Moment];
        let is_it = |form: &Self| (*form == Self::Moment) == text.ends_with('Z') && form.clock(text).is_ok();
        forms.into_iter().find(is_it)
    }

    /// A date or time as its parts, which sort as texts: what is before the letter or the blank between them, and the rest.
    fn clock(self, text: &str) -> Result<(&str, &str), Unordered> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let shape = match self {
            Self::Date => "0000-00-00",
            Self::Time => "00:00:00",
            _ => "0000-00-00T00:00:00",
        };
        let fits = |(c, shape): (char, char)| {
            if shape == '0' { c.is_ascii_digit() } else { c == shape || (c, shape) == (' ', 'T') }
        };
        let (head, part) = text.split_at_checked(shape.len()).ok_or(Unordered)?;
        let is_part = part.is_empty()
            || part.strip_prefix('.').is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if !(head.chars().zip(shape.chars()).all(fits) && is_part) {
            return Err(Unordered);
        }
        Ok(text.split_once(['T', ' ']).unwrap_or((text, "")))
    }
}

impl LastItem {
    /// True for a date and a time with a blank between them, as SQLite keeps them.
    pub fn has_blank(&self) -> bool {
        self.form == Form::Datetime && self.text.contains(' ')
    }

    /// The value as a column of this form writes it. None if it is none of such a column.
    ///
    /// A whole number is one with decimals, too, and a date is a datetime at midnight: what a configuration or a person
    /// writes has the form that its text shows.
    pub fn written_as(&self, form: Form) -> Option<String> {
        match (self.form, form) {
            (own, form) if own == form => Some(self.text.clone()),
            (Form::Integer, Form::Number) => Some(self.text.clone()),
            (Form::Date, Form::Datetime) => Some(format!("{}T00:00:00", self.text)),
            _ => None,
        }
    }
}

impl Lag {
    /// True if there is such a distance between values of this form.
    pub fn fits(self, form: Form) -> bool {
        match self {
            Self::Numbers(_) => form == Form::Integer,
            Self::Seconds(_) => matches!(form, Form::Date | Form::Datetime | Form::Moment),
        }
    }

    /// The item so far before this one. None if there is no such thing: texts have no distance, and numbers are not
    /// counted in seconds.
    #[must_use]
    pub fn before(self, last: &LastItem) -> Option<LastItem> {
        let text = match (self, last.form) {
            (Self::Numbers(most), Form::Integer) => {
                last.text.parse::<i128>().ok()?.checked_sub(i128::from(most))?.to_string()
            }
            (Self::Seconds(seconds), Form::Date) => {
                let days = i64::from(seconds.div_ceil(86_400));
                last.text.parse::<Date>().ok()?.checked_sub(days.days()).ok()?.to_string()
            }
            (Self::Seconds(seconds), Form::Datetime) => {
                let lag = SignedDuration::from_secs(i64::from(seconds));
                let before = last.text.parse::<DateTime>().ok()?.checked_sub(lag).ok()?.to_string();
                // SQLite compares texts: what has a blank stays so.
                if last.has_blank() { before.replacen('T', " ", 1) } else { before }
            }
            (Self::Seconds(seconds), Form::Moment) => {
                let lag = SignedDuration::from_secs(i64::from(seconds));
                last.text.parse::<Timestamp>().ok()?.checked_sub(lag).ok()?.to_string()
            }
            _ => return None,
        };
        Some(LastItem { text, form: last.form })
    }
}

/// A decimal number as its parts, which sort as the number does.
#[derive(Debug, PartialEq, Eq)]
struct Decimal<'a> {
    is_negative: bool,
    whole: &'a str,
    part: &'a str,
}

fn boolean(text: &str) -> Result<bool, Unordered> {
    text.parse().map_err(|_| Unordered)
}

fn number(text: &str) -> Result<Decimal<'_>, Unordered> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(Unordered);
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let is_zero = whole.is_empty() && part.is_empty();
    Ok(Decimal { is_negative: is_negative && !is_zero, whole, part })
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size =
            (self.whole.len(), self.whole, self.part).cmp(&(other.whole.len(), other.whole, other.part));
        match (self.is_negative, other.is_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => size,
            (true, true) => size.reverse(),
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_order_of_what_they_are() {
        use Ordering::{Equal, Greater, Less};
        for (form, one, other, order) in [
            (Form::Integer, "9", "10", Less),
            (Form::Integer, "-9", "-10", Greater),
            (Form::Integer, "-1", "0", Less),
            (Form::Integer, "18446744073709551616", "18446744073709551615", Greater),
            (Form::Number, "1.50", "1.5", Equal),
            (Form::Number, "0.09", "0.1", Less),
            (Form::Number, "-0.0", "0", Equal),
            (Form::Number, "-0.5", "-0.25", Less),
            (Form::Boolean, "false", "true", Less),
            (Form::Date, "2026-01-31", "2026-02-01", Less),
            (Form::Time, "13:45:00", "13:45:00.5", Less),
            (Form::Datetime, "2026-01-31T13:45:00.5", "2026-01-31T13:45:01", Less),
            // SQLite writes a blank.
            (Form::Datetime, "2026-01-31 13:45:00", "2026-01-31 13:45:01", Less),
            (Form::Datetime, "2026-01-31 13:45:00", "2026-01-31T00:00:00", Greater),
            (Form::Moment, "2026-01-31T13:45:00.5Z", "2026-01-31T13:45:00Z", Greater),
            (Form::Moment, "2026-01-31T13:45:00.25Z", "2026-01-31T13:45:00.5Z", Less),
        ] {
            assert_eq!(form.compare(one, other), Ok(Some(order)), "{form:?} {one} {other}");
        }
        for (form, text) in [
            (Form::Number, "NaN"),
            (Form::Number, "-"),
            (Form::Number, "Infinity"),
            (Form::Date, "infinity"),
            (Form::Date, "0044-03-15 BC"),
            (Form::Moment, "-infinity"),
            (Form::Time, "-838:59:58.5"),
            (Form::Integer, ""),
            // SQLite keeps any number in a column of booleans.
            (Form::Boolean, "2"),
        ] {
            assert_eq!(form.compare(text, text), Err(Unordered), "{form:?} {text}");
        }
    }

    #[test]
    fn a_value_is_one_of_a_column_if_nothing_has_to_be_guessed() {
        let written = |text: &str, form, column| LastItem { text: text.to_owned(), form }.written_as(column);
        assert_eq!(written("5", Form::Integer, Form::Number).as_deref(), Some("5"));
        assert_eq!(written("2026-01-31", Form::Date, Form::Datetime).as_deref(), Some("2026-01-31T00:00:00"));
        assert_eq!(written("5", Form::Integer, Form::Text), None, "texts have another order");
        assert_eq!(written("2026-01-31", Form::Date, Form::Moment), None, "midnight of which zone?");
        assert_eq!(written("5.5", Form::Number, Form::Integer), None);
    }

    #[test]
    fn a_read_begins_before_the_last_item() {
        let before = |lag: Lag, text: &str, form| {
            lag.before(&LastItem { text: text.to_owned(), form }).map(|item| item.text)
        };
        assert_eq!(before(Lag::Numbers(100), "42", Form::Integer).as_deref(), Some("-58"));
        assert_eq!(before(Lag::Seconds(3_600), "2026-03-01", Form::Date).as_deref(), Some("2026-02-28"));
        assert_eq!(
            before(Lag::Seconds(1), "2026-01-01T00:00:00.25", Form::Datetime).as_deref(),
            Some("2025-12-31T23:59:59.25")
        );
        // SQLite compares it as a text.
        assert_eq!(
            before(Lag::Seconds(600), "2026-01-31 13:45:00", Form::Datetime).as_deref(),
            Some("2026-01-31 13:35:00")
        );
        assert_eq!(
            before(Lag::Seconds(60), "2026-01-31T13:45:00.5Z", Form::Moment).as_deref(),
            Some("2026-01-31T13:44:00.5Z")
        );
        assert_eq!(before(Lag::Seconds(60), "5", Form::Integer), None);
        assert_eq!(before(Lag::Numbers(5), "a", Form::Text), None);
        assert_eq!(before(Lag::Seconds(5), "infinity", Form::Moment), None);
    }
}
