//! Checks a file and, if it passes, loads it.
//!
//! Nothing is loaded before the whole file has passed its policy. Loading goes batch by batch; each
//! batch takes effect once, however often an interrupted import is begun again. What it runs under, and that it
//! has passed, holds from the first batch on: what was begun goes on, whatever others have changed since.

mod gone;
mod lines;
mod load;
mod messages;
mod references;
mod refused;
mod replace_all;

use std::sync::Arc;

use bytes::Bytes;
use tidewaiter::check::{Sink, Summary};
use tidewaiter::config::{CheckReferences, Config, Duplicates, ReplaceAll};
use tidewaiter::finding::{Code, Finding};
use tidewaiter::id::ImportId;
use tidewaiter::name::DataName;
use tidewaiter::record::Plan;
use tidewaiter::report::{Outcome, Reason, plural};
use tidewaiter::schema::OnExisting;
use tidewaiter::sequence::{Event, Verdict};

use crate::capabilities::{
    Capacity, Clock, HasClaims, HasGroups, HasMarks, HasObjects, HasQueue, HasRecords, HasRuns, Observes,
    trait_alias,
};
use crate::chunks::Chunks;
use crate::conclude::{self, Audience, Concludes, Findings, Finisher};
use crate::configs::{Pins, Unpinned};
use crate::examine::{CheckSpec, Examination, Examined};
use crate::ports::{
    Content, ImportRun, Kind, Message, News, Objects, Observation, Pinned, Progress, Queue, Records, Refusal,
    RunLedger, Source, Task,
};
use crate::pulse::Pulse;
use crate::unpack::TakesIn;
use crate::{Error, Result, configs, unpack};
use messages::{came_before, left_alone, left_out, moved, same_content, stops_group};
use replace_all::Replacement;

trait_alias! {
    /// What loading a file that has passed needs.
    pub trait Loads = HasObjects + HasClaims + HasRecords + HasMarks + Clock + Capacity + Observes
}

trait_alias! {
    /// What checking and loading a file needs.
    pub trait Validates = TakesIn + Pins + Loads
}

/// What was tried of a task before, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// This is the first try: the snapshot of the run is current, and nothing of it is loaded.
    Never,
    /// There may have been a try.
    Perhaps,
    /// An earlier invocation landed so many batches, and had no time for the others.
    Landed(u64),
}

