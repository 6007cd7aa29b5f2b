//! The states of queries in SQLite.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;

use super::register::register;
use super::{SqliteState, key_of};
use crate::sqlite::{from_json, to_json};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{ImportRun, QueryState, QueryStates};

impl QueryStates for SqliteState {
    async fn query(&self, repository: &Repository, entry: &Entry) -> Result<Option<(QueryState, u64)>> {
        let (repository, entry) = (repository.to_string(), key_of(entry));
        let read = move |sql: &Connection| {
            let mut found = sql.prepare_cached(
                "SELECT document, version FROM queries WHERE repository = ?1 AND entry = ?2",
            )?;
            let row =
                found.query_row([&repository, &entry], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
            row.optional()?.map(|(document, version)| Ok((from_json(&document)?, version))).transpose()
        };
        self.database.read("reading the state of a query", read)
    }

    async fn put_query(
        &self,
        repository: &Repository,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        let (repository, entry, state) = (repository.to_string(), key_of(entry), state.clone());
        let put = move |sql: &Connection| put(sql, &repository, &entry, &state, version);
        self.database.write("keeping the state of a query", put)
    }

    async fn register_fetched(
        &self,
        run: &ImportRun,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        let (run, entry, state) = (run.clone(), key_of(entry), state.clone());
        let write = move |sql: &Connection| {
            let is_put = put(sql, run.repository.as_str(), &entry, &state, version)?;
            if is_put {
                register(sql, run)?;
            }
            Ok(is_put)
        };
        self.database.write("registering the file of a query", write)
    }
}

/// Writes a state over the version that was read. False if another one is there.
fn put(
    sql: &Connection,
    repository: &str,
    entry: &str,
    state: &QueryState,
    version: u64,
) -> rusqlite::Result<bool> {
    let document = to_json(state)?;
    let changed = if version == 0 {
        sql.prepare_cached(
            "INSERT INTO queries (repository, entry, version, document) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![repository, entry, document])?
    } else {
        sql.prepare_cached(
            "UPDATE queries SET version = version + 1, document = ?4
             WHERE repository = ?1 AND entry = ?2 AND version = ?3",
        )?
        .execute(params![repository, entry, version, document])?
    };
    Ok(changed == 1)
}
