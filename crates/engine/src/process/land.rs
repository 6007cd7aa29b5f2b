//! The fourth step: the good lines become records, and the rejected ones are kept.

use tidewaiter::config::ReplaceAll;
use tidewaiter::config::dialect::UnknownColumns;
use tidewaiter::finding::{Code, Finding};
use tidewaiter::report::{Outcome, plural};
use tidewaiter::schema::OnExisting;

use super::Loads;
use super::begin::File;
use super::decide::Passed;
use super::load::{self, Load, Loaded};
use super::messages::{left_alone, left_out, moved};
use super::replace_all::{RAISE, Replacement};
use crate::Result;
use crate::capabilities::{HasObjects, HasRecords};
use crate::conclude::Findings;
use crate::examine;
use crate::lost::Lost;
use crate::ports::{Kind, Objects};

/// What comes of loading.
pub(super) enum Landed {
    /// All good lines are records.
    All(Box<Findings>),
    /// The time of this process is up, after so many batches.
    Paused(u64),
    /// The file cannot be read to its end.
    Lost(Lost),
}

/// Loads a file that has passed. So many of its batches are `landed` for certain.
pub(super) async fn land<D: Loads>(
    deployment: &D,
    file: &File,
    passed: &Passed,
    landed: u64,
) -> Result<Landed> {
    let all = async {
        Ok(match load::load(deployment, file, passed, landed).await? {
            Load::Paused(landed) => Landed::Paused(landed),
            Load::All(loaded) => {
                let findings = complete(deployment, file, passed, *loaded).await?;
                Landed::All(Box::new(findings))
            }
        })
    };
    match all.await {
        Err(error) => Lost::of(error, &file.run).map(Landed::Lost),
        landed => landed,
    }
}

/// Removes what a file that replaces all does not name, and finds whether the file has grown.
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
    let accepted = loaded.summary.accepted;
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
    if let Some(rule) = &terms.options.replace_all {
        let replacement = Replacement { deployment, file, bytes: content.bytes, accepted };
        remove_the_rest(&replacement, rule, &mut imported).await?;
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

/// Removes what a file that replaces all does not name, or says why not.
async fn remove_the_rest<D: HasObjects + HasRecords>(
    replacement: &Replacement<'_, D>,
    rule: &ReplaceAll,
    imported: &mut Findings,
) -> Result<()> {
    if imported.counts.rejected > 0 {
        let message = "nothing was removed: the rejected lines may name records that would be removed";
        imported.notes.push(format!("{message}; fix them and drop the whole file again"));
        return Ok(());
    }
    // Files of the group that were loaded since the check may have brought what would go now.
    if matches!(replacement.file.run.kind, Kind::Data { group: Some(_), .. })
        && let Some(message) = replacement.guard(rule).await?
    {
        let finding = Finding::file(Code::RemovalExceeded, format!("nothing was removed: {message}"));
        imported.tally.push(finding.with_hint(RAISE));
        return Ok(());
    }
    let (removed, dependents) = replacement.prune_unlisted().await?;
    // A contact that leaves a list still exists.
    imported.counts.removed += if rule.list.is_some() { 0 } else { removed + dependents };
    imported.notes.push(left_out(removed, &replacement.file.terms));
    Ok(())
}
