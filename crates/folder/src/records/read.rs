//! What is asked of the records of a universe without changing them.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tidewaiter::id::ImportId;
use tidewaiter::record::Record;

use super::statements::{Handle, Owned, Read, key_value, owned, read_columns};
use super::stored::StoredTable;
use super::tx::import_of;

/// How many bytes of records are read at a time, and the record that passes this. Lines may be as wide as a megabyte.
pub(super) const PAGE_BYTES: usize = 4 << 20;

/// A record with its key.
pub(super) type Keyed = (String, Record);

pub(super) fn exist(sql: &Connection, records: &[(String, String)]) -> rusqlite::Result<Vec<bool>> {
    let mut tables: HashMap<&str, Option<Handle<'_>>> = HashMap::new();
    let mut exist = Vec::with_capacity(records.len());
    for (scope, key) in records {
        if !tables.contains_key(scope.as_str()) {
            let table = StoredTable::find(sql, scope)?.map(|table| Handle::new(sql, table)).transpose()?;
            tables.insert(scope, table);
        }
        exist.push(match tables.get_mut(scope.as_str()) {
            Some(Some(table)) => table.exists(key)?,
            _ => false,
        });
    }
    Ok(exist)
}

pub(super) fn find(sql: &Connection, scope: &str, key: &str, limit: usize) -> rusqlite::Result<Vec<Keyed>> {
    let Some(table) = StoredTable::find(sql, scope)? else { return Ok(Vec::new()) };
    let Owned { is, mut values } = owned(&table, key);
    let mut is = format!("({is})");
    if let Some(parts) = table.key_parts(key) {
        let first = values.len() + 1;
        let own = table.key_names().into_iter().zip(first..).map(|(name, n)| format!("{name} = ?{n}"));
        is = format!("{is} OR ({})", own.collect::<Vec<_>>().join(" AND "));
        values.extend(parts.iter().zip(table.key_kinds()).map(|(part, kind)| key_value(kind, part)));
    }
    let mut bytes = usize::MAX;
    rows(sql, &table, &is, values, limit, &mut bytes)
}

/// A page of the records of a scope.
pub(super) fn page(
    sql: &Connection,
    scope: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Keyed>> {
    let mut bytes = usize::MAX;
    page_within(sql, scope, after, limit, &mut bytes)
}

/// The same as far as `bytes` reach: it ends with the record that uses them up.
pub(super) fn page_within(
    sql: &Connection,
    scope: &str,
    after: Option<&str>,
    limit: usize,
    bytes: &mut usize,
) -> rusqlite::Result<Vec<Keyed>> {
    let Some(table) = StoredTable::find(sql, scope)? else { return Ok(Vec::new()) };
    // No record has an empty key.
    let behind = after.filter(|after| !after.is_empty()).and_then(|after| table.key_parts(after));
    let Some(parts) = behind else { return rows(sql, &table, "1", Vec::new(), limit, bytes) };
    let places: Vec<String> = (1..=parts.len()).map(|n| format!("?{n}")).collect();
    let is = format!("({}) > ({})", table.key_names().join(", "), places.join(", "));
    let values = parts.iter().zip(table.key_kinds()).map(|(part, kind)| key_value(kind, part)).collect();
    rows(sql, &table, &is, values, limit, bytes)
}

/// The records on which a condition holds, in the order of their keys.
fn rows(
    sql: &Connection,
    table: &StoredTable,
    is: &str,
    values: Vec<Value>,
    limit: usize,
    bytes: &mut usize,
) -> rusqlite::Result<Vec<Keyed>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let select = format!(
        "SELECT {} FROM {} WHERE {is} ORDER BY {} LIMIT {limit}",
        read_columns(table),
        table.name,
        table.key_names().join(", ")
    );
    let mut select = sql.prepare_cached(&select)?;
    let mut rows = select.query(params_from_iter(values))?;
    let (mut records, mut imports) = (Vec::new(), HashMap::new());
    while *bytes > 0
        && let Some(row) = rows.next()?
    {
        let mut read = Read::of(row, table)?;
        *bytes = bytes.saturating_sub(read.bytes());
        let key = std::mem::take(&mut read.key);
        records.push((key, read.record(|number| known(sql, &mut imports, number))?));
    }
    Ok(records)
}

/// The import with a number, looked up once.
fn known(sql: &Connection, imports: &mut HashMap<i64, ImportId>, number: i64) -> rusqlite::Result<ImportId> {
    if let Some(id) = imports.get(&number) {
        return Ok(*id);
    }
    let id = import_of(sql, number)?;
    imports.insert(number, id);
    Ok(id)
}

/// How many records each scope has.
pub(super) fn counts(sql: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut counts = Vec::new();
    for table in StoredTable::all(sql)? {
        let count = format!("SELECT count(*) FROM {}", table.name);
        let count: u64 = sql.query_row(&count, [], |row| row.get(0))?;
        if count > 0 {
            counts.push((table.scope, count));
        }
    }
    Ok(counts)
}
