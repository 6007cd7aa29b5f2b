//! Makes a configuration the active one of its universe in a repository: one that was dropped, or an operator's.

use bytes::Bytes;
use tidewaiter::config::Config;
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;

use super::{active_but, owner};
use crate::capabilities::{HasConfigs, HasObjects};
use crate::ports::{ConfigStore, Objects};
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

/// Activates a configuration, if it may be. The first repository that does so owns the universe. `is_ours` is asked
/// before another configuration is replaced.
///
/// # Errors
/// If a store fails, or if another configuration of the repository cannot be used.
pub async fn activate<D: HasObjects + HasConfigs>(
    deployment: &D,
    candidate: &Candidate<'_>,
    is_ours: impl Future<Output = Result<()>>,
) -> Result<Activation> {
    let Candidate { repository, universe, id, document } = candidate;
    let others = active_but(deployment, repository, universe).await?;
    let checked = Config::parse(universe, document).and_then(|config| others.with(config).map(|_| ()));
    if let Err(mistakes) = checked {
        return Ok(Activation::Wrong(mistakes));
    }
    if !owner(deployment, repository, universe).await?.admits(repository) {
        return Ok(Activation::NotOwned);
    }
    // Before anything is written: an earlier, slower activation finds this note when it looks again.
    if !deployment.configs().activates(repository, universe, *id).await? {
        return Ok(Activation::Superseded);
    }
    let (objects, key) = (deployment.objects(), Key::config(repository, universe));
    if objects.put_new(&key, document.clone()).await? || is_active(deployment, &key, document).await? {
        return Ok(Activation::Active);
    }
    let replaced = Key::replaced_config(repository, universe, *id);
    let is_ours = async {
        is_ours.await?;
        let is_latest = deployment.configs().activates(repository, universe, *id).await?;
        if is_latest { Ok(()) } else { Err(Error::Changed { key: key.to_string() }) }
    };
    displace::write_over(deployment, &key, document.clone(), Some(&replaced), is_ours).await?;
    Ok(Activation::Active)
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
