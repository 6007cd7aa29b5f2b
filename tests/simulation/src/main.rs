//! Simulates histories: `simulate seeds N [BASE]`, or one with its trace: `simulate seed X`. `simulate until N BASE`
//! stops with the first one that violates something.
#![expect(clippy::print_stdout, reason = "it talks to whoever runs it")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tidewaiter_simulation::fault::{Fault, Faults};
use tidewaiter_simulation::history::{Told, run};
use tidewaiter_tests::generate::Chance;

/// After so many histories that violate something, no more are run.
const SHOWN: u64 = 25;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| arguments.get(n).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(1)) {
        (Some("seed"), Some(seed)) => one(seed),
        (Some("seeds"), Some(count)) => many(count, number(2).unwrap_or_else(fresh), SHOWN),
        (Some("until"), Some(count)) => many(count, number(2).unwrap_or_else(fresh), 1),
        _ => {
            println!("simulate seeds N [BASE] | simulate seed X | simulate until N [BASE]");
            ExitCode::from(2)
        }
    }
}

fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Chance::new(now.as_secs() ^ u64::from(now.subsec_nanos()) << 32).any() >> 16
}

fn one(seed: u64) -> ExitCode {
    let Some(runtime) = runtime() else { return ExitCode::FAILURE };
    let told = run(&runtime, seed, true);
    for line in &told.trace {
        println!("{line}");
    }
    show(&told)
}

fn runtime() -> Option<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().build().ok()
}

/// Says what was violated, and how it is seen again.
fn show(told: &Told) -> ExitCode {
    for violation in &told.violations {
        println!("VIOLATED: {violation}");
    }
    if told.violations.is_empty() {
        println!("seed {}: {} files, {} calls, nothing violated", told.seed, told.files, told.calls);
        return ExitCode::SUCCESS;
    }
    println!("seen again by: make simulate SEED={}", told.seed);
    ExitCode::FAILURE
}

/// Runs so many seeds, counting up from `base`, on each processor that is asked for.
fn many(count: u64, base: u64, at_most: u64) -> ExitCode {
    println!("{count} histories from seed {base}");
    let began = Instant::now();
    let (next, failures, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let total = Mutex::new((Faults::default(), 0_u64, 0_u64, 0_u64, 0_u64));
    let jobs = std::env::var("JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let Some(runtime) = runtime() else { return };
                while !failed.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let told = run(&runtime, base.wrapping_add(n), false);
                    let Ok(mut total) = total.lock() else { return };
                    total.0.join(&told.faults);
                    (total.1, total.2) = (total.1 + 1, total.2 + told.files);
                    (total.3, total.4) = (total.3 + told.lines, total.4 + told.calls);
                    if let Some(violation) = told.violations.first() {
                        println!("VIOLATED after {} histories, SEED={}: {violation}", total.1, told.seed);
                        failed.store(
                            failures.fetch_add(1, Ordering::Relaxed) + 1 >= at_most,
                            Ordering::Relaxed,
                        );
                    }
                }
            });
        }
    });
    let Ok((faults, histories, files, lines, calls)) = total.into_inner() else { return ExitCode::FAILURE };
    print!("{faults}");
    let seconds = began.elapsed().as_secs_f64();
    println!("{histories} histories, {files} files, {lines} lines, {calls} calls, {seconds:.1} s");
    let missing: Vec<&str> =
        Fault::ALL.iter().filter(|fault| faults.of(**fault) == 0).map(|fault| fault.name()).collect();
    if !missing.is_empty() {
        println!("never injected: {}", missing.join(", "));
    }
    match failures.into_inner() {
        0 => ExitCode::SUCCESS,
        failures => {
            println!("{failures} histories violate something; seen again by: make simulate SEED=…");
            ExitCode::FAILURE
        }
    }
}
