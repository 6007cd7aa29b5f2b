//! Concludes an import run in five steps: commit the outcome and its report, write the log, move the file, mark the
//! run done, notify people and the sequencer. A crash between two steps leaves a run that the next reconciliation
//! completes, because every step is idempotent and nothing moves before the outcome is committed.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::SignedDuration;
use jiff::civil::Date;
use tidewaiter::config::{Digest, Email, ImportOptions, ReportOn, Settings};
use tidewaiter::finding::Tally;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::mistake::Mistake;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::{Counts, GroupPlace, Outcome, Reason, Report};
use tidewaiter::sequence::{Event, Verdict};

use crate::capabilities::{
    CleansUp, Clock, HasClaims, HasConfigCache, HasObjects, HasQueue, HasRuns, Observes, trait_alias,
};
use crate::ports::{
    Conclusion, Decision, DigestPlace, ImportRun, KeyClaims, Kind, Message, News, Objects, Observation,
    Progress, Queue, Refusal, RunLedger,
};
use crate::{Error, Result, configs, displace, report};

trait_alias! {
    /// What concluding a run needs.
    pub trait Concludes =
        HasObjects + HasRuns + HasClaims + HasConfigCache + HasQueue + Clock + Observes + CleansUp
}

/// The code of a file that was removed before it had its outcome: there is nothing to move.
pub const GONE: &str = "gone";

/// The code of a file with the same content as an earlier one.
pub(crate) const DUPLICATE: &str = "duplicate";

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
    let audience = audience(deployment, import).await?;
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
        let mut report = report_of(deployment, import, findings, late);
        let now = deployment.now();
        let (recipients, digest) = audience.told(report.needs_attention(), now);
        report.recipients = recipients;
        let conclusion = conclusion_of(deployment, import, &report, now, digest).await?;
        let outputs = outputs(import, &conclusion);
        let keys: Vec<&Key> = outputs.iter().map(Output::key).collect();
        match deployment.runs().conclude(import, &conclusion, &keys, late).await? {
            Decision::Late(date) => late = Some(date),
            Decision::Passed => return Err(Error::Changed { key: import.source.key.clone() }),
            Decision::Before(decided) => {
                let ours = Some(&conclusion.report);
                report::remove_other_drafts(deployment, import, &decided.report, ours).await?;
                return carry_out(deployment, import, &decided).await;
            }
            Decision::Taken(older) => {
                deployment.observe(&Observation::Concluded(&report));
                report::remove_other_drafts(deployment, import, &conclusion.report, None).await?;
                Box::pin(write_outputs(deployment, import, Some(&report), &outputs, &older)).await?;
                return match finisher {
                    Finisher::Us => finish(deployment, import, &conclusion).await,
                    Finisher::Sequencer => tell_sequencer(deployment, import, &conclusion).await,
                };
            }
        }
    }
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
        log: Key::log(&import.repository, &import.file),
        report: report::keep(deployment, import, report).await?,
        badlines: report.badlines.clone().and_then(|key| Key::parse(&key).ok()),
        mail_due: !report.recipients.is_empty(),
        mail_trouble: None,
        digest,
    })
}

/// What an outcome takes a key for.
enum Output {
    /// The log.
    Log(Key),
    /// The file.
    File(Key),
    /// Nothing of its own. An earlier try may have taken the key for rejected lines, and have stopped before it kept
    /// those of an earlier file that lie there, of which the ledger says by now that they are elsewhere.
    Kept(Key),
}

impl Output {
    fn key(&self) -> &Key {
        match self {
            Self::Log(key) | Self::File(key) | Self::Kept(key) => key,
        }
    }
}

/// What is carried out: the log and, unless there is none to be moved, the file.
fn outputs(import: &ImportRun, conclusion: &Conclusion) -> Vec<Output> {
    let log = Output::Log(Key::log(&import.repository, &import.file));
    if conclusion.code.as_deref() != Some(GONE) {
        let place = Key::placed(conclusion.outcome.place(), &import.repository, &import.file);
        return vec![log, Output::File(place)];
    }
    match &import.kind {
        Kind::Data { name, .. } => vec![log, Output::Kept(Key::badlines(&import.repository, name))],
        _ => vec![log],
    }
}

