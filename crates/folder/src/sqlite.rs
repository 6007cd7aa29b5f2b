//! SQLite off the async threads.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};
use tidewaiter::id::ImportId;

use super::disk::{self, Disk};
use super::known_keys::KnownKeys;
use super::sqlite_open::{self, Look, Migrations, failed};
use tidewaiter_engine::{Error, Result};

/// One connection, used by one caller at a time.
#[derive(Debug, Clone)]
pub(super) struct Database {
    path: Arc<PathBuf>,
    inner: Arc<Mutex<Inner>>,
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
    /// The transaction that is open between two calls.
    open: Option<Open>,
    /// Owners whose work could not be committed when another owner used the database, and who do not know yet; and
    /// why.
    lost: HashMap<ImportId, String>,
    /// What the owner of the open transaction knows, as long as no other process changes anything.
    known: KnownKeys,
    /// The owner of that knowledge, and SQLite's counter of changes by other processes.
    known_by: Option<(ImportId, u64)>,
}

/// A transaction that several pieces of work share.
#[derive(Debug)]
struct Open {
    owner: ImportId,
    /// How much was done in it.
    weight: usize,
}

impl Inner {
    /// Commits what is open, whosever it is.
    fn commit_pending(&mut self) -> rusqlite::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let committed = self.connection.execute_batch("COMMIT");
        if let Err(error) = &committed {
            self.lost.insert(open.owner, error.to_string());
            self.take_back();
        }
        committed
    }

    /// Commits what is open, for an owner: an error also if something of theirs could not be committed before.
    fn commit_pending_of(&mut self, owner: ImportId) -> rusqlite::Result<()> {
        let settled = self.commit_pending();
        let told = self.tell(owner);
        settled.and(told)
    }

    /// An error, once, if something of an owner could not be committed.
    fn tell(&mut self, owner: ImportId) -> rusqlite::Result<()> {
        if let Some(why) = self.lost.remove(&owner) {
            return Err(overtaken(format!("what import {owner} had loaded could not be kept: {why}")));
        }
        Ok(())
    }

    /// Opens a transaction for an owner, unless theirs is open.
    fn open_for(&mut self, owner: ImportId) -> rusqlite::Result<&mut Open> {
        self.tell(owner)?;
        if self.open.as_ref().is_some_and(|open| open.owner != owner) {
            self.commit_pending()?;
        }
        match &mut self.open {
            Some(open) => Ok(open),
            none => {
                self.connection.execute_batch("BEGIN IMMEDIATE")?;
                let open = none.insert(Open { owner, weight: 0 });
                let changes = self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
                let knows = Some((owner, changes));
                if self.known_by != knows {
                    (self.known, self.known_by) = (KnownKeys::default(), knows);
                }
                Ok(open)
            }
        }
    }

    /// Anything may have changed.
    fn forget(&mut self) {
        (self.known, self.known_by) = (KnownKeys::default(), None);
    }

    /// Rolls back what is open, and what a panic left.
    fn take_back(&mut self) {
        self.open = None;
        self.forget();
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

    /// Opens a database to look at it: nothing is written, and nothing need be writable.
    pub(super) fn look(path: &Path, migrations: Migrations) -> Result<Self> {
        let (connection, look) = Look::open(path, migrations)?;
        Ok(Self::new(path, connection, Some(look)))
    }

    fn new(path: &Path, connection: Connection, look: Option<Look>) -> Self {
        let (open, lost, known, known_by) = (None, HashMap::new(), KnownKeys::default(), None);
        let inner = Inner { connection, look, open, lost, known, known_by };
        Self { path: Arc::new(path.to_owned()), inner: Arc::new(Mutex::new(inner)), disk: None }
    }

    /// With files beside it: what was changed there is durable before anything is written here.
    pub(super) fn on(mut self, disk: &Disk) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// To which deployment it belongs.
    pub(super) fn identity(&self) -> Result<Identity> {
        self.now("reading to whom a database belongs", |inner| {
            let sql = &inner.connection;
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
            let tables: Vec<String> =
                sql.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            let (mut id, mut has_content) = (None, false);
            for table in tables {
                if table == "deployment" {
                    id = sql.query_row("SELECT id FROM deployment", [], |row| row.get(0)).optional()?;
                } else {
                    has_content |= sql.prepare(&format!("SELECT 1 FROM \"{table}\" LIMIT 1"))?.exists([])?;
                }
            }
            Ok(Identity { id, has_content })
        })
    }

    /// Writes down to which deployment it belongs, unless that was done; what holds.
    pub(super) fn identify(&self, id: &str) -> Result<String> {
        self.now("writing to whom a database belongs", |inner| {
            // One that has it is not written to: another process may be at work with it.
            let held = "SELECT id FROM deployment";
            if let Ok(Some(held)) = inner.connection.query_row(held, [], |row| row.get(0)).optional() {
                return Ok(held);
            }
            let sql = inner.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            sql.execute_batch(IDENTITY)?;
            sql.execute("INSERT INTO deployment (one, id) VALUES (1, ?1) ON CONFLICT DO NOTHING", [id])?;
            let held = sql.query_row(held, [], |row| row.get(0))?;
            sql.commit()?;
            Ok(held)
        })
    }

    /// Writes down to which deployment it belongs from now on.
    pub(super) fn identify_anew(&self, id: &str) -> Result<()> {
        self.now("writing to whom a database belongs", |inner| {
            let sql = inner.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            sql.execute_batch(IDENTITY)?;
            sql.execute("INSERT OR REPLACE INTO deployment (one, id) VALUES (1, ?1)", [id])?;
            sql.commit()
        })
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (disk, behalf) = (self.disk.clone(), disk::behalf());
        self.with(what, move |inner| {
            inner.commit_pending()?;
            inner.forget();
            if let Some(disk) = disk {
                disk.flush(behalf.as_ref()).map_err(unsynced)?;
            }
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let transaction = inner.connection.transaction_with_behavior(behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Runs `work` in a transaction that stays open for what the same owner does next, until `most` of it was done or
    /// another owner uses the database. Its knowledge is kept for the same owner, too, unless another process changes
    /// anything. If `work` fails, all of the transaction is rolled back. If it cannot be committed when another owner
    /// uses the database, the next call of its owner fails.
    ///
    /// A commit writes each changed page, so work that changes pages everywhere should commit rarely.
    pub(super) async fn gather<T: Send + 'static>(
        &self,
        what: &'static str,
        owner: ImportId,
        (weight, most): (usize, usize),
        work: impl FnOnce(&Connection, &mut KnownKeys) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(what, move |inner| {
            inner.open_for(owner)?.weight += weight;
            let value = work(&inner.connection, &mut inner.known).inspect_err(|_| inner.take_back())?;
            if inner.open.as_ref().is_some_and(|open| open.weight >= most) {
                inner.commit_pending_of(owner)?;
            }
            Ok(value)
        })
        .await
    }

    /// Commits what an owner has gathered.
    pub(super) async fn commit_pending(&self, what: &'static str, owner: ImportId) -> Result<()> {
        self.with(what, move |inner| {
            inner.forget();
            inner.commit_pending_of(owner)
        })
        .await
    }

    /// Runs `work` on a connection that it only reads from.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(what, move |inner| {
            inner.commit_pending()?;
            let Some(look) = &mut inner.look else { return work(&inner.connection) };
            look.renew(&mut inner.connection).map_err(in_database)?;
            let value = work(&inner.connection);
            if look.has_changed().map_err(in_database)? {
                return Err(overtaken("it changed while it was being read".to_owned()));
            }
            value
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Inner) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.clone();
        let done = tokio::task::spawn_blocking(move || database.now(what, work));
        done.await.map_err(|e| Error::Task(e.to_string()))?
    }

    fn now<T>(&self, what: &'static str, work: impl FnOnce(&mut Inner) -> rusqlite::Result<T>) -> Result<T> {
        let use_it = || {
            let mut inner = self.inner.lock().unwrap_or_else(|panicked| {
                let mut inner = panicked.into_inner();
                inner.take_back();
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
    "CREATE TABLE IF NOT EXISTS deployment (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)";

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

#[cfg(test)]
mod tests {
    use tidewaiter::id::Timestamp;

    use super::*;

    const MIGRATIONS: Migrations = &["
        CREATE TABLE parents (id INTEGER PRIMARY KEY);
        CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
    "];

    fn database(root: &tempfile::TempDir) -> Database {
        Database::open(&root.path().join("test.sqlite"), MIGRATIONS).unwrap()
    }

    fn owner(n: u32) -> ImportId {
        ImportId::new(Timestamp::UNIX_EPOCH, u128::from(n))
    }

    async fn gather(database: &Database, owner: ImportId, sql: &'static str) -> Result<()> {
        database.gather("gathering", owner, (1, 3), move |connection, _| connection.execute_batch(sql)).await
    }

    async fn count(database: &Database, table: &'static str) -> Result<u64> {
        let count = move |sql: &Connection| {
            sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        };
        database.read("counting", count).await
    }

    const PARENT: &str = "INSERT INTO parents DEFAULT VALUES";

    /// The lock stayed poisoned, so that from then on each call would have taken back what the one before had gathered.
    #[tokio::test]
    async fn what_is_gathered_after_a_panic_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let database = database(&root);
        gather(&database, owner(1), PARENT).await.unwrap();
        let panics = database.gather("panicking", owner(1), (1, 3), |_, _| -> rusqlite::Result<()> {
            std::panic::panic_any("on purpose")
        });
        assert!(panics.await.is_err());
        for _ in 0..2 {
            gather(&database, owner(2), PARENT).await.unwrap();
        }
        database.commit_pending("keeping", owner(2)).await.unwrap();
        assert_eq!(count(&database, "parents").await.unwrap(), 2, "what the panic was in is taken back");
    }

    #[tokio::test]
    async fn whose_work_could_not_be_committed_is_told_though_another_one_wanted_it() {
        let root = tempfile::tempdir().unwrap();
        let database = database(&root);
        database.read("setting up", |sql| sql.execute_batch("PRAGMA foreign_keys = ON")).await.unwrap();
        gather(&database, owner(1), "INSERT INTO children VALUES (7)").await.unwrap();
        assert!(
            count(&database, "children").await.is_err(),
            "somebody else finds that it cannot be committed"
        );
        assert_eq!(count(&database, "children").await.unwrap(), 0);
        gather(&database, owner(2), PARENT).await.unwrap();
        assert!(gather(&database, owner(1), PARENT).await.is_err(), "and the one whose it was is told,");
        gather(&database, owner(1), PARENT).await.unwrap();
        assert_eq!(count(&database, "parents").await.unwrap(), 2, "once, and at no cost for others");
    }

    /// Gathers in a transaction of its own; says whether it was known already that the record exists.
    async fn knows(database: &Database, owner: ImportId) -> bool {
        let look = |sql: &Connection, known: &mut KnownKeys| {
            let knew = known.has(1, "a");
            known.add(1, "a");
            sql.execute_batch(PARENT).map(|()| knew)
        };
        database.gather("looking", owner, (1, 1), look).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_known_is_known_until_somebody_else_may_have_changed_it() {
        let root = tempfile::tempdir().unwrap();
        let (database, other) = (database(&root), database(&root));
        assert!(!knows(&database, owner(1)).await);
        assert!(knows(&database, owner(1)).await, "it has committed in between");
        count(&database, "parents").await.unwrap();
        assert!(knows(&database, owner(1)).await, "somebody has read in between");
        assert!(!knows(&database, owner(2)).await);
        assert!(!knows(&database, owner(1)).await, "somebody else has gathered");
        database.write("writing", |sql| sql.execute_batch(PARENT)).await.unwrap();
        assert!(!knows(&database, owner(1)).await, "somebody else has written");
        other.write("writing", |sql| sql.execute_batch(PARENT)).await.unwrap();
        assert!(!knows(&database, owner(1)).await, "another process has written");
        assert!(gather(&database, owner(1), "no SQL").await.is_err());
        assert!(!knows(&database, owner(1)).await, "it was taken back");
        assert!(knows(&database, owner(1)).await);
    }

    #[tokio::test]
    async fn what_is_not_settled_is_not_kept() {
        let root = tempfile::tempdir().unwrap();
        let first = database(&root);
        gather(&first, owner(1), PARENT).await.unwrap();
        drop(first);
        let second = database(&root);
        assert_eq!(count(&second, "parents").await.unwrap(), 0);
        for _ in 0..4 {
            gather(&second, owner(1), PARENT).await.unwrap();
        }
        drop(second);
        assert_eq!(count(&database(&root), "parents").await.unwrap(), 3, "enough of it was committed");
    }
}
