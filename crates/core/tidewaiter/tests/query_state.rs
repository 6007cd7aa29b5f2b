//! Each rule of the state of a query.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use jiff::SignedDuration;
use serde_json::json;
use tidewaiter::config::{Config, QueryOptions, Schedule};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::item::{Form, LastItem};
use tidewaiter::run::{
    Answered, Claim, Definition, Due, Phase, Position, QueryState, ReadEnd, ReadTrouble, Reading, SeenRows,
    Why,
};

/// A query that is read every hour.
fn hourly(run_on_change: bool) -> QueryOptions {
    let document = json!({ "acme": { "contacts": { "crm": { "query": {
        "connection": "shop", "sql": "SELECT id FROM visits WHERE id > {lastItem} ORDER BY id",
        "last_item": { "column": "id", "start": 0 }, "schedule": { "every": "1 hour" },
        "run_on_change": run_on_change,
    } } } } });
    let config = Config::parse("acme", document.to_string().as_bytes()).unwrap();
    config.subsection("contacts", "crm").unwrap().query.clone().unwrap()
}

/// So many minutes after midnight.
fn at(minutes: i64) -> Timestamp {
    let midnight: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_mins(minutes)
}

fn run(n: u128) -> ImportId {
    ImportId::new(at(0), n)
}

const SAME: Definition<'static> = Definition { hash: "same", column: Some("id") };

/// A claim at so many minutes, for half an hour.
fn claim(n: u128, holder: &str, minutes: i64) -> Claim<'_> {
    Claim { run: run(n), holder, now: at(minutes), until: at(minutes + 30) }
}

fn item(number: u64) -> LastItem {
    LastItem { text: number.to_string(), form: Form::Integer }
}

fn position(number: u64) -> Position {
    Position { column: Some("id".to_owned()), last: Some(item(number)), seen: SeenRows::default() }
}

fn answered(position: Position, goes_on: bool) -> Answered {
    Answered { rows: 3, left_out: 1, millis: 20, goes_on, position, columns: Vec::new() }
}

fn trouble() -> ReadTrouble {
    ReadTrouble { message: "no route".to_owned(), hint: None }
}

fn scheduled(minutes: i64) -> Why {
    Why::Scheduled { at: at(minutes) }
}

/// A query whose read at one o'clock is claimed by process `a`.
fn claimed() -> QueryState {
    let mut state = QueryState::new(at(5));
    state.claim(scheduled(60), SAME, claim(1, "a", 60));
    state
}

/// The same, and its file is registered.
fn registered(goes_on: bool) -> QueryState {
    let mut state = claimed();
    state.register(answered(position(30), goes_on));
    state
}

fn reading(state: &QueryState) -> &Reading {
    let Phase::Reading(reading) = &state.phase else { panic!("{:?}", state.phase) };
    reading
}

fn due(state: &QueryState, holder: &str, minutes: i64) -> Due {
    state.due(&hourly(false), "same", holder, at(minutes))
}

#[test]
fn occurrences_before_a_query_is_known_are_none_of_it() {
    let state = QueryState::new(at(5));
    assert_eq!(due(&state, "a", 59), Due::Nothing, "midnight was before it");
    assert_eq!(due(&state, "a", 60), Due::Claim(scheduled(60)));
}

#[test]
fn after_downtime_the_latest_occurrence_runs_once() {
    let mut state = QueryState::new(at(5));
    assert_eq!(due(&state, "a", 200), Due::Claim(scheduled(180)));
    state.claim(scheduled(180), SAME, claim(1, "a", 200));
    state.finish_empty(answered(Position::default(), false));
    assert_eq!(due(&state, "a", 239), Due::Nothing, "those before are made up for");
    assert_eq!(due(&state, "a", 240), Due::Claim(scheduled(240)));
}

