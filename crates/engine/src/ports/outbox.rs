//! The outbox: which mails and digests are due, and what became of them.

use std::future::Future;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;

use super::mails::{Gathered, WaitingDigest};
use crate::Result;
use tidewaiter::run::Delivery;

/// The outbox. Each method is one atomic step unless it says otherwise, and may be repeated without harm.
pub trait Outbox: Send + Sync + 'static {
    /// Records the delivery of the mail of a run.
    fn mailed(&self, id: ImportId, delivery: &Delivery) -> impl Future<Output = Result<()>> + Send;
    /// Fixes which reports go into the next mail of a digest: the first `most` by id that wait for it. The selection
    /// stays fixed until [`Outbox::digested`]. Returns what holds, or None if no report waits.
    fn gather(
        &self,
        repository: &Repository,
        digest: &str,
        most: usize,
    ) -> impl Future<Output = Result<Option<Gathered>>> + Send;
    /// Records the delivery of a gathered digest. A final delivery ends the gathering: later reports go into another
    /// mail. This is not a single step. If it is interrupted, some reports still wait, and the same call completes it.
    fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Returns the digests of a repository that reports wait for, or whose gathering is not over.
    fn digests(&self, repository: &Repository) -> impl Future<Output = Result<Vec<WaitingDigest>>> + Send;
    /// Returns the runs whose own mail is due.
    fn unmailed(&self) -> impl Future<Output = Result<Vec<ImportId>>> + Send;
}
