//! The database of locations that the settings of a folder name.
//!
//! It is read when the first file needs it, and again when it has changed: so it is exchanged without a restart, and one
//! that cannot be used holds up only the files that need it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tidewaiter::record::Locate;
use tidewaiter_engine::{Error, Result};
use tidewaiter_location::Database;

/// A database in a file, and what was read of it last.
#[derive(Debug, Default)]
pub(super) struct LocationFile {
    path: Option<PathBuf>,
    read: Mutex<Option<(State, Arc<dyn Locate>)>>,
}

/// What changes when a file does.
type State = (SystemTime, u64);

impl LocationFile {
    /// The database at this path; without one, there is none.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, read: Mutex::default() }
    }

    /// The database; None if no file is named.
    ///
    /// # Errors
    /// If the file cannot be read or used: an operator has to fix it.
    pub(super) fn locator(&self) -> Result<Option<Arc<dyn Locate>>> {
        let Some(path) = &self.path else { return Ok(None) };
        let key = || path.display().to_string();
        let state = fs::metadata(path).and_then(|metadata| Ok((metadata.modified()?, metadata.len())));
        let state = state.map_err(|error| Error::object(key(), error))?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, locator)) = &*read
            && *of == state
        {
            return Ok(Some(Arc::clone(locator)));
        }
        // Two at once would take twice the memory.
        *read = None;
        let bytes = fs::read(path).map_err(|error| Error::object(key(), error))?;
        let database = Database::open(bytes)
            .map_err(|error| Error::Settings { key: key(), mistakes: error.to_string() })?;
        let locator: Arc<dyn Locate> = Arc::new(database);
        *read = Some((state, Arc::clone(&locator)));
        Ok(Some(locator))
    }
}
