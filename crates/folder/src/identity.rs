//! Which databases belong together.
//!
//! Each deployment has an id. It is written once: into both databases, and into a file beside them when both have it.
//! From then on a database without it was lost, emptied or exchanged, and no command uses it: files would be imported
//! again, or what was imported would be missing. An operator restores it, or says that it is to begin anew.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::records::{MIGRATIONS as RECORDS, SqliteRecords};
use super::sqlite::{Database, Identity};
use super::sqlite_open;
use super::state::{MIGRATIONS as STATE, SqliteState};
use tidewaiter_engine::{Error, Result};

const STATE_FILE: &str = ".tidewaiter/state.sqlite";
const RECORDS_FILE: &str = "records.sqlite";
const ID_FILE: &str = ".tidewaiter/deployment";

/// Folders in which only tidewaiter writes, and in which its files stay: the log of each file, waiting files.
const TRACES: [&str; 3] = ["logs", "unpacked", "waiting"];

/// How deep they lie there: in a folder of their repository, of their import, of their archive's folder.
const DEPTH: usize = 3;

const GONE: &str = "is gone or empty, although files were imported here";
const ANOTHER: &str = "belongs to another deployment";

/// The stores of a deployment.
pub(super) type Stores = (SqliteState, SqliteRecords);

/// Opens the stores to work with them. Those of a new deployment are made.
pub(super) fn open(root: &Path) -> Result<Stores> {
    let written = written(root)?;
    if written.is_some() {
        refuse_empty(root)?;
    }
    let stores = databases(root, Database::open)?;
    let id = together(root, written.as_deref(), &stores)?.unwrap_or_else(fresh);
    mark(root, written.as_deref(), stores, &id, Database::identify)
}

/// Opens the stores to look at them. Those of a new deployment are empty.
pub(super) fn look(root: &Path) -> Result<Stores> {
    let written = written(root)?;
    if written.is_some() {
        refuse_empty(root)?;
    }
    let stores = databases(root, Database::look)?;
    together(root, written.as_deref(), &stores)?;
    Ok((SqliteState::of(stores.0), SqliteRecords::of(stores.1)))
}

/// Accepts the databases as they are, also if one was lost: it begins anew.
pub(super) fn accept(root: &Path) -> Result<Stores> {
    let stores = databases(root, Database::open)?;
    mark(root, None, stores, &fresh(), |database, id| database.identify_anew(id).map(|()| id.to_owned()))
}

fn databases(
    root: &Path,
    open: impl Fn(&Path, sqlite_open::Migrations) -> Result<Database>,
) -> Result<(Database, Database)> {
    Ok((open(&root.join(STATE_FILE), STATE)?, open(&root.join(RECORDS_FILE), RECORDS)?))
}

/// Writes the id into both databases, and beside them if it is not `written` there. The state says which it is, if two
/// processes begin at the same time.
fn mark(
    root: &Path,
    written: Option<&str>,
    (state, records): (Database, Database),
    id: &str,
    identify: impl Fn(&Database, &str) -> Result<String>,
) -> Result<Stores> {
    let id = identify(&state, id)?;
    if identify(&records, &id)? != id {
        return Err(lost(root, RECORDS_FILE, ANOTHER));
    }
    if written.is_none() {
        let path = root.join(ID_FILE);
        write(&path, &id).map_err(|error| Error::writing(path.display().to_string(), error))?;
    }
    Ok((SqliteState::of(state), SqliteRecords::of(records)))
}

/// The id that both databases have; None if the deployment is new.
fn together(
    root: &Path,
    written: Option<&str>,
    (state, records): &(Database, Database),
) -> Result<Option<String>> {
    let (state, records) = (state.identity()?, records.identity()?);
    let Some(id) = written else {
        if state.id.is_some() && state.id == records.id {
            return Ok(state.id);
        }
        let is_new = !state.has_content && !records.has_content && !has_traces(root)?;
        return match (state.id, records.id) {
            (id, None) | (None, id) if is_new => Ok(id),
            (None, _) => Err(lost(root, STATE_FILE, GONE)),
            (Some(_), None) => Err(lost(root, RECORDS_FILE, GONE)),
            (Some(_), Some(_)) => Err(lost(root, RECORDS_FILE, ANOTHER)),
        };
    };
    for (Identity { id: found, .. }, file) in [(state, STATE_FILE), (records, RECORDS_FILE)] {
        match found {
            Some(found) if found == id => {}
            Some(_) => return Err(lost(root, file, ANOTHER)),
            None => return Err(lost(root, file, GONE)),
        }
    }
    Ok(Some(id.to_owned()))
}

/// Before it is opened, so that an empty file is not made a database.
fn refuse_empty(root: &Path) -> Result<()> {
    for file in [STATE_FILE, RECORDS_FILE] {
        if sqlite_open::is_empty(&root.join(file))? {
            return Err(lost(root, file, GONE));
        }
    }
    Ok(())
}

fn lost(root: &Path, file: &str, what: &'static str) -> Error {
    Error::Lost { key: root.join(file).display().to_string(), what }
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
