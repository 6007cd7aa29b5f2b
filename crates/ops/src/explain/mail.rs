//! Who was told of a file, in words.

use tidewaiter::config::Digest;
use tidewaiter::report::{Report, moment};
use tidewaiter_engine::digest::{mailed_at, span};
use tidewaiter_engine::ports::{Conclusion, DigestPlace};

use super::story::{Around, Name, Step};
use crate::text::listed;

/// The mail about a file, and the digest that its report goes into.
pub(super) fn step(conclusion: &Conclusion, around: &Around) -> Step {
    let recipients = around.report.as_ref().map(|report| report.recipients.as_slice());
    let attention = around.report.as_ref().is_some_and(Report::needs_attention);
    let alone = alone(conclusion, recipients, attention);
    let text = match conclusion.digest.as_ref().map(|place| digest(place, conclusion, around)) {
        None => alone,
        Some(digest) if recipients.is_none_or(<[String]>::is_empty) && !conclusion.mail_due => digest,
        Some(digest) => format!("{alone}; {digest}"),
    };
    Step { at: None, name: Name::Mail, text }
}

/// The digest that its report goes into.
fn digest(place: &DigestPlace, conclusion: &Conclusion, around: &Around) -> String {
    let to = listed(&place.recipients);
    let which = match place.every {
        Digest::None | Digest::Run => "the digest of its run".to_owned(),
        Digest::Hour | Digest::Day => format!("the digest of {}", span(place, None)),
    };
    match (place.due, &place.trouble, &around.digest_trouble) {
        (true, _, Some(trouble)) => {
            format!("its report waits for {which} to {to}, which could not be sent yet: {}", trouble.why)
        }
        (true, _, None) if place.every == Digest::Run => {
            format!("its report waits for {which} to {to}, which is mailed when the repository is idle")
        }
        (true, _, None) => format!(
            "its report waits for {which} to {to}, which is mailed after {}",
            moment(mailed_at(place, conclusion.finished))
        ),
        (false, Some(trouble), _) => {
            format!("its report is in {which}, which could not be sent to all recipients: {}", trouble.why)
        }
        (false, None, _) => format!("its report was mailed to {to} in {which}"),
    }
}

/// The mail that is about it alone.
fn alone(conclusion: &Conclusion, recipients: Option<&[String]>, attention: bool) -> String {
    if let (false, Some(trouble)) = (conclusion.mail_due, &conclusion.mail_trouble) {
        return format!("a mail could not be sent to all recipients and is not retried: {}", trouble.why);
    }
    match (conclusion.mail_due, recipients) {
        (true, to) => {
            let to = to.map_or_else(|| "a mail".to_owned(), |to| format!("the mail to {}", listed(to)));
            match &conclusion.mail_trouble {
                Some(trouble) => format!("{to} could not be sent yet and will be retried: {}", trouble.why),
                None => format!("{to} is still to be sent"),
            }
        }
        (false, Some([])) if attention => "no mail: this import has no recipients".to_owned(),
        (false, Some([])) => "no mail: this import has no recipients for files without findings".to_owned(),
        (false, Some(to)) => format!("a mail was sent to {}", listed(to)),
        (false, None) => "it is unknown whether a mail was sent: its report is gone".to_owned(),
    }
}
