//! Reads a schedule, and reports every mistake.

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::did_you_mean;

use super::Schedule;
use super::days::Days;
use super::items::{DATE, date, is_weekday, read_dates, read_month_days, read_times, read_weekdays, time};
use super::times::{DAY, Times, minute_of};
use crate::config::fields::{Fields, wrong_format};

pub(super) const EVERY: &str = r#""day", "week", "month", or an interval such as "15 minutes" or "2 hours""#;
const ZONE: &str = "the name of a time zone such as \"Europe/Paris\"";
const BETWEEN: &str = "two times such as [\"08:00\", \"18:00\"], the earlier one first";

/// What `every` says.
#[derive(Clone, Copy)]
enum Every {
    Day,
    Week,
    Month,
    Minutes(u16),
}

impl Schedule {
    /// Reads the options. What is wrong is reported.
    pub(in crate::config) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let before = fields.mistakes.len();
        let is_by_date = !fields.has("every");
        let every = read_every(fields);
        let (days, times) = match every {
            None if is_by_date => (read_dates(fields), read_times(fields)),
            // Without it, nothing can be said of the rest.
            None => {
                for key in ["on", "at", "between"] {
                    fields.take(key);
                }
                (None, None)
            }
            Some(Every::Day) => {
                refuse(fields, "on", "every day has no days to choose: write \"every\": \"week\"");
                (Some(Days::Every), read_times(fields))
            }
            Some(Every::Week) => (read_weekdays(fields, true), read_times(fields)),
            Some(Every::Month) => (read_month_days(fields), read_times(fields)),
            Some(Every::Minutes(minutes)) => {
                let times = read_window(fields, minutes);
                refuse(fields, "at", "an interval has no times of its own: use \"between\" to limit it");
                (read_weekdays(fields, false), times)
            }
        };
        if !matches!(every, Some(Every::Minutes(_)) | None) || is_by_date {
            refuse(fields, "between", "it limits intervals such as \"15 minutes\"; remove it");
        }
        let zone = read_zone(fields);
        let from = read_date(fields, "from");
        let until = read_date(fields, "until");
        let (zone, zone_name) = zone?;
        let schedule = Self { days: days?, times: times?, zone, zone_name, from, until };
        if fields.mistakes.len() > before {
            return None;
        }
        schedule.can_run(fields).then_some(schedule)
    }

    /// Reports it if the schedule has no times at all.
    fn can_run(&self, fields: &mut Fields<'_>) -> bool {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from > until
        {
            let message = format!("{until} is before \"from\", {from}");
            let mistake = Mistake::new(fields.at("until"), message).with_hint("exchange the two");
            fields.mistakes.push(mistake);
            return false;
        }
        let begin = self.from.unwrap_or(Date::constant(1970, 1, 1));
        let before = begin.yesterday().ok().and_then(|date| self.zone.to_timestamp(date.at(0, 0, 0, 0)).ok());
        // Days that come again in every month do so within a few months of any day.
        let runs = before.is_none_or(|before| self.next(before).is_some());
        if !runs {
            let mistake = Mistake::new(
                fields.at("until"),
                "the schedule never runs: no day of it lies between \"from\" and \"until\"",
            )
            .with_hint("choose a later \"until\", or other days");
            fields.mistakes.push(mistake);
        }
        runs
    }
}

fn read_every(fields: &mut Fields<'_>) -> Option<Every> {
    let text: String = fields.read("every", EVERY)?;
    match text.as_str() {
        "day" => Some(Every::Day),
        "week" => Some(Every::Week),
        "month" => Some(Every::Month),
        "minute" => Some(Every::Minutes(1)),
        "hour" => Some(Every::Minutes(60)),
        other => read_interval(fields, other),
    }
}

