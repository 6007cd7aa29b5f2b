//! Whether something of an import may still be landed.
//!
//! Who finds that its file is gone closes the door: somebody may still have its lines, and be about to land them. That
//! it is closed is said by the first answer of the import, the one to the first part of its first batch, which is put
//! there if there is none. So that part needs no further condition, and most files have no other. All the other parts
//! are written on the condition that the door is not closed.

use tidewaiter::id::ImportId;
use tidewaiter_pipeline::{Error, Result};

use super::keys;
use super::parts::expires;
use crate::table::{At, Item, Part, Table, Tries, Write, Written, number};

const CLOSING: &str = "closing an import";
/// The attribute of the first answer that says so.
const CLOSED: &str = "closed";

fn first_answer(import: ImportId) -> At {
    keys::answer(&import.to_string(), &keys::loader(0), 0, 0)
}

/// What has to be written together with the answer at `at`; nothing, if that one is the first.
pub(super) fn open(import: ImportId, at: &At) -> Option<Write> {
    let first = first_answer(import);
    (first != *at).then_some(Write::Unless(first, CLOSED))
}

/// An error if the door is closed.
pub(super) async fn look(table: &Table, import: ImportId) -> Result<()> {
    let first = table.get("looking for answers", &first_answer(import)).await?;
    let is_closed = first.is_some_and(|item| item.contains_key(CLOSED));
    if is_closed { Err(Error::Closed { id: import.to_string() }) } else { Ok(()) }
}

/// Closes the door. True if something was landed before.
pub(super) async fn close(table: &Table, import: ImportId) -> Result<bool> {
    // In this order: an answer that says nothing is never without the reason.
    for (name, value) in [(CLOSED, 1), ("expires", expires())] {
        let mut tries = Tries::new(CLOSING);
        let write = Write::SetOnce(first_answer(import), name, number(value));
        // It has no condition, but somebody may be writing the same item at this moment.
        while let Written::Lost(_) = table.write(CLOSING, vec![write.clone()]).await? {
            tries.again().await?;
        }
    }
    has_begun(table, import).await
}

/// True if something was landed.
pub(super) async fn has_begun(table: &Table, import: ImportId) -> Result<bool> {
    let pk = keys::answers_to(&import.to_string());
    // The first one may say no more than that the door is closed.
    let (found, _) = table.page("looking for answers", &pk, Part::default(), None, 2).await?;
    Ok(found.iter().any(is_answer))
}

fn is_answer(item: &Item) -> bool {
    item.contains_key("answer")
}
