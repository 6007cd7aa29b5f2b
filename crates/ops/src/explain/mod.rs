//! The way of a file, from its drop to its outcome, step by step.

mod mail;
mod story;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::Running;
use tidewaiter_engine::ports::{GroupQueue, ImportRun, Kind, Outbox, Progress, RunLedger};
use tidewaiter_engine::{problems, report};

use self::story::{Around, story};
pub use self::story::{Name, Step};
use crate::deployment::{Deployed, Deployment, is_known, repositories, with_deployed};
use crate::lookup::imports_of;
use crate::status::dropped_configurations;
use crate::{Error, Result};

/// How far down the queue a file's place is told.
const QUEUE: usize = 10_000;

/// A file and its way.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// Its repository.
    pub repository: Repository,
    /// Its name.
    pub file: String,
    /// Its import; none if the file is not taken in yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// Every file that `file` names, in the order in which they arrived: by its name, a path that ends in it, or the id of
/// its import.
///
/// # Errors
/// [`Error::NoSuchFile`] if there is none; also if the deployment cannot be read, or there is no such repository.
pub async fn explain(
    deployment: &Deployment,
    repository: Option<&Repository>,
    file: &str,
) -> Result<Vec<Explained>> {
    with_deployed!(deployment, deployed => all(deployed, repository, file).await)
}

async fn all(
    deployed: &impl Deployed,
    repository: Option<&Repository>,
    file: &str,
) -> Result<Vec<Explained>> {
    is_known(deployed, repository).await?;
    let mut explained = Vec::new();
    let found = match imports_of(deployed, repository.cloned(), file).await {
        Err(Error::NoSuchFile(_)) => Vec::new(),
        found => found?,
    };
    for import in found {
        let steps = story(&import, &around(deployed, &import).await?);
        let ImportRun { repository, file, id, .. } = import;
        explained.push(Explained { repository, file, import: Some(id), steps });
    }
    explained.extend(outside(deployed, repository, file).await?);
    if explained.is_empty() {
        return Err(Error::NoSuchFile(file.to_owned()));
    }
    Ok(explained)
}

async fn around(deployed: &impl Deployed, import: &ImportRun) -> Result<Around> {
    let state = deployed.state();
    let turn = state.turn(&import.repository).await?;
    let (sequence, in_flight) = (turn.state, turn.configurations.in_flight());
    let at_work = deployed.is_at_work(sequence.running.is_some()) != Some(false);
    let mut around = Around { in_flight, at_work, ..Around::default() };
    match &import.progress {
        Progress::Registered => {
            let of = std::slice::from_ref(&import.repository);
            let untaken = deployed.untaken(of).await?;
            around.in_flight |= dropped_configurations(&untaken.found, &import.repository).next().is_some();
            if let Kind::Data { group: Some(group), .. } = &import.kind {
                let waiting = state.waiting(&import.repository).await?;
                around.waiting = waiting.into_iter().find(|waiting| waiting.group == group.group);
            }
            let queued = state.queued(&import.repository, QUEUE).await?;
            around.before = queued.iter().position(|other| other.id == import.id).map(|n| n as u64);
            around.in_hand = match sequence.running {
                Some(Running::File { import: running }) => running == import.id,
                Some(Running::Group { member, .. }) => member == Some(import.id),
                None => false,
            };
        }
        Progress::Started(_) => {}
        Progress::Concluding(conclusion) | Progress::Done(conclusion) => {
            around.report = report::kept(deployed, import.id, conclusion).await?;
            if import.has_open_problem() {
                around.correction = problems::correction(deployed, import).await?.map(|run| run.id);
            }
            if let Some(place) = conclusion.digest.as_ref().filter(|place| place.due) {
                let digests = state.digests(&import.repository).await?;
                let ours = digests.into_iter().find(|waiting| waiting.digest == place.key());
                around.digest_trouble = ours.and_then(|waiting| waiting.trouble);
            }
        }
    }
    if let Kind::Archive = import.kind {
        around.members = state.members(import.id).await?.into_iter().map(|member| member.file).collect();
    }
    Ok(around)
}

/// Files of the name that the ledger does not know yet.
async fn outside(deployed: &impl Deployed, asked: Option<&Repository>, text: &str) -> Result<Vec<Explained>> {
    let name = text.rsplit('/').next().unwrap_or(text);
    let meant = |repository: &Repository, file: &str| {
        (file == name || file == text) && asked.is_none_or(|asked| asked == repository)
    };
    let mut explained = Vec::new();
    let repositories = repositories(deployed, asked).await?;
    for file in deployed.untaken(&repositories).await?.found {
        if meant(&file.repository, &file.file) {
            let text = if file.unfinished {
                "it is in the drop zone and is skipped: its name is one that transfer programs give to \
                 unfinished uploads; rename it when it is complete"
            } else {
                "it is in the drop zone and is not registered yet: the next run registers it once it has not \
                 changed for a while"
            };
            let step = Step { at: file.changed, name: Name::Waits, text: text.to_owned() };
            explained.push(Explained {
                repository: file.repository,
                file: file.file,
                import: None,
                steps: vec![step],
            });
        }
    }
    for dropped in deployed.unregistered().await?.found {
        if meant(&dropped.repository, &dropped.file) {
            let text = "it is registered; the next run processes it".to_owned();
            let steps = vec![Step { at: Some(dropped.arrived), name: Name::Waits, text }];
            let (repository, file) = (dropped.repository, dropped.file);
            explained.push(Explained { repository, file, import: Some(dropped.import), steps });
        }
    }
    Ok(explained)
}
