//! SQLite, on the thread that asks.
//!
//! A call takes microseconds, and handing it to another thread takes longer. What takes its time, such as landing a large
//! file, its caller hands to another thread as a whole.

mod sharing;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use tidewaiter::keys::Repository;

use super::disk::{self, Disk};
use super::sqlite_open::{self, Look, Migrations, failed};
use sharing::Sharing;
use tidewaiter_engine::{Error, Result};

/// One connection, used by one caller at a time.
#[derive(Debug, Clone)]
pub(super) struct Database {
    path: Arc<PathBuf>,
    inner: Arc<Mutex<Inner>>,
    /// True while a file is landed in a part of what writes share: that cannot be committed without the part.
    has_part: Arc<AtomicBool>,
    /// The files beside it.
    disk: Option<Disk>,
}

/// To which deployment a database belongs.
#[derive(Debug)]
pub(super) struct Identity {
    /// None if it was just made.
    pub(super) id: Option<String>,
    /// True if it holds anything.
    pub(super) has_content: bool,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    /// If it is only looked at: how.
    look: Option<Look>,
    sharing: Sharing,
}

impl Inner {
    /// Reads; what is only looked at is opened anew if it has changed.
    fn read<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let Some(look) = &mut self.look else { return work(&self.connection) };
        look.renew(&mut self.connection).map_err(in_database)?;
        let value = work(&self.connection);
        if look.has_changed().map_err(in_database)? {
            return Err(overtaken("it changed while it was being read".to_owned()));
        }
        value
    }

    /// Rolls back what is open.
    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Database {
    /// Opens or creates a database and brings it to the newest schema: `migrations` are run once each,
    /// in their order.
    pub(super) fn open(path: &Path, migrations: Migrations) -> Result<Self> {
        let connection = sqlite_open::to_work(path, migrations);
        Ok(Self::new(path, connection.map_err(|e| failed("opening a database", path, e))?, None))
    }

    /// The same; if it is made, in pages of so many bytes.
    pub(super) fn open_in_pages(path: &Path, migrations: Migrations, bytes: u32) -> Result<Self> {
        let connection = sqlite_open::to_work_in_pages(path, migrations, bytes);
        Ok(Self::new(path, connection.map_err(|e| failed("opening a database", path, e))?, None))
    }

    /// Opens a database to look at it: nothing is written, and nothing need be writable.
    pub(super) fn look(path: &Path, migrations: Migrations) -> Result<Self> {
        let (connection, look) = Look::open(path, migrations)?;
        Ok(Self::new(path, connection, Some(look)))
    }

    /// Opens a database once more, which a process works with: only to read what is committed.
    pub(super) fn read_beside(path: &Path) -> Result<Self> {
        let connection = sqlite_open::to_read(path);
        Ok(Self::new(path, connection.map_err(|e| failed("opening a database", path, e))?, None))
    }

    fn new(path: &Path, connection: Connection, look: Option<Look>) -> Self {
        let inner = Inner { connection, look, sharing: Sharing::No };
        let (path, inner) = (Arc::new(path.to_owned()), Arc::new(Mutex::new(inner)));
        Self { path, inner, has_part: Arc::default(), disk: None }
    }

    /// With files beside it: what was changed there is durable before anything is written here.
    pub(super) fn on(mut self, disk: &Disk) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// To which deployment it belongs.
    pub(super) fn identity(&self) -> Result<Identity> {
        self.use_now("reading to whom a database belongs", |inner| {
            let sql = &inner.connection;
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
            let tables: Vec<String> =
                sql.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            let (mut id, mut has_content) = (None, false);
            for table in tables {
                if table == "_deployment" {
                    id = sql.query_row("SELECT id FROM _deployment", [], |row| row.get(0)).optional()?;
                } else {
                    has_content |= sql.prepare(&format!("SELECT 1 FROM \"{table}\" LIMIT 1"))?.exists([])?;
                }
            }
            Ok(Identity { id, has_content })
        })
    }

    /// Writes down to which deployment it belongs, unless that was done; what holds.
    pub(super) fn identify(&self, id: &str) -> Result<String> {
        self.use_now("writing to whom a database belongs", |inner| {
            // One that has it is not written to: another process may be at work with it.
            let held = "SELECT id FROM _deployment";
            if let Ok(Some(held)) = inner.connection.query_row(held, [], |row| row.get(0)).optional() {
                return Ok(held);
            }
            let sql = inner.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            sql.execute_batch(IDENTITY)?;
            sql.execute("INSERT INTO _deployment (one, id) VALUES (1, ?1) ON CONFLICT DO NOTHING", [id])?;
            let held = sql.query_row(held, [], |row| row.get(0))?;
            sql.commit()?;
            Ok(held)
        })
    }

    /// Writes down to which deployment it belongs from now on.
    pub(super) fn identify_anew(&self, id: &str) -> Result<()> {
        self.use_now("writing to whom a database belongs", |inner| {
            let sql = inner.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            sql.execute_batch(IDENTITY)?;
            sql.execute("INSERT OR REPLACE INTO _deployment (one, id) VALUES (1, ?1)", [id])?;
            sql.commit()
        })
    }

    /// Runs `work` in one transaction: all of it happens, or nothing. It is durable then, unless writes share a commit.
    pub(super) fn write<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.use_now(what, |inner| {
            if inner.sharing != Sharing::No {
                return inner.write_part(work);
            }
            self.flush(disk::behalf().as_ref())?;
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let transaction = inner.connection.transaction_with_behavior(behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    /// Makes durable what a commit on behalf of a repository relies on.
    fn flush(&self, behalf: Option<&Repository>) -> rusqlite::Result<()> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.flush(behalf)).map_err(unsynced)
    }

    /// Runs `work` on this thread, in whatever transaction is open.
    pub(super) fn now<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.use_now(what, |inner| work(&inner.connection))
    }

    /// Rolls back the transaction that is open, if there is one.
    pub(super) fn roll_back(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).roll_back();
    }

    /// Runs `work` on a connection that it only reads from.
    pub(super) fn read<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.use_now(what, |inner| inner.read(work))
    }

    fn with_inner<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn use_now<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Inner) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let use_it = || {
            let mut inner = self.inner.lock().unwrap_or_else(|panicked| {
                let inner = panicked.into_inner();
                inner.roll_back();
                // Once: a transaction that is opened from now on is not a leftover.
                self.inner.clear_poison();
                inner
            });
            work(&mut inner)
        };
        let done = match &self.disk {
            Some(disk) => disk.database(what, unsynced, use_it),
            None => use_it(),
        };
        done.map_err(|e| failed(what, &self.path, e))
    }
}

const IDENTITY: &str =
    "CREATE TABLE IF NOT EXISTS _deployment (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)";

/// Why a transaction is not begun: the files beside the database.
fn unsynced(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// A failure to look at a database, as one of its own.
fn in_database(error: Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// Why a transaction cannot run now: another process works on the same data.
pub(super) fn overtaken(why: String) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(why.into())
}

/// A value that SQLite holds as JSON text.
pub(super) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(unwritable)
}

/// Why a value cannot be written as JSON.
pub(super) fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// A value from the JSON text that SQLite holds.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e)))
}
