//! MySQL and MariaDB: a prepared statement in a read-only transaction, whose rows are read one by one.
//!
//! The connection lives on a thread with a runtime of its own, which ends when the rows are dropped: the client would
//! read the rest of an answer that was given up.

mod cut;
mod failure;
mod kinds;
mod last;
mod login;
mod values;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Statement as Prepared};
use tidewaiter_engine::ports::{Fault, Query, SourceColumn, SourceError};
use tokio::sync::oneshot;

use crate::aside::{self, Answer, Reading};
use crate::batches::BatchReceiver;
use crate::meter::Meter;
use crate::settings::Remote;
use crate::sql::{Dialect, Statement};
use crate::steps::Check;
use failure::failed;
use kinds::{Writing, column};

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, BatchReceiver), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::Mysql)?;
    statement.last_of(query)?;
    let reader = Reader { remote: remote.clone(), statement, query: query.clone(), meter: meter.clone() };
    aside::rows(reader).await
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

impl Reading for Reader {
    async fn read(&self, answer: &mut Answer) -> Result<(), SourceError> {
        let mut conn = login::connect(&self.remote, &self.meter).await?;
        login::begin(&mut conn, &self.remote, &self.meter).await?;
        let Understood { prepared, values, columns, writings } = self.understood(&mut conn).await?;
        let failed = |error| failed(&error, &self.remote, &self.meter);
        let mut rows = conn.exec_iter(&prepared, values).await.map_err(failed)?;
        answer.columns(columns);
        while let Some(row) = rows.next().await.map_err(failed)? {
            for (at, writing) in writings.iter().enumerate() {
                values::write(row.as_ref(at), *writing, answer.row());
            }
            answer.end_row().await;
        }
        drop(rows);
        cut::cut(&mut conn).await.map_err(failed)?.map_or(Ok(()), Err)
    }
}

impl Reader {
    /// What the server makes of the query, before it answers it.
    async fn understood(&self, conn: &mut Conn) -> Result<Understood, SourceError> {
        let Self { remote, statement, query, meter } = self;
        let (place, value) = query.last.as_ref().map_or(("?", mysql_async::Value::NULL), last::bound);
        let sql = statement.with(|_| place.to_owned());
        let prepared = conn.prep(sql.as_str()).await.map_err(|error| failed(&error, remote, meter))?;
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
