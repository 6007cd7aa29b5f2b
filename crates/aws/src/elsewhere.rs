//! What another function does. Each function has the adapters that it needs, and this in place of the others:
//! it links no client of what its role may not reach.

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter_pipeline::ports::{
    Applied, Batch, Mail, Mailer, Message, Pruned, Pruning, Queue, Records, StoredRecord, Undelivered,
};
use tidewaiter_pipeline::{Error, Result};

/// Refuses everything, and is never asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Elsewhere;

fn refused<T>(what: &str) -> Result<T> {
    Err(Error::Refused { what: what.to_owned(), reason: "another function does this".to_owned() })
}

impl Records for Elsewhere {
    async fn apply(&self, _batch: &Batch<'_>) -> Result<Applied> {
        refused("landing a batch")
    }

    async fn prune_unlisted(&self, _pruning: &Pruning<'_>) -> Result<Pruned> {
        refused("removing records")
    }

    async fn has_begun(&self, _import: ImportId) -> Result<bool> {
        refused("looking for batches")
    }

    async fn close(&self, _import: ImportId, _loaders: u32) -> Result<bool> {
        refused("closing an import")
    }

    /// Whoever concludes an import says that it is over. The answers to its batches expire by themselves.
    async fn forget(&self, _import: ImportId) -> Result<()> {
        Ok(())
    }

    async fn exist(&self, _universe: &str, _records: &[(String, String)]) -> Result<Vec<bool>> {
        refused("looking for records")
    }

    async fn find(&self, _scope: &str, _key: &str, _limit: usize) -> Result<Vec<StoredRecord>> {
        refused("reading records")
    }

    async fn scan(
        &self,
        _scope: &str,
        _after: Option<(&str, &str)>,
        _limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        refused("reading records")
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        refused("counting records")
    }
}

impl Mailer for Elsewhere {
    async fn send(&self, _mail: &Mail) -> Result<Vec<Undelivered>> {
        refused("sending a mail")
    }
}

impl Queue for Elsewhere {
    async fn send(&self, _message: Message, _at: Option<Timestamp>) -> Result<()> {
        refused("sending a message")
    }
}
