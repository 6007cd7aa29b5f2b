//! Lets every call of a run fail in every way: `faults all [SEED]`. A part of it, for some seconds:
//! `faults some SECONDS [SEED]`. One again, with its story: `faults one CALL KIND SEED`, `faults neighbour SEED`.
#![expect(clippy::print_stdout, reason = "it talks to whoever runs it")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidewaiter_faults::fault::Kind;
use tidewaiter_faults::neighbour;
use tidewaiter_faults::sweep::{Total, all_trials, neighbours, shuffled, sweep};
use tidewaiter_faults::trial::{Bench, Trial, make};

/// How many neighbours `all` lives with.
const NEIGHBOURS: u64 = 5_000;
/// After so many findings no more are shown.
const SHOWN: usize = 40;
/// Of each finding so many problems are shown.
const PROBLEMS: usize = 6;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |n: usize| arguments.get(n).map(String::as_str);
    let number = |n: usize| word(n).and_then(|text| text.parse::<u64>().ok());
    let bench = Bench::new();
    match (word(0), word(1)) {
        (Some("all"), _) => all(&bench, number(1).unwrap_or_else(fresh)),
        (Some("some"), _) => some(&bench, number(1).unwrap_or(60), number(2).unwrap_or_else(fresh)),
        (Some("calls"), _) => {
            (1..).zip(&bench.calls).for_each(|(n, call): (u64, _)| println!("{n:>6} {call}"));
            ExitCode::SUCCESS
        }
        (Some("kind"), Some(kind)) => {
            let Ok(kind) = kind.parse::<Kind>() else { return usage() };
            let trials = all_trials(&bench, number(2).unwrap_or(1));
            let trials: Vec<Trial> = trials.into_iter().filter(|trial| trial.kind == kind).collect();
            show(&bench, &sweep(&bench, &trials, jobs(), None, &progress(trials.len())), Instant::now())
        }
        (Some("one"), Some(_)) => match (number(1), word(2).map(str::parse::<Kind>)) {
            (Some(call), Some(Ok(kind))) => one(&bench, Trial { call, kind, seed: number(3).unwrap_or(1) }),
            _ => usage(),
        },
        (Some("neighbour"), Some(_)) => {
            let (problems, story) = neighbour::live(&bench, number(1).unwrap_or(1));
            tell_one(&story, &problems)
        }
        (Some("neighbours"), Some(_)) => {
            let (mut total, base, began) =
                (Total::default(), number(2).unwrap_or_else(fresh), Instant::now());
            neighbours(&bench, base..base + number(1).unwrap_or(1), None, &mut total);
            show(&bench, &total, began)
        }
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    let kinds: Vec<String> = Kind::all().iter().map(ToString::to_string).collect();
    println!(
        "faults all [SEED] | faults some SECONDS [SEED] | faults kind KIND [SEED] | faults calls\n\
         faults one CALL KIND SEED | faults neighbour SEED | faults neighbours N [SEED]\nkinds: {}",
        kinds.join(" ")
    );
    ExitCode::from(2)
}

fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() << 10) ^ u64::from(now.subsec_millis())
}

fn jobs() -> usize {
    std::env::var("JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(1)
}

fn all(bench: &Bench, seed: u64) -> ExitCode {
    let trials = all_trials(bench, seed);
    println!("{} calls, {} trials, {NEIGHBOURS} neighbours, seed {seed}", bench.calls.len(), trials.len());
    let began = Instant::now();
    let mut total = sweep(bench, &trials, jobs(), None, &progress(trials.len()));
    neighbours(bench, seed..seed + NEIGHBOURS, None, &mut total);
    show(bench, &total, began)
}

fn some(bench: &Bench, seconds: u64, seed: u64) -> ExitCode {
    println!("{} calls, for {seconds} s, seed {seed}", bench.calls.len());
    let (began, time) = (Instant::now(), Duration::from_secs(seconds));
    let trials = shuffled(all_trials(bench, seed), seed);
    let mut total = sweep(bench, &trials, jobs(), Some(began + time * 3 / 4), &progress(trials.len()));
    neighbours(bench, seed.., Some(began + time), &mut total);
    show(bench, &total, began)
}

fn progress(trials: usize) -> impl Fn(u64, &Total) + Sync {
    let (began, shown) = (Instant::now(), AtomicUsize::new(0));
    move |done, total| {
        // What differs is shown at once: a whole run takes long.
        for (what, problems) in total.found.iter().skip(shown.swap(total.found.len(), Ordering::Relaxed)) {
            println!("differs: {what}: {}", problems.first().map_or("", String::as_str));
        }
        if done.is_multiple_of(500) {
            println!(
                "{done} of {trials} trials, {} with differences, {:.0} s",
                total.found.len(),
                began.elapsed().as_secs_f64()
            );
        }
    }
}

fn one(bench: &Bench, trial: Trial) -> ExitCode {
    let told = make(bench, trial);
    println!("hit: {}", told.hit.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string));
    tell_one(&told.story, &told.problems)
}

fn tell_one(story: &[String], problems: &[String]) -> ExitCode {
    for line in story {
        println!("{line}");
    }
    for problem in problems {
        println!("DIFFERENCE: {problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(bench: &Bench, total: &Total, began: Instant) -> ExitCode {
    for (what, problems) in total.found.iter().take(SHOWN) {
        println!("DIFFERENCE: {what}");
        problems.iter().take(PROBLEMS).for_each(|problem| println!("    {problem}"));
        if problems.len() > PROBLEMS {
            println!("    and {} more", problems.len() - PROBLEMS);
        }
    }
    total.trials.iter().for_each(|(kind, count)| println!("{count:>8}  {kind}"));
    println!(
        "{} calls, {} trials ({} of runs that ended before that call), {} neighbours, {} with differences, {:.0} s",
        bench.calls.len(),
        total.count(),
        total.missed,
        total.neighbours,
        total.found.len(),
        began.elapsed().as_secs_f64()
    );
    if total.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
