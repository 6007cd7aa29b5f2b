//! A transaction on the database of a universe, as long as a file is landed.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tidewaiter::id::ImportId;
use tokio::sync::OwnedMutexGuard;

use super::feed::Feed;
use super::known_keys::KnownKeys;
use super::staged::Staged;
use crate::sqlite::{Database, overtaken};
use tidewaiter_engine::{Error, Result};

/// A file within a transaction that several files share: its begin, its end, and how it is undone.
const PART: &str = "SAVEPOINT file";
const END_PART: &str = "RELEASE file";
const UNDO_PART: &str = "ROLLBACK TO file; RELEASE file";

/// A transaction, as long as anything is done in it: also on another thread, for a worker that is gone.
pub(super) struct Session {
    pub(super) universe: String,
    pub(super) import: ImportId,
    pub(super) file: String,
    pub(super) database: Database,
    /// True if its transaction is a part of one that several files share.
    pub(super) is_shared: bool,
    /// Where the lines of the file are sorted, if they are.
    pub(super) sorts_in: Option<PathBuf>,
    pub(super) state: Mutex<State>,
    /// Where each batch is committed for itself there is no turn to wait for.
    pub(super) turn: Option<OwnedMutexGuard<()>>,
}

pub(super) struct State {
    is_open: bool,
    has_failed: bool,
    known: KnownKeys,
    feed: Feed,
    staged: Option<Staged>,
}

impl State {
    /// Before anything is done; changes are kept or counted, and quiet or not.
    pub(super) fn new(keeps_changes: bool, is_quiet: bool) -> Self {
        let (known, feed) = (KnownKeys::default(), Feed::new(keeps_changes, is_quiet));
        Self { is_open: false, has_failed: false, known, feed, staged: None }
    }
}

/// What a part of the work sees.
pub(super) struct Inside<'a> {
    pub(super) sql: &'a Connection,
    pub(super) session: &'a Session,
    pub(super) known: &'a mut KnownKeys,
    pub(super) feed: &'a mut Feed,
    pub(super) staged: &'a mut Option<Staged>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("import", &self.import).finish_non_exhaustive()
    }
}

impl Drop for Session {
    /// Before the next one has its turn.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.is_open {
            self.roll_back();
        }
    }
}

impl Session {
    /// Does a part of the work. If that fails, all of it is rolled back, and nothing more is done.
    pub(super) fn now<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(Inside<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { is_open, has_failed, known, feed, staged } = &mut *state;
        let done = self.database.now(what, |sql| {
            if *has_failed {
                return Err(overtaken("an earlier part of the file could not be loaded".to_owned()));
            }
            // What fails from here on is rolled back, also by a panic.
            *has_failed = true;
            if !*is_open {
                self.open(sql)?;
                *is_open = true;
            }
            let value = work(Inside { sql, session: self, known, feed, staged })?;
            if self.turn.is_none() {
                feed.flush(sql)?;
                sql.execute_batch("COMMIT")?;
                *is_open = false;
                *known = KnownKeys::default();
            }
            *has_failed = false;
            Ok(value)
        });
        if *has_failed && *is_open {
            self.roll_back();
            *is_open = false;
        }
        done
    }

    fn open(&self, sql: &Connection) -> rusqlite::Result<()> {
        if !self.is_shared {
            return sql.execute_batch("BEGIN IMMEDIATE");
        }
        // Without the shared transaction, the end of this part of it would be a commit.
        if sql.is_autocommit() {
            return Err(overtaken("what several files landed together was rolled back".to_owned()));
        }
        sql.execute_batch(PART)?;
        self.database.has_part(true);
        Ok(())
    }

    /// Rolls back all of it, and nothing of the files that share its transaction.
    fn roll_back(&self) {
        if self.is_shared {
            self.database.undo_part(UNDO_PART);
            self.database.has_part(false);
        } else {
            self.database.roll_back();
        }
    }

    /// Commits all of it. If that fails, it is rolled back with the session.
    pub(super) fn keep(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { is_open, has_failed, feed, staged, .. } = &mut *state;
        self.database.now("keeping records", |sql| {
            if *has_failed || staged.is_some() {
                return Err(overtaken("a part of the file is not loaded".to_owned()));
            }
            if *is_open {
                feed.flush(sql)?;
                sql.execute_batch(if self.is_shared { END_PART } else { "COMMIT" })?;
                self.database.has_part(false);
                *is_open = false;
            }
            Ok(())
        })
    }

    pub(super) fn closed(&self) -> Error {
        Error::Closed { id: self.import.to_string() }
    }
}
