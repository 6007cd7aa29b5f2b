//! Import runs as this process last saw them.
//!
//! The process that takes a step of a run usually took the one before, or received a snapshot with the message. It
//! changes what was written then, on the condition that no other process did, so it need not read first. A wrong
//! snapshot costs a request and changes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tidewaiter::id::ImportId;
use tidewaiter_engine::ports::{ImportRun, Progress};

/// How many are remembered. A process has few in hand; one that has seen more begins anew.
const REMEMBERED: usize = 256;

/// Imports with the revisions under which they were read or written.
#[derive(Debug, Clone, Default)]
pub(super) struct RunCache(Arc<Mutex<HashMap<ImportId, (ImportRun, u64)>>>);

impl RunCache {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<ImportId, (ImportRun, u64)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn get(&self, id: ImportId) -> Option<(ImportRun, u64)> {
        self.with(|all| all.get(&id).cloned())
    }

    /// Remembers an import, unless a later version of it is remembered.
    pub(super) fn put(&self, import: &ImportRun, revision: u64) {
        self.with(|all| {
            if all.get(&import.id).is_some_and(|(_, later)| *later > revision) {
                return;
            }
            if matches!(&import.progress, Progress::Done(done) if !done.mail_due) {
                all.remove(&import.id);
                return;
            }
            if all.len() >= REMEMBERED {
                all.clear();
            }
            all.insert(import.id, (import.clone(), revision));
        });
    }

    pub(super) fn forget(&self, id: ImportId) {
        self.with(|all| all.remove(&id));
    }
}
