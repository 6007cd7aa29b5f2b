//! Concludes an import run in five steps: commit the outcome and its report, write the log, move the file, mark the
//! run done, notify people and the sequencer. A crash between two steps leaves a run that the next reconciliation
//! completes, because every step is idempotent and nothing moves before the outcome is committed.

mod account;
mod audience;
mod outputs;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use tidewaiter::finding::Tally;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;
use tidewaiter::report::{Counts, DUPLICATE, Outcome, Reason, Report};
use tidewaiter::sequence::{Event, Verdict};

use crate::capabilities::{
    CleansUp, Clock, HasClaims, HasConfigCache, HasObjects, HasQueue, HasRuns, Observes, Postpones,
    trait_alias,
};
use crate::ports::{
    Conclusion, Decision, DigestPlace, ImportRun, KeyClaims, Kind, Message, News, Observation, Postponed,
    Problem, Queue, Refusal, RunLedger, SeenColumns, Told, UnlistedColumn,
};
use crate::{Error, Result, report};
use account::report_of;
pub use audience::Audience;
pub(crate) use audience::{addresses, length};
use outputs::{Output, outputs, write_outputs};

trait_alias! {
    /// What concluding a run needs.
    pub trait Concludes =
        HasObjects + HasRuns + HasClaims + HasConfigCache + HasQueue + Clock + Observes + CleansUp + Postpones
}

/// The code of a file that was removed before it had its outcome: there is nothing to move.
pub const GONE: &str = "gone";

/// What was found out about a file.
#[derive(Debug)]
pub struct Findings {
    /// How it ends.
    pub outcome: Outcome,
    /// Why, if it is not imported.
    pub reason: Option<Reason>,
    /// What became of its lines.
    pub counts: Counts,
    /// What was wrong with it.
    pub tally: Tally,
    /// What was wrong with a configuration.
    pub mistakes: Vec<Mistake>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// SHA-256 of its content.
    pub sha256: Option<String>,
    /// Where its rejected lines are.
    pub badlines: Option<Key>,
    /// How many bytes of the file are accounted for, if it was imported: those that were read, and those that a
    /// finding tells of.
    pub bytes: Option<u64>,
    /// The columns that the import ignores without naming them. None if it rejects such columns, or nothing was imported.
    pub unlisted: Option<Vec<UnlistedColumn>>,
}

impl Findings {
    /// An outcome without anything to say about lines.
    pub fn outcome(outcome: Outcome) -> Self {
        Self {
            outcome,
            reason: None,
            counts: Counts::default(),
            tally: Tally::default(),
            mistakes: Vec::new(),
            notes: Vec::new(),
            sha256: None,
            badlines: None,
            bytes: None,
            unlisted: None,
        }
    }

    /// A file that is not taken.
    pub fn refused(refusal: Refusal) -> Self {
        Self { reason: Some(refusal.reason), ..Self::outcome(refusal.outcome) }
    }
}

/// Which component marks a run done, when its file is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finisher {
    /// The worker that carries out the outcome.
    Us,
    /// The sequencer, in the write with which it continues: for a file that it dispatched.
    Sequencer,
}

/// Gives a run its outcome and carries it out. The active configuration says who gets mails.
pub async fn conclude<D: Concludes>(deployment: &D, import: &ImportRun, findings: Findings) -> Result<()> {
    if let Some(conclusion) = import.conclusion() {
        return carry_out(deployment, import, conclusion).await;
    }
    let audience = audience::of_run(deployment, import).await?;
    // On the heap, as what is large elsewhere here: all of it would lie on the stack at once.
    Box::pin(conclude_and_tell(deployment, import, &findings, &audience, Finisher::Us)).await
}

