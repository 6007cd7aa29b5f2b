//! The active configurations of a repository, and the one an import is pinned to.

mod activate;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tidewaiter::config::{Active, CONFIGURATION_BYTES, Config};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;
use tidewaiter::name::{DataName, NameError};

pub use activate::{Activation, Candidate, activate, active_document};

use crate::capabilities::{Capacity, Clock, HasConfigCache, HasConfigs, HasObjects, trait_alias};
use crate::config_cache::CachedHash;
use crate::hash::hex;
use crate::ports::{ConfigStore, Configurations, ImportRun, Listed, Objects, Pinned, Universe};
use crate::{Error, Result};

trait_alias! {
    /// What pinning a run to its configuration needs.
    pub trait Pins = HasObjects + HasConfigs + HasConfigCache + Clock + Capacity
}

/// All active configurations of a repository. One that another process activated is seen at once: what there is is
/// listed each time, and only what has not changed is not read again.
///
/// # Errors
/// [`Error::Configuration`] if one of them cannot be used: it was changed by hand.
pub async fn active<D: HasObjects + HasConfigCache>(
    deployment: &D,
    repository: &Repository,
) -> Result<Arc<Active>> {
    let listed = deployment.objects().list(&Key::configs(repository)).await?;
    if let Some(active) = deployment.config_cache().active(repository, &listed) {
        return Ok(active);
    }
    let active = Arc::new(put_together(deployment, &listed, "").await?);
    // What was read is what was listed only if it is still so.
    if deployment.objects().list(&Key::configs(repository)).await? == listed {
        deployment.config_cache().put_active(repository, listed, active.clone());
    }
    Ok(active)
}

/// What the name of a file means, and the configurations that say so.
///
/// A name that was known a moment ago is taken in by that, if the cache is made so: the file is checked by the
/// configuration that is active when its turn comes. That a name is not known is only ever said by the
/// configurations that are active now.
///
/// # Errors
/// As [`active`].
pub async fn resolve<D: HasObjects + HasConfigCache>(
    deployment: &D,
    repository: &Repository,
    file: &str,
    arrived: Date,
) -> Result<(Arc<Active>, std::result::Result<DataName, NameError>)> {
    if let Some(recent) = deployment.config_cache().recent(repository)
        && let Ok(name) = recent.resolve(file, arrived)
    {
        return Ok((recent, Ok(name)));
    }
    let active = active(deployment, repository).await?;
    let name = active.resolve(file, arrived);
    Ok((active, name))
}

/// All active configurations of a repository but that of one universe, which is about to be replaced and
/// need not be usable.
///
/// # Errors
/// As [`active`].
pub async fn active_but<D: HasObjects>(
    deployment: &D,
    repository: &Repository,
    universe_left_out: &str,
) -> Result<Active> {
    let listed = deployment.objects().list(&Key::configs(repository)).await?;
    put_together(deployment, &listed, universe_left_out).await
}

async fn put_together<D: HasObjects>(deployment: &D, listed: &[Listed], left_out: &str) -> Result<Active> {
    let mut active = Active::default();
    for Listed { key, .. } in listed {
        let Some(universe) = key.file_name().strip_suffix(".json") else { continue };
        if universe == left_out {
            continue;
        }
        let document = document(deployment, key).await?;
        let config = parse(key, universe, &document)?;
        active = active.with(config).map_err(|mistakes| unusable(key, &mistakes))?;
    }
    Ok(active)
}

async fn document<D: HasObjects>(deployment: &D, key: &Key) -> Result<Bytes> {
    let source = deployment.objects().source(key);
    deployment.objects().read(&source, 0..CONFIGURATION_BYTES as u64 + 1).await
}

/// Why a file cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpinned {
    /// Its universe has no configuration any more.
    NotConfigured,
    /// Its universe belongs to another repository, and is not shared with its own any more.
    NotOwned,
}

