//! Reports: stored with the outcome, read again on demand, and mailed. A mail that fails never fails an import.

use bytes::Bytes;
use jiff::SignedDuration;
use mail_builder::MessageBuilder;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Key;
use tidewaiter::render::{Html, Json, Renderer, Subject, Text};
use tidewaiter::report::Report;

use crate::capabilities::{Clock, HasMailer, HasObjects, HasOutbox, HasRuns, trait_alias};
use crate::ports::{
    Conclusion, Delivery, ImportRun, KeptReport, Mail, Mailer, Objects, Outbox, Progress, RunLedger, Trouble,
};
use crate::{Error, Result};

trait_alias! {
    /// What mailing reports and digests needs.
    pub trait SendsReports = HasObjects + HasRuns + HasOutbox + HasMailer + Clock
}

/// The largest report that is read; what is written is bounded far below.
const REPORT_BYTES: u64 = 16 << 20;

/// The largest report that is kept with the outcome, in bytes of JSON. A store of state is paid by the
/// kilobyte: above a few of them an object is cheaper. The report of a clean file has about 700 bytes.
pub const KEPT_BYTES: usize = 4 << 10;

/// The most tries that write a report of one import: many times those that a queue allows.
const MOST_DRAFTS: u32 = 1_000;

/// For how long a mail is tried that the platform refuses: as long as a queue keeps its dead letters.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long a reconciliation leaves a mail alone that the platform refused.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// True if a mail was refused a short while ago: until an operator fixes the cause, it would be refused again.
pub(crate) fn is_refused(trouble: Option<&Trouble>, now: Timestamp) -> bool {
    trouble.is_some_and(|trouble| now.duration_since(trouble.at) < REFUSED_FOR)
}

/// Keeps a report: if it is small, it goes with the outcome, and nothing is written here. Else it is written now, and
/// not over that of another try, whose outcome may have been decided by now.
pub(crate) async fn keep<D: HasObjects + HasRuns>(
    deployment: &D,
    import: &ImportRun,
    report: &Report,
) -> Result<KeptReport> {
    let broken = |error| Error::Store { what: "writing a report", source: Box::new(error) };
    if serde_json::to_vec(report).map_err(broken)?.len() <= KEPT_BYTES {
        return Ok(KeptReport::Here(Box::new(report.clone())));
    }
    let json = Bytes::from(Json.render(report));
    for draft in 1..=MOST_DRAFTS {
        let key = draft_of(import, draft);
        if deployment.objects().put_new(&key, json.clone()).await? {
            return Ok(KeptReport::At(key));
        }
        // A worker that writes a draft after the outcome is decided may be the last one here, and stop before the
        // draft is removed.
        let now = deployment.runs().run(import.id).await?;
        if let Some(decided) = now.as_ref().and_then(ImportRun::conclusion) {
            return Ok(decided.report.clone());
        }
    }
    Err(Error::Store { what: "writing a report", source: "it was tried a thousand times".into() })
}

fn draft_of(import: &ImportRun, draft: u32) -> Key {
    Key::report(&import.repository, import.data_file(), import.id, draft)
}

/// Removes what other tries wrote of a report that was decided, and what one of them knows to be `ours`.
pub(crate) async fn remove_other_drafts<D: HasObjects>(
    deployment: &D,
    import: &ImportRun,
    decided: &KeptReport,
    ours: Option<&KeptReport>,
) -> Result<()> {
    let objects = deployment.objects();
    if let Some(KeptReport::At(key)) = ours.filter(|ours| *ours != decided) {
        objects.discard(key).await?;
    }
    let KeptReport::At(decided) = decided else { return Ok(()) };
    let Some(kept) = (1..=MOST_DRAFTS).find(|draft| draft_of(import, *draft) == *decided) else {
        return Ok(());
    };
    for earlier in 1..kept {
        objects.discard(&draft_of(import, earlier)).await?;
    }
    for later in kept + 1.. {
        let later = draft_of(import, later);
        if objects.find(&objects.source(&later)).await?.is_none() {
            return Ok(());
        }
        objects.discard(&later).await?;
    }
    Ok(())
}

