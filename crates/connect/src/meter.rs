//! Holds a read to its limits.

use std::future::Future;

use tidewaiter_engine::ports::{Fault, RowBatch, SourceError};
use tokio::time::Instant;

use crate::settings::Limits;

/// What a read has taken so far.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    /// When it has to be done.
    pub(crate) deadline: Instant,
    rows: u64,
    bytes: u64,
}

impl Meter {
    /// Begins to measure.
    pub(crate) fn start(limits: Limits) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(limits.time).unwrap_or(now);
        Self { limits, deadline, rows: 0, bytes: 0 }
    }

    /// Waits for something until the time is over. What is waited for is dropped then.
    pub(crate) async fn within<T>(
        &self,
        waited_for: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        tokio::time::timeout_at(self.deadline, waited_for).await.unwrap_or_else(|_| Err(self.too_long()))
    }

    /// The error for a read that takes too long.
    pub(crate) fn too_long(&self) -> SourceError {
        let message = format!("the query took longer than {} seconds", self.limits.time.as_secs_f64());
        SourceError::new(Fault::Limit, message)
            .with_hint("read fewer rows at a time, add an index, or raise the limit of the connection")
    }

    /// The error for a row that is too large.
    pub(crate) fn too_wide(&self) -> SourceError {
        let message = format!("a row has more than {} bytes", self.limits.row_bytes);
        SourceError::new(Fault::Limit, message)
            .with_hint("select fewer or shorter columns, or raise the limit of the connection")
    }

    /// Counts rows that were read.
    pub(crate) fn count(&mut self, batch: &RowBatch) -> Result<(), SourceError> {
        self.rows += batch.rows() as u64;
        self.bytes += batch.bytes() as u64;
        let beyond = |most: u64, what: &str| {
            let hint =
                "read fewer at a time, with {lastItem} and LIMIT, or raise the limit of the connection";
            SourceError::new(Fault::Limit, format!("the query answers more than {most} {what}"))
                .with_hint(hint)
        };
        if self.rows > self.limits.rows {
            return Err(beyond(self.limits.rows, "rows"));
        }
        if self.bytes > self.limits.bytes {
            return Err(beyond(self.limits.bytes, "bytes"));
        }
        Ok(())
    }
}
