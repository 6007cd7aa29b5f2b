//! What can be wrong with us or the platform. What is wrong with data is a finding, and never here.

use std::io;

/// A result of the pipeline.
pub type Result<T> = std::result::Result<T, Error>;

/// Failures by meaning, each with the key or place it concerns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An object is not there.
    #[error("{key} is not there")]
    NotFound {
        /// The object.
        key: String,
    },
    /// Something lies where no repository is.
    #[error(
        "{key} is in no repository: move it into a folder imports/<repository>/, with a name of letters, digits, `.`, `_`, `-`"
    )]
    Stray {
        /// What.
        key: String,
    },
    /// An object may not be read or written.
    #[error("{key} cannot be opened: {source}")]
    Denied {
        /// The object.
        key: String,
        /// What the store said.
        source: io::Error,
    },
    /// Another process works on the folder.
    #[error("another tidewaiter is at work on {key}: one at a time works on a folder")]
    Busy {
        /// The folder.
        key: String,
    },
    /// An object changed while it was being read.
    #[error("{key} changed while it was being read")]
    Changed {
        /// The object.
        key: String,
    },
    /// The object store failed.
    #[error("{key}: {source}")]
    Objects {
        /// The object.
        key: String,
        /// What the store said.
        source: io::Error,
    },
    /// The store of state or records failed.
    #[error("{what}: {source}")]
    Store {
        /// What was being done.
        what: &'static str,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The platform refuses what it is asked for: a permission, a table, a queue is missing. An operator has
    /// to mend the deployment.
    #[error("{what}: refused: {reason}")]
    Refused {
        /// What was being done, or the object.
        what: String,
        /// What the platform said.
        reason: String,
    },
    /// The active configuration of a repository cannot be used. An operator has to mend it.
    #[error("{key} is not a usable configuration: {mistakes}")]
    Configuration {
        /// The configuration.
        key: String,
        /// What is wrong with it.
        mistakes: String,
    },
    /// The operator's settings of a folder cannot be used.
    #[error("{key} is not usable: {mistakes}")]
    Settings {
        /// The file.
        key: String,
        /// What is wrong with it.
        mistakes: String,
    },
    /// A message speaks of something that does not exist.
    #[error("no import {id} is registered")]
    UnknownImport {
        /// The import.
        id: String,
    },
    /// An import was begun by a version that cut its lines into other batches.
    #[error("import {id} was begun by another version of tidewaiter, and can be ended by that one only")]
    Batches {
        /// The import.
        id: String,
    },
    /// Somebody has found that the file of an import is gone: nothing of it is loaded any more.
    #[error("import {id} is not loaded any more: its file was not there when somebody looked")]
    Closed {
        /// The import.
        id: String,
    },
    /// The time of this process is up, and the file is not loaded to its end.
    #[error("the time was up when {landed} batches of import {id} were loaded")]
    OutOfTime {
        /// The import.
        id: String,
        /// How many of its batches are landed.
        landed: u64,
    },
    /// A mail could not be sent.
    #[error("mail for import {id} was not sent: {source}")]
    Mail {
        /// The import it is about.
        id: String,
        /// What the mail service said.
        source: io::Error,
    },
    /// A task of ours stopped before it was done.
    #[error("a background task stopped: {0}")]
    Task(String),
}

impl Error {
    /// True if the same message may well succeed later, without anybody's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Changed { .. }
            | Self::Closed { .. }
            | Self::OutOfTime { .. }
            | Self::Store { .. }
            | Self::Mail { .. }
            | Self::Task(_) => true,
            Self::Objects { source, .. } => !matches!(source.kind(), io::ErrorKind::StorageFull),
            Self::NotFound { .. }
            | Self::Denied { .. }
            | Self::Stray { .. }
            | Self::Busy { .. }
            | Self::Refused { .. }
            | Self::Configuration { .. }
            | Self::Settings { .. }
            | Self::Batches { .. }
            | Self::UnknownImport { .. } => false,
        }
    }

    /// A failure of the object store at `key`, sorted by meaning.
    pub fn object(key: impl Into<String>, source: io::Error) -> Self {
        let key = key.into();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { key },
            io::ErrorKind::PermissionDenied => Self::Denied { key, source },
            _ => Self::Objects { key, source },
        }
    }
}
