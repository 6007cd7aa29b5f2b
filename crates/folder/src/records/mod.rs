//! Records in SQLite: a database for each universe, a table for each scope.
//!
//! [The page on records](../../../../docs/records.md) describes the tables for those who query them.
//!
//! A landing is one transaction, so readers see a file as a whole. One file at a time changes a universe: the next one waits
//! for its turn. Reading goes on meanwhile, on a connection of its own.

mod answers;
mod exports;
mod feed;
mod filter;
mod known_keys;
mod landing;
mod packer;
mod read;
mod retype;
mod session;
mod staged;
mod statements;
mod stored;
mod tables;
mod tx;
mod universe;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tidewaiter::id::ImportId;

use super::disk::Disk;
use super::pins;
use super::sqlite::Database;
use super::together::Together;
pub use landing::SqliteLanding;
use stored::Unfit;
pub(super) use tables::MIGRATIONS;
use tidewaiter_engine::ports::{
    Cargo, ChangeFeed, ChangePage, KEEP_CHANGES_DAYS, Pinned, Records, StoredRecord,
};
use tidewaiter_engine::{Error, Result};
use tokio::sync::OwnedMutexGuard;
use universe::Universe;

/// What the file of a universe's database ends with.
const ENDING: &str = "sqlite";
/// How many databases are held open, unless more are in use.
const MOST_OPEN: usize = 16;

/// Records in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteRecords {
    place: Arc<Place>,
    held: Arc<Mutex<Held>>,
    disk: Option<Disk>,
    /// What several files share that are landed in one transaction.
    together: Option<Together>,
    in_parts: bool,
    keep_changes_days: u32,
}

/// What the clones of a store share.
#[derive(Debug, Default)]
struct Held {
    /// The databases that are open.
    open: BTreeMap<String, Universe>,
    /// The imports whose answers are not needed any more. The next landing drops them.
    forgotten: BTreeMap<String, Vec<ImportId>>,
}

impl Drop for Held {
    /// Drops the answers for which no landing came any more. If that fails, they stay, and do no harm.
    fn drop(&mut self) {
        for (universe, imports) in std::mem::take(&mut self.forgotten) {
            if let Some(writer) = self.open.get(&universe).and_then(|universe| universe.writer.as_ref()) {
                let forgotten = writer.now("forgetting batches", |sql| {
                    sql.execute_batch("BEGIN IMMEDIATE")?;
                    answers::forget(sql, &imports)?;
                    sql.execute_batch("COMMIT")
                });
                if forgotten.is_err() {
                    writer.roll_back();
                }
            }
        }
    }
}

/// Where the databases are.
struct Place {
    folder: PathBuf,
    /// True if they are only looked at.
    is_looked: bool,
    registry: Box<dyn Registry>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Knows which universes have a database. Another file in the folder, such as a copy that an analyst made, is none.
pub(super) trait Registry: Send + Sync {
    /// The universes, in the order of their names.
    fn universes(&self) -> Result<Vec<String>>;
    /// A database was opened to work with it, and nothing is landed there yet.
    fn opened(&self, universe: &str, database: &Database) -> Result<()>;
}

/// Every database of a folder.
struct All(PathBuf);

impl Registry for All {
    fn universes(&self) -> Result<Vec<String>> {
        databases(&self.0)
    }

    fn opened(&self, _universe: &str, _database: &Database) -> Result<()> {
        Ok(())
    }
}

impl SqliteRecords {
    /// Opens or creates the store of a folder.
    pub fn open(folder: &Path) -> Self {
        Self::registered(folder, Box::new(All(folder.to_owned())))
    }

    /// The databases that a registry knows, to work with them.
    pub(super) fn registered(folder: &Path, registry: Box<dyn Registry>) -> Self {
        Self::at(Place { folder: folder.to_owned(), is_looked: false, registry })
    }

    /// The same, to look at them.
    pub(super) fn look(folder: &Path, registry: Box<dyn Registry>) -> Self {
        Self::at(Place { folder: folder.to_owned(), is_looked: true, registry })
    }

    fn at(place: Place) -> Self {
        Self {
            place: Arc::new(place),
            held: Arc::default(),
            disk: None,
            together: None,
            in_parts: false,
            keep_changes_days: KEEP_CHANGES_DAYS,
        }
    }

