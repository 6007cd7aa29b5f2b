//! How a database is opened: to work with it, or to look at it.
//!
//! A command that only looks changes nothing: it makes no file and no folder, and needs no permission to write.
//! SQLite itself wants to write beside a database in its WAL mode, even to read it. So it depends on what lies there:
//!
//! | beside the database | how it is looked at |
//! |---|---|
//! | `-shm`: a process works with it, or was killed | read-only; what was committed last is seen |
//! | no `-shm`, and no `-wal` that holds anything: no process uses it | as a file that does not change |
//! | no `-shm`, and a `-wal`: a copy of these two | a copy of both, in the folder for temporary files |
//! | no database | an empty one in memory |
//!
//! In all cases but the first a process may begin to work with it meanwhile. It is then opened anew.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use tidewaiter_engine::{Error, Result};

/// The steps from nothing to the newest schema, run once each.
pub(super) type Migrations = &'static [&'static str];

/// How long a process that works waits for a lock, and one that looks.
const WAITS: Duration = Duration::from_secs(30);
const LOOKS: Duration = Duration::from_secs(5);
/// How often a copy is begun anew, since what is copied changes.
const COPIES: u32 = 5;

/// Opens or creates a database to work with it, and brings it to the newest schema.
pub(super) fn to_work(path: &Path, migrations: Migrations) -> rusqlite::Result<Connection> {
    to_work_in_pages(path, migrations, 4096)
}

/// The same; if it is created, in pages of so many bytes.
pub(super) fn to_work_in_pages(
    path: &Path,
    migrations: Migrations,
    bytes: u32,
) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(WAITS)?;
    // Before anything else: a database keeps the size with which it began.
    connection.pragma_update(None, "page_size", bytes)?;
    // A larger write-ahead log writes a page that changes again and again less often to its place.
    // FULL: what is committed survives a power cut, since files are moved on the strength of it.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8192;",
    )?;
    migrate(&mut connection, migrations)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens a database that this process works with on another connection, to read from it.
pub(super) fn to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(WAITS)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection, migrations: Migrations) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if done > migrations.len() {
        return Err(other_version(done, migrations));
    }
    for (n, migration) in migrations.iter().enumerate().skip(done) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", n + 1)?;
    }
    transaction.commit()
}

fn other_version(version: usize, known: Migrations) -> rusqlite::Error {
    let why = format!("another version of tidewaiter wrote it (schema {version}, known {})", known.len());
    rusqlite::Error::ToSqlConversionFailure(why.into())
}

/// A database that is looked at.
#[derive(Debug)]
pub(super) struct Look {
    path: PathBuf,
    migrations: Migrations,
    /// What lay there, unless changes are seen anyway.
    there: Option<There>,
    /// Removed with it.
    _copy: Option<Copy>,
}

impl Look {
    /// Opens a database to look at it.
    pub(super) fn open(path: &Path, migrations: Migrations) -> Result<(Connection, Self)> {
        let failed = |error| failed("opening a database", path, error);
        let there = There::find(path)?;
        let look = |there, copy| Self { path: path.to_owned(), migrations, there, _copy: copy };
        let (connection, look) = if !there.has_content() {
            (in_memory(migrations).map_err(failed)?, look(Some(there), None))
        } else if there.is_shared {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            (Connection::open_with_flags(path, flags).map_err(failed)?, look(None, None))
        } else if there.log == 0 {
            (unchanging(path).map_err(failed)?, look(Some(there), None))
        } else {
            let (copy, there) = Copy::of(path)?;
            (Connection::open(copy.database()).map_err(failed)?, look(Some(there), Some(copy)))
        };
        connection.busy_timeout(LOOKS).map_err(failed)?;
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        if version != migrations.len() {
            return Err(failed(other_version(version, migrations)));
        }
        Ok((connection, look))
    }

    /// Opens it anew if what lies there has changed, and that would not be seen.
    pub(super) fn renew(&mut self, connection: &mut Connection) -> Result<()> {
        if self.has_changed()? {
            (*connection, *self) = Self::open(&self.path, self.migrations)?;
        }
        Ok(())
    }

    /// True if what lies there has changed, so that what was read may be half of one state and half of another.
    pub(super) fn has_changed(&self) -> Result<bool> {
        match &self.there {
            Some(there) => Ok(There::find(&self.path)? != *there),
            None => Ok(false),
        }
    }
}

fn in_memory(migrations: Migrations) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection, migrations)?;
    Ok(connection)
}

/// What stands in the address of a file as it is, beside letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Opens a database that no process uses. SQLite then neither locks it nor looks for files beside it.
fn unchanging(path: &Path) -> rusqlite::Result<Connection> {
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), PLAIN);
    let uri = format!("file:{path}?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// What lies where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct There {
    /// The database: its size, and when it last changed.
    database: Option<(u64, Option<SystemTime>)>,
    /// How large the write-ahead log is; 0 if there is none.
    log: u64,
    /// True if there is what processes share that work with it.
    is_shared: bool,
}

impl There {
    fn find(path: &Path) -> Result<Self> {
        let database = metadata(path)?;
        Ok(Self {
            database: database.map(|found| (found.len(), found.modified().ok())),
            log: metadata(&beside(path, "-wal"))?.map_or(0, |found| found.len()),
            is_shared: metadata(&beside(path, "-shm"))?.is_some(),
        })
    }

    fn has_content(&self) -> bool {
        self.database.is_some_and(|(bytes, _)| bytes > 0)
    }
}

fn metadata(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::object(path.display().to_string(), error)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// True if there is no database, or one that holds nothing at all.
pub(super) fn is_empty(path: &Path) -> Result<bool> {
    There::find(path).map(|there| !there.has_content())
}

/// A copy of a database and its write-ahead log.
#[derive(Debug)]
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of(path: &Path) -> Result<(Self, There)> {
        let cannot = |error| Error::object(path.display().to_string(), error);
        for _ in 0..COPIES {
            let copy = Self::make().map_err(cannot)?;
            let before = There::find(path)?;
            fs::copy(path, copy.database()).map_err(cannot)?;
            fs::copy(beside(path, "-wal"), beside(&copy.database(), "-wal")).map_err(cannot)?;
            if There::find(path)? == before {
                return Ok((copy, before));
            }
        }
        Err(Error::Changed { key: path.display().to_string() })
    }

    /// A folder of our own, which no other user may enter.
    fn make() -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name =
            format!("tidewaiter-{}-{number}-{:016x}", std::process::id(), super::drops::fresh_random());
        let folder = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    fn database(&self) -> PathBuf {
        self.folder.join("copy.sqlite")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // It lies among temporary files, and is removed with them.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A failure of a database. A full disk does not pass by itself.
pub(super) fn failed(what: &'static str, path: &Path, source: rusqlite::Error) -> Error {
    let is_full = match &source {
        // What a large file is sorted in lies beside its database.
        rusqlite::Error::ToSqlConversionFailure(inner) => {
            let inner = inner.downcast_ref::<io::Error>();
            inner.is_some_and(|inner| inner.kind() == io::ErrorKind::StorageFull)
        }
        source => source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
    };
    if is_full {
        let source = io::Error::new(io::ErrorKind::StorageFull, format!("{what}: {source}"));
        return Error::writing(path.display().to_string(), source);
    }
    Error::Store { what, source: Box::new(InFile { path: path.to_owned(), source }) }
}

/// What is wrong with a database, and where it lies.
#[derive(Debug, thiserror::Error)]
#[error("{source} ({path})", path = path.display())]
struct InFile {
    path: PathBuf,
    source: rusqlite::Error,
}
