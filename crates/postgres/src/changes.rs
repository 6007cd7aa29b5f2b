//! The change feed: what each batch did, noted in the transaction that does it.
//!
//! A universe is changed by one transaction at a time, which has its lock from before its first change until it is committed.
//! The number of the last change is in the row of the universe, so a transaction that is undone leaves no gap: numbers come
//! without gaps, in the order in which changes become visible. Of a record that several lines of a batch changed, the
//! feed has the outcome.
//!
//! Where changes are not kept they are counted, and earlier ones are dropped: a reader that asks for them is told that they
//! are gone.

use tidewaiter::id::ImportId;
use tidewaiter_engine::Result;
use tidewaiter_engine::change_blocks::{self, ChangeBlock};
use tidewaiter_engine::ports::ChangePage;

use crate::failure::broken;
use crate::fresh::FreshRecords;
use crate::names::{literal, table};
use crate::overlay::Difference;
use crate::session::{Session, value};

const NOTING: &str = "noting changes";
const READING: &str = "reading changes";

/// Collects the changes of one landing.
#[derive(Debug)]
pub(crate) struct Feed {
    keep_days: u32,
    block: ChangeBlock,
    /// Blocks that are full: how many changes each has, and what is kept of it.
    full: Vec<(u64, Vec<u8>)>,
    /// How many changes there were before those in the blocks; None if it was not asked yet.
    before: Option<u64>,
    /// How many changes are written or counted.
    changes: u64,
}

impl Feed {
    /// One that keeps changes for so many days; with 0, it counts them. They are marked if they are quiet.
    pub(crate) fn new(keep_days: u32, is_quiet: bool) -> Self {
        Self { keep_days, block: ChangeBlock::new(is_quiet), full: Vec::new(), before: None, changes: 0 }
    }

    /// Notes what changed in one scope.
    pub(crate) fn note(&mut self, fresh: &FreshRecords, all: &Difference) {
        if self.keep_days == 0 {
            let changes = all.removed.len() + all.changed.len() + all.new.len() + all.fresh.len();
            self.changes += changes as u64;
            return;
        }
        let scope = all.scope.as_str();
        for (key, line) in &all.removed {
            self.block().remove(*line, (scope, key));
        }
        let changed = all.changed.iter().map(|(key, record, _)| (key, record));
        for (key, record) in changed.chain(all.new.iter().map(|(key, record)| (key, record))) {
            let values = record.values.iter().map(|(field, value)| (field.as_str(), value.text.as_str()));
            self.block().put(record.changed.line, (scope, key), values);
        }
        for (key, one) in &all.fresh {
            let name = |at: usize| fresh.fields().get(at).map(String::as_str).unwrap_or_default();
            let values = fresh.cells(*one).map(|(at, text)| (name(at), text));
            self.block().put(one.source.line, (scope, key), values);
        }
    }

    /// The block that takes the next change.
    fn block(&mut self) -> &mut ChangeBlock {
        if self.block.is_full() {
            self.end_block();
        }
        &mut self.block
    }

    fn end_block(&mut self) {
        if self.block.changes() > 0 {
            let (content, count) = self.block.take();
            self.full.push((count, content));
        }
    }

    /// Writes the blocks that are full.
    pub(crate) async fn write(&mut self, session: &Session, place: Place<'_>, run: i32) -> Result<()> {
        if self.full.is_empty() {
            return Ok(());
        }
        let before = match self.before {
            Some(before) => before,
            None => *self.before.insert(last(session, place.universe).await?),
        };
        let (mut firsts, mut counts, mut contents) = (Vec::new(), Vec::new(), Vec::new());
        for (count, content) in self.full.drain(..) {
            firsts.push(number(before + self.changes + 1));
            counts.push(number(count));
            contents.push(content);
            self.changes += count;
        }
        let sql = format!(
            "INSERT INTO {} (first, count, run, content)
             SELECT first, count, $4, content FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS b(first, count, content)",
            table(place.schema, "_changes")
        );
        session.execute(NOTING, &sql, &[&firsts, &counts, &contents, &run]).await.map(|_| ())
    }

    /// Writes the rest; answers what is to be run before the transaction is committed.
    pub(crate) async fn finish(&mut self, session: &Session, place: Place<'_>, run: i32) -> Result<String> {
        self.end_block();
        self.write(session, place, run).await?;
        if self.changes == 0 {
            return Ok(String::new());
        }
        let old = match self.keep_days {
            0 => String::new(),
            days => format!(" WHERE at < now() - interval '{days} days'"),
        };
        Ok(format!(
            "UPDATE tidewaiter.universes SET changes = changes + {} WHERE universe = {}; DELETE FROM {}{old};",
            self.changes,
            literal(place.universe),
            table(place.schema, "_changes"),
        ))
    }
}

/// Where changes are noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) universe: &'a str,
    pub(crate) schema: &'a str,
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of the last change of a universe.
async fn last(session: &Session, universe: &str) -> Result<u64> {
    let sql = "SELECT changes FROM tidewaiter.universes WHERE universe = $1";
    let row = session.row(NOTING, sql, &[&universe]).await?;
    let row = row.ok_or_else(|| broken(NOTING, format!("universe {universe} is gone")))?;
    Ok(value::<i64>(NOTING, &row, 0)?.unsigned_abs())
}

/// The changes behind the `after`th: whole blocks, until there are `limit`.
pub(crate) async fn read(
    session: &Session,
    place: Place<'_>,
    after: u64,
    limit: usize,
) -> Result<ChangePage> {
    // One statement sees one moment: what is kept, and where it begins.
    let sql = format!(
        "SELECT u.changes, (SELECT min(first) FROM {changes}), b.first, r.import, r.file, b.content
         FROM tidewaiter.universes u
         LEFT JOIN (SELECT *, (sum(count) OVER (ORDER BY first) - count)::bigint AS earlier
                    FROM (SELECT * FROM {changes}
                          WHERE first >= (SELECT coalesce(max(first), 0) FROM {changes} WHERE first <= $1::bigint)
                          ORDER BY first LIMIT $2::bigint) c) b
           ON b.earlier <= $2::bigint
         LEFT JOIN {runs} r ON r.id = b.run
         WHERE u.universe = $3 ORDER BY b.first",
        changes = table(place.schema, "_changes"),
        runs = table(place.schema, "_runs"),
    );
    let (behind, most) = (number(after.saturating_add(1)), i64::try_from(limit.max(1)).unwrap_or(i64::MAX));
    let mut page = ChangePage::default();
    for row in session.rows(READING, &sql, &[&behind, &most, &place.universe]).await? {
        let all: i64 = value(READING, &row, 0)?;
        let oldest: Option<i64> = value(READING, &row, 1)?;
        // What was not kept leaves its numbers behind.
        let next = if all > 0 { all + 1 } else { 0 };
        page.oldest = oldest.unwrap_or(next).unsigned_abs();
        let Some(first) = value::<Option<i64>>(READING, &row, 2)? else { continue };
        let import: &str = value(READING, &row, 3)?;
        let import: ImportId = import.parse().map_err(|reason: String| broken(READING, reason))?;
        let (file, content): (&str, &[u8]) = (value(READING, &row, 4)?, value(READING, &row, 5)?);
        let changes = change_blocks::read(content, first.unsigned_abs(), (import, file));
        let changes = changes.map_err(|reason| broken(READING, reason))?;
        page.changes.extend(changes.into_iter().filter(|change| change.order > after));
    }
    Ok(page)
}