/// Carries out an outcome that is decided; again, if it was interrupted.
pub async fn carry_out<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    conclusion: &Conclusion,
) -> Result<()> {
    report::remove_other_drafts(deployment, import, &conclusion.report, None).await?;
    if matches!(import.progress, Progress::Done(_)) {
        return tell(deployment, import, conclusion).await;
    }
    let outputs = outputs(import, conclusion);
    let keys: Vec<&Key> = outputs.iter().map(Output::key).collect();
    let older = deployment.claims().claim(&keys, import.id).await?;
    let report = report::kept(deployment, import.id, conclusion).await?;
    Box::pin(write_outputs(deployment, import, report.as_ref(), &outputs, &older)).await?;
    finish(deployment, import, conclusion).await
}

/// Writes the log and moves the file, both at the same time. Their keys are taken, and what lies there is kept under
/// the `older` ones.
async fn write_outputs<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    report: Option<&Report>,
    outputs: &[Output],
    older: &[Option<Key>],
) -> Result<()> {
    let settled = outputs
        .iter()
        .zip(older)
        .map(|(output, older)| write_output(deployment, import, report, output, older.as_ref()));
    for done in join_all(settled).await {
        done?;
    }
    deployment.forget_batches(import.id).await
}

async fn write_output<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    report: Option<&Report>,
    output: &Output,
    older: Option<&Key>,
) -> Result<()> {
    match output {
        Output::Log(log) => {
            // Without the report (it was removed) there is no log to write.
            let Some(report) = report else { return Ok(()) };
            let text = Log.render(report);
            write_log(deployment, import, log, text.into(), older).await
        }
        Output::File(place) => {
            match deployment.objects().relocate(&import.source, import.bytes, place, older).await {
                // The file was removed after its outcome was decided. That must not hold up the others.
                Err(Error::NotFound { key }) if key == import.source.key => {
                    tracing::warn!(import = %import.id, "the file is gone and cannot be moved");
                    Ok(())
                }
                moved => moved,
            }
        }
        Output::Kept(key) => {
            // What is no import's was put there by hand.
            match older.filter(|older| **older != key.renamed(import.id)) {
                Some(older) => displace::keep(deployment, key, older).await,
                None => Ok(()),
            }
        }
    }
}

