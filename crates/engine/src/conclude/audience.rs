//! Who is told of a file, and how.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use tidewaiter::config::{Digest, Email, ImportOptions, ReportOn, Settings};
use tidewaiter::id::{Timestamp, day_of};
use tidewaiter::name::packed_name;
use tidewaiter::report::TOOL_FILE;

use crate::capabilities::{HasConfigCache, HasObjects};
use crate::ports::{DigestPlace, ImportRun, Kind};
use crate::{Error, Result, configs};

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
    pub(super) fn told(&self, attention: bool, now: Timestamp) -> (Vec<String>, Option<DigestPlace>) {
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
pub(super) async fn of_run<D: HasObjects + HasConfigCache>(
    deployment: &D,
    import: &ImportRun,
) -> Result<Audience> {
    let active = match configs::active(deployment, &import.repository).await {
        Err(Error::Configuration { .. }) => return Ok(Audience::default()),
        Err(error) => return Err(error),
        Ok(active) => active,
    };
    let name = match &import.kind {
        Kind::Data { name, .. } => Some(name.clone()),
        // One that cannot be extracted, and has the name of a data file.
        Kind::Archive => {
            packed_name(&import.file).and_then(|name| active.resolve(&name, day_of(import.arrived)).ok())
        }
        Kind::Refused(refusal) if refusal.reason.code == TOOL_FILE => return Ok(Audience::default()),
        // What was written too late to a file, and what is no file, may have the name of one.
        Kind::Refused(_) => active.resolve(&import.file, day_of(import.arrived)).ok(),
        Kind::Unresolved { .. } | Kind::Configuration { .. } => None,
    };
    Ok(match name.and_then(|name| active.subsection(&name)) {
        Some(options) => Audience::of_subsection(options),
        None => Audience::of_settings(active.settings()),
    })
}
