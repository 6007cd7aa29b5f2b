//! The store of configurations in DynamoDB.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Activates, ConfigStore, ConfigVersion, Universe};

use super::{StateTable, keys, owners, versions};
use crate::table::{Item, Part, When, Write, broken, number, number_of, text_of};

/// An item may have 400 KB; a configuration may have more, and is kept in parts of this size.
const PART_BYTES: usize = 256 << 10;

impl ConfigStore for StateTable {
    async fn keep(&self, hash: &str, document: &[u8]) -> Result<()> {
        let parts: Vec<&[u8]> = document.chunks(PART_BYTES).collect();
        let count = number(parts.len());
        // The first part says how many there are, and is written when all others are there.
        for (number, part) in parts.iter().enumerate().rev() {
            let bytes = AttributeValue::B(Blob::new(*part));
            let attributes = vec![("bytes", bytes), ("parts", count.clone())];
            let write = Write::Put(keys::config_part(hash, number), attributes, When::Always);
            self.table.write("keeping a configuration", vec![write]).await?;
        }
        Ok(())
    }

    async fn kept(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        const WHAT: &str = "reading a configuration";
        let parts = self.table.query(WHAT, &keys::config(hash), Part::default(), usize::MAX).await?;
        let is_first = |item: &&Item| text_of(item, "sk") == Some(&keys::config_part(hash, 0).sk);
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

    async fn activates(
        &self,
        repository: &Repository,
        universe: &str,
        activates: &Activates,
    ) -> Result<bool> {
        versions::activates(&self.table, repository, universe, activates).await
    }

    async fn versions(&self, repository: &Repository, universe: &str) -> Result<Vec<ConfigVersion>> {
        versions::all(&self.table, repository, universe).await
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
}
