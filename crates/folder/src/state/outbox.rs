//! The outbox in SQLite: due mails, and the digests that reports wait for.

use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;

use super::read::{self, parsed};
use super::{SqliteState, change};
use crate::sqlite::{from_json, to_json};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Delivery, Gathered, Outbox, WaitingDigest};

impl Outbox for SqliteState {
    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        let delivery = delivery.clone();
        let mailed = move |sql: &Connection| change(sql, id, |run| run.mailed(&delivery));
        self.database.write("noting a mail", mailed)
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        let (repository, digest) = (repository.to_string(), digest.to_owned());
        let gather = move |sql: &Connection| gather(sql, &repository, digest, most);
        self.database.write("gathering a digest", gather)
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        let (repository, gathered, delivery) = (repository.to_string(), gathered.clone(), delivery.clone());
        let digested = move |sql: &Connection| digested(sql, &repository, gathered, &delivery);
        self.database.write("noting a digest", digested)
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        let repository = repository.to_string();
        let read = move |sql: &Connection| waiting(sql, &repository);
        self.database.read("listing digests", read)
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        self.database.read("finding due mails", read::unmailed)
    }
}

/// Fixes what goes into the next mail of a digest; see [`Outbox::gather`].
fn gather(
    sql: &Connection,
    repository: &str,
    digest: String,
    most: usize,
) -> rusqlite::Result<Option<Gathered>> {
    if let Some(held) = held(sql, repository, &digest)? {
        return Ok(Some(held));
    }
    let mut query = sql.prepare_cached(
        "SELECT id FROM imports WHERE repository = ?1 AND digest = ?2 ORDER BY id LIMIT ?3",
    )?;
    let ids = query.query_map(params![repository, digest, most], |row| row.get::<_, String>(0))?;
    let imports: Vec<ImportId> = ids.map(|id| parsed(&id?)).collect::<rusqlite::Result<_>>()?;
    if imports.is_empty() {
        return Ok(None);
    }
    let gathered = Gathered { digest, imports, trouble: None };
    keep(sql, repository, &gathered)?;
    Ok(Some(gathered))
}

fn held(sql: &Connection, repository: &str, digest: &str) -> rusqlite::Result<Option<Gathered>> {
    let held: Option<String> = sql
        .prepare_cached("SELECT document FROM gathered WHERE repository = ?1 AND digest = ?2")?
        .query_row([repository, digest], |row| row.get(0))
        .optional()?;
    held.map(|document| from_json(&document)).transpose()
}

fn keep(sql: &Connection, repository: &str, gathered: &Gathered) -> rusqlite::Result<()> {
    sql.prepare_cached("INSERT OR REPLACE INTO gathered (repository, digest, document) VALUES (?1, ?2, ?3)")?
        .execute(params![repository, gathered.digest, to_json(gathered)?])
        .map(|_| ())
}

/// Notes what became of a mail; see [`Outbox::digested`].
fn digested(
    sql: &Connection,
    repository: &str,
    gathered: Gathered,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    // What was gathered by now is for another mail.
    if held(sql, repository, &gathered.digest)?.is_none_or(|held| held.imports != gathered.imports) {
        return Ok(());
    }
    let (due, trouble) = delivery.state();
    if due {
        return keep(sql, repository, &Gathered { trouble, ..gathered });
    }
    for id in &gathered.imports {
        change(sql, *id, |run| run.digested(trouble.as_ref()))?;
    }
    sql.prepare_cached("DELETE FROM gathered WHERE repository = ?1 AND digest = ?2")?
        .execute([repository, &gathered.digest])
        .map(|_| ())
}

/// The digests that reports wait for, and those that are gathered.
fn waiting(sql: &Connection, repository: &str) -> rusqlite::Result<Vec<WaitingDigest>> {
    let mut query = sql.prepare_cached(
        "SELECT i.digest, min(i.id), count(*), g.document FROM imports i
         LEFT JOIN gathered g ON g.repository = i.repository AND g.digest = i.digest
         WHERE i.repository = ?1 AND i.digest IS NOT NULL GROUP BY i.digest ORDER BY i.digest",
    )?;
    let rows = query.query_map([repository], |row| {
        let (digest, first, reports): (String, String, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let gathered: Option<String> = row.get(3)?;
        let gathered: Option<Gathered> = gathered.map(|document| from_json(&document)).transpose()?;
        let trouble = gathered.and_then(|gathered| gathered.trouble);
        Ok(WaitingDigest { digest, first: parsed(&first)?, reports, trouble })
    })?;
    rows.collect()
}
