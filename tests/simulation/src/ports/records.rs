//! Records: those of a folder, in memory.

use tidewaiter::id::ImportId;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Applied, Batch, Pruned, Pruning, Records, StoredRecord};

use super::Ports;

impl Records for Ports {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Applied> {
        let about = || format!("{} {:?}, {} lines", batch.import, batch.number, batch.changes.len());
        let apply = async {
            let applied = self.world.records.apply(batch).await?;
            self.seen(|inner| inner.watch.applied(batch.import, batch.number));
            Ok(applied)
        };
        self.table("records.apply", about, apply).await
    }

    /// Few, so that most files have several batches.
    fn batch_lines(&self) -> usize {
        2
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let about = || format!("{} page {}", pruning.import, pruning.page);
        self.table("records.sweep", about, self.world.records.prune_unlisted(pruning)).await
    }

    async fn has_begun(&self, import: ImportId) -> Result<bool> {
        self.table("records.has_begun", || import.to_string(), self.world.records.has_begun(import)).await
    }

    async fn close(&self, import: ImportId, loaders: u32) -> Result<bool> {
        let close = self.world.records.close(import, loaders);
        self.table("records.close", || import.to_string(), close).await
    }

    /// The answers to batches are kept, as in a table whose items expire after days: another copy of a message may
    /// still be at work on the same import. (In a folder there is none: one process works on it.)
    async fn forget(&self, import: ImportId) -> Result<()> {
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
