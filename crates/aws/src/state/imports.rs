//! One import: how it is kept, how it goes down its path, and what else in the table follows from where it is.

use tidewaiter::id::ImportId;
use tidewaiter::report::Outcome;
use tidewaiter_pipeline::ports::{DigestPlace, ImportRun, Kind, Progress};
use tidewaiter_pipeline::{Error, Result};

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
                writes.extend(follow(&before, &after));
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
    writes.extend(follow(before, after));
    Ok(writes)
}

/// What is written beside a new import, apart from its group.
pub(super) fn beside(import: &ImportRun, what: &'static str) -> Result<Vec<Write>> {
    let named = || vec![(IMPORT, text(import.id.to_string()))];
    let ledger = keys::of(keys::ledger(&import.repository), import.id);
    let file = ("file", text(&import.file));
    let mut writes = vec![Write::Put(ledger, [named(), vec![file]].concat(), When::Always)];
    if let Some((key, version)) = import.dropped_version() {
        writes.push(Write::Put(keys::version(key, version), named(), When::New));
    }
    if let Some((archive, _)) = &import.archive {
        writes.push(Write::Put(keys::of(keys::archive(*archive), import.id), named(), When::Always));
    }
    if let Kind::Configuration { .. } = import.kind {
        writes.push(Write::Count(keys::configurations(&import.repository), REGISTERED));
    }
    writes.extend(by_kind(import, FIRST_REVISION, what)?);
    Ok(writes)
}

/// What is written beside an import that becomes known for what it is, as its revision.
pub(super) fn by_kind(import: &ImportRun, revision: u64, what: &'static str) -> Result<Vec<Write>> {
    let named = || vec![(IMPORT, text(import.id.to_string()))];
    Ok(match &import.kind {
        Kind::Data { name, group: Some(group), .. } => {
            let arrived = vec![("file", text(&import.file)), ("arrived", text(import.arrived.to_string()))];
            let open = keys::member(import, name, group, keys::OPEN);
            let unchecked = keys::member(import, name, group, keys::UNCHECKED);
            vec![
                Write::Put(open, [named(), arrived].concat(), When::Always),
                Write::Put(unchecked, named(), When::Always),
            ]
        }
        Kind::Data { name, rank, group: None, .. } => {
            // With the whole run, so that the finder need not read it.
            let json =
                serde_json::to_string(import).map_err(|e| Error::Store { what, source: Box::new(e) })?;
            let marker = [named(), vec![(DOCUMENT, text(json)), (REVISION, number(revision))]].concat();
            vec![Write::Put(keys::ready_file(import, name, *rank), marker, When::Always)]
        }
        Kind::Unresolved { .. } => vec![Write::Put(keys::unresolved(import), named(), When::Always)],
        _ => vec![unfinished(import)],
    })
}

/// What follows from a change of an import, to be written together with it.
fn follow(before: &ImportRun, after: &ImportRun) -> Vec<Write> {
    let mut writes = Vec::new();
    let became = |is: fn(&ImportRun) -> bool| is(after) && !is(before);
    let ceased = |is: fn(&ImportRun) -> bool| is(before) && !is(after);
    if became(is_checked)
        && let Some((name, group)) = keys::membership(after)
    {
        writes.push(Write::Delete(keys::member(after, name, group, keys::UNCHECKED), When::Always));
    }
    if became(is_decided)
        && let Some(conclusion) = after.conclusion()
    {
        let named = vec![(IMPORT, text(after.id.to_string())), ("file", text(&after.file))];
        writes.push(Write::Put(keys::ended_import(after, conclusion.finished), named, When::Always));
    }
    if became(is_decided)
        && let Kind::Configuration { .. } = after.kind
    {
        writes.push(Write::Count(keys::configurations(&after.repository), CONCLUDED));
    }
    if became(is_decided)
        && let Kind::Data { name, .. } = &after.kind
    {
        if !is_done(after) {
            writes.push(unfinished(after));
        }
        if let Some(conclusion) = after.conclusion().filter(|c| c.outcome == Outcome::Imported) {
            let finished = number(conclusion.finished.as_millisecond());
            writes.push(Write::SetOnce(keys::date(&after.repository, name, name.date), "finished", finished));
            if let Some(sha256) = &conclusion.sha256 {
                let first = keys::content(&after.repository, name, sha256);
                writes.push(Write::SetOnce(first, IMPORT, text(after.id.to_string())));
            }
        }
    }
    if became(is_done) {
        writes.push(Write::Delete(keys::of(keys::unfinished(&after.repository), after.id), When::Always));
        match &after.kind {
            Kind::Data { name, group: Some(group), .. } => {
                writes.push(Write::Delete(keys::member(after, name, group, keys::OPEN), When::Always));
            }
            Kind::Data { name, rank, group: None, .. } => {
                writes.push(Write::Delete(keys::ready_file(after, name, *rank), When::Always));
            }
            _ => {}
        }
    }
    let unmailed = || keys::of(keys::unmailed(&after.repository), after.id);
    if became(owes_a_mail) {
        let named = vec![(IMPORT, text(after.id.to_string()))];
        writes.push(Write::Put(unmailed(), named, When::Always));
    }
    if ceased(owes_a_mail) {
        writes.push(Write::Delete(unmailed(), When::Always));
    }
    let waits = |import: &ImportRun| {
        let digest = waits_for(import)?.key();
        Some(keys::waiting_report(&import.repository, &digest, import.id))
    };
    match (waits(before), waits(after)) {
        (None, Some(at)) => {
            let named = vec![(IMPORT, text(after.id.to_string()))];
            writes.push(Write::Put(at, named, When::Always));
        }
        (Some(at), None) => writes.push(Write::Delete(at, When::Always)),
        _ => {}
    }
    writes
}

fn unfinished(import: &ImportRun) -> Write {
    let named = vec![(IMPORT, text(import.id.to_string()))];
    Write::Put(keys::of(keys::unfinished(&import.repository), import.id), named, When::Always)
}

fn is_checked(import: &ImportRun) -> bool {
    is_decided(import) || matches!(&import.progress, Progress::Started(pinned) if pinned.checked)
}

fn is_decided(import: &ImportRun) -> bool {
    import.conclusion().is_some()
}

fn is_done(import: &ImportRun) -> bool {
    matches!(import.progress, Progress::Done(_))
}

/// The digest that the report of an import waits for.
fn waits_for(import: &ImportRun) -> Option<&DigestPlace> {
    match &import.progress {
        Progress::Done(conclusion) => conclusion.digest.as_ref().filter(|digest| digest.due),
        _ => None,
    }
}

fn owes_a_mail(import: &ImportRun) -> bool {
    matches!(&import.progress, Progress::Done(conclusion) if conclusion.mail_due)
}
