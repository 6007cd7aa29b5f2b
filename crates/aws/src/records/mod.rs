//! Records in one DynamoDB table.
//!
//! A batch is landed in parts. Each record is written on the condition that no process wrote it since it was read. Where
//! a line changes no other record than the one that it is about, records are written one by one: a part is claimed, its
//! records are written, each with what its lines did, and then the answer. Where lines change more, a part is one
//! transaction with its answer, which costs twice as much. Either way a line takes effect once. A worker that begins the
//! batch again is told by the answers how many of its lines are done, and by the records which lines of the next part are.
//!
//! What belongs to a record that was replaced or removed can be more than a transaction takes. It is dropped
//! after the part that says so; the answer knows what is still to be dropped.
//!
//! Answers expire; nothing has to be forgotten.

mod claim;
mod fence;
mod fetch;
mod keys;
mod overlay;
mod parts;
mod prune;
mod read;
mod write;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use tidewaiter::id::ImportId;
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;
use tidewaiter_engine::ports::{
    Answer, Batch, Cargo, Exports, Landing, Pruned, Pruning, Records, StoredRecord,
};
use tidewaiter_engine::{Error, Result};

use crate::table::{Table, When, Write};

/// A part of fewer writes is a transaction: that takes fewer requests, and costs hardly more.
const FEW_WRITES: usize = 8;

/// Records in a DynamoDB table with a partition key `pk` and a sort key `sk`, both text, whose items expire by
/// the attribute `expires`.
#[derive(Debug, Clone)]
pub struct RecordsTable {
    table: Table,
    /// Collections that this process has noted: scope and universe.
    noted: Arc<Mutex<HashSet<(String, String)>>>,
    /// A part of fewer writes is a transaction.
    few: usize,
}

impl RecordsTable {
    /// The records in the table `name`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { table: Table { client, name: name.into() }, noted: Arc::default(), few: FEW_WRITES }
    }

    /// Writes parts of at least so many writes record by record, where their lines allow it. There is no need to set it:
    /// tests try both ways with small files.
    #[must_use]
    pub fn record_by_record_from(self, writes: usize) -> Self {
        Self { few: writes, ..self }
    }

    /// True if there are records of any scope, or were.
    pub(crate) async fn has_records(&self) -> Result<bool> {
        read::has_records(&self.table).await
    }

    /// Notes that there are records of a scope in a universe: before there are, so that a command that lists records
    /// looks there.
    async fn note(&self, scope: &str, universe: &str) -> Result<()> {
        let collection = (scope.to_owned(), universe.to_owned());
        let noted = || self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted().contains(&collection) {
            return Ok(());
        }
        let write = Write::Put(keys::collection(scope, universe), Vec::new(), When::New);
        self.table.write("noting a scope", vec![write]).await?;
        noted().insert(collection);
        Ok(())
    }
}

/// What to match by where a column has no notes.
fn unmatched_hint(noted: &[String]) -> String {
    let other =
        if noted.is_empty() { "the key".to_owned() } else { format!("the key, {}", noted.join(", ")) };
    format!(
        "match by {other}, or a subscription; or keep records in PostgreSQL, which finds them by any column"
    )
}

impl Records for RecordsTable {
    type Landing = Self;

    /// Values are noted only of the columns that scopes name: no note tells of records that came before an import matches by
    /// another column.
    async fn begin(&self, cargo: Cargo<'_>) -> Result<Self> {
        let plan = cargo.plan;
        let noted = plan.alternate_keys.get(&plan.records).map(Vec::as_slice).unwrap_or_default();
        match plan.matched_column().filter(|column| !noted.iter().any(|noted| noted == column)) {
            None => Ok(self.clone()),
            Some(column) => Err(Error::Unfit {
                why: format!("records of {} in DynamoDB cannot be matched by {column}", plan.records),
                hint: unmatched_hint(noted),
            }),
        }
    }

    /// A transaction takes 100 items: each batch is seen as soon as it is landed.
    fn lands_whole(&self) -> bool {
        false
    }

    async fn has_begun(&self, _universe: &str, import: ImportId) -> Result<bool> {
        fence::has_begun(&self.table, import).await
    }

    async fn close(&self, universe: &str, import: ImportId, loaders: u32) -> Result<bool> {
        fence::close(&self.table, universe, import, loaders).await
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        read::exist(&self.table, universe, records).await
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        read::find(&self.table, scope, key, limit).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        read::scan(&self.table, scope, after, limit).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        read::counts(&self.table).await
    }
}

/// Exports read page by page: DynamoDB hands out no stream.
impl Exports for RecordsTable {}

impl Landing for RecordsTable {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        self.note(&batch.plan.records, batch.universe).await?;
        if !batch.plan.subscriptions.is_empty() {
            self.note(SUBSCRIPTIONS, batch.universe).await?;
        }
        parts::land_batch(&self.table, batch, self.few).await.map(Answer::Landed)
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        prune::prune_unlisted(&self.table, pruning).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        read::scan(&self.table, scope, after, limit).await
    }

    /// Each batch was kept when it was landed.
    async fn keep(self) -> Result<()> {
        Ok(())
    }
}
