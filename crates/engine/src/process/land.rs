//! The fourth step: the good lines become records, and the rejected ones are kept.

use tidewaiter::check::Summary;
use tidewaiter::config::dialect::UnknownColumns;
use tidewaiter::finding::{Code, Finding};
use tidewaiter::report::{Outcome, Reason, plural};
use tidewaiter::schema::OnExisting;

use super::Loads;
use super::begin::File;
use super::decide::{self, Passed};
use super::load::{self, LandingOf, Load, Loaded};
use super::messages::{NO_LOCATIONS, left_alone, left_out, moved};
use super::replace_all::{RAISE, Replacement};
use crate::capabilities::HasRuns;
use crate::conclude::Findings;
use crate::examine::{self, CheckSpec};
use crate::lost::Lost;
use crate::ports::{Cargo, Kind, Landing, Objects, Records, Refusal};
use crate::{Error, Result};

/// What comes of loading.
pub(super) enum Landed {
    /// All good lines are records.
    All(Box<Findings>),
    /// The tables of records cannot become what the configuration says.
    Unfit(Refusal),
    /// The time of this process is up, after so many batches.
    Paused(u64),
    /// The file cannot be brought to its end.
    Lost(Lost),
}

/// Loads a file that has passed. So many of its batches are `landed` for certain.
pub(super) async fn land<D: Loads + HasRuns>(
    deployment: &D,
    file: &File,
    passed: &Passed,
    landed: u64,
) -> Result<Landed> {
    // What is wrong with it is no outcome of the file.
    let locator = if file.terms.plan.locates() { deployment.locator().await? } else { None };
    let all = async {
        let cargo = Cargo {
            universe: &file.name.universe,
            import: file.run.id,
            file: &file.run.file,
            bytes: passed.content.bytes,
            plan: &file.terms.plan,
        };
        let landing = deployment.records().begin(cargo).await?;
        // What a store that lands whole did not keep is not landed.
        let certain = if deployment.records().lands_whole() { 0 } else { landed };
        let unkept = match load::load(deployment, &landing, file, passed, locator.as_ref(), certain).await? {
            Load::Paused(batches) => return pause(deployment, landing, file, passed, landed, batches).await,
            Load::All(unkept) => *unkept,
        };
        let (summary, rejected) = unkept.summary();
        let (bytes, batches) = (passed.content.bytes, unkept.batches());
        let removed = remove_the_rest(deployment, &landing, file, bytes, summary, rejected).await?;
        let Some(removed) = removed else {
            return pause(deployment, landing, file, passed, landed, batches).await;
        };
        landing.keep().await?;
        let loaded = unkept.show_rejected().await?;
        let mut findings = complete(deployment, file, passed, loaded).await?;
        if file.terms.plan.locates() && locator.is_none() {
            findings.notes.push(NO_LOCATIONS.to_owned());
        }
        removed.tell(&file.terms, &mut findings);
        Ok(Landed::All(Box::new(findings)))
    };
    match all.await {
        Err(Error::Unfit { why, hint }) => {
            let reason =
                Reason::new("schema", why).with_hint(Some(format!("{hint}, then drop the file again")));
            Ok(Landed::Unfit(Refusal { outcome: Outcome::NotProcessed, reason }))
        }
        Err(error) => Lost::of(error, &file.run).map(Landed::Lost),
        landed => landed,
    }
}

/// Leaves the rest of a file to another process, after so many batches.
///
/// A store that lands whole undoes them, and the other process begins again: with all of its time, since nothing is
/// checked any more. If that was not enough for it either, no further one can do better.
async fn pause<D: Loads + HasRuns>(
    deployment: &D,
    landing: LandingOf<D>,
    file: &File,
    passed: &Passed,
    before: u64,
    batches: u64,
) -> Result<Landed> {
    let records = deployment.records();
    if !records.lands_whole() {
        landing.keep().await?;
        return Ok(Landed::Paused(batches));
    }
    drop(landing);
    if before > 0 {
        let lines = batches.saturating_mul(records.batch_lines() as u64);
        // A fifth is left for slower days.
        return Ok(Landed::Lost(Lost::TooLong(Some(lines / 5 * 4).filter(|lines| *lines > 0))));
    }
    decide::pin(deployment, file, &passed.content).await?;
    Ok(Landed::Paused(batches.max(1)))
}

