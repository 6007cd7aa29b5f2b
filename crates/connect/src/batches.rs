//! Batches of rows on their way from the thread that reads them.

use tidewaiter_engine::ports::{RowBatch, SourceError};
use tokio::sync::mpsc;

/// Where the thread puts batches.
pub(crate) type Batches = mpsc::Sender<Result<RowBatch, SourceError>>;

/// Where they are taken.
#[derive(Debug)]
pub(crate) struct BatchReceiver(mpsc::Receiver<Result<RowBatch, SourceError>>);

/// Both ends. One batch is read while another one is used.
pub(crate) fn batches() -> (Batches, BatchReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, BatchReceiver(receiver))
}

impl BatchReceiver {
    /// Takes the next batch; false behind the last one.
    pub(crate) async fn next(&mut self, batch: &mut RowBatch) -> Result<bool, SourceError> {
        match self.0.recv().await {
            Some(read) => {
                *batch = read?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
