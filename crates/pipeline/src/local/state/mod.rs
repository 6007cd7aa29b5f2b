//! State in SQLite: one database that implements every port of state, each in a file of its own.

mod claims;
mod configs;
mod groups;
mod marks;
mod outbox;
mod read;
mod register;
mod runs;
mod tables;

use std::path::Path;

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::DataName;

use super::disk::Disk;
use super::sqlite::{Database, to_json};
use crate::Result;
use crate::ports::{DigestPlace, ImportRun, Kind, Progress};
pub(super) use tables::MIGRATIONS;

/// State in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteState {
    database: Database,
}

impl SqliteState {
    /// Opens or creates the store.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of(Database::open(path, MIGRATIONS)?))
    }

    pub(super) fn of(database: Database) -> Self {
        Self { database }
    }

    /// With the files of a deployment beside it: what was changed there is durable before anything is written here.
    #[must_use]
    pub fn on(mut self, disk: &Disk) -> Self {
        self.database = self.database.on(disk);
        self
    }

    /// Returns how many files [`GroupQueue::queued`](crate::ports::GroupQueue::queued) has without a limit.
    pub async fn queued_count(&self, repository: &Repository) -> Result<u64> {
        let name = repository.to_string();
        self.database.read("counting the queue", move |sql| read::queued_count(sql, &name)).await
    }
}

fn entry_of(name: &DataName) -> String {
    format!("{}\u{1f}{}\u{1f}{}", name.universe, name.scope, name.subsection)
}

/// Changes an import in place; nothing happens if there is none.
fn change(sql: &Connection, id: ImportId, edit: impl FnOnce(&mut ImportRun)) -> rusqlite::Result<()> {
    let Some(mut import) = read::run(sql, id)? else { return Ok(()) };
    let is_open = |import: &ImportRun| matches!(import.progress, Progress::Registered | Progress::Started(_));
    let was_open = is_open(&import);
    edit(&mut import);
    if was_open && !is_open(&import) && matches!(import.kind, Kind::Configuration { .. }) {
        configs::count(sql, import.repository.as_str(), 0, 1)?;
    }
    let (stage, conclusion) = match &import.progress {
        Progress::Registered | Progress::Started(_) => (0, None),
        Progress::Concluding(conclusion) => (1, Some(conclusion)),
        Progress::Done(conclusion) => (2, Some(conclusion)),
    };
    let checked = matches!(&import.progress, Progress::Started(pinned) if pinned.checked) || stage > 0;
    sql.prepare_cached(
        "UPDATE imports SET document = ?2, checked = ?3, stage = ?4, outcome = ?5, mail_due = ?6, finished = ?7,
         sha256 = ?8, digest = ?9 WHERE id = ?1",
    )?
    .execute(params![
        id.to_string(),
        to_json(&import)?,
        checked,
        stage,
        conclusion.map(|c| c.outcome.as_str()),
        stage == 2 && conclusion.is_some_and(|c| c.mail_due),
        conclusion.map(|c| c.finished.as_millisecond()),
        conclusion.and_then(|c| c.sha256.as_deref()),
        conclusion.filter(|_| stage == 2).and_then(|c| c.digest.as_ref()).filter(|d| d.due).map(DigestPlace::key),
    ])
    .map(|_| ())
}
