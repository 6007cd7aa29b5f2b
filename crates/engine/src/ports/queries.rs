//! What is kept of queries.

use std::future::Future;

use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::run::{ImportRun, QueryState};

use crate::Result;

/// The states of queries, one for each import of a repository. Each method is one atomic step.
pub trait QueryStates: Send + Sync + 'static {
    /// Returns the state of a query with its version. None if nothing is kept of it.
    fn query(
        &self,
        repository: &Repository,
        entry: &Entry,
    ) -> impl Future<Output = Result<Option<(QueryState, u64)>>> + Send;
    /// Stores the state of a query that was read as `version`, 0 if there was none. Returns false, and changes nothing, if
    /// another process wrote it since.
    fn put_query(
        &self,
        repository: &Repository,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// The same, and registers the run of the file that the query made, as
    /// [`RunLedger::register`](super::RunLedger::register) does: both, or neither.
    fn register_fetched(
        &self,
        run: &ImportRun,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> impl Future<Output = Result<bool>> + Send;
}