#[test]
fn a_clock_that_is_behind_runs_no_occurrence_again() {
    let mut state = claimed();
    state.finish_empty(answered(Position::default(), false));
    assert_eq!(due(&state, "b", 58), Due::Nothing);
    state.claim(Why::Asked { by: "ada".to_owned() }, SAME, claim(2, "b", 58));
    assert_eq!(state.since, at(60), "it does not go back");
}

#[test]
fn what_a_person_asks_for_comes_first_and_once() {
    let mut state = QueryState::new(at(5));
    state.asked = Some("ada".to_owned());
    let asked = Why::Asked { by: "ada".to_owned() };
    assert_eq!(due(&state, "a", 60), Due::Claim(asked.clone()));
    state.claim(asked, SAME, claim(1, "a", 60));
    assert_eq!(state.asked, None);
    state.finish_empty(answered(Position::default(), false));
    assert_eq!(due(&state, "a", 61), Due::Nothing, "the occurrence is made up for, too");
}

#[test]
fn a_person_who_asks_while_rows_are_read_gets_another_read_behind_it() {
    let mut state = claimed();
    state.asked = Some("ada".to_owned());
    assert_eq!(due(&state, "b", 61), Due::Nothing);
    state.finish_empty(answered(Position::default(), false));
    assert_eq!(due(&state, "b", 61), Due::Claim(Why::Asked { by: "ada".to_owned() }));
}

#[test]
fn a_changed_query_is_read_at_once_if_it_says_so() {
    let mut state = QueryState::new(at(5));
    let due = |state: &QueryState, hash: &str| state.due(&hourly(true), hash, "a", at(6));
    assert_eq!(due(&state, "one"), Due::Claim(Why::Changed));
    state.claim(Why::Changed, Definition { hash: "one", ..SAME }, claim(1, "a", 6));
    state.fail(trouble(), false, at(6), 5);
    assert_eq!(due(&state, "one"), Due::Nothing, "one that fails for good is not read again and again");
    assert_eq!(due(&state, "other"), Due::Claim(Why::Changed));
}

#[test]
fn a_read_belongs_to_its_process_until_its_time_is_over() {
    let state = claimed();
    assert_eq!(due(&state, "b", 89), Due::Nothing);
    assert_eq!(due(&state, "b", 90), Due::TakeUp);
    assert_eq!(due(&state, "a", 61), Due::TakeUp, "a process that was started again goes on with its own");
    assert_eq!(due(&state, "b", 125), Due::TakeUp, "the next occurrence does not overlap it");
}

#[test]
fn each_process_that_takes_over_has_a_place_of_its_own_for_the_file() {
    let mut state = claimed();
    assert_eq!(reading(&state).attempt, 1);
    state.take_up(SAME, claim(2, "b", 90));
    let taken = reading(&state);
    assert_eq!((taken.run, taken.at, taken.attempt), (run(1), at(60), 2), "it is the same read");
    assert_eq!((taken.holder.as_str(), taken.until), ("b", at(120)));
}

#[test]
fn a_read_that_fails_waits_longer_and_longer() {
    let mut state = claimed();
    let mut waited = Vec::new();
    for n in 0..9 {
        state.fail(trouble(), true, at(61), 5);
        waited.push(reading(&state).until.duration_since(at(61)).as_secs());
        assert_eq!(reading(&state).tries, n + 1);
        state.take_up(SAME, claim(2, "a", 61));
    }
    assert_eq!(waited, [30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800]);
}

#[test]
fn a_read_that_fails_belongs_to_nobody_until_its_next_try() {
    let mut state = claimed();
    state.fail(trouble(), true, at(61), 5);
    assert_eq!(due(&state, "a", 61), Due::Nothing, "not even to the process that had it");
    assert_eq!(due(&state, "b", 62), Due::TakeUp, "thirty seconds are over");
    state.take_up(SAME, claim(2, "b", 62));
    assert_eq!(reading(&state).attempt, 1, "a process that told that it failed left nothing");
    assert_eq!(due(&state, "a", 63), Due::Nothing, "it is being read again");
    assert_eq!(due(&state, "b", 63), Due::TakeUp, "and goes on with that after it was stopped");
}

