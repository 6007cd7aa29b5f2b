//! State in SQLite: one database that implements every port of state, each in a file of its own.

mod claims;
mod columns;
mod configs;
mod groups;
mod marks;
mod outbox;
mod queries;
mod read;
mod register;
mod runs;
mod tables;

use std::path::Path;

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::{DataName, Entry};
use tidewaiter::run::Listing;

use super::disk::Disk;
use super::sqlite::{Database, to_json};
use super::together::Together;
pub(super) use tables::MIGRATIONS;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{ImportRun, Kind, Pinned};

/// State in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteState {
    database: Database,
    /// What several files share that write in one transaction.
    together: Option<Together>,
}

impl SqliteState {
    /// Opens or creates the store.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of(Database::open(path, MIGRATIONS)?))
    }

    pub(super) fn of(database: Database) -> Self {
        Self { database, together: None }
    }

    /// With the files of a deployment beside it: what was changed there is durable before anything is written here.
    #[must_use]
    pub fn on(mut self, disk: &Disk) -> Self {
        self.database = self.database.on(disk);
        self
    }

    /// With what files share that follow each other; that.
    #[must_use]
    pub(super) fn together(mut self, disk: &Disk) -> (Self, Together) {
        let together = Together::new(&self.database, disk);
        self.together = Some(together.clone());
        (self, together)
    }

    /// Notes what a file works under.
    fn pinned(&self, id: ImportId, held: Option<&Pinned>) {
        if let (Some(together), Some(held)) = (&self.together, held) {
            together.pinned(id, held);
        }
    }

    /// Makes durable what several files wrote: what they are landed under must not be lost with their outcomes.
    fn make_durable(&self) -> Result<()> {
        self.together.as_ref().map_or(Ok(()), Together::commit)
    }

    /// Starts the files anew that were landed together and of which nothing is written here: each under what it was
    /// landed.
    pub(super) fn restore_pins(&self, noted: &[(ImportId, Pinned)]) -> Result<()> {
        let lost = self.database.read("looking for what was landed", |sql| {
            let mut lost = Vec::new();
            for (id, pin) in noted {
                let run = read::run(sql, *id)?;
                if run.is_some_and(|run| run.conclusion().is_none()) {
                    lost.push((*id, pin));
                }
            }
            Ok(lost)
        })?;
        if lost.is_empty() {
            return Ok(());
        }
        self.database.write("starting what was landed", |sql| {
            lost.iter().try_for_each(|(id, pin)| runs::start(sql, *id, pin).map(|_| ()))
        })
    }

    /// Takes a run off the ready work whose outcome is decided, before it is done.
    pub(super) fn take_off_ready(&self, run: &ImportRun) -> Result<()> {
        let sorts = run.listings().into_iter().filter_map(|listing| match listing {
            Listing::Ready(sort) => Some(sort),
            _ => None,
        });
        self.database.write("taking a file off the ready work", |sql| {
            let mut remove = sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?;
            for sort in sorts {
                remove.execute([run.repository.as_str(), &sort])?;
            }
            Ok(())
        })
    }

    /// Returns how many files [`GroupQueue::queued`](tidewaiter_engine::ports::GroupQueue::queued) has without a limit.
    #[expect(clippy::unused_async, reason = "it is asked as the ports of the state are")]
    pub async fn queued_count(&self, repository: &Repository) -> Result<u64> {
        let name = repository.to_string();
        self.database.read("counting the queue", move |sql| read::queued_count(sql, &name))
    }
}

fn entry_of(name: &DataName) -> String {
    key_of(&name.entry())
}

/// An import, as rows have it.
fn key_of(entry: &Entry) -> String {
    format!("{}\u{1f}{}\u{1f}{}", entry.universe, entry.scope, entry.subsection)
}

/// Changes a run in place; nothing happens if there is none, or if `edit` leaves it as it is.
fn change(sql: &Connection, id: ImportId, edit: impl FnOnce(&mut ImportRun)) -> rusqlite::Result<()> {
    let Some(before) = read::run(sql, id)? else { return Ok(()) };
    let mut after = before.clone();
    edit(&mut after);
    if after == before { Ok(()) } else { replace(sql, Some(&before), &after) }
}

/// Writes a run in place of what it was, with the columns that it is found by and the lists that it is on.
fn replace(sql: &Connection, before: Option<&ImportRun>, after: &ImportRun) -> rusqlite::Result<()> {
    let repository = after.repository.as_str();
    let (was, is) = (before.map(ImportRun::listings).unwrap_or_default(), after.listings());
    for listing in was.difference(&is) {
        if let Listing::Ready(sort) = listing {
            sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?
                .execute([repository, sort])?;
        }
    }
    for listing in is.difference(&was) {
        if let Listing::Ready(sort) = listing {
            sql.prepare_cached("INSERT INTO ready (repository, sort, import) VALUES (?1, ?2, ?3)")?
                .execute([repository, sort, &after.id.to_string()])?;
        }
    }
    if let Kind::Configuration { .. } = after.kind {
        let is_decided = before.is_some_and(|run| run.conclusion().is_none()) && after.conclusion().is_some();
        configs::count(sql, repository, u64::from(before.is_none()), u64::from(is_decided))?;
    }
    let name = match &after.kind {
        Kind::Data { name, .. } => Some(name),
        _ => None,
    };
    let conclusion = after.conclusion();
    let open = is.iter().find_map(|listing| match listing {
        Listing::Open(group, sort) => Some((group, sort)),
        _ => None,
    });
    let digest = is.iter().find_map(|listing| match listing {
        Listing::Digest(digest) => Some(digest),
        _ => None,
    });
    sql.prepare_cached(
        "INSERT INTO imports (id, repository, file, archive, document, group_id, group_last, generation, sort,
             is_unchecked, is_unresolved, is_unfinished, mail_due, digest, entry, date, outcome, finished, sha256,
             is_problem)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
         ON CONFLICT DO UPDATE SET document = ?5, group_id = ?6, group_last = ?7, generation = ?8, sort = ?9,
             is_unchecked = ?10, is_unresolved = ?11, is_unfinished = ?12, mail_due = ?13, digest = ?14,
             entry = ?15, date = ?16, outcome = ?17, finished = ?18, sha256 = ?19, is_problem = ?20",
    )?
    .execute(params![
        after.id.to_string(),
        repository,
        after.file,
        after.archive.as_ref().map(|(id, _)| id.to_string()),
        to_json(after)?,
        open.map(|(group, _)| &group.id),
        open.map(|(group, _)| group.last),
        open.map(|(group, _)| group.generation),
        open.map(|(_, sort)| sort),
        is.iter().any(|listing| matches!(listing, Listing::Unchecked(..))),
        is.contains(&Listing::Unresolved),
        is.contains(&Listing::Unfinished),
        is.contains(&Listing::MailDue),
        digest,
        name.map(entry_of),
        name.map(|name| name.date.to_string()),
        conclusion.map(|conclusion| conclusion.outcome.as_str()),
        conclusion.map(|conclusion| conclusion.finished.as_millisecond()),
        conclusion.and_then(|conclusion| conclusion.sha256.as_deref()),
        is.contains(&Listing::Problem),
    ])
    .map(|_| ())
}
