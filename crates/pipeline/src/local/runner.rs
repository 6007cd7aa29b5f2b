//! Runs the four functions on one machine: takes in what was dropped, and hands messages from one to the
//! other until there is nothing left to do.
//!
//! Nothing that fails ends a run or a watch. What fails waits by itself, as `troubles` says, and everything else goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use tidewaiter::keys::Repository;
use tokio::time::Instant;

use super::lock::Lock;
use super::troubles::{Cause, Failure, Task, Troubles, Unit};
use super::{Inbox, Local, StillWriting};
use crate::ports::{Drop as Dropped, Kind, Message, News, Objects, Platform, Progress, Queue, State};
use crate::validate::Tried;
use crate::{Error, Result, digest, report, sequence, sweep, unpack, validate, watch};

/// How often a watching process looks for what a lost message left undone.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How often the drop zone is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A store that fails after so long is not answering: to ask it again for the next file would take as long each time.
const STALLS: Duration = Duration::from_secs(5);

/// Runs a deployment in a folder.
pub struct Runner {
    local: Local,
    inbox: Inbox,
    troubles: Troubles,
    /// Files that arrived in a repository while its order could not go on.
    arrived: HashMap<Repository, Message>,
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
    /// Files that were left in the drop zone, since somebody is still writing them.
    pub still_writing: StillWriting,
}

