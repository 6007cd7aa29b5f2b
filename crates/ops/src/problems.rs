//! Open problems: what they are, and how a person ends one.

use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::report::Outcome;
use tidewaiter_engine::capabilities::Clock;
use tidewaiter_engine::ports::{ImportRun, Problem, RunLedger};
use tidewaiter_engine::{problems, report};

use crate::deployment::{Deployed, Deployment, repositories, with_deployed};
use crate::lookup::imports_of;
use crate::{Error, Result};

/// A refused file, or rejected lines, for which no corrected file was imported yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenProblem {
    /// Its run.
    pub import: ImportId,
    /// The name of the file.
    pub file: String,
    /// How the run ended.
    pub outcome: Outcome,
    /// Why the file was refused, in words; none if some of its lines were rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many lines were read.
    pub read: u64,
    /// How many of them were rejected.
    pub rejected: u64,
    /// Where what is to be corrected lies: the rejected lines, or the file.
    pub place: Key,
    /// When the run ended.
    pub since: Timestamp,
}

/// The open problems of a repository, the latest first.
pub(crate) async fn open(deployed: &impl Deployed, repository: &Repository) -> Result<Vec<OpenProblem>> {
    let mut open = Vec::new();
    for run in problems::open(deployed, repository).await?.into_iter().rev() {
        open.extend(shown(deployed, run).await?);
    }
    Ok(open)
}

async fn shown(deployed: &impl Deployed, run: ImportRun) -> Result<Option<OpenProblem>> {
    let Some(conclusion) = run.conclusion() else { return Ok(None) };
    let report = report::kept(deployed, run.id, conclusion).await?;
    let reason = report.and_then(|report| report.reason).map(|reason| reason.message);
    Ok(Some(OpenProblem {
        import: run.id,
        file: run.file.clone(),
        outcome: conclusion.outcome,
        reason: reason.or_else(|| conclusion.code.clone()),
        read: conclusion.counts.read,
        rejected: conclusion.counts.rejected,
        place: conclusion.badlines.clone().unwrap_or_else(|| conclusion.place.clone()),
        since: conclusion.finished,
    }))
}

/// Which problems are dismissed.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Those of these files: names, paths that end in them, or ids of runs.
    Files(&'a [String]),
    /// All that are open.
    All,
}

/// What became of a problem that was to be dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dismissed {
    /// Its repository.
    pub repository: Repository,
    /// Its run.
    pub import: ImportId,
    /// The name of the file.
    pub file: String,
    /// False if the problem was over before.
    pub is_new: bool,
    /// How it ended: now, or before.
    pub problem: Problem,
}

/// Dismisses problems: they are not listed as open any more. `by` says who does that. Nothing happens to files and
/// records. A problem that is over stays as it ended.
///
/// # Errors
/// [`Error::NoSuchFile`] if no file has a name that is given, [`Error::NoProblem`] if none of that name left a problem;
/// then nothing is dismissed. Also if the deployment cannot be read or written.
pub async fn dismiss(
    deployment: &Deployment,
    repository: Option<&Repository>,
    which: Which<'_>,
    by: &str,
    reason: Option<&str>,
) -> Result<Vec<Dismissed>> {
    with_deployed!(deployment, deployed => {
        let at = deployed.now();
        let problem = Problem::Dismissed { at, by: by.to_owned(), reason: reason.map(str::to_owned) };
        let mut dismissed = Vec::new();
        for run in meant(deployed, repository, which).await? {
            dismissed.extend(end(deployed, run, &problem).await?);
        }
        Ok(dismissed)
    })
}

/// The runs whose problems are meant. All names are looked up before anything is changed.
async fn meant(
    deployed: &impl Deployed,
    repository: Option<&Repository>,
    which: Which<'_>,
) -> Result<Vec<ImportRun>> {
    let mut meant = Vec::new();
    match which {
        Which::All => {
            for repository in repositories(deployed, repository).await? {
                meant.extend(problems::open(deployed, &repository).await?);
            }
        }
        Which::Files(names) => {
            for name in names {
                let mut found = imports_of(deployed, repository.cloned(), name).await?;
                found.retain(|run| run.conclusion().is_some_and(|conclusion| conclusion.problem.is_some()));
                if found.is_empty() {
                    return Err(Error::NoProblem(name.clone()));
                }
                meant.extend(found);
            }
        }
    }
    Ok(meant)
}

async fn end(deployed: &impl Deployed, run: ImportRun, problem: &Problem) -> Result<Option<Dismissed>> {
    // A problem that a corrected file resolved is over, whether or not that is written down yet.
    let resolved = match problems::correction(deployed, &run).await? {
        Some(correction) if run.has_open_problem() => Some(Problem::Resolved { by: correction.id }),
        _ => None,
    };
    let ends = resolved.as_ref().unwrap_or(problem);
    let is_settled = deployed.state().settle(run.id, ends).await?;
    let now = deployed.state().run(run.id).await?;
    let problem = now.and_then(|run| run.conclusion()?.problem.clone());
    Ok(problem.map(|problem| Dismissed {
        repository: run.repository,
        import: run.id,
        file: run.file,
        is_new: is_settled && resolved.is_none(),
        problem,
    }))
}
