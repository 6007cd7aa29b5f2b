//! The change feed: what each line decided, in the transaction that lands it.
//!
//! Changes are kept in [blocks](tidewaiter_engine::change_blocks), one row of `_changes` each. Where changes are not kept, a
//! landing leaves one row without content, which says how many there were: numbers go on behind it, and a reader that asks
//! for them is told that they are gone.

use std::io;

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::Timestamp;
use tidewaiter_engine::change_blocks::{self, ChangeBlock};
use tidewaiter_engine::ports::ChangePage;

use super::packer::{Packed, Packer};
use super::tx::run_of;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Collects the changes of one landing.
#[derive(Debug)]
pub(super) struct Feed {
    keeps: bool,
    is_quiet: bool,
    block: ChangeBlock,
    /// The thread that compresses, if there was more than one block.
    packer: Option<Packer>,
    /// Blocks that came back empty.
    spare: Vec<ChangeBlock>,
    /// How many changes are counted and not kept.
    unkept: u64,
    run: i64,
}

impl Feed {
    /// One that keeps changes, or counts them. They are marked if they are quiet.
    pub(super) fn new(keeps: bool, is_quiet: bool) -> Self {
        let block = ChangeBlock::new(is_quiet);
        Self { keeps, is_quiet, block, packer: None, spare: Vec::new(), unkept: 0, run: 0 }
    }

    /// Notes that a record has these values now.
    pub(super) fn put<'v>(
        &mut self,
        sql: &Connection,
        (run, line): (i64, u64),
        record: (&str, &str),
        values: impl ExactSizeIterator<Item = (&'v str, &'v str)>,
    ) -> rusqlite::Result<()> {
        self.begin(sql, run)?;
        if self.keeps {
            self.block.put(line, record, values);
        }
        Ok(())
    }

    /// Notes that a record is removed.
    pub(super) fn remove(
        &mut self,
        sql: &Connection,
        (run, line): (i64, u64),
        record: (&str, &str),
    ) -> rusqlite::Result<()> {
        self.begin(sql, run)?;
        if self.keeps {
            self.block.remove(line, record);
        }
        Ok(())
    }

    /// A block has the changes of one run, and is not larger than it need be.
    fn begin(&mut self, sql: &Connection, run: i64) -> rusqlite::Result<()> {
        if self.run != run {
            self.flush(sql)?;
            self.run = run;
        } else if self.block.is_full() {
            self.pack(sql)?;
        }
        self.unkept += u64::from(!self.keeps);
        Ok(())
    }

    /// Hands a full block to the thread that compresses, and writes those that come back.
    fn pack(&mut self, sql: &Connection) -> rusqlite::Result<()> {
        let packer = match &mut self.packer {
            Some(packer) => packer,
            none => none.insert(Packer::start().map_err(not_packed)?),
        };
        let next = self.spare.pop().unwrap_or_else(|| ChangeBlock::new(self.is_quiet));
        let full = std::mem::replace(&mut self.block, next);
        for Packed { content, changes, empty } in packer.pack(full).map_err(not_packed)? {
            self.write(sql, &content, changes)?;
            self.spare.push(empty);
        }
        Ok(())
    }

    /// Writes what is collected.
    pub(super) fn flush(&mut self, sql: &Connection) -> rusqlite::Result<()> {
        if let Some(packer) = self.packer.take() {
            for Packed { content, changes, .. } in packer.finish().map_err(not_packed)? {
                self.write(sql, &content, changes)?;
            }
        }
        if self.block.changes() > 0 {
            let (content, changes) = self.block.take();
            self.write(sql, &content, changes)?;
        }
        if self.unkept > 0 {
            // A follower must not pass by what is not kept.
            let last = next(sql)?;
            sql.prepare_cached("DELETE FROM _changes")?.execute([])?;
            let unkept = std::mem::take(&mut self.unkept);
            self.insert(sql, last, &[], unkept)?;
        }
        Ok(())
    }

    fn write(&self, sql: &Connection, content: &[u8], changes: u64) -> rusqlite::Result<()> {
        self.insert(sql, next(sql)?, content, changes)
    }

    fn insert(&self, sql: &Connection, first: u64, content: &[u8], changes: u64) -> rusqlite::Result<()> {
        let insert = "INSERT INTO _changes (first, count, run, at, content) VALUES (?1, ?2, ?3, ?4, ?5)";
        let at = Timestamp::now().as_millisecond();
        sql.prepare_cached(insert)?.execute(params![first, changes, self.run, at, content]).map(|_| ())
    }
}

/// The number of the next change.
fn next(sql: &Connection) -> rusqlite::Result<u64> {
    let next = "SELECT first + count FROM _changes ORDER BY first DESC LIMIT 1";
    let next = sql.prepare_cached(next)?.query_row([], |row| row.get(0)).optional()?;
    Ok(next.unwrap_or(1))
}

fn not_packed(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// Drops the changes that were kept long enough. The last block stays: the numbers go on behind it.
pub(super) fn expire(sql: &Connection, keep_days: u32) -> rusqlite::Result<()> {
    let before = Timestamp::now().as_millisecond() - i64::from(keep_days) * DAY_MILLIS;
    let last = "(SELECT max(first) FROM _changes)";
    let oldest = sql
        .prepare_cached("SELECT at FROM _changes ORDER BY first LIMIT 1")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    if oldest.is_some_and(|oldest| oldest < before) {
        sql.prepare_cached(&format!("DELETE FROM _changes WHERE at < ?1 AND first < {last}"))?
            .execute([before])?;
    }
    Ok(())
}

/// The changes behind the `after`th: whole blocks, until there are `limit`.
pub(super) fn read(sql: &Connection, after: u64, limit: usize) -> rusqlite::Result<ChangePage> {
    let oldest = "SELECT CASE WHEN length(content) = 0 THEN first + count ELSE first END FROM _changes
                  ORDER BY first LIMIT 1";
    let oldest: Option<u64> = sql.query_row(oldest, [], |row| row.get(0)).optional()?;
    let mut page = ChangePage { oldest: oldest.unwrap_or_default(), ..ChangePage::default() };
    let mut blocks = sql.prepare_cached(
        "SELECT first, run, content FROM _changes
         WHERE first >= (SELECT coalesce(max(first), 0) FROM _changes WHERE first <= ?1) AND length(content) > 0
         ORDER BY first",
    )?;
    let mut rows = blocks.query([after.saturating_add(1)])?;
    while page.changes.len() < limit
        && let Some(row) = rows.next()?
    {
        let (first, run, content): (u64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (import, file) = run_of(sql, run)?;
        let changes = change_blocks::read(&content, first, (import, &file)).map_err(damaged)?;
        page.changes.extend(changes.into_iter().filter(|change| change.order > after));
    }
    Ok(page)
}

fn damaged(why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Blob, why.into())
}
