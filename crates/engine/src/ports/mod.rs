//! What the use cases need from the world: narrow traits of ours, one adapter each per world.
//!
//! The promises are in the doc comments, and the contract suite holds every adapter to them. All
//! methods may be called again after a failure of unknown outcome: they are idempotent.

mod changes;
mod claims;
mod config_store;
mod connections;
mod either;
mod exports;
mod groups;
mod mails;
mod marks;
mod model;
mod objects;
mod outbox;
mod queries;
mod records;
mod runs;
mod sources;

use std::future::Future;

pub use changes::{ChangeFeed, ChangePage, KEEP_CHANGES_DAYS, Operation, RecordChange};
pub use claims::{KeyClaims, RENAMINGS};
pub use config_store::ConfigStore;
pub use connections::{ConnectionError, Connections};
pub use either::EitherLanding;
pub use exports::{
    Cell, Condition, ExportColumn, Exports, Origin, Pages, Rows, Selection, export_by_scan, hand_over,
    join_fields,
};
pub use groups::GroupQueue;
pub use mails::{Gathered, Mail, Mailer, Undelivered, WaitingDigest};
pub use marks::Marks;
pub use model::{
    AdvanceWrites, DroppedObject, HistoryFilter, ImportSnapshot, Nature, Postponed, Task, Turn, Untaken,
    WaitingGroup,
};
pub use objects::{InDropZone, Listed, Objects, Stat, Upload};
pub use outbox::Outbox;
pub use queries::QueryStates;
pub use records::{
    Answer, Applied, Batch, BatchNumber, Cargo, Landing, Pruned, Pruning, Records, Settled, Stays,
    StoredRecord,
};
pub use runs::RunLedger;
use serde::{Deserialize, Serialize};
pub use sources::{
    DataSource, Fault, Form, LastItem, Query, RowBatch, SourceColumn, SourceError, SourceRows,
};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::notice::Notice;
use tidewaiter::report::Report;
pub use tidewaiter::run::{
    Activates, AnswerColumn, Answered, Author, Claim, Conclusion, ConfigVersion, Configurations, Content,
    Decision, Definition, Delivery, DigestPlace, Due, Ended, Fetched, Group, ImportRun, KeptReport, Kind,
    Phase, Pinned, Position, Problem, Progress, QueryState, ReadEnd, ReadTrouble, Reading, Refusal,
    SeenColumns, Source, Told, Trouble, Universe, UnlistedColumn, Unpacked,
};
use tidewaiter::sequence::Event;

use crate::Result;

/// What goes on, for those who watch.
#[derive(Debug)]
pub enum Observation<'a> {
    /// Bytes of a file were checked.
    Checking {
        /// The file.
        file: &'a str,
        /// How many of its bytes.
        done: u64,
        /// Of how many.
        of: u64,
    },
    /// Bytes of a file were loaded.
    Loading {
        /// The file.
        file: &'a str,
        /// How many of its bytes.
        done: u64,
        /// Of how many.
        of: u64,
    },
    /// Rows of a query were read.
    Reading {
        /// The file that they go into.
        file: &'a str,
        /// How many so far.
        rows: u64,
    },
    /// A query cannot be read.
    Unread {
        /// The repository.
        repository: &'a Repository,
        /// The import.
        entry: &'a Entry,
        /// Why.
        error: &'a SourceError,
    },
    /// A file reached its outcome.
    Concluded(&'a Report),
}

/// Carries messages between the functions. A message may arrive twice, late, or out of order; the state
/// is the truth, and a reconciliation finds what a lost message leaves undone.
pub trait Queue: Send + Sync + 'static {
    /// Sends a message, to be delivered at `at` or, if that is None, at once.
    fn send(&self, message: Message, at: Option<Timestamp>) -> impl Future<Output = Result<()>> + Send;
}

/// What the functions tell each other. What is `known` spares the next one the question, and is nothing to rely on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Something happened in a repository.
    Sequence {
        /// The repository.
        repository: Repository,
        /// What happened.
        news: News,
        /// The import that it happened to.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        known: Option<Box<ImportSnapshot>>,
    },
    /// Work on a file.
    Work {
        /// Its import.
        import: ImportId,
        /// What to do with it.
        task: Task,
        /// The run, if it has begun just now: this is the first try.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        known: Option<Box<ImportSnapshot>>,
        /// How many of its batches an earlier invocation landed before its time was up.
        #[serde(skip_serializing_if = "is_none", default)]
        landed: u64,
    },
    /// Mail the report of an import.
    Report {
        /// The import.
        import: ImportId,
    },
    /// Mail a digest.
    Digest {
        /// The repository.
        repository: Repository,
        /// Which one; see [`DigestPlace::key`].
        digest: String,
    },
    /// Tell something that is about no file.
    Notice {
        /// What.
        notice: Notice,
    },
    /// Take in a file that a reconciliation found in the drop zone: its event has not come.
    Missed {
        /// What lies there.
        dropped: Box<DroppedObject>,
    },
    /// Go on with a file that was left on its way in, or on its way to its place.
    TakeIn {
        /// Its import.
        import: ImportId,
    },
    /// Do what is due of a query.
    Fetch {
        /// The repository.
        repository: Repository,
        /// The import.
        entry: Entry,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Message {
    /// News about a repository, to its sequencer.
    #[must_use]
    pub fn news(repository: &Repository, news: News) -> Self {
        Self::Sequence { repository: repository.clone(), news, known: None }
    }
}

/// What the sequencer can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Files were registered.
    Arrived {
        /// How long the repository must have been quiet before they are ordered, in seconds.
        settle_seconds: i64,
    },
    /// Time to look again, and to dispatch running work again: its worker may be gone.
    Poke,
    /// What waited may begin: a configuration has its outcome, or a query made a file.
    Released,
    /// A file was checked or reached its outcome.
    Happened(Event),
}
