//! Fetches the rows of queries: an import that has a query makes its own files.
//!
//! [`due`] says for which queries of a repository something is to be done, and [`fetch`] does it. A read is claimed in the
//! state of the query, with the run of its file. It streams into `fetched/<repository>/<run>/`, and the file is
//! registered in the step that moves `{lastItem}`. From then on it is a file like any other. When it has its outcome, `fetch` settles
//! the read: [`QueryState`] says how.
//!
//! A process that is stopped leaves a claim. The next one reads the same again, under the same run.

mod answer;
mod columns;
mod commit;
mod cursor;
mod form;
mod read;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tidewaiter::config::{Active, ImportOptions, QueryOptions};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::report::{DUPLICATE, Outcome};

use crate::capabilities::{
    Capacity, Clock, HasConfigCache, HasConnections, HasObjects, HasQueries, HasQueue, HasRuns, IntakePolicy,
    Observes, Reader, trait_alias,
};
use crate::hash::hex;
use crate::ports::{
    Claim, Conclusion, Definition, Due, Ended, ImportRun, Message, News, Phase, Problem, QueryState,
    QueryStates, Queue, ReadEnd, ReadTrouble, RunLedger, SourceError,
};
use crate::{Result, configs};
pub use answer::{Preview, preview};
pub use cursor::Cursor;
pub use form::RowForm;

trait_alias! {
    /// What fetching the rows of a query needs.
    pub trait Fetches = HasObjects + HasRuns + HasQueries + HasConfigCache + HasConnections + HasQueue + Clock
        + Capacity + IntakePolicy + Observes + Reader
}

trait_alias! {
    /// What looking for due queries needs.
    pub trait LooksForQueries = HasObjects + HasRuns + HasQueries + HasConfigCache + HasQueue + Clock + Reader
}

/// A query for which something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueQuery {
    /// Its import.
    pub entry: Entry,
    /// The connection that it reads from.
    pub connection: String,
    /// True if the database is read; false if only a file that has its outcome is looked at.
    pub reads: bool,
}

/// What [`fetch`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// A file is registered.
    Registered,
    /// The database had nothing new.
    Nothing,
    /// The read failed. The state of the query says why, and when it is tried again.
    Failed,
    /// Nothing is to be done now, or another process does it.
    Idle,
}

/// Returns the queries of a repository for which something is to be done. A query that is seen for the first time is
/// noted, and so is a changed schedule: it begins now.
///
/// # Errors
/// If the configurations or the state cannot be read.
pub async fn due<D: LooksForQueries>(deployment: &D, repository: &Repository) -> Result<Vec<DueQuery>> {
    let active = configs::active(deployment, repository).await?;
    let mut found = Vec::new();
    for (entry, _, query) in queries(&active) {
        let (mut state, version) = state_of(deployment, repository, &entry).await?;
        let now = deployment.now();
        if state.see_schedule(query, now) || version == 0 {
            // If another process notes it at the same time, that is as well.
            deployment.queries().put_query(repository, &entry, &state, version).await?;
        }
        let due = state.due(query, &definition(query), &deployment.reader(), now);
        let reads = match due {
            Due::Nothing => continue,
            Due::Settle(run) => {
                if outcome(deployment, run).await?.is_none() {
                    continue;
                }
                false
            }
            Due::Claim(_) | Due::TakeUp => true,
        };
        found.push(DueQuery { entry, connection: query.connection.clone(), reads });
    }
    Ok(found)
}

/// Sends a message for each query of a repository for which something is to be done.
///
/// # Errors
/// As [`due`].
pub async fn ask<D: LooksForQueries>(deployment: &D, repository: &Repository) -> Result<()> {
    for query in due(deployment, repository).await? {
        let message = Message::Fetch { repository: repository.clone(), entry: query.entry };
        deployment.queue().send(message, None).await?;
    }
    Ok(())
}

/// Returns the imports of a repository that have a query.
pub fn queries(active: &Active) -> impl Iterator<Item = (Entry, &ImportOptions, &QueryOptions)> {
    let entries = active.configs().flat_map(|config| config.entries());
    entries.filter_map(|(entry, options)| Some((entry, options, options.query.as_ref()?)))
}

