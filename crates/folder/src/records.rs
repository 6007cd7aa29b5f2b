//! Records in SQLite.
//!
//! Records are rows in the order in which they were made, found through an index on their keys. The values
//! are wide and the keys are not: were the rows kept in the order of the keys, each new one would change
//! another page of the whole table; this way only the index is touched all over, and it is a tenth of the
//! size.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Landed, Layout, Plan, land};

use super::disk::Disk;
use super::known_keys::KnownKeys;
use super::record_tx::SqliteTx;
use super::sqlite::{Database, from_json, to_json};
use super::{record_tx, records_read};
use tidewaiter_engine::ports::{Applied, Batch, BatchNumber, Pruned, Pruning, Records, Stays, StoredRecord};
use tidewaiter_engine::{Error, Result};

pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY,
        universe TEXT NOT NULL,
        scope TEXT NOT NULL,
        UNIQUE (scope, universe)
    );
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL REFERENCES collections (id),
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        import TEXT NOT NULL,
        line INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX records_by_key ON records (collection, key);
    CREATE TABLE applied (
        import TEXT NOT NULL,
        number INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (import, number)
    ) WITHOUT ROWID;
    ",
    // Values that another line than the record's own brought, and batches by loader.
    "
    ALTER TABLE records ADD COLUMN earlier TEXT;
    DROP TABLE applied;
    CREATE TABLE applied (
        import TEXT NOT NULL,
        share INTEGER NOT NULL,
        number INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (import, share, number)
    ) WITHOUT ROWID;
    ",
];

/// How many lines are committed together. Keys come in any order: each commit of a large file writes most pages of
/// their index anew.
const COMMITTED_LINES: usize = 50_000;
/// The share under which the answers to reconciliations are kept.
const SWEEPS: i64 = -1;
/// The share under which it is noted that nothing is loaded any more.
const CLOSED: i64 = -2;

/// Records in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteRecords {
    database: Database,
}

impl SqliteRecords {
    /// Opens or creates the store.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of(Database::open(path, MIGRATIONS)?))
    }

    pub(super) fn of(database: Database) -> Self {
        Self { database }
    }

    /// With the files of a deployment beside it: what was changed there is durable before anything is written here.
    #[must_use]
    pub fn on(mut self, disk: &Disk) -> Self {
        self.database = self.database.on(disk);
        self
    }
}

/// A batch that can go to another thread.
struct Work {
    universe: String,
    import: ImportId,
    number: BatchNumber,
    plan: Arc<Plan>,
    layout: Layout,
    changes: Arc<Vec<Change>>,
}

/// A reconciliation that can go to another thread.
struct Clearing {
    universe: String,
    import: ImportId,
    page: u64,
    after: Option<String>,
    limit: usize,
    plan: Arc<Plan>,
    stays: Arc<Stays>,
}

impl Records for SqliteRecords {
    /// Lines of a batch are landed in the order of their keys, so that many of them share a page of the index.
    fn batch_lines(&self) -> usize {
        10_000
    }

    async fn apply(&self, batch: &Batch<'_>) -> Result<Applied> {
        let work = Work {
            universe: batch.universe.to_owned(),
            import: batch.import,
            number: batch.number,
            plan: Arc::clone(batch.plan),
            layout: batch.layout.clone(),
            changes: Arc::clone(batch.changes),
        };
        let lines = (batch.changes.len(), COMMITTED_LINES);
        let apply = move |sql: &Connection, known: &mut KnownKeys| work.run(sql, known);
        let applied = self.database.gather("loading records", batch.import, lines, apply).await?;
        applied.ok_or_else(|| closed(batch.import))
    }

    async fn flush(&self, import: ImportId) -> Result<()> {
        self.database.commit_pending("keeping records", import).await
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let clearing = Clearing {
            universe: pruning.universe.to_owned(),
            import: pruning.import,
            page: pruning.page,
            after: pruning.after.map(str::to_owned),
            limit: pruning.limit,
            plan: Arc::clone(pruning.plan),
            stays: Arc::clone(&pruning.stays),
        };
        let swept = self.database.write("removing records", move |sql| clearing.run(sql)).await?;
        swept.ok_or_else(|| closed(pruning.import))
    }

    async fn has_begun(&self, import: ImportId) -> Result<bool> {
        self.database.read("looking for batches", move |sql| has_begun(sql, import)).await
    }

