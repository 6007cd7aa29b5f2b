//! The outcome of a run.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::columns::SeenColumns;
use super::mails::{DigestPlace, Trouble};
use super::problem::Problem;
use tidewaiter_model::id::Timestamp;
use tidewaiter_model::keys::Key;
use tidewaiter_model::report::{Counts, Outcome, Report};

/// The outcome of an import: its line in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// How it ended.
    pub outcome: Outcome,
    /// The code of the reason, if it was not imported.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// What became of its lines.
    pub counts: Counts,
    /// The kinds of findings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<String>,
    /// SHA-256 of its content.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// How many bytes of the file are accounted for, if it was imported as it came. A file that is larger at its place
    /// was written to afterwards.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    /// When it ended.
    pub finished: Timestamp,
    /// Where the file is.
    pub place: Key,
    /// Where its log is.
    pub log: Key,
    /// Its report.
    pub report: KeptReport,
    /// Where its rejected lines are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub badlines: Option<Key>,
    /// True while its report is to be mailed by itself.
    #[serde(default)]
    pub mail_due: bool,
    /// What is wrong with that mail. While it is due, no recipient has it yet; otherwise some recipients never get
    /// it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mail_trouble: Option<Trouble>,
    /// The digest that its report goes into, if it goes into one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<DigestPlace>,
    /// What it leaves to be done, and what became of that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
}

impl Conclusion {
    /// True if the file needs attention: not imported, partly imported, or with findings.
    pub fn needs_attention(&self) -> bool {
        !self.findings.is_empty()
            || self.counts.rejected > 0
            || self.outcome.needs_attention(self.code.as_deref())
    }
}

/// Where the report of an import is kept.
///
/// Nearly all reports are small, and are kept with the outcome: what decides the outcome keeps the report in
/// the same step, the mail and the ledger read it from there, and no object has to be written, claimed and
/// read for it. For a small clean file that are two requests less to an object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptReport {
    /// Here.
    Here(Box<Report>),
    /// It is too large for that: in an object of the import's own, see [`Key::report`].
    At(Key),
}

/// What the report of a run says that depends on other runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// The later date that was imported before the file came.
    pub late: Option<Date>,
    /// The ignored columns that are remembered from now on, in the revision that the report goes by.
    pub columns: Option<&'a SeenColumns>,
}

/// What came of an attempt to decide an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It is decided, and its keys are taken. For each of them: the key that what lies there is to be kept under, if
    /// the run has to keep it.
    Taken(Vec<Option<Key>>),
    /// It was decided before, in this way. Nothing was taken.
    Before(Box<Conclusion>),
    /// Nothing is decided: since it was seen, another try has found that it passes.
    Passed,
    /// Nothing is decided: a file of this date, a later one, was imported before this one came, and its report
    /// does not say so.
    Late(Date),
    /// Nothing is decided: another file added ignored columns since they were read for the report.
    Columns,
}