/// Carries out a task on a registered file.
pub async fn validate<D: Validates>(deployment: &D, id: ImportId, task: Task, tried: Tried) -> Result<()> {
    let runs = deployment.runs();
    let is_first = tried == Tried::Never;
    let import = if is_first { runs.recall(id).await? } else { runs.run(id).await? };
    let import = import.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
        return Box::pin(conclude::carry_out(deployment, &import, conclusion)).await;
    }
    let Kind::Data { name, .. } = &import.kind else {
        return Box::pin(unpack::take_in(deployment, &import)).await;
    };
    let (pinned, config, terms) = match begin(deployment, &import, name).await? {
        Ok(begun) => begun,
        Err(why) => return not_begun(deployment, &import, name, why).await,
    };
    // Whether this is the first try or another one, the report says when its turn came.
    let import = ImportRun { progress: Progress::Started(pinned.clone()), ..import.clone() };
    if pinned.checked && task == Task::Check {
        return passed(deployment, &import).await;
    }
    let has_begun = pinned.content.is_some() || !is_first && deployment.records().has_begun(id).await?;
    // What has passed and cannot change need not be checked again.
    let checked = pinned.content.clone().filter(|_| deployment.objects().is_fixed(&import.source));
    let read = match checked {
        Some(content) => Read::before(content),
        None => match examine(deployment, &import, terms.clone(), pinned.content.as_ref()).await {
            Err(error) => return cannot_read(deployment, &import, &pinned, error, has_begun).await,
            Ok(read) => read,
        },
    };
    let (mut examined, bytes) = (read.examined, read.bytes);
    let audience = Audience::of_subsection(&terms.options);
    if let Some(content) = &pinned.content
        && examined.sha256.as_ref() != Some(&content.sha256)
    {
        return overwritten(deployment, &import, &terms.plan).await;
    }
    // What was begun has passed: half of it may be records already.
    // So has what was checked with the whole of its group.
    if !has_begun && !pinned.checked {
        judge(deployment, &import, name, &config, &terms, bytes, &mut examined).await?;
    }
    let duplicate = find_duplicate(deployment, &import, name, &terms, has_begun, &examined).await?;
    if let Some(duplicate) = &duplicate
        && terms.options.duplicates == Duplicates::Skip
    {
        let findings = Findings { sha256: examined.sha256, ..Findings::refused(came_before(duplicate)) };
        return end(deployment, &import, &findings, &audience).await;
    }
    if !has_begun && let Some(reason) = examined.reason.clone() {
        let notes = stops_group(&import, name).into_iter().collect();
        let findings = Findings { notes, ..examined.into_refusal(reason) };
        return end(deployment, &import, &findings, &audience).await;
    }
    if task == Task::Check {
        deployment.runs().start(id, &Pinned { checked: true, ..pinned }).await?;
        return passed(deployment, &import).await;
    }
    let content = Content { bytes, sha256: examined.sha256.clone().unwrap_or_default() };
    // A file of several loaders is large: a worker that begins again must not check it again.
    let import = if !has_begun && (pinned.loaders > 1 || !is_certain(deployment, &import, &pinned, &terms)) {
        fix(deployment, import, &pinned, &content).await?
    } else {
        import
    };
    let (loaders, landed) = (pinned.loaders, tried.batches());
    let file = Passed { import: &import, name, terms: &terms, content: &content, loaders, has_begun, landed };
    let mut findings = match take(deployment, &file, read.held).await {
        Err(Error::OutOfTime { landed, .. }) => {
            let message = Message::Work { import: id, task, known: None, landed };
            return deployment.queue().send(message, None).await;
        }
        Err(error @ (Error::Closed { .. } | Error::NotFound { .. } | Error::Unreadable { .. })) => {
            let has_begun = deployment.records().has_begun(id).await?;
            return cannot_read(deployment, &import, &pinned, error, has_begun).await;
        }
        taken => taken?,
    };
    if let Some(duplicate) = &duplicate {
        let hint = "check whether it was sent twice on purpose: amounts that its lines add are added twice";
        findings.tally.push(Finding::file(Code::DuplicateFile, same_content(duplicate)).with_hint(hint));
    }
    end(deployment, &import, &findings, &audience).await
}

impl Tried {
    /// As a message tells it: whether it is the first about the task, and how many batches it says are landed.
    pub fn told(is_first: bool, landed: u64) -> Self {
        match landed {
            0 if is_first => Self::Never,
            0 => Self::Perhaps,
            landed => Self::Landed(landed),
        }
    }

    fn batches(self) -> u64 {
        if let Self::Landed(batches) = self { batches } else { 0 }
    }
}

/// The outcome of a file whose bytes cannot be read, or that another worker found gone.
async fn cannot_read<D: Concludes + HasRecords>(
    deployment: &D,
    import: &ImportRun,
    pinned: &Pinned,
    error: Error,
    has_begun: bool,
) -> Result<()> {
    let is_gone = match &error {
        Error::Closed { .. } => true,
        Error::NotFound { key } => *key == import.source.key,
        _ => false,
    };
    if is_gone {
        return Box::pin(gone::leave(deployment, import, pinned.loaders)).await;
    }
    Box::pin(unpack::cannot_open(deployment, import, error, has_begun)).await
}

async fn end<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    findings: &Findings,
    audience: &Audience,
) -> Result<()> {
    // On the heap, as whatever else is large here: all of it would lie on the stack at once.
    Box::pin(conclude::conclude_and_tell(deployment, import, findings, audience, Finisher::Sequencer)).await
}

