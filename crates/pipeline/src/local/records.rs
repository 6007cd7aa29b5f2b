//! Records in SQLite: one table, in the order in which records came, and an index over their keys.
//!
//! Keys come in no order. In a table sorted by key every new record would change another page of the whole
//! table; this way only the index is touched all over, and it is a tenth of the size.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Effect, Layout, Record, Rules, apply};

use super::sqlite::{Database, from_json, to_json};
use crate::Result;
use crate::ports::{Applied, Batch, Records, StoredRecord};

const MIGRATIONS: &[&str] = &["
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
"];

/// How many parents that were found are remembered while a batch is applied.
const REMEMBERED_PARENTS: usize = 10_000;

/// Records in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteRecords {
    database: Database,
}

impl SqliteRecords {
    /// Opens or creates the store.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { database: Database::open(path, MIGRATIONS)? })
    }
}

/// A batch that can go to another thread.
struct Work {
    universe: String,
    scope: String,
    import: ImportId,
    number: u64,
    rules: Rules,
    layout: Layout,
    changes: Vec<Change>,
}

impl Records for SqliteRecords {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Applied> {
        let work = Work {
            universe: batch.universe.to_owned(),
            scope: batch.scope.to_owned(),
            import: batch.import,
            number: batch.number,
            rules: batch.rules,
            layout: batch.layout.clone(),
            changes: batch.changes.to_vec(),
        };
        self.database.write("loading records", move |sql| work.run(sql)).await
    }

    async fn forget(&self, import: ImportId) -> Result<()> {
        let forget = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("DELETE FROM applied WHERE import = ?1")?.execute([import.to_string()])
        };
        self.database.write("forgetting batches", forget).await.map(|_| ())
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let scope = scope.to_owned();
        let after = after.map(|(universe, key)| (universe.to_owned(), key.to_owned()));
        self.database.read("reading records", move |sql| scan(sql, &scope, after, limit)).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        self.database
            .read("counting records", |sql| {
                let mut query = sql.prepare_cached(
                    "SELECT universe, scope, (SELECT count(*) FROM records WHERE collection = c.id) AS records
                     FROM collections c WHERE records > 0 ORDER BY 1, 2",
                )?;
                let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                rows.collect()
            })
            .await
    }
}

impl Work {
    fn run(&self, sql: &Connection) -> rusqlite::Result<Applied> {
        let (import, number) = (self.import.to_string(), self.number);
        let answered: Option<String> = sql
            .prepare_cached("SELECT answer FROM applied WHERE import = ?1 AND number = ?2")?
            .query_row(params![import, number], |row| row.get(0))
            .optional()?;
        if let Some(answer) = answered {
            return from_json(&answer);
        }
        let mut applied = Applied::default();
        let own = Collection(collection(sql, &self.universe, &self.scope)?);
        let mut parents = Parents::new(sql, self)?;
        for (n, change) in self.changes.iter().enumerate() {
            if let Some(reference) = parents.first_missing(sql, change)? {
                applied.missing.push((n, reference));
                continue;
            }
            match self.change(sql, &own, &import, change)? {
                Effect::Imported => applied.imported += 1,
                Effect::Unchanged => applied.unchanged += 1,
            }
        }
        sql.prepare_cached("INSERT INTO applied (import, number, answer) VALUES (?1, ?2, ?3)")?
            .execute(params![import, number, to_json(&applied)?])?;
        Ok(applied)
    }

