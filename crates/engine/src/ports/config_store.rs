//! The store of configurations: the documents that runs are pinned to, and which repository owns a universe.

use std::future::Future;

use tidewaiter::keys::Repository;

use crate::Result;
use tidewaiter::run::{Activates, ConfigVersion, Universe};

/// The store of configurations. Each method is one atomic step and may be repeated without harm.
pub trait ConfigStore: Send + Sync + 'static {
    /// Stores a configuration under its hash.
    fn keep(&self, hash: &str, document: &[u8]) -> impl Future<Output = Result<()>> + Send;
    /// Returns the configuration with this hash.
    fn kept(&self, hash: &str) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;
    /// Counts a change of the active configurations that no run made, so that every process reads them again.
    fn reconfigured(&self, repository: &Repository) -> impl Future<Output = Result<()>> + Send;
    /// Records that a configuration of a universe is about to become active in a repository, with the versions that
    /// [`Activates::added`] says. Returns false if a later configuration has done so: then nothing is recorded, and the
    /// run must not activate its own.
    fn activates(
        &self,
        repository: &Repository,
        universe: &str,
        activates: &Activates,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Returns all versions of the configuration of a universe in a repository, in the order of their numbers.
    fn versions(
        &self,
        repository: &Repository,
        universe: &str,
    ) -> impl Future<Output = Result<Vec<ConfigVersion>>> + Send;
    /// Makes a repository the owner of a universe that has none. Returns what holds then.
    fn own(&self, universe: &str, repository: &Repository) -> impl Future<Output = Result<Universe>> + Send;
    /// Shares a universe with a repository, or ends the sharing. Returns false if the universe has no owner.
    fn share(
        &self,
        universe: &str,
        repository: &Repository,
        is_shared: bool,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Returns a universe that has an owner.
    fn universe(&self, name: &str) -> impl Future<Output = Result<Option<Universe>>> + Send;
    /// Returns the universes that have an owner, by name.
    fn universes(&self) -> impl Future<Output = Result<Vec<Universe>>> + Send;
}