/// What is said of a file that is loaded, and whether it has grown.
async fn complete<D: Loads>(
    deployment: &D,
    file: &File,
    passed: &Passed,
    loaded: Loaded,
) -> Result<Findings> {
    let File { run, terms, .. } = file;
    let content = &passed.content;
    let mut imported =
        Findings { sha256: Some(content.sha256.clone()), ..Findings::outcome(Outcome::Imported) };
    if terms.options.dialect.unknown_columns == UnknownColumns::Ignore {
        imported.unlisted = Some(loaded.unlisted);
    }
    if loaded.counts.read > 0 {
        imported.notes.extend(left_alone(&loaded.left_alone, &terms.plan));
        imported.notes.extend(moved(loaded.moved, &terms.plan.records));
        imported.notes.extend(examine::notes(&loaded.summary));
        imported.notes.extend(loaded.remarks);
        imported.counts = loaded.counts;
        imported.tally = loaded.summary.findings;
        imported.badlines = loaded.badlines;
    }
    let objects = deployment.objects();
    let (source, _) = run.content();
    // A file that was fixed has another size than what was read of it.
    let read = if file.fixed_content().is_some() { run.content().1 } else { content.bytes };
    let grown =
        if objects.is_fixed(source) { 0 } else { objects.stat(source).await?.bytes.saturating_sub(read) };
    if grown > 0 {
        let finding = grown_by(grown, file, imported.counts.read);
        imported.tally.push(finding);
    }
    imported.bytes = run.unpacked().is_none().then_some(read + grown);
    Ok(imported)
}

/// What is said of a file that has grown since its `read` lines were read.
fn grown_by(bytes: u64, file: &File, read: u64) -> Finding {
    let message =
        format!("{} arrived after the file was registered and were not read", plural(bytes, "byte"));
    // Where lines are added, what was read would be added once more.
    let hint = if file.terms.plan.on_existing == OnExisting::Append {
        format!(
            "send the lines after line {} in a separate file: the lines before are already imported",
            read + 1
        )
    } else {
        "drop the complete file again, and make uploads visible only when they are complete".to_owned()
    };
    Finding::file(Code::FileChanged, message).with_hint(hint)
}

/// Removes what a file that replaces all does not name, or says why not. None if the time of this process is up, in a
/// store that lands whole.
async fn remove_the_rest<D: Loads>(
    deployment: &D,
    landing: &LandingOf<D>,
    file: &File,
    bytes: u64,
    summary: &Summary,
    rejected: u64,
) -> Result<Option<Removed>> {
    let Some(rule) = &file.terms.options.replace_all else { return Ok(Some(Removed::Nothing)) };
    if rejected > 0 {
        return Ok(Some(Removed::RejectedLines));
    }
    let replacement = Replacement { deployment, file, bytes, accepted: summary.accepted };
    // Files of the group that were loaded since the check may have brought what would go now.
    if matches!(file.run.kind, Kind::Data { group: Some(_), .. })
        && let Some(message) = replacement.guard(rule, Some(landing)).await?
    {
        return Ok(Some(Removed::Exceeds(message)));
    }
    let is_whole = deployment.records().lands_whole();
    let removed = replacement.prune_unlisted(landing, || is_whole && deployment.time_is_up()).await?;
    Ok(removed.map(|(removed, dependents)| Removed::Records(removed, dependents)))
}

/// What a file removed that it does not name.
enum Removed {
    /// It does not replace all.
    Nothing,
    /// Nothing, because some of its lines were rejected.
    RejectedLines,
    /// Nothing, because it would have been too much.
    Exceeds(String),
    /// So many records, and so many that belonged to them.
    Records(u64, u64),
}

impl Removed {
    fn tell(self, terms: &CheckSpec, imported: &mut Findings) {
        match self {
            Self::Nothing => {}
            Self::RejectedLines => {
                let message =
                    "nothing was removed: the rejected lines may name records that would be removed";
                imported.notes.push(format!("{message}; fix them and drop the whole file again"));
            }
            Self::Exceeds(message) => {
                let finding = Finding::file(Code::RemovalExceeded, format!("nothing was removed: {message}"));
                imported.tally.push(finding.with_hint(RAISE));
            }
            Self::Records(removed, dependents) => {
                // A contact that leaves a list still exists.
                let leaves_list = terms.options.replace_all.as_ref().is_some_and(|rule| rule.list.is_some());
                imported.counts.removed += if leaves_list { 0 } else { removed + dependents };
                imported.notes.push(left_out(removed, terms));
            }
        }
    }
}
