//! What is asked of the records without changing them.

use std::sync::Arc;

use tidewaiter::record::Record;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::StoredRecord;

use crate::catalog;
use crate::failure::broken;
use crate::fetch::{existing, range_of};
use crate::kind::Kind;
use crate::names::quoted;
use crate::row::{Runs, records_of};
use crate::session::{Parameter, Session, value};
use crate::stored::{Key, Stored};

const READING: &str = "reading records";
/// How many bytes of records are read at a time, and the page that passes this. Lines may be as wide as a megabyte.
const PAGE_BYTES: usize = 4 << 20;
/// How many records are read at first, before it is known how wide they are.
const FIRST_ROWS: usize = 64;

/// Universes with their schemas.
pub(crate) type Universes = [(String, String)];

/// The table of a scope in a universe, if there is one.
pub(crate) async fn table_in(session: &Session, schema: &str, scope: &str) -> Result<Option<Arc<Stored>>> {
    Ok(catalog::read(session, schema).await?.tables.remove(scope))
}

pub(crate) async fn exist(
    session: &Session,
    schema: &str,
    records: &[(String, String)],
) -> Result<Vec<bool>> {
    let mut catalog = catalog::read(session, schema).await?;
    let mut scopes: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for (scope, key) in records {
        scopes.entry(scope).or_default().push(key.clone());
    }
    let mut found: std::collections::BTreeMap<&str, std::collections::HashSet<String>> =
        std::collections::BTreeMap::new();
    for (scope, mut keys) in scopes {
        keys.sort_unstable();
        keys.dedup();
        if let Some(table) = catalog.tables.remove(scope) {
            found.insert(scope, existing(session, &table, &keys).await?.into_iter().collect());
        }
    }
    let is_there =
        |(scope, key): &(String, String)| found.get(scope.as_str()).is_some_and(|keys| keys.contains(key));
    Ok(records.iter().map(is_there).collect())
}

pub(crate) async fn find(
    session: &Session,
    universes: &Universes,
    scope: &str,
    key: &str,
    limit: usize,
) -> Result<Vec<StoredRecord>> {
    let mut found = Vec::new();
    for (universe, schema) in universes {
        let left = limit.saturating_sub(found.len());
        if left == 0 {
            break;
        }
        let Some(table) = table_in(session, schema, scope).await? else { continue };
        for (key, record) in find_in(session, &table, key, left).await? {
            found.push(StoredRecord { universe: universe.clone(), key, record });
        }
    }
    Ok(found)
}

async fn find_in(
    session: &Session,
    table: &Stored,
    key: &str,
    limit: usize,
) -> Result<Vec<(String, Record)>> {
    let rows = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let select = format!("SELECT {} FROM {} t", table.selected("t"), table.at());
    let order = table.key_list("t.");
    let found = match (&table.key, table.key_columns().as_slice()) {
        (Key::Own, _) => {
            let (from, to) = range_of(key);
            let sql = format!(
                "({select} WHERE t.\"_key\" = $1) UNION ALL
                 ({select} WHERE t.\"_key\" >= $2 AND t.\"_key\" < $3 ORDER BY {order} LIMIT $4)"
            );
            session.rows(READING, &sql, &[&key, &from, &to, &rows(limit)]).await?
        }
        (Key::Columns(_), [(first, kind), _, ..]) if table.parts(key).is_none() => {
            if !kind.is_exact(key) {
                return Ok(Vec::new());
            }
            let sql = format!(
                "{select} WHERE t.{} = $1::text{} ORDER BY {order} LIMIT $2",
                quoted(first),
                cast(*kind)
            );
            session.rows(READING, &sql, &[&key, &rows(limit)]).await?
        }
        _ => {
            let Some(parts) = table.parts(key) else { return Ok(Vec::new()) };
            let columns = table.key_columns();
            let equal = columns
                .iter()
                .enumerate()
                .map(|(n, (name, kind))| format!("t.{} = ${}::text{}", quoted(name), n + 1, cast(*kind)));
            let sql = format!("{select} WHERE {}", equal.collect::<Vec<_>>().join(" AND "));
            let parameters: Vec<Parameter<'_>> = parts.iter().map(|part| part as Parameter<'_>).collect();
            session.rows(READING, &sql, &parameters).await?
        }
    };
    let mut records = records_of(session, table, &mut Runs::default(), &found).await?;
    records.truncate(limit);
    Ok(records)
}

