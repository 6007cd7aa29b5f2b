//! Lets one call of a run fail.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use tidewaiter_folder::disk::{Call, Interference, Op};
use tokio::sync::Notify;

use crate::fault::{Kind, Reach, Refusal};
use crate::journal::Journal;

/// How long a stall takes, in milliseconds.
const STALL: i64 = 3_600_000;

/// So many calls of an endless run are shown.
const LAST: u64 = 60;

/// A call as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What was done.
    pub op: Op,
    /// With what.
    pub path: PathBuf,
    /// To where.
    pub to: Option<PathBuf>,
}

impl Made {
    fn of(call: &Call<'_>) -> Self {
        Self { op: call.what, path: call.path.to_owned(), to: call.to.map(Path::to_owned) }
    }
}

impl Made {
    /// The same without what differs from run to run: ids, and the names of files that are being written.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self { op: self.op, path: masked(&self.path), to: self.to.as_deref().map(masked) }
    }
}

fn masked(path: &Path) -> PathBuf {
    const PARTIAL: &str = ".tidewaiter/partial";
    if path.parent() == Some(Path::new(PARTIAL)) {
        return Path::new(PARTIAL).join("*");
    }
    let text = path.to_string_lossy();
    let is_id = |part: &str| {
        part.len() == 26 && part.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    let parts = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(|part| {
        let name = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_id(name) { part.replace(name, "*") } else { part.to_owned() }
    });
    parts.collect::<String>().into()
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.op, self.path.display())?;
        self.to.as_ref().map_or(Ok(()), |to| write!(f, " -> {}", to.display()))
    }
}

/// Which call of a run is meant.
#[derive(Debug, Clone)]
pub enum Target {
    /// The one with this number, from 1.
    Number(u64),
    /// The one that is the n-th of its kind, from 1, but for ids. The log of a file is written while the file is moved,
    /// so the numbers of some calls differ from run to run.
    Nth(Made, u64),
}

/// What is done to which call.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The call.
    pub call: Target,
    /// What happens to it.
    pub kind: Kind,
}

/// Counts the calls of a run, and lets one of them fail.
pub struct Injector {
    held: Mutex<Held>,
    clock: Arc<AtomicI64>,
    ends: Arc<Notify>,
}

struct Held {
    plan: Option<Plan>,
    most: u64,
    calls: u64,
    /// How many calls were like the one that is meant.
    alike: u64,
    /// The call that was hit.
    hit: Option<Made>,
    /// How often calls were refused.
    refused: u64,
    /// Who made the call whose answer is lost.
    loses: Option<ThreadId>,
    is_dead: bool,
    is_endless: bool,
    trace: Option<Vec<Made>>,
    /// The last calls of a run that is endless.
    last: Vec<Made>,
    journal: Option<Journal>,
}

impl Injector {
    /// One that carries out a plan. A run that makes more than `most` calls is endless.
    pub fn new(plan: Option<Plan>, most: u64) -> Self {
        let held = Held {
            plan,
            most,
            calls: 0,
            alike: 0,
            hit: None,
            refused: 0,
            loses: None,
            is_dead: false,
            is_endless: false,
            trace: None,
            last: Vec::new(),
            journal: None,
        };
        Self { held: Mutex::new(held), clock: Arc::default(), ends: Arc::default() }
    }

    /// Notes each call.
    #[must_use]
    pub fn traced(self) -> Self {
        self.held().trace = Some(Vec::new());
        self
    }

    /// Notes what is durable.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        self.held().journal = Some(journal);
        self
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By how many milliseconds the clock has jumped.
    pub fn clock(&self) -> Arc<AtomicI64> {
        self.clock.clone()
    }

    /// Told when the run is to be given up: the process is dead, or makes too many calls.
    pub fn ends(&self) -> Arc<Notify> {
        self.ends.clone()
    }

    /// True if too many calls were made.
    pub fn is_endless(&self) -> bool {
        self.held().is_endless
    }

    /// How many calls were made.
    pub fn calls(&self) -> u64 {
        self.held().calls
    }

    /// The call that was hit.
    pub fn hit(&self) -> Option<Made> {
        self.held().hit.clone()
    }

    /// What was called, if it was traced.
    pub fn take_trace(&self) -> Vec<Made> {
        self.held().trace.take().unwrap_or_default()
    }

