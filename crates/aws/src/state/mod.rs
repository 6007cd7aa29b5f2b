//! State in one DynamoDB table.
//!
//! An import is one item, a document with a revision, and only ever written on the condition that nobody
//! wrote it in between. What is looked up in other ways lies in key ranges of its own, each in the order in
//! which it is asked for: ready work in treatment order, the members of a group, what is unfinished. Such an
//! entry is written and removed in the transaction that changes the import, so that they never disagree.
//! There is no second index, which would lag behind, and no scan. `keys` says where each thing lies.

mod advance;
mod claim;
mod conclude;
mod digests;
mod imports;
mod keys;
mod owners;
mod read;
mod register;
mod run_cache;

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
    AdvanceWrites, Conclusion, Decision, Delivery, DroppedObject, Gathered, HistoryFilter, ImportRun,
    ImportSnapshot, Kind, Pinned, Progress, State, Turn, Universe, WaitingDigest, WaitingGroup,
};

use crate::table::{Part, Table, When, Write, Written, broken, number_of, text_of};
use imports::{begin, conclusion, end};
use run_cache::RunCache;

/// An item may have 400 KB; a configuration may have more, and is kept in parts of this size.
const CONFIG_PART_BYTES: usize = 256 << 10;

/// State in a DynamoDB table with a partition key `pk` and a sort key `sk`, both text.
#[derive(Debug, Clone)]
pub struct StateTable {
    table: Table,
    /// Repositories that this process has noted.
    noted: Arc<Mutex<HashSet<Repository>>>,
    known: RunCache,
}

impl StateTable {
    /// The state in the table `name`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { table: Table { client, name: name.into() }, noted: Arc::default(), known: RunCache::default() }
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

    async fn change(&self, what: &'static str, id: ImportId, edit: impl FnMut(&mut ImportRun)) -> Result<()> {
        imports::change(&self.table, &self.known, what, id, edit).await
    }
}

impl State for StateTable {
    async fn register(&self, imports: &[ImportRun]) -> Result<Vec<ImportRun>> {
        for import in imports {
            self.note(&import.repository).await?;
        }
        register::register(&self.table, &self.known, imports).await
    }

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        register::unregistered(&self.table, drops).await
    }

    async fn resolve(&self, id: ImportId, kind: &Kind) -> Result<Option<ImportRun>> {
        register::resolve(&self.table, &self.known, id, kind).await
    }

    async fn unresolved(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        read::unresolved(&self.table, repository).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<ImportRun>> {
        let found = imports::find(&self.table, "reading an import", id).await?;
        Ok(found.map(|(import, revision)| {
            self.known.put(&import, revision);
            import
        }))
    }

    async fn imports(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        imports::find_all(&self.table, "reading imports", ids).await
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        register::members(&self.table, archive).await
    }

    fn remembered(&self, id: ImportId) -> Option<ImportSnapshot> {
        self.known.get(id).map(|(import, revision)| ImportSnapshot { import, revision })
    }

    fn remember(&self, known: &ImportSnapshot) {
        self.known.put(&known.import, known.revision);
    }

    async fn recall(&self, id: ImportId) -> Result<Option<ImportRun>> {
        match self.known.get(id) {
            Some((import, _)) => Ok(Some(import)),
            None => self.import(id).await,
        }
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let mut held = None;
        let start = |import: &mut ImportRun| held = begin(import, pin);
        self.change("starting an import", id, start).await?;
        Ok(held)
    }

    async fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        late: Option<Date>,
    ) -> Result<Decision> {
        conclude::conclude(&self.table, &self.known, seen, conclusion, outputs, late).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        // Whoever carries out what another process decided may remember the import as it was before.
        if self.known.get(id).is_some_and(|(import, _)| conclusion(&import).is_none()) {
            self.known.forget(id);
        }
        self.change("finishing an import", id, end).await
    }

    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        claim::claim(&self.table, keys, id).await
    }

    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        let (due, trouble) = delivery.state();
        let mailed = |import: &mut ImportRun| {
            if let Progress::Done(conclusion) = &mut import.progress {
                conclusion.mail_due &= due;
                conclusion.mail_trouble.clone_from(&trouble);
            }
        };
        self.change("noting a mail", id, mailed).await
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        digests::gather(&self.table, repository, digest, most).await
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        digests::digested(&self.table, &self.known, repository, gathered, delivery).await
    }

    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        read::turn(&self.table, &self.known, repository).await
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        advance::advance(&self.table, &self.known, repository, version, state, along).await
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

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        read::group_members(&self.table, repository, group).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        register::close(&self.table, repository, group).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        register::expire(&self.table, repository, group).await
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
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

    async fn renew(&self, key: &str, at: Timestamp) -> Result<()> {
        let millis = crate::table::number(at.as_millisecond());
        let write = Write::Put(keys::note(key), vec![("at", millis)], When::Always);
        self.table.write("noting something", vec![write]).await.map(|_| ())
    }

    async fn noticed(&self, key: &str) -> Result<Option<Timestamp>> {
        let found = self.table.get("looking for a note", &keys::note(key)).await?;
        let millis = found.and_then(|item| number_of(&item, "at"));
        Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }

    async fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        read::later_date(&self.table, repository, name, before).await
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

    async fn reconfigured(&self, repository: &Repository) -> Result<()> {
        owners::reconfigured(&self.table, repository).await
    }

    async fn activates(&self, repository: &Repository, universe: &str, id: ImportId) -> Result<bool> {
        owners::activates(&self.table, repository, universe, id).await
    }

    async fn own(&self, universe: &str, repository: &Repository) -> Result<Universe> {
        owners::own(&self.table, universe, repository).await
    }

    async fn share(&self, universe: &str, repository: &Repository, is_shared: bool) -> Result<bool> {
        owners::share(&self.table, universe, repository, is_shared).await
    }

    async fn universe(&self, name: &str) -> Result<Option<Universe>> {
        owners::universe(&self.table, name).await
    }

    async fn universes(&self) -> Result<Vec<Universe>> {
        owners::universes(&self.table).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        read::repositories(&self.table).await
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        read::unfinished(&self.table).await
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        digests::waiting(&self.table, repository).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        read::unmailed(&self.table).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        read::queued(&self.table, repository, limit).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        read::waiting(&self.table, repository).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        read::history(&self.table, filter).await
    }
}
