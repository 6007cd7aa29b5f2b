//! Registering files, and the groups they complete.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::run::Generations;
use tidewaiter::sequence::GroupRef;
use tidewaiter_engine::ports::{DroppedObject, ImportRun, Kind, Source};
use tidewaiter_engine::{Error, Result};

use super::imports::{self, document, put_document};
use super::keys;
use super::run_cache::RunCache;
use crate::table::{At, Table, Tries, When, Write, Written, at_of, text};

const WHAT: &str = "registering files";
/// DynamoDB takes no more than 100 writes at once; a file needs up to eight: five of its own, and three if no
/// other is of its group. The mark of an archive is one more.
const AT_ONCE: usize = 12;

/// A group's generations and their revision; those of a group that is new, if there is none.
pub(super) async fn generations(
    table: &Table,
    what: &'static str,
    repository: &Repository,
    group: &GroupRef,
) -> Result<(Generations, u64)> {
    match table.get(what, &keys::group(repository, group)).await? {
        Some(item) => document(&item, what),
        None => Ok((Generations::default(), 0)),
    }
}

/// Registers files: in one transaction, if they are few enough for one.
///
/// More of them are registered piece by piece. A piece that is registered stays so, and registering the same
/// files again goes on behind it. No group becomes ready by a piece before the one with its last file, and
/// [`members`] tells of none before the last piece.
///
/// The answer is what is registered, in the order of `imports`.
pub(super) async fn register(
    table: &Table,
    known: &RunCache,
    imports: &[ImportRun],
) -> Result<Vec<ImportRun>> {
    let mut sorted: Vec<&ImportRun> = imports.iter().collect();
    // What belongs to a group stays together.
    sorted.sort_by_key(|import| (import.membership().map(|(_, g)| (&g.group.id, g.group.last)), import.id));
    let mut left = sorted.as_slice();
    let mut registered = BTreeMap::new();
    while !left.is_empty() {
        let (piece, rest) = left.split_at(left.len().min(AT_ONCE));
        registered.extend(write_piece(table, known, piece, rest).await?);
        left = rest;
    }
    Ok(imports.iter().filter_map(|import| registered.remove(&import.id)).collect())
}

/// Registers a piece of the files; what is registered, by id.
async fn write_piece(
    table: &Table,
    known: &RunCache,
    piece: &[&ImportRun],
    rest: &[&ImportRun],
) -> Result<BTreeMap<ImportId, ImportRun>> {
    let mut registered = BTreeMap::new();
    let mut tries = Tries::new(WHAT);
    loop {
        let mut fresh: Vec<ImportRun> =
            piece.iter().filter(|i| !registered.contains_key(&i.id)).map(|i| (*i).clone()).collect();
        if fresh.is_empty() {
            return Ok(registered);
        }
        let mut writes = group_writes(table, &mut fresh, rest).await?;
        if rest.is_empty()
            && let Some((archive, _)) = piece.first().and_then(|import| import.archive.as_ref())
        {
            writes.push(Write::Put(keys::unpacked(*archive), Vec::new(), When::Always));
        }
        match table.write(WHAT, writes).await? {
            Written::Done => {
                for import in fresh {
                    known.put(&import, imports::FIRST_REVISION);
                    registered.insert(import.id, import);
                }
                return Ok(registered);
            }
            Written::Lost(_) => {
                // Some are registered already, or a group has changed: only looked at now, since it is rare.
                let ids: Vec<ImportId> = piece.iter().map(|import| import.id).collect();
                let found = imports::find_all(table, WHAT, &ids).await?;
                registered = found.into_iter().map(|import| (import.id, import)).collect();
                for import in piece {
                    if let Some(other) = of_its_version(table, import).await? {
                        registered.entry(import.id).or_insert(other);
                    }
                }
                tries.again().await?;
            }
        }
    }
}

