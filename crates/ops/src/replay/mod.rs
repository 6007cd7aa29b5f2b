//! Dead letters of a deployed stack: what they are about, and sending them back to their queues.

#[cfg(feature = "aws")]
mod letters;
#[cfg(feature = "aws")]
mod messages;

use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;

use crate::{Deployment, Error, Result};

/// The queues of a stack, one for each function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// What was dropped.
    Unpack,
    /// What the order of files depends on.
    Sequence,
    /// Files to check and to load.
    Validate,
    /// Reports to mail.
    Report,
    /// Queries to read. A stack without connections does not have it.
    Fetch,
}

impl Queue {
    /// All queues.
    pub const ALL: [Self; 5] = [Self::Unpack, Self::Sequence, Self::Validate, Self::Report, Self::Fetch];

    /// The name of it, and of its function.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpack => "unpack",
            Self::Sequence => "sequence",
            Self::Validate => "validate",
            Self::Report => "report",
            Self::Fetch => "fetch",
        }
    }
}

/// Which dead letters are meant.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Those of these queues; of all, if there are none.
    pub queues: Vec<Queue>,
    /// Only those that are about this repository.
    pub repository: Option<Repository>,
    /// Only those whose [words](About::words) hold this text.
    pub only: Option<String>,
    /// Show what would go back, and leave it.
    pub dry_run: bool,
}

/// What was found, and done.
#[derive(Debug)]
pub struct Replayed {
    /// What was found, by queue, as far as it was looked at.
    pub queues: Vec<Found>,
    /// What ended it before all of them were looked at.
    pub failure: Option<Error>,
}

/// What was found in one queue.
#[derive(Debug)]
pub struct Found {
    /// The queue.
    pub queue: Queue,
    /// The dead letters that are meant.
    pub letters: Vec<Letter>,
    /// How many there are that other processes hold.
    pub in_hand: u64,
}

/// A dead letter.
#[derive(Debug, Serialize)]
pub struct Letter {
    /// Its queue.
    pub queue: Queue,
    /// The id of its message.
    pub message: String,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// When it was first sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// True if it went back.
    pub replayed: bool,
}

/// What a message is about: names of files and repositories, and never what else it holds.
#[derive(Debug, Default, Serialize)]
pub struct About {
    /// In words.
    #[serde(rename = "about")]
    pub words: String,
    /// The repository, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The file, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The import, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
    /// True if it becomes a dead letter again, whatever was fixed.
    pub in_vain: bool,
}

/// Sends dead letters back to their queues, or shows those that would go back. Each goes back before it is taken out of
/// the dead letters, so none is lost whatever happens in between; those that are left are hidden from others meanwhile.
///
/// # Errors
/// [`Error::OnlyStacks`] for a folder; also if the stack does not say where its queues are. What fails later is in the
/// answer, with what was done before.
#[cfg_attr(not(feature = "aws"), expect(unused_variables, reason = "no folder has dead letters"))]
#[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "with the feature it asks AWS"))]
pub async fn replay(deployment: &Deployment, choice: &Choice) -> Result<Replayed> {
    match deployment {
        Deployment::Folder(local) => Err(Error::OnlyStacks(local.root().to_owned())),
        #[cfg(feature = "aws")]
        Deployment::Stack(stack) => letters::replay(stack, choice).await,
    }
}
