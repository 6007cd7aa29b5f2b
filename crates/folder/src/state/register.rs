//! Registration in SQLite: a file becomes known for what it is, and takes its place in the order.

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::order::group_key;

use super::{groups, read, replace};
use crate::sqlite::to_json;
use tidewaiter_engine::ports::{ImportRun, Kind};

pub(super) fn register(sql: &Connection, mut run: ImportRun) -> rusqlite::Result<ImportRun> {
    if let Some(registered) = read::run(sql, run.id)? {
        return Ok(registered);
    }
    if let Some(version) = run.dropped_version() {
        if let Some(id) = read::registered_as(sql, version)?
            && let Some(registered) = read::run(sql, id)?
        {
            return Ok(registered);
        }
        sql.prepare_cached("INSERT INTO versions (key, version, import) VALUES (?1, ?2, ?3)")?
            .execute(params![version.0, version.1, run.id.to_string()])?;
    }
    join(sql, &mut run)?;
    replace(sql, None, &run)?;
    Ok(run)
}

/// Says what an unresolved file is; the run as it is then.
pub(super) fn resolve(sql: &Connection, id: ImportId, kind: &Kind) -> rusqlite::Result<Option<ImportRun>> {
    let Some(before) = read::run(sql, id)? else { return Ok(None) };
    let mut after = before.clone();
    if after.resolve(kind) {
        join(sql, &mut after)?;
        replace(sql, Some(&before), &after)?;
    }
    Ok(Some(after))
}

/// A member joins its group. A group whose last slot it fills becomes ready work.
fn join(sql: &Connection, run: &mut ImportRun) -> rusqlite::Result<()> {
    let Kind::Data { group: Some(member), .. } = &mut run.kind else { return Ok(()) };
    let repository = run.repository.as_str();
    let mut generations = groups::generations(sql, repository, &member.group)?.unwrap_or_default();
    generations.join(member);
    groups::put(sql, repository, &member.group, &generations)?;
    if let Some(rule) = generations.rule {
        let group = &member.group;
        sql.prepare_cached(
            "INSERT INTO ready (repository, sort, group_ref, group_rule) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            repository,
            group_key(&group.id, group.last, group.generation),
            to_json(group)?,
            to_json(&rule)?
        ])?;
    }
    Ok(())
}
