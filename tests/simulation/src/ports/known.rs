//! Imports as a process has last seen them, as the adapter for DynamoDB remembers them: with the revision that is the
//! condition of the next write. What is remembered may be out of date; that is what is attacked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tidewaiter::id::ImportId;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{ImportRun, ImportSnapshot, Progress, RunLedger};

use super::Ports;

/// What one process remembers.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<ImportId, ImportSnapshot>>>);

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<ImportId, ImportSnapshot>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn get(&self, id: ImportId) -> Option<ImportSnapshot> {
        self.with(|all| all.get(&id).cloned())
    }

    /// Remembers an import, unless a later version of it is remembered.
    pub(super) fn put(&self, known: &ImportSnapshot) {
        self.with(|all| {
            let id = known.import.id;
            if all.get(&id).is_some_and(|later| later.revision > known.revision) {
                return;
            }
            if matches!(&known.import.progress, Progress::Done(done) if !done.mail_due) {
                all.remove(&id);
            } else {
                all.insert(id, known.clone());
            }
        });
    }

    pub(super) fn forget(&self, id: ImportId) {
        self.with(|all| all.remove(&id));
    }
}

impl Ports {
    /// An import as it is in the table, with its revision.
    pub(super) async fn current(&self, id: ImportId) -> Result<Option<ImportSnapshot>> {
        let Some(import) = self.world.state.run(id).await? else { return Ok(None) };
        Ok(Some(self.seen(|inner| inner.revised(import))))
    }

    /// Remembers an import as it is in the table.
    pub(super) async fn remember_current(&self, id: ImportId) -> Result<()> {
        if let Some(known) = self.current(id).await? {
            self.memory.put(&known);
        }
        Ok(())
    }

    /// What becomes of a change of an import: it begins with what is remembered, if anything is.
    ///
    /// None: `edit` leaves that as it is, so that nothing is written, whatever is in the table. Otherwise whether that
    /// is what is in the table.
    pub(super) async fn compare(
        &self,
        id: ImportId,
        edit: impl FnOnce(&mut ImportRun),
    ) -> Result<Option<bool>> {
        let Some(remembered) = self.memory.get(id) else { return Ok(Some(true)) };
        let mut after = remembered.import.clone();
        edit(&mut after);
        if after == remembered.import {
            return Ok(None);
        }
        let current = self.current(id).await?;
        Ok(Some(current.is_some_and(|current| current.revision == remembered.revision)))
    }
}
