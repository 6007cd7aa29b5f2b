//! Clocks that are put forward and back, and days that some months lack.

use serde_json::json;

use crate::{at, schedule};

/// The next moments after one, as ids.
fn next(document: serde_json::Value, after: &str, count: usize) -> Vec<String> {
    schedule(document).upcoming(at(after)).take(count).map(|occurrence| occurrence.id()).collect()
}

#[test]
fn a_time_that_does_not_exist_runs_at_the_next_that_does() {
    let paris = json!({ "every": "day", "at": "02:30", "time_zone": "Europe/Paris" });
    // At 02:00 clocks are put forward to 03:00.
    assert_eq!(
        next(paris, "2026-03-28T00:00:00Z", 3),
        ["20260328T013000Z", "20260329T010000Z", "20260330T003000Z"]
    );
    let both = json!({ "every": "day", "at": ["02:30", "03:00"], "time_zone": "Europe/Paris" });
    assert_eq!(next(both, "2026-03-29T00:00:00Z", 2), ["20260329T010000Z", "20260330T003000Z"]);
    // Clocks are put forward at midnight.
    let cairo = json!({ "every": "day", "at": "00:15", "time_zone": "Africa/Cairo" });
    assert_eq!(next(cairo, "2026-04-23T12:00:00Z", 2), ["20260423T220000Z", "20260424T211500Z"]);
}

#[test]
fn a_day_that_does_not_exist_runs_when_the_next_begins() {
    // Samoa left out 30 December 2011.
    let samoa = json!({ "every": "day", "at": "12:00", "time_zone": "Pacific/Apia" });
    let moments = next(samoa, "2011-12-29T00:00:00Z", 4);
    assert_eq!(moments, ["20111229T220000Z", "20111230T100000Z", "20111230T220000Z", "20111231T220000Z"]);
}

#[test]
fn a_time_that_comes_twice_runs_once() {
    let paris = json!({ "every": "day", "at": "02:30", "time_zone": "Europe/Paris" });
    assert_eq!(
        next(paris, "2026-10-24T12:00:00Z", 2),
        ["20261025T003000Z", "20261026T013000Z"],
        "the first 02:30 is meant"
    );
}

#[test]
fn an_interval_goes_on_through_the_hour_that_comes_twice() {
    let paris = json!({ "every": "30 minutes", "time_zone": "Europe/Paris" });
    let night = next(paris.clone(), "2026-10-25T00:00:00Z", 4);
    assert_eq!(night, ["20261025T003000Z", "20261025T010000Z", "20261025T013000Z", "20261025T020000Z"]);
    let night = next(paris, "2026-03-29T00:30:00Z", 2);
    assert_eq!(night, ["20260329T010000Z", "20260329T013000Z"]);
    let window = json!({ "every": "2 hours", "between": ["08:30", "13:00"], "on": "sunday", "time_zone": "Asia/Kolkata" });
    let day = next(window, "2026-11-29T00:00:00Z", 4);
    assert_eq!(day, ["20261129T030000Z", "20261129T050000Z", "20261129T070000Z", "20261206T030000Z"]);
}

#[test]
fn months_have_the_days_that_they_have() {
    let days = |on| json!({ "every": "month", "on": on, "at": "00:00" });
    let dates =
        |on, after| -> Vec<String> { next(days(on), after, 4).iter().map(|id| id[..8].to_owned()).collect() };
    assert_eq!(dates(json!(31), "2027-01-01T00:00:00Z"), ["20270131", "20270331", "20270531", "20270731"]);
    assert_eq!(
        dates(json!("last day"), "2028-01-31T00:00:00Z"),
        ["20280229", "20280331", "20280430", "20280531"]
    );
    assert_eq!(
        dates(json!(["first monday", "last friday"]), "2026-11-30T00:00:00Z"),
        ["20261207", "20261225", "20270104", "20270129"]
    );
    assert_eq!(
        dates(json!("fifth tuesday"), "2026-12-01T00:00:00Z"),
        ["20261229", "20270330", "20270629", "20270831"]
    );
    // The last day and the 31st are one.
    assert_eq!(
        dates(json!([31, "last day"]), "2027-01-15T00:00:00Z"),
        ["20270131", "20270228", "20270331", "20270430"]
    );
}

#[test]
fn it_begins_and_ends_with_days_of_its_time_zone() {
    let tokyo = json!({
        "every": "day", "at": "00:30", "time_zone": "Asia/Tokyo", "from": "2026-12-01", "until": "2026-12-03"
    });
    let all = ["20261130T153000Z", "20261201T153000Z", "20261202T153000Z"];
    assert_eq!(next(tokyo.clone(), "2000-01-01T00:00:00Z", 9), all);
    let tokyo = schedule(tokyo);
    let latest = |now: &str| tokyo.latest(at(now)).map(|occurrence| occurrence.id());
    assert_eq!(latest("2026-11-30T15:29:59Z"), None);
    assert_eq!(latest("2026-11-30T15:30:00Z").as_deref(), Some(all[0]));
    assert_eq!(latest("2030-01-01T00:00:00Z").as_deref(), Some(all[2]), "long after the last one");
    let dates = schedule(json!({ "on": ["2026-12-31", "2026-12-24"], "at": ["18:00", "06:00"] }));
    let ids: Vec<String> = dates.upcoming(at("2000-01-01T00:00:00Z")).map(|one| one.id()).collect();
    assert_eq!(ids, ["20261224T060000Z", "20261224T180000Z", "20261231T060000Z", "20261231T180000Z"]);
    assert_eq!(dates.latest(at("2026-12-30T00:00:00Z")).unwrap().id(), ids[1]);
}

#[test]
fn the_ends_of_time_are_no_moments() {
    let daily = schedule(json!({ "every": "minute", "time_zone": "America/New_York" }));
    assert_eq!(daily.next(jiff::Timestamp::MAX), None);
    assert_eq!(daily.latest(jiff::Timestamp::MIN), None);
    assert!(daily.next(jiff::Timestamp::MIN).is_some());
    assert!(daily.latest(jiff::Timestamp::MAX).is_some());
}
