//! Many trials and many neighbours.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidewaiter_tests::generate::Chance;

use crate::fault::Kind;
use crate::neighbour;
use crate::trial::{Bench, Told, Trial, make};

/// A trial that takes longer than this hangs.
const HANGS: Duration = Duration::from_mins(2);

/// What came of many trials.
#[derive(Debug, Default)]
pub struct Total {
    /// How many trials hit a call, by kind of fault.
    pub trials: BTreeMap<Kind, u64>,
    /// How many runs made fewer calls than the undisturbed one.
    pub missed: u64,
    /// How many neighbours were lived with.
    pub neighbours: u64,
    /// What went wrong, with how it is seen again.
    pub found: Vec<(String, Vec<String>)>,
}

impl Total {
    /// How many trials hit a call.
    pub fn count(&self) -> u64 {
        self.trials.values().sum()
    }

    fn add(&mut self, trial: Trial, told: Told) {
        let Some(hit) = told.hit else {
            self.missed += 1;
            return self.add_found(trial.to_string(), told.problems);
        };
        *self.trials.entry(trial.kind).or_default() += 1;
        self.add_found(format!("{trial}   # {hit}"), told.problems);
    }

    fn add_found(&mut self, what: String, problems: Vec<String>) {
        if !problems.is_empty() {
            self.found.push((what, problems));
        }
    }
}

/// Every trial there is: each call under each kind of fault that can happen to it. `seed` decides what power cuts take.
pub fn all_trials(bench: &Bench, seed: u64) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (call, made) in (1..).zip(&bench.calls) {
        for kind in Kind::all().into_iter().filter(|kind| kind.suits(made.op)) {
            trials.push(Trial { call, kind, seed: seed ^ call });
        }
    }
    trials
}

/// Makes trials in this order, on so many threads, until they are done or the time is up. `tell` is called with what is
/// found.
pub fn sweep(
    bench: &Bench,
    trials: &[Trial],
    jobs: usize,
    until: Option<Instant>,
    tell: &(dyn Fn(u64, &Total) + Sync),
) -> Total {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let done = AtomicBool::new(false);
    let busy: Vec<Mutex<Option<(Instant, Trial)>>> = (0..jobs).map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = busy
            .iter()
            .map(|busy| {
                let (next, total) = (&next, &total);
                scope.spawn(move || {
                    while until.is_none_or(|until| Instant::now() < until) {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let trial = usize::try_from(at).ok().and_then(|at| trials.get(at));
                        let Some(trial) = trial.copied() else { break };
                        *busy.lock().expect("no trial panics with it") = Some((Instant::now(), trial));
                        let told = make(bench, trial);
                        let mut total = total.lock().expect("no trial panics with it");
                        total.add(trial, told);
                        tell(at + 1, &total);
                    }
                    *busy.lock().expect("no trial panics with it") = None;
                })
            })
            .collect();
        let (done, busy) = (&done, &busy);
        scope.spawn(move || watch(done, busy));
        for worker in workers {
            worker.join().expect("a trial does not panic");
        }
        done.store(true, Ordering::Relaxed);
    });
    total.into_inner().expect("no trial panics with it")
}

/// Stops everything if a trial hangs: no thread can be stopped by itself.
#[expect(clippy::print_stderr, reason = "whoever waits for it must know")]
fn watch(done: &AtomicBool, busy: &[Mutex<Option<(Instant, Trial)>>]) {
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        for busy in busy {
            let at = *busy.lock().expect("no trial panics with it");
            if let Some((_, trial)) = at.filter(|(since, _)| since.elapsed() > HANGS) {
                eprintln!("HANGS: {trial}");
                std::process::abort();
            }
        }
    }
}

/// The trials in an order that chance decides.
pub fn shuffled(mut trials: Vec<Trial>, seed: u64) -> Vec<Trial> {
    let mut chance = Chance::new(seed);
    for at in (1..trials.len()).rev() {
        let other = usize::try_from(chance.below(at as u64 + 1)).unwrap_or(0);
        trials.swap(at, other);
    }
    trials
}

/// Lives with neighbours of these seeds, one after the other, until the time is up.
pub fn neighbours(
    bench: &Bench,
    seeds: impl Iterator<Item = u64>,
    until: Option<Instant>,
    total: &mut Total,
) {
    for seed in seeds {
        if until.is_some_and(|until| Instant::now() >= until) {
            return;
        }
        let (problems, _) = neighbour::live(bench, seed);
        total.neighbours += 1;
        total.add_found(format!("faults neighbour {seed}"), problems);
    }
}