/// The file with the same content that came before, if it is asked for.
async fn find_duplicate<D: HasRuns>(
    deployment: &D,
    import: &ImportRun,
    name: &DataName,
    terms: &CheckSpec,
    has_begun: bool,
    examined: &Examined,
) -> Result<Option<ImportRun>> {
    let is_asked = match terms.options.duplicates {
        Duplicates::Import => false,
        // What was begun goes on.
        Duplicates::Skip => !has_begun && examined.reason.is_none(),
        Duplicates::Alert => examined.reason.is_none(),
    };
    let Some(sha256) = examined.sha256.as_ref().filter(|_| is_asked) else { return Ok(None) };
    let earlier = deployment.runs().find_duplicate(&import.repository, name, sha256).await?;
    Ok(earlier.filter(|earlier| earlier.id != import.id))
}

/// True if checking again must give the same verdict: the bytes are fixed, and only they and the configuration
/// decide.
fn is_certain<D: HasObjects>(deployment: &D, import: &ImportRun, pinned: &Pinned, terms: &CheckSpec) -> bool {
    let options = &terms.options;
    let is_alone = options.check_references != CheckReferences::Group
        && options.replace_all.is_none()
        && options.duplicates != Duplicates::Skip;
    deployment.objects().is_fixed(&import.source) && (is_alone || pinned.checked)
}

/// Writes down that a file has passed, and with which content, before anything of it is loaded. The answer is the
/// import as it is then.
async fn fix<D: HasRuns>(
    deployment: &D,
    import: ImportRun,
    pinned: &Pinned,
    content: &Content,
) -> Result<ImportRun> {
    let pin = Pinned { content: Some(content.clone()), ..pinned.clone() };
    match deployment.runs().start(import.id, &pin).await? {
        Some(held) if held.config == pinned.config && held.content.as_ref() == Some(content) => {
            Ok(ImportRun { progress: Progress::Started(held), ..import })
        }
        // Another try was faster, and has found something else.
        _ => Err(Error::Changed { key: import.source.key }),
    }
}

/// The configuration that the file is imported under, and the terms for it. Mostly the sequencer has fixed it when
/// it handed the file out.
async fn begin<D: Pins + HasRuns>(
    deployment: &D,
    import: &ImportRun,
    name: &DataName,
) -> Result<std::result::Result<(Pinned, Arc<Config>, CheckSpec), Unpinned>> {
    let pinned = if let Progress::Started(pinned) = &import.progress {
        pinned.clone()
    } else {
        let pin = match configs::pin(deployment, import, &name.universe, None).await? {
            Ok(pin) => pin,
            Err(why) => return Ok(Err(why)),
        };
        let held = deployment.runs().start(import.id, &pin).await?;
        held.ok_or_else(|| Error::Changed { key: import.source.key.clone() })?
    };
    let config = configs::pinned(deployment, &pinned.config, &name.universe).await?;
    let terms = CheckSpec::find(&config, &name.scope, &name.subsection);
    Ok(terms.map(|terms| (pinned, config, terms)).ok_or(Unpinned::NotConfigured))
}

/// A file whose import was removed from the configuration, or whose repository may no longer import into its
/// universe. Its partner decided neither, so the report explains it.
async fn not_begun<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    name: &DataName,
    why: Unpinned,
) -> Result<()> {
    let DataName { universe, scope, subsection, .. } = name;
    let (code, message, hint) = match why {
        Unpinned::NotConfigured => (
            "not-configured",
            format!("can't find config for {scope} scope import named \"{subsection}\""),
            "the configuration existed when the file arrived; restore it, then drop the file again",
        ),
        Unpinned::NotOwned => (
            "universe",
            format!("universe {universe:?} belongs to another repository"),
            "ask the operator of this deployment to share the universe, then drop the file again",
        ),
    };
    let reason = Reason::new(code, message).with_hint(Some(hint.to_owned()));
    conclude::conclude(
        deployment,
        import,
        Findings::refused(Refusal { outcome: Outcome::NotProcessed, reason }),
    )
    .await
}

