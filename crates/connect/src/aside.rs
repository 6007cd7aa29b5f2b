//! Work on a thread with a runtime of its own.
//!
//! A client that goes on by itself after its connection was given up (it reads the rest of an answer, however long that
//! is, or waits for a server that hangs) ends with the runtime: what it still holds is dropped, and the server sees that
//! its connection is closed.

use std::future::Future;

use tidewaiter_engine::ports::{Fault, RowBatch, SourceColumn, SourceError};
use tokio::sync::oneshot;

use crate::batches::{BatchReceiver, Batches, batches};
use crate::columns::is_full;

/// Begins work, which ends by itself.
pub(crate) fn begin(work: impl Future<Output = ()> + Send + 'static) -> Result<(), SourceError> {
    let failed = |error: std::io::Error| {
        SourceError::new(Fault::Passing, format!("no thread can be started: {error}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let run = move || {
        runtime.block_on(work);
        // Names that are still looked up are not waited for.
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("source".to_owned()).spawn(run).map_err(failed)?;
    Ok(())
}

/// The error for work that ended without an answer.
pub(crate) fn stopped() -> SourceError {
    SourceError::new(Fault::Passing, "the reading thread stopped")
}

/// A query that is asked on a thread of its own.
pub(crate) trait Reading: Send + Sync + 'static {
    /// Reads all rows: tells the columns first, then each row.
    fn read(&self, answer: &mut Answer) -> impl Future<Output = Result<(), SourceError>> + Send;
}

/// Asks a query on a thread of its own. The thread ends when the rows are dropped.
pub(crate) async fn rows(reading: impl Reading) -> Result<(Vec<SourceColumn>, BatchReceiver), SourceError> {
    let (opened, columns) = oneshot::channel();
    let (sender, batches) = batches();
    let given_up = sender.clone();
    begin(async move {
        let mut answer = Answer { opened: Some(opened), sender, batch: RowBatch::default(), columns: 0 };
        tokio::select! {
            read = reading.read(&mut answer) => answer.end(read).await,
            // The caller dropped the rows, or gave the read up.
            () = given_up.closed() => {}
        }
    })?;
    let columns = columns.await.unwrap_or_else(|_| Err(stopped()))?;
    Ok((columns, batches))
}

/// What a thread tells of an answer while it reads it.
pub(crate) struct Answer {
    /// Where the columns, or the failure before them, are waited for.
    opened: Option<oneshot::Sender<Result<Vec<SourceColumn>, SourceError>>>,
    sender: Batches,
    batch: RowBatch,
    columns: usize,
}

impl Answer {
    /// Tells the columns.
    pub(crate) fn columns(&mut self, columns: Vec<SourceColumn>) {
        self.columns = columns.len();
        self.batch.clear(self.columns);
        if let Some(opened) = self.opened.take() {
            // Without a receiver, the thread ends at its next step.
            let _ = opened.send(Ok(columns));
        }
    }

    /// Where the values of the next row are put.
    pub(crate) fn row(&mut self) -> &mut RowBatch {
        &mut self.batch
    }

    /// Ends a row: hands the rows over if they are many. Waits until the last ones were taken.
    pub(crate) async fn end_row(&mut self) {
        if is_full(&self.batch) {
            let full = std::mem::take(&mut self.batch);
            self.batch.clear(self.columns);
            // Without a receiver, the thread ends at its next step.
            let _ = self.sender.send(Ok(full)).await;
        }
    }

    /// Hands the last rows over, or tells of the failure where it is waited for.
    async fn end(self, read: Result<(), SourceError>) {
        let last = match (read, self.opened) {
            (Err(error), Some(opened)) => return drop(opened.send(Err(error))),
            (Err(error), None) => Err(error),
            (Ok(()), _) if self.batch.rows() > 0 => Ok(self.batch),
            (Ok(()), _) => return,
        };
        let _ = self.sender.send(last).await;
    }
}
