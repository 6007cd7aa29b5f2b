//! The rows of any database, within the limits of its connection.

use tidewaiter_engine::ports::{RowBatch, SourceColumn, SourceError, SourceRows};

use crate::batches::BatchReceiver;
use crate::clickhouse::ClickHouseRows;
use crate::columns::check_names;
use crate::meter::Meter;
use crate::postgres::PostgresRows;
use crate::sqlite::SqliteRows;

/// The rows that a query answers.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<SourceColumn>,
    inner: Inner,
    meter: Meter,
}

/// The rows of each kind of server.
#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(SqliteRows),
    Postgres(PostgresRows),
    ClickHouse(ClickHouseRows),
    /// Rows that a thread of their own reads.
    Aside(BatchReceiver),
}

impl Rows {
    pub(crate) fn new(columns: Vec<SourceColumn>, inner: Inner, meter: Meter) -> Result<Self, SourceError> {
        check_names(&columns)?;
        Ok(Self { columns, inner, meter })
    }
}

impl SourceRows for Rows {
    fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    async fn next(&mut self, batch: &mut RowBatch) -> Result<bool, SourceError> {
        batch.clear(self.columns.len());
        let Self { inner, meter, .. } = self;
        let has_rows = meter
            .within(async {
                match inner {
                    Inner::Sqlite(rows) => rows.next(batch).await,
                    Inner::Postgres(rows) => rows.next(batch, meter).await,
                    Inner::ClickHouse(rows) => rows.next(batch, meter).await,
                    Inner::Aside(rows) => rows.next(batch).await,
                }
            })
            .await?;
        meter.count(batch)?;
        Ok(has_rows)
    }
}
