//! The third step: whether the file is loaded.

use bytes::Bytes;
use tidewaiter::config::{CheckReferences, Duplicates};
use tidewaiter::finding::Code;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::schema::OnExisting;

use super::begin::File;
use super::check::Read;
use super::messages::{came_before, stops_group};
use super::references;
use super::replace_all::{RAISE, Replacement};
use crate::capabilities::{HasGroups, HasObjects, HasRecords, HasRuns};
use crate::conclude::Findings;
use crate::examine::Examined;
use crate::ports::{Content, ImportRun, Objects, Pinned, Progress, Refusal, RunLedger};
use crate::{Error, Result};

/// What is decided.
pub(super) enum Decided {
    /// The file is loaded.
    Passed(Box<Passed>),
    /// It is not.
    Refused(Box<Findings>),
}

/// What is known of a file that has passed.
pub(super) struct Passed {
    /// What it holds: that is what is loaded.
    pub(super) content: Content,
    /// All of it, if it is small.
    pub(super) held: Option<Bytes>,
    /// An earlier file with the same content, if the report is to name it.
    pub(super) duplicate: Option<ImportRun>,
}

/// Decides on a file that was read.
pub(super) async fn decide<D: HasObjects + HasRuns + HasGroups + HasRecords>(
    deployment: &D,
    file: &File,
    read: Box<Read>,
) -> Result<Decided> {
    let Read { mut examined, bytes, held } = *read;
    if let Some(content) = &file.pinned.content
        && examined.sha256.as_ref() != Some(&content.sha256)
    {
        return Ok(refused(overwritten(file)));
    }
    if !file.has_passed() {
        judge(deployment, file, bytes, &mut examined).await?;
    }
    let duplicate = find_duplicate(deployment, file, &examined).await?;
    if let Some(duplicate) = &duplicate
        && file.terms.options.duplicates == Duplicates::Skip
    {
        return Ok(refused(Findings {
            sha256: examined.sha256,
            ..Findings::refused(came_before(duplicate))
        }));
    }
    if !file.has_begun
        && let Some(reason) = examined.reason.clone()
    {
        let notes = stops_group(&file.run, &file.name).into_iter().collect();
        return Ok(refused(Findings { notes, ..examined.into_refusal(reason) }));
    }
    let content = Content { bytes, sha256: examined.sha256.unwrap_or_default() };
    Ok(Decided::Passed(Box::new(Passed { content, held, duplicate })))
}

fn refused(findings: Findings) -> Decided {
    Decided::Refused(Box::new(findings))
}

/// Lets decide what depends on other records.
async fn judge<D: HasObjects + HasGroups + HasRecords>(
    deployment: &D,
    file: &File,
    bytes: u64,
    examined: &mut Examined,
) -> Result<()> {
    let options = &file.terms.options;
    if examined.reason.is_none() && options.check_references == CheckReferences::Group {
        references::check(deployment, file, bytes, examined).await?;
        examined.judge(options);
    }
    if let Some(rule) = &options.replace_all
        && examined.reason.is_none()
        && examined.summary.rejected == 0
    {
        let replacement = Replacement { deployment, file, bytes, accepted: examined.summary.accepted };
        if let Some(message) = replacement.guard(rule, None).await? {
            examined.refuse(Code::RemovalExceeded, message, RAISE);
        }
    }
    Ok(())
}

/// The file with the same content that came before, if the configuration asks for it.
async fn find_duplicate<D: HasRuns>(
    deployment: &D,
    file: &File,
    examined: &Examined,
) -> Result<Option<ImportRun>> {
    let is_asked = match file.terms.options.duplicates {
        Duplicates::Import => false,
        // What was begun goes on.
        Duplicates::Skip => !file.has_begun && examined.reason.is_none(),
        Duplicates::Alert => examined.reason.is_none(),
    };
    let Some(sha256) = examined.sha256.as_ref().filter(|_| is_asked) else { return Ok(None) };
    let earlier = deployment.runs().find_duplicate(&file.run.repository, &file.name, sha256).await?;
    Ok(earlier.filter(|earlier| earlier.id != file.run.id))
}

/// A file that is not any more what was being loaded.
fn overwritten(file: &File) -> Findings {
    let message = "the file was overwritten while it was being loaded: some of its lines may be records";
    let hint = if file.terms.plan.on_existing == OnExisting::Append {
        "check which of its lines are records, and send the others in a separate file"
    } else {
        "drop it again, complete and under the same name"
    };
    let reason = Reason::new(Code::FileChanged.as_str(), message).with_hint(Some(hint.to_owned()));
    Findings::refused(Refusal { outcome: Outcome::NotProcessed, reason })
}

/// Writes down that a file has passed, and with which content, before anything of it is loaded: unless another try must
/// come to the same, and soon.
pub(super) async fn pin_content<D: HasObjects + HasRuns>(
    deployment: &D,
    file: &mut File,
    content: &Content,
) -> Result<()> {
    let pinned = &file.pinned;
    // A file of several loaders is large: a worker that begins again must not check it again.
    if file.has_begun || pinned.loaders == 1 && is_certain(deployment, file) {
        return Ok(());
    }
    let held = pin(deployment, file, content).await?;
    file.run.progress = Progress::Started(held);
    Ok(())
}

/// Writes down with which content a file has passed.
pub(super) async fn pin<D: HasRuns>(deployment: &D, file: &File, content: &Content) -> Result<Pinned> {
    let pin = Pinned { content: Some(content.clone()), ..file.pinned.clone() };
    match deployment.runs().start(file.run.id, &pin).await? {
        Some(held) if held.config == pin.config && held.content.as_ref() == Some(content) => Ok(held),
        // Another try was faster, and has found something else.
        _ => Err(Error::Changed { key: file.run.source.key.clone() }),
    }
}

/// True if checking again must give the same verdict: the bytes are fixed, and only they and the configuration
/// decide.
fn is_certain<D: HasObjects>(deployment: &D, file: &File) -> bool {
    let options = &file.terms.options;
    let is_alone = options.check_references != CheckReferences::Group
        && options.replace_all.is_none()
        && options.duplicates != Duplicates::Skip;
    deployment.objects().is_fixed(file.run.content().0) && (is_alone || file.pinned.checked)
}
