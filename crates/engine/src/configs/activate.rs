//! Makes a configuration the active one of its universe in a repository: one that was dropped, or an operator's.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tidewaiter::config::Config;
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;

use super::{active_but, document, owner};
use crate::capabilities::{Clock, HasConfigs, HasObjects};
use crate::hash::hex;
use crate::ports::{Activates, Author, ConfigStore, Objects};
use crate::{Error, Result, displace};

/// A configuration that is to become active.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Where.
    pub repository: &'a Repository,
    /// The universe.
    pub universe: &'a str,
    /// Its import, or another id that says when it came. What it replaces is kept under a name with this id.
    pub id: ImportId,
    /// The document.
    pub document: Bytes,
    /// Who activates it.
    pub by: Author,
    /// The number of the version whose document it is, if an operator goes back to that.
    pub restores: Option<u32>,
}

/// What came of it.
#[derive(Debug)]
pub enum Activation {
    /// It is active.
    Active,
    /// One that came later has been activated.
    Superseded,
    /// Its universe belongs to another repository, and is not shared.
    NotOwned,
    /// It is not a configuration, or contradicts the others of its repository.
    Wrong(Vec<Mistake>),
}

/// Activates a configuration, if it may be, as a new version. The first repository that does so owns the universe.
/// `is_ours` is asked before another configuration is replaced.
///
/// # Errors
/// If a store fails, or if another configuration of the repository cannot be used.
pub async fn activate<D: HasObjects + HasConfigs + Clock>(
    deployment: &D,
    candidate: &Candidate<'_>,
    is_ours: impl Future<Output = Result<()>>,
) -> Result<Activation> {
    let Candidate { repository, universe, id, document, .. } = candidate;
    let others = active_but(deployment, repository, universe).await?;
    let checked = Config::parse(universe, document).and_then(|config| others.with(config).map(|_| ()));
    if let Err(mistakes) = checked {
        return Ok(Activation::Wrong(mistakes));
    }
    if !owner(deployment, repository, universe).await?.admits(repository) {
        return Ok(Activation::NotOwned);
    }
    // Before anything is written: an earlier, slower activation finds this note when it looks again.
    let ours = version(deployment, candidate).await?;
    if !deployment.configs().activates(repository, universe, &ours).await? {
        return Ok(Activation::Superseded);
    }
    let (objects, key) = (deployment.objects(), Key::config(repository, universe));
    if objects.put_new(&key, document.clone()).await? || is_active(deployment, &key, document).await? {
        return Ok(Activation::Active);
    }
    let replaced = Key::replaced_config(repository, universe, *id);
    let is_ours = async {
        is_ours.await?;
        let is_latest = deployment.configs().activates(repository, universe, &ours).await?;
        if is_latest { Ok(()) } else { Err(Error::Changed { key: key.to_string() }) }
    };
    displace::write_over(deployment, &key, document.clone(), Some(&replaced), is_ours).await?;
    Ok(Activation::Active)
}

/// What is recorded of a candidate. The documents are kept before, the one that is active too: a version that is listed
/// can be brought back.
async fn version<D: HasObjects + HasConfigs + Clock>(
    deployment: &D,
    candidate: &Candidate<'_>,
) -> Result<Activates> {
    let Candidate { repository, universe, id, document, by, restores } = candidate;
    let configs = deployment.configs();
    let found = active_document(deployment, repository, universe).await?;
    let sha256 = hex(&Sha256::digest(document));
    for (hash, document) in found.iter().map(|(hash, found)| (hash, found)).chain([(&sha256, document)]) {
        configs.keep(hash, document).await?;
    }
    let found = found.map(|(hash, _)| hash);
    Ok(Activates { id: *id, at: deployment.now(), sha256, by: by.clone(), restores: *restores, found })
}

/// The active configuration of a universe in a repository, with its SHA-256 in hexadecimal. None if there is none. Of a
/// document that is longer than a configuration may be, only the beginning is read.
///
/// # Errors
/// If it cannot be read.
pub async fn active_document<D: HasObjects>(
    deployment: &D,
    repository: &Repository,
    universe: &str,
) -> Result<Option<(String, Bytes)>> {
    match document(deployment, &Key::config(repository, universe)).await {
        Ok(document) => Ok(Some((hex(&Sha256::digest(&document)), document))),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// True if this document is active: by an earlier try, or since the same was dropped before. There is nothing to be
/// written then, and nothing to be kept.
async fn is_active<D: HasObjects>(deployment: &D, key: &Key, document: &Bytes) -> Result<bool> {
    let objects = deployment.objects();
    match objects.read(&objects.source(key), 0..document.len() as u64 + 1).await {
        Ok(active) => Ok(active == *document),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
