//! The records of a universe as a line sees them, inside one transaction.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use serde::Serializer;
use tidewaiter::id::ImportId;
use tidewaiter::record::{KEY_SEPARATOR, Plan, Record, RecordTx, Source, owned_prefix};

use super::known_keys::KnownKeys;
use super::sqlite::{from_json, to_json, unwritable};

/// The records of one universe.
pub(super) struct SqliteTx<'a> {
    sql: &'a Connection,
    universe: &'a str,
    /// The scopes that were asked for: few.
    collections: Vec<Collection>,
    known: &'a mut KnownKeys,
    /// What is asked for each line, once it was needed.
    exists: Option<CachedStatement<'a>>,
    select: Option<CachedStatement<'a>>,
    insert: Option<CachedStatement<'a>>,
    /// The import that was written last, as text.
    import: Option<(ImportId, String)>,
    json: Vec<u8>,
}

/// The records of a scope.
struct Collection {
    scope: String,
    number: i64,
    /// True if it has no records: then none has to be looked for.
    is_empty: bool,
}

impl<'a> SqliteTx<'a> {
    pub(super) fn new(sql: &'a Connection, known: &'a mut KnownKeys, universe: &'a str) -> Self {
        let (exists, select, insert) = (None, None, None);
        let (collections, import, json) = (Vec::new(), None, Vec::new());
        Self { sql, universe, collections, known, exists, select, insert, import, json }
    }

    /// A scope's collection; it is made if there is none.
    fn collection(&mut self, scope: &str) -> rusqlite::Result<&mut Collection> {
        let known = self.collections.iter().position(|collection| collection.scope == scope);
        let at = if let Some(at) = known {
            at
        } else {
            let collection = self.open(scope)?;
            self.collections.push(collection);
            self.collections.len() - 1
        };
        self.collections.get_mut(at).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn open(&self, scope: &str) -> rusqlite::Result<Collection> {
        let insert = "INSERT INTO collections (universe, scope) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.sql.prepare_cached(insert)?.execute([self.universe, scope])?;
        let number = self
            .sql
            .prepare_cached("SELECT id FROM collections WHERE universe = ?1 AND scope = ?2")?
            .query_row([self.universe, scope], |row| row.get(0))?;
        let is_empty = !self
            .sql
            .prepare_cached("SELECT 1 FROM records WHERE collection = ?1 LIMIT 1")?
            .exists([number])?;
        Ok(Collection { scope: scope.to_owned(), number, is_empty })
    }

    /// What becomes of a record that a file which replaces all does not name; answers how many others
    /// went with it.
    pub(super) fn leave_out(
        &mut self,
        plan: &Plan,
        key: &str,
        record: &Record,
        import: ImportId,
    ) -> rusqlite::Result<u64> {
        if let Some(record) = plan.left_out(record, import) {
            self.put(&plan.records, key, &record)?;
            return Ok(0);
        }
        self.remove(&plan.records, key)?;
        plan.dependents.iter().try_fold(0, |sum, scope| Ok(sum + self.remove_owned(scope, key)?))
    }
}

impl RecordTx for SqliteTx<'_> {
    type Error = rusqlite::Error;

    fn get(&mut self, scope: &str, key: &str) -> rusqlite::Result<Option<Record>> {
        let Collection { number, is_empty, .. } = *self.collection(scope)?;
        if is_empty {
            return Ok(None);
        }
        let sql = "SELECT value, import, line, earlier FROM records WHERE collection = ?1 AND key = ?2";
        prepared(&mut self.select, self.sql, sql)?.query_row(params![number, key], record_at_0).optional()
    }

    fn exists(&mut self, scope: &str, key: &str) -> rusqlite::Result<bool> {
        let Collection { number, is_empty, .. } = *self.collection(scope)?;
        if is_empty {
            return Ok(false);
        }
        if self.known.has(number, key) {
            return Ok(true);
        }
        let sql = "SELECT 1 FROM records WHERE collection = ?1 AND key = ?2";
        let exists = prepared(&mut self.exists, self.sql, sql)?.exists(params![number, key])?;
        if exists {
            self.known.add(number, key);
        }
        Ok(exists)
    }

    fn matching(&mut self, scope: &str, column: &str, value: &str) -> rusqlite::Result<Vec<String>> {
        let collection = self.collection(scope)?.number;
        let text = text_of(column);
        let mut query = self.sql.prepare_cached(&format!(
            "SELECT key FROM records WHERE collection = ?1 AND {text} = ?2 AND {text} IS NOT NULL LIMIT 2"
        ))?;
        let keys = query.query_map(params![collection, value], |row| row.get(0))?;
        keys.collect()
    }

