//! The queue of groups and the turn of each repository: those of a folder, in memory.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::{self, GroupRef, Ready};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{AdvanceWrites, GroupQueue, ImportRun, ImportSnapshot, Turn, WaitingGroup};

use super::Ports;
use crate::world::FIRST_REVISION;

fn named(group: &GroupRef) -> String {
    format!("{} of {:02}, generation {}", group.id, group.last, group.generation)
}

impl GroupQueue for Ports {
    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let turn = async {
            let turn = self.world.state.turn(repository).await?;
            self.seen(|inner| {
                inner.watch.turned(self.process, repository, &turn);
                // The marker of a file holds it as it was when it became ready.
                for ready in &turn.ready {
                    let Ready::File(id) = ready else { continue };
                    let registered = || {
                        let import = inner.watch.imports.get(id)?.clone();
                        Some(ImportSnapshot { import, revision: FIRST_REVISION })
                    };
                    if let Some(marker) = inner.markers.get(id).cloned().or_else(registered) {
                        self.memory.put(&marker);
                    }
                }
            });
            Ok(turn)
        };
        self.table("state.turn", || repository.to_string(), turn).await
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        let about = || {
            let named =
                |what: &str, id: Option<ImportId>| id.map(|id| format!(", {what} {id}")).unwrap_or_default();
            let begins = named("begins", along.begins.map(|(id, _)| id));
            let state = serde_json::to_string(state).unwrap_or_default();
            format!("{repository} from {version}: {state}{begins}{}", named("ends", along.ends))
        };
        let advance = async {
            let (mut written, mut is_current) =
                (AdvanceWrites { registered: along.registered, ..AdvanceWrites::default() }, true);
            if let Some((id, pin)) = along.begins
                && let Some(is_so) = self.compare(id, |import| _ = import.start(pin)).await?
            {
                (written.begins, is_current) = (along.begins, is_so);
            }
            if let Some(id) = along.ends
                && let Some(is_so) = self.compare(id, ImportRun::finish).await?
            {
                (written.ends, is_current) = (along.ends, is_current && is_so);
            }
            let won = is_current && self.world.state.advance(repository, version, state, written).await?;
            if won {
                self.seen(|inner| inner.watch.advanced(self.process, repository, state, written));
            }
            for id in written.begins.map(|(id, _)| id).into_iter().chain(written.ends) {
                self.memory.forget(id);
                self.remember_current(id).await?;
            }
            Ok(won)
        };
        self.table("state.advance", about, advance).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let seal = async {
            self.world.state.seal(repository, group).await?;
            self.seen(|inner| inner.watch.sealed(repository, group));
            Ok(())
        };
        self.table("state.seal", || named(group), seal).await
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let find = self.world.state.next_member(repository, group, checking);
        self.table("state.next_member", || named(group), find).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        let members = self.world.state.group_members(repository, group);
        self.table("state.group_members", || named(group), members).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let close = async {
            self.world.state.close(repository, group).await?;
            self.seen(|inner| inner.watch.closed(repository, group));
            Ok(())
        };
        self.table("state.close", || named(group), close).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let expire = async {
            let expired = self.world.state.expire(repository, group).await?;
            if expired {
                self.seen(|inner| inner.watch.expired(repository, group));
            }
            Ok(expired)
        };
        self.table("state.expire", || named(group), expire).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        let queued = self.world.state.queued(repository, limit);
        self.table("state.queued", || repository.to_string(), queued).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        self.table("state.waiting", || repository.to_string(), self.world.state.waiting(repository)).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.table("state.repositories", String::new, self.world.state.repositories()).await
    }
}
