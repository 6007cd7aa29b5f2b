//! A configuration is tried before it counts: what would become of the files that came last.
//!
//! Each file is checked twice, by the configurations that are active and by those with the new one in its place. Nothing is
//! written but a copy of the file that is checked, in a temporary folder.

mod values;

use std::fs::File;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use tidewaiter::config::{Active, Config};
use tidewaiter::finding::{Code, Finding};
use tidewaiter::id::{ImportId, day_of};
use tidewaiter::keys::Repository;
use tidewaiter::mistake::Mistake;
use tidewaiter::name::packed_name;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_engine::configs;
use tidewaiter_engine::ports::{
    Conclusion, HistoryFilter, ImportRun, Kind as RunKind, Objects, Progress, RunLedger,
};

pub use self::values::ValueChange;
use self::values::compare;
use crate::deployment::{Deployed, Deployment, one_repository, with_deployed};
use crate::preflight::{Advice, Checks, Judge, Lines, Preflight, Values};
use crate::{Error, Result};

/// How many runs of the ledger are looked through for files of the universe.
const MOST_RUNS: usize = 2_000;
/// How many new findings of a file are shown.
const EXAMPLES: usize = 3;

/// What a configuration would change.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// The universe of the configuration.
    pub universe: String,
    /// The repository whose files were tried.
    pub repository: Repository,
    /// The mistakes of the configuration; if there are any, nothing was tried.
    pub mistakes: Vec<Mistake>,
    /// The files, the last one at the end.
    pub files: Vec<Tried>,
    /// Lines that would be accepted and were not, and the other way, by kind of mistake.
    pub kinds: Vec<Difference>,
}

/// What the configuration makes of a file.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// Its import.
    pub import: ImportId,
    /// Its name.
    pub file: String,
    /// What the active configurations say of it; None if its content is not there any more.
    pub before: Option<Verdict>,
    /// What the new one says.
    pub after: Option<Verdict>,
    /// Findings that are new, up to three.
    pub examples: Vec<Finding>,
    /// What would be read otherwise of the first thousand lines, in lines that are accepted either way; of a data file that
    /// came as it is.
    pub values: Vec<ValueChange>,
}

/// How the import of a file would end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Its outcome.
    pub outcome: Outcome,
    /// Why it would not be imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What its lines are.
    pub counts: Lines,
}

/// How often a kind of mistake is found, in all files together.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The mistake.
    pub code: Code,
    /// The column, if one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How often by the active configurations.
    pub before: u64,
    /// How often by the new one.
    pub after: u64,
}

/// What the configuration does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// More lines are accepted, or the file is not refused any more.
    Better,
    /// Fewer lines are accepted, or the file is refused.
    Worse,
    /// As many lines are accepted. Others are rejected, or for other reasons, or values are read otherwise.
    Other,
    /// The verdict is the same.
    Same,
    /// The file is not there any more.
    Gone,
}

impl Tried {
    /// What the configuration does to the file.
    pub fn change(&self) -> Change {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return Change::Gone };
        let accepted = |verdict: &Verdict| match verdict.outcome {
            Outcome::Imported => (true, verdict.counts.accepted),
            _ => (false, 0),
        };
        match accepted(after).cmp(&accepted(before)) {
            std::cmp::Ordering::Greater => Change::Better,
            std::cmp::Ordering::Less => Change::Worse,
            std::cmp::Ordering::Equal
                if before == after && self.examples.is_empty() && self.values.is_empty() =>
            {
                Change::Same
            }
            std::cmp::Ordering::Equal => Change::Other,
        }
    }
}

impl Trial {
    /// True if a file that lands now would not, or with fewer lines.
    pub fn is_worse(&self) -> bool {
        self.files.iter().any(|file| file.change() == Change::Worse)
    }
}

/// Tries a configuration on the last files of its universe that have their outcome, without any effect.
///
/// # Errors
/// If there is no such repository, several and none is named, or the deployment cannot be read.
pub async fn try_configuration(
    deployment: &Deployment,
    repository: Option<&Repository>,
    universe: &str,
    document: &[u8],
    last: usize,
) -> Result<Trial> {
    with_deployed!(deployment, deployed => {
        let repository = one_repository(deployment, deployed, repository).await?;
        Box::pin(try_in(deployed, &repository, universe, document, last)).await
    })
}

