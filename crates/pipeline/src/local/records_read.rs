//! What is asked of the records without changing them.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::record::Record;

use super::shelf::{owned, record_at_0};
use crate::ports::StoredRecord;

/// The collections of a scope in the order of their universes, from one on.
fn collections(sql: &Connection, scope: &str, from: &str) -> rusqlite::Result<Vec<(i64, String)>> {
    sql.prepare_cached(
        "SELECT id, universe FROM collections WHERE scope = ?1 AND universe >= ?2 ORDER BY universe",
    )?
    .query_map([scope, from], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

pub(super) fn exist(
    sql: &Connection,
    universe: &str,
    records: &[(String, String)],
) -> rusqlite::Result<Vec<bool>> {
    let mut query = sql.prepare_cached(
        "SELECT 1 FROM collections c JOIN records r ON r.collection = c.id
         WHERE c.universe = ?1 AND c.scope = ?2 AND r.key = ?3",
    )?;
    records.iter().map(|(scope, key)| query.exists(params![universe, scope, key])).collect()
}

pub(super) fn find(
    sql: &Connection,
    scope: &str,
    key: &str,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRecord>> {
    let (from, to) = owned(key);
    let mut found = Vec::new();
    for (collection, universe) in collections(sql, scope, "")? {
        let mut query = sql.prepare_cached(
            "SELECT value, import, line, earlier, key FROM records
             WHERE collection = ?1 AND (key = ?2 OR (key >= ?3 AND key < ?4)) ORDER BY key LIMIT ?5",
        )?;
        let rows = query.query_map(params![collection, key, from, to, limit - found.len()], |row| {
            Ok(StoredRecord { record: record_at_0(row)?, universe: universe.clone(), key: row.get(4)? })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// A page of one universe's records.
pub(super) fn page(
    sql: &Connection,
    universe: &str,
    scope: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Record)>> {
    let collection: Option<i64> = sql
        .prepare_cached("SELECT id FROM collections WHERE universe = ?1 AND scope = ?2")?
        .query_row([universe, scope], |row| row.get(0))
        .optional()?;
    // No record has an empty key.
    sql.prepare_cached(
        "SELECT value, import, line, earlier, key FROM records
         WHERE collection = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?
    .query_map(params![collection, after.unwrap_or_default(), limit], |row| {
        Ok((row.get(4)?, record_at_0(row)?))
    })?
    .collect()
}

pub(super) fn scan(
    sql: &Connection,
    scope: &str,
    after: Option<(String, String)>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRecord>> {
    // One range of the index for each universe: asked for all at once, SQLite would sort for every page.
    let (first, mut behind) = after.map_or((String::new(), None), |(universe, key)| (universe, Some(key)));
    let mut found = Vec::new();
    for (_, universe) in collections(sql, scope, &first)? {
        let behind = behind.take().filter(|_| universe == first);
        let records = page(sql, &universe, scope, behind.as_deref(), limit - found.len())?;
        let stored = |(key, record)| StoredRecord { universe: universe.clone(), key, record };
        found.extend(records.into_iter().map(stored));
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

pub(super) fn counts(sql: &Connection) -> rusqlite::Result<Vec<(String, String, u64)>> {
    let mut query = sql.prepare_cached(
        "SELECT universe, scope, (SELECT count(*) FROM records WHERE collection = c.id) AS records
         FROM collections c WHERE records > 0 ORDER BY 1, 2",
    )?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}
