//! The change feed: what each line decided, in the transaction that lands it.
//!
//! Changes are kept in compressed blocks, one row of `_changes` each: a file that changes a million records changes them
//! once more there, and most of what is written is never read.
//!
//! A change in a block: its operation, its line, its scope, its key, the number of its values, and then each field with its
//! value. Texts and numbers are as in [`Writer`].

use std::collections::BTreeMap;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::Timestamp;
use tidewaiter_engine::ports::{ChangePage, Operation, RecordChange};

use super::tx::run_of;

/// A block is written when it has so many bytes.
const BLOCK_BYTES: usize = 128 << 10;
/// For how many days changes are kept.
const KEPT_DAYS: i64 = 7;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Collects the changes of one landing.
#[derive(Debug, Default)]
pub(super) struct Feed {
    block: Vec<u8>,
    changes: u64,
    run: i64,
}

impl Feed {
    /// Notes that a record has these values now.
    pub(super) fn put<'v>(
        &mut self,
        sql: &Connection,
        (run, line): (i64, u64),
        (scope, key): (&str, &str),
        values: impl ExactSizeIterator<Item = (&'v str, &'v str)>,
    ) -> rusqlite::Result<()> {
        self.begin(sql, run)?;
        let mut write = Writer(&mut self.block);
        write.change(0, line, scope, key);
        write.number(values.len() as u64);
        for (field, text) in values {
            write.text(field);
            write.text(text);
        }
        self.changes += 1;
        Ok(())
    }

    /// Notes that a record is removed.
    pub(super) fn remove(
        &mut self,
        sql: &Connection,
        (run, line): (i64, u64),
        (scope, key): (&str, &str),
    ) -> rusqlite::Result<()> {
        self.begin(sql, run)?;
        Writer(&mut self.block).change(1, line, scope, key);
        self.changes += 1;
        Ok(())
    }

    /// A block has the changes of one run, and is not larger than it need be.
    fn begin(&mut self, sql: &Connection, run: i64) -> rusqlite::Result<()> {
        if self.block.len() >= BLOCK_BYTES || self.run != run {
            self.flush(sql)?;
            self.run = run;
        }
        Ok(())
    }

    /// Writes what is collected.
    pub(super) fn flush(&mut self, sql: &Connection) -> rusqlite::Result<()> {
        if self.changes == 0 {
            return Ok(());
        }
        let next: u64 = sql
            .prepare_cached("SELECT first + count FROM _changes ORDER BY first DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(1);
        let insert = "INSERT INTO _changes (first, count, run, at, content) VALUES (?1, ?2, ?3, ?4, ?5)";
        let at = Timestamp::now().as_millisecond();
        let content = compress_prepend_size(&self.block);
        sql.prepare_cached(insert)?.execute(params![next, self.changes, self.run, at, content])?;
        self.block.clear();
        self.changes = 0;
        Ok(())
    }
}

/// Drops the changes that were kept long enough. The last block stays: the numbers go on behind it.
pub(super) fn expire(sql: &Connection) -> rusqlite::Result<()> {
    let before = Timestamp::now().as_millisecond() - KEPT_DAYS * DAY_MILLIS;
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
    let oldest: Option<u64> = sql.query_row("SELECT min(first) FROM _changes", [], |row| row.get(0))?;
    let mut page = ChangePage { oldest: oldest.unwrap_or_default(), ..ChangePage::default() };
    let mut blocks = sql.prepare_cached(
        "SELECT first, run, content FROM _changes
         WHERE first >= (SELECT coalesce(max(first), 0) FROM _changes WHERE first <= ?1) ORDER BY first",
    )?;
    let mut rows = blocks.query([after.saturating_add(1)])?;
    while page.changes.len() < limit
        && let Some(row) = rows.next()?
    {
        let (first, run, content): (u64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (import, file) = run_of(sql, run)?;
        let block = decompress_size_prepended(&content).map_err(damaged)?;
        let (mut reader, mut order) = (Reader(&block), first);
        while !reader.0.is_empty() {
            let change = reader.change().ok_or_else(|| damaged("a change is cut off"))?;
            if order > after {
                page.changes.push(RecordChange { order, import, file: file.clone(), ..change });
            }
            order += 1;
        }
    }
    Ok(page)
}

fn damaged(why: impl std::fmt::Display) -> rusqlite::Error {
    let why = format!("a block of changes is damaged: {why}");
    rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Blob, why.into())
}

/// Writes numbers as bytes of seven bits, the lowest first, and texts behind their length.
struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn change(&mut self, operation: u8, line: u64, scope: &str, key: &str) {
        self.0.push(operation);
        self.number(line);
        self.text(scope);
        self.text(key);
    }

    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// Reads what a [`Writer`] has written.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn change(&mut self) -> Option<RecordChange> {
        let (operation, rest) = self.0.split_first()?;
        self.0 = rest;
        let (line, scope, key) = (self.number()?, self.text()?, self.text()?);
        let mut values = BTreeMap::new();
        let operation = match operation {
            0 => {
                for _ in 0..self.number()? {
                    let (field, text) = (self.text()?, self.text()?);
                    values.insert(field, text);
                }
                Operation::Put
            }
            1 => Operation::Remove,
            _ => return None,
        };
        let import = tidewaiter::id::ImportId::new(Timestamp::UNIX_EPOCH, 0);
        Some(RecordChange { order: 0, operation, scope, key, values, import, file: String::new(), line })
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}