/// What a watch tells of failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It could not be done, and is tried again.
    Failed(Failure),
    /// What failed before goes on.
    Recovered(Failure),
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
        Ok(Self { inbox, troubles, arrived: HashMap::new(), stalls: false, _lock: lock, local })
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
        self.sweep().await;
        let deadline = Instant::now() + patience;
        let still_writing = loop {
            let writing = self.take_in().await;
            if writing.changing.is_empty() || Instant::now() >= deadline {
                break writing;
            }
            tokio::time::sleep(LOOK_EVERY.min(Duration::from_millis(50))).await;
        };
        self.exhaust().await;
        self.end_run().await;
        self.exhaust().await;
        let failures = self.said().await.into_values().collect();
        RunSummary { failures, still_writing }
    }

    /// Goes on until `stop` is ready: takes in files as they arrive, and treats what is ready. `tell` is called with each
    /// cause of failures, once, and once more when it is over. What failed is tried again, later and later.
    pub async fn watch(&mut self, stop: impl Future<Output = ()>, mut tell: impl FnMut(Told)) {
        tokio::pin!(stop);
        self.begin(false);
        let mut told = BTreeMap::new();
        self.sweep().await;
        let mut swept = Instant::now();
        loop {
            let looked = Instant::now();
            self.take_in().await;
            self.try_again().await;
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
            if swept.elapsed() > SWEEP_EVERY {
                self.sweep().await;
                swept = Instant::now();
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
        let (mut look, mut sweep) = (false, false);
        self.stalls = false;
        for (unit, task) in self.troubles.due(Instant::now()) {
            match task {
                // It may have been moved although that failed: then the sweep finds it.
                Task::Look => (look, sweep) = (true, true),
                Task::Sweep => sweep = true,
                Task::TakeIn(dropped) => self.return_to(&unit, &dropped).await,
                Task::Resume(import, about) => {
                    let resume = async |local: &Local| sweep::resume_by_id(local, import).await;
                    self.attempt(unit, about.clone(), Task::Resume(import, about), resume).await;
                }
                Task::Poke(repository) => self.poke(&repository).await,
                Task::Watch(repository, registered) => self.watch_over(&repository, registered).await,
                // In memory it does not fail.
                Task::Send(message) => drop(self.local.queue().send(message, None).await),
            }
        }
        if look {
            self.take_in().await;
        }
        if sweep {
            self.sweep().await;
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
        let done = if self.stalls { Err(stalled()) } else { work(&self.local).await };
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

    /// Finds what an earlier process left undone, or a message that was lost.
    async fn sweep(&mut self) {
        if !self.may_try(&Unit::State) {
            return;
        }
        self.stalls = false;
        match self.sweep_all().await {
            Ok(()) => self.troubles.solved(&Unit::State),
            Err(error) => {
                self.failed(
                    Unit::State,
                    (None, "looking for what is unfinished".to_owned()),
                    Task::Sweep,
                    &error,
                )
                .await;
            }
        }
    }

    /// The sweep, until the state cannot be read.
    async fn sweep_all(&mut self) -> Result<()> {
        let before = self.taken_before();
        for dropped in &before {
            if self.local.state().import(dropped.import).await?.is_some() {
                self.local.objects().taken_in.forget(dropped);
            }
        }
        for dropped in before {
            let unit = Unit::File(dropped.import);
            if !self.may_try(&unit) {
                continue;
            }
            match self.local.state().import(dropped.import).await?.map(|import| import.progress) {
                None | Some(Progress::Done(_)) => self.return_to(&unit, &dropped).await,
                Some(_) => {}
            }
        }
        for import in self.local.state().unfinished().await? {
            // A data file that is being concluded is the one whose turn it is, or is set aside with its group.
            let is_data = matches!(import.kind, Kind::Data { .. });
            let repository = import.repository.clone();
            let unit = if is_data { Unit::Order(repository.clone()) } else { Unit::File(import.id) };
            if !self.may_try(&unit) {
                continue;
            }
            let about = (Some(repository.clone()), format!("going on with {} of {repository}", import.file));
            let task = if is_data { Task::Poke(repository) } else { Task::Resume(import.id, about.clone()) };
            self.attempt(unit, about, task, async |local| sweep::resume(local, &import).await).await;
        }
        let registered = self.local.state().repositories().await?;
        for repository in &registered {
            let turn = self.local.state().turn(repository).await?;
            let has_work = sweep::has_work(&turn);
            digest::ask(&self.local, repository, !has_work).await?;
            if self.may_try(&Unit::Order(repository.clone())) {
                self.poke(repository).await;
            }
        }
        sweep::ask_for_mails(&self.local).await?;
        let watched = sweep::watched(&self.local, &registered).await;
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
                self.failed(configs, about, Task::Sweep, &error).await;
            }
        }
        Ok(())
    }

    /// What was taken in and may not be registered. What cannot be looked at is kept in mind.
    fn taken_before(&mut self) -> Vec<Dropped> {
        let (drops, mut failures) = match self.inbox.taken_before() {
            Ok(taken) => (taken.drops, taken.failures),
            Err(error) => (Vec::new(), vec![(PathBuf::from("waiting"), error)]),
        };
        // What interrupted writes and copies left.
        failures.extend(self.inbox.put_in_order());
        let partial = self.local.objects().sweep_partial().err();
        failures.extend(partial.map(|error| (PathBuf::from(".tidewaiter/partial"), error)));
        let about = || (None, "looking for what was taken in".to_owned());
        let failing: HashSet<PathBuf> = failures.iter().map(|(path, _)| path.clone()).collect();
        for (path, error) in failures {
            let unit = Unit::Place(path);
            if self.may_try(&unit) {
                self.troubles.failed(unit, about(), Task::Sweep, &error, None);
            }
        }
        self.troubles.solved_but(
            |unit| matches!(unit, Unit::Place(path) if path.as_os_str() != "config"),
            |unit| matches!(unit, Unit::Place(path) if failing.contains(path)),
        );
        drops
    }

    /// Goes on with what was taken in before.
    async fn return_to(&mut self, unit: &Unit, dropped: &Dropped) {
        let about = taking_in(dropped);
        let again = async |local: &Local| {
            match local.state().import(dropped.import).await?.map(|import| import.progress) {
                // It was moved, and came back: a power cut can undo a move that the disk had not kept yet.
                Some(Progress::Done(conclusion)) => {
                    local.objects().relocate(&dropped.source, dropped.bytes, &conclusion.place, None).await
                }
                _ => unpack::unpack(local, dropped).await,
            }
        };
        let task = Task::TakeIn(Box::new(dropped.clone()));
        let is_registered = self.attempt(unit.clone(), about, task, again).await;
        self.forget_taken_in(dropped, is_registered).await;
    }

    /// Forgets a configuration that was taken in once it is registered: from then on the state says that it is in flight.
    /// It may be registered although taking it in failed.
    async fn forget_taken_in(&self, dropped: &Dropped, is_registered: bool) {
        let taken_in = &self.local.objects().taken_in;
        if taken_in.contains(&dropped.repository, &dropped.file)
            && (is_registered || matches!(self.local.state().import(dropped.import).await, Ok(Some(_))))
        {
            taken_in.forget(dropped);
        }
    }

    /// Asks the sequencer of a repository to go on, if there is anything to go on with.
    ///
    /// Unlike a sweep in the cloud it does so whatever signs of life there are: this process alone works on the folder,
    /// and it has nothing in hand now.
    async fn poke(&mut self, repository: &Repository) {
        let unit = Unit::Order(repository.clone());
        match self.local.state().turn(repository).await {
            Ok(turn) if sweep::has_work(&turn) => {
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

    async fn watch_over(&mut self, repository: &Repository, is_registered: bool) {
        let about = (Some(repository.clone()), format!("watching over {repository}"));
        let task = Task::Watch(repository.clone(), is_registered);
        let watch = async |local: &Local| sweep::watch_repository(local, repository, is_registered).await;
        self.attempt(Unit::Watch(repository.clone()), about, task, watch).await;
    }

    async fn take_in(&mut self) -> StillWriting {
        if !self.may_try(&Unit::Inbox) {
            return StillWriting::default();
        }
        let now = Instant::now();
        let troubles = &self.troubles;
        let may_try = |path: &std::path::Path| {
            troubles.is_empty() || troubles.may_try(&Unit::Dropped(path.to_owned()), now)
        };
        let taken = match self.inbox.take(self.local.now(), may_try) {
            Ok(taken) => taken,
            Err(error) => {
                let about = (None, "looking for what was dropped".to_owned());
                self.failed(Unit::Inbox, about, Task::Look, &error).await;
                return StillWriting::default();
            }
        };
        self.troubles.solved(&Unit::Inbox);
        self.note_dropped(taken.failures, &taken.writing, now);
        self.stalls = false;
        for dropped in taken.drops {
            let task = Task::TakeIn(Box::new(dropped.clone()));
            let unpack = async |local: &Local| unpack::unpack(local, &dropped).await;
            let is_registered =
                self.attempt(Unit::File(dropped.import), taking_in(&dropped), task, unpack).await;
            self.forget_taken_in(&dropped, is_registered).await;
        }
        taken.writing
    }

    /// Keeps in mind what could not be taken in, and that everything else could be.
    fn note_dropped(&mut self, failures: Vec<(PathBuf, Error)>, writing: &StillWriting, now: Instant) {
        if failures.is_empty() && self.troubles.is_empty() {
            return;
        }
        let mut failing: HashSet<PathBuf> = failures.iter().map(|(path, _)| path.clone()).collect();
        failing.extend(writing.changing.iter().cloned());
        let troubles = &self.troubles;
        let tried: HashSet<Unit> =
            troubles.units().filter(|unit| troubles.may_try(unit, now)).cloned().collect();
        self.troubles.solved_but(
            |unit| matches!(unit, Unit::Dropped(_)) && tried.contains(unit),
            |unit| matches!(unit, Unit::Dropped(path) if failing.contains(path)),
        );
        for (path, error) in failures {
            let about = (self.repository_in(&path), format!("taking in {}", path.display()));
            let unit = Unit::Dropped(path);
            if self.troubles.may_try(&unit, now) {
                self.troubles.failed(unit, about, Task::Look, &error, None);
            }
        }
    }

    /// The repository that a path of the drop zone lies in.
    fn repository_in(&self, path: &std::path::Path) -> Option<Repository> {
        let below = path.strip_prefix(self.local.root().join("imports")).ok()?;
        below.components().next()?.as_os_str().to_str()?.parse().ok()
    }

    /// Asks for the digests of the run, and for mails that are still due: there is nothing left to do. A mail is due without
    /// a message that asks for it if the answer of the write that ended its import was lost.
    async fn end_run(&mut self) {
        let asked = async {
            sweep::ask_for_mails(&self.local).await?;
            for repository in self.local.state().repositories().await? {
                digest::ask(&self.local, &repository, true).await?;
            }
            Ok(())
        };
        if let Err(error) = asked.await {
            let about = (None, "asking for mails".to_owned());
            self.failed(Unit::State, about, Task::Sweep, &error).await;
        }
    }

    /// Handles the next message that is due; false if there is none.
    async fn handle_next(&mut self) -> bool {
        let Some(message) = self.local.queue().next(self.local.now()) else { return false };
        let known = self.unit_of(&message).await;
        if let Some(unit) = &known
            && !self.may_try(unit)
        {
            // Whoever tries again finds in the state what this asks for, but not since when files arrive.
            if let Message::Sequence { repository, news: News::Arrived { .. }, .. } = &message {
                self.arrived.insert(repository.clone(), message.clone());
            }
            return true;
        }
        let begun = Instant::now();
        match handle(&self.local, message.clone()).await {
            Ok(()) => {
                if let Some(unit) = known.filter(|unit| self.is_over(unit, &message)) {
                    self.troubles.solved(&unit);
                }
            }
            Err(error) => {
                self.stalls |= matches!(error, Error::Store { .. }) && begun.elapsed() >= STALLS;
                let (unit, about, task) = self.trouble_with(message).await;
                self.failed(unit, about, task, &error).await;
            }
        }
        true
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

    /// True if a message that went well shows that what failed before is over. A step of the sequencer shows nothing
    /// about a file that failed, and a file that was loaded shows nothing about a step that failed. Otherwise the two could
    /// reset each other's number of tries for ever.
    fn is_over(&self, unit: &Unit, message: &Message) -> bool {
        match self.troubles.task(unit) {
            Some(Task::Poke(_)) => !matches!(message, Message::Sequence { .. }),
            Some(Task::Send(Message::Sequence { .. })) => matches!(message, Message::Sequence { .. }),
            _ => true,
        }
    }

    /// What a message is about, unless nothing fails: then it does not matter.
    async fn unit_of(&self, message: &Message) -> Option<Unit> {
        if self.troubles.is_empty() {
            return None;
        }
        match message {
            Message::Work { import, .. } => {
                let import = self.local.state().import(*import).await.ok()??;
                Some(Unit::Order(import.repository))
            }
            message => Some(of_itself(message)),
        }
    }

    /// What fails if a message does, and how it is tried again.
    async fn trouble_with(&self, message: Message) -> (Unit, About, Task) {
        match message {
            Message::Sequence { repository, .. } => {
                let again = Task::Send(Message::news(&repository, News::Poke));
                (Unit::Order(repository.clone()), going_on(&repository), again)
            }
            Message::Work { import, .. } => match self.local.state().import(import).await {
                Ok(Some(import)) => {
                    let repository = import.repository;
                    let what = format!("importing {} of {repository}", import.file);
                    (
                        Unit::Order(repository.clone()),
                        (Some(repository.clone()), what),
                        Task::Poke(repository),
                    )
                }
                _ => (Unit::State, (None, format!("import {import}")), Task::Sweep),
            },
            message => (of_itself(&message), (None, describe(&message)), Task::Send(message)),
        }
    }

    fn may_try(&self, unit: &Unit) -> bool {
        self.troubles.may_try(unit, Instant::now())
    }
}

/// What a message is about that says so by itself.
fn of_itself(message: &Message) -> Unit {
    match message {
        Message::Sequence { repository, .. } => Unit::Order(repository.clone()),
        Message::Work { import, .. } | Message::TakeIn { import } => Unit::File(*import),
        Message::Missed { dropped } => Unit::File(dropped.import),
        Message::Report { import } => Unit::Mail(import.to_string()),
        Message::Digest { repository, digest } => Unit::Mail(format!("{repository} {digest}")),
        Message::Notice { notice } => Unit::Mail(notice.key()),
    }
}

/// The failure of what was not tried, since the store did not answer just now.
fn stalled() -> Error {
    Error::Store { what: "waiting for the database", source: "it did not answer a moment ago".into() }
}

fn taking_in(dropped: &Dropped) -> About {
    let repository = &dropped.repository;
    (Some(repository.clone()), format!("taking in {} of {repository}", dropped.file))
}

fn going_on(repository: &Repository) -> About {
    (Some(repository.clone()), format!("going on with the files of {repository}"))
}

fn describe(message: &Message) -> String {
    match message {
        Message::Sequence { repository, .. } => format!("ordering the files of {repository}"),
        Message::Work { import, .. } => format!("import {import}"),
        Message::Report { import } => format!("the mail of import {import}"),
        Message::Digest { repository, digest } => format!("the digest {digest} of {repository}"),
        Message::Notice { notice } => format!("the mail {:?}", notice.subject()),
        Message::TakeIn { import } => format!("taking in import {import}"),
        Message::Missed { dropped } => format!("taking in import {}", dropped.import),
    }
}

async fn handle(local: &Local, message: Message) -> Result<()> {
    match message {
        Message::Sequence { repository, news, .. } => sequence::sequence(local, &repository, news).await,
        Message::Work { import, task, .. } => validate::validate(local, import, task, Tried::Perhaps).await,
        Message::Report { import } => report::report(local, import).await,
        Message::Digest { repository, digest: which } => digest::digest(local, &repository, &which).await,
        Message::Notice { notice } => watch::tell(local, &notice).await,
        Message::TakeIn { import } => sweep::resume_by_id(local, import).await,
        Message::Missed { dropped } => unpack::unpack(local, &dropped).await,
    }
}
