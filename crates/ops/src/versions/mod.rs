//! The versions of a configuration: which there are, and going back to one.

mod changes;

use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter_engine::configs::active_document;
pub use tidewaiter_engine::ports::Author;
use tidewaiter_engine::ports::{ConfigStore, ConfigVersion};

pub use self::changes::Changes;
use crate::configurations::{Activation, activate_in};
use crate::deployment::{Deployed, Deployment, one_repository, with_deployed};
use crate::{Error, Result};

/// The versions of the configuration of a universe in a repository.
#[derive(Debug, Serialize)]
pub struct Versions {
    /// The repository.
    pub repository: Repository,
    /// The universe.
    pub universe: String,
    /// How many there are.
    pub total: u32,
    /// The latest of them, the newest first.
    pub versions: Vec<Version>,
}

/// A version of a configuration.
#[derive(Debug, Serialize)]
pub struct Version {
    /// Its number. The first one is 1.
    pub number: u32,
    /// What became of it.
    pub state: State,
    /// When it became active; of one that was changed by hand, when that was found. None if it is not recorded yet: what
    /// is active is no known version.
    pub at: Option<Timestamp>,
    /// Who made it active.
    pub by: Author,
    /// The import run of a dropped file, or the id of an operator's command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ImportId>,
    /// SHA-256 of the document in hexadecimal.
    pub sha256: String,
    /// The number of the version that was active before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u32>,
    /// The number of the version whose document it is, if an operator went back to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restores: Option<u32>,
    /// What it changes of the version that was active before it. None if that cannot be told: one of both is not JSON.
    pub changes: Option<Changes>,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is active.
    Active,
    /// It was active until a later version replaced it.
    Replaced,
    /// It is not active, and no later version replaced it: its activation was stopped before it took effect, or an
    /// earlier document was put back by hand.
    Skipped,
}

/// What came of going back to a version, and where.
#[derive(Debug)]
pub struct Rollback {
    /// The repository.
    pub repository: Repository,
    /// What came of it.
    pub result: RolledBack,
}

/// What came of going back to a version.
#[derive(Debug)]
pub enum RolledBack {
    /// It is active again, as a new version.
    Active(Box<Version>),
    /// The version that is named is active already, under this number. Nothing changed.
    Already(u32),
    /// The version that is active was made by going back, and none is named. Nothing changed.
    Before(Box<ConfigVersion>),
    /// It may not be activated. Nothing changed.
    Refused {
        /// The number of the version.
        version: u32,
        /// Why.
        activation: Activation,
    },
}

/// Lists the latest versions of a configuration, the newest first.
///
/// # Errors
/// [`Error::NoVersions`] if there is none. Also if there is no such repository, several and none is named, or the
/// deployment cannot be read.
pub async fn versions(
    deployment: &Deployment,
    repository: Option<&Repository>,
    universe: &str,
    most: usize,
) -> Result<Versions> {
    with_deployed!(deployment, deployed => {
        let repository = one_repository(deployment, deployed, repository).await?;
        let known = Known::read(deployed, &repository, universe).await?;
        let mut versions = Vec::new();
        for version in known.all.iter().rev().take(most) {
            versions.push(known.describe(deployed, universe, version).await?);
        }
        let total = known.all.last().map_or(0, |version| version.number);
        Ok(Versions { repository, universe: universe.to_owned(), total, versions })
    })
}

/// Makes a version of a configuration active again, as an operator: the one that is named, or the one before the active
/// one. The deployment is to be [open](Deployment::open) for changes. It is activated as any other document, with all
/// checks, and becomes a new version.
///
/// # Errors
/// As [`versions`]; [`Error::NoVersion`] if the named one is not there, [`Error::NoEarlierVersion`] if none is named and
/// nothing was active before.
pub async fn roll_back(
    deployment: &Deployment,
    repository: Option<&Repository>,
    universe: &str,
    to: Option<u32>,
    operator: &str,
) -> Result<Rollback> {
    with_deployed!(deployment, deployed => {
        let repository = one_repository(deployment, deployed, repository).await?;
        let result = Box::pin(roll_back_in(deployed, &repository, universe, to, operator)).await?;
        Ok(Rollback { repository, result })
    })
}

async fn roll_back_in(
    deployed: &impl Deployed,
    repository: &Repository,
    universe: &str,
    to: Option<u32>,
    operator: &str,
) -> Result<RolledBack> {
    let known = Known::read(deployed, repository, universe).await?;
    if let (None, Some(active)) = (to, known.active().filter(|active| active.restores.is_some())) {
        // An earlier try may have been stopped before it said so.
        deployed.state().reconfigured(repository).await?;
        return Ok(RolledBack::Before(Box::new(active.clone())));
    }
    let target = known.target(to)?;
    if known.found.as_ref() == Some(&target.sha256) {
        deployed.state().reconfigured(repository).await?;
        return Ok(RolledBack::Already(known.active().map_or(target.number, |active| active.number)));
    }
    let Some(document) = known.document(deployed, target).await? else {
        return Err(Error::VersionGone { universe: universe.to_owned(), version: target.number });
    };
    let version = target.number;
    match activate_in(deployed, repository, universe, document, operator, Some(version)).await? {
        Activation::Active => {}
        activation => return Ok(RolledBack::Refused { version, activation }),
    }
    let known = Known::read(deployed, repository, universe).await?;
    let active = known.active().ok_or_else(|| known.none())?;
    Ok(RolledBack::Active(Box::new(known.describe(deployed, universe, active).await?)))
}

