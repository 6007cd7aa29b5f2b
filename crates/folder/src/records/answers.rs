//! What was answered to the batches of files that are not done.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;

/// The share under which it is noted that nothing is loaded any more.
const CLOSED: i64 = -2;

/// True if nothing of an import is loaded any more.
pub(super) fn is_closed(sql: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    Ok(answered(sql, import, (CLOSED, 0))?.is_some())
}

/// From now on nothing of an import is loaded. True if something was.
pub(super) fn close(sql: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    if !is_closed(sql, import)? {
        answer(sql, import, (CLOSED, 0), "")?;
    }
    has_begun(sql, import)
}

/// True if something of an import was loaded.
pub(super) fn has_begun(sql: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM _applied WHERE import = ?1 AND share <> ?2 LIMIT 1")?
        .exists(params![import.to_string(), CLOSED])
}

/// What was answered to a batch or a pruning.
pub(super) fn answered(
    sql: &Connection,
    import: ImportId,
    number: (i64, u64),
) -> rusqlite::Result<Option<String>> {
    sql.prepare_cached("SELECT answer FROM _applied WHERE import = ?1 AND share = ?2 AND number = ?3")?
        .query_row(params![import.to_string(), number.0, number.1], |row| row.get(0))
        .optional()
}

/// Keeps an answer.
pub(super) fn answer(
    sql: &Connection,
    import: ImportId,
    number: (i64, u64),
    answer: &str,
) -> rusqlite::Result<()> {
    sql.prepare_cached("INSERT INTO _applied (import, share, number, answer) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![import.to_string(), number.0, number.1, answer])
        .map(|_| ())
}

/// Drops the answers to the batches of imports that are done.
pub(super) fn forget(sql: &Connection, imports: &[ImportId]) -> rusqlite::Result<()> {
    let mut forget = sql.prepare_cached("DELETE FROM _applied WHERE import = ?1")?;
    imports.iter().try_for_each(|import| forget.execute([import.to_string()]).map(|_| ()))
}
