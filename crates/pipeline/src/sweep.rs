//! Looks for what was left undone: a process was stopped, or a message was lost. The state says what that is.

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::sequence;

use crate::ports::{Import, Kind, Message, News, Platform, Progress, Queue, State};
use crate::{Error, Result, conclude, unpack, watch};

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many files were handed on to be taken in or brought to their place.
    pub unfinished: usize,
    /// How many repositories were poked.
    pub repositories: usize,
    /// How many mails are due.
    pub mails: usize,
    /// Since when the oldest incomplete group has been waiting.
    pub waiting_since: Option<Timestamp>,
}

/// Sends a message for everything that is unfinished. A file that arrived after `left_alone` is likely to be
/// in somebody's hands, and is left alone unless it is a data file, whose turn the sequencer knows.
pub async fn sweep<P: Platform>(platform: &P, left_alone: Timestamp) -> Result<Found> {
    let mut found = poke(platform).await?;
    for import in platform.state().unfinished().await? {
        if import.arrived <= left_alone {
            platform.queue().send(Message::TakeIn { import: import.id }, None).await?;
            found.unfinished += 1;
        }
    }
    for repository in platform.state().repositories().await? {
        for group in platform.state().waiting(&repository).await? {
            found.waiting_since = Some(found.waiting_since.map_or(group.since, |at| at.min(group.since)));
        }
    }
    for (repository, error) in watch(platform).await? {
        tracing::error!(%repository, %error, "nobody watches over what does not come");
    }
    Ok(found)
}

/// Watches over every repository; those that it failed for. One that cannot be watched over, since its
/// configuration is broken, keeps no other from it.
pub async fn watch<P: Platform>(platform: &P) -> Result<Vec<(Repository, Error)>> {
    let mut failed = Vec::new();
    for repository in platform.state().repositories().await? {
        if let Err(error) = watch::watch_over(platform, &repository).await {
            failed.push((repository, error));
        }
    }
    Ok(failed)
}

/// Pokes every repository with unfinished work, and asks for every mail that is due.
pub async fn poke<P: Platform>(platform: &P) -> Result<Found> {
    let mut found = Found::default();
    for repository in platform.state().repositories().await? {
        if has_work(platform, &repository).await? {
            platform.queue().send(Message::news(&repository, News::Poke), None).await?;
            found.repositories += 1;
        }
    }
    for import in platform.state().unmailed().await? {
        platform.queue().send(Message::Report { import }, None).await?;
        found.mails += 1;
    }
    Ok(found)
}

async fn has_work<P: Platform>(platform: &P, repository: &Repository) -> Result<bool> {
    let turn = platform.state().turn(repository).await?;
    Ok(turn.state != sequence::State::default() || !turn.ready.is_empty())
}

/// Goes on with a file that a sweep found.
pub async fn resume<P: Platform>(platform: &P, import: &Import) -> Result<()> {
    match (&import.kind, &import.progress) {
        (Kind::Data { .. }, Progress::Concluding(conclusion)) => {
            conclude::carry_out(platform, import, conclusion).await
        }
        _ => unpack::take_in(platform, import).await,
    }
}

/// The same, of the file with this id.
pub async fn resume_by_id<P: Platform>(platform: &P, id: ImportId) -> Result<()> {
    let import = platform.state().import(id).await?;
    let import = import.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    resume(platform, &import).await
}
