//! How things stand: what is being done, what waits, and what it waits for.

mod mails;

use serde::Serialize;
use tidewaiter::config::Active;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DroppedName;
use tidewaiter::sequence::{GroupRef, Running, Stage, Unsettled};
use tidewaiter_engine::configs;
use tidewaiter_engine::ports::{
    DroppedObject, Group, GroupQueue, ImportRun, Kind, Objects, Progress, RunLedger, Untaken, WaitingGroup,
};

pub use self::mails::{Mails, TroubledMail, WaitingDigest};
use crate::deployment::{Deployed, Deployment, repositories, with_deployed};
use crate::problems::{self, OpenProblem};
use crate::queries::{self, QueryStatus};
use crate::{Marks, Result};

/// How many files of a queue are named.
pub const NAMED: usize = 10;

/// The repositories of a deployment as they are now.
#[derive(Debug)]
pub struct Status {
    /// One for each repository that was asked for, by name.
    pub repositories: Vec<Standing>,
    /// What could not be looked at, in words: the rest is as far as it could be.
    pub failures: Vec<String>,
}

/// A repository as it is now.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// Its name.
    pub repository: Repository,
    /// The universes that have an active configuration.
    pub universes: Vec<String>,
    /// What is being done.
    pub running: Option<Work>,
    /// When files arrived last, if it is still waited for more of them.
    pub unsettled: Option<Unsettled>,
    /// What is ready to be imported.
    pub queued: Queued,
    /// Configurations that have no outcome yet: nothing begins before they have.
    pub configurations: Vec<String>,
    /// Files whose names no active configuration knows yet.
    pub unresolved: Vec<Item>,
    /// Groups that are not complete.
    pub waiting: Vec<WaitingGroup>,
    /// Files in the drop zone that were not taken in.
    pub dropped: Vec<Untaken>,
    /// Files that were taken in and could not be registered.
    pub unregistered: Vec<String>,
    /// Why nothing can be imported, if the active configuration cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// True if a process works on the folder, or a function of the stack; none if that cannot be told.
    pub at_work: Option<bool>,
    /// Refused files and rejected lines for which no corrected file was imported yet, the latest first.
    pub problems: Vec<OpenProblem>,
    /// Its queries, each with its last read.
    pub queries: Vec<QueryStatus>,
    /// Its mails.
    #[serde(flatten)]
    pub mails: Mails,
}

/// What a repository is doing.
#[derive(Debug, Serialize)]
pub struct Work {
    /// A file that is being imported, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Item>,
    /// The group that is being treated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    /// How far the group is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
}

/// The files of a repository that are ready.
#[derive(Debug, Serialize)]
pub struct Queued {
    /// How many files are ready, with the one in hand.
    pub count: u64,
    /// The first of them, in the order of treatment.
    pub next: Vec<Item>,
}

/// A file that has no outcome yet.
#[derive(Debug, Serialize)]
pub struct Item {
    /// Its import.
    pub import: ImportId,
    /// Its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// When it arrived.
    pub arrived: Timestamp,
    /// When its import began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Its place in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// What the active configuration says of its import.
    #[serde(flatten)]
    pub marks: Marks,
}

impl Item {
    fn new(import: ImportRun, active: Option<&Active>) -> Self {
        let started = match &import.progress {
            Progress::Started(pinned) => Some(pinned.at),
            _ => None,
        };
        let (name, group) = match import.kind {
            Kind::Data { name, group, .. } => (Some(name), group),
            _ => (None, None),
        };
        Self {
            marks: Marks::of(active, name.as_ref()),
            import: import.id,
            file: import.file,
            bytes: import.bytes,
            arrived: import.arrived,
            started,
            group,
        }
    }
}

impl Standing {
    /// True if nothing is done and nothing waits, mails included.
    pub fn is_idle(&self) -> bool {
        self.running.is_none()
            && self.queued.count == 0
            && self.configurations.is_empty()
            && self.unresolved.is_empty()
            && self.waiting.is_empty()
            && self.dropped.is_empty()
            && self.unregistered.is_empty()
            && self.mails.none_waits()
    }
}

