//! The types of cells, each with its reader.

use jiff::civil::Time;
use tidewaiter_model::mistake::Mistake;

use super::calendar::{self, Moment, Point};
use super::decimal::{self, Decimal};
use super::{email, text};
use crate::{FieldSchema, FieldType, Merge};

/// The type of a column, ready to read cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CellType {
    Text,
    Email,
    Uri,
    Uuid,
    Phone,
    Lists,
    Integer,
    Number,
    Boolean { yes: Vec<Box<str>>, no: Vec<Box<str>> },
    Date,
    DateAs(Box<str>),
    Datetime,
    DatetimeAs(Box<str>),
    Time,
    TimeAs(Box<str>),
    Year,
    Yearmonth,
}

/// What a cell of the right type is worth, for comparing with bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure<'a> {
    /// The type has no order.
    None,
    /// A number.
    Decimal(Decimal<'a>),
    /// A date or time.
    Point(Point),
}

/// Reads a text in the form of a pattern.
type Reader = fn(&str, &str) -> Option<Point>;

/// The texts that mean true, unless a field says otherwise.
const YES: [&str; 4] = ["true", "True", "TRUE", "1"];
/// The texts that mean false, unless a field says otherwise.
const NO: [&str; 4] = ["false", "False", "FALSE", "0"];

impl CellType {
    /// The type of a field; what is wrong with its format or truth values is added to `mistakes`.
    pub(crate) fn compile(field: &FieldSchema, path: &str, mistakes: &mut Vec<Mistake>) -> Self {
        let truth = !field.true_values.is_empty() || !field.false_values.is_empty();
        if truth && field.kind != FieldType::Boolean {
            mistakes.push(Mistake::new(path, "trueValues and falseValues are for booleans only"));
        }
        if field.merge == Merge::Lists && field.kind == FieldType::String {
            if field.format.is_some() {
                mistakes.push(Mistake::new(format!("{path}.format"), "columns of lists have no format"));
            }
            return Self::Lists;
        }
        let format = field.format.as_deref().filter(|&format| format != "default");
        let Some(format) = format else { return Self::plain(field, path, mistakes) };
        let place = format!("{path}.format");
        let (kind, reads): (Self, Reader) = match field.kind {
            FieldType::String => return Self::text(format, &place, mistakes),
            FieldType::Date => (Self::DateAs(format.into()), calendar::date_as),
            FieldType::Datetime => (Self::DatetimeAs(format.into()), calendar::datetime_as),
            FieldType::Time => (Self::TimeAs(format.into()), calendar::time_as),
            _ => {
                mistakes.push(Mistake::new(place, format!("{} has no formats", name_of(field.kind))));
                return Self::plain(field, path, mistakes);
            }
        };
        // A pattern is good if a value written with it can be read back with it.
        let example = calendar::written_as(format).filter(|example| reads(format, example).is_some());
        if example.is_none() || !format.contains('%') {
            let message =
                format!("`{format}` is not a pattern from which a {} can be read", name_of(field.kind));
            mistakes.push(
                Mistake::new(place, message).with_hint("write it like `%d/%m/%Y`, or `%H:%M` for a time"),
            );
        }
        kind
    }

    fn plain(field: &FieldSchema, path: &str, mistakes: &mut Vec<Mistake>) -> Self {
        match field.kind {
            FieldType::String => Self::Text,
            FieldType::Integer => Self::Integer,
            FieldType::Number => Self::Number,
            FieldType::Boolean => {
                let yes = texts(&field.true_values, &YES);
                let no = texts(&field.false_values, &NO);
                if let Some(both) = yes.iter().find(|text| no.contains(text)) {
                    mistakes.push(Mistake::new(path, format!("`{both}` means both true and false")));
                }
                Self::Boolean { yes, no }
            }
            FieldType::Date => Self::Date,
            FieldType::Datetime => Self::Datetime,
            FieldType::Time => Self::Time,
            FieldType::Year => Self::Year,
            FieldType::Yearmonth => Self::Yearmonth,
        }
    }

    fn text(format: &str, place: &str, mistakes: &mut Vec<Mistake>) -> Self {
        match format {
            "email" => Self::Email,
            "uri" => Self::Uri,
            "uuid" => Self::Uuid,
            "phone" => Self::Phone,
            _ => {
                let mistake = Mistake::new(place, format!("`{format}` is not a format of strings"));
                mistakes
                    .push(mistake.with_hint("email, uri, uuid or phone; for anything else use a pattern"));
                Self::Text
            }
        }
    }

