//! How an import ends: the log is written, the outcome is decided and the report kept with it, the file is
//! moved, people and the sequencer are told. In this order, so that whatever stops in between is finished later.

use std::collections::BTreeSet;

use bytes::Bytes;
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

/// Gives an import its outcome and carries it out.
pub async fn conclude<P: Platform>(platform: &P, import: &Import, findings: Findings) -> Result<()> {
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
        return carry_out(platform, import, conclusion).await;
    }
    let mut report = report_of(platform, import, findings);
    report.recipients = recipients(platform, import, report.needs_attention()).await;
    let kept = report::keep(platform, import, &report).await?;
    let log_key = Key::log(&import.repository, &import.file);
    put(platform, import, &log_key, tidewaiter::report::log(&report).into()).await?;

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
        log: log_key,
        report: kept,
        badlines: report.badlines.clone().and_then(|key| Key::parse(&key).ok()),
        mail_due: !report.recipients.is_empty(),
    };
    let conclusion = platform.state().conclude(import.id, &conclusion).await?;
    platform.observe(&Observation::Concluded(&report));
    carry_out(platform, import, &conclusion).await
}

/// Carries out an outcome that is decided; again, if it was interrupted.
pub async fn carry_out<P: Platform>(platform: &P, import: &Import, conclusion: &Conclusion) -> Result<()> {
    if !matches!(import.progress, Progress::Done(_)) {
        if conclusion.code.as_deref() != Some(GONE) {
            let place = Key::placed(conclusion.outcome.place(), &import.repository, &import.file);
            let older = platform.state().claim(&place, import.id).await?;
            match platform.objects().relocate(&import.source, &place, older.as_ref()).await {
                // Somebody removed it after its outcome was decided. That must not hold up the others.
                Err(Error::NotFound { key }) if key == import.source.key => {
                    tracing::warn!(import = %import.id, "the file is gone, and cannot be moved to its place");
                }
                moved => moved?,
            }
        }
        platform.records().forget(import.id).await?;
        platform.state().finish(import.id).await?;
    }
    if conclusion.mail_due {
        platform.queue().send(Message::Report { import: import.id }, None).await?;
    }
    if matches!(import.kind, Kind::Data { .. }) {
        let verdict = match conclusion.outcome {
            Outcome::Imported | Outcome::Unpacked | Outcome::Activated => Verdict::Accepted,
            Outcome::Bogus | Outcome::NotProcessed => Verdict::Rejected,
        };
        let news = News::Happened(Event::Finished(import.id, verdict));
        let message = Message::Sequence { repository: import.repository.clone(), news };
        platform.queue().send(message, None).await?;
    }
    Ok(())
}

/// Writes one of the import's own outputs; what another import wrote there is kept.
async fn put<P: Platform>(platform: &P, import: &Import, key: &Key, content: Bytes) -> Result<()> {
    let older = platform.state().claim(key, import.id).await?;
    platform.objects().put(key, content, older.as_ref()).await
}

/// Who is told: those who get reports, and those who get alerts if there is something to see. A
/// configuration that cannot be read must not keep a file from its outcome.
async fn recipients<P: Platform>(platform: &P, import: &Import, alert: bool) -> Vec<String> {
    let Ok(active) = configs::active(platform, &import.repository).await else { return Vec::new() };
    let name = match &import.kind {
        Kind::Data { name, .. } => Some(name),
        _ => None,
    };
    let (reports, alerts) = match name.and_then(|name| active.subsection(name)) {
        Some(options) => (&options.report_recipients, &options.alert_recipients),
        None => (&active.settings().report_recipients, &active.settings().alert_recipients),
    };
    let told = reports.iter().chain(alerts.iter().filter(|_| alert));
    told.map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect()
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
