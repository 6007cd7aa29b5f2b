//! What this process has read of configurations, so that it reads them once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tidewaiter::config::{Active, Config};
use tidewaiter::keys::Repository;

use crate::ports::Listed;

/// How many configurations and repositories a process remembers. Few are in use at a time; one that has seen
/// more begins anew.
const REMEMBERED: usize = 256;

/// What this process has read of configurations, by what identifies their content: it is never out of date.
#[derive(Debug, Default)]
pub struct Cache {
    remembered: Mutex<Remembered>,
    /// For how long a name is taken in by what was listed last.
    pub(crate) names_for: Duration,
}

#[derive(Debug, Default)]
struct Remembered {
    /// By repository: its documents with their tags, what they say together, and when they were listed.
    active: HashMap<Repository, (Vec<Listed>, Arc<Active>, Instant)>,
    /// By hash and universe. What is here is kept in the state.
    kept: HashMap<(String, String), Arc<Config>>,
    /// By repository and universe: what was active.
    pinned: HashMap<(Repository, String), CachedHash>,
}

/// The active configuration of a universe as it was read, of a repository that may import into the universe.
#[derive(Debug, Clone)]
pub(crate) struct CachedHash {
    /// How many configurations of the repository had their outcome then. None was in flight.
    pub(crate) number: u64,
    pub(crate) hash: String,
    pub(crate) read: Instant,
}

impl Cache {
    /// One that lets [`resolve`](crate::configs::resolve) and [`pin`](crate::configs::pin) answer by what was read so long ago, where that is asked over the network.
    /// What an import has activated since is seen all the same by `pin`; what an operator has put there by hand is not.
    pub fn with_names_for(names_for: Duration) -> Self {
        Self { names_for, ..Self::default() }
    }

    /// Forgets everything: what was read of the state does not hold any more.
    pub fn forget(&self) {
        self.with(|all| *all = Remembered::default());
    }

    fn with<T>(&self, work: impl FnOnce(&mut Remembered) -> T) -> T {
        work(&mut self.remembered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn active(&self, repository: &Repository, listed: &[Listed]) -> Option<Arc<Active>> {
        self.with(|all| {
            let (tags, active, at) = all.active.get_mut(repository)?;
            if tags != listed {
                return None;
            }
            *at = Instant::now();
            Some(active.clone())
        })
    }

    /// What was listed a moment ago.
    pub(crate) fn recent(&self, repository: &Repository) -> Option<Arc<Active>> {
        self.with(|all| {
            let (_, active, at) = all.active.get(repository)?;
            (at.elapsed() < self.names_for).then(|| active.clone())
        })
    }

    pub(crate) fn put_active(&self, repository: &Repository, listed: Vec<Listed>, active: Arc<Active>) {
        self.with(|all| remember(&mut all.active, repository.clone(), (listed, active, Instant::now())));
    }

    /// What was active, if so many configurations have their outcome as then.
    pub(crate) fn pinned(&self, at: &(Repository, String), number: u64) -> Option<CachedHash> {
        self.with(|all| all.pinned.get(at).filter(|known| known.number == number).cloned())
    }

    pub(crate) fn put_pinned(&self, at: (Repository, String), known: CachedHash) {
        self.with(|all| remember(&mut all.pinned, at, known));
    }

    pub(crate) fn kept(&self, hash: &str, universe: &str) -> Option<Arc<Config>> {
        self.with(|all| all.kept.get(&(hash.to_owned(), universe.to_owned())).cloned())
    }

    pub(crate) fn put_kept(&self, hash: &str, universe: &str, config: &Arc<Config>) {
        self.with(|all| remember(&mut all.kept, (hash.to_owned(), universe.to_owned()), config.clone()));
    }
}

/// One that has as many as are remembered begins anew.
fn remember<K: Eq + Hash, V>(known: &mut HashMap<K, V>, key: K, value: V) {
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(key, value);
}