    /// Reads a cell; None if it is not of this type.
    #[inline]
    pub(crate) fn measure<'a>(&self, value: &'a str) -> Option<Measure<'a>> {
        let bytes = value.as_bytes();
        let fits = match self {
            Self::Text => true,
            Self::Email => email::is_email(value),
            Self::Uri => text::is_uri(value),
            Self::Uuid => text::is_uuid(value),
            Self::Phone => text::is_phone(value),
            Self::Lists => tidewaiter_model::lists::are_lists(value),
            Self::Boolean { yes, no } => yes.iter().chain(no).any(|text| **text == *value),
            Self::Integer => return decimal::integer(bytes).map(Measure::Decimal),
            Self::Number => return decimal::number(bytes).map(Measure::Decimal),
            Self::Date => return calendar::date(bytes).map(Measure::Point),
            Self::Datetime => return calendar::datetime(bytes).map(Measure::Point),
            Self::Time => return calendar::time(bytes).map(Measure::Point),
            Self::Year => return calendar::year(bytes).map(Measure::Point),
            Self::Yearmonth => return calendar::yearmonth(bytes).map(Measure::Point),
            Self::DateAs(pattern) => return calendar::date_as(pattern, value).map(Measure::Point),
            Self::DatetimeAs(pattern) => return calendar::datetime_as(pattern, value).map(Measure::Point),
            Self::TimeAs(pattern) => return calendar::time_as(pattern, value).map(Measure::Point),
        };
        fits.then_some(Measure::None)
    }

    /// How a moment is written in a column of this type; None if it is none of its values, or if the pattern of the
    /// column does not write all of it.
    pub(crate) fn write(&self, moment: Moment) -> Option<String> {
        let day = match moment {
            // Midnight is how some tools write a day alone.
            Moment::At(at, _) if at.time() == Time::midnight() => Some(Moment::Day(at.date())),
            Moment::Day(_) => Some(moment),
            Moment::At(..) | Moment::Time(_) => None,
        };
        let at = Some(moment).filter(|moment| matches!(moment, Moment::At(..)));
        let time = Some(moment).filter(|moment| matches!(moment, Moment::Time(_)));
        let (moment, pattern, plain) = match self {
            Self::Date => (day?, None, Self::Date),
            Self::DateAs(pattern) => (day?, Some(pattern), Self::Date),
            Self::Datetime => (at?, None, Self::Datetime),
            Self::DatetimeAs(pattern) => (at?, Some(pattern), Self::Datetime),
            Self::Time => (time?, None, Self::Time),
            Self::TimeAs(pattern) => (time?, Some(pattern), Self::Time),
            _ => return None,
        };
        let iso = moment.iso();
        let Some(pattern) = pattern else { return Some(iso) };
        // A pattern without seconds would drop them.
        let point = |kind: &Self, text: &str| match kind.measure(text) {
            Some(Measure::Point(point)) => Some(point),
            _ => None,
        };
        moment.written_as(pattern).filter(|text| point(self, text) == point(&plain, &iso))
    }

    /// Reads a value as it is kept: patterns are for files only.
    pub(crate) fn measure_kept<'a>(&self, value: &'a str) -> Option<Measure<'a>> {
        match self {
            Self::DateAs(_) => Self::Date.measure(value),
            Self::DatetimeAs(_) => Self::Datetime.measure(value),
            Self::TimeAs(_) => Self::Time.measure(value),
            kind => kind.measure(value),
        }
    }

    /// What is wrong with a value that looks as if it were of this type.
    pub(crate) fn fault(&self, value: &str) -> Option<String> {
        if *self == Self::Email { email::fault(value) } else { None }
    }

    /// True if values of this type are texts, which have a length.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Email | Self::Uri | Self::Uuid | Self::Phone | Self::Lists)
    }

    /// True if values of this type can be compared with a bound.
    pub(crate) fn has_order(&self) -> bool {
        !self.is_text() && !matches!(self, Self::Boolean { .. })
    }

    /// What a cell of this type is, for messages: `a date such as 2026-01-31`.
    pub(crate) fn described(&self) -> String {
        let fixed = match self {
            Self::Text => "a text",
            Self::Email => "an e-mail address",
            Self::Uri => "an address such as https://example.com",
            Self::Uuid => "a UUID",
            Self::Phone => "a phone number of 6 to 15 digits",
            Self::Lists => "a number of a list such as 5, or -5 to leave it; several with spaces between",
            Self::Integer => "a whole number such as -12",
            Self::Number => "a number such as -12.50",
            Self::Boolean { yes, no } => {
                let list = |texts: &[Box<str>]| texts.join("`, `");
                return format!("true (`{}`) or false (`{}`)", list(yes), list(no));
            }
            Self::Date => "a date such as 2026-01-31",
            Self::Datetime => "a date and time such as 2026-01-31T13:45:00Z",
            Self::Time => "a time such as 13:45:00",
            Self::Year => "a year such as 2026",
            Self::Yearmonth => "a month such as 2026-01",
            Self::DateAs(pattern) => return as_pattern("a date", pattern),
            Self::DatetimeAs(pattern) => return as_pattern("a date and time", pattern),
            Self::TimeAs(pattern) => return as_pattern("a time", pattern),
        };
        fixed.to_owned()
    }
}

fn as_pattern(what: &str, pattern: &str) -> String {
    match calendar::written_as(pattern) {
        Some(example) => format!("{what} such as {example}"),
        None => format!("{what} written as {pattern}"),
    }
}

fn texts(own: &[String], usual: &[&str]) -> Vec<Box<str>> {
    if own.is_empty() {
        usual.iter().map(|&text| text.into()).collect()
    } else {
        own.iter().map(|text| text.as_str().into()).collect()
    }
}

/// The name of a type, as it is written in a schema.
pub(crate) fn name_of(kind: FieldType) -> &'static str {
    match kind {
        FieldType::String => "string",
        FieldType::Integer => "integer",
        FieldType::Number => "number",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Datetime => "datetime",
        FieldType::Time => "time",
        FieldType::Year => "year",
        FieldType::Yearmonth => "yearmonth",
    }
}
