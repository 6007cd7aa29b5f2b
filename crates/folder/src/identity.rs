//! Which databases belong together.
//!
//! Each deployment has an id. It is written once: into the state, into each database of records when it is made, and into a
//! file beside them. The state knows which databases of records were made. From then on a database without it was lost, emptied or exchanged, and no command uses it: files would be imported
//! again, or what was imported would be missing. An operator restores it, or says that it is to begin anew.
//!
//! Records in PostgreSQL are found in the same way: each universe there has the id, and the state knows for which universes a
//! schema was made. The records of a folder are in one engine: with another one, no command uses it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidewaiter::mistake::Mistake;
use tidewaiter_postgres::{Address, Options, PostgresRecords};

use super::engines::FolderRecords;
use super::records::{self, MIGRATIONS as RECORDS, Registry, SqliteRecords};
use super::settings::{Engine, FILE as SETTINGS, POSTGRES, RecordSettings, SQLITE};
use super::sqlite::Database;
use super::sqlite_open;
use super::state::{MIGRATIONS as STATE, SqliteState};
use tidewaiter_engine::{Error, Result};

const STATE_FILE: &str = ".tidewaiter/state.sqlite";
const RECORDS_FOLDER: &str = "records";
const ID_FILE: &str = ".tidewaiter/deployment";

/// Folders in which only tidewaiter writes, and in which its files stay: the log of each file, waiting files.
const TRACES: [&str; 3] = ["logs", "unpacked", "waiting"];

/// How deep they lie there: in a folder of their repository, of their import, of their archive's folder.
const DEPTH: usize = 3;

const GONE: &str = "is gone or empty, although files were imported here";
const ANOTHER: &str = "belongs to another deployment";

/// The stores of a deployment.
pub(super) type Stores = (SqliteState, FolderRecords);

/// How a database is opened.
type Opens = fn(&Path, sqlite_open::Migrations) -> Result<Database>;

/// Opens the stores to work with them. Those of a new deployment are made.
pub(super) fn open(root: &Path, settings: &RecordSettings) -> Result<Stores> {
    let written = written(root)?;
    let state = state(root, written.as_deref(), Database::open)?;
    let known = known(root, written.as_deref(), &state)?;
    is_in_one_engine(root, &state, settings)?;
    let id = state.identify(&known.unwrap_or_else(fresh))?;
    find_records(root, &id, &state, Database::open)?;
    if written.is_none() {
        write_beside(root, &id)?;
    }
    Ok(stores(root, &id, state, settings))
}

/// Opens the stores to look at them. Those of a new deployment are empty.
pub(super) fn look(root: &Path, settings: &RecordSettings) -> Result<Stores> {
    let written = written(root)?;
    let state = state(root, written.as_deref(), Database::look)?;
    is_in_one_engine(root, &state, settings)?;
    let known = known(root, written.as_deref(), &state)?;
    if let Some(id) = &known {
        find_records(root, id, &state, Database::look)?;
    }
    let folder = root.join(RECORDS_FOLDER);
    let registry = Noted { folder: folder.clone(), id: known.unwrap_or_default(), state: state.clone() };
    let records = match &settings.engine {
        Engine::Sqlite => FolderRecords::Sqlite(SqliteRecords::look(&folder, Box::new(registry))),
        Engine::Postgres(address) => in_postgres(address, settings, registry, true),
    };
    Ok((SqliteState::of(state), records))
}

/// Accepts the databases as they are, also if one was lost: it begins anew. What is in PostgreSQL keeps its id, and so does the
/// folder then.
pub(super) fn accept(root: &Path, settings: &RecordSettings) -> Result<Stores> {
    let state = state(root, None, Database::open)?;
    let id = match &settings.engine {
        Engine::Sqlite => fresh(),
        Engine::Postgres(_) => written(root)?.or(state.identity()?.id).unwrap_or_else(fresh),
    };
    state.identify_anew(&id)?;
    state.now(NOTING, |sql| sql.execute("DELETE FROM record_databases", []))?;
    let folder = root.join(RECORDS_FOLDER);
    if settings.engine == Engine::Sqlite {
        for universe in records::databases(&folder)? {
            let path = records::file(&folder, &universe);
            Database::open(&path, RECORDS)?.identify_anew(&id)?;
            note(&state, &universe, SQLITE)?;
        }
    }
    write_beside(root, &id)?;
    Ok(stores(root, &id, state, settings))
}

