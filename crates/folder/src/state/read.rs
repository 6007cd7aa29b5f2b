//! State in SQLite: every query that only reads.

use std::ops::Range;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::sequence::{GroupRef, Ready};

use super::groups;
use crate::sqlite::from_json;
use tidewaiter_engine::ports::{Configurations, DroppedObject, HistoryFilter, ImportRun, Turn, WaitingGroup};

type Rows<T> = rusqlite::Result<Vec<T>>;

fn documents(sql: &Connection, query: &str, parameters: impl rusqlite::Params) -> Rows<ImportRun> {
    let mut query = sql.prepare_cached(query)?;
    let rows = query.query_map(parameters, |row| row.get::<_, String>(0))?;
    rows.map(|document| from_json(&document?)).collect()
}

pub(super) fn parsed<T: std::str::FromStr<Err = String>>(text: &str) -> rusqlite::Result<T> {
    text.parse().map_err(|e: String| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into())
    })
}

pub(super) fn run(sql: &Connection, id: ImportId) -> rusqlite::Result<Option<ImportRun>> {
    let found = documents(sql, "SELECT document FROM imports WHERE id = ?1", [id.to_string()])?;
    Ok(found.into_iter().next())
}

pub(super) fn runs(sql: &Connection, ids: &[ImportId]) -> Rows<ImportRun> {
    let mut imports = Vec::with_capacity(ids.len());
    for id in ids {
        imports.extend(run(sql, *id)?);
    }
    imports.sort_by_key(|import: &ImportRun| import.id);
    Ok(imports)
}

/// The run that took in this version of a dropped object.
pub(super) fn registered_as(
    sql: &Connection,
    (key, version): (&str, &str),
) -> rusqlite::Result<Option<ImportId>> {
    let mut query = sql.prepare_cached("SELECT import FROM versions WHERE key = ?1 AND version = ?2")?;
    let found: Option<String> = query.query_row([key, version], |row| row.get(0)).optional()?;
    found.map(|id| parsed(&id)).transpose()
}

pub(super) fn unregistered(sql: &Connection, drops: Vec<DroppedObject>) -> Rows<DroppedObject> {
    let mut unregistered = Vec::new();
    for dropped in drops {
        if let Some(version) = &dropped.source.version
            && registered_as(sql, (&dropped.source.key, version))?.is_none()
        {
            unregistered.push(dropped);
        }
    }
    Ok(unregistered)
}

pub(super) fn members(sql: &Connection, archive: ImportId) -> Rows<ImportRun> {
    documents(sql, "SELECT document FROM imports WHERE archive = ?1 ORDER BY id", [archive.to_string()])
}