async fn passed<D: HasRuns + HasQueue>(deployment: &D, import: &ImportRun) -> Result<()> {
    let news = News::Happened(Event::Checked(import.id, Verdict::Accepted));
    let known = deployment.runs().remembered(import.id).map(Box::new);
    let message = Message::Sequence { repository: import.repository.clone(), news, known };
    deployment.queue().send(message, None).await
}

/// A file that is not any more what was being loaded.
async fn overwritten<D: Concludes>(deployment: &D, import: &ImportRun, plan: &Plan) -> Result<()> {
    let message = "the file was overwritten while it was being loaded: some of its lines may be records";
    let hint = if plan.on_existing == OnExisting::Append {
        "check which of its lines are records, and send the others in a separate file"
    } else {
        "drop it again, complete and under the same name"
    };
    let reason = Reason::new(Code::FileChanged.as_str(), message).with_hint(Some(hint.to_owned()));
    conclude::conclude(
        deployment,
        import,
        Findings::refused(Refusal { outcome: Outcome::NotProcessed, reason }),
    )
    .await
}

/// A file that was read once.
struct Read {
    examined: Examined,
    /// How many bytes were read.
    bytes: u64,
    /// All of it, if it is small.
    held: Option<Bytes>,
}

impl Read {
    /// What is known of a file that has passed before.
    fn before(content: Content) -> Self {
        let Content { bytes, sha256 } = content;
        let examined = Examined { summary: Summary::default(), sha256: Some(sha256), reason: None };
        Self { examined, bytes, held: None }
    }
}

/// Phase one: reads the file once, with no effect on records.
///
/// `content` is what an earlier try fixed as the content to load: then only that much is read.
async fn examine<D: HasObjects + HasMarks + Clock + Observes>(
    deployment: &D,
    import: &ImportRun,
    terms: CheckSpec,
    content: Option<&Content>,
) -> Result<Read> {
    let objects = deployment.objects();
    let before =
        if objects.is_fixed(&import.source) { None } else { Some(objects.stat(&import.source).await?) };
    let now = before.as_ref().map_or(import.bytes, |before| before.bytes);
    let end = content.map_or(now, |content| content.bytes);
    let mut examination = Examination::new(terms);
    let (mut whole, mut held) = (true, None);
    let mut chunks = Chunks::new(objects, &import.source, end);
    let mut pulse = Pulse::new(deployment, &import.repository);
    while let Some(chunk) = chunks.next().await? {
        pulse.beat().await;
        deployment.observe(&Observation::Checking { file: &import.file, done: chunks.offset, of: end });
        held = (chunk.len() as u64 == chunks.offset).then(|| chunk.clone());
        if !examination.feed(&chunk) {
            whole = chunks.offset >= end;
            break;
        }
    }
    // The file is still being written: what was checked may differ from what is there.
    if let (None, Some(before)) = (content, before)
        && objects.stat(&import.source).await? != before
    {
        return Err(Error::Changed { key: import.source.key.clone() });
    }
    Ok(Read { examined: examination.finish(whole), bytes: chunks.offset, held })
}

/// What to do about a file that would remove too much.
const RAISE: &str =
    "check that the file is complete; if it is, raise max_removed in the configuration and drop it again";

/// Lets decide what depends on other records, before anything is loaded.
async fn judge<D: HasObjects + HasGroups + HasRecords>(
    deployment: &D,
    import: &ImportRun,
    name: &DataName,
    config: &Config,
    terms: &CheckSpec,
    bytes: u64,
    examined: &mut Examined,
) -> Result<()> {
    if examined.reason.is_none() && terms.options.check_references == CheckReferences::Group {
        references::check(deployment, import, name, config, terms, bytes, examined).await?;
        examined.judge(&terms.options);
    }
    if let Some(rule) = &terms.options.replace_all
        && examined.reason.is_none()
        && examined.summary.rejected == 0
    {
        let accepted = examined.summary.accepted;
        let replacement = Replacement { deployment, import, name, terms, bytes, accepted };
        if let Some(message) = replacement.guard(rule).await? {
            examined.refuse(Code::RemovalExceeded, message, RAISE);
        }
    }
    Ok(())
}

