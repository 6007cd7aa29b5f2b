//! The report of a file, as it was decided with its outcome.

use tidewaiter::keys::Repository;
use tidewaiter::report::Report;
use tidewaiter_engine::report;

use crate::deployment::{Deployed, Deployment, is_known, with_deployed};
use crate::lookup::imports_of;
use crate::{Error, Result};

/// The report of the last file that `file` names and that has an outcome, with where things are now. `file` is a name, a
/// path that ends in it, or the id of an import.
///
/// # Errors
/// [`Error::NoSuchFile`], [`Error::NoOutcome`] or [`Error::ReportGone`] if there is no report to show; also if the
/// deployment cannot be read, or there is no such repository.
pub async fn report(deployment: &Deployment, repository: Option<&Repository>, file: &str) -> Result<Report> {
    with_deployed!(deployment, deployed => of(deployed, repository, file).await)
}

async fn of(deployed: &impl Deployed, repository: Option<&Repository>, file: &str) -> Result<Report> {
    is_known(deployed, repository).await?;
    let imports = imports_of(deployed, repository.cloned(), file).await?;
    // Of several, the last one that has something to say.
    let ended = imports.iter().rev().find_map(|import| Some((import.id, import.conclusion()?)));
    let (id, conclusion) = ended.ok_or_else(|| Error::NoOutcome(file.to_owned()))?;
    let report = report::kept(deployed, id, conclusion).await?;
    Ok(report::as_of_now(report.ok_or_else(|| Error::ReportGone(file.to_owned()))?, conclusion))
}