/// The versions of a configuration, and what is active.
struct Known {
    repository: Repository,
    universe: String,
    /// In the order of their numbers. What is active and no known version is the last one.
    all: Vec<ConfigVersion>,
    /// The number of the last one, if it is not recorded, with its document.
    unrecorded: Option<(u32, Vec<u8>)>,
    /// SHA-256 of the active document in hexadecimal.
    found: Option<String>,
}

impl Known {
    async fn read(deployed: &impl Deployed, repository: &Repository, universe: &str) -> Result<Self> {
        let all = deployed.state().versions(repository, universe).await?;
        let found = active_document(deployed, repository, universe).await?;
        let (repository, universe) = (repository.clone(), universe.to_owned());
        let mut known = Self { repository, universe, all, unrecorded: None, found: None };
        if let Some((sha256, document)) = found {
            if !known.all.iter().any(|version| version.sha256 == sha256) {
                let last = known.all.last().map(|version| version.number);
                let number = last.map_or(1, |last| last.saturating_add(1));
                known.unrecorded = Some((number, document.to_vec()));
                known.all.push(ConfigVersion {
                    number,
                    // Neither is told of a version that is not recorded.
                    id: ImportId::new(Timestamp::UNIX_EPOCH, 0),
                    at: Timestamp::UNIX_EPOCH,
                    sha256: sha256.clone(),
                    by: Author::Hand,
                    replaces: last,
                    restores: None,
                });
            }
            known.found = Some(sha256);
        }
        if known.all.is_empty() { Err(known.none()) } else { Ok(known) }
    }

    fn none(&self) -> Error {
        Error::NoVersions { repository: self.repository.to_string(), universe: self.universe.clone() }
    }

    fn is_recorded(&self, version: &ConfigVersion) -> bool {
        self.unrecorded.as_ref().is_none_or(|(number, _)| *number != version.number)
    }

    /// The version that is active: the newest one with the active document.
    fn active(&self) -> Option<&ConfigVersion> {
        let found = self.found.as_ref()?;
        self.all.iter().rev().find(|version| version.sha256 == *found)
    }

    fn of_number(&self, number: u32) -> Option<&ConfigVersion> {
        self.all.iter().find(|version| version.number == number)
    }

    /// The version to go back to: the one that is named, or the one that was active before.
    fn target(&self, named: Option<u32>) -> Result<&ConfigVersion> {
        if let Some(number) = named {
            let latest = self.all.last().map_or(0, |version| version.number);
            let universe = self.universe.clone();
            return self.of_number(number).ok_or(Error::NoVersion { universe, number, latest });
        }
        let before = match self.active() {
            Some(active) => active.replaces.and_then(|number| self.of_number(number)),
            // What was active was removed by hand.
            None => self.all.last(),
        };
        let (repository, universe) = (self.repository.to_string(), self.universe.clone());
        before.ok_or(Error::NoEarlierVersion { repository, universe })
    }

    fn state(&self, version: &ConfigVersion) -> State {
        if self.active().is_some_and(|active| active.number == version.number) {
            return State::Active;
        }
        let next = self.all.iter().find(|next| next.number > version.number);
        let is_replaced = match next {
            Some(next) => next.replaces.is_none_or(|replaced| replaced >= version.number),
            // The last one: it is gone, or an earlier one is active.
            None => self.found.is_none(),
        };
        if is_replaced { State::Replaced } else { State::Skipped }
    }

    async fn document(&self, deployed: &impl Deployed, version: &ConfigVersion) -> Result<Option<Vec<u8>>> {
        match &self.unrecorded {
            Some((number, document)) if *number == version.number => Ok(Some(document.clone())),
            _ => Ok(deployed.state().kept(&version.sha256).await?),
        }
    }

    async fn describe(
        &self,
        deployed: &impl Deployed,
        universe: &str,
        version: &ConfigVersion,
    ) -> Result<Version> {
        let after = self.document(deployed, version).await?;
        let before = match version.replaces.and_then(|number| self.of_number(number)) {
            Some(replaced) => Some(self.document(deployed, replaced).await?),
            None => None,
        };
        let changes = match (before, after) {
            (Some(None), _) | (_, None) => None,
            (before, Some(after)) => Changes::between(universe, before.flatten().as_deref(), &after),
        };
        let is_recorded = self.is_recorded(version);
        Ok(Version {
            number: version.number,
            state: self.state(version),
            at: is_recorded.then_some(version.at),
            by: version.by.clone(),
            id: is_recorded.then_some(version.id),
            sha256: version.sha256.clone(),
            replaces: version.replaces,
            restores: version.restores,
            changes,
        })
    }
}
