//! What an earlier process left undone, and what a lost message leaves undone.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use jiff::SignedDuration;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;

use super::{Runner, going_on, taking_in};
use crate::Local;
use crate::disk::on_behalf_of;
use crate::rest;
use crate::troubles::{Task, Unit};
use tidewaiter_engine::capabilities::{Clock, HasObjects, HasQueue, HasState};
use tidewaiter_engine::ports::{
    DroppedObject, GroupQueue, ImportRun, Kind, Message, News, Objects, Progress, Queue, RunLedger,
};
use tidewaiter_engine::{Result, digest, intake, problems, reconcile};

/// How many import runs are read at a time.
const PAGE: usize = 500;

/// Where imported files are.
const COMPARED: &str = "archives";

impl Runner {
    /// Finds what an earlier process left undone, or a message that was lost.
    pub(super) async fn reconcile(&mut self) {
        if !self.may_try(&Unit::State) {
            return;
        }
        self.stalls = false;
        match self.reconcile_all().await {
            Ok(()) => self.troubles.solved(&Unit::State),
            Err(error) => {
                self.failed(
                    Unit::State,
                    (None, "looking for unfinished work".to_owned()),
                    Task::Reconcile,
                    &error,
                )
                .await;
            }
        }
    }

    /// The reconciliation, until the state cannot be read.
    async fn reconcile_all(&mut self) -> Result<()> {
        self.settle_all().await;
        self.restore_pins()?;
        let before = self.taken_before();
        let progress = self.progress_of(&before).await?;
        for dropped in &before {
            // What is registered is in flight by what the state says.
            if progress.contains_key(&dropped.import) {
                self.local.objects().taken_in.forget(dropped);
            }
        }
        for dropped in before {
            let unit = Unit::File(dropped.import);
            let is_left = matches!(progress.get(&dropped.import), None | Some(Progress::Done(_)));
            if is_left && self.may_try(&unit) {
                self.return_to(&unit, &dropped).await;
            }
        }
        self.compare().await;
        for import in self.local.state().unfinished().await? {
            // A data file that is being concluded is the one whose turn it is, or is set aside with its group.
            let is_data = matches!(import.kind, Kind::Data { .. });
            let repository = import.repository.clone();
            let unit = if is_data { Unit::Order(repository.clone()) } else { Unit::File(import.id) };
            if !self.may_try(&unit) {
                continue;
            }
            let about = (Some(repository.clone()), format!("continuing {} of {repository}", import.file));
            let task = if is_data { Task::Poke(repository) } else { Task::Resume(import.id, about.clone()) };
            self.attempt(unit, about, task, async |local| intake::take_in(local, &import).await).await;
        }
        let registered = self.local.state().repositories().await?;
        for repository in &registered {
            let turn = self.local.state().turn(repository).await?;
            let has_work = reconcile::has_work(&turn);
            digest::ask(&*self.local, repository, !has_work).await?;
            problems::settle_corrected(&*self.local, repository).await?;
            if self.may_try(&Unit::Order(repository.clone())) {
                self.poke(repository).await;
            }
        }
        reconcile::ask_for_mails(&*self.local).await?;
        let watched = reconcile::watched(&*self.local, &registered).await;
        let configs = Unit::Place(PathBuf::from("config"));
        match watched {
            Ok(watched) => {
                self.troubles.solved(&configs);
                for repository in watched {
                    let is_registered = registered.contains(&repository);
                    if self.may_try(&Unit::Watch(repository.clone())) {
                        self.watch_over(&repository, is_registered).await;
                    }
                }
            }
            Err(error) => {
                let about = (None, "looking for configurations".to_owned());
                self.failed(configs, about, Task::Reconcile, &error).await;
            }
        }
        Ok(())
    }

    /// Compares imported files with what was loaded of them. The first time it looks at the last day: a program that
    /// still wrote may have outlived an earlier process.
    async fn compare(&mut self) {
        let unit = Unit::Place(PathBuf::from(COMPARED));
        if !self.may_try(&unit) {
            return;
        }
        let hours = if self.has_compared { 1 } else { 24 };
        let since = self.local.now().checked_sub(SignedDuration::from_hours(hours));
        match rest::take_in(&self.local, since.unwrap_or(Timestamp::MIN), self.quiet).await {
            Ok(()) => {
                self.has_compared = true;
                self.troubles.solved(&unit);
            }
            Err(error) => {
                let about = (None, "comparing imported files with what was loaded".to_owned());
                self.failed(unit, about, Task::Reconcile, &error).await;
            }
        }
    }

    /// How far the files are that were taken in, of those that are registered.
    async fn progress_of(&self, dropped: &[DroppedObject]) -> Result<HashMap<ImportId, Progress>> {
        let mut progress = HashMap::new();
        for page in dropped.chunks(PAGE) {
            let ids: Vec<ImportId> = page.iter().map(|dropped| dropped.import).collect();
            let imports = self.local.state().runs(&ids).await?;
            progress.extend(imports.into_iter().map(|import| (import.id, import.progress)));
        }
        Ok(progress)
    }

