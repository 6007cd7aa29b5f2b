//! Claims on keys in DynamoDB: whose output lies at a key.
//!
//! The usual case, an unused key, is one request: a write on the condition that there is nothing, whose failure
//! brings what is there.

use std::collections::BTreeSet;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Key;
use tidewaiter_engine::ports::{KeyClaims, RENAMINGS};
use tidewaiter_engine::{Error, Result};

use super::imports::{IMPORT, find, import_of, put_document};
use super::{StateTable, keys};
use crate::table::{At, Table, Tries, When, Write, Written, text, text_of};

const WHAT: &str = "claiming a key";

impl KeyClaims for StateTable {
    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        claim(&self.table, keys, id).await
    }

    async fn owners(&self, keys: &[Key]) -> Result<BTreeSet<ImportId>> {
        const WHAT: &str = "reading claims";
        let places: Vec<At> = keys.iter().map(keys::place).collect();
        let held = self.table.get_all(WHAT, &places).await?;
        held.iter().map(|item| import_of(item, WHAT)).collect()
    }
}

/// The write that claims an unclaimed key.
pub(super) fn fresh(key: &Key, id: ImportId) -> Write {
    Write::Put(keys::place(key), vec![(IMPORT, text(id.to_string()))], When::New)
}

/// Takes keys for an import's outputs; see [`KeyClaims::claim`].
pub(super) async fn claim(table: &Table, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
    let all: Vec<Write> = keys.iter().map(|key| fresh(key, id)).collect();
    if keys.len() > 1
        && let Written::Done = table.write(WHAT, all).await?
    {
        return Ok(keys.iter().map(|key| Some(key.renamed(id))).collect());
    }
    let mut older = Vec::with_capacity(keys.len());
    for key in keys {
        older.push(claim_one(table, key, id).await?);
    }
    Ok(older)
}

async fn claim_one(table: &Table, key: &Key, id: ImportId) -> Result<Option<Key>> {
    let mut tries = Tries::new(WHAT);
    let ours = || vec![(IMPORT, text(id.to_string()))];
    loop {
        let Written::Lost(held) = table.write(WHAT, vec![fresh(key, id)]).await? else {
            return Ok(Some(key.renamed(id)));
        };
        if held.is_empty() {
            tries.again().await?;
            continue;
        }
        let owner = import_of(&held, WHAT)?;
        if owner == id {
            let displaced = table.get(WHAT, &keys::displaced(key, id)).await?;
            let older = displaced.as_ref().and_then(|item| text_of(item, "older"));
            return Ok(older.and_then(|older| Key::parse(older).ok()));
        }
        let Some((older, taken)) = free_name(table, key, owner).await? else {
            tries.again().await?;
            continue;
        };
        let owners = vec![(IMPORT, text(owner.to_string()))];
        let mut writes = vec![
            Write::Put(keys::place(key), ours(), When::Is(IMPORT, text(owner.to_string()))),
            Write::Put(keys::displaced(key, id), vec![("older", text(older.as_str()))], When::Always),
            // The new name is taken as well: it is a valid one, and may be used by a partner.
            Write::Put(keys::place(&older), owners, taken),
        ];
        // The ledger says where it is from now on.
        let earlier = find(table, WHAT, owner).await?;
        if earlier.as_ref().is_some_and(|(import, _)| !import.is_done()) {
            return Err(overtaken(WHAT, format!("{key} is about to be written by import {owner}")));
        }
        let this = find(table, WHAT, id).await?;
        if this.is_some_and(|(import, _)| import.is_done()) {
            return Err(overtaken(WHAT, format!("import {id} is done, and {key} is import {owner}'s")));
        }
        if let Some((mut import, revision)) = earlier
            && import.rename_output(key, &older)
        {
            writes.push(put_document(keys::import(owner), &import, revision, WHAT)?);
        }
        match table.write(WHAT, writes).await? {
            Written::Done => return Ok(Some(older)),
            Written::Lost(_) => tries.again().await?,
        }
    }
}

/// Another process works on the same data, or did. A retry sees the result.
pub(super) fn overtaken(what: &'static str, why: String) -> Error {
    Error::Store { what, source: why.into() }
}

/// A name for an earlier import's output that is not a third one's, and the condition that it stays so. None
/// if there is none.
async fn free_name(table: &Table, key: &Key, owner: ImportId) -> Result<Option<(Key, When)>> {
    let mut older = key.renamed(owner);
    for _ in 0..RENAMINGS {
        match table.get(WHAT, &keys::place(&older)).await? {
            None => return Ok(Some((older, When::New))),
            Some(held) if import_of(&held, WHAT)? == owner => {
                return Ok(Some((older, When::Is(IMPORT, text(owner.to_string())))));
            }
            Some(_) => older = older.renamed(owner),
        }
    }
    Ok(None)
}
