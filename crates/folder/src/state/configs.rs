//! The store of configurations in SQLite, and the owners of universes.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;

use super::SqliteState;
use super::read::parsed;
use crate::sqlite::{from_json, to_json};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Activates, ConfigStore, ConfigVersion, Universe};

impl ConfigStore for SqliteState {
    async fn keep(&self, hash: &str, document: &[u8]) -> Result<()> {
        let (hash, document) = (hash.to_owned(), document.to_vec());
        let keep = move |sql: &Connection| {
            sql.prepare_cached(
                "INSERT INTO configurations (hash, document) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![hash, document])
        };
        self.database.write("keeping a configuration", keep)?;
        self.make_durable()
    }

    async fn kept(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        let hash = hash.to_owned();
        let read = move |sql: &Connection| {
            sql.prepare_cached("SELECT document FROM configurations WHERE hash = ?1")?
                .query_row([hash], |row| row.get(0))
                .optional()
        };
        self.database.read("reading a configuration", read)
    }

    async fn reconfigured(&self, repository: &Repository) -> Result<()> {
        let repository = repository.to_string();
        let count = move |sql: &Connection| count(sql, &repository, 1, 1);
        self.database.write("counting a configuration", count)
    }

    async fn activates(
        &self,
        repository: &Repository,
        universe: &str,
        activates: &Activates,
    ) -> Result<bool> {
        let (repository, universe, ours) = (repository.to_string(), universe.to_owned(), activates.clone());
        let note = move |sql: &Connection| {
            let is_latest = note_latest(sql, &repository, &universe, ours.id)?;
            if is_latest {
                add_versions(sql, &repository, &universe, &ours)?;
            }
            Ok(is_latest)
        };
        self.database.write("noting a configuration", note)
    }

    async fn versions(&self, repository: &Repository, universe: &str) -> Result<Vec<ConfigVersion>> {
        let (repository, universe) = (repository.to_string(), universe.to_owned());
        let read = move |sql: &Connection| versions(sql, &repository, &universe);
        self.database.read("listing versions of a configuration", read)
    }

    async fn own(&self, universe: &str, repository: &Repository) -> Result<Universe> {
        let (universe, repository) = (universe.to_owned(), repository.to_string());
        let own = move |sql: &Connection| own(sql, &universe, &repository);
        let owned = self.database.write("owning a universe", own)?;
        self.make_durable().map(|()| owned)
    }

    async fn share(&self, universe: &str, repository: &Repository, is_shared: bool) -> Result<bool> {
        let (universe, repository) = (universe.to_owned(), repository.to_string());
        let share = move |sql: &Connection| share(sql, &universe, &repository, is_shared);
        self.database.write("sharing a universe", share)
    }

    async fn universe(&self, name: &str) -> Result<Option<Universe>> {
        let name = name.to_owned();
        let read = move |sql: &Connection| universe_of(sql, &name);
        self.database.read("finding a universe", read)
    }

    async fn universes(&self) -> Result<Vec<Universe>> {
        self.database.read("listing universes", universes)
    }
}

/// Counts configurations that were registered, and that have their outcome.
pub(super) fn count(
    sql: &Connection,
    repository: &str,
    registered: u64,
    concluded: u64,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO configurations_of (repository, registered, concluded) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET registered = registered + ?2, concluded = concluded + ?3",
    )?
    .execute(params![repository, registered, concluded])
    .map(|_| ())
}

/// Notes that an import is about to activate a configuration; false if a later one has.
fn note_latest(sql: &Connection, repository: &str, universe: &str, id: ImportId) -> rusqlite::Result<bool> {
    let noted = sql
        .prepare_cached(
            "INSERT INTO activated (repository, universe, import) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET import = ?3 WHERE import <= ?3",
        )?
        .execute(params![repository, universe, id.to_string()])?;
    Ok(noted > 0)
}

/// Adds the versions that an activation says, if it did not do so before.
fn add_versions(
    sql: &Connection,
    repository: &str,
    universe: &str,
    ours: &Activates,
) -> rusqlite::Result<()> {
    for version in ours.added(&versions(sql, repository, universe)?) {
        sql.prepare_cached(
            "INSERT INTO config_versions (repository, universe, number, document) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![repository, universe, version.number, to_json(&version)?])?;
    }
    Ok(())
}

/// The versions of a configuration, in the order of their numbers.
fn versions(sql: &Connection, repository: &str, universe: &str) -> rusqlite::Result<Vec<ConfigVersion>> {
    let mut query = sql.prepare_cached(
        "SELECT document FROM config_versions WHERE repository = ?1 AND universe = ?2 ORDER BY number",
    )?;
    let rows = query.query_map([repository, universe], |row| row.get::<_, String>(0))?;
    rows.map(|document| from_json(&document?)).collect()
}

/// Makes a repository the owner of a universe that has none; what holds then.
fn own(sql: &Connection, universe: &str, repository: &str) -> rusqlite::Result<Universe> {
    sql.prepare_cached("INSERT INTO universes (name, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([universe, repository])?;
    universe_of(sql, universe)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// A universe, if it has an owner.
fn universe_of(sql: &Connection, name: &str) -> rusqlite::Result<Option<Universe>> {
    let owner: Option<String> = sql
        .prepare_cached("SELECT owner FROM universes WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    owner.map(|owner| with_shares(sql, name.to_owned(), &owner)).transpose()
}

/// Shares a universe, or no longer; false if it has no owner.
fn share(sql: &Connection, universe: &str, repository: &str, is_shared: bool) -> rusqlite::Result<bool> {
    if universe_of(sql, universe)?.is_none() {
        return Ok(false);
    }
    let statement = if is_shared {
        "INSERT INTO shared (universe, repository) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM shared WHERE universe = ?1 AND repository = ?2"
    };
    sql.prepare_cached(statement)?.execute([universe, repository])?;
    Ok(true)
}

/// The universes that have an owner.
fn universes(sql: &Connection) -> rusqlite::Result<Vec<Universe>> {
    let mut query = sql.prepare_cached("SELECT name, owner FROM universes ORDER BY name")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let found: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    found.into_iter().map(|(name, owner)| with_shares(sql, name, &owner)).collect()
}

fn with_shares(sql: &Connection, name: String, owner: &str) -> rusqlite::Result<Universe> {
    let mut query = sql.prepare_cached("SELECT repository FROM shared WHERE universe = ?1")?;
    let rows = query.query_map([&name], |row| row.get::<_, String>(0))?;
    let mut shared = BTreeSet::new();
    for repository in rows {
        shared.insert(parsed(&repository?)?);
    }
    let owner = parsed(owner)?;
    Ok(Universe { name, owner, shared })
}
