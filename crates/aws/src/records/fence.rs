//! Whether something of an import may still be landed.
//!
//! A worker that finds the file gone closes the fences, because another worker may still have the lines and be about
//! to land them. Each loader has a fence of its own, so that loaders do not contend for one item. The answer to the
//! first part of a loader's first batch is its fence, and is created closed if there is none. That part needs no
//! further condition, and most files have no other part. All other parts are written on the condition that the fence
//! is not closed.

use tidewaiter::id::ImportId;
use tidewaiter_engine::{Error, Result};

use super::keys;
use super::parts::expires;
use crate::table::{At, Item, Part, Table, Tries, Write, Written, number};

const CLOSING: &str = "closing an import";
/// The attribute of the first answer that says so.
const CLOSED: &str = "closed";
/// How many answers are read to see whether there is one: more than there are loaders.
const FEW: usize = 20;

/// The fence for what no loader lands.
pub(super) const FIRST: u32 = 0;

fn first_answer(import: ImportId, loader: u32) -> At {
    keys::answer(&import.to_string(), &keys::loader(loader), 0, 0)
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

/// Closes the doors of all loaders. True if something was landed before.
pub(super) async fn close(table: &Table, import: ImportId, loaders: u32) -> Result<bool> {
    for loader in FIRST..loaders.max(FIRST + 1) {
        // In this order: an answer that says nothing is never without the reason.
        for (name, value) in [(CLOSED, 1), ("expires", expires())] {
            let mut tries = Tries::new(CLOSING);
            let write = Write::SetOnce(first_answer(import, loader), name, number(value));
            // It has no condition, but another process may be writing the same item at this moment.
            while let Written::Lost(_) = table.write(CLOSING, vec![write.clone()]).await? {
                tries.again().await?;
            }
        }
    }
    has_begun(table, import).await
}

/// True if something was landed.
pub(super) async fn has_begun(table: &Table, import: ImportId) -> Result<bool> {
    let pk = keys::answers_to(&import.to_string());
    let mut after = None;
    loop {
        let (found, more) = table.page("looking for answers", &pk, Part::default(), after, FEW).await?;
        // Some may say no more than that a door is closed.
        if found.iter().any(is_answer) || more.is_none() {
            return Ok(found.iter().any(is_answer));
        }
        after = more;
    }
}

fn is_answer(item: &Item) -> bool {
    item.contains_key("answer")
}
