//! Whose universes are, and with whom they are shared.

use tidewaiter::keys::Repository;
use tidewaiter_engine::capabilities::HasState;
use tidewaiter_engine::ports::{ConfigStore, Universe};

use crate::deployment::{Deployment, repositories, with_deployed};
use crate::{Error, Result};

/// The universes that have an owner, by name.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn list(deployment: &Deployment) -> Result<Vec<Universe>> {
    with_deployed!(deployment, deployed => Ok(deployed.state().universes().await?))
}

/// Shares a universe with a repository, or no longer. The deployment is to be [open](Deployment::open) for changes.
///
/// # Errors
/// [`Error::NoUniverse`] if no repository owns it, [`Error::NoRepository`] if there is none of that name; also if the
/// deployment cannot be read or written.
pub async fn share(
    deployment: &Deployment,
    universe: &str,
    repository: &Repository,
    is_shared: bool,
) -> Result<()> {
    with_deployed!(deployment, deployed => {
        repositories(deployed, Some(repository)).await?;
        let state = deployed.state();
        if !state.share(universe, repository, is_shared).await? {
            let known = state.universes().await?.into_iter().map(|one| one.name).collect();
            return Err(Error::NoUniverse { name: universe.to_owned(), known });
        }
        // A process that has cached this permission reads it again.
        Ok(state.reconfigured(repository).await?)
    })
}
