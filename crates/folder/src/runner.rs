//! Runs the four functions on one machine: takes in what was dropped, and hands messages from one to the
//! other until there is nothing left to do.
//!
//! Nothing that fails ends a run or a watch. What fails waits by itself, as `troubles` says, and everything else goes on.

mod intake;
mod messages;
mod queries;
mod unfinished;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidewaiter::keys::Repository;
use tokio::time::Instant;

use super::disk::on_behalf_of;
use super::lock::Lock;
use super::troubles::{Cause, Failure, Task, Troubles, Unit};
use super::{Inbox, Local, StillWriting};
use tidewaiter_engine::capabilities::{HasObjects, HasQueue, HasState};
use tidewaiter_engine::ports::{DroppedObject, GroupQueue, Message, Queue};
use tidewaiter_engine::{Error, Result, digest, problems, reconcile};

/// How often a watching process looks for what a lost message left undone.
const RECONCILE_EVERY: Duration = Duration::from_mins(1);
/// How often the drop zone is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A store that fails after so long is not answering: to ask it again for the next file would take as long each time.
const STALLS: Duration = Duration::from_secs(5);

/// Runs a deployment in a folder.
pub struct Runner {
    local: Arc<Local>,
    inbox: Inbox,
    reads: queries::Reads,
    troubles: Troubles,
    /// Files that arrived in a repository while its order could not go on.
    arrived: HashMap<Repository, Message>,
    /// What lies beside the repositories in the drop zone, as it was last looked at.
    strays: Vec<PathBuf>,
    /// For how long a file must not have changed.
    quiet: Duration,
    /// True once imported files of the last day were compared with what was loaded of them.
    has_compared: bool,
    /// True if a store did not answer in this round.
    stalls: bool,
    /// Held as long as the runner lives: one process at a time works on a folder.
    _lock: Lock,
}

/// What is left when a run ends.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// What could not be done, each cause once. The next run tries again.
    pub failures: Vec<Failure>,
    /// Files that stay in the drop zone, because they are still being written.
    pub still_writing: StillWriting,
    /// What lies beside the repositories in the drop zone, where nothing is taken in from.
    pub strays: Vec<PathBuf>,
}

/// What a watch tells of failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It could not be done, and will be retried.
    Failed(Failure),
    /// What failed before goes on.
    Recovered(Failure),
    /// This lies beside the repositories in the drop zone, where nothing is taken in from.
    Stray(PathBuf),
}

/// What something is about: its repository and what is being done.
type About = (Option<Repository>, String);

impl Runner {
    /// Takes the lock of the folder. A file is taken in when it has not changed for `quiet`.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process works on the folder.
    pub fn new(local: Local, quiet: Duration) -> Result<Self> {
        let lock = Lock::take(local.disk())?;
        let inbox = Inbox::new(local.disk(), &local.objects().taken_in, quiet);
        let troubles = Troubles::new(local.root(), true);
        Ok(Self {
            inbox,
            reads: queries::Reads::default(),
            troubles,
            arrived: HashMap::new(),
            strays: Vec::new(),
            quiet,
            has_compared: false,
            stalls: false,
            _lock: lock,
            local: Arc::new(local),
        })
    }

    /// The deployment.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// Takes in everything that is complete, treats everything that is ready, and stops. Files that keep
    /// changing are waited for until `patience` is over.
    ///
    /// What fails is said in the summary. What needs an operator is tried once, and what may pass by itself a few times.
    pub async fn run(&mut self, patience: Duration) -> RunSummary {
        self.begin(true);
        self.reconcile().await;
        let deadline = Instant::now() + patience;
        let still_writing = loop {
            let writing = self.take_in().await;
            if writing.changing.is_empty() || Instant::now() >= deadline {
                break writing;
            }
            tokio::time::sleep(LOOK_EVERY.min(Duration::from_millis(50))).await;
        };
        self.exhaust().await;
        self.fetch_all().await;
        self.end_run().await;
        self.exhaust().await;
        let failures = self.said().await.into_values().collect();
        RunSummary { failures, still_writing, strays: self.strays.clone() }
    }

