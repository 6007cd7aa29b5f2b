//! Histories in which everything goes wrong: none violates anything.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidewaiter_simulation::fault::{Fault, Faults};
use tidewaiter_simulation::history::{Told, run};
use tokio::runtime::{Builder, Runtime};

/// The histories that are the same each time.
const FIXED: u64 = 400;
/// For how long there are others after them.
const FRESH: Duration = Duration::from_secs(8);

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Runs a history; if something is violated, tells how it went.
fn hold(runtime: &Runtime, seed: u64) -> Told {
    let told = run(runtime, seed, false);
    if !told.violations.is_empty() {
        let told = run(runtime, seed, true);
        let (trace, violations) = (told.trace.join("\n"), told.violations.join("\n"));
        panic!("{trace}\n\nVIOLATED: {violations}\nseen again by: make simulate SEED={seed}");
    }
    told
}

#[test]
fn nothing_is_violated_and_every_kind_of_fault_is_injected() {
    let halves: Vec<_> = [0, 1]
        .map(|half| {
            std::thread::spawn(move || {
                let (runtime, mut faults) = (runtime(), Faults::default());
                for seed in (1..=FIXED).filter(|seed| seed % 2 == half) {
                    faults.join(&hold(&runtime, seed).faults);
                }
                faults
            })
        })
        .into();
    let mut faults = Faults::default();
    for half in halves {
        faults.join(&half.join().unwrap());
    }
    println!("{faults}");
    for fault in Fault::ALL {
        assert!(faults.of(fault) > 0, "never injected: {}", fault.name());
    }
}

/// A file came before an archive with its correction, and was refused behind it: it took over the log of the correction. The judge
/// looked at the place of the archive, which has another name, and asked for a problem that is resolved.
#[test]
fn a_correction_that_was_imported_before_the_refusal_resolves_nothing() {
    let runtime = runtime();
    for seed in [601_306, 604_229, 605_075, 605_082] {
        hold(&runtime, seed);
    }
}

#[test]
fn fresh_histories_hold_as_well() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64 * 10_000;
    let (began, runtime) = (Instant::now(), runtime());
    let mut count = 0;
    while began.elapsed() < FRESH {
        hold(&runtime, seed + count);
        count += 1;
    }
    println!("{count} histories from seed {seed}");
    assert!(count > 0);
}

/// Without it no seed could be replayed.
#[test]
fn a_seed_is_the_same_history_each_time() {
    let runtime = runtime();
    let mut prints = std::collections::BTreeSet::new();
    for seed in 1..=20 {
        let (one, other) = (run(&runtime, seed, false), run(&runtime, seed, true));
        assert_eq!(
            (one.print, one.calls, one.faults),
            (other.print, other.calls, other.faults),
            "seed {seed}"
        );
        prints.insert(one.print);
    }
    assert_eq!(prints.len(), 20, "two seeds are two histories");
}
