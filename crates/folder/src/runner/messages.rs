//! Messages: handled one after the other, and kept as a trouble if they fail.

use tidewaiter::keys::Repository;
use tidewaiter::render::{Renderer, Subject};
use tokio::time::Instant;

use super::{About, Runner, STALLS, going_on};
use crate::Local;
use crate::disk::on_behalf_of;
use crate::troubles::{Task, Unit};
use tidewaiter_engine::capabilities::{Clock, HasQueue, HasState};
use tidewaiter_engine::ports::{ImportRun, Message, News, RunLedger};
use tidewaiter_engine::process::Tried;
use tidewaiter_engine::{Error, Result, digest, fetch, intake, process, reconcile, report, sequence, watch};

impl Runner {
    /// Handles the next message that is due; false if there is none, and nothing is left to be committed.
    pub(super) async fn handle_next(&mut self) -> bool {
        let followed = self.local.together.followed();
        let Some(message) = self.local.queue().next(self.local.now(), followed.as_ref()) else {
            return self.settle().await.is_some();
        };
        if let Message::Fetch { .. } = message {
            // What is due of queries is found in the state, and read beside everything else.
            self.look_for_queries_now();
            return true;
        }
        let run = self.run_of(&message).await;
        let repository = repository_of(&message, run.as_ref());
        self.join(&message, repository.as_ref(), run.as_ref()).await;
        let known = self.unit_of(&message, repository.as_ref());
        if let Some(unit) = &known
            && !self.may_try(unit)
        {
            // The next try finds in the state what this message asks for, but not since when files arrive.
            if let Message::Sequence { repository, news: News::Arrived { .. }, .. } = &message {
                self.arrived.insert(repository.clone(), message.clone());
            }
            return true;
        }
        let begun = Instant::now();
        let handled = async {
            self.restore_pins()?;
            handle(&self.local, message.clone()).await
        };
        match on_behalf_of(repository, handled).await {
            Ok(()) => {
                if let Some(unit) = known.filter(|unit| self.is_over(unit, &message)) {
                    self.troubles.solved(&unit);
                }
                if matches!(message, Message::Work { .. }) {
                    self.troubles.solved(&of_itself(&message));
                }
            }
            Err(error) => {
                self.stalls |= matches!(error, Error::Store { .. }) && begun.elapsed() >= STALLS;
                let Some(error) = self.keep_others(error).await else { return true };
                let (unit, about, task) = self.trouble_with(message).await;
                self.failed(unit, about, task, &error).await;
            }
        }
        true
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
    fn unit_of(&self, message: &Message, repository: Option<&Repository>) -> Option<Unit> {
        match message {
            _ if self.troubles.is_empty() => None,
            // Without the repository the message is on its own, so that it is tried a few times and no more.
            Message::Work { .. } => Some(repository.cloned().map_or_else(|| of_itself(message), Unit::Order)),
            message => Some(of_itself(message)),
        }
    }

    /// The run that a message is about. None if it is about none, or if that cannot be looked up.
    async fn run_of(&self, message: &Message) -> Option<ImportRun> {
        match message {
            Message::Work { import, .. } | Message::Report { import } | Message::TakeIn { import } => {
                self.local.state().run(*import).await.ok()?
            }
            Message::Sequence { .. }
            | Message::Digest { .. }
            | Message::Missed { .. }
            | Message::Notice { .. }
            | Message::Fetch { .. } => None,
        }
    }

    /// What fails if a message does, and how it is tried again.
    async fn trouble_with(&self, message: Message) -> (Unit, About, Task) {
        match message {
            Message::Sequence { repository, .. } => {
                let again = Task::Send(Message::news(&repository, News::Poke));
                (Unit::Order(repository.clone()), going_on(&repository), again)
            }
            Message::Work { import, .. } => match self.local.state().run(import).await {
                Ok(Some(import)) => {
                    let repository = import.repository;
                    let what = format!("importing {} of {repository}", import.file);
                    (
                        Unit::Order(repository.clone()),
                        (Some(repository.clone()), what),
                        Task::Poke(repository),
                    )
                }
                _ => on_its_own(message),
            },
            message => on_its_own(message),
        }
    }
}

/// The one repository that a message is about, if it is about one alone. Its `run` is known if it is about one.
fn repository_of(message: &Message, run: Option<&ImportRun>) -> Option<Repository> {
    match message {
        Message::Sequence { repository, .. }
        | Message::Digest { repository, .. }
        | Message::Fetch { repository, .. } => Some(repository.clone()),
        Message::Missed { dropped } => Some(dropped.repository.clone()),
        Message::Work { .. } | Message::Report { .. } | Message::TakeIn { .. } => {
            run.map(|run| run.repository.clone())
        }
        Message::Notice { .. } => None,
    }
}

fn on_its_own(message: Message) -> (Unit, About, Task) {
    (of_itself(&message), (None, describe(&message)), Task::Send(message))
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
        Message::Fetch { repository, entry } => Unit::Query(repository.clone(), entry.clone()),
    }
}

fn describe(message: &Message) -> String {
    match message {
        Message::Sequence { repository, .. } => format!("ordering the files of {repository}"),
        Message::Work { import, .. } => format!("import {import}"),
        Message::Report { import } => format!("the mail of import {import}"),
        Message::Digest { repository, digest } => format!("the digest {digest} of {repository}"),
        Message::Notice { notice } => format!("the mail {:?}", Subject.render(notice)),
        Message::TakeIn { import } => format!("registering import {import}"),
        Message::Missed { dropped } => format!("registering import {}", dropped.import),
        Message::Fetch { repository, entry } => format!("reading the query {entry} of {repository}"),
    }
}

async fn handle(local: &Local, message: Message) -> Result<()> {
    match message {
        Message::Sequence { repository, news, .. } => sequence::sequence(local, &repository, news).await,
        Message::Work { import, task, .. } => process::process(local, import, task, Tried::Perhaps).await,
        Message::Report { import } => report::report(local, import).await,
        Message::Digest { repository, digest: which } => digest::digest(local, &repository, &which).await,
        Message::Notice { notice } => watch::tell(local, &notice).await,
        Message::TakeIn { import } => reconcile::resume_by_id(local, import).await,
        Message::Missed { dropped } => intake::intake(local, &dropped).await,
        Message::Fetch { repository, entry } => {
            Box::pin(fetch::fetch(local, &repository, &entry)).await.map(|_| ())
        }
    }
}
