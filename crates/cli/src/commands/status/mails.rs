//! The mails of a repository: those that are due, the digests that reports wait for, and what could not be sent.

use tidewaiter::config::Digest;
use tidewaiter_ops::status::{Mails, NAMED, WaitingDigest};

use crate::Result;
use crate::printer::{Line, Printer, style};
use crate::text::{listed, moment, number, plural};

pub(super) fn tell(mails: &Mails, printer: &Printer) -> Result<()> {
    if mails.due > 0 {
        printer.line(format!("  {} to be sent", plural(mails.due, "mail")))?;
    }
    for WaitingDigest { of, every, recipients, reports, mailed_at, trouble } in &mails.digests {
        let (count, wait) = (plural(*reports, "report"), if *reports == 1 { "waits" } else { "wait" });
        let to = listed(recipients);
        let after = moment(*mailed_at);
        let when = match every {
            Digest::Run => format!("when the repository is idle, or after {after}"),
            Digest::None | Digest::Hour | Digest::Day => format!("after {after}"),
        };
        printer.line(format!("  {count} {wait} for the digest of {of} to {to}, mailed {when}"))?;
        if let Some(trouble) = trouble {
            let why = format!("    it could not be sent yet: {}", trouble.why);
            printer.line(Line::new().styled(style::BAD, why))?;
        }
    }
    for mail in mails.troubled.iter().take(NAMED) {
        let again = if mail.due { "could not be sent yet" } else { "could not be sent" };
        let why = format!("  the mail about {} {again}: {}", mail.file, mail.trouble.why);
        printer.line(Line::new().styled(style::BAD, why))?;
    }
    if mails.troubled.len() > NAMED {
        let more = number((mails.troubled.len() - NAMED) as u64);
        printer.line(format!("  and {more} more; `tidewaiter explain` shows the reason for each"))?;
    }
    Ok(())
}
