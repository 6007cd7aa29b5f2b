//! Marks in SQLite.

use rusqlite::{Connection, params};
use tidewaiter::id::Timestamp;

use super::{SqliteState, read};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::Marks;

impl Marks for SqliteState {
    async fn put_if_absent(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        let (key, millis) = (key.to_owned(), at.as_millisecond());
        let note = move |sql: &Connection| {
            sql.prepare_cached("INSERT INTO notes (key, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![key, millis])?;
            read::mark(sql, &key)
        };
        Ok(self.database.write("noting something", note)?.unwrap_or(at))
    }

    async fn put(&self, key: &str, at: Timestamp) -> Result<()> {
        let (key, millis) = (key.to_owned(), at.as_millisecond());
        let renew = move |sql: &Connection| {
            sql.prepare_cached("INSERT OR REPLACE INTO notes (key, at) VALUES (?1, ?2)")?
                .execute(params![key, millis])
        };
        self.database.write("noting something", renew).map(|_| ())
    }

    async fn get(&self, key: &str) -> Result<Option<Timestamp>> {
        let key = key.to_owned();
        self.database.read("looking for a note", move |sql| read::mark(sql, &key))
    }
}
