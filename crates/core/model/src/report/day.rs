//! A repository's day: the model of the page that shows it.

use jiff::civil::Date;

use super::{Counts, Outcome};
use crate::id::Timestamp;

/// How many files a page names; what is beyond is counted.
pub const FILES: usize = 500;
/// How many open problems a page names; what is beyond is counted.
pub const PROBLEMS: usize = 50;
/// How many columns a page names.
pub const COLUMNS: usize = 12;

/// The page of a day, in UTC: one part for each repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The day.
    pub date: Date,
    /// When the page was made.
    pub made: Timestamp,
    /// The repositories.
    pub days: Vec<Day>,
}

/// What happened in a repository on one day, in UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// The repository.
    pub repository: String,
    /// Files that had their outcome on this day, in the order of their outcomes.
    pub files: Vec<File>,
    /// What is not complete now.
    pub waiting: Vec<Waiting>,
    /// Refused files and rejected lines for which no corrected file was imported yet, the latest first.
    pub problems: Vec<Problem>,
    /// The kinds of findings by column, the most frequent first.
    pub columns: Vec<Column>,
    /// How many of the latest files were looked at, if there are more: some of this day may be missing.
    pub looked_at: Option<u64>,
}

/// A file that had its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// When it ended, as minutes of the day.
    pub minute: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// What became of its lines.
    pub counts: Counts,
    /// True if something was found that may have cost no line: content that came before, a file that grew.
    pub has_findings: bool,
    /// Why it was not imported.
    pub reason: Option<String>,
}

/// A group that is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The group.
    pub group: String,
    /// How many files it takes.
    pub last: u8,
    /// The slots for which no file has come.
    pub missing: Vec<u8>,
    /// How many files are there.
    pub files: u64,
    /// When the first of them came.
    pub since: Timestamp,
}

/// A refused file, or rejected lines, for which no corrected file was imported yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the file.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How many lines were read.
    pub read: u64,
    /// How many of them were rejected.
    pub rejected: u64,
    /// Why it was not imported.
    pub reason: Option<String>,
    /// When it ended.
    pub since: Timestamp,
}

/// A kind of finding in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The scope; empty if the file was none of a scope.
    pub scope: String,
    /// The column; empty if the finding is about lines or files as a whole.
    pub column: String,
    /// What was found.
    pub code: crate::finding::Code,
    /// How often.
    pub count: u64,
    /// In how many files.
    pub files: u64,
}

impl File {
    /// True if it needs attention.
    pub fn needs_attention(&self) -> bool {
        self.has_findings
            || self.counts.rejected > 0
            || matches!(self.outcome, Outcome::Bogus | Outcome::NotProcessed)
    }
}
