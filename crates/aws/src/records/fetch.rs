//! Reads what lines ask for, and removes what belongs to records.

use std::collections::{BTreeSet, HashMap};

use tidewaiter::record::Change;
use tidewaiter::schema::OnExisting;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::Batch;

use super::keys;
use super::overlay::{Held, Missing, Name, Overlay, foreseen};
use super::write::{GONE, gone, held, unique};
use crate::table::{At, Part, Table, broken, text_of};

/// How many lines are looked at ahead, to fetch together what they need. DynamoDB reads 100 items at once.
pub(super) const AHEAD: usize = 100;
/// So many records with the same value in a column are looked at: more than a part can take the value from, so there are
/// two if there are two.
const MATCHING: usize = 200;

/// Fetches what the next lines will certainly ask for. If no line of these was tried before (`is_first`), a line that
/// adds a record needs no look: that there is none is a condition of the write.
pub(super) async fn fetch_ahead(
    table: &Table,
    batch: &Batch<'_>,
    changes: &[Change],
    is_first: bool,
    overlay: &mut Overlay,
) -> Result<()> {
    let added = is_first && batch.plan.on_existing == OnExisting::Append;
    let mut names: BTreeSet<Name> = BTreeSet::new();
    for change in changes.iter().take(AHEAD) {
        for name in foreseen(batch.plan, batch.layout, change) {
            if overlay.has(&name) {
                continue;
            }
            if added && name.0 == batch.plan.records {
                overlay.hold(name, Held::none());
            } else {
                names.insert(name);
            }
        }
    }
    fetch_records(table, batch.universe, names, overlay).await
}

async fn fetch_records(
    table: &Table,
    universe: &str,
    names: BTreeSet<Name>,
    overlay: &mut Overlay,
) -> Result<()> {
    let ats: Vec<At> = names.iter().map(|(scope, key)| keys::record(universe, scope, key)).collect();
    let mut found = HashMap::new();
    for item in table.get_all("reading records", &ats).await? {
        let at = (text_of(&item, "pk").map(str::to_owned), text_of(&item, "sk").map(str::to_owned));
        found.insert(at, held(&item)?);
    }
    for (name, at) in names.into_iter().zip(ats) {
        let held = found.remove(&(Some(at.pk), Some(at.sk)));
        overlay.hold(name, held.unwrap_or_else(Held::none));
    }
    Ok(())
}

/// Fetches what a line asked for.
pub(super) async fn fetch(
    table: &Table,
    universe: &str,
    missing: Missing,
    overlay: &mut Overlay,
) -> Result<()> {
    match missing {
        Missing::Record(name) => fetch_records(table, universe, BTreeSet::from([name]), overlay).await,
        Missing::Matching(scope, column, value) => {
            let keys = matching(table, universe, (&scope, &column, &value), overlay).await?;
            overlay.hold_matching((scope, column, value), keys);
            Ok(())
        }
        Missing::Owned(scope, owner) => {
            let keys = owned_keys(table, universe, &scope, &owner).await?;
            overlay.hold_owned((scope, owner), keys.into_iter().map(|(_, key)| key).collect());
            Ok(())
        }
    }
}

/// The keys of records with a value in a column. A note of that is written before the record and may outlive it, so the
/// record has the last word.
pub(super) async fn matching(
    table: &Table,
    universe: &str,
    (scope, column, value): (&str, &str, &str),
    overlay: &mut Overlay,
) -> Result<BTreeSet<String>> {
    let pk = keys::matches(universe, scope, column, value);
    let (mut keys, mut after) = (BTreeSet::new(), None);
    loop {
        let (notes, more) =
            table.page("matching records", &pk, Part::default(), after, MATCHING - keys.len()).await?;
        let names: Option<Vec<Name>> =
            notes.iter().map(|item| Some((scope.to_owned(), text_of(item, "key")?.to_owned()))).collect();
        let names = names.ok_or_else(|| broken("matching records"))?;
        let unknown = names.iter().filter(|name| !overlay.has(name)).cloned().collect();
        fetch_records(table, universe, unknown, overlay).await?;
        keys.extend(names.into_iter().filter(|name| overlay.holds(name, column, value)).map(|(_, key)| key));
        if more.is_none() || keys.len() >= MATCHING {
            return Ok(keys);
        }
        after = more;
    }
}

/// Where the records of an owner lie, and their keys.
pub(super) async fn owned_keys(
    table: &Table,
    universe: &str,
    scope: &str,
    owner: &str,
) -> Result<Vec<(At, String)>> {
    let at = keys::owned(universe, scope, owner);
    let part = Part { prefix: &at.sk, ..Part::default() };
    let items = table.query("reading what belongs to a record", &at.pk, part, usize::MAX).await?;
    let prefix = tidewaiter::record::owned_prefix(owner);
    let named = items.iter().filter(|item| !item.contains_key(GONE)).map(|item| {
        let at = At { pk: at.pk.clone(), sk: text_of(item, "sk")?.to_owned() };
        Some((at, text_of(item, "key")?.to_owned()))
    });
    let mut keys: Vec<(At, String)> =
        named.collect::<Option<_>>().ok_or_else(|| broken("reading what belongs to a record"))?;
    keys.retain(|(_, key)| key.starts_with(&prefix));
    Ok(keys)
}

/// Removes what belongs to these records.
pub(super) async fn drop_owned(table: &Table, universe: &str, owners: &[Name]) -> Result<()> {
    for (scope, owner) in owners {
        let keys = owned_keys(table, universe, scope, owner).await?;
        let left = gone(&unique(), None)?;
        let items: Vec<_> = keys.into_iter().map(|(at, _)| (at, left.clone())).collect();
        table.put_all("removing what belongs to a record", &items).await?;
    }
    Ok(())
}