    /// Goes on until `stop` is ready: takes in files as they arrive, and treats what is ready. `tell` is called with what
    /// lies beside the repositories, once, and with each cause of failures, once, and once more when it is over. What failed is tried again, later and later.
    pub async fn watch(&mut self, stop: impl Future<Output = ()>, mut tell: impl FnMut(Told)) {
        tokio::pin!(stop);
        self.begin(false);
        let (mut told, mut strays) = (BTreeMap::new(), Vec::new());
        self.reconcile().await;
        let mut reconciled = Instant::now();
        loop {
            let looked = Instant::now();
            self.take_in().await;
            for new in self.strays.iter().filter(|stray| !strays.contains(*stray)) {
                tell(Told::Stray(new.clone()));
            }
            strays.clone_from(&self.strays);
            self.try_again().await;
            self.fetch_due().await;
            // However much there is to do, the drop zone is looked at now and then; however long a look takes, as much time
            // is left for what there is to do.
            let (mut is_idle, begun) = (false, Instant::now());
            let long = looked.elapsed().max(LOOK_EVERY);
            while !is_idle && begun.elapsed() < long {
                is_idle = !self.handle_next().await;
                // Between two files it is seen whether to stop: what is in hand is brought to its end.
                tokio::select! {
                    biased;
                    () = &mut stop => {
                        self.tell_changes(&mut told, &mut tell).await;
                        return;
                    }
                    () = std::future::ready(()) => {}
                }
            }
            self.tell_changes(&mut told, &mut tell).await;
            if is_idle {
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
            if reconciled.elapsed() > RECONCILE_EVERY {
                self.reconcile().await;
                reconciled = Instant::now();
            }
        }
    }

    fn begin(&mut self, gives_up: bool) {
        self.troubles = Troubles::new(self.local.root(), gives_up);
        self.stalls = false;
    }

    /// What is to be told of failures.
    async fn said(&self) -> BTreeMap<Cause, Failure> {
        let mut said = BTreeMap::new();
        for (cause, (mut failure, orders)) in self.troubles.said() {
            for repository in orders {
                // How many wait is not worth another failure.
                let queued = self.local.state().queued_count(&repository).await;
                failure.waiting += queued.unwrap_or_default();
            }
            said.insert(cause, failure);
        }
        said
    }

    async fn tell_changes(&mut self, told: &mut BTreeMap<Cause, Failure>, tell: &mut impl FnMut(Told)) {
        if !self.troubles.take_changed() {
            return;
        }
        let now = self.said().await;
        for (cause, failure) in &now {
            if !told.contains_key(cause) {
                tell(Told::Failed(failure.clone()));
            }
        }
        for (cause, failure) in &*told {
            if !now.contains_key(cause) {
                tell(Told::Recovered(failure.clone()));
            }
        }
        *told = now;
    }

    /// Handles messages, and tries again what failed, until there is nothing left that this run tries.
    async fn exhaust(&mut self) {
        loop {
            while self.handle_next().await {}
            let Some(at) = self.troubles.next() else { return };
            tokio::time::sleep_until(at).await;
            self.try_again().await;
        }
    }

    /// Tries again what is due.
    async fn try_again(&mut self) {
        let (mut look, mut reconcile) = (false, false);
        self.stalls = false;
        for (unit, task) in self.troubles.due(Instant::now()) {
            match task {
                // It may have been moved although that failed: then the reconciliation finds it.
                Task::Look => (look, reconcile) = (true, true),
                Task::Reconcile => reconcile = true,
                Task::TakeIn(dropped) => self.return_to(&unit, &dropped).await,
                Task::Resume(import, about) => {
                    let resume = async |local: &Local| reconcile::resume_by_id(local, import).await;
                    self.attempt(unit, about.clone(), Task::Resume(import, about), resume).await;
                }
                Task::Poke(repository) => self.poke(&repository).await,
                Task::Watch(repository, registered) => self.watch_over(&repository, registered).await,
                Task::Queries => self.look_for_queries_now(),
                // In memory it does not fail.
                Task::Send(message) => drop(self.local.queue().send(message, None).await),
            }
        }
        if look {
            self.take_in().await;
        }
        if reconcile {
            self.reconcile().await;
        }
    }

    /// Tries something, and keeps in mind how it ended. Answers whether it went well.
    async fn attempt(
        &mut self,
        unit: Unit,
        about: About,
        task: Task,
        work: impl AsyncFnOnce(&Local) -> Result<()>,
    ) -> bool {
        let begun = Instant::now();
        let done = if self.stalls {
            Err(stalled())
        } else {
            on_behalf_of(about.0.clone(), work(&*self.local)).await
        };
        match done {
            Ok(()) => {
                self.troubles.solved(&unit);
                true
            }
            Err(error) => {
                self.stalls |= matches!(error, Error::Store { .. }) && begun.elapsed() >= STALLS;
                self.failed(unit, about, task, &error).await;
                false
            }
        }
    }

    /// Marks problems that this run resolved, and asks for the digests of the run, and for mails that are still due: there is nothing left to do. A mail is due without
    /// a message that asks for it if the answer of the write that ended its import was lost.
    async fn end_run(&mut self) {
        let asked = async {
            reconcile::ask_for_mails(&*self.local).await?;
            for repository in self.local.state().repositories().await? {
                digest::ask(&*self.local, &repository, true).await?;
                problems::settle_corrected(&*self.local, &repository).await?;
            }
            Ok(())
        };
        if let Err(error) = asked.await {
            let about = (None, "asking for mails".to_owned());
            self.failed(Unit::State, about, Task::Reconcile, &error).await;
        }
    }

    /// Keeps in mind that something failed.
    async fn failed(&mut self, unit: Unit, about: About, task: Task, error: &Error) {
        let version = match &unit {
            // A store that does not answer is not asked once more.
            Unit::Order(repository) if !self.stalls => {
                self.local.state().turn(repository).await.ok().map(|turn| turn.version)
            }
            _ => None,
        };
        self.troubles.failed(unit, about, task, error, version);
    }

    fn may_try(&self, unit: &Unit) -> bool {
        self.troubles.may_try(unit, Instant::now())
    }
}

/// The failure of what was not tried, since the store did not answer just now.
fn stalled() -> Error {
    Error::Store { what: "waiting for the database", source: "it did not answer recently".into() }
}

fn taking_in(dropped: &DroppedObject) -> About {
    let repository = &dropped.repository;
    (Some(repository.clone()), format!("registering {} of {repository}", dropped.file))
}

fn going_on(repository: &Repository) -> About {
    (Some(repository.clone()), format!("continuing the files of {repository}"))
}