    /// The last calls, if the run was endless.
    pub fn last(&self) -> Vec<String> {
        let held = self.held();
        if held.is_endless { held.last.iter().map(ToString::to_string).collect() } else { Vec::new() }
    }

    /// What is durable, if it was noted.
    pub fn take_journal(&self) -> Option<Journal> {
        self.held().journal.take()
    }
}

impl Held {
    fn is_hit(&mut self, call: &Call<'_>, clock: &AtomicI64) -> io::Result<Option<usize>> {
        let Some(Plan { call: target, kind }) = &self.plan else { return Ok(None) };
        let kind = *kind;
        let is_first = match target {
            Target::Number(number) => self.calls == *number,
            Target::Nth(meant, nth) => {
                let is_alike = meant.op == call.what && *meant == Made::of(call).masked();
                self.alike += u64::from(is_alike);
                is_alike && self.alike == *nth
            }
        };
        if is_first {
            self.hit = Some(Made::of(call));
        }
        let Some(hit) = &self.hit else { return Ok(None) };
        let is_same = is_first || *hit == Made::of(call);
        let refuses = match kind {
            Kind::Once(refusal) => is_first.then_some(refusal),
            Kind::Times(times, refusal) => (is_same && self.refused < times.into()).then_some(refusal),
            Kind::Stays(Reach::Call, refusal) => is_same.then_some(refusal),
            Kind::Stays(Reach::Place, refusal) => is_there(hit, call, refusal).then_some(refusal),
            Kind::Stays(Reach::All, refusal) => refusal.suits(call.what).then_some(refusal),
            Kind::ShortThenFull if !is_first && call.what == Op::Write && hit.path == call.path => {
                Some(Refusal::Full)
            }
            Kind::Short | Kind::ShortThenFull if is_first => return Ok(Some(1)),
            Kind::Stall if is_first => {
                clock.fetch_add(STALL, Ordering::Relaxed);
                None
            }
            Kind::Lost if is_first => {
                self.loses = Some(std::thread::current().id());
                None
            }
            Kind::Dies | Kind::PowerCut | Kind::DiesThenPowerCut => {
                self.is_dead = true;
                Some(Refusal::Broken)
            }
            _ => None,
        };
        match refuses {
            Some(refusal) => {
                self.refused += 1;
                Err(refusal.error())
            }
            None => Ok(None),
        }
    }
}

/// True for a call at the place of the one that was hit. Where two file systems meet, only what goes from one to the
/// other is refused.
fn is_there(hit: &Made, call: &Call<'_>, refusal: Refusal) -> bool {
    let same_place = place(&hit.path) == place(call.path);
    if refusal != Refusal::Across {
        return hit.op == call.what && same_place;
    }
    let (Some(old), Some(new)) = (&hit.to, call.to) else { return false };
    if place(&hit.path) == place(old) {
        return hit.op == call.what && hit.path == call.path && old == new;
    }
    refusal.suits(call.what) && same_place && place(old) == place(new)
}

/// The prefix and the repository of a path.
fn place(path: &Path) -> PathBuf {
    path.components().take(2).collect()
}

impl Interference for Injector {
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>> {
        let mut held = self.held();
        held.calls += 1;
        if let Some(trace) = &mut held.trace {
            trace.push(Made::of(call));
        }
        if held.calls + LAST > held.most {
            held.last.push(Made::of(call));
        }
        if held.calls > held.most {
            held.is_dead = true;
            held.is_endless = true;
            self.ends.notify_one();
        }
        if held.is_dead {
            return Err(Refusal::Broken.error());
        }
        let short = held.is_hit(call, &self.clock);
        if held.is_dead {
            // Nothing that it does from now on has any effect.
            self.ends.notify_one();
        }
        let short = short?;
        if let Some(journal) = &mut held.journal {
            journal.before(call);
        }
        Ok(short)
    }

    fn after(&self, call: &Call<'_>) -> io::Result<()> {
        let mut held = self.held();
        if let Some(journal) = &mut held.journal {
            journal.after(call);
        }
        let is_hit = held.hit.as_ref().is_some_and(|hit| *hit == Made::of(call));
        if is_hit && held.loses == Some(std::thread::current().id()) {
            held.loses = None;
            return Err(Refusal::Broken.error());
        }
        Ok(())
    }
}