/// The same, with known recipients.
pub async fn conclude_and_tell<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    findings: &Findings,
    audience: &Audience,
    finisher: Finisher,
) -> Result<()> {
    let mut late = known_to_be_late(deployment, import, findings.outcome).await?;
    loop {
        let (news, columns) = news_of(deployment, import, findings).await?;
        let mut report = report_of(deployment, import, findings, late);
        report.notes.extend(news);
        let now = deployment.now();
        let (recipients, digest) = audience.told(report.needs_attention(), now);
        report.recipients = recipients;
        let conclusion = conclusion_of(deployment, import, &report, findings.bytes, now, digest).await?;
        let outputs = outputs(import, &conclusion);
        let keys: Vec<&Key> = outputs.iter().map(Output::key).collect();
        let told = Told { late, columns: columns.as_ref() };
        match deployment.runs().conclude(import, &conclusion, &keys, told).await? {
            Decision::Late(date) => late = Some(date),
            Decision::Columns => {}
            Decision::Passed => return Err(Error::Changed { key: import.source.key.clone() }),
            Decision::Before(decided) => {
                let ours = Some(&conclusion.report);
                report::remove_other_drafts(deployment, import, &decided.report, ours).await?;
                return carry_out(deployment, import, &decided).await;
            }
            Decision::Taken(older) => {
                let (outcome, counts) = (report.outcome.as_str(), report.counts);
                let (read, rejected) = (counts.read, counts.rejected);
                tracing::debug!(import = %import.id, outcome, read, rejected, "outcome decided");
                let decided = Postponed { import: import.clone(), conclusion, report, older };
                let decided = Arc::new(decided);
                let is_postponed = finisher == Finisher::Sequencer && deployment.postpone(&decided).await?;
                if !is_postponed {
                    carry_out_postponed(deployment, &decided).await?;
                }
                return match finisher {
                    Finisher::Us => finish(deployment, import, &decided.conclusion).await,
                    Finisher::Sequencer => tell_sequencer(deployment, import, &decided.conclusion).await,
                };
            }
        }
    }
}

/// What the report says of ignored columns, and those that are remembered with the outcome, if that changes.
async fn news_of<D: HasRuns>(
    deployment: &D,
    import: &ImportRun,
    findings: &Findings,
) -> Result<(Vec<String>, Option<SeenColumns>)> {
    let (Some(columns), Kind::Data { name, .. }) = (&findings.unlisted, &import.kind) else {
        return Ok((Vec::new(), None));
    };
    let seen = deployment.runs().seen_columns(&import.repository, name).await?;
    Ok((seen.notes(columns), seen.with(columns)))
}

/// The later date that was imported before a file came which is refused for what it holds. Of one that is imported
/// the store knows it when it decides.
async fn known_to_be_late<D: HasRuns>(
    deployment: &D,
    import: &ImportRun,
    outcome: Outcome,
) -> Result<Option<Date>> {
    match &import.kind {
        Kind::Data { name, .. } if outcome == Outcome::Bogus => {
            deployment.runs().later_date(&import.repository, name, import.arrived).await
        }
        _ => Ok(None),
    }
}

async fn conclusion_of<D: HasObjects + HasRuns>(
    deployment: &D,
    import: &ImportRun,
    report: &Report,
    bytes: Option<u64>,
    finished: Timestamp,
    digest: Option<DigestPlace>,
) -> Result<Conclusion> {
    Ok(Conclusion {
        outcome: report.outcome,
        code: report.reason.as_ref().map(|r| r.code.clone()),
        counts: report.counts,
        findings: report
            .kinds
            .iter()
            .map(|k| k.code.to_string())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        sha256: report.sha256.clone(),
        finished,
        place: Key::placed(report.outcome.place(), &import.repository, &import.file),
        log: Key::log(&import.repository, import.data_file()),
        report: report::keep(deployment, import, report).await?,
        badlines: report.badlines.clone().and_then(|key| Key::parse(&key).ok()),
        mail_due: !report.recipients.is_empty(),
        mail_trouble: None,
        digest,
        bytes,
        problem: Problem::of(report),
    })
}

/// Carries out an outcome that is decided; again, if it was interrupted.
pub async fn carry_out<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    conclusion: &Conclusion,
) -> Result<()> {
    report::remove_other_drafts(deployment, import, &conclusion.report, None).await?;
    if import.is_done() {
        return tell(deployment, import, conclusion).await;
    }
    let outputs = outputs(import, conclusion);
    let keys: Vec<&Key> = outputs.iter().map(Output::key).collect();
    let older = deployment.claims().claim(&keys, import.id).await?;
    let report = report::kept(deployment, import.id, conclusion).await?;
    Box::pin(write_outputs(deployment, import, report.as_ref(), &outputs, &older)).await?;
    finish(deployment, import, conclusion).await
}

