//! The ledger of import runs in SQLite.

use jiff::civil::Date;
use rusqlite::Connection;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::report::Outcome;

use super::claims::claim;
use super::columns;
use super::register::{register, resolve};
use super::{SqliteState, change, entry_of, read};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    Conclusion, Decision, DroppedObject, HistoryFilter, ImportRun, Kind, Pinned, Problem, RunLedger,
    SeenColumns, Told,
};

impl RunLedger for SqliteState {
    async fn register(&self, imports: &[ImportRun]) -> Result<Vec<ImportRun>> {
        let imports = imports.to_vec();
        let register = move |sql: &Connection| imports.into_iter().map(|i| register(sql, i)).collect();
        self.database.write("registering files", register)
    }

    async fn resolve(&self, id: ImportId, kind: &Kind) -> Result<Option<ImportRun>> {
        let kind = kind.clone();
        self.database.write("resolving a file", move |sql| resolve(sql, id, &kind))
    }

    async fn unresolved(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        let read = move |sql: &Connection| read::unresolved(sql, &repository);
        self.database.read("finding unresolved files", read)
    }

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        self.database.read("looking for what was missed", move |sql| read::unregistered(sql, drops))
    }

    async fn run(&self, id: ImportId) -> Result<Option<ImportRun>> {
        self.database.read("reading an import", move |sql| read::run(sql, id))
    }

    async fn runs(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        let ids = ids.to_vec();
        self.database.read("reading imports", move |sql| read::runs(sql, &ids))
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        self.database.read("reading members", move |sql| read::members(sql, archive))
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let pin = pin.clone();
        let held = self.database.write("starting an import", move |sql| start(sql, id, &pin))?;
        self.pinned(id, held.as_ref());
        Ok(held)
    }

    async fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        told: Told<'_>,
    ) -> Result<Decision> {
        let seen = Box::new(seen.clone());
        let conclusion = conclusion.clone();
        let outputs: Vec<Key> = outputs.iter().map(|key| (*key).clone()).collect();
        let (late, columns) = (told.late, told.columns.cloned());
        let conclude = move |sql: &Connection| {
            let id = seen.id;
            if late.is_none()
                && conclusion.outcome == Outcome::Imported
                && let Some(date) = later_date(sql, id)?
            {
                return Ok(Decision::Late(date));
            }
            let columns = match &columns {
                Some(columns) => undecided(sql, id)?.map(|at| (at, columns)),
                None => None,
            };
            if let Some(((repository, entry), columns)) = &columns
                && columns::seen(sql, repository, entry)?.revision != columns.revision
            {
                return Ok(Decision::Columns);
            }
            let mut otherwise = None;
            change(sql, id, |import| otherwise = import.conclude(&seen, &conclusion))?;
            if let Some(otherwise) = otherwise {
                return Ok(otherwise);
            }
            if let Some(((repository, entry), columns)) = &columns {
                columns::remember(sql, repository, entry, columns)?;
            }
            let taken = outputs.iter().map(|key| claim(sql, key, id));
            Ok(Decision::Taken(taken.collect::<rusqlite::Result<_>>()?))
        };
        self.database.write("deciding an outcome", conclude)
    }

    async fn seen_columns(&self, repository: &Repository, name: &DataName) -> Result<SeenColumns> {
        let (repository, entry) = (repository.to_string(), entry_of(name));
        let read = move |sql: &Connection| columns::seen(sql, &repository, &entry);
        self.database.read("reading ignored columns", read)
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        self.database.write("finishing an import", move |sql| finish(sql, id))
    }

    async fn problems(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        self.database.read("finding open problems", move |sql| read::problems(sql, &repository))
    }

    async fn settle(&self, id: ImportId, problem: &Problem) -> Result<bool> {
        let problem = problem.clone();
        let settle = move |sql: &Connection| {
            let mut is_settled = false;
            change(sql, id, |import| is_settled = import.settle(&problem))?;
            Ok(is_settled)
        };
        self.database.write("ending a problem", settle)
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
        let (repository, entry, sha256) = (repository.to_string(), entry_of(name), sha256.to_owned());
        let find = move |sql: &Connection| read::find_duplicate(sql, &repository, &entry, &sha256);
        self.database.read("finding the same content", find)
    }

    async fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        let (repository, entry, date) = (repository.to_string(), entry_of(name), name.date);
        let later = move |sql: &Connection| read::later_date(sql, (&repository, &entry), date, before);
        self.database.read("looking for a later date", later)
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        let filter = filter.clone();
        self.database.read("reading the ledger", move |sql| read::history(sql, &filter))
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        self.database.read("finding unfinished work", read::unfinished)
    }
}

/// Fixes what an import runs under; what holds, unless its outcome is decided.
pub(super) fn start(sql: &Connection, id: ImportId, pin: &Pinned) -> rusqlite::Result<Option<Pinned>> {
    let mut held = None;
    change(sql, id, |import| held = import.start(pin))?;
    Ok(held)
}

/// An outcome is carried out: the run is done.
pub(super) fn finish(sql: &Connection, id: ImportId) -> rusqlite::Result<()> {
    change(sql, id, ImportRun::finish)
}

/// The repository and the import of a data file that has no outcome yet.
fn undecided(sql: &Connection, id: ImportId) -> rusqlite::Result<Option<(String, String)>> {
    let undecided = read::run(sql, id)?.filter(|run| run.conclusion().is_none());
    let Some(ImportRun { repository, kind: Kind::Data { name, .. }, .. }) = undecided else {
        return Ok(None);
    };
    Ok(Some((repository.to_string(), entry_of(&name))))
}

/// The latest date that was imported before a file came which has no outcome yet, if it is later than its own.
fn later_date(sql: &Connection, id: ImportId) -> rusqlite::Result<Option<Date>> {
    let undecided = read::run(sql, id)?.filter(|run| run.conclusion().is_none());
    let Some(ImportRun { repository, kind: Kind::Data { name, .. }, arrived, .. }) = undecided else {
        return Ok(None);
    };
    read::later_date(sql, (&repository.to_string(), &entry_of(&name)), name.date, arrived)
}
