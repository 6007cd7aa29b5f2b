//! The active configurations of a repository, and the one an import is pinned to.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tidewaiter::config::{Active, CONFIGURATION_BYTES, Config};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;

use crate::ports::{Objects, Platform, State};
use crate::{Error, Result};

/// All active configurations of a repository.
///
/// # Errors
/// [`Error::Configuration`] if one of them cannot be used: somebody changed it by hand.
pub async fn active<P: Platform>(platform: &P, repository: &Repository) -> Result<Active> {
    active_but(platform, repository, "").await
}

/// All active configurations of a repository but that of one universe, which is about to be replaced and
/// need not be usable.
///
/// # Errors
/// As [`active`].
pub async fn active_but<P: Platform>(
    platform: &P,
    repository: &Repository,
    universe_left_out: &str,
) -> Result<Active> {
    let mut active = Active::default();
    for key in platform.objects().list(&Key::configs(repository)).await? {
        let Some(universe) = key.file_name().strip_suffix(".json") else { continue };
        if universe == universe_left_out {
            continue;
        }
        let document = document(platform, &key).await?;
        let unusable = |mistakes: Vec<Mistake>| Error::Configuration {
            key: key.to_string(),
            mistakes: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        };
        let config = Config::parse(universe, &document).map_err(unusable)?;
        active = active.with(config).map_err(unusable)?;
    }
    Ok(active)
}

async fn document<P: Platform>(platform: &P, key: &Key) -> Result<Bytes> {
    let source = platform.objects().source(key);
    platform.objects().read(&source, 0..CONFIGURATION_BYTES as u64 + 1).await
}

/// Keeps the active configuration of a universe under its hash, for imports that begin now. None if the
/// universe has none any more.
pub async fn pin<P: Platform>(
    platform: &P,
    repository: &Repository,
    universe: &str,
) -> Result<Option<(String, Config)>> {
    let key = Key::config(repository, universe);
    let document = match document(platform, &key).await {
        Ok(document) => document,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let config = parse(&key, universe, &document)?;
    let hash = hex(&Sha256::digest(&document));
    platform.state().keep_config(&hash, &document).await?;
    Ok(Some((hash, config)))
}

/// The configuration that an import is pinned to.
pub async fn pinned<P: Platform>(platform: &P, hash: &str, universe: &str) -> Result<Config> {
    let key = format!("configuration {hash}");
    match platform.state().kept_config(hash).await? {
        Some(document) => parse(&key, universe, &document),
        None => Err(Error::NotFound { key }),
    }
}

fn parse(key: &impl ToString, universe: &str, document: &[u8]) -> Result<Config> {
    Config::parse(universe, document).map_err(|mistakes| Error::Configuration {
        key: key.to_string(),
        mistakes: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    })
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