/// The import that has taken in the version which this one is of.
async fn of_its_version(table: &Table, import: &ImportRun) -> Result<Option<ImportRun>> {
    let Some((key, version)) = import.dropped_version() else { return Ok(None) };
    let Some(item) = table.get(WHAT, &keys::version(key, version)).await? else { return Ok(None) };
    let found = imports::find(table, WHAT, imports::import_of(&item, WHAT)?).await?;
    Ok(found.map(|(import, _)| import))
}

/// Those of these whose version is not registered.
pub(super) async fn unregistered(table: &Table, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
    const WHAT: &str = "looking for what was missed";
    let at = |dropped: &DroppedObject| {
        let Source { key, version } = &dropped.source;
        version.as_ref().map(|version| keys::version(key, version))
    };
    // No key may be asked for twice in one request.
    let asked: BTreeSet<At> = drops.iter().filter_map(at).collect();
    let items = table.get_all(WHAT, &Vec::from_iter(asked)).await?;
    let found: HashSet<At> = items.iter().filter_map(at_of).collect();
    Ok(drops.into_iter().filter(|one| at(one).is_some_and(|at| !found.contains(&at))).collect())
}

/// The writes for one file that is not registered yet, and the run as they register it.
pub(super) async fn writes_of(table: &Table, run: &ImportRun) -> Result<(Vec<Write>, ImportRun)> {
    let mut fresh = [run.clone()];
    let writes = group_writes(table, &mut fresh, &[]).await?;
    let [run] = fresh;
    Ok((writes, run))
}

/// The writes for files that are not registered yet. They are told the generations that they belong to.
async fn group_writes(table: &Table, fresh: &mut [ImportRun], rest: &[&ImportRun]) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    let mut groups = Groups::new();
    for import in fresh {
        join(table, import, &mut groups).await?;
        writes.extend(imports::fresh(import, WHAT)?);
    }
    writes.extend(filled_writes(groups, rest)?);
    Ok(writes)
}

/// The writes for groups that files joined.
fn filled_writes(groups: Groups, rest: &[&ImportRun]) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for ((repository, _, _), Filled { group, generations, revision }) in groups {
        writes.push(put_document(keys::group(&repository, &group), &generations, revision, WHAT)?);
        let more_come = rest.iter().any(|import| {
            import.membership().is_some_and(|(_, g)| (&g.group.id, g.group.last) == (&group.id, group.last))
        });
        let waiting = keys::waiting_group(&repository, &group);
        if let Some(rule) = generations.rule.filter(|_| !more_come) {
            let marker = keys::ready_group(&repository, &group);
            let named = vec![("group", json(&group)?), ("rule", json(&rule)?)];
            writes.push(Write::Put(marker, named, When::Always));
            writes.push(Write::Delete(waiting, When::Always));
        } else {
            writes.push(Write::Put(waiting, vec![("group", json(&group)?)], When::Always));
        }
    }
    Ok(writes)
}

fn json(value: &impl Serialize) -> Result<AttributeValue> {
    let json = serde_json::to_string(value);
    Ok(text(json.map_err(|e| Error::Store { what: WHAT, source: Box::new(e) })?))
}

/// A group that files are registered in.
struct Filled {
    group: GroupRef,
    generations: Generations,
    revision: u64,
}

/// Groups that files are registered in, by repository, id and number of slots.
type Groups = BTreeMap<(Repository, String, u8), Filled>;

/// Tells a member the generation that it belongs to, and fills its slot.
async fn join(table: &Table, import: &mut ImportRun, groups: &mut Groups) -> Result<()> {
    let repository = import.repository.clone();
    let Kind::Data { group: Some(place), .. } = &mut import.kind else { return Ok(()) };
    let at = (repository.clone(), place.group.id.clone(), place.group.last);
    if !groups.contains_key(&at) {
        let (found, revision) = generations(table, WHAT, &repository, &place.group).await?;
        let filled = Filled { group: place.group.clone(), generations: found, revision };
        groups.insert(at.clone(), filled);
    }
    if let Some(filled) = groups.get_mut(&at) {
        filled.generations.join(place);
        filled.group = place.group.clone();
    }
    Ok(())
}