fn cast(kind: Kind) -> String {
    if kind == Kind::Text { String::new() } else { format!("::{}", kind.sql()) }
}

pub(crate) async fn scan(
    session: &Session,
    universes: &Universes,
    scope: &str,
    after: Option<(&str, &str)>,
    limit: usize,
) -> Result<Vec<StoredRecord>> {
    let (mut found, mut bytes) = (Vec::new(), PAGE_BYTES);
    for (universe, schema) in universes {
        let behind = match after {
            Some((first, _)) if universe.as_str() < first => continue,
            Some((first, key)) if universe.as_str() == first => Some(key),
            _ => None,
        };
        let left = limit.saturating_sub(found.len());
        if left == 0 || bytes == 0 {
            break;
        }
        let Some(table) = table_in(session, schema, scope).await? else { continue };
        let records = page(session, &table, &mut Runs::default(), behind, left, &mut bytes).await?;
        found.extend(records.into_iter().map(|(key, record)| StoredRecord {
            universe: universe.clone(),
            key,
            record,
        }));
    }
    Ok(found)
}

/// A page of a table, in the order of its keys, as far as `bytes` reach: it ends with the records that use them up.
pub(crate) async fn page(
    session: &Session,
    table: &Stored,
    runs: &mut Runs,
    after: Option<&str>,
    limit: usize,
    bytes: &mut usize,
) -> Result<Vec<(String, Record)>> {
    let mut found: Vec<(String, Record)> = Vec::new();
    let mut after: Option<String> = after.filter(|key| !key.is_empty()).map(str::to_owned);
    let mut rows = FIRST_ROWS.min(limit);
    while *bytes > 0 && found.len() < limit {
        let read = rows_behind(session, table, after.as_deref(), rows).await?;
        let is_last = read.len() < rows;
        let records = records_of(session, table, runs, &read).await?;
        let size = |(key, record): &(String, Record)| {
            key.len() + record.values.iter().map(|(name, value)| name.len() + value.text.len()).sum::<usize>()
        };
        let sum: usize = records.iter().map(size).sum();
        *bytes = bytes.saturating_sub(sum);
        after = records.last().map(|(key, _)| key.clone());
        let wide = (sum / records.len().max(1)).max(1);
        found.extend(records);
        if is_last {
            break;
        }
        // As many as may fit, but never suddenly very many: the next ones may be wider.
        rows = (*bytes / wide).clamp(1, rows.saturating_mul(16)).min(limit.saturating_sub(found.len()));
    }
    Ok(found)
}

async fn rows_behind(
    session: &Session,
    table: &Stored,
    after: Option<&str>,
    rows: usize,
) -> Result<Vec<tokio_postgres::Row>> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let select = format!("SELECT {} FROM {} t", table.selected("t"), table.at());
    let order = table.key_list("t.");
    let Some(after) = after else {
        return session.rows(READING, &format!("{select} ORDER BY {order} LIMIT $1"), &[&rows]).await;
    };
    let parts = table.parts(after);
    let parts = parts.ok_or_else(|| broken(READING, format!("no record of {} has this key", table.scope)))?;
    let given: Vec<String> = (table.key_columns().iter().enumerate())
        .map(|(n, (_, kind))| format!("${}::text{}", n + 2, cast(*kind)))
        .collect();
    let sql = format!("{select} WHERE ({order}) > ({}) ORDER BY {order} LIMIT $1", given.join(", "));
    let mut parameters: Vec<Parameter<'_>> = vec![&rows];
    parameters.extend(parts.iter().map(|part| part as Parameter<'_>));
    session.rows(READING, &sql, &parameters).await
}

pub(crate) async fn counts(session: &Session, universes: &Universes) -> Result<Vec<(String, String, u64)>> {
    let mut counts = Vec::new();
    for (universe, schema) in universes {
        for (scope, table) in catalog::read(session, schema).await?.tables {
            let sql = format!("SELECT count(*) FROM {}", table.at());
            let Some(row) = session.row("counting records", &sql, &[]).await? else { continue };
            let count: i64 = value("counting records", &row, 0)?;
            if count > 0 {
                counts.push((universe.clone(), scope, count.unsigned_abs()));
            }
        }
    }
    Ok(counts)
}
