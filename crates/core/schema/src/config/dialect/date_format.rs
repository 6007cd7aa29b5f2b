//! The forms in which dates and times are written.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::super::fields::{Fields, wrong_format};
use super::layout::{Layout, Look};
use crate::bounds::{FORMAT_BYTES, WORDS};
use crate::compile::Moment;

/// The form of a date or time: `dd/mm/yyyy`, `epoch`, or a pattern of strptime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DateFormat {
    written: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// A pattern of strptime; and its layout, if its numbers have fixed widths.
    Pattern(String, Option<Layout>),
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
}

/// The letters of a form, longer ones first, and what they are in a pattern of strptime. `mm` is the month, and behind
/// an hour the minute.
const LETTERS: [(&str, &str); 10] = [
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("mmm", "%b"),
    ("mm", "%m"),
    ("dd", "%d"),
    ("hh", "%H"),
    ("ss", "%S"),
    ("d", "%d"),
    ("m", "%m"),
    ("h", "%H"),
];

impl DateFormat {
    /// The form as the document writes it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What a text says in this form; None if it is not of this form. Years below 1000 are not taken: with `yyyy` they
    /// are years of two digits.
    pub fn read(&self, text: &str) -> Option<Moment> {
        match &self.form {
            Form::Pattern(pattern, layout) => match layout.as_ref().map(|layout| layout.read(text)) {
                Some(Look::Read(moment)) => Some(moment),
                Some(Look::Unlike) => None,
                Some(Look::Unclear) | None => by_pattern(pattern, text),
            },
            Form::Epoch => epoch(text).and_then(|n| Timestamp::from_second(n).ok()).map(at),
            Form::EpochMillis => epoch(text).and_then(|n| Timestamp::from_millisecond(n).ok()).map(at),
        }
    }

    /// A day, with a time if it has one, in this form. None if the form would not give the same back.
    pub fn write(&self, date: Date, time: Option<Time>) -> Option<String> {
        let moment = date.to_datetime(time.unwrap_or_default()).to_zoned(TimeZone::UTC).ok()?;
        let text = self.example(&moment)?;
        let is_same = match (self.read(&text)?, time) {
            (Moment::Day(read), None) => read == date,
            (Moment::At(read, _), Some(time)) => read == date.to_datetime(time),
            _ => false,
        };
        is_same.then_some(text)
    }

    /// How a day and a time look in this form; None for seconds since 1970.
    fn example(&self, moment: &Zoned) -> Option<String> {
        match &self.form {
            Form::Pattern(pattern, _) => strtime::format(pattern, moment).ok(),
            Form::Epoch | Form::EpochMillis => None,
        }
    }
}

/// Reads a text by a pattern of strptime.
pub(super) fn by_pattern(pattern: &str, text: &str) -> Option<Moment> {
    let read = strtime::parse(pattern, text).ok()?;
    let (date, time) = (read.to_date().ok(), read.to_time().ok());
    // Where a pattern has no hour, midnight is given, which no text said.
    let has_time = ["%H", "%I", "%T", "%R", "%s"].iter().any(|directive| pattern.contains(directive));
    match (date.filter(|date| date.year() >= 1000), time.filter(|_| has_time), date) {
        (Some(date), Some(time), _) => Some(Moment::At(date.to_datetime(time), read.offset())),
        (Some(date), None, _) => Some(Moment::Day(date)),
        (None, Some(time), None) => Some(Moment::Time(time)),
        _ => None,
    }
}

/// A whole number of digits.
fn epoch(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn at(moment: Timestamp) -> Moment {
    Moment::At(TimeZone::UTC.to_datetime(moment), Some(Offset::UTC))
}

fn sample(month: i8, day: i8) -> Option<Zoned> {
    jiff::civil::date(2026, month, day).at(9, 8, 7, 0).to_zoned(TimeZone::UTC).ok()
}

impl TryFrom<String> for DateFormat {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let form = match written.as_str() {
            "epoch" => Form::Epoch,
            "epoch_ms" => Form::EpochMillis,
            text if text.contains('%') => Form::Pattern(text.to_owned(), Layout::of(text)),
            text => {
                let pattern = pattern_of(text);
                let layout = Layout::of(&pattern);
                Form::Pattern(pattern, layout)
            }
        };
        let format = Self { written, form };
        // A form is good if a moment that is written in it can be read back.
        let is_good = matches!(format.form, Form::Epoch | Form::EpochMillis)
            || sample(12, 31)
                .and_then(|moment| format.example(&moment))
                .is_some_and(|text| text != format.written && format.read(&text).is_some());
        if is_good && format.written.len() <= FORMAT_BYTES.most {
            Ok(format)
        } else {
            Err(format!("{:?} is not a form of dates", format.written))
        }
    }
}

/// The pattern of strptime that a form in letters means.
fn pattern_of(form: &str) -> String {
    let lower = form.to_ascii_lowercase();
    let (mut rest, mut pattern, mut hour) = (lower.as_str(), String::new(), false);
    while let Some(c) = rest.chars().next() {
        let found = LETTERS.iter().find(|(letters, _)| rest.starts_with(letters));
        let Some((letters, directive)) = found else {
            // The `T` between date and time, and separators.
            pattern.push(c.to_ascii_uppercase());
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        pattern.push_str(if *directive == "%m" && hour { "%M" } else { directive });
        hour |= *directive == "%H";
        rest = rest.get(letters.len()..).unwrap_or_default();
    }
    pattern
}

impl From<DateFormat> for String {
    fn from(format: DateFormat) -> Self {
        format.written
    }
}

impl JsonSchema for DateFormat {
    fn schema_name() -> Cow<'static, str> {
        "DateFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": FORMAT_BYTES.most })
    }
}

/// Reads the forms of an import.
pub(super) fn read(fields: &mut Fields<'_>) -> Vec<DateFormat> {
    const EXPECTED: &str =
        r#"a form such as "dd/mm/yyyy", "yyyymmdd", "dd.mm.yyyy hh:mm:ss", "epoch" or "%d %b %Y""#;
    let read = fields.read_list("date_formats", "a list of forms", &WORDS, |path, value, mistakes| {
        let read = value.as_str().and_then(|text| DateFormat::try_from(text.to_owned()).ok());
        if read.is_none() {
            mistakes.push(wrong_format(path, "date_formats", EXPECTED, &value));
        }
        read
    });
    read.unwrap_or_default()
}

/// Forms of which two read one text as different days.
pub(super) fn contradictions(formats: &[DateFormat]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(moment) = sample(2, 1) else { return found };
    for (n, format) in formats.iter().enumerate() {
        let Some(text) = format.example(&moment) else { continue };
        let own = format.read(&text);
        let other =
            formats.iter().take(n).find(|other| other.read(&text).is_some_and(|read| Some(read) != own));
        if let Some(other) = other {
            let why = format!("`{text}` is another day in the form `{}`", other.as_str());
            found.push((format!("date_formats[{n}]"), why));
        }
    }
    found
}