pub(super) fn turn(sql: &Connection, repository: &str) -> rusqlite::Result<Turn> {
    let found: Option<(String, u64)> = sql
        .prepare_cached("SELECT document, version FROM sequences WHERE repository = ?1")?
        .query_row([repository], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (state, version) = match found {
        Some((document, version)) => (from_json(&document)?, version),
        None => Default::default(),
    };
    let configurations = configurations(sql, repository)?;
    Ok(Turn { state, version, ready: first_ready(sql, repository)?, configurations })
}

pub(super) fn configurations(sql: &Connection, repository: &str) -> rusqlite::Result<Configurations> {
    let found = sql
        .prepare_cached("SELECT registered, concluded FROM configurations_of WHERE repository = ?1")?
        .query_row([repository], |row| Ok(Configurations { registered: row.get(0)?, concluded: row.get(1)? }))
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn unresolved(sql: &Connection, repository: &str) -> Rows<ImportRun> {
    let query = "SELECT document FROM imports WHERE repository = ?1 AND is_unresolved = 1 ORDER BY id";
    documents(sql, query, [repository])
}

pub(super) fn problems(sql: &Connection, repository: &str) -> Rows<ImportRun> {
    let query = "SELECT document FROM imports WHERE repository = ?1 AND is_problem = 1 ORDER BY id";
    documents(sql, query, [repository])
}

fn first_ready(sql: &Connection, repository: &str) -> Rows<Ready> {
    let query = "SELECT import, group_ref, group_rule FROM ready WHERE repository = ?1 ORDER BY sort LIMIT 2";
    let mut query = sql.prepare_cached(query)?;
    let found = query.query_map([repository], |row| {
        let import: Option<String> = row.get(0)?;
        if let Some(import) = import {
            return Ok(Ready::File(parsed(&import)?));
        }
        let group: String = row.get(1)?;
        let (group, rule): (_, Option<String>) = (from_json(&group)?, row.get(2)?);
        Ok(match rule {
            Some(rule) => Ready::Group(group, from_json(&rule)?),
            None => Ready::Expired(group),
        })
    })?;
    found.collect()
}

pub(super) fn next_member(
    sql: &Connection,
    repository: &str,
    group: &GroupRef,
    checking: bool,
) -> rusqlite::Result<Option<ImportId>> {
    let listed = if checking { "is_unchecked = 1" } else { "group_id IS NOT NULL" };
    let found: Option<String> = sql
        .prepare_cached(&format!(
            "SELECT id FROM imports WHERE repository = ?1 AND group_id = ?2 AND group_last = ?3
             AND generation = ?4 AND {listed} ORDER BY sort LIMIT 1"
        ))?
        .query_row(params![repository, group.id, group.last, group.generation], |row| row.get(0))
        .optional()?;
    found.map(|id| parsed(&id)).transpose()
}

/// The latest of the dates behind `date` that were imported for one configured import, of a repository, before `before`.
pub(super) fn later_date(
    sql: &Connection,
    (repository, entry): (&str, &str),
    date: Date,
    before: Timestamp,
) -> rusqlite::Result<Option<Date>> {
    let latest: Option<String> = sql
        .prepare_cached(
            "SELECT date FROM imports WHERE repository = ?1 AND entry = ?2 AND outcome = 'imported'
             AND date > ?3 AND finished < ?4 ORDER BY date DESC LIMIT 1",
        )?
        .query_row(params![repository, entry, date.to_string(), before.as_millisecond()], |row| row.get(0))
        .optional()?;
    Ok(latest.and_then(|date| date.parse().ok()))
}

pub(super) fn find_duplicate(
    sql: &Connection,
    repository: &str,
    entry: &str,
    sha256: &str,
) -> rusqlite::Result<Option<ImportRun>> {
    let found = documents(
        sql,
        "SELECT document FROM imports WHERE repository = ?1 AND entry = ?2 AND sha256 = ?3
         AND outcome = 'imported' ORDER BY finished, id LIMIT 1",
        [repository, entry, sha256],
    )?;
    Ok(found.into_iter().next())
}

pub(super) fn mark(sql: &Connection, key: &str) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = sql
        .prepare_cached("SELECT at FROM notes WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
}

pub(super) fn repositories(sql: &Connection) -> Rows<Repository> {
    let mut query = sql.prepare_cached("SELECT DISTINCT repository FROM imports ORDER BY 1")?;
    let rows = query.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|name| parsed(&name?)).collect()
}

pub(super) fn unfinished(sql: &Connection) -> Rows<ImportRun> {
    documents(
        sql,
        "SELECT document FROM imports WHERE is_unfinished = 1 OR is_unresolved = 1 ORDER BY id",
        [],
    )
}

pub(super) fn unmailed(sql: &Connection) -> Rows<ImportId> {
    let mut query = sql.prepare_cached("SELECT id FROM imports WHERE mail_due = 1 ORDER BY id")?;
    let rows = query.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|id| parsed(&id?)).collect()
}

pub(super) fn group_members(sql: &Connection, repository: &str, group: &GroupRef) -> Rows<ImportRun> {
    documents(
        sql,
        "SELECT document FROM imports
         WHERE repository = ?1 AND group_id = ?2 AND group_last = ?3 AND generation = ?4 AND group_id IS NOT NULL
         ORDER BY sort",
        params![repository, group.id, group.last, group.generation],
    )
}

pub(super) fn queued(sql: &Connection, repository: &str, limit: usize) -> Rows<ImportRun> {
    // Members sort by the marker of their group, which sorts before every single file.
    documents(
        sql,
        "SELECT document FROM (
            SELECT i.document, r.sort AS first, i.sort AS second
            FROM ready r JOIN imports i ON i.id = r.import
            WHERE r.repository = ?1
            UNION ALL
            SELECT i.document, r.sort, i.sort
            FROM ready r JOIN imports i ON i.repository = r.repository
                AND i.group_id = r.group_ref ->> 'id' AND i.group_last = r.group_ref ->> 'last'
                AND i.generation = r.group_ref ->> 'generation'
            WHERE r.repository = ?1 AND i.group_id IS NOT NULL
         ) ORDER BY first, second LIMIT ?2",
        params![repository, limit],
    )
}

