//! Several writes share one transaction, and with it one commit. Each is a part of its own, which fails alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;

use super::{Database, Inner, overtaken};

/// Whether several writes share one transaction, and with it one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Each write has its own.
    No,
    /// Writes share one, and none was made yet.
    Ready,
    /// Writes share the one that is open.
    Open,
    /// The one that writes shared is lost, so nothing is written.
    Lost,
}

impl Inner {
    /// Begins the transaction that writes share, with the first of them.
    pub(super) fn begin_shared(&mut self) -> rusqlite::Result<()> {
        if self.sharing == Sharing::Ready {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.sharing = Sharing::Open;
        }
        // A failure of the disk, or a panic, rolls back all of it.
        if self.is_lost() { Err(rolled_back()) } else { Ok(()) }
    }

    /// True if what writes shared was rolled back.
    fn is_lost(&self) -> bool {
        match self.sharing {
            Sharing::No | Sharing::Ready => false,
            Sharing::Open => self.connection.is_autocommit(),
            Sharing::Lost => true,
        }
    }

    /// Writes within the transaction that writes share. What fails is undone alone.
    pub(super) fn write_part<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.begin_shared()?;
        let sql = &self.connection;
        sql.prepare_cached("SAVEPOINT part")?.execute([])?;
        let done = work(sql);
        if done.is_err() {
            sql.execute_batch("ROLLBACK TO part")?;
        }
        sql.prepare_cached("RELEASE part")?.execute([])?;
        done
    }

    /// Commits what writes shared, after one more of them.
    pub(super) fn commit_shared(
        &mut self,
        last: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        if self.is_lost() {
            return Err(rolled_back());
        }
        if self.sharing == Sharing::Open {
            last(&self.connection)?;
            self.connection.execute_batch("COMMIT")?;
            self.sharing = Sharing::Ready;
        }
        Ok(())
    }
}

impl Database {
    /// From now on writes share one transaction, until [`Database::commit_shared`] commits it.
    pub(crate) fn share(&self) {
        self.with_inner(|inner| {
            if inner.sharing == Sharing::No {
                inner.sharing = Sharing::Ready;
            }
        });
    }

    /// True if it is the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// True if writes share a transaction.
    pub(crate) fn is_shared(&self) -> bool {
        self.with_inner(|inner| inner.sharing != Sharing::No)
    }

    /// True if what was written was rolled back, by a failure of the disk or a panic.
    pub(crate) fn has_lost_shared(&self) -> bool {
        self.with_inner(|inner| inner.is_lost())
    }

    /// True if something was written that is not committed.
    pub(crate) fn has_shared(&self) -> bool {
        self.with_inner(|inner| inner.sharing == Sharing::Open)
    }

    /// Begins the transaction that writes share.
    pub(crate) fn begin_shared(&self, what: &'static str) -> Result<()> {
        self.use_now(what, Inner::begin_shared)
    }

    /// Commits what was written on behalf of a repository, after one more write. What it relies on is durable then.
    ///
    /// # Errors
    /// If it cannot be committed: then all of it has to be undone, by [`Database::end_shared`].
    pub(crate) fn commit_shared(
        &self,
        what: &'static str,
        behalf: &Repository,
        last: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let has_part = self.has_part.load(Ordering::Relaxed);
        self.use_now(what, |inner| {
            if has_part {
                return Err(overtaken("a file is being landed".to_owned()));
            }
            inner.commit_shared(|sql| {
                self.flush(Some(behalf))?;
                last(sql)
            })
        })
    }

    /// From now on each write has its own transaction. What is not committed is undone.
    pub(crate) fn end_shared(&self) {
        self.undo_shared(Sharing::No);
    }

    /// Undoes what is not committed. Nothing is written until [`Database::end_shared`].
    pub(crate) fn lose_shared(&self) {
        self.undo_shared(Sharing::Lost);
    }

    fn undo_shared(&self, then: Sharing) {
        self.with_inner(|inner| {
            if inner.sharing == Sharing::Open {
                inner.roll_back();
            }
            inner.sharing = then;
        });
    }

    /// Notes whether a part of what writes share is open.
    pub(crate) fn has_part(&self, has_part: bool) {
        self.has_part.store(has_part, Ordering::Relaxed);
    }

    /// Undoes a part of the transaction that writes share, if both are open.
    pub(crate) fn undo_part(&self, undo: &'static str) {
        self.with_inner(|inner| {
            // If the part cannot be undone alone, all of it is.
            if !inner.connection.is_autocommit() && inner.connection.execute_batch(undo).is_err() {
                inner.roll_back();
            }
        });
    }
}

/// Why nothing more is written: what was written before is lost.
fn rolled_back() -> rusqlite::Error {
    overtaken("what several files wrote together was rolled back".to_owned())
}
