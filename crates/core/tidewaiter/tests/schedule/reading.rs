//! What may be written, what is said of what may not, and how a schedule is told.

use jsonschema::Validator;
use serde_json::{Value, json};
use tidewaiter::config::Schedule;

use crate::{at, schedule};

#[test]
fn a_schedule_is_told_in_words() {
    let told = [
        (json!({ "every": "day", "at": ["18:30", "06:00"] }), "every day at 06:00 and 18:30, UTC"),
        (
            json!({
                "every": "week", "on": ["thursday", "mon"], "at": "06:00", "time_zone": "Europe/Paris",
                "from": "2026-12-01", "until": "2027-06-30"
            }),
            "every Monday and Thursday at 06:00, Europe/Paris time, from 1 December 2026, until 30 June 2027",
        ),
        (
            json!({ "every": "week", "on": ["mon", "tue", "wed", "thu", "fri"], "at": "06:00" }),
            "every Monday to Friday at 06:00, UTC",
        ),
        (
            json!({ "every": "month", "on": [1, 22, 31, "last day", "first monday", "fifth sunday", "last friday"], "at": "06:00" }),
            "on the 1st, the 22nd, the 31st (if there is one), the last day, the first Monday, the fifth Sunday (if there is \
             one) and the last Friday of each month at 06:00, UTC",
        ),
        (
            json!({ "on": ["2026-12-31", "2026-12-24"], "at": "06:00" }),
            "on 24 December 2026 and 31 December 2026 at 06:00, UTC",
        ),
        (json!({ "every": "hour" }), "every hour, UTC"),
        (json!({ "every": "90 minutes" }), "every 90 minutes, UTC"),
        (
            json!({ "every": "2 hours", "between": ["08:00", "18:00"], "on": "sunday", "time_zone": "asia/tokyo" }),
            "every 2 hours from 08:00 to 18:00 on Sunday, Asia/Tokyo time",
        ),
    ];
    for (document, words) in told {
        assert_eq!(schedule(document).in_words(), words);
    }
    let times: Vec<String> = (0..48).map(|hour| format!("{:02}:{:02}", hour / 2, hour % 2 * 30)).collect();
    let many = schedule(json!({ "every": "day", "at": times })).in_words();
    assert!(many.ends_with("05:30 and 36 more, UTC"), "{many}");
}

#[test]
fn a_moment_is_told_as_a_clock_shows_it() {
    let told = |zone: &str| {
        let schedule = schedule(json!({ "every": "day", "at": "06:00", "time_zone": zone }));
        schedule.local(schedule.next(at("2026-11-30T12:00:00Z")).unwrap())
    };
    assert_eq!(told("Europe/Paris"), "Tuesday 2026-12-01 06:00 (UTC+01)");
    assert_eq!(told("Asia/Kolkata"), "Tuesday 2026-12-01 06:00 (UTC+05:30)");
    assert_eq!(told("UTC"), "Tuesday 2026-12-01 06:00 (UTC)");
}

