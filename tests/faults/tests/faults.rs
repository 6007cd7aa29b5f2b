//! A part of what `make faults` does, in about two minutes: other calls, faults and neighbours each time, and some that
//! are always the same.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidewaiter_faults::sweep::{Total, all_trials, neighbours, shuffled, sweep};
use tidewaiter_faults::trial::Bench;

/// How many trials, and how many neighbours, are the same each time.
const FIXED: usize = 60;
/// For how long there are others after the fixed trials.
const TRIALS: Duration = Duration::from_secs(65);
/// For how long there are others after the fixed neighbours.
const NEIGHBOURS: Duration = Duration::from_secs(15);

fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

#[track_caller]
fn assert_none(total: &Total, seed: u64) {
    let found: Vec<String> = total
        .found
        .iter()
        .map(|(what, problems)| format!("{what}\n    {}", problems.join("\n    ")))
        .collect();
    assert!(
        found.is_empty(),
        "SEED={seed}, with differences:\n{}\nseen again by: make faults FAULT=\"one …\"",
        found.join("\n")
    );
}

#[test]
fn a_call_that_fails_changes_nothing_in_the_end() {
    let (bench, seed) = (Bench::new(), seed());
    let trials = shuffled(all_trials(&bench, 1), 1);
    let fixed = sweep(&bench, &trials[..FIXED], 2, None, &|_, _| {});
    assert_none(&fixed, 1);
    println!("SEED={seed}");
    let trials = shuffled(all_trials(&bench, seed), seed);
    let fresh = sweep(&bench, &trials, 2, Some(Instant::now() + TRIALS), &|_, _| {});
    assert_none(&fresh, seed);
    println!("{} calls, {} trials, and {} from seed {seed}", bench.calls.len(), fixed.count(), fresh.count());
    assert!(fixed.count() > 0 && fresh.count() > 0);
}

#[test]
fn a_hostile_neighbour_reaches_nothing_that_is_not_its_own() {
    let (bench, seed) = (Bench::new(), seed());
    let mut total = Total::default();
    neighbours(&bench, 1..=FIXED as u64, None, &mut total);
    println!("SEED={seed}");
    neighbours(&bench, seed.., Some(Instant::now() + NEIGHBOURS), &mut total);
    assert_none(&total, seed);
    println!("{} neighbours, from 1 and from seed {seed}", total.neighbours);
}

/// Without it nothing could be compared.
#[test]
fn two_undisturbed_runs_are_the_same() {
    let (one, other) = (Bench::new(), Bench::new());
    assert_eq!(one.expected(), other.expected());
    let made = |bench: &Bench| {
        let mut made: Vec<String> = bench.calls.iter().map(|call| call.masked().to_string()).collect();
        made.sort();
        made
    };
    assert_eq!(made(&one), made(&other), "the same calls");
}
