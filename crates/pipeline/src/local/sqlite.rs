//! SQLite off the async threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tidewaiter::id::ImportId;

use crate::{Error, Result};

/// One connection, used by one caller at a time.
#[derive(Debug, Clone)]
pub(super) struct Database(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    /// The transaction that is open between two calls.
    open: Option<Open>,
}

/// A transaction that several pieces of work share.
#[derive(Debug)]
struct Open {
    owner: ImportId,
    /// How much was done in it.
    weight: usize,
}

impl Inner {
    /// Commits what is open.
    fn settle(&mut self) -> rusqlite::Result<()> {
        match self.open.take() {
            Some(_) => self.connection.execute_batch("COMMIT"),
            None => Ok(()),
        }
    }

    /// Opens a transaction for an owner, unless theirs is open.
    fn open_for(&mut self, owner: ImportId) -> rusqlite::Result<&mut Open> {
        if self.open.as_ref().is_some_and(|open| open.owner != owner) {
            self.settle()?;
        }
        match &mut self.open {
            Some(open) => Ok(open),
            none => {
                self.connection.execute_batch("BEGIN IMMEDIATE")?;
                Ok(none.insert(Open { owner, weight: 0 }))
            }
        }
    }

    /// Takes back what is open, and what whoever panicked has left.
    fn take_back(&mut self) {
        self.open = None;
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Database {
    /// Opens or creates a database and brings it to the newest schema: `migrations` are run once each,
    /// in their order.
    pub(super) fn open(path: &Path, migrations: &[&str]) -> Result<Self> {
        let open = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::from_secs(30))?;
            // A larger write-ahead log writes a page that changes again and again less often to its place.
            // FULL: what is committed survives a power cut, since files are moved on the strength of it.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
                 PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8192;",
            )?;
            migrate(&mut connection, migrations)?;
            connection.set_prepared_statement_cache_capacity(64);
            Ok(connection)
        };
        let connection = open().map_err(|e| failed("opening a database", e))?;
        Ok(Self(Arc::new(Mutex::new(Inner { connection, open: None }))))
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(what, move |inner| {
            inner.settle()?;
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let transaction = inner.connection.transaction_with_behavior(behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Runs `work` in a transaction that stays open for what the same owner does next, until `most` of it was done or
    /// somebody else wants something. If it fails, all that was done in it is taken back.
    ///
    /// A commit writes each page that has changed; whoever changes pages all over the place wants few of them.
    pub(super) async fn gather<T: Send + 'static>(
        &self,
        what: &'static str,
        owner: ImportId,
        (weight, most): (usize, usize),
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(what, move |inner| {
            inner.open_for(owner)?.weight += weight;
            let value = work(&inner.connection)?;
            if inner.open.as_ref().is_some_and(|open| open.weight >= most) {
                inner.settle()?;
            }
            Ok(value)
        })
        .await
    }

    /// Commits what is open.
    pub(super) async fn settle(&self, what: &'static str) -> Result<()> {
        self.with(what, Inner::settle).await
    }

    /// Runs `work` on a connection that it only reads from.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(what, move |inner| {
            inner.settle()?;
            work(&inner.connection)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Inner) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut inner = database.lock().unwrap_or_else(|poisoned| {
                let mut inner = PoisonError::into_inner(poisoned);
                inner.take_back();
                inner
            });
            work(&mut inner).inspect_err(|_| inner.take_back())
        });
        done.await.map_err(|e| Error::Task(e.to_string()))?.map_err(|e| failed(what, e))
    }
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if done > migrations.len() {
        let newer = format!("it was written by a newer version (schema {done}, known {})", migrations.len());
        return Err(rusqlite::Error::ToSqlConversionFailure(newer.into()));
    }
    for (n, migration) in migrations.iter().enumerate().skip(done) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", n + 1)?;
    }
    transaction.commit()
}

fn failed(what: &'static str, source: rusqlite::Error) -> Error {
    Error::Store { what, source: Box::new(source) }
}

/// Why a transaction is not to be carried out now: somebody else is at work on the same.
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
