//! Open problems: refused files and rejected lines, for which no corrected file was imported yet.
//!
//! A run keeps its problem, and a store lists it while it is open. A corrected file does not look for the problems that
//! it resolves, because that would cost every clean file a request. Instead the claims on keys tell: the corrected file
//! owns the place and the log of its name. Readers ask them, and a reconciliation writes the answer down.

use tidewaiter::keys::Repository;

use crate::Result;
use crate::capabilities::{HasClaims, HasRuns};
use crate::ports::{ImportRun, KeyClaims, Problem, RunLedger};

/// How many problems of a repository one reconciliation looks at: the latest ones. An older one that is resolved is
/// still listed by the store, and no reader shows it.
const LOOKED_AT: usize = 1_000;

/// Returns the runs of a repository that leave a problem which is open now, by id.
///
/// # Errors
/// If the state cannot be read.
pub async fn open<D: HasRuns + HasClaims>(deployment: &D, repository: &Repository) -> Result<Vec<ImportRun>> {
    let mut open = Vec::new();
    for run in deployment.runs().problems(repository).await? {
        if correction(deployment, &run).await?.is_none() {
            open.push(run);
        }
    }
    Ok(open)
}

/// Returns the run of the first corrected file that is known to have come after this one.
///
/// # Errors
/// If the state cannot be read.
pub async fn correction<D: HasRuns + HasClaims>(
    deployment: &D,
    run: &ImportRun,
) -> Result<Option<ImportRun>> {
    let owners = deployment.claims().owners(&run.keys_of_corrections()).await?;
    let later: Vec<_> = owners.into_iter().filter(|owner| *owner > run.id).collect();
    if later.is_empty() {
        return Ok(None);
    }
    Ok(deployment.runs().runs(&later).await?.into_iter().find(|later| later.resolves(run)))
}

/// Marks the problems of a repository resolved for which a corrected file was imported.
///
/// # Errors
/// If the state cannot be read or written.
pub async fn settle_corrected<D: HasRuns + HasClaims>(deployment: &D, repository: &Repository) -> Result<()> {
    for run in deployment.runs().problems(repository).await?.iter().rev().take(LOOKED_AT) {
        if let Some(correction) = correction(deployment, run).await? {
            deployment.runs().settle(run.id, &Problem::Resolved { by: correction.id }).await?;
        }
    }
    Ok(())
}
