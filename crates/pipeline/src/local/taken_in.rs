//! Configurations that were moved out of the drop zone and may not be registered yet.
//!
//! Between the two, neither the drop zone nor the state says that they are there; if the state cannot be written,
//! that is for longer than a moment. The files of their repositories wait all the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::Dropped;

use crate::ports::Drop;

/// The names of configurations, with their repositories and imports.
#[derive(Debug, Clone, Default)]
pub(super) struct TakenIn(Arc<Mutex<BTreeSet<(Repository, String, ImportId)>>>);

impl TakenIn {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeSet<(Repository, String, ImportId)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes the configurations among these.
    pub(super) fn note<'a>(&self, drops: impl IntoIterator<Item = &'a Drop>) {
        let is_configuration =
            |dropped: &&Drop| matches!(Dropped::of(&dropped.file), Dropped::Configuration { .. });
        let found = drops.into_iter().filter(is_configuration);
        self.with(|all| all.extend(found.map(named)));
    }

    /// This one is registered: from now on the state says that it is there.
    pub(super) fn forget(&self, dropped: &Drop) {
        self.with(|all| all.remove(&named(dropped)));
    }

    pub(super) fn contains(&self, repository: &Repository, file: &str) -> bool {
        self.with(|all| all.iter().any(|(of, name, _)| of == repository && name == file))
    }
}

fn named(dropped: &Drop) -> (Repository, String, ImportId) {
    (dropped.repository.clone(), dropped.file.clone(), dropped.import)
}
