//! Mails the report of an import. The report is stored before it is mailed, and a mail that fails never
//! fails an import.

use mail_builder::MessageBuilder;
use tidewaiter::id::ImportId;
use tidewaiter::report::{self as core, Report};

use crate::ports::{Mail, Mailer, Objects, Platform, Progress, State};
use crate::{Error, Result};

/// The largest report that is read; what is written is bounded far below.
const REPORT_BYTES: u64 = 16 << 20;

/// Mails the report of an import, if it is due.
pub async fn report<P: Platform>(platform: &P, id: ImportId) -> Result<()> {
    let import = platform.state().import(id).await?;
    let import = import.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    let Progress::Done(conclusion) = &import.progress else { return Ok(()) };
    if !conclusion.mail_due {
        return Ok(());
    }
    let source = platform.objects().source(&conclusion.report);
    let read: Option<Report> = match platform.objects().read(&source, 0..REPORT_BYTES).await {
        Ok(json) => serde_json::from_slice(&json).ok(),
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    if let Some(report) = read {
        platform.mailer().send(&mail(id, &report, platform.mailer().sender())?).await?;
    } else {
        // Somebody removed or changed it. There is nothing to send, now or later.
        tracing::warn!(import = %id, "the report is gone, and cannot be mailed");
    }
    platform.state().mailed(id).await
}

/// The mail of a report, from `sender`: plain text and HTML that say the same.
pub fn mail(id: ImportId, report: &Report, sender: (&str, &str)) -> Result<Mail> {
    let finished: Option<jiff::Timestamp> = report.finished.parse().ok();
    let message = MessageBuilder::new()
        .from(sender)
        .to(report.recipients.clone())
        .subject(core::subject(report))
        .message_id(format!("{id}@tidewaiter"))
        .date(finished.map_or(0, jiff::Timestamp::as_second))
        .text_body(core::log(report))
        .html_body(core::html(report))
        .write_to_vec()
        .map_err(|source| Error::Mail { id: id.to_string(), source })?;
    Ok(Mail {
        id: id.to_string(),
        name: format!("{}-{}", report.repository, report.file),
        recipients: report.recipients.clone(),
        message,
    })
}
