//! How a process uses the database, and what it knows of it.

use std::sync::Arc;
use std::time::Duration;

use tidewaiter_engine::Result;
use tidewaiter_engine::ports::KEEP_CHANGES_DAYS;

/// How a process uses the database.
#[derive(Clone)]
pub struct Options {
    /// How many files are landed at a time, each on a connection of its own. There is one connection more, for questions.
    pub landings: usize,
    /// For how many days the changes of records are kept; 0 keeps none.
    pub keep_changes_days: u32,
    /// True if records are only looked at: nothing is written.
    pub is_looked: bool,
    /// Whether a landing takes the connection for questions: for a process that does one thing after the other, and has
    /// one connection then.
    pub shares_connection: bool,
    /// How long a lock is waited for, that of the universe above all. None for as long as it takes.
    pub patience: Option<Duration>,
    /// Whether answers to batches are dropped after 30 days: where other processes may still hold an import that is over,
    /// nothing else may drop them.
    pub answers_expire: bool,
    /// What the deployment knows of its universes. Without it, the process uses the universes that belong to none.
    pub registry: Option<Arc<dyn Registry>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            landings: 4,
            keep_changes_days: KEEP_CHANGES_DAYS,
            is_looked: false,
            shares_connection: false,
            patience: None,
            answers_expire: false,
            registry: None,
        }
    }
}

impl Options {
    /// For a function of AWS Lambda, which handles one message after the other, and stands still between them.
    pub fn of_function() -> Self {
        Self {
            landings: 1,
            shares_connection: true,
            patience: Some(Duration::from_mins(1)),
            answers_expire: true,
            ..Self::default()
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("landings", &self.landings)
            .field("keep_changes_days", &self.keep_changes_days)
            .field("is_looked", &self.is_looked)
            .field("shares_connection", &self.shares_connection)
            .field("patience", &self.patience)
            .field("answers_expire", &self.answers_expire)
            .finish_non_exhaustive()
    }
}

/// What a deployment knows of its universes.
pub trait Registry: Send + Sync + 'static {
    /// The id of the deployment.
    fn deployment(&self) -> &str;
    /// The universes for which it has made a schema.
    ///
    /// # Errors
    /// If that cannot be read.
    fn universes(&self) -> Result<Vec<String>>;
    /// A universe has a schema, and nothing of this file is landed there yet.
    ///
    /// # Errors
    /// If that cannot be written down; then nothing is landed.
    fn made(&self, universe: &str) -> Result<()>;
}
