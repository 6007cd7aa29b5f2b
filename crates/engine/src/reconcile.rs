//! Looks for what was left undone: a process was stopped, or a message was lost. The state says what that is.

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::sequence;

use crate::capabilities::{
    Clock, HasClaims, HasGroups, HasMarks, HasObjects, HasOutbox, HasQueue, HasRuns, trait_alias,
};
use crate::intake::TakesIn;
use crate::ports::{GroupQueue, Message, News, Objects, Outbox, Progress, Queue, RunLedger, Turn};
use crate::report::is_refused;
use crate::watch::WatchesOver;
use crate::{Error, Result, digest, intake, problems, pulse, watch};

trait_alias! {
    /// What poking repositories and asking for mails needs.
    pub trait Pokes = HasRuns + HasGroups + HasOutbox + HasMarks + HasQueue + Clock
}

trait_alias! {
    /// What a reconciliation needs.
    pub trait Reconciles = Pokes + WatchesOver + HasClaims
}

/// How many imports are read at a time.
const PAGE: usize = 100;

/// How many files without an event one reconciliation hands on. Their events may just be late, since more is dropped
/// than is taken in: then each reconciliation adds to that.
const MISSED: usize = 1_000;

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many files were handed on to be taken in or brought to their place.
    pub unfinished: usize,
    /// How many files without an event were found in the drop zone.
    pub missed: usize,
    /// How many repositories were poked.
    pub repositories: usize,
    /// How many mails are due, each about one file.
    pub mails: usize,
    /// How many digests are due.
    pub digests: usize,
    /// Since when the oldest incomplete group has been waiting.
    pub waiting_since: Option<Timestamp>,
}

/// Sends a message for everything that is unfinished. A file that arrived after `left_alone` is likely to be being
/// processed, and is left alone unless it is a data file, whose turn the sequencer knows.
pub async fn reconcile<D: Reconciles>(deployment: &D, left_alone: Timestamp) -> Result<Found> {
    let mut found = poke(deployment).await?;
    for import in deployment.runs().unfinished().await? {
        if import.arrived <= left_alone {
            deployment.queue().send(Message::TakeIn { import: import.id }, None).await?;
            found.unfinished += 1;
        }
    }
    found.missed = take_in_missed(deployment, left_alone).await?;
    for repository in deployment.groups().repositories().await? {
        problems::settle_corrected(deployment, &repository).await?;
        for group in deployment.groups().waiting(&repository).await? {
            found.waiting_since = Some(found.waiting_since.map_or(group.since, |at| at.min(group.since)));
        }
    }
    for (repository, error) in watch(deployment).await? {
        tracing::error!(%repository, %error, "the watch for missing files failed");
    }
    Ok(found)
}

/// Has files without an event taken in from the drop zone: the event of an upload may be lost, or handling it may
/// have failed too often. How many there are, up to [`MISSED`].
async fn take_in_missed<D: HasObjects + HasRuns + HasQueue>(
    deployment: &D,
    left_alone: Timestamp,
) -> Result<usize> {
    let (mut missed, mut behind) = (0, None);
    loop {
        let (mut drops, next) = deployment.objects().dropped(behind.as_ref()).await?;
        drops.retain(|dropped| dropped.arrived <= left_alone);
        for dropped in deployment.runs().unregistered(drops).await? {
            let (repository, import) = (&dropped.repository, dropped.import);
            tracing::warn!(%repository, %import, "a file in the drop zone had no event");
            deployment.queue().send(Message::Missed { dropped: Box::new(dropped) }, None).await?;
            missed += 1;
            if missed == MISSED {
                return Ok(missed);
            }
        }
        behind = next;
        if behind.is_none() {
            return Ok(missed);
        }
    }
}

/// Watches over every repository in which something was registered or that has a configuration; those that it failed
/// for. One that cannot be watched over, since its configuration is broken, keeps no other from it.
pub async fn watch<D: WatchesOver>(deployment: &D) -> Result<Vec<(Repository, Error)>> {
    let mut failed = Vec::new();
    let registered = deployment.groups().repositories().await?;
    for repository in watched(deployment, &registered).await? {
        let is_registered = registered.contains(&repository);
        if let Err(error) = watch_repository(deployment, &repository, is_registered).await {
            failed.push((repository, error));
        }
    }
    Ok(failed)
}

/// The repositories that are watched over: those in which something was `registered`, and those that have a
/// configuration.
pub async fn watched<D: HasObjects>(deployment: &D, registered: &[Repository]) -> Result<Vec<Repository>> {
    let mut watched = registered.to_vec();
    watched.extend(deployment.objects().configured().await?);
    watched.sort();
    watched.dedup();
    Ok(watched)
}

/// Watches over one of them, in which something was registered or not.
pub async fn watch_repository<D: WatchesOver>(
    deployment: &D,
    repository: &Repository,
    is_registered: bool,
) -> Result<()> {
    match watch::watch_over(deployment, repository).await {
        // The first file that comes says so, or is the configuration that mends it.
        Err(error @ Error::Configuration { .. }) if !is_registered => {
            tracing::warn!(%repository, %error, "the watch for missing files failed");
            Ok(())
        }
        watched => watched,
    }
}

/// Pokes every repository with unfinished work and without a recent heartbeat, and asks for every mail that is due.
/// What the platform refused a short while ago is left alone.
pub async fn poke<D: Pokes>(deployment: &D) -> Result<Found> {
    let mut found = Found::default();
    for repository in deployment.groups().repositories().await? {
        let turn = deployment.groups().turn(&repository).await?;
        let is_idle = !has_work(&turn);
        found.digests += digest::ask(deployment, &repository, is_idle).await?;
        let is_in_hand =
            turn.state.handed_out().is_some() && pulse::is_alive(deployment, &repository).await?;
        if !is_idle && !is_in_hand {
            deployment.queue().send(Message::news(&repository, News::Poke), None).await?;
            found.repositories += 1;
        }
    }
    found.mails = ask_for_mails(deployment).await?;
    Ok(found)
}

/// True if a repository has something in hand or ready, or waits for more files.
pub fn has_work(turn: &Turn) -> bool {
    turn.state != sequence::State::default() || !turn.ready.is_empty()
}

/// Asks for every mail that is due; how many there are.
pub async fn ask_for_mails<D: HasRuns + HasOutbox + HasQueue + Clock>(deployment: &D) -> Result<usize> {
    let mut mails = 0;
    for ids in deployment.outbox().unmailed().await?.chunks(PAGE) {
        for import in deployment.runs().runs(ids).await? {
            let trouble = match &import.progress {
                Progress::Done(conclusion) => conclusion.mail_trouble.as_ref(),
                _ => None,
            };
            if !is_refused(trouble, deployment.now()) {
                deployment.queue().send(Message::Report { import: import.id }, None).await?;
                mails += 1;
            }
        }
    }
    Ok(mails)
}

/// Goes on with the registered file of this id.
pub async fn resume_by_id<D: TakesIn>(deployment: &D, id: ImportId) -> Result<()> {
    let import = deployment.runs().run(id).await?;
    let import = import.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    intake::take_in(deployment, &import).await
}