#[test]
fn a_read_that_waits_gives_way_to_the_next_occurrence_and_one_in_hand_does_not() {
    let mut state = claimed();
    state.fail(trouble(), true, at(118), 5);
    assert_eq!(due(&state, "a", 125), Due::Claim(scheduled(120)));
    state.take_up(SAME, claim(2, "b", 119));
    assert_eq!(due(&state, "a", 125), Due::Nothing);

    state.fail(trouble(), true, at(119), 5);
    state.claim(scheduled(120), SAME, claim(3, "a", 125));
    assert_eq!(reading(&state).run, run(3));
    let before = state.ended.last().unwrap();
    assert_eq!((before.run, &before.end), (Some(run(1)), &ReadEnd::Failed(trouble())));
}

#[test]
fn a_read_that_cannot_pass_by_itself_ends() {
    let mut state = claimed();
    state.position = position(7);
    state.fail(trouble(), false, at(61), 5);
    assert_eq!(state.phase, Phase::Idle);
    assert_eq!(state.position, position(7));
    assert_eq!(state.ended.last().unwrap().end, ReadEnd::Failed(trouble()));
    assert_eq!(due(&state, "a", 62), Due::Nothing);
    assert_eq!(due(&state, "a", 120), Due::Claim(scheduled(120)));
}

#[test]
fn the_last_item_moves_with_the_file_and_the_next_read_waits_for_its_outcome() {
    let state = registered(true);
    assert_eq!(state.position, position(30));
    for minutes in [61, 200, 10_000] {
        assert_eq!(due(&state, "b", minutes), Due::Settle(run(1)));
    }
    let end = state.ended.last().unwrap();
    assert_eq!((end.run, end.rows, end.left_out, &end.end), (Some(run(1)), 3, 1, &ReadEnd::File));
    assert_eq!((end.before.clone(), end.after.clone()), (None, Some(item(30))));
}

#[test]
fn the_last_item_goes_back_behind_a_file_that_is_refused() {
    let seen = SeenRows::new(vec![[1; 8]]);
    let before = Position { seen, ..position(7) };
    let mut state = claimed();
    state.position = before.clone();
    state.register(answered(position(30), true));
    state.settle(true, "same", claim(2, "b", 61));
    assert_eq!(state.position, before);
    assert_eq!(state.phase, Phase::Idle, "no part follows one that is refused");
    assert_eq!(state.ended.last().unwrap().end, ReadEnd::WentBack);
}

#[test]
fn the_next_part_follows_a_file_that_is_imported() {
    let mut state = registered(true);
    state.settle(false, "same", claim(2, "b", 61));
    let next = reading(&state);
    assert_eq!((next.run, next.part, next.attempt), (run(2), 2, 1));
    assert_eq!((&next.why, next.holder.as_str()), (&scheduled(60), "b"));
    assert_eq!(state.position, position(30));

    let mut last = registered(false);
    last.settle(false, "same", claim(2, "b", 61));
    assert_eq!((last.phase, last.position), (Phase::Idle, position(30)));
}

#[test]
fn no_part_follows_if_the_query_was_changed() {
    let mut state = registered(true);
    state.settle(false, "other", claim(2, "b", 61));
    assert_eq!(state.phase, Phase::Idle);
}

#[test]
fn an_answer_without_new_rows_leaves_the_last_item() {
    let mut state = claimed();
    state.position = position(7);
    let seen = SeenRows::new(vec![[2; 8]]);
    state.finish_empty(answered(Position { seen: seen.clone(), ..position(7) }, false));
    assert_eq!(state.position, Position { seen, ..position(7) });
    assert_eq!((&state.phase, &state.ended.last().unwrap().end), (&Phase::Idle, &ReadEnd::Nothing));
}

