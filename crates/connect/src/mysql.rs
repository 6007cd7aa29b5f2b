//! MySQL and MariaDB: a prepared statement in a read-only transaction, whose rows are read one by one.
//!
//! A task of its own holds the connection and puts rows into batches; it ends when the rows are dropped. The client takes
//! a connection apart only as a whole, so nothing else can hold both a connection and its rows.

mod failure;
mod kinds;
mod last;
mod login;
mod values;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Statement as Prepared};
use tidewaiter_engine::ports::{Fault, Query, RowBatch, SourceColumn, SourceError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::columns::is_full;
use crate::meter::Meter;
use crate::settings::Remote;
use crate::sql::{Dialect, Statement};
use failure::failed;
use kinds::{Writing, column};
pub(crate) use login::check;

/// The rows that a query answers.
#[derive(Debug)]
pub(crate) struct MysqlRows {
    batches: mpsc::Receiver<Result<RowBatch, SourceError>>,
    _reading: Reading,
}

/// A task that ends when this is dropped.
#[derive(Debug)]
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl MysqlRows {
    pub(crate) async fn next(&mut self, batch: &mut RowBatch) -> Result<bool, SourceError> {
        match self.batches.recv().await {
            Some(read) => {
                *batch = read?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, MysqlRows), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::Mysql)?;
    if statement.places() > 0 && query.last.is_none() {
        return Err(crate::sql::without_last_item());
    }
    let mut conn = login::connect(remote, meter).await?;
    login::begin(&mut conn, meter).await?;
    let (place, value) = query.last.as_ref().map_or(("?", mysql_async::Value::NULL), last::bound);
    let sql = statement.with(|_| place.to_owned());
    let prepared = conn.prep(sql.as_str()).await.map_err(|error| failed(&error, meter))?;
    if usize::from(prepared.num_params()) != statement.places() {
        let message = "the server finds parameters in the query that are none".to_owned();
        return Err(SourceError::new(Fault::Query, message).with_hint("write a question mark in quotes"));
    }
    let mut columns = Vec::new();
    let mut writings = Vec::new();
    for found in prepared.columns().iter() {
        let (column, writing) = column(found)?;
        columns.push(column);
        writings.push(writing);
    }
    crate::columns::check_names(&columns)?;
    let values = vec![value; statement.places()];
    let (sender, batches) = mpsc::channel(1);
    let (started, begun) = oneshot::channel();
    let reader = Reader { conn, prepared, values, writings, meter: meter.clone(), sender };
    let reading = Reading(tokio::spawn(reader.run(started)));
    // An error of the first row is told here, not in the middle of a file.
    match begun.await {
        Ok(Ok(())) => Ok((columns, MysqlRows { batches, _reading: reading })),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SourceError::new(Fault::Passing, "the reading task stopped")),
    }
}

struct Reader {
    conn: Conn,
    prepared: Prepared,
    values: Vec<mysql_async::Value>,
    writings: Vec<Writing>,
    meter: Meter,
    sender: mpsc::Sender<Result<RowBatch, SourceError>>,
}

impl Reader {
    async fn run(mut self, started: oneshot::Sender<Result<(), SourceError>>) {
        let mut started = Some(started);
        let Err(error) = self.read(&mut started).await else { return };
        match started {
            Some(started) => drop(started.send(Err(error))),
            // Nobody takes it where the rows were dropped.
            None => drop(self.sender.send(Err(error)).await),
        }
    }

    async fn read(
        &mut self,
        started: &mut Option<oneshot::Sender<Result<(), SourceError>>>,
    ) -> Result<(), SourceError> {
        let Self { conn, prepared, values, writings, meter, sender } = self;
        let values = mysql_async::Params::Positional(std::mem::take(values));
        let values = if matches!(&values, mysql_async::Params::Positional(list) if list.is_empty()) {
            mysql_async::Params::Empty
        } else {
            values
        };
        let mut rows = conn.exec_iter(&*prepared, values).await.map_err(|error| failed(&error, meter))?;
        if let Some(started) = started.take() {
            // Without a receiver, the first batch finds that nobody waits.
            let _ = started.send(Ok(()));
        }
        let mut batch = RowBatch::default();
        batch.clear(writings.len());
        while let Some(row) = rows.next().await.map_err(|error| failed(&error, meter))? {
            for (at, writing) in writings.iter().enumerate() {
                values::write(row.as_ref(at), *writing, &mut batch);
            }
            if is_full(&batch) {
                let full = std::mem::take(&mut batch);
                batch.clear(writings.len());
                if sender.send(Ok(full)).await.is_err() {
                    return Ok(());
                }
            }
        }
        if batch.rows() > 0 {
            let _ = sender.send(Ok(batch)).await;
        }
        Ok(())
    }
}
