//! The queue of groups and single files of each repository, and the repository's turn.

use std::future::Future;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::{self, GroupRef};

use super::model::{AdvanceWrites, Turn, WaitingGroup};
use crate::Result;
use tidewaiter::run::ImportRun;

/// The queue of groups and single files. Each method is one atomic step and may be repeated without harm.
pub trait GroupQueue: Send + Sync + 'static {
    /// Returns the turn of a repository: what it is doing, what is next, and its configurations, counted at their
    /// registration and at their outcome.
    fn turn(&self, repository: &Repository) -> impl Future<Output = Result<Turn>> + Send;
    /// Writes the sequencer's state and what goes along with it, if the stored version is still `version`. Returns
    /// false and writes nothing if another process was faster, or if a configuration was registered meanwhile.
    fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Seals the generation of a group. Files that arrive later join the next generation.
    fn seal(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<()>> + Send;
    /// Returns the first member of a group, in its order, that is not checked yet (`checking`), or not done yet.
    fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> impl Future<Output = Result<Option<ImportId>>> + Send;
    /// Returns the members of a group that are not done, in their order.
    fn group_members(
        &self,
        repository: &Repository,
        group: &GroupRef,
    ) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Closes a group: it is no longer ready work.
    fn close(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<()>> + Send;
    /// Makes an incomplete group ready work that the sequencer sets aside, and seals its generation. Returns false if
    /// the group is complete or over.
    fn expire(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<bool>> + Send;
    /// Returns the data files that are registered and not done, in treatment order: first the members of complete
    /// groups, then single files. At most `limit`.
    fn queued(
        &self,
        repository: &Repository,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Returns the incomplete groups.
    fn waiting(&self, repository: &Repository) -> impl Future<Output = Result<Vec<WaitingGroup>>> + Send;
    /// Returns the repositories in which a file was ever registered.
    fn repositories(&self) -> impl Future<Output = Result<Vec<Repository>>> + Send;
}
