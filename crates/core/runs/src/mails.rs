//! What became of the mails about a run.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use tidewaiter_model::id::Timestamp;
use tidewaiter_schema::config::Digest;

/// What is wrong with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it was found.
    pub at: Timestamp,
    /// What, and what an operator can do about it.
    pub why: String,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Everybody has it, as far as can be told.
    Sent,
    /// Some recipients do not get it, and it is not retried.
    Failed(Trouble),
    /// No recipient has it, and it stays due.
    Delayed(Trouble),
}

impl Delivery {
    /// What it means for a mail that is due: whether it stays so, and what is wrong.
    #[must_use]
    pub fn state(&self) -> (bool, Option<Trouble>) {
        match self {
            Self::Sent => (false, None),
            Self::Failed(trouble) => (false, Some(trouble.clone())),
            Self::Delayed(trouble) => (true, Some(trouble.clone())),
        }
    }
}

/// The digest that a report goes into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestPlace {
    /// Which time it is about.
    pub every: Digest,
    /// When that begins. None of a run, which begins with its first report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Who gets it, each once and in order.
    pub recipients: Vec<String>,
    /// True while the report waits for it.
    pub due: bool,
    /// Why some recipients never get it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<Trouble>,
}

impl DigestPlace {
    /// What reports of a repository have in common that go into one digest. It has no `#`.
    pub fn key(&self) -> String {
        let hash = Sha256::digest(self.recipients.join("\n"));
        let hash = hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let from = self.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
        format!("{}/{from}/{hash:016x}", self.every.as_str())
    }
}
