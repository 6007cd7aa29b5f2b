//! The mails of a repository: those that are due, the digests that reports wait for, and what could not be sent.

use serde::Serialize;
use tidewaiter::config::Digest;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter_engine::digest;
use tidewaiter_engine::ports::{HistoryFilter, ImportRun, Outbox, Progress, RunLedger, Trouble};

use crate::Result;
use crate::deployment::Deployed;

/// How many of the latest files are looked at for mails that could not be sent.
const LATEST: usize = 200;

/// The mails of a repository.
#[derive(Debug, Serialize)]
pub struct Mails {
    /// How many mails about one file are still to be sent.
    #[serde(rename = "mails_due")]
    pub due: u64,
    /// Mails that could not be sent: those that are due, and those about the latest files.
    #[serde(rename = "mails_troubled")]
    pub troubled: Vec<TroubledMail>,
    /// Digests that reports wait for.
    pub digests: Vec<WaitingDigest>,
}

/// A mail that could not be sent.
#[derive(Debug, Serialize)]
pub struct TroubledMail {
    /// The file that it is about.
    pub file: String,
    /// True if it is tried again.
    pub due: bool,
    /// Why.
    pub trouble: Trouble,
}

/// A digest that reports wait for.
#[derive(Debug, Serialize)]
pub struct WaitingDigest {
    /// Which time it is about, for people.
    pub of: String,
    /// How often there is one.
    pub every: Digest,
    /// Who gets it.
    pub recipients: Vec<String>,
    /// How many reports wait for it.
    pub reports: u64,
    /// From when on it is mailed; that of a run may be mailed sooner.
    pub mailed_at: Timestamp,
    /// Why it could not be mailed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl Mails {
    pub(super) async fn find(deployed: &impl Deployed, repository: &Repository) -> Result<Self> {
        let state = deployed.state();
        let mut unmailed = state.runs(&state.unmailed().await?).await?;
        unmailed.retain(|import| import.repository == *repository);
        let latest =
            HistoryFilter { repository: Some(repository.clone()), limit: LATEST, ..HistoryFilter::default() };
        let latest = state.history(&latest).await?;
        let mut not_sent: Vec<TroubledMail> = unmailed.iter().filter_map(troubled).collect();
        not_sent.extend(latest.iter().filter_map(troubled).filter(|mail| !mail.due));
        let digests = digests(deployed, repository).await?;
        Ok(Self { due: unmailed.len() as u64, troubled: not_sent, digests })
    }

    /// True if no mail is to be sent, now or later.
    pub fn none_waits(&self) -> bool {
        self.due == 0 && self.digests.is_empty()
    }
}

/// What is wrong with the mail about a file, or with the digest that it is in.
fn troubled(import: &ImportRun) -> Option<TroubledMail> {
    let Progress::Done(conclusion) = &import.progress else { return None };
    let digest = conclusion.digest.as_ref().and_then(|digest| digest.trouble.as_ref());
    let trouble = conclusion.mail_trouble.as_ref().or(digest)?.clone();
    Some(TroubledMail { file: import.file.clone(), due: conclusion.mail_due, trouble })
}

async fn digests(deployed: &impl Deployed, repository: &Repository) -> Result<Vec<WaitingDigest>> {
    let mut digests = Vec::new();
    for waiting in deployed.state().digests(repository).await? {
        let first = deployed.state().run(waiting.first).await?;
        // If no report waits, its mail was sent.
        if let Some((place, conclusion)) = first.as_ref().and_then(digest::place)
            && waiting.reports > 0
        {
            digests.push(WaitingDigest {
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
