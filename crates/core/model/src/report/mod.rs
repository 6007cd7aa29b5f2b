//! What people and programs are told of one file.
//!
//! One [`Report`] is kept; the log, the mail, the JSON and the line on a terminal are rendered from it. Its size is
//! bounded: findings are counted exactly and kept up to a limit.

pub mod day;
pub mod digest;
mod worst;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use worst::{Worst, worst};

use crate::finding::{Finding, Kind, Tally};
use crate::id::{ImportId, Timestamp};
use crate::mistake::Mistake;

/// How many mistakes of a configuration a report keeps; what is beyond is counted.
pub const KEPT_MISTAKES: usize = 100;

/// The reason of a [file that a tool left](crate::name::is_tool_file) beside data. Such a file needs no attention, and
/// no mail tells of it.
pub const TOOL_FILE: &str = "tool-file";
/// The code of a file whose content was imported before.
pub const DUPLICATE: &str = "duplicate";

/// How a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its good lines are records now. The file is under `archives/`.
    Imported,
    /// An archive whose members went on their way. It is under `archives/`.
    Unpacked,
    /// A configuration that is active now. The upload is under `archives/`.
    Activated,
    /// Refused: nothing of it was imported. It is under `bogus/`.
    Bogus,
    /// Not processed, for a reason outside the file. It is under `notprocessed/`.
    NotProcessed,
}

impl Outcome {
    /// The word for it in JSON, options and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Unpacked => "unpacked",
            Self::Activated => "activated",
            Self::Bogus => "bogus",
            Self::NotProcessed => "notprocessed",
        }
    }

    /// The word for it in sentences: people read that a file was refused, and find it under `bogus/`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bogus => "refused",
            Self::NotProcessed => "not processed",
            Self::Imported | Self::Unpacked | Self::Activated => self.as_str(),
        }
    }

    /// True for a file that was not taken, unless that is as it should be: by the `code` of its reason.
    pub fn needs_attention(self, code: Option<&str>) -> bool {
        matches!(self, Self::Bogus | Self::NotProcessed) && code != Some(TOOL_FILE)
    }

    /// The prefix under which the file ends.
    pub fn place(self) -> crate::keys::Place {
        use crate::keys::Place;
        match self {
            Self::Imported | Self::Unpacked | Self::Activated => Place::Archives,
            Self::Bogus => Place::Bogus,
            Self::NotProcessed => Place::NotProcessed,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a file was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// A stable name: a finding's code, an archive's refusal, or a name for what happened around it.
    pub code: String,
    /// What was wrong, in words.
    pub message: String,
    /// How to fix it, when that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

impl Reason {
    /// A reason without advice.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: None }
    }

    /// The same reason with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// What became of the lines of a file. `read = imported + unchanged + superseded + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Data lines in the file: all but the header.
    pub read: u64,
    /// Lines that created, changed, replaced, added or deleted a record, and were the last of the file to
    /// do so.
    pub imported: u64,
    /// Good lines that left the records as they were: the same values again, and those counted as
    /// `existing` and `unknown`.
    pub unchanged: u64,
    /// Lines that changed a record which a later line of the file named again.
    #[serde(default)]
    pub superseded: u64,
    /// Lines that were not imported; they are in `badlines/` if the file was imported.
    pub rejected: u64,
    /// Of the lines unchanged, those whose record exists, where the import only makes new ones.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub existing: u64,
    /// Of the lines unchanged, those whose record does not exist, where the import only changes or deletes
    /// those that do.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// Not lines, but records that went with what was imported: the items of an order that was replaced, a
    /// cart whose order came, what a file that replaces all did not name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
}

impl Counts {
    /// True if there were lines and all of them were rejected: nothing of the file is imported.
    pub fn all_rejected(&self) -> bool {
        self.read > 0 && self.rejected == self.read
    }
}

/// What is said of a file that was imported and of which all lines were rejected.
pub const NONE_IMPORTED: &str = "none imported";

/// Where a file stood in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupPlace {
    /// The group id.
    pub id: String,
    /// YY.
    pub slot: u8,
    /// ZZ.
    pub last: u8,
    /// The generation of the group that the file belonged to.
    pub generation: u64,
}

/// What happened to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The repository it was dropped into.
    pub repository: String,
    /// The id of its import.
    #[schemars(with = "String")]
    pub import: ImportId,
    /// The file's name.
    pub file: String,
    /// The archive it came in, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal; none if it was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// The universe, scope and subsection of its name, if the name could be resolved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub universe: Option<String>,
    /// The scope.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// The subsection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subsection: Option<String>,
    /// The date of its name, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub date: Option<Date>,
    /// The group it belonged to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<GroupPlace>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not imported.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What became of its lines.
    pub counts: Counts,
    /// How many findings there were in all.
    pub findings_total: u64,
    /// How many there were of each kind, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kinds: Vec<Kind>,
    /// Findings with their positions, up to a limit, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Finding>,
    /// How many mistakes there were in a configuration.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub mistakes_total: u64,
    /// Mistakes in a configuration, the first [`KEPT_MISTAKES`] of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mistakes: Vec<Mistake>,
    /// Notes: that it is out of order, what an archive contained.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// When it was first seen, RFC 3339.
    #[schemars(with = "String")]
    pub arrived: Timestamp,
    /// When its processing started, if it had to wait; until then it waited for its group, and for earlier files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub began: Option<Timestamp>,
    /// When its outcome was decided.
    #[schemars(with = "String")]
    pub finished: Timestamp,
    /// Where the file is now.
    pub place: String,
    /// Where its rejected lines are, if there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub badlines: Option<String>,
    /// Where the log is.
    pub log: String,
    /// Who is mailed about this file alone; who is told of it in a digest is not among them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub recipients: Vec<String>,
}

impl Report {
    /// Takes over what was found: all counts, and what was kept.
    pub fn take_findings(&mut self, tally: &Tally) {
        self.findings_total = tally.total();
        self.kinds = tally.kinds();
        self.findings = tally.kept().to_vec();
    }

    /// Takes over what was wrong with a configuration: the count, and the first [`KEPT_MISTAKES`].
    pub fn take_mistakes(&mut self, mut mistakes: Vec<Mistake>) {
        self.mistakes_total = mistakes.len() as u64;
        mistakes.truncate(KEPT_MISTAKES);
        self.mistakes = mistakes;
    }

    /// True if it needs attention: not imported, not all of it, or with findings.
    pub fn needs_attention(&self) -> bool {
        self.findings_total > 0
            || self.counts.rejected > 0
            || self.outcome.needs_attention(self.reason.as_ref().map(|reason| reason.code.as_str()))
    }

    /// How many findings are counted but not shown.
    pub fn not_shown(&self) -> u64 {
        self.findings_total.saturating_sub(self.findings.len() as u64)
    }

    /// How many mistakes are left when the first ones are shown, at most so many of those that are kept.
    pub fn mistakes_beyond(&self, shown: usize) -> u64 {
        let kept = self.mistakes.len();
        self.mistakes_total.max(kept as u64).saturating_sub(kept.min(shown) as u64)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The JSON Schema of reports.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
