//! State in one DynamoDB table.
//!
//! An import run is one item, a document with a revision, and only ever written on the condition that no other
//! process wrote it in between. What is looked up in other ways lies in key ranges of its own, each in the order in
//! which it is asked for: ready work in treatment order, the members of a group, what is unfinished. Such an entry is
//! written and removed in the transaction that changes the import, so that they never disagree. There is no second
//! index, which would lag behind, and no scan. `keys` says where each thing lies.
//!
//! [`StateTable`] implements every port of state, each in a file of its own.

mod advance;
mod claim;
mod conclude;
mod configs;
mod groups;
mod imports;
mod keys;
mod marks;
mod outbox;
mod owners;
mod queries;
mod read;
mod register;
mod run_cache;
mod runs;
mod versions;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::ImportRun;

use crate::table::{Table, When, Write};
use run_cache::RunCache;

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

    /// Notes that something is registered in a repository: before it is, so that a reconciliation that looks for
    /// unfinished work looks there. Not in the same transaction, since all registrations would meet at this one item.
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
