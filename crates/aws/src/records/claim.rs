//! Who writes the records of a part that is no transaction.
//!
//! Before a worker writes records one by one, it claims their part: the item that will hold the answer names the claim and
//! the records. Only the holder of the claim gives the answer. A worker that finds the claim of another one, which may
//! have died or may be slow, fences it off first: it renews the revision of each record that the claim names, and where
//! there is none, leaves an item that says so. What the other worker still writes is on the condition of a revision that
//! is gone. Then the claim changes hands.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter_engine::Result;

use super::fence::CLOSED;
use super::keys;
use super::parts::expires;
use super::write::{EXPIRES, REVISION, gone, unique};
use crate::table::{At, Item, Table, When, Write, Written, at_of, broken, text, text_of};

const CLAIMING: &str = "claiming lines";
const FENCING: &str = "fencing off an earlier try";
/// The attribute that names a claim.
pub(super) const CLAIM: &str = "claim";

/// Under which condition the holder of a claim, or a worker where there is none, writes the item of a part.
pub(super) fn is_held(claim: Option<&str>) -> When {
    claim.map_or(When::New, |claim| When::IsWithout(CLAIM, text(claim), CLOSED))
}

/// Claims a part that is to change these records of a scope. The claim; None if another worker was faster.
pub(super) async fn claim(
    table: &Table,
    at: &At,
    scope: &str,
    records: impl Iterator<Item = At>,
    before: Option<&str>,
) -> Result<Option<String>> {
    let claim = unique();
    let records = records.map(|at| text(keys::within_scope(&at))).collect();
    let attributes = vec![
        (CLAIM, text(&claim)),
        ("scope", text(scope)),
        ("records", AttributeValue::L(records)),
        (EXPIRES, expires()),
    ];
    let write = Write::Put(at.clone(), attributes, is_held(before));
    Ok(match table.write(CLAIMING, vec![write]).await? {
        Written::Done => Some(claim),
        // A client that got no answer sends a request again, and is told that it comes too late.
        Written::Lost(item) => (text_of(&item, CLAIM) == Some(&claim)).then_some(claim),
    })
}

/// Gives back a claim under which nothing was written.
pub(super) async fn release(table: &Table, at: &At, claim: &str) -> Result<()> {
    let write = Write::Delete(at.clone(), When::Is(CLAIM, text(claim)));
    table.write(CLAIMING, vec![write]).await.map(|_| ())
}

/// True if a part was claimed and has no answer.
pub(super) fn is_open(item: &Item) -> bool {
    item.contains_key(CLAIM)
}

/// Takes over the claim on a part. None if its holder, or another worker, was faster.
pub(super) async fn take_over(table: &Table, universe: &str, item: &Item) -> Result<Option<String>> {
    let (at, theirs) = at_of(item).zip(text_of(item, CLAIM)).ok_or_else(|| broken(FENCING))?;
    fence_off(table, universe, item).await?;
    let scope = text_of(item, "scope").unwrap_or_default();
    claim(table, &at, scope, std::iter::empty(), Some(theirs)).await
}

/// From now on nothing is written that relies on a claim as it is.
pub(super) async fn fence_off(table: &Table, universe: &str, item: &Item) -> Result<()> {
    let parse = || -> Option<Vec<At>> {
        let (scope, records) = (text_of(item, "scope")?, item.get("records")?.as_l().ok()?);
        records.iter().map(|within| keys::of_scope(universe, scope, within.as_s().ok()?)).collect()
    };
    let ats = parse().ok_or_else(|| broken(FENCING))?;
    let mut found: HashMap<At, AttributeValue> = HashMap::new();
    for item in table.get_all(FENCING, &ats).await? {
        let revision = item.get(REVISION).cloned();
        let (at, revision) = at_of(&item).zip(revision).ok_or_else(|| broken(FENCING))?;
        found.insert(at, revision);
    }
    let revision = unique();
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for at in ats {
        match found.remove(&at) {
            Some(from) => there.push((at, from)),
            None => missing.push(((at, gone(&revision, None)?), When::New)),
        }
    }
    // If one of them was written in between, its revision is another one, too.
    table.put_each(FENCING, missing).await?;
    table.renew_each(FENCING, REVISION, there, &text(&revision)).await
}
