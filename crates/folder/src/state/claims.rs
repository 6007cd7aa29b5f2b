//! Claims on keys in SQLite: whose output lies at a key.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Key;

use super::{SqliteState, change, read};
use crate::sqlite::overtaken;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{KeyClaims, RENAMINGS};

impl KeyClaims for SqliteState {
    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        let keys: Vec<Key> = keys.iter().map(|key| (*key).clone()).collect();
        let claim = move |sql: &Connection| keys.iter().map(|key| claim(sql, key, id)).collect();
        self.database.write("claiming keys", claim)
    }

    async fn owners(&self, keys: &[Key]) -> Result<BTreeSet<ImportId>> {
        let keys = keys.to_vec();
        let owners = move |sql: &Connection| {
            let found: Vec<_> = keys.iter().map(|key| owner_of(sql, key)).collect::<rusqlite::Result<_>>()?;
            found.into_iter().flatten().map(|id| read::parsed(&id)).collect()
        };
        self.database.read("reading claims", owners)
    }
}

/// Takes a key for an import's output; see [`KeyClaims::claim`].
pub(super) fn claim(sql: &Connection, key: &Key, id: ImportId) -> rusqlite::Result<Option<Key>> {
    let owner = owner_of(sql, key)?;
    if owner.is_none() {
        sql.prepare_cached("INSERT INTO places (key, import) VALUES (?1, ?2)")?
            .execute([key.as_str(), &id.to_string()])?;
        return Ok(Some(key.renamed(id)));
    }
    let earlier =
        owner.filter(|owner| *owner != id.to_string()).and_then(|owner| owner.parse::<ImportId>().ok());
    if let Some(earlier) = earlier {
        if is_done(sql, earlier)? == Some(false) {
            return Err(overtaken(format!("{key} is about to be written by import {earlier}")));
        }
        if is_done(sql, id)? == Some(true) {
            return Err(overtaken(format!("import {id} is done, and {key} is import {earlier}'s")));
        }
        let mut older = key.renamed(earlier);
        for _ in 0..RENAMINGS {
            if owner_of(sql, &older)?.is_none_or(|owner| owner == earlier.to_string()) {
                break;
            }
            older = older.renamed(earlier);
        }
        sql.prepare_cached("INSERT OR REPLACE INTO displaced (key, import, older) VALUES (?1, ?2, ?3)")?
            .execute([key.as_str(), &id.to_string(), older.as_str()])?;
        // The new name is taken as well: it is a valid one, and may be used by a partner.
        sql.prepare_cached("INSERT OR REPLACE INTO places (key, import) VALUES (?1, ?2)")?
            .execute([older.as_str(), &earlier.to_string()])?;
        change(sql, earlier, |run| _ = run.rename_output(key, &older))?;
    }
    sql.prepare_cached("INSERT OR REPLACE INTO places (key, import) VALUES (?1, ?2)")?
        .execute([key.as_str(), &id.to_string()])?;
    let older: Option<String> = sql
        .prepare_cached("SELECT older FROM displaced WHERE key = ?1 AND import = ?2")?
        .query_row([key.as_str(), &id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(older.and_then(|older| Key::parse(&older).ok()))
}

fn is_done(sql: &Connection, id: ImportId) -> rusqlite::Result<Option<bool>> {
    Ok(read::run(sql, id)?.map(|run| run.is_done()))
}

fn owner_of(sql: &Connection, key: &Key) -> rusqlite::Result<Option<String>> {
    sql.prepare_cached("SELECT import FROM places WHERE key = ?1")?
        .query_row([key.as_str()], |row| row.get(0))
        .optional()
}
