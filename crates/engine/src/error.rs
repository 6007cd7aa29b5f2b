//! What can be wrong with us or the platform. What is wrong with data is a finding, and never here.

use std::io;

/// A result of the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// Failures by meaning, each with the key or place it concerns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An object is not there.
    #[error("{key} does not exist")]
    NotFound {
        /// The object.
        key: String,
    },
    /// Something lies where no repository is.
    #[error(
        "{key} is in no repository: move it into a folder imports/<repository>/, named with letters, digits, `.`, `_`, `-`"
    )]
    Stray {
        /// What.
        key: String,
    },
    /// The permissions of a dropped file keep us from reading it, though we reach it: its sender gave it those.
    #[error("{key} cannot be opened: {source}")]
    Unreadable {
        /// The file.
        key: String,
        /// What the store said.
        source: io::Error,
    },
    /// We may not read something of the deployment, or not enter a folder on the way to it. An operator has to give
    /// the permission; no partner can.
    #[error("{key} cannot be read: {source}")]
    Denied {
        /// The object or folder.
        key: String,
        /// What the store said.
        source: io::Error,
    },
    /// Something of the deployment cannot be written: a permission is missing, the disk is full.
    #[error("{key} cannot be written: {source}")]
    Unwritable {
        /// The object or folder.
        key: String,
        /// What the store said.
        source: io::Error,
    },
    /// The databases of a folder do not belong together: one was lost, emptied or exchanged.
    #[error("{key} {what}")]
    Lost {
        /// The database.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another process works on the folder.
    #[error("another tidewaiter process is working on {key}: a folder takes one at a time")]
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
    #[error("import {id} was started by another version of tidewaiter; only that version can finish it")]
    Batches {
        /// The import.
        id: String,
    },
    /// Another worker found that the file of the run is gone, or takes too long: nothing of it is loaded any more.
    #[error("import {id} is closed: its file was missing, or loading it takes too long")]
    Closed {
        /// The import.
        id: String,
    },
    /// The tables of records cannot become what a configuration says.
    #[error("{why}; {hint}")]
    Unfit {
        /// What does not fit.
        why: String,
        /// What can be done about it.
        hint: String,
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
            | Self::Store { .. }
            | Self::Mail { .. }
            | Self::Task(_) => true,
            Self::Objects { source, .. } | Self::Unwritable { source, .. } => may_pass(source),
            Self::NotFound { .. }
            | Self::Unfit { .. }
            | Self::Unreadable { .. }
            | Self::Denied { .. }
            | Self::Lost { .. }
            | Self::Stray { .. }
            | Self::Busy { .. }
            | Self::Refused { .. }
            | Self::Configuration { .. }
            | Self::Settings { .. }
            | Self::Batches { .. }
            | Self::UnknownImport { .. } => false,
        }
    }

    /// A failure of the object store to read `key`, sorted by meaning.
    pub fn object(key: impl Into<String>, source: io::Error) -> Self {
        let key = key.into();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { key },
            io::ErrorKind::PermissionDenied => Self::Denied { key, source },
            _ => Self::Objects { key, source },
        }
    }

    /// A failure of the object store to write `key`.
    pub fn writing(key: impl Into<String>, source: io::Error) -> Self {
        Self::Unwritable { key: key.into(), source }
    }

    /// True if it is what all repositories have in common that fails: a database, a disk. Then it is told once for all of
    /// them.
    pub fn is_shared(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match self {
            Self::Store { .. } => true,
            Self::Objects { source, .. } | Self::Unwritable { source, .. } | Self::Mail { source, .. } => {
                matches!(source.kind(), QuotaExceeded | ReadOnlyFilesystem | StorageFull)
            }
            _ => false,
        }
    }

    /// The object it concerns, if it concerns one, and what is wrong: the part that other objects may share, so that
    /// a cause is told once however many objects it concerns.
    pub fn cause(&self) -> (Option<&str>, String) {
        match self {
            Self::Denied { key, source } => (Some(key), format!("cannot be read: {source}")),
            Self::Unwritable { key, source } => (Some(key), format!("cannot be written: {source}")),
            Self::Objects { key, source } => (Some(key), format!("failed: {source}")),
            Self::Mail { source, .. } => (None, format!("it was not sent: {source}")),
            other => (None, other.to_string()),
        }
    }
}

/// True if the same call may well succeed a moment later. What needs an operator is not asked for again and again.
fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::{
        CrossesDevices, InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied,
        QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    !matches!(
        error.kind(),
        CrossesDevices
            | InvalidFilename
            | IsADirectory
            | NotADirectory
            | NotFound
            | PermissionDenied
            | QuotaExceeded
            | ReadOnlyFilesystem
            | StorageFull
    )
}
