//! Records: those of a folder, in memory.

use std::sync::{Mutex, PoisonError};

use tidewaiter::id::ImportId;
use tidewaiter_engine::ports::{
    Answer, Batch, BatchNumber, Cargo, Landing, Pruned, Pruning, Records, Settled, StoredRecord,
};
use tidewaiter_engine::{Error, Result};
use tidewaiter_folder::SqliteLanding;

use super::{Ports, simulated};
use crate::world::Lands as Way;

/// What a process lands of one file.
pub struct Lands {
    ports: Ports,
    landing: SqliteLanding,
    import: ImportId,
    /// The batches that take effect when it is kept.
    kept_back: Mutex<Vec<BatchNumber>>,
}

impl Records for Ports {
    type Landing = Lands;

    /// A process does not wait for its turn: the scheduler would wait for it. As where a lock times out, its message comes
    /// again.
    async fn begin(&self, cargo: Cargo<'_>) -> Result<Lands> {
        let bytes = if self.world.lands == Way::Sorted { u64::MAX } else { cargo.bytes };
        let begin = async {
            let landing = self.world.records.try_begin(Cargo { bytes, ..cargo }).await?;
            landing.ok_or_else(|| Error::Store { what: "records.begin", source: Box::new(simulated()) })
        };
        let landing = self.table("records.begin", || cargo.import.to_string(), begin).await?;
        Ok(Lands { ports: self.clone(), landing, import: cargo.import, kept_back: Mutex::default() })
    }

    fn lands_whole(&self) -> bool {
        self.world.records.lands_whole()
    }

    /// Few, so that most files have several batches.
    fn batch_lines(&self) -> usize {
        2
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        let has_begun = self.world.records.has_begun(universe, import);
        self.table("records.has_begun", || import.to_string(), has_begun).await
    }

    /// It does not wait for its turn, either.
    async fn close(&self, universe: &str, import: ImportId, _loaders: u32) -> Result<bool> {
        let close = async {
            let closed = self.world.records.try_close(universe, import).await?;
            closed.ok_or_else(|| Error::Store { what: "records.close", source: Box::new(simulated()) })
        };
        self.table("records.close", || import.to_string(), close).await
    }

    /// The answers to batches are kept, as in a table whose items expire after days: another copy of a message may
    /// still be at work on the same import. (In a folder there is none: one process works on it.)
    async fn forget(&self, _universe: &str, import: ImportId) -> Result<()> {
        self.table("records.forget", || import.to_string(), async { Ok(()) }).await
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        self.table("records.exist", String::new, self.world.records.exist(universe, records)).await
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        self.table("records.find", || key.to_owned(), self.world.records.find(scope, key, limit)).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        self.table("records.scan", || scope.to_owned(), self.world.records.scan(scope, after, limit)).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        self.table("records.counts", String::new, self.world.records.counts()).await
    }
}

impl Landing for Lands {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        let about = || format!("{} {:?}, {} lines", batch.import, batch.number, batch.changes.len());
        let apply = async {
            let answer = self.landing.apply(batch).await?;
            if self.ports.world.records.lands_whole() {
                self.kept_back.lock().unwrap_or_else(PoisonError::into_inner).push(batch.number);
            } else {
                self.ports.seen(|inner| inner.watch.applied(batch.import, batch.number));
            }
            Ok(answer)
        };
        self.ports.table("records.apply", about, apply).await
    }

    async fn settle(&self) -> Result<Settled> {
        self.ports.table("records.settle", || self.import.to_string(), self.landing.settle()).await
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let about = || format!("{} page {}", pruning.import, pruning.page);
        self.ports.table("records.prune", about, self.landing.prune_unlisted(pruning)).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let scan = self.landing.scan(scope, after, limit);
        self.ports.table("records.scan", || scope.to_owned(), scan).await
    }

    async fn keep(self) -> Result<()> {
        let Self { ports, landing, import, kept_back } = self;
        let keep = async {
            landing.keep().await?;
            let numbers = kept_back.into_inner().unwrap_or_else(PoisonError::into_inner);
            ports.seen(|inner| numbers.into_iter().for_each(|number| inner.watch.applied(import, number)));
            Ok(())
        };
        ports.table("records.keep", || import.to_string(), keep).await
    }
}
