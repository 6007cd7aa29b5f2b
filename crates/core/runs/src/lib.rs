//! The run of a file: what is kept about it, how far it is, and the rules by which it goes on.
//!
//! Every store of runs applies these rules and keeps the result. So the rules stand once, whatever the store.

mod columns;
mod conclusion;
mod configurations;
mod groups;
mod life;
mod listing;
mod mails;
mod problem;
mod query;
mod versions;

use serde::{Deserialize, Serialize};

pub use columns::{SeenColumns, UnlistedColumn};
pub use conclusion::{Conclusion, Decision, KeptReport, Told};
pub use configurations::{Configurations, Universe};
pub use groups::{Generations, Group};
pub use listing::Listing;
pub use mails::{Delivery, DigestPlace, Trouble};
pub use problem::Problem;
pub use query::{
    AnswerColumn, Answered, Claim, Definition, Due, Ended, Landing, MOST_SEEN, Phase, Position, QueryState,
    ReadEnd, ReadTrouble, Reading, RowHash, SeenRows, Why,
};
use tidewaiter_model::id::{ImportId, Timestamp};
use tidewaiter_model::keys::Repository;
use tidewaiter_model::name::DataName;
use tidewaiter_model::report::{Outcome, Reason};
pub use versions::{Activates, Author, ConfigVersion};

/// An object's content at one moment: a key and, where the store has versions, which one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Where it lies. Not always a [`Key`](tidewaiter_model::keys::Key) that people see: a folder keeps what it took in elsewhere.
    pub key: String,
    /// Which version of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
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
    /// What is known of the read that made the file, if a query did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fetched: Option<Box<Fetched>>,
    /// How far it is.
    pub progress: Progress,
}

/// The read of a database that made a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The connection.
    pub connection: String,
    /// The rows of the file.
    pub rows: u64,
    /// The rows that were left out: imported before, or without a value in the column of the last item.
    pub left_out: u64,
    /// How long it read, in milliseconds.
    pub millis: u64,
    /// How the answer differs from the one before.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<String>,
}

impl ImportRun {
    /// Where it was dropped, and as which version. None if it came in an archive, or if the store has no versions.
    pub fn dropped_version(&self) -> Option<(&str, &str)> {
        let Source { key, version } = &self.source;
        version.as_deref().filter(|_| self.archive.is_none()).map(|version| (key.as_str(), version))
    }

    /// What was taken out of it, if it is an archive that is handled as the only file in it.
    pub fn unpacked(&self) -> Option<&Unpacked> {
        match &self.kind {
            Kind::Data { unpacked, .. } | Kind::Unresolved { unpacked, .. } => unpacked.as_deref(),
            Kind::Archive | Kind::Configuration { .. } | Kind::Refused(_) => None,
        }
    }

    /// Where the lines of a data file are read, and how many bytes there are.
    pub fn content(&self) -> (&Source, u64) {
        self.unpacked().map_or((&self.source, self.bytes), |unpacked| (&unpacked.source, unpacked.bytes))
    }

    /// The name that its log, its report and its rejected lines go by: that of the data, if it came packed.
    pub fn data_file(&self) -> &str {
        match (&self.kind, self.unpacked()) {
            (Kind::Data { name, .. }, Some(_)) => &name.file,
            (_, Some(unpacked)) => &unpacked.file,
            (_, None) => &self.file,
        }
    }

    /// Its outcome, if that is decided.
    pub fn conclusion(&self) -> Option<&Conclusion> {
        match &self.progress {
            Progress::Concluding(conclusion) | Progress::Done(conclusion) => Some(conclusion),
            Progress::Registered | Progress::Started(_) => None,
        }
    }

    fn conclusion_mut(&mut self) -> Option<&mut Conclusion> {
        match &mut self.progress {
            Progress::Concluding(conclusion) | Progress::Done(conclusion) => Some(conclusion),
            Progress::Registered | Progress::Started(_) => None,
        }
    }

    /// True if its outcome is decided and carried out.
    pub fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Done(_))
    }

    /// What its name says and its place in a group, if it is a data file of a group.
    pub fn membership(&self) -> Option<(&DataName, &Group)> {
        match &self.kind {
            Kind::Data { name, group: Some(group), .. } => Some((name, group)),
            _ => None,
        }
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
        /// Its content, if an archive was dropped that held nothing else.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        unpacked: Option<Box<Unpacked>>,
    },
    /// A file with a legal name that no active configuration knew when it came. It waits for a configuration that is on
    /// its way; see [`ImportRun::resolve`].
    Unresolved {
        /// For how long a configuration may come after it, in seconds: as long as the repository must have been quiet
        /// before a data file is ordered.
        settle_seconds: i64,
        /// Its content, if an archive was dropped that held nothing else.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        unpacked: Option<Box<Unpacked>>,
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

/// The only data file of an archive, or the sheet of a workbook, taken out of it. The archive that was dropped is handled as if it were this file,
/// and reaches its place packed as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// Its name in the archive.
    pub file: String,
    /// Where its content is until the file has its outcome.
    pub source: Source,
    /// Its size.
    pub bytes: u64,
    /// What there is to say of how it was taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where it goes.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
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
