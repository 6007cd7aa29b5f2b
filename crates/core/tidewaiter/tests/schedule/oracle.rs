//! The same schedules, written for cron.

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::ZONES;
use crate::schedule;

const NAMES: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// A document, and a pattern for cron.
fn patterns() -> impl Strategy<Value = (Value, String)> {
    let minute = prop_oneof![3 => 0..240_u32, 1 => 0..1440_u32];
    let days = prop_oneof![
        Just((json!({ "every": "day" }), "* * *".to_owned())),
        proptest::collection::btree_set(0..7_usize, 1..=7).prop_map(|days| {
            let names: Vec<&str> = days.iter().map(|day| NAMES[*day]).collect();
            let numbers: Vec<String> = days.iter().map(usize::to_string).collect();
            (json!({ "every": "week", "on": names }), format!("* * {}", numbers.join(",")))
        }),
        proptest::collection::btree_set(1..=31_u8, 1..4).prop_map(|days| {
            let numbers: Vec<String> = days.iter().map(u8::to_string).collect();
            (json!({ "every": "month", "on": days }), format!("{} * *", numbers.join(",")))
        }),
        Just((json!({ "every": "month", "on": "last day" }), "L * *".to_owned())),
        (0..5_usize, 0..7_usize).prop_map(|(nth, day)| {
            let ordinal = ["first", "second", "third", "fourth", "fifth"][nth];
            let on = format!("{ordinal} {}", NAMES[day]);
            (json!({ "every": "month", "on": on }), format!("* * {day}#{}", nth + 1))
        }),
        (0..7_usize).prop_map(|day| {
            let on = format!("last {}", NAMES[day]);
            (json!({ "every": "month", "on": on }), format!("* * {day}L"))
        }),
    ];
    (days, minute).prop_map(|((mut document, days), minute)| {
        document["at"] = json!(format!("{:02}:{:02}", minute / 60, minute % 60));
        (document, format!("{} {} {days}", minute % 60, minute / 60))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn croner_finds_the_same_moments((mut document, pattern) in patterns(), zone in 0..ZONES.len()) {
        let (name, days) = ZONES[zone];
        // A day that is left out is not what it is about.
        prop_assume!(name != "Pacific/Apia");
        document["time_zone"] = json!(name);
        let zone = TimeZone::get(name).unwrap();
        let cron = croner::Cron::from_str(&pattern).unwrap();
        let schedule = schedule(document);
        for day in days {
            let mut now: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
            for _ in 0..4 {
                let expected = cron.find_next_occurrence(&now.to_zoned(zone.clone()), false).unwrap().timestamp();
                let found = schedule.next(now).unwrap().at;
                prop_assert_eq!(found, expected, "{} in {} after {}", pattern, name, now);
                now = found;
            }
        }
    }

    /// Intervals that divide each gap: croner leaves out the times of others, which run at the end of the gap here.
    #[test]
    fn croner_goes_on_through_the_hour_that_comes_twice(
        minutes in proptest::sample::select(vec![5, 10, 15, 30_u32]), zone in 0..ZONES.len()
    ) {
        let (name, days) = ZONES[zone];
        prop_assume!(name != "Pacific/Apia");
        let schedule = schedule(json!({ "every": format!("{minutes} minutes"), "time_zone": name }));
        let zone = TimeZone::get(name).unwrap();
        let cron = croner::Cron::from_str(&format!("*/{minutes} * * * *")).unwrap();
        for day in days {
            let mut now: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
            let until = now + 36.hours();
            while now < until {
                let expected = cron.find_next_occurrence(&now.to_zoned(zone.clone()), false).unwrap().timestamp();
                let found = schedule.next(now).unwrap().at;
                prop_assert_eq!(found, expected, "every {} in {} after {}", minutes, name, now);
                now = found;
            }
        }
    }

    /// It has no gaps or folds here: what cronexpr makes of them differs.
    #[test]
    fn cronexpr_finds_the_same_days((document, pattern) in patterns(), second in 946_684_800..4_102_444_800_i64) {
        // Of the last days of months, cronexpr leaves out those of December.
        prop_assume!(!pattern.contains('L'));
        let cron = cronexpr::parse_crontab(&format!("{pattern} UTC")).unwrap();
        let schedule = schedule(document);
        let mut now = Timestamp::from_second(second).unwrap();
        for _ in 0..3 {
            let expected = cron.find_next(cronexpr::MakeTimestamp(now)).unwrap().timestamp();
            let found = schedule.next(now).unwrap().at;
            prop_assert_eq!(found, expected, "{} after {}", pattern, now);
            now = found;
        }
    }
}
