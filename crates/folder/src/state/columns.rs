//! The ignored columns that the files of an import had, in SQLite.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter_engine::ports::SeenColumns;

use crate::sqlite::{from_json, to_json};

/// The ignored columns of an import.
pub(super) fn seen(sql: &Connection, repository: &str, entry: &str) -> rusqlite::Result<SeenColumns> {
    let found: Option<(u64, String)> = sql
        .prepare_cached("SELECT revision, document FROM seen_columns WHERE repository = ?1 AND entry = ?2")?
        .query_row([repository, entry], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((revision, document)) = found else { return Ok(SeenColumns::default()) };
    Ok(SeenColumns { revision, ..from_json(&document)? })
}

/// Remembers the ignored columns of an import, in the next revision.
pub(super) fn remember(
    sql: &Connection,
    repository: &str,
    entry: &str,
    columns: &SeenColumns,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO seen_columns (repository, entry, revision, document) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET revision = ?3, document = ?4",
    )?
    .execute(params![repository, entry, columns.revision.saturating_add(1), to_json(columns)?])
    .map(|_| ())
}