    async fn close(&self, import: ImportId, _loaders: u32) -> Result<bool> {
        let close = move |sql: &rusqlite::Transaction<'_>| {
            if !is_closed(sql, import)? {
                answer(sql, import, (CLOSED, 0), "")?;
            }
            has_begun(sql, import)
        };
        self.database.write("closing an import", close).await
    }

    async fn forget(&self, import: ImportId) -> Result<()> {
        let forget = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("DELETE FROM applied WHERE import = ?1")?.execute([import.to_string()])
        };
        self.database.write("forgetting batches", forget).await.map(|_| ())
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        let (universe, records) = (universe.to_owned(), records.to_vec());
        let exist = move |sql: &Connection| records_read::exist(sql, &universe, &records);
        self.database.read("looking records up", exist).await
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        let find = move |sql: &Connection| records_read::find(sql, &scope, &key, limit);
        self.database.read("finding records", find).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let scope = scope.to_owned();
        let after = after.map(|(universe, key)| (universe.to_owned(), key.to_owned()));
        let scan = move |sql: &Connection| records_read::scan(sql, &scope, after, limit);
        self.database.read("reading records", scan).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        self.database.read("counting records", records_read::counts).await
    }
}

impl Work {
    /// In which order the lines are landed. Where lines of different records do not see each other it is that of the
    /// keys: then the pages of the index are visited one after the other, and not back and forth.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.changes.len()).collect();
        if self.plan.splits() && self.plan.adjusts.is_none() {
            let key = |at: &usize| self.changes.get(*at).map(|change| change.subject.name());
            order.sort_by(|one, other| key(one).cmp(&key(other)));
        }
        order
    }

    /// None if nothing of the import is loaded any more.
    fn run(&self, sql: &Connection, known: &mut KnownKeys) -> rusqlite::Result<Option<Applied>> {
        let number = (i64::from(self.number.share), self.number.batch);
        if is_closed(sql, self.import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, self.import, number)? {
            return from_json(&before).map(Some);
        }
        let mut store = SqliteTx::new(sql, known, &self.universe);
        if let Some(column) = &self.plan.match_by {
            record_tx::index_by(sql, column)?;
        }
        let mut landed: Vec<Option<Landed>> = vec![None; self.changes.len()];
        for at in self.order() {
            if let (Some(change), Some(landed)) = (self.changes.get(at), landed.get_mut(at)) {
                *landed = Some(land(&mut store, &self.plan, &self.layout, change, self.import)?);
            }
        }
        let mut applied = Applied::default();
        landed.into_iter().flatten().for_each(|landed| applied.push(landed));
        answer(sql, self.import, number, &to_json(&applied)?)?;
        Ok(Some(applied))
    }
}

impl Clearing {
    /// None if nothing of the import is swept any more.
    fn run(&self, sql: &Connection) -> rusqlite::Result<Option<Pruned>> {
        let number = (SWEEPS, self.page);
        if is_closed(sql, self.import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, self.import, number)? {
            return from_json(&before).map(Some);
        }
        let mut known = KnownKeys::default();
        let mut store = SqliteTx::new(sql, &mut known, &self.universe);
        let scope = &self.plan.records;
        let page = records_read::page(sql, &self.universe, scope, self.after.as_deref(), self.limit)?;
        let mut swept = Pruned::default();
        for (key, record) in &page {
            if !self.plan.is_replaced(record) || (self.stays)(key, record) {
                continue;
            }
            swept.removed += 1;
            swept.dependents += store.leave_out(&self.plan, key, record, self.import)?;
        }
        if page.len() >= self.limit {
            swept.next = page.last().map(|(key, _)| key.clone());
        }
        answer(sql, self.import, number, &to_json(&swept)?)?;
        Ok(Some(swept))
    }
}

fn closed(import: ImportId) -> Error {
    Error::Closed { id: import.to_string() }
}

fn is_closed(sql: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    Ok(answered(sql, import, (CLOSED, 0))?.is_some())
}

fn has_begun(sql: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM applied WHERE import = ?1 AND share <> ?2 LIMIT 1")?
        .exists(params![import.to_string(), CLOSED])
}

/// What was answered to a batch or a pruning.
fn answered(sql: &Connection, import: ImportId, number: (i64, u64)) -> rusqlite::Result<Option<String>> {
    sql.prepare_cached("SELECT answer FROM applied WHERE import = ?1 AND share = ?2 AND number = ?3")?
        .query_row(params![import.to_string(), number.0, number.1], |row| row.get(0))
        .optional()
}

fn answer(sql: &Connection, import: ImportId, number: (i64, u64), answer: &str) -> rusqlite::Result<()> {
    sql.prepare_cached("INSERT INTO applied (import, share, number, answer) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![import.to_string(), number.0, number.1, answer])
        .map(|_| ())
}