/// The report of a run as it was written. None if it was removed or replaced by hand.
pub async fn kept<D: HasObjects>(
    deployment: &D,
    id: ImportId,
    conclusion: &Conclusion,
) -> Result<Option<Report>> {
    let key = match &conclusion.report {
        KeptReport::Here(report) => return Ok(Some(Report::clone(report))),
        KeptReport::At(key) => key,
    };
    match deployment.objects().read(&deployment.objects().source(key), 0..REPORT_BYTES).await {
        Ok(json) => {
            let report: Option<Report> = serde_json::from_slice(&json).ok();
            Ok(report.filter(|report| report.import == id))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The report with the places as they are now: what another file of the same name moved is where the
/// ledger says.
#[must_use]
pub fn as_of_now(mut report: Report, conclusion: &Conclusion) -> Report {
    report.place = conclusion.place.to_string();
    report.log = conclusion.log.to_string();
    report.badlines = conclusion.badlines.as_ref().map(ToString::to_string);
    report
}

/// Mails the report of an import, if it is due.
///
/// # Errors
/// If the mail could not be sent, and may be later. If it is the platform that refuses it, the import says so.
pub async fn report<D: SendsReports>(deployment: &D, id: ImportId) -> Result<()> {
    let import = deployment.runs().run(id).await?;
    let import = import.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    let Progress::Done(conclusion) = &import.progress else { return Ok(()) };
    if !conclusion.mail_due {
        return Ok(());
    }
    let Some(report) = kept(deployment, id, conclusion).await? else {
        // It was removed or changed by hand. There is nothing to send, now or later.
        tracing::warn!(import = %id, "the report is gone and cannot be mailed");
        return deployment.outbox().mailed(id, &Delivery::Sent).await;
    };
    let mail = mail(id, &report, deployment.mailer().sender())?;
    let (delivery, refused) = post(deployment, &mail, conclusion.finished).await?;
    deployment.outbox().mailed(id, &delivery).await?;
    refused.map_or(Ok(()), Err)
}

/// Sends a mail about something that happened at `since`: what became of it, and the error if the platform refuses
/// to send it. That stays so until an operator mends it; for [`GIVE_UP_AFTER`] it is tried again.
///
/// # Errors
/// What may pass by itself.
pub(crate) async fn post<D: HasMailer + Clock>(
    deployment: &D,
    mail: &Mail,
    since: Timestamp,
) -> Result<(Delivery, Option<Error>)> {
    let now = deployment.now();
    let trouble = |why: String| Trouble { at: now, why };
    match deployment.mailer().send(mail).await {
        Ok(undelivered) if undelivered.is_empty() => Ok((Delivery::Sent, None)),
        Ok(undelivered) => {
            let why: Vec<String> = undelivered
                .iter()
                .map(|one| format!("{} did not get it: {}", one.recipients.join(", "), one.why))
                .collect();
            let why = why.join("; ");
            tracing::error!(mail = mail.id, why, "a mail was not sent to all recipients and is not retried");
            Ok((Delivery::Failed(trouble(why)), None))
        }
        Err(error @ Error::Refused { .. }) if now.duration_since(since) < GIVE_UP_AFTER => {
            Ok((Delivery::Delayed(trouble(error.to_string())), Some(error)))
        }
        Err(error @ Error::Refused { .. }) => {
            tracing::error!(mail = mail.id, %error, "a mail was refused for days and is given up");
            Ok((Delivery::Failed(trouble(format!("given up after 14 days: {error}"))), None))
        }
        Err(error) => Err(error),
    }
}

/// What the mails about the files of one import have in common, so that mail programs show them together.
fn conversation(report: &Report) -> String {
    let of = [&report.universe, &report.scope, &report.subsection].into_iter().flatten();
    std::iter::once(&report.repository).chain(of).map(String::as_str).collect::<Vec<_>>().join(".")
}

/// The mail of a report, from `sender`: plain text and HTML that say the same.
pub fn mail(id: ImportId, report: &Report, sender: (&str, &str)) -> Result<Mail> {
    let message = MessageBuilder::new()
        .from(sender)
        .to(report.recipients.clone())
        .subject(Subject.render(report))
        .message_id(format!("{id}@tidewaiter"))
        .references(format!("{}@tidewaiter", conversation(report)))
        .date(report.finished.as_second())
        .text_body(Text.render(report))
        .html_body(Html.render(report))
        .write_to_vec()
        .map_err(|source| Error::Mail { id: id.to_string(), source })?;
    Ok(Mail {
        id: id.to_string(),
        name: format!("{}-{}", report.repository, report.file),
        recipients: report.recipients.clone(),
        message,
    })
}
