//! The queue of groups in SQLite, and the turn of each repository.

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::order::group_key;
use tidewaiter::sequence::{self, GroupRef};

use super::runs::{finish, start};
use super::{SqliteState, read};
use crate::Result;
use crate::local::sqlite::to_json;
use crate::ports::{AdvanceWrites, GroupQueue, ImportRun, Turn, WaitingGroup};

impl GroupQueue for SqliteState {
    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let repository = repository.to_string();
        self.database.read("reading a turn", move |sql| read::turn(sql, &repository)).await
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
        let advance = move |sql: &rusqlite::Transaction<'_>| {
            if let Some(registered) = registered
                && read::configurations(sql, &repository)?.registered != registered
            {
                return Ok(false);
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
                return Ok(false);
            }
            if let Some((id, pin)) = begins {
                start(sql, id, &pin)?;
            }
            if let Some(id) = ends {
                finish(sql, id)?;
            }
            Ok(true)
        };
        self.database.write("writing a sequence", advance).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let seal = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached(
                "UPDATE groups SET open = ?4 + 1 WHERE repository = ?1 AND id = ?2 AND last = ?3 AND open <= ?4",
            )?
            .execute(params![repository, group.id, group.last, group.generation])
        };
        self.database.write("sealing a group", seal).await.map(|_| ())
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let find = move |sql: &Connection| read::next_member(sql, &repository, &group, checking);
        self.database.read("finding a member", find).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let members = move |sql: &Connection| read::group_members(sql, &repository, &group);
        self.database.read("reading a group", members).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let close = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?
                .execute(params![repository, group_key(&group.id, group.last, group.generation)])?;
            sql.prepare_cached(
                "UPDATE groups SET closed = max(closed, ?4) WHERE repository = ?1 AND id = ?2 AND last = ?3",
            )?
            .execute(params![repository, group.id, group.last, group.generation])
        };
        self.database.write("closing a group", close).await.map(|_| ())
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let (repository, group) = (repository.to_string(), group.clone());
        let expire = move |sql: &rusqlite::Transaction<'_>| expire(sql, &repository, &group);
        self.database.write("expiring a group", expire).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        self.database.read("listing the queue", move |sql| read::queued(sql, &repository, limit)).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        let repository = repository.clone();
        self.database.read("listing waiting groups", move |sql| read::waiting(sql, &repository)).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.database.read("listing repositories", read::repositories).await
    }
}

/// Makes a group that is incomplete ready to be set aside; false if it is not.
fn expire(sql: &Connection, repository: &str, group: &GroupRef) -> rusqlite::Result<bool> {
    let (open, _) = open_generation(sql, repository, group)?;
    if open != group.generation || read::missing_slots(sql, repository, group)?.is_empty() {
        return Ok(false);
    }
    sql.prepare_cached("UPDATE groups SET open = open + 1 WHERE repository = ?1 AND id = ?2 AND last = ?3")?
        .execute(params![repository, group.id, group.last])?;
    let key = group_key(&group.id, group.last, group.generation);
    sql.prepare_cached(
        "INSERT INTO ready (repository, sort, group_ref) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![repository, key, to_json(group)?])?;
    Ok(true)
}

/// The generation that files of a group join now, and the last one that was closed.
pub(super) fn open_generation(
    sql: &Connection,
    repository: &str,
    group: &GroupRef,
) -> rusqlite::Result<(u64, u64)> {
    sql.prepare_cached(
        "INSERT INTO groups (repository, id, last, open, closed) VALUES (?1, ?2, ?3, 1, 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![repository, group.id, group.last])?;
    sql.prepare_cached("SELECT open, closed FROM groups WHERE repository = ?1 AND id = ?2 AND last = ?3")?
        .query_row(params![repository, group.id, group.last], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
        })
}