/// What a deployment holds that belongs to no repository.
#[derive(Debug)]
pub struct Outside {
    /// What could not be handled and waits for an operator: how many messages of which queue of a stack.
    pub dead_letters: Vec<(&'static str, u64)>,
    /// What lies in the drop zone where nothing is taken in from: paths of a folder, addresses of a stack.
    pub strays: Vec<String>,
}

/// How the repository that is named stands, or all of them.
///
/// # Errors
/// If the deployment cannot be read, or there is no such repository.
pub async fn status(deployment: &Deployment, repository: Option<&Repository>) -> Result<Status> {
    with_deployed!(deployment, deployed => of(deployed, repository).await)
}

/// What belongs to no repository.
///
/// # Errors
/// If the drop zone cannot be read. Dead letters that the operator may not count are left out.
pub async fn outside(deployment: &Deployment) -> Result<Outside> {
    with_deployed!(deployment, deployed => {
        let dead_letters = Deployed::dead_letters(deployed).await;
        Ok(Outside { dead_letters, strays: Deployed::strays(deployed).await? })
    })
}

async fn of(deployed: &impl Deployed, repository: Option<&Repository>) -> Result<Status> {
    let repositories = repositories(deployed, repository).await?;
    let untaken = deployed.untaken(&repositories).await?;
    let unregistered = deployed.unregistered().await?;
    let configurations = configurations(deployed).await?;
    let mut standings = Vec::new();
    for repository in repositories {
        standings.push(
            standing(deployed, repository, &untaken.found, &unregistered.found, &configurations).await?,
        );
    }
    let failures = untaken.failures.into_iter().chain(unregistered.failures);
    Ok(Status { repositories: standings, failures: failures.map(|(_, error)| error.to_string()).collect() })
}

/// The configurations that lie in the drop zone of a repository: its files wait for them.
pub(crate) fn dropped_configurations(
    untaken: &[Untaken],
    repository: &Repository,
) -> impl Iterator<Item = String> {
    let is_one = |file: &str| {
        matches!(DroppedName::of(file), DroppedName::Configuration { .. }) && !file.contains('/')
    };
    (untaken.iter())
        .filter(move |file| file.repository == *repository && is_one(&file.file))
        .map(|file| file.file.clone())
}

/// The configurations that are registered and have no outcome yet.
async fn configurations(deployed: &impl Deployed) -> Result<Vec<ImportRun>> {
    let mut unfinished = deployed.state().unfinished().await?;
    unfinished.retain(|import| {
        let is_open = matches!(import.progress, Progress::Registered | Progress::Started(_));
        is_open && matches!(import.kind, Kind::Configuration { .. })
    });
    Ok(unfinished)
}

async fn standing(
    deployed: &impl Deployed,
    repository: Repository,
    untaken: &[Untaken],
    unregistered: &[DroppedObject],
    configurations: &[ImportRun],
) -> Result<Standing> {
    let state = deployed.state();
    let active = configs::active(deployed, &repository).await;
    let usable = active.as_ref().ok().map(|active| &**active);
    let sequence = state.turn(&repository).await?.state;
    let running = match sequence.running {
        None => None,
        Some(Running::File { import }) => {
            let file = item(deployed, import, usable).await?;
            file.map(|item| Work { file: Some(item), group: None, stage: None })
        }
        Some(Running::Group { group, stage, member }) => {
            let file = match member {
                Some(member) => item(deployed, member, usable).await?,
                None => None,
            };
            Some(Work { file, group: Some(group), stage: Some(stage) })
        }
    };
    let at_work = deployed.is_at_work(running.is_some());
    let told = |import| Item::new(import, usable);
    let next = state.queued(&repository, NAMED).await?.into_iter().map(told).collect();
    let universes = deployed.objects().list(&Key::configs(&repository)).await?;
    let universes =
        universes.iter().filter_map(|listed| listed.key.file_name().strip_suffix(".json")).map(str::to_owned);
    Ok(Standing {
        universes: universes.collect(),
        running,
        unsettled: sequence.unsettled.filter(|unsettled| unsettled.is_waited_for(deployed.now())),
        queued: Queued { count: deployed.queued_count(&repository).await?, next },
        configurations: (configurations.iter().filter(|import| import.repository == repository))
            .map(|import| import.file.clone())
            .chain(dropped_configurations(untaken, &repository))
            .collect(),
        unresolved: state.unresolved(&repository).await?.into_iter().map(told).collect(),
        waiting: state.waiting(&repository).await?,
        dropped: untaken.iter().filter(|file| file.repository == repository).cloned().collect(),
        unregistered: (unregistered.iter().filter(|file| file.repository == repository))
            .map(|file| file.file.clone())
            .collect(),
        broken: active.as_ref().err().map(ToString::to_string),
        at_work,
        problems: problems::open(deployed, &repository).await?,
        queries: queries::of(deployed, &repository, None, 1).await?,
        mails: Mails::find(deployed, &repository).await?,
        repository,
    })
}

/// A file that is being imported; None if it is done, and only the order does not know it yet.
async fn item(deployed: &impl Deployed, import: ImportId, active: Option<&Active>) -> Result<Option<Item>> {
    let import = deployed.state().run(import).await?;
    Ok(import.filter(|import| !import.is_done()).map(|import| Item::new(import, active)))
}
