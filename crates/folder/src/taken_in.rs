//! Configurations that were moved out of the drop zone and may not be registered yet.
//!
//! Between the two, neither the drop zone nor the state says that they are in flight. If the state or a folder fails, this
//! lasts for longer than a moment. The files of their repositories wait all the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::DroppedName;

use tidewaiter_engine::ports::DroppedObject;

/// The configurations that were taken in, shared between the inbox, which moves them, and the objects, which are asked
/// for them.
#[derive(Debug, Clone, Default)]
pub(super) struct TakenIn(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The names of configurations, with their repositories and imports.
    configurations: BTreeSet<(Repository, String, ImportId)>,
    /// Where something was taken in that could not be looked at. It may be a configuration.
    unseen: Unseen,
}

/// The repositories of which it is not known what was taken in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Unseen {
    /// True if it is not known of any.
    pub(super) all: bool,
    /// Those of which it is not known.
    pub(super) repositories: BTreeSet<Repository>,
}

impl TakenIn {
    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a file that is about to be moved out of the drop zone, if it is a configuration.
    pub(super) fn note(&self, repository: &Repository, file: &str, import: ImportId) {
        if is_configuration(file) {
            let noted = (repository.clone(), file.to_owned(), import);
            self.with(|known| known.configurations.insert(noted));
        }
    }

    /// Notes what was found in all folders, in place of everything that was noted before.
    pub(super) fn replace(
        &self,
        found: impl IntoIterator<Item = (Repository, String, ImportId)>,
        unseen: Unseen,
    ) {
        let configurations = found.into_iter().filter(|(_, file, _)| is_configuration(file)).collect();
        self.with(|known| *known = Known { configurations, unseen });
    }

    /// Forgets a file: it is registered, so the state says that it is in flight, or it was never moved.
    pub(super) fn forget(&self, dropped: &DroppedObject) {
        self.forget_named(&dropped.repository, &dropped.file, dropped.import);
    }

    /// As [`TakenIn::forget`].
    pub(super) fn forget_named(&self, repository: &Repository, file: &str, import: ImportId) {
        if is_configuration(file) {
            let noted = (repository.clone(), file.to_owned(), import);
            self.with(|known| known.configurations.remove(&noted));
        }
    }

    /// True if a configuration of this name was taken in, or may have been.
    pub(super) fn contains(&self, repository: &Repository, file: &str) -> bool {
        self.has(repository, |name| name == file)
    }

    /// True if any configuration was taken in, or may have been.
    pub(super) fn has_any(&self, repository: &Repository) -> bool {
        self.has(repository, |_| true)
    }

    fn has(&self, repository: &Repository, wanted: impl Fn(&str) -> bool) -> bool {
        self.with(|known| {
            known.unseen.all
                || known.unseen.repositories.contains(repository)
                || known.configurations.iter().any(|(of, name, _)| of == repository && wanted(name))
        })
    }
}

fn is_configuration(file: &str) -> bool {
    matches!(DroppedName::of(file), DroppedName::Configuration { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_may_be_a_configuration() {
        let (acme, other): (Repository, Repository) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let (file, import) = ("shop_imports_config.json", ImportId::new(jiff::Timestamp::UNIX_EPOCH, 1));
        let taken_in = TakenIn::default();
        taken_in.note(&acme, file, import);
        taken_in.note(&acme, "shop_contacts_crm_20260131.csv", import);
        assert!(taken_in.contains(&acme, file) && !taken_in.contains(&other, file));
        assert!(!taken_in.contains(&acme, "shop_contacts_crm_20260131.csv"));
        taken_in.forget_named(&acme, file, import);
        assert!(!taken_in.contains(&acme, file));
        let unseen = Unseen { all: false, repositories: BTreeSet::from([other.clone()]) };
        taken_in.replace([(acme.clone(), file.to_owned(), import)], unseen);
        assert!(taken_in.contains(&acme, file) && taken_in.contains(&other, file));
        taken_in.replace([], Unseen { all: true, ..Unseen::default() });
        assert!(taken_in.contains(&acme, file));
        taken_in.replace([], Unseen::default());
        assert!(!taken_in.contains(&acme, file) && !taken_in.contains(&other, file));
    }
}
