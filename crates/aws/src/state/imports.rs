//! One import: how it is kept, how it goes down its path, and what else in the table follows from where it is.

use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::id::ImportId;
use tidewaiter::report::Outcome;
use tidewaiter::run::Listing;
use tidewaiter_engine::ports::{ImportRun, Kind};
use tidewaiter_engine::{Error, Result};

use super::keys;
use super::run_cache::RunCache;
use crate::table::At;
use crate::table::{Item, Table, Tries, When, Write, Written, broken, number, number_of, text, text_of};

/// The attribute that counts the versions of an item.
pub(super) const REVISION: &str = "rev";
/// The revision of an import as it was registered.
pub(super) const FIRST_REVISION: u64 = 1;
/// The attribute with a value as JSON.
pub(super) const DOCUMENT: &str = "doc";
/// The attribute that counts configurations which were registered.
pub(super) const REGISTERED: &str = "registered";
/// The attribute that counts configurations which have their outcome.
pub(super) const CONCLUDED: &str = "concluded";
/// The attribute with the id of an import.
pub(super) const IMPORT: &str = "import";

/// DynamoDB takes no more than 100 writes at once; a change needs two where nothing is beside it but an entry.
const CHANGED_AT_ONCE: usize = 50;

/// Writes an item that is a document with a revision; 0 stands for an item that is not there yet.
pub(super) fn put_document(
    at: At,
    document: &impl serde::Serialize,
    revision: u64,
    what: &'static str,
) -> Result<Write> {
    let json = serde_json::to_string(document).map_err(|e| Error::Store { what, source: Box::new(e) })?;
    let attributes = vec![(DOCUMENT, text(json)), (REVISION, number(revision + 1))];
    let when = if revision == 0 { When::New } else { When::Is(REVISION, number(revision)) };
    Ok(Write::Put(at, attributes, when))
}

/// A document and its revision.
pub(super) fn document<T: serde::de::DeserializeOwned>(item: &Item, what: &'static str) -> Result<(T, u64)> {
    let json = text_of(item, DOCUMENT).ok_or_else(|| broken(what))?;
    let value = serde_json::from_str(json).map_err(|e| Error::Store { what, source: Box::new(e) })?;
    Ok((value, number_of(item, REVISION).ok_or_else(|| broken(what))?))
}

/// The import that an item names.
pub(super) fn import_of(item: &Item, what: &'static str) -> Result<ImportId> {
    text_of(item, IMPORT).and_then(|id| id.parse().ok()).ok_or_else(|| broken(what))
}

/// An import and its revision.
pub(super) async fn find(
    table: &Table,
    what: &'static str,
    id: ImportId,
) -> Result<Option<(ImportRun, u64)>> {
    let found = table.get(what, &keys::import(id)).await?;
    found.map(|item| document(&item, what)).transpose()
}

/// The imports with these ids, in the order of the ids.
pub(super) async fn find_all(table: &Table, what: &'static str, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
    let at: Vec<At> = ids.iter().map(|id| keys::import(*id)).collect();
    let items = table.get_all(what, &at).await?;
    let mut imports = Vec::with_capacity(items.len());
    for item in &items {
        imports.push(document::<ImportRun>(item, what)?.0);
    }
    imports.sort_by_key(|import| import.id);
    Ok(imports)
}

/// Changes imports as [`change`] does, many of them in one request.
pub(super) async fn change_all(
    table: &Table,
    known: &RunCache,
    what: &'static str,
    ids: &[ImportId],
    mut edit: impl FnMut(&mut ImportRun),
) -> Result<()> {
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let at: Vec<At> = ids.iter().map(|id| keys::import(*id)).collect();
        let mut writes = Vec::new();
        for item in table.get_all(what, &at).await? {
            let (before, revision) = document::<ImportRun>(&item, what)?;
            let mut after = before.clone();
            edit(&mut after);
            if after != before {
                writes.push(put_document(keys::import(after.id), &after, revision, what)?);
                writes.extend(follow(Some(&before), &after, revision + 1, what)?);
            }
        }
        for id in ids {
            known.forget(*id);
        }
        if let Written::Lost(_) = table.write(what, writes).await? {
            for id in ids {
                change(table, known, what, *id, &mut edit).await?;
            }
        }
    }
    Ok(())
}