/// What an import runs under that begins now. `seen` are the configurations of its repository as the state told of them
/// before; without it nothing is believed that was read before.
pub async fn pin<D: Pins>(
    deployment: &D,
    import: &ImportRun,
    universe: &str,
    seen: Option<Configurations>,
) -> Result<std::result::Result<Pinned, Unpinned>> {
    let config = keep(deployment, &import.repository, universe, seen).await?;
    Ok(config.map(|config| Pinned {
        at: deployment.now(),
        config,
        loaders: deployment.loaders(import.content().1),
        notes: Vec::new(),
        checked: false,
        content: None,
    }))
}

/// Keeps the active configuration of a universe under its hash; the hash.
async fn keep<D: HasObjects + HasConfigs + HasConfigCache>(
    deployment: &D,
    repository: &Repository,
    universe: &str,
    seen: Option<Configurations>,
) -> Result<std::result::Result<String, Unpinned>> {
    let at = (repository.clone(), universe.to_owned());
    // While a configuration is in flight it may be active already, and the number does not say so yet.
    let number = seen.filter(|seen| !seen.in_flight()).map(|seen| seen.concluded);
    let known = number.and_then(|number| deployment.config_cache().pinned(&at, number));
    if let Some(known) = &known
        && known.read.elapsed() < deployment.config_cache().names_for
    {
        return Ok(Ok(known.hash.clone()));
    }
    let key = Key::config(repository, universe);
    let document = match document(deployment, &key).await {
        Ok(document) => document,
        Err(Error::NotFound { .. }) => return Ok(Err(Unpinned::NotConfigured)),
        Err(error) => return Err(error),
    };
    let hash = hex(&Sha256::digest(&document));
    if deployment.config_cache().kept(&hash, universe).is_none() {
        let config = Arc::new(parse(&key, universe, &document)?);
        deployment.configs().keep(&hash, &document).await?;
        deployment.config_cache().put_kept(&hash, universe, &config);
    }
    // A change of who may import counts as a change of configurations.
    if known.is_none() && !owner(deployment, repository, universe).await?.admits(repository) {
        return Ok(Err(Unpinned::NotOwned));
    }
    if let Some(number) = number {
        let known = CachedHash { number, hash: hash.clone(), read: Instant::now() };
        deployment.config_cache().put_pinned(at, known);
    }
    Ok(Ok(hash))
}

/// The owner of a universe. If there is none yet, it is a repository that an operator has given a configuration of
/// it; this one, if there is none.
async fn owner<D: HasObjects + HasConfigs>(
    deployment: &D,
    repository: &Repository,
    universe: &str,
) -> Result<Universe> {
    let (objects, configs) = (deployment.objects(), deployment.configs());
    if let Some(owned) = configs.universe(universe).await? {
        return Ok(owned);
    }
    let mut owner = repository.clone();
    let has_one = async |repository: &Repository| {
        objects.find(&objects.source(&Key::config(repository, universe))).await.map(|found| found.is_some())
    };
    if !has_one(repository).await? {
        for other in objects.configured().await? {
            if has_one(&other).await? {
                owner = other;
                break;
            }
        }
    }
    configs.own(universe, &owner).await
}

/// The configuration that an import is pinned to.
pub async fn pinned<D: HasConfigs + HasConfigCache>(
    deployment: &D,
    hash: &str,
    universe: &str,
) -> Result<Arc<Config>> {
    if let Some(config) = deployment.config_cache().kept(hash, universe) {
        return Ok(config);
    }
    let key = format!("configuration {hash}");
    let Some(document) = deployment.configs().kept(hash).await? else {
        return Err(Error::NotFound { key });
    };
    let config = Arc::new(parse(&key, universe, &document)?);
    deployment.config_cache().put_kept(hash, universe, &config);
    Ok(config)
}

fn parse(key: &impl ToString, universe: &str, document: &[u8]) -> Result<Config> {
    Config::parse(universe, document).map_err(|mistakes| unusable(key, &mistakes))
}

fn unusable(key: &impl ToString, mistakes: &[Mistake]) -> Error {
    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    Error::Configuration { key: key.to_string(), mistakes: mistakes.join("; ") }
}
