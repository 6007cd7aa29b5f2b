//! How an import ends: the log is written, the outcome is decided and the report kept with it, the file is
//! moved, people and the sequencer are told. In this order, so that whatever stops in between is finished later.

use std::collections::BTreeSet;

use bytes::Bytes;
use tidewaiter::config::{Email, Subsection};
use tidewaiter::finding::Tally;
use tidewaiter::keys::Key;
use tidewaiter::mistake::Mistake;
use tidewaiter::report::{Counts, GroupPlace, Outcome, Reason, Report};
use tidewaiter::sequence::{Event, Verdict};

use crate::ports::{
    Conclusion, Import, Kind, Message, News, Objects, Observation, Platform, Progress, Queue, Records,
    Refusal, State,
};
use crate::{Error, Result, configs, report};

/// The code of a file that somebody removed before it had its outcome: there is nothing to move.
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

/// Gives an import its outcome and carries it out. Who is told is asked of the active configuration.
pub async fn conclude<P: Platform>(platform: &P, import: &Import, findings: Findings) -> Result<()> {
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
        return carry_out(platform, import, conclusion).await;
    }
    let audience = audience(platform, import).await?;
    conclude_and_tell(platform, import, findings, &audience).await
}

/// The same, where it is known who is told.
pub async fn conclude_and_tell<P: Platform>(
    platform: &P,
    import: &Import,
    findings: Findings,
    audience: &Audience,
) -> Result<()> {
    let mut report = report_of(platform, import, findings);
    report.recipients = audience.of(report.needs_attention());
    let kept = report::keep(platform, import, &report).await?;

    let conclusion = Conclusion {
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
        finished: platform.now(),
        place: Key::placed(report.outcome.place(), &import.repository, &import.file),
        log: Key::log(&import.repository, &import.file),
        report: kept,
        badlines: report.badlines.clone().and_then(|key| Key::parse(&key).ok()),
        mail_due: !report.recipients.is_empty(),
    };
    let outputs = outputs(import, &conclusion);
    let keys: Vec<&Key> = outputs.iter().collect();
    let (decided, older) = platform.state().conclude(import.id, &conclusion, &keys).await?;
    platform.observe(&Observation::Concluded(&report));
    if decided != conclusion {
        return carry_out(platform, import, &decided).await;
    }
    settle(platform, import, &decided, Some(&report), &outputs, &older).await
}

/// Where the outputs of an import go: its log and, unless there is no file to be moved, the file.
fn outputs(import: &Import, conclusion: &Conclusion) -> Vec<Key> {
    let log = Key::log(&import.repository, &import.file);
    let place = Key::placed(conclusion.outcome.place(), &import.repository, &import.file);
    let is_gone = conclusion.code.as_deref() == Some(GONE);
    [Some(log), Some(place).filter(|_| !is_gone)].into_iter().flatten().collect()
}

/// Carries out an outcome that is decided; again, if it was interrupted.
pub async fn carry_out<P: Platform>(platform: &P, import: &Import, conclusion: &Conclusion) -> Result<()> {
    if matches!(import.progress, Progress::Done(_)) {
        return send_word(platform, import, conclusion).await;
    }
    let outputs = outputs(import, conclusion);
    let keys: Vec<&Key> = outputs.iter().collect();
    let older = platform.state().claim(&keys, import.id).await?;
    let report = report::kept(platform, import.id, conclusion).await?;
    settle(platform, import, conclusion, report.as_ref(), &outputs, &older).await
}

/// Writes the log and moves the file. Their keys are taken, and what lies there is kept under the `older` ones.
async fn settle<P: Platform>(
    platform: &P,
    import: &Import,
    conclusion: &Conclusion,
    report: Option<&Report>,
    outputs: &[Key],
    older: &[Option<Key>],
) -> Result<()> {
    let older = |n: usize| older.get(n).and_then(Option::as_ref);
    // Only if somebody took the report away is there nothing to be said.
    if let (Some(log), Some(report)) = (outputs.first(), report) {
        write_log(platform, import, log, tidewaiter::report::log(report).into(), older(0)).await?;
    }
    if let Some(place) = outputs.get(1) {
        match platform.objects().relocate(&import.source, import.bytes, place, older(1)).await {
            // Somebody removed it after its outcome was decided. That must not hold up the others.
            Err(Error::NotFound { key }) if key == import.source.key => {
                tracing::warn!(import = %import.id, "the file is gone, and cannot be moved to its place");
            }
            moved => moved?,
        }
    }
    platform.records().forget(import.id).await?;
    platform.state().finish(import.id).await?;
    send_word(platform, import, conclusion).await
}