/// Changes an import in place, and with it what follows; again on what others made of it, if they were
/// faster. Nothing happens if there is none, or if `edit` leaves it as it is.
pub(super) async fn change(
    table: &Table,
    known: &RunCache,
    what: &'static str,
    id: ImportId,
    mut edit: impl FnMut(&mut ImportRun),
) -> Result<()> {
    let mut tries = Tries::new(what);
    while change_once(table, known, what, id, &mut edit).await? == Changed::Lost {
        tries.again().await?;
    }
    Ok(())
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changed {
    /// It was written.
    Written,
    /// There was nothing to be changed.
    AsItWas,
    /// Another process was faster, or a condition did not hold. Nothing was written.
    Lost,
}

/// One try of a change.
async fn change_once(
    table: &Table,
    known: &RunCache,
    what: &'static str,
    id: ImportId,
    edit: impl FnOnce(&mut ImportRun),
) -> Result<Changed> {
    let Some((before, revision)) = recall(table, known, what, id).await? else {
        return Ok(Changed::AsItWas);
    };
    let mut after = before.clone();
    edit(&mut after);
    if after == before {
        return Ok(Changed::AsItWas);
    }
    match table.write(what, replace(&before, &after, revision, what)?).await? {
        Written::Done => {
            known.put(&after, revision + 1);
            Ok(Changed::Written)
        }
        Written::Lost(_) => {
            known.forget(id);
            Ok(Changed::Lost)
        }
    }
}

/// An import with its revision, as it is remembered or, if it is not, as it is.
pub(super) async fn recall(
    table: &Table,
    known: &RunCache,
    what: &'static str,
    id: ImportId,
) -> Result<Option<(ImportRun, u64)>> {
    match known.get(id) {
        Some(found) => Ok(Some(found)),
        None => find(table, what, id).await,
    }
}

/// What is written when an import of this revision becomes another.
pub(super) fn replace(
    before: &ImportRun,
    after: &ImportRun,
    revision: u64,
    what: &'static str,
) -> Result<Vec<Write>> {
    let mut writes = vec![put_document(keys::import(after.id), after, revision, what)?];
    writes.extend(follow(Some(before), after, revision + 1, what)?);
    Ok(writes)
}

/// What is written with a new run, apart from its group.
pub(super) fn fresh(run: &ImportRun, what: &'static str) -> Result<Vec<Write>> {
    let ledger = keys::of(keys::ledger(&run.repository), run.id);
    let mut writes = vec![
        put_document(keys::import(run.id), run, 0, what)?,
        Write::Put(ledger, vec![named(run), ("file", text(&run.file))], When::Always),
    ];
    if let Some((key, version)) = run.dropped_version() {
        writes.push(Write::Put(keys::version(key, version), vec![named(run)], When::New));
    }
    if let Some((archive, _)) = &run.archive {
        writes.push(Write::Put(keys::of(keys::archive(*archive), run.id), vec![named(run)], When::Always));
    }
    writes.extend(follow(None, run, FIRST_REVISION, what)?);
    Ok(writes)
}

/// What follows when a run takes the place of what it was, as its `revision`, to be written together with it.
fn follow(
    before: Option<&ImportRun>,
    after: &ImportRun,
    revision: u64,
    what: &'static str,
) -> Result<Vec<Write>> {
    let (was, is) = (before.map(ImportRun::listings).unwrap_or_default(), after.listings());
    let mut writes = Vec::new();
    for listing in was.difference(&is) {
        writes.push(Write::Delete(keys::listed(after, listing), When::Always));
    }
    for listing in is.difference(&was) {
        let entry = entry(after, listing, revision, what)?;
        writes.push(Write::Put(keys::listed(after, listing), entry, When::Always));
    }
    let decided = after.conclusion().filter(|_| before.is_some_and(|run| run.conclusion().is_none()));
    if let Kind::Configuration { .. } = after.kind {
        let configurations = || keys::configurations(&after.repository);
        writes.extend(before.is_none().then(|| Write::Count(configurations(), REGISTERED)));
        writes.extend(decided.map(|_| Write::Count(configurations(), CONCLUDED)));
    }
    if let Kind::Data { name, .. } = &after.kind
        && let Some(conclusion) = decided.filter(|conclusion| conclusion.outcome == Outcome::Imported)
    {
        let finished = number(conclusion.finished.as_millisecond());
        writes.push(Write::SetOnce(keys::date(&after.repository, name, name.date), "finished", finished));
        let content = conclusion.sha256.as_ref().map(|sha256| keys::content(&after.repository, name, sha256));
        writes.extend(content.map(|first| Write::SetOnce(first, IMPORT, text(after.id.to_string()))));
    }
    Ok(writes)
}

/// What a list says of a run, so that who reads the list need not read the run.
fn entry(
    run: &ImportRun,
    listing: &Listing,
    revision: u64,
    what: &'static str,
) -> Result<Vec<(&'static str, AttributeValue)>> {
    let mut entry = vec![named(run)];
    match listing {
        Listing::Ready(_) => {
            let json = serde_json::to_string(run).map_err(|e| Error::Store { what, source: Box::new(e) })?;
            entry.extend([(DOCUMENT, text(json)), (REVISION, number(revision))]);
        }
        Listing::Open(..) => {
            entry.extend([("file", text(&run.file)), ("arrived", text(run.arrived.to_string()))]);
        }
        Listing::Ended(_) => entry.push(("file", text(&run.file))),
        _ => {}
    }
    Ok(entry)
}

fn named(run: &ImportRun) -> (&'static str, AttributeValue) {
    (IMPORT, text(run.id.to_string()))
}
