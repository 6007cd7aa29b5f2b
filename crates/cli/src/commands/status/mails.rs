//! The mails of a repository: those that are due, the digests that reports wait for, and what could not be sent.

use serde::Serialize;
use tidewaiter::config::Digest;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter_pipeline::digest;
use tidewaiter_pipeline::ports::{HistoryFilter, ImportRun, Progress, State, Trouble};

use super::NAMED;
use crate::Result;
use crate::deployed::Deployed;
use crate::printer::{Line, Printer, style};
use crate::text::{listed, moment, number, plural};

/// How many of the latest files are looked at for mails that could not be sent.
const LATEST: usize = 200;

/// The mails of a repository.
#[derive(Debug, Serialize)]
pub(super) struct Mails {
    /// How many mails about one file are still to be sent.
    #[serde(rename = "mails_due")]
    due: u64,
    /// Mails that could not be sent: those that are due, and those about the latest files.
    #[serde(rename = "mails_troubled")]
    troubled: Vec<Troubled>,
    /// Digests that reports wait for.
    digests: Vec<Waiting>,
}

/// A mail that could not be sent.
#[derive(Debug, Serialize)]
struct Troubled {
    file: String,
    /// True if it is tried again.
    due: bool,
    trouble: Trouble,
}

/// A digest that reports wait for.
#[derive(Debug, Serialize)]
struct Waiting {
    /// Which time it is about, for people.
    of: String,
    every: Digest,
    recipients: Vec<String>,
    /// How many reports wait for it.
    reports: u64,
    /// From when on it is mailed; that of a run may be mailed sooner.
    mailed_at: Timestamp,
    /// Why it could not be mailed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<Trouble>,
}

impl Mails {
    pub(super) async fn find(deployed: &impl Deployed, repository: &Repository) -> Result<Self> {
        let state = deployed.state();
        let mut unmailed = state.imports(&state.unmailed().await?).await?;
        unmailed.retain(|import| import.repository == *repository);
        let latest =
            HistoryFilter { repository: Some(repository.clone()), limit: LATEST, ..HistoryFilter::default() };
        let latest = state.history(&latest).await?;
        let mut not_sent: Vec<Troubled> = unmailed.iter().filter_map(troubled).collect();
        not_sent.extend(latest.iter().filter_map(troubled).filter(|mail| !mail.due));
        let digests = digests(deployed, repository).await?;
        Ok(Self { due: unmailed.len() as u64, troubled: not_sent, digests })
    }

    /// True if no mail is to be sent, now or later.
    pub(super) fn none_waits(&self) -> bool {
        self.due == 0 && self.digests.is_empty()
    }

    pub(super) fn tell(&self, printer: &Printer) -> Result<()> {
        if self.due > 0 {
            printer.line(format!("  {} to be sent", plural(self.due, "mail")))?;
        }
        for Waiting { of, every, recipients, reports, mailed_at, trouble } in &self.digests {
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
        for mail in self.troubled.iter().take(NAMED) {
            let again = if mail.due { "could not be sent yet" } else { "could not be sent" };
            let why = format!("  the mail about {} {again}: {}", mail.file, mail.trouble.why);
            printer.line(Line::new().styled(style::BAD, why))?;
        }
        if self.troubled.len() > NAMED {
            let more = number((self.troubled.len() - NAMED) as u64);
            printer.line(format!("  and {more} more; `tidewaiter explain` shows the reason for each"))?;
        }
        Ok(())
    }
}

/// What is wrong with the mail about a file, or with the digest that it is in.
fn troubled(import: &ImportRun) -> Option<Troubled> {
    let Progress::Done(conclusion) = &import.progress else { return None };
    let digest = conclusion.digest.as_ref().and_then(|digest| digest.trouble.as_ref());
    let trouble = conclusion.mail_trouble.as_ref().or(digest)?.clone();
    Some(Troubled { file: import.file.clone(), due: conclusion.mail_due, trouble })
}

async fn digests(deployed: &impl Deployed, repository: &Repository) -> Result<Vec<Waiting>> {
    let mut digests = Vec::new();
    for waiting in deployed.state().digests(repository).await? {
        let first = deployed.state().import(waiting.first).await?;
        // If no report waits, its mail was sent.
        if let Some((place, conclusion)) = first.as_ref().and_then(digest::place)
            && waiting.reports > 0
        {
            digests.push(Waiting {
                of: digest::span(place, None),
                every: place.every,
                recipients: place.recipients.clone(),
                reports: waiting.reports,
                mailed_at: digest::mailed_at(place, conclusion.finished),
                trouble: waiting.trouble,
            });
        }
    }
    Ok(digests)
}
