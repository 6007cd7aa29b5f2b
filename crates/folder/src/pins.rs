//! What the files work under that are landed together.
//!
//! Files that share a commit are landed before the state has anything of them. If the power goes between the two
//! commits, they are landed again, and the answers to their batches say what became of them. For that they have to be
//! read with the same configuration and the same content. So the commit that lands them notes both here.

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter_engine::ports::Pinned;

use crate::sqlite::{from_json, to_json};

/// Notes what files work under, in place of those before: the state has these.
pub(crate) fn note<'p>(
    sql: &Connection,
    pins: impl IntoIterator<Item = (&'p ImportId, &'p Pinned)>,
) -> rusqlite::Result<()> {
    sql.prepare_cached("DELETE FROM _pins")?.execute([])?;
    let mut note = sql.prepare_cached("INSERT INTO _pins (import, pin) VALUES (?1, ?2)")?;
    for (import, pin) in pins {
        note.execute(params![import.to_string(), to_json(pin)?])?;
    }
    Ok(())
}

/// What was noted.
pub(crate) fn noted(sql: &Connection) -> rusqlite::Result<Vec<(ImportId, Pinned)>> {
    let mut noted = Vec::new();
    let mut query = sql.prepare_cached("SELECT import, pin FROM _pins ORDER BY import")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (import, pin): (String, String) = (row.get(0)?, row.get(1)?);
        let unreadable = |why: String| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, why.into())
        };
        noted.push((import.parse().map_err(unreadable)?, from_json(&pin)?));
    }
    Ok(noted)
}