    /// With the files of a deployment beside it: what was changed there is durable before anything is written here.
    #[must_use]
    pub fn on(mut self, disk: &Disk) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// With what files share that follow each other.
    #[must_use]
    pub(super) fn together(mut self, together: &Together) -> Self {
        self.together = Some(together.clone());
        self
    }

    /// What files work under that were landed together, of all universes: the state may not have it.
    pub(super) fn pins(&self) -> Result<Vec<(ImportId, Pinned)>> {
        let mut noted = Vec::new();
        for universe in self.place.registry.universes()? {
            let pins = self.read(&universe, "reading what files work under", pins::noted)?;
            noted.extend(pins.unwrap_or_default());
        }
        Ok(noted)
    }

    /// Lands each batch for itself, as a store without long transactions does.
    #[must_use]
    pub fn in_parts(mut self) -> Self {
        self.in_parts = true;
        self
    }

    /// Keeps changes for so many days; with 0, none.
    #[must_use]
    pub fn keep_changes_days(mut self, days: u32) -> Self {
        self.keep_changes_days = days;
        self
    }

    /// As [`Records::begin`]; None if it is not its turn.
    ///
    /// # Errors
    /// As there.
    pub async fn try_begin(&self, cargo: Cargo<'_>) -> Result<Option<SqliteLanding>> {
        let universe = self.made_universe(cargo.universe)?;
        let turn = if self.in_parts { None } else { Some(Arc::clone(&universe.turn).try_lock_owned()) };
        match turn.transpose() {
            Ok(turn) => self.begin_in(&universe, cargo, turn).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// As [`Records::close`]; None if it is not its turn.
    ///
    /// # Errors
    /// As there.
    #[expect(clippy::unused_async, reason = "it is asked as that of PostgreSQL, which waits")]
    pub async fn try_close(&self, universe: &str, import: ImportId) -> Result<Option<bool>> {
        let universe = self.made_universe(universe)?;
        match Arc::clone(&universe.turn).try_lock_owned() {
            Ok(_turn) => close_in(&universe, import).map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn begin_in(
        &self,
        universe: &Universe,
        cargo: Cargo<'_>,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Result<SqliteLanding> {
        if let (Some(together), Some(writer), true) = (&self.together, &universe.writer, turn.is_some()) {
            together.lands_in(writer)?;
        }
        let forgotten = self.held().forgotten.remove(cargo.universe).unwrap_or_default();
        SqliteLanding::begin(universe, cargo, turn, forgotten, self.keep_changes_days).await
    }

    /// The database of a universe, made if there is none.
    fn made_universe(&self, name: &str) -> Result<Universe> {
        if let Some(together) = self.together.as_ref().filter(|_| !self.held().open.contains_key(name)) {
            // That there is a new database is durable in the state before anything is landed there.
            together.commit()?;
        }
        self.universe(name, true)?.ok_or_else(|| {
            let (what, reason) = ("loading records".to_owned(), "the folder is only looked at".to_owned());
            Error::Refused { what, reason }
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database of a universe; None if there is none. Where one is to be made, there is.
    fn universe(&self, name: &str, is_made: bool) -> Result<Option<Universe>> {
        let mut held = self.held();
        if let Some(universe) = held.open.get(name) {
            return Ok(Some(universe.clone()));
        }
        let Place { folder, is_looked, registry } = &*self.place;
        let path = file(folder, name);
        if (*is_looked || !is_made) && !path.exists() {
            return Ok(None);
        }
        let universe = if *is_looked {
            Universe::look(&path)?
        } else {
            fs::create_dir_all(folder)
                .map_err(|error| Error::writing(folder.display().to_string(), error))?;
            let universe = Universe::open(&path, self.disk.as_ref())?;
            if let Some(writer) = &universe.writer {
                registry.opened(name, writer)?;
            }
            universe
        };
        if held.open.len() >= MOST_OPEN {
            let Held { open, forgotten } = &mut *held;
            open.retain(|name, universe| !universe.is_idle() || forgotten.contains_key(name));
        }
        held.open.insert(name.to_owned(), universe.clone());
        Ok(Some(universe))
    }

    /// Reads from the database of a universe, if there is one.
    fn read<T>(
        &self,
        universe: &str,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        match self.universe(universe, false)? {
            Some(universe) => universe.reads().read(what, work).map(Some),
            None => Ok(None),
        }
    }
}

/// The database of a universe in a folder.
pub(super) fn file(folder: &Path, universe: &str) -> PathBuf {
    folder.join(format!("{universe}.{ENDING}"))
}

/// The universes that have a database in a folder, in the order of their names.
pub(super) fn databases(folder: &Path) -> Result<Vec<String>> {
    let cannot = |error| Error::object(folder.display().to_string(), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == ENDING)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Closes a run; it is its turn.
fn close_in(universe: &Universe, import: ImportId) -> Result<bool> {
    let Some(writer) = &universe.writer else { return Ok(false) };
    writer.write("closing an import", |sql| answers::close(sql, import))
}

fn unfit(unfit: Unfit) -> Error {
    Error::Unfit { why: unfit.why, hint: unfit.hint }
}

impl Records for SqliteRecords {
    type Landing = SqliteLanding;

    async fn begin(&self, cargo: Cargo<'_>) -> Result<SqliteLanding> {
        let universe = self.made_universe(cargo.universe)?;
        let turn = if self.in_parts { None } else { Some(Arc::clone(&universe.turn).lock_owned().await) };
        self.begin_in(&universe, cargo, turn).await
    }

    fn lands_whole(&self) -> bool {
        !self.in_parts
    }

    /// Lines of a batch are landed in the order of their keys, so that many of them share a page of the table.
    fn batch_lines(&self) -> usize {
        10_000
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        let begun = self.read(universe, "looking for batches", move |sql| answers::has_begun(sql, import));
        Ok(begun?.unwrap_or_default())
    }

    async fn close(&self, universe: &str, import: ImportId, _loaders: u32) -> Result<bool> {
        let universe = self.made_universe(universe)?;
        let _turn = Arc::clone(&universe.turn).lock_owned().await;
        close_in(&universe, import)
    }

    /// It costs no commit: the next landing drops the answers, or the end of the store. Until then they do no harm.
    async fn forget(&self, universe: &str, import: ImportId) -> Result<()> {
        self.held().forgotten.entry(universe.to_owned()).or_default().push(import);
        Ok(())
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        let (count, records) = (records.len(), records.to_vec());
        let exist = self.read(universe, "looking records up", move |sql| read::exist(sql, &records));
        Ok(exist?.unwrap_or_else(|| vec![false; count]))
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        let mut found = Vec::new();
        for universe in self.place.registry.universes()? {
            let (scope, key, limit) = (scope.to_owned(), key.to_owned(), limit - found.len());
            let find = move |sql: &Connection| read::find(sql, &scope, &key, limit);
            let records = self.read(&universe, "finding records", find)?.unwrap_or_default();
            found.extend(stored(&universe, records));
        }
        Ok(found)
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let (first, behind) = after.unwrap_or_default();
        let (mut found, mut bytes) = (Vec::new(), read::PAGE_BYTES);
        for universe in
            self.place.registry.universes()?.into_iter().filter(|universe| universe.as_str() >= first)
        {
            let behind = (universe == first).then(|| behind.to_owned());
            let (scope, left, mut room) = (scope.to_owned(), limit - found.len(), bytes);
            let scan = move |sql: &Connection| {
                let records = read::page_within(sql, &scope, behind.as_deref(), left, &mut room)?;
                Ok((records, room))
            };
            let Some((records, room)) = self.read(&universe, "reading records", scan)? else {
                continue;
            };
            bytes = room;
            found.extend(stored(&universe, records));
            if found.len() >= limit || bytes == 0 {
                break;
            }
        }
        Ok(found)
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        let mut counts = Vec::new();
        for universe in self.place.registry.universes()? {
            let found = self.read(&universe, "counting records", read::counts)?.unwrap_or_default();
            counts.extend(found.into_iter().map(|(scope, count)| (universe.clone(), scope, count)));
        }
        Ok(counts)
    }
}

impl ChangeFeed for SqliteRecords {
    async fn changes(&self, universe: &str, after: u64, limit: usize) -> Result<ChangePage> {
        let changes = self.read(universe, "reading changes", move |sql| feed::read(sql, after, limit));
        Ok(changes?.unwrap_or_default())
    }

    async fn changed_universes(&self) -> Result<Vec<String>> {
        self.place.registry.universes()
    }
}

fn stored(universe: &str, records: Vec<read::Keyed>) -> impl Iterator<Item = StoredRecord> {
    records.into_iter().map(|(key, record)| StoredRecord { universe: universe.to_owned(), key, record })
}
