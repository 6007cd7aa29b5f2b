//! What was decided about records, in order.

use std::collections::BTreeMap;
use std::future::Future;

use serde::Serialize;
use tidewaiter::id::ImportId;

use crate::Result;

/// For how many days stores keep changes, unless an operator says otherwise.
pub const KEEP_CHANGES_DAYS: u32 = 7;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It has these values now.
    Put,
    /// It is removed.
    Remove,
}

/// A change of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordChange {
    /// Its place among the changes of the universe, from 1.
    pub order: u64,
    /// What became of the record.
    pub operation: Operation,
    /// The scope of the record.
    pub scope: String,
    /// The key of the record.
    pub key: String,
    /// True if the import says that nothing is to be started because of it (`quiet`).
    pub quiet: bool,
    /// Its values after the change, as they are kept; none if it is removed.
    pub values: BTreeMap<String, String>,
    /// The import that changed it.
    pub import: ImportId,
    /// The name of the file.
    pub file: String,
    /// The line of the file; 0 for what the file as a whole did.
    pub line: u64,
}

/// Changes in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<RecordChange>,
    /// The first change that is still kept; 0 if there were none. If none of those that there were are kept, the number that
    /// the next one gets.
    pub oldest: u64,
}

/// A store that keeps what was decided, for those who follow it.
///
/// A batch writes its changes in the transaction that lands it. Changes have numbers in the order in which they become
/// visible, without gaps. So a reader that remembers the last number misses nothing and reads nothing twice.
pub trait ChangeFeed: Send + Sync + 'static {
    /// The changes of a universe behind the `after`th: at most about so many, and none if there are none.
    fn changes(
        &self,
        universe: &str,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<ChangePage>> + Send;
    /// The universes with changes, in the order of their names.
    fn changed_universes(&self) -> impl Future<Output = Result<Vec<String>>> + Send;
}