/// The position of one column says nothing about another one, whenever the configuration is replaced.
#[test]
fn another_column_begins_at_its_start() {
    let other = Definition { hash: "other", column: Some("at") };
    let moved = |state: &QueryState| {
        let last = state.ended.last().unwrap();
        (last.before.clone(), last.end.clone())
    };
    let mut state = registered(false);
    state.settle(false, "same", claim(2, "a", 61));
    state.claim(scheduled(120), other, claim(3, "a", 120));
    assert_eq!(state.position, Position::default());
    assert_eq!(moved(&state), (Some(item(30)), ReadEnd::Moved { by: None }));

    let mut state = claimed();
    state.position = position(7);
    state.take_up(other, claim(2, "b", 90));
    assert_eq!((state.position.clone(), state.definition.as_deref()), (Position::default(), Some("other")));
    assert_eq!(moved(&state), (Some(item(7)), ReadEnd::Moved { by: None }));
}

#[test]
fn a_person_moves_the_last_item_while_nothing_is_in_hand() {
    let mut state = QueryState::new(at(5));
    assert!(state.move_to(Some(item(12)), Some("id"), "ada", at(6)));
    assert_eq!(state.position, position(12));
    let end = state.ended.last().unwrap();
    assert_eq!(end.end, ReadEnd::Moved { by: Some("ada".to_owned()) });
    assert!(state.move_to(None, Some("id"), "ada", at(7)));
    assert_eq!(state.position, Position::default());

    for mut busy in [claimed(), registered(false)] {
        let before = busy.clone();
        assert!(!busy.move_to(Some(item(12)), Some("id"), "ada", at(61)));
        assert_eq!(busy, before, "what is in hand is not changed");
    }
    let mut waits = claimed();
    waits.fail(trouble(), true, at(61), 5);
    assert!(waits.move_to(Some(item(12)), Some("id"), "ada", at(61)), "nobody reads");
    assert_eq!(waits.position, position(12));
}

#[test]
fn the_last_fifty_are_remembered() {
    let mut state = QueryState::new(at(5));
    for n in 0..60 {
        assert!(state.move_to(Some(item(n)), Some("id"), "ada", at(6)));
    }
    assert_eq!(state.ended.len(), 50);
    assert_eq!(state.ended.last().unwrap().after, Some(item(59)));
}

/// A store keeps a state as JSON.
#[test]
fn a_state_is_the_same_after_it_was_kept() {
    let mut waiting = claimed();
    waiting.fail(trouble(), true, at(61), 5);
    for state in [QueryState::new(at(5)), claimed(), waiting, registered(true)] {
        let kept = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<QueryState>(&kept).unwrap(), state);
    }
}

/// The same query, read every day at this time.
fn daily(time: &str) -> QueryOptions {
    let schedule = Schedule::parse("schedule", json!({ "every": "day", "at": time })).unwrap();
    QueryOptions { schedule: Some(schedule), ..hourly(false) }
}

#[test]
fn a_changed_schedule_begins_when_it_is_seen() {
    let (early, late) = (daily("06:00"), daily("08:00"));
    let mut state = QueryState::new(at(0));
    assert!(state.see_schedule(&late, at(0)));
    // At seven o'clock it is read at six instead of eight: six o'clock of this day was before that.
    let changed = at(7 * 60);
    assert!(state.see_schedule(&early, changed));
    assert_eq!(state.due(&early, "same", "a", changed), Due::Nothing);
    assert!(!state.see_schedule(&early, at(8 * 60)), "it is seen once");
    assert_eq!(state.due(&early, "same", "a", at(29 * 60)), Due::Nothing);
    let next_day = 30 * 60;
    assert_eq!(state.due(&early, "same", "a", at(next_day)), Due::Claim(scheduled(next_day)));
    // What was missed before the next look is made up for.
    assert!(!state.see_schedule(&early, at(next_day + 90)));
    assert_eq!(state.due(&early, "same", "a", at(next_day + 90)), Due::Claim(scheduled(next_day)));
}
