//! When files are expected.

use std::fmt;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Fields, one_of, wrong_format};

/// A file is expected by a time of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expected {
    /// By when, as `HH:MM`.
    #[schemars(with = "String", regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    #[serde(serialize_with = "hours_and_minutes")]
    pub by: Time,
    /// On which days of the week; every day unless given.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true, "minItems" = 1), length(max = crate::bounds::DAYS.most))]
    pub days: Vec<Day>,
    /// The time zone, by its name in the IANA database; UTC unless given.
    #[serde(default)]
    #[schemars(extend("default" = "UTC"))]
    pub time_zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday
    Mon,
    /// Tuesday
    Tue,
    /// Wednesday
    Wed,
    /// Thursday
    Thu,
    /// Friday
    Fri,
    /// Saturday
    Sat,
    /// Sunday
    Sun,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn hours_and_minutes<S: serde::Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
}

/// A time by which a file should have come, and from when on it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The deadline before: what came until then was for that one.
    pub from: Timestamp,
    /// The deadline.
    pub until: Timestamp,
}

impl Expected {
    /// The last deadline that is over at `now`, with the one before. None if the calendar ends there.
    ///
    /// ```
    /// use tidewaiter_schema::config::Config;
    ///
    /// let document = br#"{ "acme": { "orders": { "shop": {
    ///     "expected": { "by": "06:00", "days": ["mon", "fri"], "time_zone": "Europe/Paris" } } } } }"#;
    /// let config = Config::parse("acme", document).unwrap();
    /// let expected = config.subsection("orders", "shop").unwrap().expected.clone().unwrap();
    /// // A Sunday: the last was on Friday, at 6 o'clock in Paris.
    /// let window = expected.last("2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
    /// assert_eq!(window.until, "2026-11-20T05:00:00Z".parse().unwrap());
    /// assert_eq!(window.from, "2026-11-16T05:00:00Z".parse().unwrap());
    /// ```
    pub fn last(&self, now: Timestamp) -> Option<Window> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let mut date = zone.to_datetime(now).date();
        let mut until = None;
        // Two deadlines of a weekly file are at most 15 days back.
        for _ in 0..=15 {
            if let Some(at) = self.deadline(date, &zone).filter(|at| *at <= now) {
                match until {
                    None => until = Some(at),
                    Some(until) => return Some(Window { from: at, until }),
                }
            }
            date = date.checked_sub(1.day()).ok()?;
        }
        None
    }

    fn deadline(&self, date: Date, zone: &TimeZone) -> Option<Timestamp> {
        let is_expected = self.days.is_empty() || self.days.contains(&Day::from(date.weekday()));
        // Where the clocks are put forward over that time, it is as much later.
        is_expected.then(|| zone.to_timestamp(date.to_datetime(self.by)).ok()).flatten()
    }

    /// Reads the options. What is wrong is reported; without a time there is nothing to be expected.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let by: Option<String> = fields.read_required("by", TIME);
        let by = by.and_then(|text| {
            let time = time(&text);
            if time.is_none() {
                let mistake = wrong_format(&fields.at("by"), "by", TIME, &Value::String(text));
                fields.mistakes.push(mistake);
            }
            time
        });
        let days =
            fields.read_list("days", "a list of days", &crate::bounds::DAYS, |path, value, mistakes| {
                let day = serde_json::from_value(value.clone()).ok();
                if day.is_none() {
                    mistakes.push(wrong_format(path, "days", &one_of(&DAYS), &value));
                }
                day
            });
        let time_zone = fields.read_checked("time_zone", ZONE, |name: &String| TimeZone::get(name).is_ok());
        Some(Self {
            by: by?,
            days: days.unwrap_or_default(),
            time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {:02}:{:02} {}", self.by.hour(), self.by.minute(), self.time_zone)
    }
}

const TIME: &str = "a time such as \"06:00\"";
const ZONE: &str = "the name of a time zone such as \"Europe/Paris\"";

/// `HH:MM`, and nothing else.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u8>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}
