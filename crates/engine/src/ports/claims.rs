//! Claims on keys: which run's output lies at a key.

use std::collections::BTreeSet;
use std::future::Future;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Key;

use crate::Result;

/// How often a key is renamed in search of a free one. Partners choose names, so a renamed key may be taken. Only a
/// name of the maximal length stays the same each time.
pub const RENAMINGS: usize = 4;

/// Claims on keys. Each method is one atomic step and may be repeated without harm.
pub trait KeyClaims: Send + Sync + 'static {
    /// Claims keys for the outputs of a run. Returns for each key where the caller keeps the object that lies there:
    ///
    /// - None: the object is the run's own.
    /// - The object is the output of another run: its line in the ledger names the new key from now on, and the same
    ///   run gets the same answer each time.
    /// - No run has the key: the object was put there by hand, or the state was lost. The answer is a key of this
    ///   run's own, and only the first time, since afterwards the object is the run's.
    ///
    /// The answer is never the key of a third run's output: the key is renamed again, up to [`RENAMINGS`] times.
    ///
    /// # Errors
    /// A transient error if the owner is not done, since the object may not be its own yet, and if the claiming run is
    /// done and another run has taken the key.
    fn claim(&self, keys: &[&Key], id: ImportId) -> impl Future<Output = Result<Vec<Option<Key>>>> + Send;
    /// Returns the runs that have these keys, each once. A key that no run has is left out.
    fn owners(&self, keys: &[Key]) -> impl Future<Output = Result<BTreeSet<ImportId>>> + Send;
}
