//! The store of records of a stack: a table of DynamoDB, or a database of PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidewaiter::id::ImportId;
use tidewaiter_engine::ports::{Cargo, EitherLanding, Records, StoredRecord};
use tidewaiter_engine::{Error, Result};
use tidewaiter_postgres::{Login, Options, PostgresLanding, PostgresRecords};

use crate::RecordsTable;

/// The store of records of a stack.
#[derive(Debug, Clone)]
pub enum StackRecords {
    /// A table of DynamoDB.
    Table(RecordsTable),
    /// A database of PostgreSQL.
    Postgres(Database),
}

/// A database of PostgreSQL in place of the table of a stack.
#[derive(Debug, Clone)]
pub struct Database {
    records: PostgresRecords,
    /// The table of the stack, which is to be empty.
    table: RecordsTable,
    is_alone: Arc<AtomicBool>,
}

impl Database {
    /// The database that a login leads to. Nothing is asked before there is a question.
    pub fn new(login: Arc<dyn Login>, table: RecordsTable) -> Self {
        let records = PostgresRecords::by_login(login, Options::of_function());
        Self { records, table, is_alone: Arc::default() }
    }

    /// Makes sure that the stack has no records elsewhere: some files would change these, and others those.
    async fn is_alone(&self) -> Result<()> {
        if self.is_alone.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.table.has_records().await? {
            return Err(Error::Refused {
                what: "loading records into PostgreSQL".to_owned(),
                reason: "the table of this stack holds records: set RecordsEngine to dynamodb again, or move them and \
                         empty the table (docs/operating.md, Records in PostgreSQL)"
                    .to_owned(),
            });
        }
        self.is_alone.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// What one worker lands of one file: in a table of DynamoDB, or in a database of PostgreSQL.
pub type StackLanding = EitherLanding<RecordsTable, PostgresLanding>;

/// Asks whichever store it is.
macro_rules! records {
    ($of:expr, $store:ident => $ask:expr) => {
        match $of {
            Self::Table($store) => $ask,
            Self::Postgres(Database { records: $store, .. }) => $ask,
        }
    };
}

impl Records for StackRecords {
    type Landing = StackLanding;

    async fn begin(&self, cargo: Cargo<'_>) -> Result<StackLanding> {
        match self {
            Self::Table(table) => table.begin(cargo).await.map(EitherLanding::One),
            Self::Postgres(database) => {
                database.is_alone().await?;
                database.records.begin(cargo).await.map(Box::new).map(EitherLanding::Other)
            }
        }
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        records!(self, store => store.has_begun(universe, import).await)
    }

    async fn close(&self, universe: &str, import: ImportId, loaders: u32) -> Result<bool> {
        records!(self, store => store.close(universe, import, loaders).await)
    }

    async fn forget(&self, universe: &str, import: ImportId) -> Result<()> {
        records!(self, store => store.forget(universe, import).await)
    }

    fn lands_whole(&self) -> bool {
        records!(self, store => store.lands_whole())
    }

    async fn rest(&self) {
        if let Self::Postgres(database) = self {
            database.records.rest().await;
        }
    }

    fn batch_lines(&self) -> usize {
        records!(self, store => store.batch_lines())
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        records!(self, store => store.exist(universe, records).await)
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        records!(self, store => store.find(scope, key, limit).await)
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        records!(self, store => Records::scan(store, scope, after, limit).await)
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        records!(self, store => store.counts().await)
    }
}
