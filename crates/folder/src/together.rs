//! Small files that follow each other share a commit.
//!
//! A commit is a sync of a database, and takes longer than landing a small file. So the files of one repository that
//! follow each other write into one transaction of the state and one of the records, each file into a part of its own,
//! which fails alone. Nobody else sees anything of it until [`Together::commit`]:
//!
//! 1. The records are committed, and with them what their files work under.
//! 2. The state is committed, and with it the outcomes.
//!
//! As before any commit, what lies in the repository is made durable first. Only behind both are the outcomes carried
//! out: [`Together::end`] hands them out. So a power cut leaves each file untouched, or landed and with what it works
//! under (between the two: see `pins.rs`), or with its outcome.
//!
//! Nothing of a file is seen in the folder before its outcome is durable, whatever a use case does: a call that changes
//! what others see commits first ([`Disk::before_changes`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{ImportRun, KeptReport, Kind, Pinned, Postponed};
use tidewaiter_engine::{Error, Result};
use tokio::time::Instant;

use crate::disk::Disk;
use crate::pins;
use crate::sqlite::Database;

/// So many files share a commit at most, and for so long are they gathered.
const MOST: usize = 256;
const LONGEST: Duration = Duration::from_millis(250);
/// A larger file shares no commit, in bytes.
pub(super) const SMALL: u64 = 1 << 20;

/// What files share that follow each other. Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct Together(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Database,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Whose files share a commit, and since when. None if none do.
    begun: Option<(Repository, Instant)>,
    /// Where they are landed, once one was.
    records: Option<Database>,
    /// What those of them work under that have begun.
    pins: BTreeMap<ImportId, Pinned>,
    /// Their outcomes, in their order.
    outcomes: Vec<Arc<Postponed>>,
    /// The runs whose outcomes were taken over and are not carried out.
    postponed: BTreeSet<ImportId>,
    /// The names of their outputs.
    names: BTreeSet<String>,
    /// Why what they wrote is lost.
    failed: Option<Error>,
}