pub(super) fn queued_count(sql: &Connection, repository: &str) -> rusqlite::Result<u64> {
    let mut query = sql.prepare_cached(
        "SELECT (SELECT count(*) FROM ready WHERE repository = ?1 AND import IS NOT NULL)
              + (SELECT count(*) FROM ready r JOIN imports i ON i.repository = r.repository
                     AND i.group_id = r.group_ref ->> 'id' AND i.group_last = r.group_ref ->> 'last'
                     AND i.generation = r.group_ref ->> 'generation'
                 WHERE r.repository = ?1 AND i.group_id IS NOT NULL)",
    )?;
    query.query_row([repository], |row| row.get(0))
}

pub(super) fn waiting(sql: &Connection, repository: &Repository) -> Rows<WaitingGroup> {
    let name = repository.as_str();
    let mut query = sql.prepare_cached(
        "SELECT DISTINCT group_id, group_last, generation FROM imports
         WHERE repository = ?1 AND group_id IS NOT NULL ORDER BY 1, 2, 3",
    )?;
    let groups: Vec<GroupRef> = query
        .query_map([name], |row| {
            Ok(GroupRef { id: row.get(0)?, last: row.get(1)?, generation: row.get(2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut waiting = Vec::new();
    for group in groups {
        // Other generations than the open one are complete, or over.
        let generations = groups::generations(sql, name, &group)?;
        let Some(generations) = generations.filter(|of| of.open == group.generation) else { continue };
        let members = group_members(sql, name, &group)?;
        let missing = generations.missing(group.last);
        if let Some(since) = members.iter().map(|member| member.arrived).min()
            && !missing.is_empty()
        {
            let files = members.into_iter().map(|member| member.file).collect();
            waiting.push(WaitingGroup { repository: repository.clone(), group, missing, files, since });
        }
    }
    Ok(waiting)
}

pub(super) fn history(sql: &Connection, filter: &HistoryFilter) -> Rows<ImportRun> {
    // A condition that is always there, as an alternative to a parameter without a value, would keep SQLite from its
    // indexes.
    let (repository, ended, order) = match (&filter.repository, &filter.finished) {
        (Some(_), Some(_)) => {
            ("repository = ?1", "finished >= ?7 AND finished < ?8", "finished DESC, id DESC")
        }
        (None, Some(_)) => ("?1 IS NULL", "finished >= ?7 AND finished < ?8", "finished DESC, id DESC"),
        (Some(_), None) => ("repository = ?1", "?7 IS NULL AND ?8 IS NULL", "id DESC"),
        (None, None) => ("?1 IS NULL", "?7 IS NULL AND ?8 IS NULL", "id DESC"),
    };
    let ended_at = |at: fn(&Range<Timestamp>) -> Timestamp| {
        filter.finished.as_ref().map(|range| at(range).as_millisecond())
    };
    documents(
        sql,
        &format!(
            "SELECT document FROM imports
             WHERE {repository} AND (?2 IS NULL OR instr(file, ?2) > 0)
               AND (?3 IS NULL OR outcome = ?3) AND (?5 IS NULL OR substr(sha256, 1, length(?5)) = ?5)
               AND (?6 IS NULL OR id >= ?6) AND {ended}
             ORDER BY {order} LIMIT ?4"
        ),
        params![
            filter.repository.as_ref().map(ToString::to_string),
            filter.file,
            filter.outcome.map(tidewaiter::report::Outcome::as_str),
            i64::try_from(filter.limit).unwrap_or(i64::MAX),
            filter.sha256,
            filter.since.map(|since| ImportId::new(since, 0).to_string()),
            ended_at(|range| range.start),
            ended_at(|range| range.end),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::tables::MIGRATIONS;
    use super::*;

    /// The page of a day asks for one day of one repository, however many files the ledger has.
    #[test]
    fn a_range_of_outcomes_is_read_by_its_index() {
        let sql = Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            sql.execute_batch(migration).unwrap();
        }
        let plan: Vec<String> = sql
            .prepare(
                "EXPLAIN QUERY PLAN SELECT document FROM imports WHERE repository = 'x'
                 AND finished >= 1 AND finished < 2 ORDER BY finished DESC, id DESC LIMIT 9",
            )
            .unwrap()
            .query_map([], |row| row.get("detail"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            plan,
            ["SEARCH imports USING INDEX ended (repository=? AND finished>? AND finished<?)"],
            "no table scan and no sorting"
        );
    }
}
