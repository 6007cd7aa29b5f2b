//! The queue of groups in SQLite, and the turn of each repository.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::order::group_key;
use tidewaiter::run::Generations;
use tidewaiter::sequence::{self, GroupRef};

use super::runs::{finish, start};
use super::{SqliteState, read};
use crate::sqlite::{from_json, to_json};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{AdvanceWrites, GroupQueue, ImportRun, Turn, WaitingGroup};

impl GroupQueue for SqliteState {
    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let repository = repository.to_string();
        self.database.read("reading a turn", move |sql| read::turn(sql, &repository))
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        let (repository, state) = (repository.to_string(), state.clone());
        let (begins, ends) = (along.begins.map(|(id, pin)| (id, pin.clone())), along.ends);
        let registered = along.registered;
        let advance = move |sql: &Connection| {
            if let Some(registered) = registered
                && read::configurations(sql, &repository)?.registered != registered
            {
                return Ok(None);
            }
            let next = version + 1;
            let document = to_json(&state)?;
            let written = if version == 0 {
                sql.prepare_cached(
                    "INSERT INTO sequences (repository, version, document) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![repository, next, document])?
            } else {
                sql.prepare_cached(
                    "UPDATE sequences SET version = ?2, document = ?3 WHERE repository = ?1 AND version = ?4",
                )?
                .execute(params![repository, next, document, version])?
            };
            if written == 0 {
                return Ok(None);
            }
            let begun = match begins {
                Some((id, pin)) => start(sql, id, &pin)?.map(|held| (id, held)),
                None => None,
            };
            if let Some(id) = ends {
                finish(sql, id)?;
            }
            Ok(Some(begun))
        };
        let written = self.database.write("writing a sequence", advance)?;
        if let Some((id, held)) = written.as_ref().and_then(Option::as_ref) {
            self.pinned(*id, Some(held));
        }
        Ok(written.is_some())
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let seal = move |sql: &Connection| {
            change(sql, &repository, &group, |generations| generations.seal(group.generation))
        };
        self.database.write("sealing a group", seal).map(|_| ())
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let find = move |sql: &Connection| read::next_member(sql, &repository, &group, checking);
        self.database.read("finding a member", find)
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let members = move |sql: &Connection| read::group_members(sql, &repository, &group);
        self.database.read("reading a group", members)
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let close = move |sql: &Connection| {
            sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?
                .execute(params![repository, group_key(&group.id, group.last, group.generation)])?;
            change(sql, &repository, &group, |generations| generations.close(group.generation))
        };
        self.database.write("closing a group", close).map(|_| ())
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let (repository, group) = (repository.to_string(), group.clone());
        let expire = move |sql: &Connection| expire(sql, &repository, &group);
        self.database.write("expiring a group", expire)
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        self.database.read("listing the queue", move |sql| read::queued(sql, &repository, limit))
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        let repository = repository.clone();
        self.database.read("listing waiting groups", move |sql| read::waiting(sql, &repository))
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.database.read("listing repositories", read::repositories)
    }
}

/// Makes a group that is incomplete ready to be set aside; false if it is not.
fn expire(sql: &Connection, repository: &str, group: &GroupRef) -> rusqlite::Result<bool> {
    let is_expired = change(sql, repository, group, |generations| generations.expire(group))?;
    if is_expired {
        let key = group_key(&group.id, group.last, group.generation);
        sql.prepare_cached("INSERT INTO ready (repository, sort, group_ref) VALUES (?1, ?2, ?3)")?
            .execute(params![repository, key, to_json(group)?])?;
    }
    Ok(is_expired)
}

/// Changes the generations of a group that a file has joined. Returns false if there is no such group, or if `edit`
/// does: then nothing is written.
fn change(
    sql: &Connection,
    repository: &str,
    group: &GroupRef,
    edit: impl FnOnce(&mut Generations) -> bool,
) -> rusqlite::Result<bool> {
    let Some(mut generations) = generations(sql, repository, group)? else { return Ok(false) };
    let is_changed = edit(&mut generations);
    if is_changed {
        put(sql, repository, group, &generations)?;
    }
    Ok(is_changed)
}

/// The generations of a group, if a file has joined it.
pub(super) fn generations(
    sql: &Connection,
    repository: &str,
    group: &GroupRef,
) -> rusqlite::Result<Option<Generations>> {
    let document: Option<String> = sql
        .prepare_cached("SELECT document FROM groups WHERE repository = ?1 AND id = ?2 AND last = ?3")?
        .query_row(params![repository, group.id, group.last], |row| row.get(0))
        .optional()?;
    document.map(|document| from_json(&document)).transpose()
}

/// Keeps the generations of a group.
pub(super) fn put(
    sql: &Connection,
    repository: &str,
    group: &GroupRef,
    generations: &Generations,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO groups (repository, id, last, document) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET document = ?4",
    )?
    .execute(params![repository, group.id, group.last, to_json(generations)?])
    .map(|_| ())
}