    fn put_new<'v>(
        &mut self,
        scope: &str,
        key: &str,
        values: impl Iterator<Item = (&'v str, &'v str)>,
        source: Source,
    ) -> rusqlite::Result<bool> {
        let collection = self.collection(scope)?;
        collection.is_empty = false;
        let number = collection.number;
        self.json.clear();
        serde_json::Serializer::new(&mut self.json).collect_map(values).map_err(unwritable)?;
        let json = str::from_utf8(&self.json)?;
        let import = match &mut self.import {
            Some((import, text)) if *import == source.import => text,
            other => &mut other.insert((source.import, source.import.to_string())).1,
        };
        let import = import.as_str();
        let sql = "INSERT INTO records (collection, key, value, import, line) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (collection, key) DO NOTHING";
        let insert = prepared(&mut self.insert, self.sql, sql)?;
        Ok(insert.execute(params![number, key, json, import, source.line])? == 1)
    }

    fn put(&mut self, scope: &str, key: &str, record: &Record) -> rusqlite::Result<()> {
        let collection = self.collection(scope)?;
        collection.is_empty = false;
        let number = collection.number;
        let (values, earlier) = record.apart();
        let earlier = if earlier.is_empty() { None } else { Some(to_json(&earlier)?) };
        let Source { import, line } = record.changed;
        self.sql
            .prepare_cached(
                "INSERT INTO records (collection, key, value, import, line, earlier)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (collection, key) DO UPDATE SET
                   value = excluded.value, import = excluded.import,
                   line = excluded.line, earlier = excluded.earlier",
            )?
            .execute(params![number, key, to_json(&values)?, import.to_string(), line, earlier])
            .map(|_| ())
    }

    fn remove(&mut self, scope: &str, key: &str) -> rusqlite::Result<()> {
        let number = self.collection(scope)?.number;
        self.known.remove(number, key);
        self.sql
            .prepare_cached("DELETE FROM records WHERE collection = ?1 AND key = ?2")?
            .execute(params![number, key])
            .map(|_| ())
    }

    fn remove_owned(&mut self, scope: &str, owner: &str) -> rusqlite::Result<u64> {
        let Collection { number, is_empty, .. } = *self.collection(scope)?;
        if is_empty {
            return Ok(0);
        }
        self.known.forget(number);
        let (from, to) = owned(owner);
        let removed = self
            .sql
            .prepare_cached("DELETE FROM records WHERE collection = ?1 AND key >= ?2 AND key < ?3")?
            .execute(params![number, from, to])?;
        Ok(removed as u64)
    }
}

/// A statement that is prepared when it is needed first, and kept at hand.
fn prepared<'s, 'a>(
    kept: &'s mut Option<CachedStatement<'a>>,
    sql: &'a Connection,
    text: &str,
) -> rusqlite::Result<&'s mut CachedStatement<'a>> {
    match kept {
        Some(statement) => Ok(statement),
        none => Ok(none.insert(sql.prepare_cached(text)?)),
    }
}

/// The keys that belong to an owner: from the first one, to what comes behind them.
pub(super) fn owned(owner: &str) -> (String, String) {
    let from = owned_prefix(owner);
    let to = from.strip_suffix(KEY_SEPARATOR).unwrap_or(&from).to_owned() + " ";
    (from, to)
}

/// Makes the index that records are matched through, when the first import asks for it.
pub(super) fn index_by(sql: &Connection, column: &str) -> rusqlite::Result<()> {
    let text = text_of(column);
    sql.execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS \"records_by_{column}\" ON records (collection, {text})
         WHERE {text} IS NOT NULL"
    ))
}

/// The text in a column, in SQL. Names of columns hold no double quotes.
fn text_of(column: &str) -> String {
    format!("value ->> '$.\"{}\"'", column.replace('\'', "''"))
}

/// A record from a row that begins with its value, import, line and earlier sources.
pub(super) fn record_at_0(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let (value, import, line): (String, String, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let earlier: Option<String> = row.get(3)?;
    let import = import.parse().map_err(|e: String| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, e.into())
    })?;
    let changed = Source { import, line };
    let texts: BTreeMap<String, String> = from_json(&value)?;
    let earlier: BTreeMap<String, Source> =
        earlier.map(|earlier| from_json(&earlier)).transpose()?.unwrap_or_default();
    Ok(Record::of(texts, &earlier, changed))
}