/// `15 minutes`, `2 hours`. They have to divide the day: only then is the distance the same at midnight, too.
fn read_interval(fields: &mut Fields<'_>, text: &str) -> Option<Every> {
    let at = fields.at("every");
    let parts = text.split_once(' ').and_then(|(number, unit)| {
        let minutes = match unit {
            "minute" | "minutes" => 1,
            "hour" | "hours" => 60,
            _ => return None,
        };
        let is_number = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { number.parse::<u32>().ok()? } else { return None };
        Some(number.saturating_mul(minutes))
    });
    let Some(minutes) = parts else {
        let mut mistake = wrong_format(&at, "every", EVERY, &Value::String(text.to_owned()));
        mistake.hint = if is_weekday(text).is_some() {
            Some(format!("write \"every\": \"week\", \"on\": [{text:?}]"))
        } else {
            did_you_mean(text, ["day", "week", "month", "hour", "minute"])
        };
        fields.mistakes.push(mistake);
        return None;
    };
    let interval =
        u16::try_from(minutes).ok().filter(|minutes| *minutes <= DAY / 2 && DAY.is_multiple_of(*minutes));
    if interval.is_none() {
        let near = |step: fn(u16) -> u16| {
            let start = u16::try_from(minutes).unwrap_or(DAY).clamp(1, DAY / 2);
            std::iter::successors(Some(start), move |at| Some(step(*at))).find(|at| DAY.is_multiple_of(*at))
        };
        let (below, above) =
            (near(|at| at - 1).unwrap_or(1), near(|at| (at + 1).min(DAY / 2)).unwrap_or(DAY / 2));
        let hint = if below == above {
            format!("write {below} minutes, or \"every\": \"day\" with times in \"at\"")
        } else {
            format!("write {below} or {above} minutes, or \"every\": \"day\" with times in \"at\"")
        };
        let message = format!("{text} do not divide the day evenly");
        fields.mistakes.push(Mistake::new(at, message).with_hint(hint));
    }
    interval.map(Every::Minutes)
}

/// Reports a key that does not belong to the others.
fn refuse(fields: &mut Fields<'_>, key: &'static str, hint: &str) {
    if fields.take(key).is_some() {
        let message = format!("configuration option {key:?} does not fit \"every\"");
        let mistake = Mistake::new(fields.at(key), message).with_hint(hint);
        fields.mistakes.push(mistake);
    }
}

fn read_window(fields: &mut Fields<'_>, minutes: u16) -> Option<Times> {
    let whole = Times::Each { minutes, first: 0, last: DAY - 1 };
    let Some(value) = fields.take("between") else { return Some(whole) };
    let times: Vec<Option<Time>> = value
        .as_array()
        .map(|times| times.iter().map(|value| value.as_str().and_then(time)).collect())
        .unwrap_or_default();
    match times.as_slice() {
        [Some(first), Some(last)] if first < last => {
            Some(Times::Each { minutes, first: minute_of(*first), last: minute_of(*last) })
        }
        _ => {
            let mistake = wrong_format(&fields.at("between"), "between", BETWEEN, &value);
            fields.mistakes.push(mistake);
            None
        }
    }
}

fn read_date(fields: &mut Fields<'_>, key: &'static str) -> Option<Date> {
    let text: String = fields.read(key, DATE)?;
    let read = date(&text);
    if read.is_none() {
        let mistake = wrong_format(&fields.at(key), key, DATE, &Value::String(text));
        fields.mistakes.push(mistake);
    }
    read
}

fn read_zone(fields: &mut Fields<'_>) -> Option<(TimeZone, String)> {
    if !fields.has("time_zone") {
        return Some((TimeZone::UTC, "UTC".to_owned()));
    }
    let name: String = fields.read("time_zone", ZONE)?;
    let database = TimeZoneDatabase::bundled();
    if let Ok(zone) = database.get(&name) {
        // Names are found in any case: `europe/paris`.
        let known = zone.iana_name().map_or_else(|| name.clone(), str::to_owned);
        return Some((zone, known));
    }
    let mut mistake = wrong_format(&fields.at("time_zone"), "time_zone", ZONE, &Value::String(name.clone()));
    let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
    mistake.hint = did_you_mean(&name, names.iter().map(String::as_str));
    fields.mistakes.push(mistake);
    None
}
