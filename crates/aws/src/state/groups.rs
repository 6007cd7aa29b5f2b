//! The queue of groups in DynamoDB, and the turn of each repository.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::{self, GroupRef};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{AdvanceWrites, GroupQueue, ImportRun, Turn, WaitingGroup};

use super::{StateTable, advance, read, register};

impl GroupQueue for StateTable {
    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        read::turn(&self.table, &self.known, repository).await
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        advance::advance(&self.table, &self.known, repository, version, state, along).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        register::seal(&self.table, repository, group).await
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        read::next_member(&self.table, repository, group, checking).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        read::group_members(&self.table, repository, group).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        register::close(&self.table, repository, group).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        register::expire(&self.table, repository, group).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        read::queued(&self.table, repository, limit).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        read::waiting(&self.table, repository).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        read::repositories(&self.table).await
    }
}
