//! Stores that have bad days: requests fail, and two workers land the same file at the same time.

use tidewaiter::id::ImportId;
use tidewaiter_aws::RecordsTable;
use tidewaiter_engine::ports::{
    Answer, Batch, Cargo, Exports, Landing, Pruned, Pruning, Records, StoredRecord,
};
use tidewaiter_engine::{Error, Result};

use super::table::{MemoryTable, Stop};
use crate::delivery::Shows;

/// A store that has bad days while something is landed.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    workers: Workers,
    /// The same table, for what is only read.
    calm: RecordsTable,
}

#[derive(Debug, Clone)]
enum Workers {
    /// A worker dies now and then; another one begins again with the batch.
    Dying(RecordsTable),
    /// Two workers land each batch.
    Twins(RecordsTable, RecordsTable),
}

impl Weather {
    /// One request of so many fails.
    pub(crate) fn deaths(table: &MemoryTable, one_in: usize, from: usize) -> Self {
        let worker = table.process(Stop::Sometimes { one_in }).record_by_record_from(from);
        Self { workers: Workers::Dying(worker), calm: table.records() }
    }

    pub(crate) fn twins(table: &MemoryTable, from: usize) -> Self {
        let twin = || table.process(Stop::GivesWay).record_by_record_from(from);
        Self { workers: Workers::Twins(twin(), twin()), calm: table.records() }
    }
}

impl Shows for Weather {
    fn finds_by_any_column(&self) -> bool {
        false
    }
}

impl Landing for Weather {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        match &self.workers {
            Workers::Dying(worker) => {
                let mut is_again = batch.is_again;
                loop {
                    match worker.apply(&Batch { is_again, ..*batch }).await {
                        Err(Error::Store { .. }) => is_again = true,
                        done => return done,
                    }
                }
            }
            Workers::Twins(one, other) => {
                let (one, other) = tokio::join!(one.apply(batch), other.apply(batch));
                let (one, other) = (one?, other?);
                assert_eq!(one, other, "two workers get the same answer");
                Ok(one)
            }
        }
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        match &self.workers {
            Workers::Dying(worker) => loop {
                match worker.prune_unlisted(pruning).await {
                    Err(Error::Store { .. }) => {}
                    done => return done,
                }
            },
            Workers::Twins(one, other) => {
                let (one, other) = tokio::join!(one.prune_unlisted(pruning), other.prune_unlisted(pruning));
                let (one, other) = (one?, other?);
                assert_eq!(one, other, "two workers get the same answer");
                Ok(one)
            }
        }
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        Records::scan(&self.calm, scope, after, limit).await
    }

    async fn keep(self) -> Result<()> {
        Ok(())
    }
}

impl Exports for Weather {}

impl Records for Weather {
    type Landing = Self;

    async fn begin(&self, _cargo: Cargo<'_>) -> Result<Self> {
        Ok(self.clone())
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        self.calm.has_begun(universe, import).await
    }

    async fn close(&self, universe: &str, import: ImportId, loaders: u32) -> Result<bool> {
        self.calm.close(universe, import, loaders).await
    }

    fn lands_whole(&self) -> bool {
        false
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        self.calm.exist(universe, records).await
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        self.calm.find(scope, key, limit).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        Records::scan(&self.calm, scope, after, limit).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        self.calm.counts().await
    }
}