/// Writes the log. Mostly nothing lies there. What does is the same log, if somebody else carries out this outcome
/// too; and if that one was so much faster that the import is done and another one has the key by now, to claim it
/// once more says so.
async fn write_log<P: Platform>(
    platform: &P,
    import: &Import,
    log: &Key,
    text: Bytes,
    older: Option<&Key>,
) -> Result<()> {
    let objects = platform.objects();
    if objects.put_new(log, text.clone()).await? {
        return Ok(());
    }
    match objects.read(&objects.source(log), 0..text.len() as u64 + 1).await {
        Ok(there) if there == text => return Ok(()),
        Ok(_) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    platform.state().claim(&[log], import.id).await?;
    objects.put(log, text, older).await
}

/// Tells people and the sequencer.
async fn send_word<P: Platform>(platform: &P, import: &Import, conclusion: &Conclusion) -> Result<()> {
    if conclusion.mail_due {
        platform.queue().send(Message::Report { import: import.id }, None).await?;
    }
    if matches!(import.kind, Kind::Data { .. }) {
        let verdict = match conclusion.outcome {
            // Nothing of it is missing: what follows in its group may be imported.
            _ if conclusion.code.as_deref() == Some(DUPLICATE) => Verdict::Accepted,
            Outcome::Imported | Outcome::Unpacked | Outcome::Activated => Verdict::Accepted,
            Outcome::Bogus | Outcome::NotProcessed => Verdict::Rejected,
        };
        let news = News::Happened(Event::Finished(import.id, verdict));
        let message = Message::Sequence { repository: import.repository.clone(), news };
        platform.queue().send(message, None).await?;
    }
    Ok(())
}

/// Who is told: those who get reports, and those who get alerts.
#[derive(Debug, Default)]
pub struct Audience {
    reports: Vec<String>,
    alerts: Vec<String>,
}

impl Audience {
    /// Who is told of the files of a subsection.
    pub fn of_subsection(options: &Subsection) -> Self {
        Self::new(&options.report_recipients, &options.alert_recipients)
    }

    /// Those who get alerts, and nobody else.
    pub fn of_alerts(alerts: &[Email]) -> Self {
        Self::new(&[], alerts)
    }

    fn new(reports: &[Email], alerts: &[Email]) -> Self {
        let texts = |all: &[Email]| all.iter().map(ToString::to_string).collect();
        Self { reports: texts(reports), alerts: texts(alerts) }
    }

    /// Those who get a report; with those who get alerts, if there is something to see.
    pub(crate) fn of(&self, alert: bool) -> Vec<String> {
        let told = self.reports.iter().chain(self.alerts.iter().filter(|_| alert));
        told.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Who is told of an import. A configuration that cannot be read must not keep a file from its outcome.
/// But what passes by itself must not cost anybody a mail.
async fn audience<P: Platform>(platform: &P, import: &Import) -> Result<Audience> {
    let active = match configs::active(platform, &import.repository).await {
        Err(error) if error.is_transient() => return Err(error),
        Err(_) => return Ok(Audience::default()),
        Ok(active) => active,
    };
    let name = match &import.kind {
        Kind::Data { name, .. } => Some(name),
        _ => None,
    };
    Ok(match name.and_then(|name| active.subsection(name)) {
        Some(options) => Audience::of_subsection(options),
        None => Audience::new(&active.settings().report_recipients, &active.settings().alert_recipients),
    })
}

fn report_of<P: Platform>(platform: &P, import: &Import, findings: Findings) -> Report {
    let (name, group) = match &import.kind {
        Kind::Data { name, group, .. } => (Some(name), group.as_ref()),
        _ => (None, None),
    };
    let mut report = Report {
        repository: import.repository.to_string(),
        import: import.id.to_string(),
        file: import.file.clone(),
        archive: import.archive.as_ref().map(|(_, file)| file.clone()),
        bytes: import.bytes,
        sha256: findings.sha256,
        universe: name.map(|n| n.universe.clone()),
        scope: name.map(|n| n.scope.clone()),
        subsection: name.map(|n| n.subsection.clone()),
        date: name.map(|n| n.date.to_string()),
        group: group.map(|g| GroupPlace {
            id: g.group.id.clone(),
            slot: g.slot,
            last: g.group.last,
            generation: g.group.generation,
        }),
        outcome: findings.outcome,
        reason: findings.reason,
        counts: findings.counts,
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: findings.notes,
        arrived: import.arrived.to_string(),
        began: match (&import.kind, &import.progress) {
            (Kind::Data { .. }, Progress::Started(pinned)) => Some(pinned.at.to_string()),
            _ => None,
        },
        finished: platform.now().to_string(),
        place: Key::placed(findings.outcome.place(), &import.repository, &import.file).to_string(),
        badlines: findings.badlines.map(|key| key.to_string()),
        log: Key::log(&import.repository, &import.file).to_string(),
        recipients: Vec::new(),
    };
    report.take_findings(&findings.tally);
    report.take_mistakes(findings.mistakes);
    report
}