    /// What was taken in and may not be registered. What cannot be looked at is kept in mind.
    fn taken_before(&mut self) -> Vec<DroppedObject> {
        let (drops, mut failures) = match self.inbox.taken_before() {
            Ok(taken) => (taken.drops, taken.failures),
            Err(error) => (Vec::new(), vec![(PathBuf::from("waiting"), error)]),
        };
        // What interrupted writes and copies left.
        failures.extend(self.inbox.put_in_order());
        let partial = self.local.objects().remove_partial().err();
        failures.extend(partial.map(|error| (PathBuf::from(".tidewaiter/partial"), error)));
        let about = || (None, "looking for registered files".to_owned());
        let failing: HashSet<PathBuf> = failures.iter().map(|(path, _)| path.clone()).collect();
        for (path, error) in failures {
            let unit = Unit::Place(path);
            if self.may_try(&unit) {
                self.troubles.failed(unit, about(), Task::Reconcile, &error, None);
            }
        }
        self.troubles.solved_but(
            |unit| matches!(unit, Unit::Place(path) if path.as_os_str() != "config" && path.as_os_str() != COMPARED),
            |unit| matches!(unit, Unit::Place(path) if failing.contains(path)),
        );
        drops
    }

    /// Goes on with what was taken in before.
    pub(super) async fn return_to(&mut self, unit: &Unit, dropped: &DroppedObject) {
        let about = taking_in(dropped);
        let again = async |local: &Local| {
            match local.state().run(dropped.import).await?.map(|import| import.progress) {
                // It was moved, and came back: a power cut can undo a move that the disk had not kept yet.
                Some(Progress::Done(conclusion)) => {
                    local.objects().relocate(&dropped.source, dropped.bytes, &conclusion.place, None).await
                }
                _ => intake::intake(local, dropped).await,
            }
        };
        let task = Task::TakeIn(Box::new(dropped.clone()));
        let is_registered = self.attempt(unit.clone(), about, task, again).await;
        self.forget_taken_in(dropped, is_registered).await;
    }

    /// Forgets a configuration that was taken in once it is registered: from then on the state says that it is in flight.
    /// It may be registered although taking it in failed.
    pub(super) async fn forget_taken_in(&self, dropped: &DroppedObject, is_registered: bool) {
        let taken_in = &self.local.objects().taken_in;
        if taken_in.contains(&dropped.repository, &dropped.file)
            && (is_registered || matches!(self.local.state().run(dropped.import).await, Ok(Some(_))))
        {
            taken_in.forget(dropped);
        }
    }

    /// Asks the sequencer of a repository to go on, if there is anything to go on with.
    ///
    /// Unlike a reconciliation in the cloud it does so whatever signs of life there are: this process alone works on the folder,
    /// and it has nothing in hand now.
    pub(super) async fn poke(&mut self, repository: &Repository) {
        let unit = Unit::Order(repository.clone());
        if !self.carry_out_decided(repository).await {
            return;
        }
        match self.local.state().turn(repository).await {
            Ok(turn) if reconcile::has_work(&turn) => {
                let arrived = self.arrived.remove(repository);
                for message in arrived.into_iter().chain([Message::news(repository, News::Poke)]) {
                    // In memory it does not fail.
                    drop(self.local.queue().send(message, None).await);
                }
            }
            Ok(_) => self.troubles.solved(&unit),
            Err(error) => {
                self.failed(unit, going_on(repository), Task::Poke(repository.clone()), &error).await;
            }
        }
    }

    /// Carries out the outcomes of data files that are decided: a file ends before the next one begins. False if one
    /// cannot be.
    async fn carry_out_decided(&mut self, repository: &Repository) -> bool {
        let unfinished = match self.local.state().unfinished().await {
            Ok(unfinished) => unfinished,
            Err(error) => {
                let (unit, task) = (Unit::Order(repository.clone()), Task::Poke(repository.clone()));
                self.failed(unit, going_on(repository), task, &error).await;
                return false;
            }
        };
        let is_ours =
            |run: &ImportRun| run.repository == *repository && matches!(run.kind, Kind::Data { .. });
        for import in unfinished.into_iter().filter(is_ours) {
            let carry_out = intake::take_in(&*self.local, &import);
            if let Err(error) = on_behalf_of(Some(repository.clone()), carry_out).await {
                self.has_stopped(repository, &import.file, &error).await;
                return false;
            }
        }
        true
    }

    pub(super) async fn watch_over(&mut self, repository: &Repository, is_registered: bool) {
        let about = (Some(repository.clone()), format!("checking expectations of {repository}"));
        let task = Task::Watch(repository.clone(), is_registered);
        let watch = async |local: &Local| reconcile::watch_repository(local, repository, is_registered).await;
        self.attempt(Unit::Watch(repository.clone()), about, task, watch).await;
    }
}
