//! Any schedule against a clock that is looked at every minute.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schedule;

/// Zones with gaps and folds: at night, at midnight, of half an hour, of a day, and one without.
pub(crate) const ZONES: [(&str, &[&str]); 8] = [
    ("UTC", &["2026-02-28"]),
    ("Europe/Paris", &["2026-03-28", "2026-10-24"]),
    ("America/New_York", &["2026-03-07", "2026-10-31"]),
    ("Africa/Cairo", &["2026-04-23", "2026-10-29"]),
    ("Australia/Lord_Howe", &["2026-04-04", "2026-10-03"]),
    ("America/Sao_Paulo", &["2018-02-17", "2018-11-03"]),
    ("America/Asuncion", &["2023-03-25", "2023-09-30"]),
    ("Pacific/Apia", &["2011-12-29"]),
];

const MINUTE: i64 = 60;

/// A document, and what it means: whether a day is one, and the minutes of the day.
#[derive(Debug, Clone)]
struct Meant {
    document: Value,
    days: Vec<String>,
    minutes: Vec<u32>,
    is_interval: bool,
}

fn is_on(days: &[String], date: Date) -> bool {
    let weekday = format!("{:?}", date.weekday()).to_lowercase();
    days.is_empty()
        || days.iter().any(|day| {
            let first_of = |date: Date| date.first_of_month();
            match day.split_once(' ') {
                None if day.len() == 10 => *day == date.to_string(),
                None => day.parse::<i8>().map_or(*day == weekday, |number| number == date.day()),
                Some(("last", "day")) => date.tomorrow().unwrap().day() == 1,
                Some(("last", day)) => day == weekday && first_of(date) != first_of(date + 7.days()),
                Some((nth, day)) => {
                    let before = ["first", "second", "third", "fourth", "fifth"]
                        .iter()
                        .position(|ordinal| *ordinal == nth)
                        .unwrap();
                    let before = i64::try_from(before).unwrap();
                    day == weekday
                        && first_of(date) == first_of(date - (7 * before).days())
                        && first_of(date) != first_of(date - (7 * before + 7).days())
                }
            }
        })
}

/// The moments of a stretch of time: each minute, a clock is looked at. What it shows for the first time, or jumped over, is
/// due.
fn due(meant: &Meant, zone: &TimeZone, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
    let is_planned = |wall: DateTime| {
        let minute = u32::try_from(wall.hour()).unwrap() * 60 + u32::try_from(wall.minute()).unwrap();
        is_on(&meant.days, wall.date()) && meant.minutes.contains(&minute)
    };
    let mut latest = zone.to_datetime(from);
    let mut before = latest;
    let mut found = Vec::new();
    for minute in 1..=minutes {
        let now = from + (minute * MINUTE).seconds();
        let shown = zone.to_datetime(now);
        // What an interval planned is due again where clocks were put back.
        let seen = if meant.is_interval { before.min(shown - 1.minute()) } else { latest };
        let mut wall = seen + 1.minute();
        let mut is_due = false;
        while wall <= shown && !is_due {
            is_due = is_planned(wall);
            wall += 1.minute();
        }
        if is_due {
            found.push(now);
        }
        before = shown;
        latest = latest.max(shown);
    }
    found
}

fn days() -> impl Strategy<Value = (Value, Vec<String>)> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let weekdays = proptest::sample::subsequence(NAMES.to_vec(), 1..=7);
    let month_day = prop_oneof![
        (1..=31_i64).prop_map(|day| json!(day)),
        Just(json!("last day")),
        (0..6_usize, 0..7_usize).prop_map(|(nth, day)| {
            json!(format!("{} {}", ["first", "second", "third", "fourth", "fifth", "last"][nth], NAMES[day]))
        }),
    ];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    prop_oneof![
        Just((json!({ "every": "day" }), Vec::new())),
        weekdays.prop_map(|days| {
            let names = days.iter().map(|day| (*day).to_owned()).collect();
            (json!({ "every": "week", "on": days }), names)
        }),
        proptest::collection::btree_map(0..100_u8, month_day, 1..6).prop_map(move |days| {
            let mut days: Vec<Value> = days.into_values().collect();
            days.sort_by_key(Value::to_string);
            days.dedup();
            let names = days.iter().map(text).collect();
            (json!({ "every": "month", "on": days }), names)
        }),
    ]
}

fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn meant() -> impl Strategy<Value = Meant> {
    // Most of them at night, where clocks are changed.
    let minute = prop_oneof![3 => 0..240_u32, 1 => 0..1440_u32];
    let at = (days(), proptest::collection::btree_set(minute, 1..6)).prop_map(
        |((mut document, days), minutes)| {
            document["at"] = minutes.iter().map(|minute| json!(clock(*minute))).collect();
            Meant { document, days, minutes: minutes.into_iter().collect(), is_interval: false }
        },
    );
    let each = (
        proptest::sample::select(vec![1, 5, 15, 20, 45, 60, 90, 120, 720_u32]),
        proptest::option::of((0..1439_u32, 0..1439_u32)),
    )
        .prop_map(|(minutes, window)| {
            let mut document = json!({ "every": format!("{minutes} minutes") });
            let (mut first, mut last) = (0, 1439);
            if let Some((one, other)) = window {
                (first, last) = (one.min(other), one.max(other) + u32::from(one == other));
                document["between"] = json!([clock(first), clock(last)]);
            }
            let minutes = (first..=last).step_by(minutes as usize).collect();
            Meant { document, days: Vec::new(), minutes, is_interval: true }
        });
    prop_oneof![at, each]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_schedule_is_due_when_a_clock_says_so(
        meant in meant(), zone in 0..ZONES.len(), which in any::<proptest::sample::Index>()
    ) {
        let (name, days) = ZONES[zone];
        let zone = TimeZone::get(name).unwrap();
        let day: Date = days[which.index(days.len())].parse().unwrap();
        let from = zone.to_timestamp(day.to_datetime(Time::midnight())).unwrap();
        let mut document = meant.document.clone();
        document["time_zone"] = json!(name);
        let schedule = schedule(document);
        let hours = 60;
        let expected = due(&meant, &zone, from, hours * 60);
        let until = from + hours.hours();
        let found: Vec<Timestamp> =
            schedule.upcoming(from).map(|one| one.at).take_while(|at| *at <= until).collect();
        prop_assert_eq!(&found, &expected, "{} {}", schedule.in_words(), name);
        // Going back leads to the same moments.
        let back = std::iter::successors(schedule.latest(until), |one| schedule.latest(one.at - 1.second()));
        let mut back: Vec<Timestamp> = back.map(|one| one.at).take_while(|at| *at > from).collect();
        back.reverse();
        prop_assert_eq!(back, expected);
    }

    #[test]
    fn a_schedule_says_what_was_written(meant in meant()) {
        let read = schedule(meant.document);
        prop_assert_eq!(&schedule(read.written()), &read);
        prop_assert!(read.in_words().len() < 1_000);
    }

    /// However far away: a schedule without an end goes on.
    #[test]
    fn a_schedule_without_an_end_goes_on(meant in meant(), second in 0..4_102_444_800_i64) {
        let schedule = schedule(meant.document);
        let now = Timestamp::from_second(second).unwrap();
        let next = schedule.next(now).unwrap();
        prop_assert!(next.at > now);
        prop_assert_eq!(schedule.latest(next.at), Some(next));
        let latest = schedule.latest(now).unwrap();
        prop_assert!(latest.at <= now);
        prop_assert_eq!(schedule.next(latest.at), Some(next));
    }
}