/// Reads a file that is known to be good; its lines go to the sink.
async fn read_lines<D: HasObjects>(
    deployment: &D,
    source: &Source,
    bytes: u64,
    terms: &CheckSpec,
    sink: &mut impl Sink,
) -> Result<()> {
    let mut checker = terms.checker();
    let mut chunks = Chunks::new(deployment.objects(), source, bytes);
    while let Some(chunk) = chunks.next().await? {
        checker.feed(&chunk, sink);
    }
    checker.finish(sink);
    Ok(())
}

/// A file that has passed.
struct Passed<'a> {
    import: &'a ImportRun,
    name: &'a DataName,
    terms: &'a CheckSpec,
    /// What it holds.
    content: &'a Content,
    /// How many loaders share its lines.
    loaders: u32,
    /// Whether some of its lines may be loaded.
    has_begun: bool,
    /// How many of its batches are landed for certain.
    landed: u64,
}

/// Phase two: loads the good lines and keeps the rejected ones.
async fn take<D: Loads>(deployment: &D, file: &Passed<'_>, held: Option<Bytes>) -> Result<Findings> {
    let Passed { import, name, terms, content, .. } = *file;
    let sha256 = Some(content.sha256.clone());
    let mut imported = Findings { sha256, ..Findings::outcome(Outcome::Imported) };
    let loaded = load::load(deployment, file, held).await?;
    let accepted = loaded.summary.accepted;
    if loaded.counts.read > 0 {
        imported.notes.extend(left_alone(&loaded.left_alone, &terms.plan));
        imported.notes.extend(moved(loaded.moved, &terms.plan.records));
        imported.counts = loaded.counts;
        imported.tally = loaded.summary.findings;
        imported.badlines = loaded.badlines;
    }
    if let Some(rule) = &terms.options.replace_all {
        let bytes = content.bytes;
        let replacement = Replacement { deployment, import, name, terms, bytes, accepted };
        remove_the_rest(&replacement, rule, &mut imported).await?;
    }
    let grown = if deployment.objects().is_fixed(&import.source) {
        0
    } else {
        deployment.objects().stat(&import.source).await?.bytes.saturating_sub(content.bytes)
    };
    if grown > 0 {
        let message =
            format!("{} arrived after the file was registered and were not read", plural(grown, "byte"));
        // Where lines are added, what was read would be added once more.
        let hint = if terms.plan.on_existing == OnExisting::Append {
            let read = imported.counts.read + 1;
            format!(
                "send the lines after line {read} in a separate file: the lines before are already imported"
            )
        } else {
            "drop the complete file again, and make uploads visible only when they are complete".to_owned()
        };
        imported.tally.push(Finding::file(Code::FileChanged, message).with_hint(hint));
    }
    Ok(imported)
}

/// Removes what a file that replaces all does not name, or says why not.
async fn remove_the_rest<D: HasObjects + HasRecords>(
    file: &Replacement<'_, D>,
    rule: &ReplaceAll,
    imported: &mut Findings,
) -> Result<()> {
    if imported.counts.rejected > 0 {
        let message = "nothing was removed: the rejected lines may name records that would be removed";
        imported.notes.push(format!("{message}; fix them and drop the whole file again"));
        return Ok(());
    }
    // Files of the group that were loaded since the check may have brought what would go now.
    if matches!(file.import.kind, Kind::Data { group: Some(_), .. })
        && let Some(message) = file.guard(rule).await?
    {
        let finding = Finding::file(Code::RemovalExceeded, format!("nothing was removed: {message}"));
        imported.tally.push(finding.with_hint(RAISE));
        return Ok(());
    }
    let (removed, dependents) = file.prune_unlisted().await?;
    // A contact that leaves a list still exists.
    imported.counts.removed += if rule.list.is_some() { 0 } else { removed + dependents };
    imported.notes.push(left_out(removed, file.terms));
    Ok(())
}
