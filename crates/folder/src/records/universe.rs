//! The database of one universe: who changes it, and who reads it meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::tables::MIGRATIONS;
use crate::disk::Disk;
use crate::sqlite::Database;
use tidewaiter_engine::Result;

/// A row of a table is seldom short, and lines come in the order of keys: larger pages are fewer writes.
const PAGE_BYTES: u32 = 8192;

/// The database of a universe.
#[derive(Debug, Clone)]
pub(super) struct Universe {
    /// The folder that it is in.
    pub(super) folder: PathBuf,
    /// The connection that changes it; None if it is only looked at.
    pub(super) writer: Option<Database>,
    /// Another one, which sees what is committed.
    pub(super) reader: Database,
    /// Whose turn it is to change it.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Universe {
    /// Opens or creates a database to work with it.
    pub(super) fn open(path: &Path, disk: Option<&Disk>) -> Result<Self> {
        let mut writer = Database::open_in_pages(path, MIGRATIONS, PAGE_BYTES)?;
        let mut reader = Database::read_beside(path)?;
        if let Some(disk) = disk {
            (writer, reader) = (writer.on(disk), reader.on(disk));
        }
        Ok(Self { folder: folder_of(path), writer: Some(writer), reader, turn: Arc::default() })
    }

    /// Opens a database to look at it.
    pub(super) fn look(path: &Path) -> Result<Self> {
        let reader = Database::look(path, MIGRATIONS)?;
        Ok(Self { folder: folder_of(path), writer: None, reader, turn: Arc::default() })
    }

    /// The connection to read from: what is landed and shares a commit with what follows is seen on the one that writes.
    pub(super) fn reads(&self) -> &Database {
        self.writer.as_ref().filter(|writer| writer.has_shared()).unwrap_or(&self.reader)
    }

    /// True if no landing and no reader uses it, and all that was landed is committed.
    pub(super) fn is_idle(&self) -> bool {
        let is_committed = self.writer.as_ref().is_none_or(|writer| !writer.has_shared());
        is_committed && Arc::strong_count(&self.turn) == 1
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
