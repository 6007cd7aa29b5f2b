//! MySQL and MariaDB: a prepared statement in a read-only transaction, whose rows are read one by one.
//!
//! The connection lives on a thread with a runtime of its own, which ends when the rows are dropped: the client would
//! read the rest of an answer that was given up.

mod failure;
mod kinds;
mod last;
mod login;
mod values;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Statement as Prepared};
use tidewaiter_engine::ports::{Fault, Query, RowBatch, SourceColumn, SourceError};
use tokio::sync::oneshot;

use crate::aside;
use crate::batches::{BatchReceiver, Batches, batches};
use crate::columns::is_full;
use crate::meter::Meter;
use crate::settings::Remote;
use crate::sql::{Dialect, Statement};
use crate::steps::Check;
use failure::failed;
use kinds::{Writing, column};

/// The columns of an answer, which are known before its rows.
type Opened = Result<Vec<SourceColumn>, SourceError>;

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, BatchReceiver), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::Mysql)?;
    if statement.places() > 0 && query.last.is_none() {
        return Err(crate::sql::without_last_item());
    }
    let (opened, columns) = oneshot::channel();
    let (sender, batches) = batches();
    let reader = Reader { remote: remote.clone(), statement, query: query.clone(), meter: meter.clone() };
    aside::begin(async move {
        tokio::select! {
            () = reader.run(opened, &sender) => {}
            // The caller dropped the rows, or gave the read up.
            () = sender.closed() => {}
        }
    })?;
    let columns = columns.await.unwrap_or_else(|_| Err(aside::stopped()))?;
    Ok((columns, batches))
}

/// Looks at a connection whose host has an address, step by step.
pub(crate) async fn check(remote: &Remote, meter: &Meter, check: &mut Check) -> Result<(), SourceError> {
    let (mut sender, checked) = oneshot::channel();
    let (remote, meter) = (remote.clone(), meter.clone());
    aside::begin(async move {
        let found = tokio::select! {
            found = login::check(&remote, &meter) => found,
            () = sender.closed() => return,
        };
        // A caller that gave the check up needs no answer.
        let _ = sender.send(found);
    })?;
    check.steps.extend(checked.await.map_err(|_| aside::stopped())?.steps);
    Ok(())
}

struct Reader {
    remote: Remote,
    statement: Statement,
    query: Query,
    meter: Meter,
}

/// A statement that the server understands, and how its columns are written.
struct Understood {
    prepared: Prepared,
    values: Params,
    columns: Vec<SourceColumn>,
    writings: Vec<Writing>,
}

impl Reader {
    /// Reads all rows, and tells of the first failure where it is waited for.
    async fn run(&self, opened: oneshot::Sender<Opened>, sender: &Batches) {
        let mut opened = Some(opened);
        if let Err(error) = self.read(&mut opened, sender).await {
            match opened {
                Some(opened) => drop(opened.send(Err(error))),
                None => drop(sender.send(Err(error)).await),
            }
        }
    }

    async fn read(
        &self,
        opened: &mut Option<oneshot::Sender<Opened>>,
        sender: &Batches,
    ) -> Result<(), SourceError> {
        let mut conn = login::connect(&self.remote, &self.meter).await?;
        login::begin(&mut conn, &self.meter).await?;
        let Understood { prepared, values, columns, writings } = self.understood(&mut conn).await?;
        let mut rows =
            conn.exec_iter(&prepared, values).await.map_err(|error| failed(&error, &self.meter))?;
        if let Some(opened) = opened.take() {
            // Without a receiver, this ends at its next step.
            let _ = opened.send(Ok(columns));
        }
        let mut batch = RowBatch::default();
        batch.clear(writings.len());
        while let Some(row) = rows.next().await.map_err(|error| failed(&error, &self.meter))? {
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

    /// What the server makes of the query, before it answers it.
    async fn understood(&self, conn: &mut Conn) -> Result<Understood, SourceError> {
        let Self { statement, query, meter, .. } = self;
        let (place, value) = query.last.as_ref().map_or(("?", mysql_async::Value::NULL), last::bound);
        let sql = statement.with(|_| place.to_owned());
        let prepared = conn.prep(sql.as_str()).await.map_err(|error| failed(&error, meter))?;
        if usize::from(prepared.num_params()) != statement.places() {
            let message = "the server finds parameters in the query that are none";
            return Err(SourceError::new(Fault::Query, message).with_hint("write a question mark in quotes"));
        }
        let found: Vec<_> = prepared.columns().iter().map(column).collect::<Result<_, _>>()?;
        let (columns, writings): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        crate::columns::check_names(&columns)?;
        let values = match statement.places() {
            0 => Params::Empty,
            places => Params::Positional(vec![value; places]),
        };
        Ok(Understood { prepared, values, columns, writings })
    }
}
