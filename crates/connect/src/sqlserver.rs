//! SQL Server and Azure SQL: a statement with bound parameters, in a transaction that is never committed.
//!
//! A server of this kind has no transactions that only read. What a query changed would be undone by the end of its
//! connection; the guard is a login that may only read.

mod carrier;
mod days;
mod failure;
mod handshake;
mod kinds;
mod last;
mod login;
mod values;

use futures_util::TryStreamExt;
use tiberius::{ColumnType, QueryItem, ToSql};
use tidewaiter_engine::ports::{Fault, Query, SourceColumn, SourceError};
use tokio::net::TcpStream;

use crate::aside::{self, Answer, Reading};
use crate::batches::BatchReceiver;
use crate::meter::Meter;
use crate::settings::Remote;
use crate::sql::{Dialect, Statement};
use crate::steps::Check;
use failure::failed;

/// Bytes that may come beside those of a row: what the server says of the answer, and the packet behind the row.
const BESIDE: usize = 1 << 20;

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, BatchReceiver), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::SqlServer)?;
    statement.last_of(query)?;
    let reader = Reader { remote: remote.clone(), statement, query: query.clone(), meter: meter.clone() };
    aside::rows(reader).await
}

/// Looks at a connection that was reached, step by step.
pub(crate) async fn check(remote: &Remote, stream: TcpStream, meter: &Meter, check: &mut Check) {
    Box::pin(login::check(remote, stream, meter, check)).await;
}

struct Reader {
    remote: Remote,
    statement: Statement,
    query: Query,
    meter: Meter,
}

impl Reading for Reader {
    async fn read(&self, answer: &mut Answer) -> Result<(), SourceError> {
        let meter = &self.meter;
        let (mut client, allowance) = login::connect(&self.remote, meter).await?;
        login::begin(&mut client, &self.remote, meter).await?;
        // Texts have two bytes a character here.
        let most = meter.limits.row_bytes.saturating_mul(2).saturating_add(BESIDE);
        allowance.renew(most);
        let last = self.statement.last_of(&self.query)?.map(last::bound);
        let values: Vec<&dyn ToSql> = last.iter().map(|last| last as &dyn ToSql).collect();
        let sql = self.statement.with(|_| "@P1".to_owned());
        let failed = |error| failed(&error, &self.remote, meter);
        let mut items = client.query(sql, &values).await.map_err(failed)?;
        let mut monies: Option<Vec<bool>> = None;
        while let Some(item) = items.try_next().await.map_err(failed)? {
            allowance.renew(most);
            match (item, &monies) {
                (QueryItem::Metadata(found), None) => {
                    let columns: Vec<_> =
                        found.columns().iter().map(kinds::column).collect::<Result<_, _>>()?;
                    crate::columns::check_names(&columns)?;
                    answer.columns(columns);
                    let is_money = |kind| matches!(kind, ColumnType::Money | ColumnType::Money4);
                    monies =
                        Some(found.columns().iter().map(|column| is_money(column.column_type())).collect());
                }
                (QueryItem::Row(row), Some(monies)) => {
                    let before = answer.row().bytes();
                    for ((_, value), is_money) in row.cells().zip(monies) {
                        values::write(value, *is_money, answer.row())?;
                    }
                    if answer.row().bytes() - before > meter.limits.row_bytes {
                        return Err(meter.too_wide());
                    }
                    answer.end_row().await;
                }
                _ => {
                    return Err(SourceError::new(Fault::Query, "the query answers more than one result")
                        .with_hint("keep one SELECT"));
                }
            }
        }
        if monies.is_none() {
            return Err(SourceError::new(Fault::Query, "the query answers no columns")
                .with_hint("select at least one column"));
        }
        Ok(())
    }
}
