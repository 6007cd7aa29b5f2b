//! Small files that follow each other share a commit: when it is made, and what is done behind it. See `together.rs`.

use tidewaiter::keys::Repository;
use tidewaiter::name::DroppedName;

use super::{Runner, going_on};
use crate::disk::on_behalf_of;
use crate::engines::FolderRecords;
use crate::together::SMALL;
use crate::troubles::{Task, Unit};
use tidewaiter_engine::capabilities::{HasQueue, HasState};
use tidewaiter_engine::conclude::{carry_out_postponed, finish_postponed};
use tidewaiter_engine::ports::{DroppedObject, ImportRun, Message, Nature};
use tidewaiter_engine::{Error, Result};

impl Runner {
    /// Commits what files wrote together, and carries out their outcomes. None if there was nothing to do, false if
    /// what they wrote is lost.
    pub(super) async fn settle(&mut self) -> Option<bool> {
        let repository = self.local.together.repository()?;
        let outcomes = match self.local.together.end() {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.has_lost(&repository, &error).await;
                return Some(false);
            }
        };
        let mut carried_out = Vec::new();
        for outcome in outcomes {
            let done =
                on_behalf_of(Some(repository.clone()), carry_out_postponed(&*self.local, &outcome)).await;
            match done {
                Ok(()) => carried_out.push(outcome),
                Err(error) => self.has_stopped(&repository, &outcome.import.file, &error).await,
            }
        }
        if !carried_out.is_empty() {
            // What was moved and written is made durable with the files that follow, before they are committed.
            self.local.together.begin(&repository);
        }
        for outcome in carried_out {
            match on_behalf_of(Some(repository.clone()), finish_postponed(&*self.local, &outcome)).await {
                Ok(()) => self.local.together.carried_out(outcome.import.id),
                Err(error) => self.has_stopped(&repository, &outcome.import.file, &error).await,
            }
        }
        Some(true)
    }

    /// Settles until nothing is left that several files share. Returns false if what they wrote is lost.
    pub(super) async fn settle_all(&mut self) -> bool {
        let mut is_kept = true;
        while let Some(kept) = self.settle().await {
            is_kept &= kept;
        }
        is_kept
    }

    /// A file failed: what the others wrote is committed without it. None if that is lost, and told of.
    pub(super) async fn keep_others(&mut self, error: Error) -> Option<Error> {
        let error = self.local.together.failed(error);
        let is_kept = self.settle_all().await;
        error.filter(|_| is_kept)
    }

    /// Prepares for a message: its repository goes on with the files before it in one commit, or what they wrote is
    /// committed first.
    pub(super) async fn join(
        &mut self,
        message: &Message,
        repository: Option<&Repository>,
        run: Option<&ImportRun>,
    ) {
        let together = &self.local.together;
        let goes_on = match message {
            Message::Sequence { .. } => true,
            Message::Work { .. } => run.is_some_and(|run| together.takes(run)),
            _ => false,
        };
        let shared = together.repository();
        let is_another = shared.is_some_and(|shared| Some(&shared) != repository);
        if !goes_on || is_another || together.is_full() {
            self.settle_all().await;
        }
        // Nothing shares a commit as long as the records may know more than the state, or where each file is committed
        // for itself.
        let can_share = self.has_pins && matches!(self.local.records, FolderRecords::Sqlite(_));
        if let Some(repository) = repository.filter(|_| can_share)
            && is_small(message, run)
        {
            self.local.together.begin(repository);
        }
    }

    /// Prepares for a file that is to be registered: data files of a repository do so in one commit. That a
    /// configuration is registered has to be durable at once, because the inbox forgets it then.
    pub(super) async fn join_registering(&mut self, dropped: &DroppedObject) {
        let is_data = dropped.nature == Nature::File && DroppedName::of(&dropped.file) == DroppedName::Data;
        let shared = self.local.together.repository();
        let is_another = shared.is_some_and(|shared| shared != dropped.repository);
        if !is_data || is_another || self.local.together.is_full() {
            self.settle_all().await;
        }
        if is_data && self.has_pins {
            self.local.together.begin(&dropped.repository);
        }
    }

    /// Restores what files work under that were landed together, if the state may have lost it.
    pub(super) fn restore_pins(&mut self) -> Result<()> {
        if self.has_pins {
            return Ok(());
        }
        let noted = self.local.records.pins()?;
        self.local.state().restore_pins(&noted)?;
        self.has_pins = true;
        Ok(())
    }

    /// What files wrote together is lost. The state is as it was before them, and the messages are about what is lost.
    async fn has_lost(&mut self, repository: &Repository, error: &Error) {
        self.has_pins = false;
        // It holds what was read of the state.
        self.local.configs.forget();
        self.local.queue().forget_work(repository);
        self.failed(Unit::Order(repository.clone()), going_on(repository), Task::Reconcile, error).await;
    }

    /// An outcome cannot be carried out. The order of the repository waits for that.
    pub(super) async fn has_stopped(&mut self, repository: &Repository, file: &str, error: &Error) {
        let about = (Some(repository.clone()), format!("importing {file} of {repository}"));
        self.failed(Unit::Order(repository.clone()), about, Task::Poke(repository.clone()), error).await;
    }
}

/// True for a step of the sequencer, and for a file that may share a commit with those behind it.
fn is_small(message: &Message, run: Option<&ImportRun>) -> bool {
    match message {
        Message::Sequence { .. } => true,
        Message::Work { .. } => run.is_some_and(|run| run.content().1 <= SMALL),
        _ => false,
    }
}
