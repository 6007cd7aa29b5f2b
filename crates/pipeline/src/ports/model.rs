//! What is kept about each file and each group.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::report::{Counts, Outcome, Reason, Report};
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready};

use super::mails::{DigestPlace, Trouble};
use super::objects::Source;

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

/// One file's passage, as the state knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRun {
    /// Its id.
    pub id: ImportId,
    /// The repository.
    pub repository: Repository,
    /// The file's name.
    pub file: String,
    /// Where its content is until it has its outcome.
    pub source: Source,
    /// The archive it came in: the import and the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<(ImportId, String)>,
    /// Its size.
    pub bytes: u64,
    /// When it was found.
    pub arrived: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// How far it is.
    pub progress: Progress,
}

impl ImportRun {
    /// Where it was dropped, and as which version. None if it came in an archive, or if the store has no versions.
    pub fn dropped_version(&self) -> Option<(&str, &str)> {
        let Source { key, version } = &self.source;
        version.as_deref().filter(|_| self.archive.is_none()).map(|version| (key.as_str(), version))
    }

    /// Its outcome, if that is decided.
    pub fn conclusion(&self) -> Option<&Conclusion> {
        match &self.progress {
            Progress::Concluding(conclusion) | Progress::Done(conclusion) => Some(conclusion),
            Progress::Registered | Progress::Started(_) => None,
        }
    }

    /// Fixes what it works under; the rule of [`RunLedger::start`](super::RunLedger::start). Returns what holds, or
    /// None if its outcome is decided.
    pub fn start(&mut self, pin: &Pinned) -> Option<Pinned> {
        let held = match &self.progress {
            Progress::Registered => pin.clone(),
            Progress::Started(pinned) => pinned.joined(pin.clone()),
            Progress::Concluding(_) | Progress::Done(_) => return None,
        };
        self.progress = Progress::Started(held.clone());
        Some(held)
    }

    /// Decides its outcome, by one who had `seen` it as it was; the rule of
    /// [`RunLedger::conclude`](super::RunLedger::conclude). Deciding the same again changes nothing. Returns what stands
    /// against it: then nothing is decided.
    pub fn conclude(&mut self, seen: &Self, conclusion: &Conclusion) -> Option<Decision> {
        match self.conclusion() {
            Some(decided) if decided == conclusion => None,
            Some(decided) => Some(Decision::Before(Box::new(decided.clone()))),
            None if self.has_passed() && !seen.has_passed() => Some(Decision::Passed),
            None => {
                self.progress = Progress::Concluding(conclusion.clone());
                None
            }
        }
    }

    /// Marks it done, if its outcome is decided.
    pub fn finish(&mut self) {
        if let Progress::Concluding(conclusion) = &self.progress {
            self.progress = Progress::Done(conclusion.clone());
        }
    }

    /// True if a try has found that it passes, and others go by that: half of it may be loaded, or the rest of its
    /// group may be checked.
    pub fn has_passed(&self) -> bool {
        matches!(&self.progress, Progress::Started(pinned) if pinned.checked || pinned.content.is_some())
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A data file, to be imported in its turn.
    Data {
        /// What its name says.
        name: DataName,
        /// The place of its scope in the order.
        rank: usize,
        /// How long the repository must have been quiet before it is ordered, in seconds.
        settle_seconds: i64,
        /// The group it belongs to. The generation is given when it is registered.
        group: Option<Group>,
    },
    /// A file with a legal name that no active configuration knew when it came. It waits for a configuration that is on
    /// its way; see [`RunLedger::resolve`](super::RunLedger::resolve).
    Unresolved {
        /// For how long a configuration may come after it, in seconds: as long as the repository must have been quiet
        /// before a data file is ordered.
        settle_seconds: i64,
    },
    /// An archive.
    Archive,
    /// A configuration of this universe.
    Configuration {
        /// The universe.
        universe: String,
    },
    /// Something whose outcome is clear from its name or nature.
    Refused(Refusal),
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where it goes.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

/// A file's place in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group and its generation.
    pub group: GroupRef,
    /// The slot.
    pub slot: u8,
    /// The rule it is treated by, by the configuration when the file came. That of the file which completes the
    /// group holds.
    pub rule: GroupRule,
    /// True if an earlier generation of the group was under way when the file came.
    pub late: bool,
}

/// How far an import is. It only ever goes down this list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It waits for its turn.
    Registered,
    /// It has begun, under a configuration that will not change until it is done.
    Started(Pinned),
    /// Its outcome is decided, and is being carried out.
    Concluding(Conclusion),
    /// It has its outcome.
    Done(Conclusion),
}

/// What is fixed when an import begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// When it began.
    pub at: Timestamp,
    /// The hash of the configuration it is imported under.
    pub config: String,
    /// How many loaders share its lines.
    #[serde(default = "one")]
    pub loaders: u32,
    /// What its report is to say beside the findings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// True once it passed the check of a group that is all or nothing.
    #[serde(default)]
    pub checked: bool,
    /// What it held when it passed the check and loading was about to begin.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<Content>,
}

fn one() -> u32 {
    1
}

impl Pinned {
    /// What holds if `later` comes: that it was checked and its content too, unless one is fixed or the
    /// configurations differ.
    #[must_use]
    pub fn joined(&self, later: Self) -> Self {
        if self.config != later.config {
            return self.clone();
        }
        let content = self.content.clone().or(later.content);
        Self { checked: self.checked || later.checked, content, ..self.clone() }
    }
}

/// The content of a file, as far as it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

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
}

impl Conclusion {
    /// True if the file needs attention: not imported, partly imported, or with findings.
    pub fn needs_attention(&self) -> bool {
        !self.findings.is_empty()
            || self.counts.rejected > 0
            || matches!(self.outcome, Outcome::Bogus | Outcome::NotProcessed)
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

/// The configurations that were registered in a repository, and those that have their outcome. Both only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configurations {
    /// How many were registered.
    pub registered: u64,
    /// How many have their outcome, or were changed by an operator. A process that has read the active configurations
    /// at this number need not read them again while it stays, and none is in flight.
    pub concluded: u64,
}

impl Configurations {
    /// True if one is registered and has no outcome yet: no single file and no group begins.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.registered != self.concluded
    }
}

/// Who may import into a universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Universe {
    /// Its name.
    pub name: String,
    /// The repository that activated a configuration of it first.
    pub owner: Repository,
    /// The repositories that an operator shares it with.
    pub shared: BTreeSet<Repository>,
}

impl Universe {
    /// True if a repository may have a configuration of it.
    #[must_use]
    pub fn admits(&self, repository: &Repository) -> bool {
        self.owner == *repository || self.shared.contains(repository)
    }
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

/// What came of an attempt to decide an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It is decided, and its keys are taken. For each of them: the key that what lies there is to be kept under,
    /// as by [`KeyClaims::claim`](super::KeyClaims::claim).
    Taken(Vec<Option<Key>>),
    /// It was decided before, in this way. Nothing was taken.
    Before(Box<Conclusion>),
    /// Nothing is decided: since it was seen, another try has found that it passes.
    Passed,
    /// Nothing is decided: a file of this date, a later one, was imported before this one came, and its report
    /// does not say so.
    Late(Date),
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
