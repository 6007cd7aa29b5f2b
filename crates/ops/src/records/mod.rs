//! What was imported: records page by page, or one with where it came from.

pub mod csv;
pub mod export;
mod key;
mod listing;
mod meant;
mod one;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use tidewaiter::config::Config;
use tidewaiter::schema::catalogue;
use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::configs;
use tidewaiter_engine::ports::Records;

pub use self::key::{BETWEEN, shown_key};
pub use self::listing::{Pages, Row};
pub use self::meant::{Meant, meant};
pub use self::one::{Cell, Traced, TracedRecord, find, trace};
use crate::deployment::{Deployed, Deployment, with_deployed};
use crate::{Error, Result};

/// How many records there are of a scope in a universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The universe.
    pub universe: String,
    /// The scope.
    pub scope: String,
    /// How many.
    pub count: u64,
}

/// How many records there are, by universe and scope; of one universe if it is named.
///
/// # Errors
/// If the deployment cannot be read; [`Error::RecordsInPostgres`] of a stack.
pub async fn counts(deployment: &Deployment, universe: Option<&str>) -> Result<Vec<Count>> {
    deployment.has_records()?;
    let counts = with_deployed!(deployment, deployed => deployed.records().counts().await?);
    let counts = counts.into_iter().map(|(universe, scope, count)| Count { universe, scope, count });
    Ok(counts.filter(|one| is_asked_for(universe, &one.universe)).collect())
}

/// Makes sure that a scope exists: a configuration or the catalogue has it, or there are records of it.
///
/// # Errors
/// [`Error::NoScope`] with those that exist; or if the deployment cannot be read, [`Error::RecordsInPostgres`] of a stack.
pub async fn need_scope(deployment: &Deployment, scope: &str) -> Result<()> {
    deployment.has_records()?;
    if catalogue::schema(scope, catalogue::scopes()).is_some() {
        return Ok(());
    }
    let mut known: BTreeSet<String> =
        counts(deployment, None).await?.into_iter().map(|one| one.scope).collect();
    let configs = with_deployed!(deployment, deployed => active(deployed, None).await?);
    known.extend(configs.iter().flat_map(|config| config.scopes().keys().cloned()));
    if known.contains(scope) {
        return Ok(());
    }
    known.extend(catalogue::names().map(str::to_owned));
    Err(Error::NoScope { name: scope.to_owned(), known: known.into_iter().collect() })
}

/// The other scopes that there are records of, where there is none of this one.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn other_scopes(deployment: &Deployment, scope: &str) -> Result<Vec<String>> {
    let known: BTreeSet<String> = counts(deployment, None).await?.into_iter().map(|one| one.scope).collect();
    Ok(known.into_iter().filter(|known| known != scope).collect())
}

/// The active configurations of all repositories, of the universe that is asked for.
async fn active(deployed: &impl Deployed, universe: Option<&str>) -> Result<Vec<Arc<Config>>> {
    let mut found = Vec::new();
    for repository in Deployed::repositories(deployed).await? {
        let active = configs::active(deployed, &repository).await?;
        found.extend(active.configs().filter(|config| is_asked_for(universe, config.universe())).cloned());
    }
    Ok(found)
}

fn is_asked_for(asked: Option<&str>, universe: &str) -> bool {
    asked.is_none_or(|only| only == universe)
}
