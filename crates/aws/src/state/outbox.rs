//! The outbox in DynamoDB: due mails, and the digests that reports wait for.
//!
//! What is gathered for a mail is one item, written on the condition that there is none: two who gather at the same
//! time send the same mail. It goes when all reports in it are noted as told.

use std::collections::BTreeMap;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Delivery, Gathered, ImportRun, Outbox, WaitingDigest};

use super::imports::{self, document, import_of, put_document};
use super::run_cache::RunCache;
use super::{StateTable, keys, read};
use crate::table::{Part, Table, Tries, When, Write, Written, text_of};

impl Outbox for StateTable {
    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        self.change("noting a mail", id, |run| run.mailed(delivery)).await
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        gather(&self.table, repository, digest, most).await
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        digested(&self.table, &self.known, repository, gathered, delivery).await
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        waiting(&self.table, repository).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        read::unmailed(&self.table).await
    }
}

/// Fixes what goes into the next mail of a digest; see [`Outbox::gather`].
async fn gather(
    table: &Table,
    repository: &Repository,
    digest: &str,
    most: usize,
) -> Result<Option<Gathered>> {
    const WHAT: &str = "gathering a digest";
    let mut tries = Tries::new(WHAT);
    loop {
        if let Some((held, _)) = held(table, WHAT, repository, digest).await? {
            return Ok(Some(held));
        }
        let prefix = keys::waits(digest);
        let part = Part { prefix: &prefix, descending: false };
        let waiting = table.query(WHAT, &keys::digests(repository), part, most).await?;
        let imports: Result<Vec<_>> = waiting.iter().map(|item| import_of(item, WHAT)).collect();
        let gathered = Gathered { digest: digest.to_owned(), imports: imports?, trouble: None };
        if gathered.imports.is_empty() {
            return Ok(None);
        }
        let write = put_document(keys::gathered(repository, digest), &gathered, 0, WHAT)?;
        match table.write(WHAT, vec![write]).await? {
            Written::Done => return Ok(Some(gathered)),
            Written::Lost(_) => tries.again().await?,
        }
    }
}

async fn held(
    table: &Table,
    what: &'static str,
    repository: &Repository,
    digest: &str,
) -> Result<Option<(Gathered, u64)>> {
    let found = table.get(what, &keys::gathered(repository, digest)).await?;
    found.map(|item| document(&item, what)).transpose()
}

/// Notes what became of a mail; see [`Outbox::digested`].
async fn digested(
    table: &Table,
    known: &RunCache,
    repository: &Repository,
    gathered: &Gathered,
    delivery: &Delivery,
) -> Result<()> {
    const WHAT: &str = "noting a digest";
    let at = keys::gathered(repository, &gathered.digest);
    let held = held(table, WHAT, repository, &gathered.digest).await?;
    // What was gathered by now is for another mail.
    let Some((held, revision)) = held.filter(|(held, _)| held.imports == gathered.imports) else {
        return Ok(());
    };
    let (due, trouble) = delivery.state();
    if due {
        let write = put_document(at, &Gathered { trouble, ..held }, revision, WHAT)?;
        // A faster process noted it, or the digest is over.
        return table.write(WHAT, vec![write]).await.map(|_| ());
    }
    let told = |run: &mut ImportRun| run.digested(trouble.as_ref());
    imports::change_all(table, known, WHAT, &gathered.imports, told).await?;
    let is_ours = When::Is(imports::REVISION, crate::table::number(revision));
    table.write(WHAT, vec![Write::Delete(at, is_ours)]).await.map(|_| ())
}

/// The digests that reports wait for, and those that are gathered.
async fn waiting(table: &Table, repository: &Repository) -> Result<Vec<WaitingDigest>> {
    const WHAT: &str = "listing digests";
    let mut digests: BTreeMap<String, WaitingDigest> = BTreeMap::new();
    // What is gathered comes before what waits.
    for item in table.query(WHAT, &keys::digests(repository), Part::default(), usize::MAX).await? {
        let sort = text_of(&item, "sk").unwrap_or_default();
        if sort.starts_with(keys::GATHERED) {
            let Gathered { digest, imports, trouble } = document(&item, WHAT)?.0;
            if let Some(&first) = imports.first() {
                digests.insert(digest.clone(), WaitingDigest { digest, first, reports: 0, trouble });
            }
        } else if let Some((digest, _)) = sort.strip_prefix(keys::WAITS).and_then(|sort| sort.split_once('#'))
        {
            let first = import_of(&item, WHAT)?;
            let fresh = || WaitingDigest { digest: digest.to_owned(), first, reports: 0, trouble: None };
            digests.entry(digest.to_owned()).or_insert_with(fresh).reports += 1;
        }
    }
    Ok(digests.into_values().collect())
}
