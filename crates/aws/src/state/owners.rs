//! The configurations of a repository, and the owners of universes.

use std::collections::BTreeSet;

use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::Universe;

use super::imports::{CONCLUDED, REGISTERED};
use super::keys;
use crate::table::{Item, Part, Table, When, Write, broken, text, text_of};

/// The attribute with the owner of a universe.
const OWNER: &str = "owner";

/// Counts a change that no import made.
pub(super) async fn reconfigured(table: &Table, repository: &Repository) -> Result<()> {
    const WHAT: &str = "counting a configuration";
    let at = keys::configurations(repository);
    table.write(WHAT, vec![Write::CountBoth(at, REGISTERED, CONCLUDED)]).await.map(|_| ())
}

/// Makes a repository the owner of a universe that has none; what holds then.
pub(super) async fn own(table: &Table, name: &str, repository: &Repository) -> Result<Universe> {
    const WHAT: &str = "owning a universe";
    let owner = vec![(OWNER, text(repository.as_str()))];
    table.write(WHAT, vec![Write::Put(keys::universe(name), owner, When::New)]).await?;
    universe(table, name).await?.ok_or_else(|| broken(WHAT))
}

/// Shares a universe with a repository, or no longer; false if it has no owner.
pub(super) async fn share(
    table: &Table,
    name: &str,
    repository: &Repository,
    is_shared: bool,
) -> Result<bool> {
    const WHAT: &str = "sharing a universe";
    if table.get(WHAT, &keys::universe(name)).await?.is_none() {
        return Ok(false);
    }
    let at = keys::shared_with(name, repository);
    let write =
        if is_shared { Write::Put(at, Vec::new(), When::Always) } else { Write::Delete(at, When::Always) };
    table.write(WHAT, vec![write]).await.map(|_| true)
}

/// A universe, if it has an owner.
pub(super) async fn universe(table: &Table, name: &str) -> Result<Option<Universe>> {
    match table.get("finding a universe", &keys::universe(name)).await? {
        Some(item) => with_shares(table, &item).await.map(Some),
        None => Ok(None),
    }
}

/// The universes that have an owner.
pub(super) async fn universes(table: &Table) -> Result<Vec<Universe>> {
    let mut universes = Vec::new();
    for item in table.query("listing universes", keys::UNIVERSES, Part::default(), usize::MAX).await? {
        universes.push(with_shares(table, &item).await?);
    }
    Ok(universes)
}

async fn with_shares(table: &Table, item: &Item) -> Result<Universe> {
    const WHAT: &str = "finding a universe";
    let repository = |item: &Item, name| text_of(item, name).and_then(|name| name.parse().ok());
    let name = text_of(item, "sk").ok_or_else(|| broken(WHAT))?.to_owned();
    let owner = repository(item, OWNER).ok_or_else(|| broken(WHAT))?;
    let found = table.query(WHAT, &keys::shared(&name), Part::default(), usize::MAX).await?;
    let shared: Option<BTreeSet<Repository>> = found.iter().map(|item| repository(item, "sk")).collect();
    Ok(Universe { name, owner, shared: shared.ok_or_else(|| broken(WHAT))? })
}