/// Says what an unresolved file is; the import as it is then.
pub(super) async fn resolve(
    table: &Table,
    known: &RunCache,
    id: ImportId,
    kind: &Kind,
) -> Result<Option<ImportRun>> {
    const WHAT: &str = "resolving a file";
    let mut tries = Tries::new(WHAT);
    loop {
        let Some((before, revision)) = imports::find(table, WHAT, id).await? else { return Ok(None) };
        let mut after = before.clone();
        if !after.resolve(kind) {
            known.put(&before, revision);
            return Ok(Some(before));
        }
        let mut groups = Groups::new();
        join(table, &mut after, &mut groups).await?;
        let mut writes = imports::replace(&before, &after, revision, WHAT)?;
        writes.extend(filled_writes(groups, &[])?);
        match table.write(WHAT, writes).await? {
            Written::Done => {
                known.put(&after, revision + 1);
                return Ok(Some(after));
            }
            Written::Lost(_) => tries.again().await?,
        }
    }
}

/// The files that came in an archive, in its order; none before all of them are registered.
pub(super) async fn members(table: &Table, archive: ImportId) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "reading members";
    if table.get(WHAT, &keys::unpacked(archive)).await?.is_none() {
        return Ok(Vec::new());
    }
    let named = table.query(WHAT, &keys::archive(archive), crate::table::Part::default(), usize::MAX).await?;
    let ids: Result<Vec<ImportId>> = named.iter().map(|item| imports::import_of(item, WHAT)).collect();
    imports::find_all(table, WHAT, &ids?).await
}

/// What arrives for a group from now on belongs to its next generation.
pub(super) async fn seal(table: &Table, repository: &Repository, group: &GroupRef) -> Result<()> {
    let seal = |generations: &mut Generations| generations.seal(group.generation);
    change(table, "sealing a group", (repository, group), seal, Vec::new()).await.map(|_| ())
}

/// What was incomplete for too long becomes ready work, to be set aside; false if it is not incomplete any more.
pub(super) async fn expire(table: &Table, repository: &Repository, group: &GroupRef) -> Result<bool> {
    let along = vec![
        Write::Put(keys::ready_group(repository, group), vec![("group", json(group)?)], When::Always),
        Write::Delete(keys::waiting_group(repository, group), When::Always),
    ];
    let expire = |generations: &mut Generations| generations.expire(group);
    change(table, "expiring a group", (repository, group), expire, along).await
}

/// The group is no longer ready work.
pub(super) async fn close(table: &Table, repository: &Repository, group: &GroupRef) -> Result<()> {
    const WHAT: &str = "closing a group";
    let along = vec![Write::Delete(keys::ready_group(repository, group), When::Always)];
    let close = |generations: &mut Generations| generations.close(group.generation);
    if !change(table, WHAT, (repository, group), close, along.clone()).await? {
        table.write(WHAT, along).await?;
    }
    Ok(())
}

/// Changes the generations of a group that a file has joined, and writes what belongs `along`. Returns false if there is
/// no such group, or if `edit` does: then nothing is written.
async fn change(
    table: &Table,
    what: &'static str,
    (repository, group): (&Repository, &GroupRef),
    edit: impl Fn(&mut Generations) -> bool,
    along: Vec<Write>,
) -> Result<bool> {
    let mut tries = Tries::new(what);
    loop {
        let (mut changed, revision) = generations(table, what, repository, group).await?;
        if revision == 0 || !edit(&mut changed) {
            return Ok(false);
        }
        let mut writes = vec![put_document(keys::group(repository, group), &changed, revision, what)?];
        writes.extend(along.iter().cloned());
        match table.write(what, writes).await? {
            Written::Done => return Ok(true),
            Written::Lost(_) => tries.again().await?,
        }
    }
}