/// Refuses settings that choose another engine than the one that has the records.
fn is_in_one_engine(root: &Path, state: &Database, settings: &RecordSettings) -> Result<()> {
    let chosen = settings.engine.name();
    let others: Vec<(String, String)> = state.read(READING, |sql| {
        let other = "SELECT universe, engine FROM record_databases WHERE engine <> ?1 ORDER BY universe";
        let mut other = sql.prepare_cached(other)?;
        other.query_map([chosen], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })?;
    let Some((universe, engine)) = others.first() else { return Ok(()) };
    let mistake = Mistake::new(
        "records.engine",
        format!("this is {chosen}, and the records of {universe} are in {engine}: they would be split"),
    );
    let hint =
        format!("choose {engine} again, or begin with a new folder: records do not move between engines");
    let (key, mistakes) = (root.join(SETTINGS).display().to_string(), mistake.with_hint(hint).to_string());
    Err(Error::Settings { key, mistakes })
}

/// The state. If the deployment has an id, there must be one.
fn state(root: &Path, written: Option<&str>, open: Opens) -> Result<Database> {
    let path = root.join(STATE_FILE);
    if written.is_some() && sqlite_open::is_empty(&path)? {
        return Err(lost(&path, GONE));
    }
    open(&path, STATE)
}

/// The id that the state has; None if the deployment is new.
fn known(root: &Path, written: Option<&str>, state: &Database) -> Result<Option<String>> {
    let (path, found) = (root.join(STATE_FILE), state.identity()?);
    match (written, found.id) {
        (Some(id), Some(found)) if found != id => Err(lost(&path, ANOTHER)),
        (Some(_), None) => Err(lost(&path, GONE)),
        (_, Some(id)) => Ok(Some(id)),
        (None, None) => {
            let folder = root.join(RECORDS_FOLDER);
            let is_new = !found.has_content && !has_traces(root)? && records::databases(&folder)?.is_empty();
            if is_new { Ok(None) } else { Err(lost(&path, GONE)) }
        }
    }
}

/// Looks whether each database of records that was made is there, and is the one that was made.
fn find_records(root: &Path, id: &str, state: &Database, open: Opens) -> Result<()> {
    for universe in noted(state, SQLITE)? {
        let path = records::file(&root.join(RECORDS_FOLDER), &universe);
        if sqlite_open::is_empty(&path)? {
            return Err(lost(&path, GONE));
        }
        match open(&path, RECORDS)?.identity()?.id {
            Some(found) if found == id => {}
            Some(_) => return Err(lost(&path, ANOTHER)),
            None => return Err(lost(&path, GONE)),
        }
    }
    Ok(())
}

/// The stores of a deployment to work with.
fn stores(root: &Path, id: &str, state: Database, settings: &RecordSettings) -> Stores {
    let folder = root.join(RECORDS_FOLDER);
    let registry = Noted { folder: folder.clone(), id: id.to_owned(), state: state.clone() };
    let records = match &settings.engine {
        Engine::Sqlite => FolderRecords::Sqlite(SqliteRecords::registered(&folder, Box::new(registry))),
        Engine::Postgres(address) => in_postgres(address, settings, registry, false),
    };
    (SqliteState::of(state), records)
}

fn in_postgres(address: &Address, settings: &RecordSettings, noted: Noted, is_looked: bool) -> FolderRecords {
    let options = Options {
        keep_changes_days: settings.keep_changes_days,
        is_looked,
        registry: Some(Arc::new(noted)),
        ..Options::default()
    };
    FolderRecords::Postgres(PostgresRecords::with(address.clone(), options))
}

/// The databases that are noted in the state.
struct Noted {
    folder: PathBuf,
    id: String,
    state: Database,
}

impl Registry for Noted {
    fn universes(&self) -> Result<Vec<String>> {
        noted(&self.state, SQLITE)
    }

    /// A database gets its id before anything is landed there, and is noted in the state then: from that time on it must be
    /// there.
    fn opened(&self, universe: &str, database: &Database) -> Result<()> {
        if database.identify(&self.id)? != self.id {
            return Err(lost(&records::file(&self.folder, universe), ANOTHER));
        }
        note(&self.state, universe, SQLITE)
    }
}

impl tidewaiter_postgres::Registry for Noted {
    fn deployment(&self) -> &str {
        &self.id
    }

    fn universes(&self) -> Result<Vec<String>> {
        noted(&self.state, POSTGRES)
    }

    fn made(&self, universe: &str) -> Result<()> {
        note(&self.state, universe, POSTGRES)
    }
}

const READING: &str = "reading which databases there are";

/// The universes that have records in an engine, in the order of their names.
fn noted(state: &Database, engine: &str) -> Result<Vec<String>> {
    state.read(READING, |sql| {
        let noted = "SELECT universe FROM record_databases WHERE engine = ?1 ORDER BY universe";
        let mut noted = sql.prepare_cached(noted)?;
        noted.query_map([engine], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
    })
}

const NOTING: &str = "noting a database of records";

/// Notes that a universe has records in an engine, unless that was done.
fn note(state: &Database, universe: &str, engine: &str) -> Result<()> {
    state.now(NOTING, |sql| {
        let known = "SELECT 1 FROM record_databases WHERE universe = ?1";
        if sql.prepare_cached(known)?.exists([universe])? {
            return Ok(());
        }
        let insert = "INSERT OR IGNORE INTO record_databases (universe, engine) VALUES (?1, ?2)";
        sql.execute(insert, [universe, engine]).map(|_| ())
    })
}

fn write_beside(root: &Path, id: &str) -> Result<()> {
    let path = root.join(ID_FILE);
    write(&path, id).map_err(|error| Error::writing(path.display().to_string(), error))
}

fn lost(path: &Path, what: &'static str) -> Error {
    Error::Lost { key: path.display().to_string(), what }
}

fn fresh() -> String {
    format!("{:032x}", super::drops::fresh_random())
}

/// The id that was written beside the databases. A power cut may have left an empty file: then both databases have it.
fn written(root: &Path) -> Result<Option<String>> {
    let path = root.join(ID_FILE);
    match fs::read_to_string(&path) {
        Ok(id) => Ok(Some(id.trim().to_owned()).filter(|id| !id.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::object(path.display().to_string(), error)),
    }
}

fn write(path: &Path, id: &str) -> io::Result<()> {
    let partial = path.with_extension(std::process::id().to_string());
    let mut file = File::create(&partial)?;
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

/// True if files were imported here. Empty folders say nothing: an operator may have made them.
fn has_traces(root: &Path) -> Result<bool> {
    for prefix in TRACES {
        if holds_files(&root.join(prefix), DEPTH)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_files(folder: &Path, depth: usize) -> Result<bool> {
    // A write there reports anything else in its place.
    if fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
        return Ok(false);
    }
    for entry in entries(folder)? {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if (!is_folder && depth < DEPTH) || (is_folder && depth > 0 && holds_files(&entry.path(), depth - 1)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    let cannot = |error| Error::object(folder.display().to_string(), error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(cannot),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(cannot(error)),
    }
}
