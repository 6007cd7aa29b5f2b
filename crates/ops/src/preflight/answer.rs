//! What a check says of one file.

use serde::Serialize;
use tidewaiter::finding::{Finding, Kind};
use tidewaiter::mistake::Mistake;
use tidewaiter::name::GroupTag;
use tidewaiter::report::{Outcome, Reason};

use super::Fixed;

/// What a check says of one file: a report without what only an import can know. Keys that reports have
/// too mean the same.
#[derive(Debug, Clone, Serialize)]
pub struct Preflight {
    /// The file's name.
    pub file: String,
    /// The archive it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, if all of it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The universe of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universe: Option<String>,
    /// The scope it was checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The subsection of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsection: Option<String>,
    /// The date of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its place in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupTag>,
    /// How its import would end.
    pub outcome: Outcome,
    /// Why it would not be imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What its lines are.
    pub counts: Lines,
    /// How many findings there are in all.
    pub findings_total: u64,
    /// How many of each kind, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Findings with their positions, up to a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Mistakes in a configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was done to it before it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Fixed>,
}

/// What the lines of a file are. `read = accepted + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Lines behind the header.
    pub read: u64,
    /// Lines that are good.
    pub accepted: u64,
    /// Lines that are not.
    pub rejected: u64,
}

impl Preflight {
    /// A file of which nothing more is known than how it would end.
    pub(super) fn new(file: &str, outcome: Outcome, bytes: u64) -> Self {
        Self {
            file: file.to_owned(),
            archive: None,
            bytes,
            sha256: None,
            universe: None,
            scope: None,
            subsection: None,
            date: None,
            group: None,
            outcome,
            reason: None,
            counts: Lines::default(),
            findings_total: 0,
            kinds: Vec::new(),
            findings: Vec::new(),
            mistakes: Vec::new(),
            notes: Vec::new(),
            fixed: None,
        }
    }

    /// True if a file with this verdict needs attention.
    pub fn needs_attention(&self) -> bool {
        let code = self.reason.as_ref().map(|reason| reason.code.as_str());
        self.counts.rejected > 0 || self.outcome.needs_attention(code)
    }
}
