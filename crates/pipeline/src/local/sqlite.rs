//! SQLite off the async threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::{Error, Result};

/// One connection, used by one caller at a time.
#[derive(Debug, Clone)]
pub(super) struct Database(Arc<Mutex<Connection>>);

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
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = database.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        done.await.map_err(|e| Error::Task(e.to_string()))?.map_err(|e| failed(what, e))
    }

    /// Runs `work` on a connection that it only reads from.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let connection = database.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection)
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