/// Does what is due of a query: settles the file in hand, claims a read or takes it up, and reads.
///
/// # Errors
/// Of ours: the state or the object store fails. The next call goes on. That the database cannot be read is no error.
pub async fn fetch<D: Fetches>(deployment: &D, repository: &Repository, entry: &Entry) -> Result<Fetch> {
    let active = configs::active(deployment, repository).await?;
    let Some((_, options, query)) = queries(&active).find(|(found, ..)| found == entry) else {
        return Ok(Fetch::Idle);
    };
    let hash = definition(query);
    let column = query.last_item.as_ref().map(|last| last.column.as_str());
    let definition = Definition { hash: &hash, column };
    loop {
        let (mut state, version) = state_of(deployment, repository, entry).await?;
        let (holder, now) = (deployment.reader(), deployment.now());
        let lease = SignedDuration::from_secs(deployment.read_seconds().into());
        let until = now.checked_add(lease).unwrap_or(now);
        let claim = Claim { run: deployment.new_run(), holder: &holder, now, until };
        state.see_schedule(query, now);
        match state.due(query, &hash, &holder, now) {
            Due::Nothing => return Ok(Fetch::Idle),
            Due::Settle(run) => {
                let Some(conclusion) = outcome(deployment, run).await? else {
                    // The process that registered the file may have been stopped before it told the sequencer.
                    tell_sequencer(deployment, repository).await?;
                    return Ok(Fetch::Idle);
                };
                let is_refused = is_refused(&conclusion);
                if !is_refused {
                    resolve(deployment, &state, run).await?;
                }
                state.settle(is_refused, &hash, claim);
            }
            Due::Claim(why) => state.claim(why, definition, claim),
            Due::TakeUp => state.take_up(definition, claim),
        }
        if !deployment.queries().put_query(repository, entry, &state, version).await? {
            return Ok(Fetch::Idle);
        }
        if let Phase::Reading(reading) = &state.phase {
            let reading = reading.clone();
            let work = read::Work { repository, entry, active: &active, options, query, reading: &reading };
            return read::read(deployment, &work, state, version + 1).await;
        }
    }
}

/// Ends the open problems of the files that were refused before this one was imported: its read had their rows again.
async fn resolve<D: HasRuns>(deployment: &D, state: &QueryState, by: ImportId) -> Result<()> {
    let before = state.ended.iter().rev().skip_while(|ended| ended.run == Some(by));
    // What a person has set the last item past was not read again.
    let is_same = |ended: &&Ended| !matches!(ended.end, ReadEnd::File | ReadEnd::Moved { .. });
    for ended in before.take_while(is_same) {
        if let (Some(run), ReadEnd::WentBack) = (ended.run, &ended.end) {
            deployment.runs().settle(run, &Problem::Resolved { by }).await?;
        }
    }
    Ok(())
}

/// The outcome of a run, if it has one that is carried out.
async fn outcome<D: HasRuns>(deployment: &D, run: ImportId) -> Result<Option<Conclusion>> {
    let run = deployment.runs().run(run).await?;
    Ok(run.filter(ImportRun::is_done).and_then(|run| run.conclusion().cloned()))
}

/// Tells the sequencer that a file is there. It is complete, so nothing waits for more of it; files that are waited for are
/// not hurried.
async fn tell_sequencer<D: HasQueue>(deployment: &D, repository: &Repository) -> Result<()> {
    deployment.queue().send(Message::news(repository, News::Released), None).await
}

/// True if a file is refused as a whole. What a file held that was imported before is imported.
fn is_refused(conclusion: &Conclusion) -> bool {
    matches!(conclusion.outcome, Outcome::Bogus | Outcome::NotProcessed)
        && conclusion.code.as_deref() != Some(DUPLICATE)
}

/// The state of a query, and its version; a new one with version 0 if nothing is kept of it.
///
/// # Errors
/// If the state cannot be read.
pub async fn state_of<D: HasQueries + Clock>(
    deployment: &D,
    repository: &Repository,
    entry: &Entry,
) -> Result<(QueryState, u64)> {
    let known = deployment.queries().query(repository, entry).await?;
    Ok(known.unwrap_or_else(|| (QueryState::new(deployment.now()), 0)))
}

/// A query by what it asks: a hash.
fn definition(query: &QueryOptions) -> String {
    let mut hash = Sha256::new();
    let last = query.last_item.as_ref().map(|last| (&last.column, &last.start.text));
    for part in [Some(&query.connection), last.map(|(column, _)| column), last.map(|(_, start)| start)] {
        hash.update(part.map(String::as_str).unwrap_or_default());
        hash.update([0]);
    }
    hash.update(query.sql.as_str());
    hex(&hash.finalize())
}

fn trouble(error: &SourceError) -> ReadTrouble {
    ReadTrouble { message: error.message.clone(), hint: error.hint.clone() }
}
