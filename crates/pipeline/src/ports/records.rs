//! The store of records.

use std::future::Future;

use serde::{Deserialize, Serialize};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Layout, Record, Rules};

use crate::Result;

/// A run of good lines of one file, to be applied in order and as one.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The universe of the records.
    pub universe: &'a str,
    /// Their scope.
    pub scope: &'a str,
    /// The import.
    pub import: ImportId,
    /// Which batch of the import it is, from 0. The same import always has the same batches.
    pub number: u64,
    /// How lines act.
    pub rules: Rules,
    /// What the lines have in common.
    pub layout: &'a Layout,
    /// The lines.
    pub changes: &'a [Change],
}

/// What a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Lines that changed the records.
    pub imported: u64,
    /// Lines that left them as they were.
    pub unchanged: u64,
    /// Lines that were not applied since a parent is missing: the place in the batch, and which of the
    /// layout's references.
    pub missing: Vec<(usize, usize)>,
}

impl Applied {
    /// How many lines the batch had.
    pub fn lines(&self) -> u64 {
        self.imported + self.unchanged + self.missing.len() as u64
    }
}

/// A record with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The universe.
    pub universe: String,
    /// The key.
    pub key: String,
    /// What it holds.
    pub record: Record,
}

/// The store of records.
pub trait Records: Send + Sync + 'static {
    /// Applies a batch: all of it, once. Given the same import and number again, it changes nothing and
    /// answers what it answered the first time.
    fn apply(&self, batch: &Batch<'_>) -> impl Future<Output = Result<Applied>> + Send;
    /// The import is over: its batches will not come again.
    fn forget(&self, import: ImportId) -> impl Future<Output = Result<()>> + Send;
    /// Up to `limit` records of a scope in the order of universe and key, behind `after`.
    fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredRecord>>> + Send;
    /// How many records each scope has, by universe and scope.
    fn counts(&self) -> impl Future<Output = Result<Vec<(String, String, u64)>>> + Send;
}
