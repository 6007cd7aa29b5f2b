//! Whether something of an import may still be landed.
//!
//! A worker that finds the file gone closes the fences, because another worker may still have the lines and be about
//! to land them. Each loader has a fence of its own, so that loaders do not contend for one item. The answer to the
//! first part of a loader's first batch is its fence, and is created closed if there is none. That part needs no
//! further condition, and most files have no other part. All other transactions have the condition that the fence is not
//! closed. A worker that writes records one by one claims their part first, then looks at the fence; the one that closes
//! it looks for claims afterwards. So one of the two sees the other.

use tidewaiter::id::ImportId;
use tidewaiter_engine::{Error, Result};

use super::parts::expires;
use super::write::EXPIRES;
use super::{claim, keys};
use crate::table::{At, Item, Part, Table, Tries, Write, Written, number};

const CLOSING: &str = "closing an import";
/// The attribute of the first answer that says so.
pub(super) const CLOSED: &str = "closed";
/// How many answers are read to see whether there is one: more than there are loaders.
const FEW: usize = 20;
/// How many items are looked at together when an import is closed.
const PAGE: usize = 1_000;

/// The fence for what no loader lands.
pub(super) const FIRST: u32 = 0;

fn first_answer(import: ImportId, loader: u32) -> At {
    keys::answer(&import.to_string(), &keys::loader(loader), 0, 0)
}

/// True if this is where the fence of a loader is.
pub(super) fn is_at(import: ImportId, loader: u32, at: &At) -> bool {
    first_answer(import, loader) == *at
}

/// What a loader has to write together with the answer at `at`; nothing, if that one is its first.
pub(super) fn open(import: ImportId, loader: u32, at: &At) -> Option<Write> {
    let first = first_answer(import, loader);
    (first != *at).then_some(Write::Unless(first, CLOSED))
}

/// An error if the door of a loader is closed.
pub(super) async fn look(table: &Table, import: ImportId, loader: u32) -> Result<()> {
    let first = table.get("looking for answers", &first_answer(import, loader)).await?;
    let is_closed = first.is_some_and(|item| item.contains_key(CLOSED));
    if is_closed { Err(Error::Closed { id: import.to_string() }) } else { Ok(()) }
}

/// Closes the doors of all loaders. True if something was landed before, or may have been.
pub(super) async fn close(table: &Table, universe: &str, import: ImportId, loaders: u32) -> Result<bool> {
    for loader in FIRST..loaders.max(FIRST + 1) {
        // In this order: an answer that says nothing is never without the reason.
        for (name, value) in [(CLOSED, number(1)), (EXPIRES, expires())] {
            let mut tries = Tries::new(CLOSING);
            let write = Write::SetOnce(first_answer(import, loader), name, value);
            // It has no condition, but another process may be writing the same item at this moment.
            while let Written::Lost(_) = table.write(CLOSING, vec![write.clone()]).await? {
                tries.again().await?;
            }
        }
    }
    // A part that was claimed before may still be written, record by record. What claims a part later looks here first.
    let pk = keys::answers_to(&import.to_string());
    let (mut has_begun, mut after) = (false, None);
    loop {
        let (found, more) = table.page(CLOSING, &pk, Part::default(), after, PAGE).await?;
        has_begun |= found.iter().any(is_begun);
        for open in found.iter().filter(|item| claim::is_open(item)) {
            claim::fence_off(table, universe, open).await?;
        }
        if more.is_none() {
            return Ok(has_begun);
        }
        after = more;
    }
}

/// True if something was landed, or may have been.
pub(super) async fn has_begun(table: &Table, import: ImportId) -> Result<bool> {
    let pk = keys::answers_to(&import.to_string());
    let mut after = None;
    loop {
        let (found, more) = table.page("looking for answers", &pk, Part::default(), after, FEW).await?;
        // Some may say no more than that a door is closed.
        if found.iter().any(is_begun) || more.is_none() {
            return Ok(found.iter().any(is_begun));
        }
        after = more;
    }
}

fn is_begun(item: &Item) -> bool {
    item.contains_key("answer") || claim::is_open(item)
}
