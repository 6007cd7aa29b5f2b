//! A schedule as it is written, and the JSON Schema of that.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Schedule;
use super::days::{Days, MonthDay, WeekDay};
use super::items::WEEKDAY_NAMES;
use super::times::{DAY, Times, time_of};
use super::words::{ORDINALS, clock};
use crate::bounds;

impl Schedule {
    /// The schedule as it is written in a document, with its defaults.
    pub fn written(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
        match (&self.times, &self.days) {
            (Times::Each { minutes, .. }, _) => put("every", json!(format!("{minutes} minutes"))),
            (Times::At(_), Days::Every) => put("every", json!("day")),
            (Times::At(_), Days::Week(_)) => put("every", json!("week")),
            (Times::At(_), Days::Month(_)) => put("every", json!("month")),
            (Times::At(_), Days::Dates(_)) => {}
        }
        match &self.days {
            Days::Every => {}
            Days::Week(days) => put("on", days.iter().map(|day| json!(weekday(*day))).collect()),
            Days::Month(days) => put("on", days.iter().map(|day| month_day(*day)).collect()),
            Days::Dates(dates) => put("on", dates.iter().map(|date| json!(date.to_string())).collect()),
        }
        match &self.times {
            Times::At(times) => put("at", times.iter().map(|time| json!(clock(*time))).collect()),
            Times::Each { first: 0, last, .. } if *last == DAY - 1 => {}
            Times::Each { first, last, .. } => {
                put(
                    "between",
                    [*first, *last].into_iter().filter_map(time_of).map(|time| json!(clock(time))).collect(),
                );
            }
        }
        put("time_zone", json!(self.zone_name));
        self.from.iter().for_each(|date| put("from", json!(date.to_string())));
        self.until.iter().for_each(|date| put("until", json!(date.to_string())));
        Value::Object(map)
    }
}

fn weekday(day: WeekDay) -> &'static str {
    WEEKDAY_NAMES.get(day.number()).copied().unwrap_or_default()
}

fn month_day(day: MonthDay) -> Value {
    match day {
        MonthDay::Day(day) => json!(day),
        MonthDay::Last => json!("last day"),
        MonthDay::Nth(nth, day) => {
            let at = usize::try_from(nth - 1).unwrap_or_default();
            json!(format!("{} {}", ORDINALS.get(at).copied().unwrap_or_default(), weekday(day)))
        }
        MonthDay::LastWeekday(day) => json!(format!("last {}", weekday(day))),
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

/// One item, or a list of different ones.
fn one_or_more(item: &Value, most: usize) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1, "maxItems": most, "uniqueItems": true }] })
}

impl JsonSchema for Schedule {
    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let time = json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" });
        let date = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
        let names = "mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?";
        let weekday = json!({ "type": "string", "pattern": format!("^({names})$") });
        let month_day = json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 31 },
            { "type": "string", "pattern": format!("^(last day|({}|last) ({names}))$", ORDINALS.join("|")) },
        ] });
        let intervals = "^(minute|hour|[1-9][0-9]* (minutes?|hours?))$";
        let at = one_or_more(&time, bounds::TIMES.most);
        let form = |every: Value, own: Value, required: &[&str]| {
            let mut properties = json!({
                "every": every,
                "time_zone": { "type": "string", "default": "UTC" },
                "from": date,
                "until": date,
            });
            if let (Some(all), Value::Object(own)) = (properties.as_object_mut(), own) {
                all.extend(own);
            }
            json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            })
        };
        let weekdays = one_or_more(&weekday, bounds::DAYS.most);
        let month_days = one_or_more(&month_day, bounds::DAYS_OF_MONTH.most);
        let mut by_date = form(
            Value::Bool(false),
            json!({ "on": one_or_more(&date, bounds::SCHEDULED_DATES.most), "at": at }),
            &["on", "at"],
        );
        if let Some(Value::Object(properties)) = by_date.get_mut("properties") {
            properties.shift_remove("every");
        }
        json_schema!({
            "description": "When something runs: on which days, at which times of the clock, in which time zone, from and until which day.",
            "oneOf": [
                form(json!({ "const": "day" }), json!({ "at": at }), &["every", "at"]),
                form(json!({ "const": "week" }), json!({ "on": weekdays, "at": at }), &["every", "on", "at"]),
                form(json!({ "const": "month" }), json!({ "on": month_days, "at": at }), &["every", "on", "at"]),
                form(
                    json!({ "type": "string", "pattern": intervals }),
                    json!({
                        "on": weekdays,
                        "between": { "type": "array", "items": time, "minItems": 2, "maxItems": 2 },
                    }),
                    &["every"],
                ),
                by_date,
            ],
        })
    }
}
