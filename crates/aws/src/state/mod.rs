//! State in one DynamoDB table.
//!
//! An import is one item, a document with a revision, and only ever written on the condition that nobody
//! wrote it in between. What is looked up in other ways lies in key ranges of its own, each in the order in
//! which it is asked for: ready work in treatment order, the members of a group, what is unfinished. Such an
//! entry is written and removed in the transaction that changes the import, so that they never disagree.
//! There is no second index, which would lag behind, and no scan. `keys` says where each thing lies.

mod claim;
mod imports;
mod keys;
mod known;
mod read;
mod register;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::sequence::{self, GroupRef};
use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{
    Conclusion, HistoryFilter, Import, Pinned, Progress, State, Turn, WaitingGroup,
};

use crate::table::{Part, Table, When, Write, Written, broken, number_of, text_of};
use imports::{Changed, DOCUMENT, REVISION, put_document};
use known::Known;

/// An item may have 400 KB; a configuration may have more, and is kept in parts of this size.
const CONFIG_PART_BYTES: usize = 256 << 10;

/// State in a DynamoDB table with a partition key `pk` and a sort key `sk`, both text.
#[derive(Debug, Clone)]
pub struct StateTable {
    table: Table,
    /// Repositories that this process has noted.
    noted: Arc<Mutex<HashSet<Repository>>>,
    known: Known,
}

impl StateTable {
    /// The state in the table `name`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { table: Table { client, name: name.into() }, noted: Arc::default(), known: Known::default() }
    }

    /// Notes that something is registered in a repository: before it is, so that whoever looks for unfinished
    /// work looks there. Not in the same transaction, since all registrations would meet at this one item.
    async fn note(&self, repository: &Repository) -> Result<()> {
        let noted = || self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted().contains(repository) {
            return Ok(());
        }
        let write = Write::Put(keys::repository(repository), Vec::new(), When::New);
        self.table.write("noting a repository", vec![write]).await?;
        noted().insert(repository.clone());
        Ok(())
    }

    async fn change(&self, what: &'static str, id: ImportId, edit: impl FnMut(&mut Import)) -> Result<()> {
        imports::change(&self.table, &self.known, what, id, edit).await
    }
}

