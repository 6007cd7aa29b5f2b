//! What is asked of the records without changing them.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::record::{Record, Value};

use super::record_tx::{owned, record_at_0};
use tidewaiter_engine::ports::StoredRecord;

/// How many bytes of records are read at a time, and the record that passes this. Lines may be as wide as a megabyte.
const PAGE_BYTES: usize = 4 << 20;

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
    let mut bytes = usize::MAX;
    page_within(sql, (universe, scope), after, limit, &mut bytes)
}

/// The same as far as `bytes` reach: it ends with the record that uses them up.
fn page_within(
    sql: &Connection,
    (universe, scope): (&str, &str),
    after: Option<&str>,
    limit: usize,
    bytes: &mut usize,
) -> rusqlite::Result<Vec<(String, Record)>> {
    let collection: Option<i64> = sql
        .prepare_cached("SELECT id FROM collections WHERE universe = ?1 AND scope = ?2")?
        .query_row([universe, scope], |row| row.get(0))
        .optional()?;
    // No record has an empty key.
    let mut query = sql.prepare_cached(
        "SELECT value, import, line, earlier, key FROM records
         WHERE collection = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    let mut rows = query.query(params![collection, after.unwrap_or_default(), limit])?;
    let mut records = Vec::new();
    while *bytes > 0
        && let Some(row) = rows.next()?
    {
        let (key, record): (String, _) = (row.get(4)?, record_at_0(row)?);
        let size = |(name, value): (&String, &Value)| name.len() + value.text.len();
        *bytes = bytes.saturating_sub(key.len() + record.values.iter().map(size).sum::<usize>());
        records.push((key, record));
    }
    Ok(records)
}

pub(super) fn scan(
    sql: &Connection,
    scope: &str,
    after: Option<(String, String)>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRecord>> {
    // One range of the index for each universe: asked for all at once, SQLite would sort for every page.
    let (first, mut behind) = after.map_or((String::new(), None), |(universe, key)| (universe, Some(key)));
    let (mut found, mut bytes) = (Vec::new(), PAGE_BYTES);
    for (_, universe) in collections(sql, scope, &first)? {
        let behind = behind.take().filter(|_| universe == first);
        let left = limit - found.len();
        let records = page_within(sql, (&universe, scope), behind.as_deref(), left, &mut bytes)?;
        let stored = |(key, record)| StoredRecord { universe: universe.clone(), key, record };
        found.extend(records.into_iter().map(stored));
        if found.len() >= limit || bytes == 0 {
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

#[cfg(test)]
mod tests {
    use tidewaiter::id::{ImportId, Timestamp};

    use super::*;
    use crate::records::MIGRATIONS;

    #[test]
    fn a_page_of_wide_records_is_bounded_by_their_bytes_and_none_is_left_out() {
        const WIDE: usize = 1_000_000;
        let sql = Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            sql.execute_batch(migration).unwrap();
        }
        let import = ImportId::new(Timestamp::UNIX_EPOCH, 1).to_string();
        for (id, universe) in [(1, "a"), (2, "b")] {
            let insert = "INSERT INTO collections (id, universe, scope) VALUES (?1, ?2, 'contacts')";
            sql.execute(insert, params![id, universe]).unwrap();
            for key in 0..7 {
                let value = format!(r#"{{"email":"{}"}}"#, "x".repeat(WIDE));
                let insert =
                    "INSERT INTO records (collection, key, value, import, line) VALUES (?1, ?2, ?3, ?4, 1)";
                sql.execute(insert, params![id, format!("k{key}"), value, import]).unwrap();
            }
        }
        let (mut after, mut keys) = (None, Vec::new());
        loop {
            let page = scan(&sql, "contacts", after, 500).unwrap();
            assert!(page.len() * WIDE <= PAGE_BYTES + WIDE, "{} records at a time", page.len());
            let Some(last) = page.last() else { break };
            after = Some((last.universe.clone(), last.key.clone()));
            keys.extend(page.into_iter().map(|record| record.universe + &record.key));
        }
        let all = ["a", "b"].iter().flat_map(|universe| (0..7).map(move |key| format!("{universe}k{key}")));
        assert_eq!(keys, all.collect::<Vec<_>>());
    }
}