/// Writes the log and moves the file of an outcome that is decided and durable, and whose keys are claimed.
///
/// # Errors
/// If an output cannot be written. The run is not done, so a reconciliation carries its outcome out.
pub async fn carry_out_postponed<D: Concludes>(deployment: &D, decided: &Postponed) -> Result<()> {
    let Postponed { import, conclusion, report, older } = decided;
    deployment.observe(&Observation::Concluded(report));
    report::remove_other_drafts(deployment, import, &conclusion.report, None).await?;
    let outputs = outputs(import, conclusion);
    Box::pin(write_outputs(deployment, import, Some(report), &outputs, older)).await
}

/// Marks a run done, after [`carry_out_postponed`], and tells people and the query that made its file.
///
/// # Errors
/// If the state cannot be written. A reconciliation marks the run done.
pub async fn finish_postponed<D: HasRuns + HasQueue>(deployment: &D, decided: &Postponed) -> Result<()> {
    deployment.runs().finish(decided.import.id).await?;
    tell_people(deployment, decided.import.id, &decided.conclusion).await?;
    tell_query(deployment, &decided.import).await
}

/// Writes down that an import is done, and says so.
async fn finish<D: HasRuns + HasQueue>(
    deployment: &D,
    import: &ImportRun,
    conclusion: &Conclusion,
) -> Result<()> {
    deployment.runs().finish(import.id).await?;
    tell(deployment, import, conclusion).await
}

/// Tells people and the sequencer of an import that is done.
async fn tell<D: HasRuns + HasQueue>(
    deployment: &D,
    import: &ImportRun,
    conclusion: &Conclusion,
) -> Result<()> {
    tell_people(deployment, import.id, conclusion).await?;
    tell_query(deployment, import).await?;
    tell_sequencer(deployment, import, conclusion).await
}

/// Tells people of an import that is done.
pub(crate) async fn tell_people<D: HasQueue>(
    deployment: &D,
    import: ImportId,
    conclusion: &Conclusion,
) -> Result<()> {
    if conclusion.mail_due {
        deployment.queue().send(Message::Report { import }, None).await?;
    }
    Ok(())
}

/// Tells the query that made a file that it is done: its next read may begin.
pub(crate) async fn tell_query<D: HasQueue>(deployment: &D, import: &ImportRun) -> Result<()> {
    if let (Some(_), Kind::Data { name, .. }) = (&import.fetched, &import.kind) {
        let message = Message::Fetch { repository: import.repository.clone(), entry: name.entry() };
        deployment.queue().send(message, None).await?;
    }
    Ok(())
}

/// Releases what waited for a configuration: its repository may begin the next file, and unresolved names may be
/// known now. Unpack looks at the members of an archive together.
async fn release<D: HasRuns + HasQueue>(deployment: &D, repository: &Repository) -> Result<()> {
    deployment.queue().send(Message::news(repository, News::Released), None).await?;
    let unresolved = deployment.runs().unresolved(repository).await?;
    let of = |import: &ImportRun| import.archive.as_ref().map_or(import.id, |(archive, _)| *archive);
    for import in unresolved.iter().map(of).collect::<BTreeSet<ImportId>>() {
        deployment.queue().send(Message::TakeIn { import }, None).await?;
    }
    Ok(())
}

async fn tell_sequencer<D: HasRuns + HasQueue>(
    deployment: &D,
    import: &ImportRun,
    conclusion: &Conclusion,
) -> Result<()> {
    if matches!(import.kind, Kind::Configuration { .. }) {
        return release(deployment, &import.repository).await;
    }
    if matches!(import.kind, Kind::Data { .. }) {
        let verdict = match conclusion.outcome {
            // Nothing of it is missing: what follows in its group may be imported.
            _ if conclusion.code.as_deref() == Some(DUPLICATE) => Verdict::Accepted,
            Outcome::Imported | Outcome::Unpacked | Outcome::Activated => Verdict::Accepted,
            Outcome::Bogus | Outcome::NotProcessed => Verdict::Rejected,
        };
        let news = News::Happened(Event::Finished(import.id, verdict));
        let known = deployment.runs().remembered(import.id).map(Box::new);
        let message = Message::Sequence { repository: import.repository.clone(), news, known };
        deployment.queue().send(message, None).await?;
    }
    Ok(())
}