/// Writes the log. Usually nothing lies there. Otherwise it is the same log, if another process carries out this
/// outcome too. If that process was so much faster that the run is done and another run has the key, a second claim
/// reveals it.
async fn write_log<D: HasObjects + HasClaims>(
    deployment: &D,
    import: &ImportRun,
    log: &Key,
    text: Bytes,
    older: Option<&Key>,
) -> Result<()> {
    let objects = deployment.objects();
    if objects.put_new(log, text.clone()).await? {
        return Ok(());
    }
    match objects.read(&objects.source(log), 0..text.len() as u64 + 1).await {
        Ok(there) if there == text => return Ok(()),
        Ok(_) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let is_ours = async { deployment.claims().claim(&[log], import.id).await.map(|_| ()) };
    displace::write_over(deployment, log, text, older, is_ours).await
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

/// The recipients of mails, and how they get them: reports, and alerts.
#[derive(Debug, Default)]
pub struct Audience {
    reports: Vec<String>,
    alerts: Vec<String>,
    report_on: ReportOn,
    digest: Digest,
}

impl Audience {
    /// The recipients for the files of an import.
    pub fn of_subsection(options: &ImportOptions) -> Self {
        let ImportOptions { report_recipients, alert_recipients, report_on, digest, .. } = options;
        Self::new(report_recipients, alert_recipients, *report_on, *digest)
    }

    /// The recipients for files of no import.
    fn of_settings(settings: &Settings) -> Self {
        let Settings { report_recipients, alert_recipients, report_on, digest, .. } = settings;
        Self::new(report_recipients, alert_recipients, *report_on, *digest)
    }

    fn new(reports: &[Email], alerts: &[Email], report_on: ReportOn, digest: Digest) -> Self {
        Self { reports: addresses(reports), alerts: addresses(alerts), report_on, digest }
    }

    /// The recipients of a mail of its own about a file that ended `now`, and the digest that it goes into. Alerts
    /// are mailed at once, if something needs attention.
    fn told(&self, attention: bool, now: Timestamp) -> (Vec<String>, Option<DigestPlace>) {
        let is_wanted = attention || self.report_on == ReportOn::Always;
        let (alone, together): (&[String], &[String]) = match (is_wanted, self.digest) {
            (false, _) => (&[], &[]),
            (true, Digest::None) => (&self.reports, &[]),
            (true, Digest::Run | Digest::Hour | Digest::Day) => (&[], &self.reports),
        };
        let alone = alone.iter().chain(self.alerts.iter().filter(|_| attention));
        let digest = (!together.is_empty()).then(|| DigestPlace {
            every: self.digest,
            from: begin(self.digest, now),
            recipients: once_each(together.iter()),
            due: true,
            trouble: None,
        });
        (once_each(alone), digest)
    }
}

/// Addresses as text.
pub(crate) fn addresses(emails: &[Email]) -> Vec<String> {
    once_each(emails.iter().map(ToString::to_string).collect::<Vec<_>>().iter())
}

fn once_each<'a>(addresses: impl Iterator<Item = &'a String>) -> Vec<String> {
    addresses.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// When the time of a digest begins that `now` is in.
fn begin(digest: Digest, now: Timestamp) -> Option<Timestamp> {
    let seconds = length(digest)?.as_secs();
    Timestamp::from_second(now.as_second().div_euclid(seconds) * seconds).ok()
}

/// How long the time of a digest is, if it has a length.
pub(crate) fn length(digest: Digest) -> Option<SignedDuration> {
    match digest {
        Digest::None | Digest::Run => None,
        Digest::Hour => Some(SignedDuration::from_hours(1)),
        Digest::Day => Some(SignedDuration::from_hours(24)),
    }
}

/// The recipients of the mail about a run. A configuration that cannot be used must not keep a file from its outcome.
/// But one that cannot be read at this moment must not suppress a mail.
async fn audience<D: HasObjects + HasConfigCache>(deployment: &D, import: &ImportRun) -> Result<Audience> {
    let active = match configs::active(deployment, &import.repository).await {
        Err(Error::Configuration { .. }) => return Ok(Audience::default()),
        Err(error) => return Err(error),
        Ok(active) => active,
    };
    let name = match &import.kind {
        Kind::Data { name, .. } => Some(name),
        _ => None,
    };
    Ok(match name.and_then(|name| active.subsection(name)) {
        Some(options) => Audience::of_subsection(options),
        None => Audience::of_settings(active.settings()),
    })
}

fn report_of<D: Clock>(
    deployment: &D,
    import: &ImportRun,
    findings: &Findings,
    late: Option<Date>,
) -> Report {
    let (name, group) = match &import.kind {
        Kind::Data { name, group, .. } => (Some(name), group.as_ref()),
        _ => (None, None),
    };
    let mut report = Report {
        repository: import.repository.to_string(),
        import: import.id,
        file: import.file.clone(),
        archive: import.archive.as_ref().map(|(_, file)| file.clone()),
        bytes: import.bytes,
        sha256: findings.sha256.clone(),
        universe: name.map(|n| n.universe.clone()),
        scope: name.map(|n| n.scope.clone()),
        subsection: name.map(|n| n.subsection.clone()),
        date: name.map(|n| n.date),
        group: group.map(|g| GroupPlace {
            id: g.group.id.clone(),
            slot: g.slot,
            last: g.group.last,
            generation: g.group.generation,
        }),
        outcome: findings.outcome,
        reason: findings.reason.clone(),
        counts: findings.counts,
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: came_late(import, findings.outcome, late).chain(findings.notes.iter().cloned()).collect(),
        arrived: import.arrived,
        began: match (&import.kind, &import.progress) {
            (Kind::Data { .. }, Progress::Started(pinned)) => Some(pinned.at),
            _ => None,
        },
        finished: deployment.now(),
        place: Key::placed(findings.outcome.place(), &import.repository, &import.file).to_string(),
        badlines: findings.badlines.as_ref().map(ToString::to_string),
        log: Key::log(&import.repository, &import.file).to_string(),
        recipients: Vec::new(),
    };
    report.take_findings(&findings.tally);
    report.take_mistakes(findings.mistakes.clone());
    report
}

/// What the report says about a file if newer files, or later members of its group, came before it.
fn came_late(import: &ImportRun, outcome: Outcome, late: Option<Date>) -> impl Iterator<Item = String> {
    let date = late.map(|date| format!("out of order: a newer file ({date}) was imported first"));
    let group = match &import.kind {
        Kind::Data { group: Some(group), .. } if group.late && outcome != Outcome::NotProcessed => {
            let id = &group.group.id;
            Some(format!(
                "out of order: group {id} had already started, so the file waited for the next group"
            ))
        }
        _ => None,
    };
    date.into_iter().chain(group)
}