impl Together {
    /// For a state, and the files beside it.
    pub(super) fn new(state: &Database, disk: &Disk) -> Self {
        let shared = Shared { state: state.clone(), held: Mutex::default() };
        let together = Self(Arc::new(shared));
        // The disk must not keep the databases open.
        let shared = Arc::downgrade(&together.0);
        disk.before_changes(move || {
            let together = shared.upgrade().map(Self);
            together.map_or(Ok(()), |together| together.commit().map_err(io::Error::other))
        });
        together
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the files of a repository share a commit.
    pub(super) fn begin(&self, repository: &Repository) {
        let mut held = self.held();
        if held.begun.is_none() {
            held.begun = Some((repository.clone(), Instant::now()));
            self.0.state.share();
        }
    }

    /// Whose files share a commit.
    pub(super) fn repository(&self) -> Option<Repository> {
        self.held().begun.as_ref().map(|(repository, _)| repository.clone())
    }

    /// The repository whose next file joins those before it, as long as an outcome waits for its commit.
    pub(super) fn followed(&self) -> Option<Repository> {
        let held = self.held();
        let begun = held.begun.as_ref().filter(|_| !held.outcomes.is_empty());
        begun.map(|(repository, _)| repository.clone())
    }

    /// True if no more files should join.
    pub(super) fn is_full(&self) -> bool {
        let held = self.held();
        let is_late = held.begun.as_ref().is_some_and(|(_, since)| since.elapsed() >= LONGEST);
        is_late || held.outcomes.len() >= MOST
    }

    /// True if a file can share a commit with those before it: it is small, and has no name that one of them has.
    pub(super) fn takes(&self, run: &ImportRun) -> bool {
        let held = self.held();
        run.content().1 <= SMALL && !held.names.contains(&run.file) && !held.names.contains(run.data_file())
    }

    /// True if an outcome can wait for the commit. One that refuses a file depends on the records as they are: it is
    /// carried out at once, so that nothing is landed behind it in the same commit.
    pub(super) fn postpones(&self, outcome: &Postponed) -> bool {
        let (run, conclusion) = (&outcome.import, &outcome.conclusion);
        let held = self.held();
        held.begun.as_ref().is_some_and(|(repository, _)| *repository == run.repository)
            && held.records.is_some()
            && conclusion.outcome == Outcome::Imported
            && matches!(conclusion.report, KeptReport::Here(_))
            && matches!(run.kind, Kind::Data { group: None, unpacked: None, .. })
    }

    /// Takes over an outcome.
    pub(super) fn postpone(&self, outcome: &Arc<Postponed>) {
        let mut held = self.held();
        let run = &outcome.import;
        held.postponed.insert(run.id);
        held.names.extend([run.file.clone(), run.data_file().to_owned()]);
        held.outcomes.push(Arc::clone(outcome));
    }

    /// True if an outcome was taken over.
    pub(super) fn is_postponed(&self, import: ImportId) -> bool {
        self.held().postponed.contains(&import)
    }

    /// Notes what a file works under.
    pub(super) fn pinned(&self, import: ImportId, pin: &Pinned) {
        let mut held = self.held();
        if held.begun.is_some() {
            held.pins.insert(import, pin.clone());
        }
    }

    /// A file is about to be landed there, with those before it. If they were landed elsewhere, that is committed first.
    ///
    /// # Errors
    /// If what they wrote is lost.
    pub(super) fn lands_in(&self, writer: &Database) -> Result<()> {
        let is_elsewhere = self.held().records.as_ref().is_some_and(|records| !records.is(writer));
        if is_elsewhere {
            self.commit()?;
        }
        let mut held = self.held();
        if held.failed.is_some() {
            return Err(lost());
        }
        let is_new = held.records.as_ref().is_none_or(|records| !records.is(writer));
        if held.begun.is_some() && is_new {
            held.leave_records(Database::end_shared);
            writer.share();
            held.records = Some(writer.clone());
        }
        Ok(())
    }

    /// A file failed. If SQLite rolled back what all of them wrote, that is why it is lost, and None is returned.
    pub(super) fn failed(&self, error: Error) -> Option<Error> {
        let mut held = self.held();
        let has_lost = |database: &Database| database.has_lost_shared();
        let is_lost = has_lost(&self.0.state) || held.records.as_ref().is_some_and(has_lost);
        if !is_lost || held.begun.is_none() || held.failed.is_some() {
            return Some(error);
        }
        held.lose(&self.0.state, error);
        None
    }

    /// Makes durable what the files have written. They go on together.
    ///
    /// # Errors
    /// If that fails: then what they wrote is lost, and they write nothing more.
    pub(super) fn commit(&self) -> Result<()> {
        let mut held = self.held();
        let Some((repository, _)) = held.begun.clone() else { return Ok(()) };
        if held.failed.is_some() {
            return Err(lost());
        }
        match self.0.commit(&repository, &held) {
            Ok(()) => {
                held.pins.clear();
                Ok(())
            }
            Err(error) => {
                held.lose(&self.0.state, error);
                Err(lost())
            }
        }
    }

    /// Commits, and hands out the outcomes. From now on no files share a commit.
    ///
    /// # Errors
    /// If what the files wrote is lost.
    pub(super) fn end(&self) -> Result<Vec<Arc<Postponed>>> {
        let committed = self.commit();
        let mut held = self.held();
        self.0.state.end_shared();
        held.leave_records(Database::end_shared);
        held.begun = None;
        held.names.clear();
        held.pins.clear();
        let outcomes = std::mem::take(&mut held.outcomes);
        held.failed.take().map_or(committed, Err).map(|()| outcomes)
    }

    /// An outcome is carried out.
    pub(super) fn carried_out(&self, import: ImportId) {
        self.held().postponed.remove(&import);
    }
}

impl Shared {
    fn commit(&self, repository: &Repository, held: &Held) -> Result<()> {
        let records = held.records.as_ref().filter(|records| records.has_shared());
        if let Some(records) = records {
            let what = "committing what several files landed";
            records.commit_shared(what, repository, |sql| pins::note(sql, &held.pins))?;
        }
        self.state.commit_shared("committing what several files wrote", repository, |_| Ok(()))
    }
}

impl Held {
    fn leave_records(&mut self, end: fn(&Database)) {
        if let Some(records) = self.records.take() {
            end(&records);
        }
    }

    /// What the files wrote is lost.
    fn lose(&mut self, state: &Database, error: Error) {
        state.lose_shared();
        self.leave_records(Database::lose_shared);
        for outcome in std::mem::take(&mut self.outcomes) {
            self.postponed.remove(&outcome.import.id);
        }
        self.pins.clear();
        self.failed = Some(error);
    }
}

/// Why a call fails after what several files wrote is lost. The reason is told once.
fn lost() -> Error {
    let source = "what they wrote together could not be committed".into();
    Error::Store { what: "working on several files", source }
}