impl State for StateTable {
    async fn register(&self, imports: &[Import]) -> Result<Vec<Import>> {
        for import in imports {
            self.note(&import.repository).await?;
        }
        register::register(&self.table, &self.known, imports).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<Import>> {
        let found = imports::find(&self.table, "reading an import", id).await?;
        Ok(found.map(|(import, revision)| {
            self.known.put(&import, revision);
            import
        }))
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<Import>> {
        register::members(&self.table, archive).await
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Pinned> {
        const WHAT: &str = "starting an import";
        let (mut held, mut is_decided) = (pin.clone(), false);
        let start = |import: &mut Import| {
            let joined = match &import.progress {
                Progress::Registered => pin.clone(),
                Progress::Started(pinned) => pinned.joined(pin.clone()),
                Progress::Concluding(_) | Progress::Done(_) => {
                    is_decided = true;
                    return;
                }
            };
            held = joined.clone();
            import.progress = Progress::Started(joined);
        };
        self.change(WHAT, id, start).await?;
        if is_decided {
            return Err(claim::overtaken(WHAT, format!("the outcome of import {id} is decided")));
        }
        Ok(held)
    }

    async fn conclude(
        &self,
        id: ImportId,
        conclusion: &Conclusion,
        outputs: &[&Key],
    ) -> Result<(Conclusion, Vec<Option<Key>>)> {
        const WHAT: &str = "deciding an outcome";
        let mut held = conclusion.clone();
        let mut conclude = |import: &mut Import| {
            if let Progress::Concluding(decided) | Progress::Done(decided) = &import.progress {
                held = decided.clone();
            } else {
                held = conclusion.clone();
                import.progress = Progress::Concluding(conclusion.clone());
            }
        };
        let fresh = outputs.iter().map(|key| claim::fresh(key, id)).collect();
        // Mostly the keys are nobody's, and all of it is one request.
        if imports::change_once(&self.table, &self.known, WHAT, id, fresh, &mut conclude).await?
            == Changed::Written
        {
            return Ok((held, outputs.iter().map(|key| Some(key.renamed(id))).collect()));
        }
        self.change(WHAT, id, conclude).await?;
        // Also if it was written before, and the answer to that was lost.
        let is_ours = held == *conclusion;
        let older = if is_ours { claim::claim(&self.table, outputs, id).await? } else { Vec::new() };
        Ok((held, older))
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        let finish = |import: &mut Import| {
            if let Progress::Concluding(conclusion) = &import.progress {
                import.progress = Progress::Done(conclusion.clone());
            }
        };
        self.change("finishing an import", id, finish).await
    }

    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        claim::claim(&self.table, keys, id).await
    }

    async fn mailed(&self, id: ImportId) -> Result<()> {
        let mailed = |import: &mut Import| {
            if let Progress::Done(conclusion) = &mut import.progress {
                conclusion.mail_due = false;
            }
        };
        self.change("noting a mail", id, mailed).await
    }

    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        read::turn(&self.table, repository).await
    }

    async fn advance(&self, repository: &Repository, version: u64, state: &sequence::State) -> Result<bool> {
        const WHAT: &str = "writing a sequence";
        let write = put_document(keys::sequence(repository), state, version, WHAT)?;
        let ours = match &write {
            Write::Put(_, attributes, _) => attributes.clone(),
            _ => Vec::new(),
        };
        Ok(match self.table.write(WHAT, vec![write]).await? {
            Written::Done => true,
            // The answer to our own write may have been lost, and the request sent again.
            Written::Lost(held) => {
                let is_ours = ours.iter().all(|(name, value)| held.get(*name) == Some(value));
                debug_assert!(ours.iter().all(|(name, _)| [DOCUMENT, REVISION].contains(name)));
                is_ours
            }
        })
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        register::seal(&self.table, repository, group).await
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        read::next_member(&self.table, repository, group, checking).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<Import>> {
        read::group_members(&self.table, repository, group).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        register::close(&self.table, repository, group).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        register::expire(&self.table, repository, group).await
    }

    async fn twin(&self, repository: &Repository, name: &DataName, sha256: &str) -> Result<Option<Import>> {
        const WHAT: &str = "finding the same content";
        let Some(first) = self.table.get(WHAT, &keys::content(repository, name, sha256)).await? else {
            return Ok(None);
        };
        let first = imports::import_of(&first, WHAT)?;
        Ok(imports::find(&self.table, WHAT, first).await?.map(|(import, _)| import))
    }

    async fn note(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        let millis = crate::table::number(at.as_millisecond());
        let write = Write::Put(keys::note(key), vec![("at", millis)], When::New);
        match self.table.write("noting something", vec![write]).await? {
            Written::Done => Ok(at),
            Written::Lost(_) => Ok(self.noticed(key).await?.unwrap_or(at)),
        }
    }

    async fn noticed(&self, key: &str) -> Result<Option<Timestamp>> {
        let found = self.table.get("looking for a note", &keys::note(key)).await?;
        let millis = found.and_then(|item| number_of(&item, "at"));
        Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }

    async fn latest_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        read::latest_date(&self.table, repository, name, before).await
    }

    async fn keep_config(&self, hash: &str, document: &[u8]) -> Result<()> {
        let parts: Vec<&[u8]> = document.chunks(CONFIG_PART_BYTES).collect();
        let count = crate::table::number(parts.len());
        // The first part says how many there are, and is written when all others are there.
        for (number, part) in parts.iter().enumerate().rev() {
            let bytes = AttributeValue::B(Blob::new(*part));
            let attributes = vec![("bytes", bytes), ("parts", count.clone())];
            let write = Write::Put(keys::config_part(hash, number), attributes, When::Always);
            self.table.write("keeping a configuration", vec![write]).await?;
        }
        Ok(())
    }

    async fn kept_config(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        const WHAT: &str = "reading a configuration";
        let parts = self.table.query(WHAT, &keys::config(hash), Part::default(), usize::MAX).await?;
        let is_first =
            |item: &&crate::table::Item| text_of(item, "sk") == Some(&keys::config_part(hash, 0).sk);
        let Some(first) = parts.first().filter(is_first) else { return Ok(None) };
        if number_of(first, "parts") != Some(parts.len()) {
            return Err(broken(WHAT));
        }
        let bytes = parts.iter().map(|item| item.get("bytes").and_then(|value| value.as_b().ok()));
        let bytes: Option<Vec<&[u8]>> = bytes.map(|blob| blob.map(AsRef::as_ref)).collect();
        bytes.map(|parts| Some(parts.concat())).ok_or_else(|| broken(WHAT))
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        read::repositories(&self.table).await
    }

    async fn unfinished(&self) -> Result<Vec<Import>> {
        read::unfinished(&self.table).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        read::unmailed(&self.table).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<Import>> {
        read::queued(&self.table, repository, limit).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        read::waiting(&self.table, repository).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<Import>> {
        read::history(&self.table, filter).await
    }
}
