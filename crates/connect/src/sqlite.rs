//! SQLite: a file of this machine, opened for reading only.
//!
//! A thread of its own steps through the rows, because SQLite blocks. It ends when the rows are dropped: a handler that
//! SQLite calls every few thousand operations sees it, however long the query would still take.

mod forms;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection as Database, ErrorCode, OpenFlags};
use tidewaiter_engine::ports::{Fault, Form, Query, RowBatch, SourceColumn, SourceError};
use tokio::sync::oneshot;

use crate::batches::{BatchReceiver, Batches, batches};
use crate::columns::is_full;
use crate::meter::Meter;
use crate::sql::{Dialect, Statement};
use forms::{Cell, column};

/// How many operations SQLite does between two looks at the time.
const OPERATIONS: i32 = 10_000;

type Opened = Result<Vec<SourceColumn>, SourceError>;

/// The rows that a query answers.
#[derive(Debug)]
pub(crate) struct SqliteRows {
    batches: BatchReceiver,
    is_dropped: Arc<AtomicBool>,
}

impl Drop for SqliteRows {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

impl SqliteRows {
    pub(crate) async fn next(&mut self, batch: &mut RowBatch) -> Result<bool, SourceError> {
        self.batches.next(batch).await
    }
}

/// Asks a query.
pub(crate) async fn open(
    file: PathBuf,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, SqliteRows), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::Sqlite)?;
    let is_dropped = Arc::new(AtomicBool::new(false));
    let (opened, columns) = oneshot::channel();
    let (sender, batches) = batches();
    let reader = Reader {
        file,
        statement,
        query: query.clone(),
        meter: meter.clone(),
        is_dropped: Arc::clone(&is_dropped),
    };
    let rows = SqliteRows { batches, is_dropped };
    std::thread::Builder::new()
        .name("sqlite-source".to_owned())
        .spawn(move || reader.run(opened, &sender))
        .map_err(|error| SourceError::new(Fault::Passing, format!("no thread can be started: {error}")))?;
    let columns = columns
        .await
        .unwrap_or_else(|_| Err(SourceError::new(Fault::Passing, "the reading thread stopped")))?;
    Ok((columns, rows))
}

/// Opens a database such that nothing in it can be changed.
pub(crate) fn database(file: &Path) -> Result<Database, SourceError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let unusable = |error: rusqlite::Error| {
        SourceError::new(Fault::Operator, format!("{} cannot be opened: {}", file.display(), told(&error)))
            .with_hint("name a file of SQLite that this user may read")
    };
    let database = Database::open_with_flags(file, flags).map_err(unusable)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(unusable)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(unusable)?;
    database.pragma_update(None, "query_only", true).map_err(unusable)?;
    // The file is looked at only now.
    database.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(unusable)?;
    Ok(database)
}

struct Reader {
    file: PathBuf,
    statement: Statement,
    query: Query,
    meter: Meter,
    is_dropped: Arc<AtomicBool>,
}

impl Reader {
    /// Reads all rows, and tells of the first failure where it is waited for.
    fn run(self, opened: oneshot::Sender<Opened>, sender: &Batches) {
        let mut opened = Some(opened);
        if let Err(error) = self.read(&mut opened, sender) {
            match opened {
                Some(opened) => drop(opened.send(Err(error))),
                // The send fails if the caller dropped the rows, and then needs no answer.
                None => drop(sender.blocking_send(Err(error))),
            }
        }
    }

    fn read(
        &self,
        opened: &mut Option<oneshot::Sender<Opened>>,
        sender: &Batches,
    ) -> Result<(), SourceError> {
        let mut database = database(&self.file)?;
        self.limit(&mut database)?;
        let sql = self.statement.with(|_| "?1".to_owned());
        let mut prepared = database.prepare(&sql).map_err(|error| self.failed(&error))?;
        if !prepared.readonly() {
            return Err(SourceError::new(Fault::Query, "the query changes the database")
                .with_hint("it may only read"));
        }
        self.bind(&mut prepared)?;
        let columns: Vec<SourceColumn> = prepared
            .columns()
            .map(|found| column(found.name(), found.decl_type()))
            .collect::<Result<_, _>>()?;
        crate::columns::check_names(&columns)?;
        if let Some(opened) = opened.take() {
            // If the caller gave the read up, sending the first batch fails.
            let _ = opened.send(Ok(columns.clone()));
        }
        let forms: Vec<Form> = columns.iter().map(|column| column.form).collect();
        let mut rows = prepared.raw_query();
        let mut batch = RowBatch::default();
        batch.clear(columns.len());
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            let before = batch.bytes();
            for (at, form) in forms.iter().enumerate() {
                let value = row.get_ref(at).map_err(|error| self.failed(&error))?;
                if let ValueRef::Blob(_) = value {
                    let name = columns.get(at).map(|column| column.name.as_str()).unwrap_or_default();
                    return Err(crate::columns::refused_type(
                        name,
                        "BLOB in a row",
                        "select hex(…) of it, or CAST(… AS TEXT)",
                    ));
                }
                Cell { value, form: *form }.write(&mut batch);
            }
            if batch.bytes() - before > self.meter.limits.row_bytes {
                return Err(self.meter.too_wide());
            }
            if is_full(&batch) {
                let full = std::mem::take(&mut batch);
                batch.clear(columns.len());
                if sender.blocking_send(Ok(full)).is_err() {
                    return Ok(());
                }
            }
        }
        if batch.rows() > 0 {
            let _ = sender.blocking_send(Ok(batch));
        }
        Ok(())
    }

    /// Bounds what a query may cost.
    fn limit(&self, database: &mut Database) -> Result<(), SourceError> {
        let most = i32::try_from(self.meter.limits.row_bytes).unwrap_or(i32::MAX);
        let remaining = self.remaining();
        let (deadline, is_dropped) = (self.meter.deadline.into_std(), Arc::clone(&self.is_dropped));
        let is_over = move || is_dropped.load(Ordering::Relaxed) || std::time::Instant::now() >= deadline;
        database
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, most)
            .and_then(|_| database.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0))
            // A writer may hold the file for a moment.
            .and_then(|_| database.busy_timeout(remaining))
            .and_then(|()| database.progress_handler(OPERATIONS, Some(is_over)))
            .map_err(|error| self.failed(&error))
    }

    fn remaining(&self) -> Duration {
        self.meter.deadline.saturating_duration_since(tokio::time::Instant::now())
    }

    fn bind(&self, prepared: &mut rusqlite::Statement<'_>) -> Result<(), SourceError> {
        let Some(last) = self.statement.last_of(&self.query)? else { return Ok(()) };
        let number = match last.form {
            Form::Integer => last.text.parse().ok().map(rusqlite::types::Value::Integer),
            Form::Number => last.text.parse().ok().map(rusqlite::types::Value::Real),
            _ => None,
        };
        let value = number.unwrap_or_else(|| rusqlite::types::Value::Text(last.text.clone()));
        prepared.raw_bind_parameter(1, value).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> SourceError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => self.meter.too_long(),
            Some(ErrorCode::TooBig) => self.meter.too_wide(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SourceError::new(
                Fault::Passing,
                format!("{} is in use: {}", self.file.display(), told(error)),
            ),
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure,
            ) => SourceError::new(
                Fault::Operator,
                format!("{} cannot be read: {}", self.file.display(), told(error)),
            ),
            _ => SourceError::new(Fault::Query, format!("SQLite refuses the query: {}", told(error))),
        }
    }
}

/// What SQLite says, without the query.
fn told(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            message.clone().unwrap_or_else(|| failure.to_string())
        }
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
