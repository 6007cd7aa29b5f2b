//! Claims, outbox, configurations and marks: those of a folder, in memory.

use std::collections::BTreeSet;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    Activates, ConfigStore, ConfigVersion, Delivery, Gathered, KeyClaims, Marks, Outbox, Universe,
    WaitingDigest,
};

use super::Ports;

impl KeyClaims for Ports {
    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        let about =
            || format!("{id}: {}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        self.table("state.claim", about, self.world.state.claim(keys, id)).await
    }

    async fn owners(&self, keys: &[Key]) -> Result<BTreeSet<ImportId>> {
        let about = || format!("{} of them", keys.len());
        self.table("state.owners", about, self.world.state.owners(keys)).await
    }
}

impl Outbox for Ports {
    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        let mailed = async {
            if self.compare(id, |run| run.mailed(delivery)).await?.is_some() {
                self.world.state.mailed(id, delivery).await?;
                if !delivery.state().0 {
                    self.seen(|inner| inner.watch.noted_mail(id));
                }
                self.remember_current(id).await?;
            }
            Ok(())
        };
        self.table("state.mailed", || id.to_string(), mailed).await
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        let gather = self.world.state.gather(repository, digest, most);
        self.table("state.gather", || digest.to_owned(), gather).await
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        let digested = async {
            self.world.state.digested(repository, gathered, delivery).await?;
            for id in &gathered.imports {
                self.memory.forget(*id);
            }
            Ok(())
        };
        self.table("state.digested", || gathered.digest.clone(), digested).await
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        self.table("state.digests", || repository.to_string(), self.world.state.digests(repository)).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        self.table("state.unmailed", String::new, self.world.state.unmailed()).await
    }
}

impl ConfigStore for Ports {
    async fn keep(&self, hash: &str, document: &[u8]) -> Result<()> {
        self.table("state.keep", || hash.to_owned(), self.world.state.keep(hash, document)).await
    }

    async fn kept(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        self.table("state.kept", || hash.to_owned(), self.world.state.kept(hash)).await
    }

    async fn reconfigured(&self, repository: &Repository) -> Result<()> {
        let count = self.world.state.reconfigured(repository);
        self.table("state.reconfigured", || repository.to_string(), count).await
    }

    async fn activates(
        &self,
        repository: &Repository,
        universe: &str,
        activates: &Activates,
    ) -> Result<bool> {
        let note = self.world.state.activates(repository, universe, activates);
        self.table("state.activates", || format!("{universe} of {repository}, {}", activates.id), note).await
    }

    async fn versions(&self, repository: &Repository, universe: &str) -> Result<Vec<ConfigVersion>> {
        let versions = self.world.state.versions(repository, universe);
        self.table("state.versions", || format!("{universe} of {repository}"), versions).await
    }

    async fn own(&self, universe: &str, repository: &Repository) -> Result<Universe> {
        let own = self.world.state.own(universe, repository);
        self.table("state.own", || format!("{universe} of {repository}"), own).await
    }

    async fn share(&self, universe: &str, repository: &Repository, is_shared: bool) -> Result<bool> {
        let share = self.world.state.share(universe, repository, is_shared);
        self.table("state.share", || format!("{universe} with {repository}: {is_shared}"), share).await
    }

    async fn universe(&self, name: &str) -> Result<Option<Universe>> {
        self.table("state.universe", || name.to_owned(), self.world.state.universe(name)).await
    }

    async fn universes(&self) -> Result<Vec<Universe>> {
        self.table("state.universes", String::new, self.world.state.universes()).await
    }
}

impl Marks for Ports {
    async fn put_if_absent(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        self.table("state.put_if_absent", || key.to_owned(), self.world.state.put_if_absent(key, at)).await
    }

    async fn put(&self, key: &str, at: Timestamp) -> Result<()> {
        self.table("state.put", || key.to_owned(), self.world.state.put(key, at)).await
    }

    async fn get(&self, key: &str) -> Result<Option<Timestamp>> {
        self.table("state.get", || key.to_owned(), self.world.state.get(key)).await
    }
}
