//! Runs the four functions on one machine: takes in what was dropped, and hands messages from one to the
//! other until there is nothing left to do.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::lock::Lock;
use super::{Inbox, Local, StillWriting};
use crate::ports::{Message, Objects, Platform, Progress, State};
use crate::validate::Tried;
use crate::{Error, Result, digest, report, sequence, sweep, unpack, validate, watch};

/// How often a message is tried before it is left for the next run.
const TRIES: u32 = 4;
/// How long the first retry waits; each further one waits twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// How often a watching process looks for what a lost message left undone.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How often the drop zone is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Runs a deployment in a folder.
pub struct Runner {
    local: Local,
    inbox: Inbox,
    /// Held as long as the runner lives: one process at a time works on a folder.
    _lock: Lock,
}

/// What could not be done.
#[derive(Debug)]
pub struct Failure {
    /// What was being done.
    pub what: String,
    /// Why it failed.
    pub error: Error,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.error)
    }
}

/// What is left when a run ends.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// What could not be done, and is tried again by the next run.
    pub failures: Vec<Failure>,
    /// Files that were left in the drop zone, since somebody is still writing them.
    pub still_writing: StillWriting,
}

impl Runner {
    /// Takes the lock of the folder. A file is taken in when it has not changed for `quiet`.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process works on the folder.
    pub fn new(local: Local, quiet: Duration) -> Result<Self> {
        let lock = Lock::take(local.disk())?;
        let inbox = Inbox::new(local.disk(), quiet);
        Ok(Self { inbox, _lock: lock, local })
    }

    /// The deployment.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// Takes in everything that is complete, treats everything that is ready, and stops. Files that keep
    /// changing are waited for until `patience` is over.
    pub async fn run(&mut self, patience: Duration) -> Result<RunSummary> {
        let mut summary = RunSummary::default();
        self.sweep(&mut summary).await?;
        let deadline = Instant::now() + patience;
        loop {
            let writing = self.take_in(&mut summary).await?;
            if writing.changing.is_empty() || Instant::now() >= deadline {
                summary.still_writing = writing;
                break;
            }
            tokio::time::sleep(LOOK_EVERY.min(Duration::from_millis(50))).await;
        }
        self.drain(&mut summary).await;
        sweep::end_run(&self.local).await?;
        self.drain(&mut summary).await;
        Ok(summary)
    }

    /// Goes on until `stop` is ready: takes in files as they arrive, and treats what is ready. `tell` is
    /// called with each failure; what failed is tried again later.
    pub async fn watch(
        &mut self,
        stop: impl Future<Output = ()>,
        mut tell: impl FnMut(Failure),
    ) -> Result<()> {
        tokio::pin!(stop);
        // What keeps failing is said once, and again if it comes back after it went well.
        let mut told = HashSet::new();
        let mut tell = move |failures: &mut Vec<Failure>| {
            let now: HashSet<String> = failures.iter().map(ToString::to_string).collect();
            failures.drain(..).filter(|failure| !told.contains(&failure.to_string())).for_each(&mut tell);
            told = now;
        };
        let mut summary = RunSummary::default();
        self.sweep(&mut summary).await?;
        let mut swept = Instant::now();
        loop {
            self.take_in(&mut summary).await?;
            // Between two files it is seen whether to stop: what is in hand is brought to its end.
            while self.handle_next(&mut summary).await {
                tokio::select! {
                    biased;
                    () = &mut stop => {
                        tell(&mut summary.failures);
                        return Ok(());
                    }
                    () = std::future::ready(()) => {}
                }
            }
            let failed = !summary.failures.is_empty();
            tell(&mut summary.failures);
            if failed || swept.elapsed() > SWEEP_EVERY {
                tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep(if failed { Duration::from_secs(5) } else { LOOK_EVERY }) => {}
                }
                self.sweep(&mut summary).await?;
                swept = Instant::now();
            } else {
                tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        }
    }

    /// Finds what an earlier process left undone, or a message that was lost.
    async fn sweep(&mut self, summary: &mut RunSummary) -> Result<()> {
        note(
            summary,
            || "removing what interrupted writes left".to_owned(),
            self.local.objects().sweep_partial(),
        );
        let (taken, unread) = self.inbox.taken_before()?;
        let left = self.inbox.put_in_order();
        summary.failures.extend(
            left.into_iter()
                .chain(unread)
                .map(|(path, error)| Failure { what: format!("looking into {}", path.display()), error }),
        );
        for dropped in taken {
            let done = match self.local.state().import(dropped.import).await?.map(|import| import.progress) {
                None => self.retrying(|local| unpack::unpack(local, &dropped)).await,
                // It was moved, and came back: a power cut can undo a move that the disk had not kept yet.
                Some(Progress::Done(conclusion)) => {
                    let objects = self.local.objects();
                    objects.relocate(&dropped.source, dropped.bytes, &conclusion.place, None).await
                }
                Some(_) => Ok(()),
            };
            note(summary, || dropped.file.clone(), done);
        }
        for import in self.local.state().unfinished().await? {
            let done = self.retrying(|local| sweep::resume(local, &import)).await;
            note(summary, || import.file.clone(), done);
        }
        sweep::poke(&self.local).await?;
        for (repository, error) in sweep::watch(&self.local).await? {
            note(summary, || format!("watching over {repository}"), Err(error));
        }
        Ok(())
    }

    async fn take_in(&mut self, summary: &mut RunSummary) -> Result<StillWriting> {
        let taken = self.inbox.take(self.local.now())?;
        for (path, error) in taken.failures {
            summary.failures.push(Failure { what: format!("taking in {}", path.display()), error });
        }
        for dropped in taken.drops {
            let done = self.retrying(|local| unpack::unpack(local, &dropped)).await;
            note(summary, || dropped.file.clone(), done);
        }
        Ok(taken.writing)
    }

    /// Handles messages until none is due.
    async fn drain(&mut self, summary: &mut RunSummary) {
        while self.handle_next(summary).await {}
    }

    /// Handles the next message that is due; false if there is none.
    async fn handle_next(&mut self, summary: &mut RunSummary) -> bool {
        let Some(message) = self.local.queue().next(self.local.now()) else { return false };
        let done = self.retrying(|local| handle(local, message.clone())).await;
        note(summary, || describe(&message), done);
        true
    }

    /// Tries again what may succeed later.
    async fn retrying<'a, F>(&'a self, work: impl Fn(&'a Local) -> F) -> Result<()>
    where
        F: Future<Output = Result<()>> + 'a,
    {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match work(&self.local).await {
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "trying again");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                done => return done,
            }
        }
        work(&self.local).await
    }
}

fn note(summary: &mut RunSummary, what: impl FnOnce() -> String, done: Result<()>) {
    if let Err(error) = done {
        summary.failures.push(Failure { what: what(), error });
    }
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