/// Documents with their mistakes, as they are told.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn wrong() -> Vec<(Value, Vec<&'static str>)> {
    const EVERY: &str = r#""day", "week", "month", or an interval such as "15 minutes" or "2 hours""#;
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        (
            json!({}),
            vec![
                leaked(format!(
                    "schedule.every: missing mandatory configuration value \"every\": expected {EVERY}"
                )),
                "schedule.at: missing mandatory configuration value \"at\": expected a time such as \"06:00\"",
            ],
        ),
        (
            json!({ "every": "dya", "at": "06:00" }),
            vec![leaked(format!(
                "schedule.every: wrong format for configuration value \"every\": expected {EVERY}, found \"dya\" (did you mean `day`?)"
            ))],
        ),
        (
            json!({ "every": "monday", "at": "06:00" }),
            vec![leaked(format!(
                "schedule.every: wrong format for configuration value \"every\": expected {EVERY}, found \"monday\" (write \"every\": \"week\", \"on\": [\"monday\"])"
            ))],
        ),
        (
            json!({ "every": "7 minutes" }),
            vec![
                "schedule.every: 7 minutes do not divide the day evenly (write 6 or 8 minutes, or \"every\": \"day\" with times in \"at\")",
            ],
        ),
        (
            json!({ "every": "4294967295 hours" }),
            vec![
                "schedule.every: 4294967295 hours do not divide the day evenly (write 720 minutes, or \"every\": \"day\" with times in \"at\")",
            ],
        ),
        (
            json!({ "every": "day", "at": ["6:00", "06:00", "06:00", "24:00"] }),
            vec![
                "schedule.at[0]: wrong format for configuration value \"at\": expected a time such as \"06:00\", found \"6:00\" (write \"06:00\")",
                "schedule.at[2]: \"06:00\" stands twice (remove one of them)",
                "schedule.at[3]: wrong format for configuration value \"at\": expected a time such as \"06:00\", found \"24:00\" (midnight is \"00:00\", at the beginning of the day)",
            ],
        ),
        (
            json!({ "every": "day", "at": [] }),
            vec![
                "schedule.at: wrong format for configuration value \"at\": expected a time such as \"06:00\", found an empty list",
            ],
        ),
        (
            json!({ "every": "day", "at": "06:00", "on": "monday" }),
            vec![
                "schedule.on: configuration option \"on\" does not fit \"every\" (every day has no days to choose: write \"every\": \"week\")",
            ],
        ),
        (
            json!({ "every": "week", "on": ["mondy", "mon", "monday"], "at": "06:00" }),
            vec![
                "schedule.on[0]: wrong format for configuration value \"on\": expected a day of the week such as \"monday\", found \"mondy\" (did you mean `monday`?)",
                "schedule.on[2]: \"monday\" stands twice (remove one of them)",
            ],
        ),
        (
            json!({ "every": "month", "on": [32, "15", "last", "frist monday"], "at": "06:00" }),
            vec![
                "schedule.on[0]: wrong format for configuration value \"on\": expected a day of the month: 1 to 31, \"last day\", \"first monday\" to \"fifth sunday\", or \"last friday\", found 32",
                "schedule.on[1]: wrong format for configuration value \"on\": expected a day of the month: 1 to 31, \"last day\", \"first monday\" to \"fifth sunday\", or \"last friday\", found \"15\" (write the number without quotes: 15)",
                "schedule.on[2]: wrong format for configuration value \"on\": expected a day of the month: 1 to 31, \"last day\", \"first monday\" to \"fifth sunday\", or \"last friday\", found \"last\" (write \"last day\")",
                "schedule.on[3]: wrong format for configuration value \"on\": expected a day of the month: 1 to 31, \"last day\", \"first monday\" to \"fifth sunday\", or \"last friday\", found \"frist monday\" (did you mean `first monday`?)",
            ],
        ),
        (
            json!({ "on": ["2027-02-31", "monday"], "at": "06:00" }),
            vec![
                "schedule.on[0]: wrong format for configuration value \"on\": expected a date such as \"2026-12-24\", found \"2027-02-31\"",
                "schedule.on[1]: wrong format for configuration value \"on\": expected a date such as \"2026-12-24\", found \"monday\" (days of the week need \"every\": \"week\")",
            ],
        ),
        (
            json!({ "every": "hour", "at": "06:00", "between": ["18:00", "08:00"] }),
            vec![
                "schedule.between: wrong format for configuration value \"between\": expected two times such as [\"08:00\", \"18:00\"], the earlier one first, found a list",
                "schedule.at: configuration option \"at\" does not fit \"every\" (an interval has no times of its own: use \"between\" to limit it)",
            ],
        ),
        (
            json!({ "every": "day", "at": "06:00", "time_zone": "Europe/Pari", "untill": "2027-01-01" }),
            vec![
                "schedule.time_zone: wrong format for configuration value \"time_zone\": expected the name of a time zone such as \"Europe/Paris\", found \"Europe/Pari\" (did you mean `Europe/Paris`?)",
                "schedule.untill: unknown configuration option \"untill\" (did you mean `until`?)",
            ],
        ),
        (
            json!({ "every": "day", "at": "06:00", "from": "2027-01-02", "until": "2027-01-01" }),
            vec!["schedule.until: 2027-01-01 is before \"from\", 2027-01-02 (exchange the two)"],
        ),
        (
            json!({ "every": "month", "on": 31, "at": "06:00", "from": "2027-02-01", "until": "2027-03-30" }),
            vec![
                "schedule.until: the schedule never runs: no day of it lies between \"from\" and \"until\" (choose a later \"until\", or other days)",
            ],
        ),
        (
            json!("daily"),
            vec![
                "schedule: wrong format for configuration value \"schedule\": expected an object, found \"daily\"",
            ],
        ),
    ]
}

#[test]
fn each_mistake_is_told_at_its_place() {
    for (document, expected) in wrong() {
        let text = document.to_string();
        let mistakes = Schedule::parse("schedule", document).expect_err(&text);
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn the_json_schema_says_the_same() {
    let schema = schemars::schema_for!(Schedule).to_value();
    let validator = Validator::new(&schema).unwrap();
    // What depends on several values, on the calendar, or on the names of zones is beyond it.
    let beyond =
        ["do not divide", "stands twice", "is before", "never runs", "2027-02-31", "Europe/Pari", "18:00"];
    for (document, expected) in wrong() {
        if !beyond.iter().any(|beyond| expected[0].contains(beyond)) {
            assert!(!validator.is_valid(&document), "{document}");
        }
    }
    for document in [
        json!({ "every": "day", "at": "06:00" }),
        json!({ "every": "week", "on": ["mon", "thursday"], "at": ["06:00"], "time_zone": "Europe/Paris" }),
        json!({ "every": "month", "on": [31, "last day", "last mon", "fifth sunday"], "at": "06:00" }),
        json!({ "every": "15 minutes", "between": ["08:00", "18:00"], "on": "fri", "until": "2027-01-01" }),
        json!({ "on": "2026-12-24", "at": ["06:00", "18:00"] }),
    ] {
        assert!(validator.is_valid(&document), "{document}");
        schedule(document);
    }
}
