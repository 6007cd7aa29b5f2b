//! Reads the days and times of a schedule: one of them, or a list.

use jiff::civil::{Date, Time};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::did_you_mean;

use super::days::{Days, MonthDay, WeekDay};
use super::read::EVERY;
use super::times::Times;
use super::words::ORDINALS;
use crate::bounds::{Bound, DAYS, DAYS_OF_MONTH, SCHEDULED_DATES, TIMES};
use crate::config::fields::{Fields, wrong_format};

const TIME: &str = "a time such as \"06:00\"";
pub(super) const DATE: &str = "a date such as \"2026-12-24\"";
const WEEKDAY: &str = "a day of the week such as \"monday\"";
const MONTH_DAY: &str =
    r#"a day of the month: 1 to 31, "last day", "first monday" to "fifth sunday", or "last friday""#;

/// What a key holds, as a list without repetitions, in ascending order: one item may stand for itself.
fn read_items<T: Ord + Copy>(
    fields: &mut Fields<'_>,
    key: &'static str,
    expected: &str,
    bound: &Bound,
    item: impl Fn(&Value) -> Result<T, Option<String>>,
) -> Option<Vec<T>> {
    let path = fields.at(key);
    let Some(value) = fields.take(key) else {
        fields.missing(key, expected);
        return None;
    };
    let values = match value {
        Value::Array(values) if values.is_empty() => {
            let message = format!(
                "wrong format for configuration value {key:?}: expected {expected}, found an empty list"
            );
            fields.mistakes.push(Mistake::new(&path, message));
            return None;
        }
        Value::Array(values) => {
            values.into_iter().enumerate().map(|(n, value)| (format!("{path}[{n}]"), value)).collect()
        }
        one => vec![(path.clone(), one)],
    };
    if let Some(beyond) = bound.check(&path, values.len()) {
        fields.mistakes.push(beyond);
        return None;
    }
    let mut read: Vec<T> = Vec::new();
    let mut is_good = true;
    for (path, value) in values {
        match item(&value) {
            Ok(item) if read.contains(&item) => {
                is_good = false;
                let message = format!("{value} stands twice");
                fields.mistakes.push(Mistake::new(path, message).with_hint("remove one of them"));
            }
            Ok(item) => read.push(item),
            Err(hint) => {
                is_good = false;
                let mut mistake = wrong_format(&path, key, expected, &value);
                mistake.hint = hint;
                fields.mistakes.push(mistake);
            }
        }
    }
    read.sort_unstable();
    is_good.then_some(read)
}

pub(super) fn read_times(fields: &mut Fields<'_>) -> Option<Times> {
    read_items(fields, "at", TIME, &TIMES, |value| {
        value.as_str().and_then(time).ok_or_else(|| time_hint(value))
    })
    .map(Times::At)
}

/// What to write instead of something that is nearly a time.
fn time_hint(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let padded = format!("0{text}");
    time(&padded).map(|_| format!("write \"{padded}\"")).or_else(|| {
        (text == "24:00").then(|| "midnight is \"00:00\", at the beginning of the day".to_owned())
    })
}

pub(super) fn read_weekdays(fields: &mut Fields<'_>, is_required: bool) -> Option<Days> {
    if !is_required && !fields.has("on") {
        return Some(Days::Every);
    }
    read_items(fields, "on", WEEKDAY, &DAYS, |value| {
        let text = value.as_str().unwrap_or_default();
        is_weekday(text).ok_or_else(|| did_you_mean(text, WEEKDAY_NAMES))
    })
    .map(Days::Week)
}

pub(super) fn read_month_days(fields: &mut Fields<'_>) -> Option<Days> {
    read_items(fields, "on", MONTH_DAY, &DAYS_OF_MONTH, |value| {
        month_day(value).ok_or_else(|| month_day_hint(value))
    })
    .map(Days::Month)
}

fn month_day(value: &Value) -> Option<MonthDay> {
    if let Some(day) = value.as_i64() {
        return i8::try_from(day).ok().filter(|day| (1..=31).contains(day)).map(MonthDay::Day);
    }
    match value.as_str()?.split_once(' ')? {
        ("last", "day") => Some(MonthDay::Last),
        ("last", day) => is_weekday(day).map(MonthDay::LastWeekday),
        (nth, day) => {
            let nth = ORDINALS.iter().position(|ordinal| *ordinal == nth)?;
            Some(MonthDay::Nth(i8::try_from(nth + 1).ok()?, is_weekday(day)?))
        }
    }
}

fn month_day_hint(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if let Ok(day) = text.parse::<u8>() {
        return Some(format!("write the number without quotes: {day}"));
    }
    if text == "last" {
        return Some("write \"last day\"".to_owned());
    }
    let days = WEEKDAY_NAMES
        .iter()
        .flat_map(|day| ORDINALS.iter().chain(&["last"]).map(move |nth| format!("{nth} {day}")));
    let days: Vec<String> = days.chain(["last day".to_owned()]).collect();
    did_you_mean(text, days.iter().map(String::as_str))
}

pub(super) fn read_dates(fields: &mut Fields<'_>) -> Option<Days> {
    if !fields.has("on") {
        fields.missing("every", EVERY);
        return None;
    }
    read_items(fields, "on", DATE, &SCHEDULED_DATES, |value| {
        let text = value.as_str().unwrap_or_default();
        let hint =
            || (is_weekday(text).is_some()).then(|| "days of the week need \"every\": \"week\"".to_owned());
        date(text).ok_or_else(hint)
    })
    .map(Days::Dates)
}

pub(super) const WEEKDAY_NAMES: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A day of the week: `monday`, or `mon`.
pub(super) fn is_weekday(text: &str) -> Option<WeekDay> {
    WeekDay::ALL
        .into_iter()
        .zip(WEEKDAY_NAMES)
        .find(|(_, name)| *name == text || name.get(..3) == Some(text))
        .map(|(day, _)| day)
}

/// `HH:MM`, and nothing else.
pub(super) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// `YYYY-MM-DD`, and nothing else.
pub(super) fn date(text: &str) -> Option<Date> {
    let has_form = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(n, byte)| if n == 4 || n == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    has_form.then(|| text.parse().ok()).flatten()
}
