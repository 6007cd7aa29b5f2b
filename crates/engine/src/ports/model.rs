//! What the ports take and answer, beside the run itself.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::report::{Outcome, Report};
use tidewaiter::run::{Conclusion, Configurations, ImportRun, Pinned, Source};
use tidewaiter::sequence::{self, GroupRef, Ready};

/// An object as it was found in the drop zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedObject {
    /// The repository.
    pub repository: Repository,
    /// Its name there; with slashes if it lies in a folder.
    pub file: String,
    /// The id it was given; the same however often it is found.
    pub import: ImportId,
    /// Where its content is.
    pub source: Source,
    /// What it is.
    pub nature: Nature,
    /// Its size.
    pub bytes: u64,
    /// When it was found.
    pub arrived: Timestamp,
}

/// An outcome that is decided, and whose keys are claimed. Its log is not written, and its file is not moved.
#[derive(Debug, Clone)]
pub struct Postponed {
    /// The run, as it was when its outcome was decided.
    pub import: ImportRun,
    /// Its outcome.
    pub conclusion: Conclusion,
    /// Its report.
    pub report: Report,
    /// Under which keys is kept what lies at those of the outputs, in the order of the claim.
    pub older: Vec<Option<Key>>,
}

/// A file in the drop zone that was not taken in yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Untaken {
    /// The repository. What tells of it says that once for all of its files.
    #[serde(skip)]
    pub repository: Repository,
    /// Its name there; with slashes if it lies in a folder. Whatever characters its sender used.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// When it last changed, if that is known.
    pub changed: Option<Timestamp>,
    /// True if its name is one of a transfer that goes on: it is left alone until it is renamed.
    pub unfinished: bool,
}

/// What a dropped thing is, before anybody looks into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link, socket, pipe or device. It is never followed or opened.
    Special,
}

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Check it and load nothing.
    Check,
    /// Check it and load it.
    Import,
}

/// Where a repository is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// What it is doing.
    pub state: sequence::State,
    /// The version of that, for [`GroupQueue::advance`](super::GroupQueue::advance); 0 of a new repository.
    pub version: u64,
    /// Its first two pieces of ready work in treatment order: the first may be about to end. Perhaps fewer, while
    /// configurations are in flight.
    pub ready: Vec<Ready>,
    /// Its configurations.
    pub configurations: Configurations,
}

/// What is written together with the sequencer's state, or not at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdvanceWrites<'a> {
    /// An import whose turn it is, and what it runs under from now on, if it has not begun.
    pub begins: Option<(ImportId, &'a Pinned)>,
    /// An import whose outcome is carried out: it is done.
    pub ends: Option<ImportId>,
    /// How many configurations were registered in the repository when it was found that none of them is waited for.
    /// If there are more by now, nothing is written.
    pub registered: Option<u64>,
}

/// A run as a process last saw it, sent along with the message so that the next worker need not read it. It may be
/// out of date: what is written because of it is written on the condition that it is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportSnapshot {
    /// The import.
    pub import: ImportRun,
    /// Which of its versions this is, as the store counts them.
    pub revision: u64,
}

/// A group that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingGroup {
    /// The repository.
    pub repository: Repository,
    /// The group.
    pub group: GroupRef,
    /// The slots for which no file has come.
    pub missing: Vec<u8>,
    /// The files that have come.
    pub files: Vec<String>,
    /// When the first of them came.
    pub since: Timestamp,
}

/// What to look for in the ledger.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Only this repository.
    pub repository: Option<Repository>,
    /// Only files whose name contains this.
    pub file: Option<String>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only files with this content, by its SHA-256 in hexadecimal, or by how that begins.
    pub sha256: Option<String>,
    /// Only files that arrived at this time or after it.
    pub since: Option<Timestamp>,
    /// Only files whose outcome was decided within this range, from its start up to but without its end; both are
    /// whole milliseconds. A store reads no file outside of it. The latest is then the one that ended last.
    pub finished: Option<Range<Timestamp>>,
    /// At most so many, the latest first.
    pub limit: usize,
}