async fn try_in(
    deployed: &impl Deployed,
    repository: &Repository,
    universe: &str,
    document: &[u8],
    last: usize,
) -> Result<Trial> {
    let mut trial = Trial {
        universe: universe.to_owned(),
        repository: repository.clone(),
        mistakes: Vec::new(),
        files: Vec::new(),
        kinds: Vec::new(),
    };
    let active = configs::active(deployed, repository).await?;
    let with = Config::parse(universe, document).and_then(|config| active.with(config));
    let new = match with {
        Ok(new) => new,
        Err(mistakes) => return Ok(Trial { mistakes, ..trial }),
    };
    let filter =
        HistoryFilter { repository: Some(repository.clone()), limit: MOST_RUNS, ..HistoryFilter::default() };
    let runs = deployed.state().history(&filter).await?;
    let is_meant = |run: &ImportRun| is_for(&active, run, universe) || is_for(&new, run, universe);
    let mut chosen: Vec<ImportRun> = runs.into_iter().filter(is_meant).take(last).collect();
    chosen.reverse();
    let keys = deployed.decryption_keys().await?;
    let checks = |active: &Active| {
        let judge = Judge::new(Some(active.clone()), None, None, Advice::NONE)?;
        Ok::<_, Error>(Checks::new(judge, false).with_keys(keys.clone()))
    };
    let (old, new) = (Arc::new(checks(&active)?), Arc::new(checks(&new)?));
    for run in chosen {
        let tried = try_on(deployed, &run, &old, &new, &mut trial.kinds).await?;
        trial.files.push(tried);
    }
    trial.kinds.retain(|kind| kind.before != kind.after);
    trial.kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.before.abs_diff(kind.after)), kind.code));
    Ok(trial)
}

/// True if a run has its outcome, and is a file of a universe by these configurations.
fn is_for(active: &Active, run: &ImportRun, universe: &str) -> bool {
    if !matches!(run.progress, Progress::Done(_)) {
        return false;
    }
    match &run.kind {
        RunKind::Data { name, .. } => name.universe == universe,
        RunKind::Configuration { .. } => false,
        RunKind::Archive | RunKind::Unresolved { .. } | RunKind::Refused(_) => {
            let named = packed_name(&run.file);
            let named = named.as_ref().unwrap_or(&run.file);
            active.resolve(named, day_of(run.arrived)).is_ok_and(|name| name.universe == universe)
        }
    }
}

/// Checks a file by both.
async fn try_on(
    deployed: &impl Deployed,
    run: &ImportRun,
    old: &Arc<Checks>,
    new: &Arc<Checks>,
    kinds: &mut Vec<Difference>,
) -> Result<Tried> {
    let mut tried = Tried {
        import: run.id,
        file: run.file.clone(),
        before: None,
        after: None,
        examples: Vec::new(),
        values: Vec::new(),
    };
    let Progress::Done(Conclusion { place, .. }) = &run.progress else { return Ok(tried) };
    let source = deployed.objects().source(place);
    if deployed.objects().find(&source).await?.is_none() {
        return Ok(tried);
    }
    let reader = deployed.objects().open(&source)?;
    let (file, old, new) = (run.file.clone(), old.clone(), new.clone());
    let checked = tokio::task::spawn_blocking(move || check_copy(reader, &file, &old, &new)).await;
    let checked = checked.map_err(|error| tidewaiter_engine::Error::Task(error.to_string()))??;
    let [(before, old_values), (after, new_values)] = checked;
    tried.values = compare(&old_values, &new_values);
    for (preflight, is_new) in
        before.iter().map(|one| (one, false)).chain(after.iter().map(|one| (one, true)))
    {
        count(preflight, is_new, kinds);
    }
    let known = |finding: &&Finding| !before.iter().any(|one| one.findings.contains(finding));
    tried.examples =
        after.iter().flat_map(|one| &one.findings).filter(known).take(EXAMPLES).cloned().collect();
    tried.before = before.first().map(Verdict::of);
    tried.after = after.first().map(Verdict::of);
    Ok(tried)
}

/// Copies a file under its name, for the checks to read it as often as they have to.
fn check_copy(
    mut reader: impl io::Read,
    file: &str,
    old: &Checks,
    new: &Checks,
) -> Result<[(Vec<Preflight>, Values); 2]> {
    let folder = tempfile::tempdir().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    let path = folder.path().join(file);
    let copied = File::create(&path).and_then(|mut copy| io::copy(&mut reader, &mut copy));
    copied.map_err(|source| Error::Write { path: path.clone(), source })?;
    let check = |checks: &Checks| {
        let mut said = Vec::new();
        checks.file(&path, &(), |preflight| {
            said.push(preflight.clone());
            Ok::<_, Error>(())
        })?;
        Ok::<_, Error>((said, checks.values(&path)?))
    };
    Ok([check(old)?, check(new)?])
}

/// Adds the findings of a file.
fn count(preflight: &Preflight, is_new: bool, kinds: &mut Vec<Difference>) {
    for kind in &preflight.kinds {
        let at = kinds.iter().position(|known| known.code == kind.code && known.field == kind.field);
        let n = at.unwrap_or(kinds.len());
        if at.is_none() {
            kinds.push(Difference { code: kind.code, field: kind.field.clone(), before: 0, after: 0 });
        }
        if let Some(known) = kinds.get_mut(n) {
            let side = if is_new { &mut known.after } else { &mut known.before };
            *side += kind.count;
        }
    }
}

impl Verdict {
    fn of(preflight: &Preflight) -> Self {
        Self { outcome: preflight.outcome, reason: preflight.reason.clone(), counts: preflight.counts }
    }
}
