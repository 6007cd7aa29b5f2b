//! PostgreSQL: the server writes the rows as `COPY … TO STDOUT`, in one read-only transaction.
//!
//! COPY takes no parameters. The statement is prepared with parameters first, which tells its columns and the type of
//! each place of `{lastItem}`, and that it is one statement. Then the value is put into a setting of the transaction by
//! a bound parameter, and each place becomes `current_setting`, cast to that type. An index is used for it as for a
//! parameter.

mod failure;
mod frames;
mod kinds;
mod line;
mod login;
mod opening;

use std::pin::Pin;

use futures_util::StreamExt;
use tidewaiter_engine::ports::{Fault, Query, RowBatch, SourceColumn, SourceError};
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, CopyOutStream};

use crate::columns::is_full;
use crate::meter::Meter;
use crate::settings::Remote;
use crate::sql::{Dialect, Statement};
use failure::Asked;
use kinds::{Writing, column};
pub(crate) use login::{Session, check, connect};

/// The setting that holds the value of `{lastItem}`, for the length of the transaction.
const SETTING: &str = "tidewaiter.last_item";

/// The rows that a query answers.
pub(crate) struct PostgresRows {
    stream: Pin<Box<CopyOutStream>>,
    writings: Vec<Writing>,
    is_done: bool,
    /// The connection ends with it.
    session: Session,
}

impl std::fmt::Debug for PostgresRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRows").finish_non_exhaustive()
    }
}

impl PostgresRows {
    pub(crate) async fn next(&mut self, batch: &mut RowBatch, meter: &Meter) -> Result<bool, SourceError> {
        while !self.is_done && !is_full(batch) {
            match self.stream.next().await {
                Some(Ok(row)) => line::read(&row, &self.writings, batch)?,
                Some(Err(error)) => return Err(self.session.failed(error, &Asked::Rows, meter).await),
                None => self.is_done = true,
            }
        }
        Ok(batch.rows() > 0)
    }
}

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, PostgresRows), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::Postgres)?;
    let last = statement.last_of(query)?.map(|last| last.text.as_str());
    let mut session = connect(remote, meter).await?;
    match ask(&session.client, &statement, last, meter).await {
        Ok((columns, writings, stream)) => {
            Ok((columns, PostgresRows { stream: Box::pin(stream), writings, is_done: false, session }))
        }
        Err(Unasked::Refused(error)) => Err(error),
        Err(Unasked::Failed(error, sql)) => {
            let asked = sql.as_ref().map_or(Asked::Rows, |sql| Asked::Query { statement: &statement, sql });
            Err(session.failed(error, &asked, meter).await)
        }
    }
}

/// Why a query could not be asked.
enum Unasked {
    /// It cannot be answered with a file.
    Refused(SourceError),
    /// The server failed; the SQL if it did not understand that.
    Failed(tokio_postgres::Error, Option<String>),
}

impl From<SourceError> for Unasked {
    fn from(error: SourceError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Unasked {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error, None)
    }
}

/// Asks on a connection: the columns, how they are written, and the rows.
async fn ask(
    client: &Client,
    statement: &Statement,
    last: Option<&str>,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, Vec<Writing>, CopyOutStream), Unasked> {
    begin(client, meter).await?;
    let sql = statement.with(|n| format!("${n}"));
    let prepared = client.prepare(&sql).await.map_err(|error| Unasked::Failed(error, Some(sql.clone())))?;
    let mut columns = Vec::new();
    let mut writings = Vec::new();
    for found in prepared.columns() {
        let (column, writing) = column(found.name(), found.type_())?;
        columns.push(column);
        writings.push(writing);
    }
    crate::columns::check_names(&columns)?;
    if let Some(last) = last {
        let set = format!("SELECT set_config('{SETTING}', $1, true)");
        client.execute(&set, &[&last]).await?;
    }
    let places: Vec<String> = prepared.params().iter().map(place).collect::<Result<_, _>>()?;
    let bound = statement.with(|n| places.get(n - 1).cloned().unwrap_or_default());
    // On lines of its own: it may end with a comment.
    let copy = format!("COPY (\n{bound}\n) TO STDOUT");
    Ok((columns, writings, client.copy_out(copy.as_str()).await?))
}

/// Begins the transaction: it reads only, and ends by itself.
async fn begin(client: &Client, meter: &Meter) -> Result<(), tokio_postgres::Error> {
    let remaining = meter.deadline.saturating_duration_since(tokio::time::Instant::now());
    let milliseconds = i32::try_from(remaining.as_millis()).unwrap_or(i32::MAX).max(1);
    let sql = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; \
         SET LOCAL idle_in_transaction_session_timeout = {milliseconds}"
    );
    client.batch_execute(&sql).await
}

/// What stands in the place of `{lastItem}`: the setting, as the type that the server expects there.
fn place(expected: &Type) -> Result<String, SourceError> {
    if matches!(expected.kind(), Kind::Array(_) | Kind::Composite(_) | Kind::Pseudo) {
        let message =
            format!("{{lastItem}} stands where a value of the type {} is expected", expected.name());
        return Err(SourceError::new(Fault::Query, message).with_hint(
            "compare it with one column, such as id > {lastItem}, or write CAST({lastItem} AS bigint)",
        ));
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let kind = format!("{}.{}", quoted(expected.schema()), quoted(expected.name()));
    Ok(format!("CAST(current_setting('{SETTING}') AS {kind})"))
}