    fn change(
        &self,
        sql: &Connection,
        own: &Collection,
        import: &str,
        change: &Change,
    ) -> rusqlite::Result<Effect> {
        let found = own.find(sql, &change.key)?;
        let (id, existing) = found.unzip();
        let (record, effect) = apply(existing.as_ref(), &self.layout, change, self.rules, self.import);
        if effect == Effect::Imported {
            match (id, record) {
                (Some(id), Some(record)) => sql
                    .prepare_cached("UPDATE records SET value = ?2, import = ?3, line = ?4 WHERE id = ?1")?
                    .execute(params![id, to_json(&record.values)?, import, record.line])?,
                (None, Some(record)) => sql
                    .prepare_cached(
                        "INSERT INTO records (collection, key, value, import, line) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![own.0, change.key, to_json(&record.values)?, import, record.line])?,
                (Some(id), None) => sql.prepare_cached("DELETE FROM records WHERE id = ?1")?.execute([id])?,
                (None, None) => 0,
            };
        }
        Ok(effect)
    }
}

/// The records of one scope in one universe.
struct Collection(i64);

impl Collection {
    fn find(&self, sql: &Connection, key: &str) -> rusqlite::Result<Option<(i64, Record)>> {
        sql.prepare_cached("SELECT value, import, line, id FROM records WHERE collection = ?1 AND key = ?2")?
            .query_row(params![self.0, key], |row| Ok((row.get(3)?, record_at_0(row)?)))
            .optional()
    }
}

/// The number of a collection; it is made if there is none.
fn collection(sql: &Connection, universe: &str, scope: &str) -> rusqlite::Result<i64> {
    sql.prepare_cached("INSERT INTO collections (universe, scope) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([universe, scope])?;
    sql.prepare_cached("SELECT id FROM collections WHERE universe = ?1 AND scope = ?2")?
        .query_row([universe, scope], |row| row.get(0))
}

/// Which parents are known to exist. That one is missing is not remembered: an earlier line of the same
/// batch may add it.
struct Parents {
    /// For each reference of the layout, the collection it points into.
    collections: Vec<i64>,
    found: HashSet<(usize, String)>,
}

impl Parents {
    fn new(sql: &Connection, work: &Work) -> rusqlite::Result<Self> {
        let targets = work.layout.references.iter();
        let collections =
            targets.map(|to| collection(sql, &work.universe, &to.scope)).collect::<rusqlite::Result<_>>()?;
        Ok(Self { collections, found: HashSet::new() })
    }

    fn first_missing(&mut self, sql: &Connection, change: &Change) -> rusqlite::Result<Option<usize>> {
        for (reference, key) in &change.references {
            let Some(collection) = self.collections.get(*reference) else { continue };
            let known = (*reference, key.clone());
            if self.found.contains(&known) {
                continue;
            }
            let exists = sql
                .prepare_cached("SELECT 1 FROM records WHERE collection = ?1 AND key = ?2")?
                .exists(params![collection, key])?;
            if !exists {
                return Ok(Some(*reference));
            }
            if self.found.len() < REMEMBERED_PARENTS {
                self.found.insert(known);
            }
        }
        Ok(None)
    }
}

fn record_at_0(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let (value, import): (String, String) = (row.get(0)?, row.get(1)?);
    let import = import.parse().map_err(|e: String| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, e.into())
    })?;
    Ok(Record { values: from_json(&value)?, import, line: row.get::<_, u64>(2)? })
}

fn scan(
    sql: &Connection,
    scope: &str,
    after: Option<(String, String)>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRecord>> {
    // One range of the index for each universe: asked for all at once, SQLite would sort for every page.
    let (first, mut behind) = after.map_or((String::new(), None), |(universe, key)| (universe, Some(key)));
    let mut query = sql.prepare_cached(
        "SELECT id, universe FROM collections WHERE scope = ?1 AND universe >= ?2 ORDER BY universe",
    )?;
    let collections: Vec<(i64, String)> = query
        .query_map([scope, &first], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for (collection, universe) in collections {
        let behind = behind.take().filter(|_| universe == first);
        let compare = if behind.is_some() { ">" } else { ">=" };
        let mut query = sql.prepare_cached(&format!(
            "SELECT value, import, line, key FROM records
             WHERE collection = ?1 AND key {compare} ?2 ORDER BY key LIMIT ?3"
        ))?;
        let left = limit - found.len();
        let rows = query.query_map(params![collection, behind.unwrap_or_default(), left], |row| {
            Ok(StoredRecord { record: record_at_0(row)?, universe: universe.clone(), key: row.get(3)? })
        })?;
        for row in rows {
            found.push(row?);
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}
