//! The versions of configurations, and the activation that is the latest.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Activates, ConfigVersion};

use super::imports::{IMPORT, document, put_document};
use super::keys;
use crate::table::{Part, Table, Tries, Write, Written, text, text_of};

/// Records that a configuration is about to become active, with its versions; false if a later one has done so.
pub(super) async fn activates(
    table: &Table,
    repository: &Repository,
    universe: &str,
    activates: &Activates,
) -> Result<bool> {
    const WHAT: &str = "noting a configuration";
    let (at, id) = (keys::activated(repository, universe), activates.id);
    let mut tries = Tries::new(WHAT);
    loop {
        let mut writes = vec![Write::Raise(at.clone(), IMPORT, text(id.to_string()))];
        for version in activates.added(&all(table, repository, universe).await?) {
            // A number that another process took meanwhile is not written over: what is added then has another one.
            let at = keys::version_of(repository, universe, version.number);
            writes.push(put_document(at, &version, 0, WHAT)?);
        }
        if let Written::Done = table.write(WHAT, writes).await? {
            return Ok(true);
        }
        // Either a later one is noted, or another process wrote at the same moment.
        let held = table.get(WHAT, &at).await?;
        let latest = held.as_ref().and_then(|item| text_of(item, IMPORT)?.parse::<ImportId>().ok());
        if latest.is_some_and(|latest| latest > id) {
            return Ok(false);
        }
        tries.again().await?;
    }
}

/// All versions of a configuration, in the order of their numbers.
pub(super) async fn all(
    table: &Table,
    repository: &Repository,
    universe: &str,
) -> Result<Vec<ConfigVersion>> {
    const WHAT: &str = "listing versions of a configuration";
    let partition = keys::versions(repository, universe);
    let found = table.query(WHAT, &partition, Part::default(), usize::MAX).await?;
    found.iter().map(|item| document(item, WHAT).map(|(version, _)| version)).collect()
}
