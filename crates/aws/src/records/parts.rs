//! Lands a batch part by part.

use std::collections::BTreeSet;

use tidewaiter::record::{Change, land};
use tidewaiter::schema::OnExisting;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Applied, Batch, BatchNumber};

use super::overlay::{Held, Missing, Name, Overlay, foreseen};
use super::write::{self, REVISION, change, record_of};
use super::{fence, keys};
use crate::table::{At, Part, Table, Tries, When, Write, Written, broken, number, number_of, text_of};

const LANDING: &str = "loading records";

/// A transaction takes 100 items, of which one is the answer and one the fence; a line may need a few.
const PART_WRITES: usize = 80;
/// A transaction takes 4 MB.
const PART_BYTES: usize = 2 << 20;
/// How many lines are looked at ahead, to fetch together what they need.
const AHEAD: usize = 80;
/// How long answers are kept, in seconds: far longer than a message can come again.
const ANSWERS_KEPT: i64 = 30 * 24 * 3600;

/// When what is written now is not needed any more, as DynamoDB wants it.
pub(super) fn expires() -> i64 {
    jiff::Timestamp::now().as_second() + ANSWERS_KEPT
}

/// How far a batch is.
#[derive(Default)]
struct Progress {
    applied: Applied,
    lines: usize,
    parts: u64,
}

/// Lands a batch; what an earlier try did stays done.
pub(super) async fn land_batch(table: &Table, batch: &Batch<'_>) -> Result<Applied> {
    let mut progress = if batch.is_again { answered(table, batch).await? } else { Progress::default() };
    let mut overlay = Overlay::default();
    let mut tries = Tries::new(LANDING);
    while progress.lines < batch.changes.len() {
        let rest = batch.changes.get(progress.lines..).unwrap_or_default();
        if let Some((applied, lines)) = land_part(table, batch, rest, progress.parts, &mut overlay).await? {
            progress.applied.extend(applied);
            progress.lines += lines;
            progress.parts += 1;
        } else {
            // Another process was faster, maybe an earlier try. The table knows how far it got.
            fence::look(table, batch.import, batch.number.share).await?;
            tries.again().await?;
            overlay = Overlay::default();
            progress = answered(table, batch).await?;
        }
    }
    Ok(progress.applied)
}

/// What the table knows of a batch. What is still to be dropped is dropped.
async fn answered(table: &Table, batch: &Batch<'_>) -> Result<Progress> {
    let mut progress = Progress::default();
    let pk = keys::answers_to(&batch.import.to_string());
    let prefix = keys::answers(&keys::loader(batch.number.share), batch.number.batch);
    let part = Part { prefix: &prefix, ..Part::default() };
    for item in table.query("reading answers", &pk, part, usize::MAX).await? {
        let answer = text_of(&item, "answer").and_then(|answer| serde_json::from_str(answer).ok());
        let lines: Option<usize> = number_of(&item, "lines");
        let (Some(answer), Some(lines)) = (answer, lines) else { return Err(broken("reading answers")) };
        if let Some(drops) = text_of(&item, "drops") {
            let drops: Vec<Name> = serde_json::from_str(drops).map_err(|_| broken("reading answers"))?;
            drop_owned(table, batch.universe, &drops).await?;
        }
        progress.applied.extend(answer);
        progress.lines += lines;
        progress.parts += 1;
    }
    Ok(progress)
}

/// Lands as many lines as a transaction takes. None if another process wrote in between.
async fn land_part(
    table: &Table,
    batch: &Batch<'_>,
    changes: &[Change],
    part: u64,
    overlay: &mut Overlay,
) -> Result<Option<(Applied, usize)>> {
    let mut applied = Applied::default();
    let (mut lines, mut fetched, mut bytes) = (0, 0, 0);
    for change in changes {
        if lines >= fetched {
            fetch_ahead(table, batch, changes.get(lines..).unwrap_or_default(), overlay).await?;
            fetched = lines + AHEAD;
        }
        loop {
            match land(overlay, batch.plan, batch.layout, change, batch.import) {
                Ok(landed) => {
                    applied.push(landed);
                    break;
                }
                Err(missing) => {
                    overlay.undo();
                    fetch(table, batch.universe, missing, overlay).await?;
                }
            }
        }
        overlay.keep();
        lines += 1;
        bytes += change.values.bytes() * 3;
        if overlay.changes() * 3 >= PART_WRITES && writes(batch, overlay, "")?.len() >= PART_WRITES
            || bytes >= PART_BYTES
        {
            break;
        }
    }
    let revision = format!("{}/{}/{}/{part}", batch.import, batch.number.share, batch.number.batch);
    let mut writes = writes(batch, overlay, &revision)?;
    let drops: Vec<Name> = overlay.drops().cloned().collect();
    let BatchNumber { share, batch: n } = batch.number;
    let at = keys::answer(&batch.import.to_string(), &keys::loader(share), n, part);
    writes.extend(fence::open(batch.import, share, &at));
    let mut answer =
        vec![("answer", write::json(&applied)?), ("lines", number(lines)), ("expires", number(expires()))];
    if !drops.is_empty() {
        answer.push(("drops", write::json(&drops)?));
    }
    writes.push(Write::Put(at, answer, When::New));
    if let Written::Lost(_) = table.write(LANDING, writes).await? {
        return Ok(None);
    }
    overlay.written(&revision);
    drop_owned(table, batch.universe, &drops).await?;
    Ok(Some((applied, lines)))
}

/// What a part writes.
fn writes(batch: &Batch<'_>, overlay: &Overlay, revision: &str) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for (name, held, record) in overlay.writes() {
        writes.extend(change(batch.universe, batch.plan, name, held, record, revision)?);
    }
    Ok(writes)
}

/// Fetches what the next lines will certainly ask for.
async fn fetch_ahead(
    table: &Table,
    batch: &Batch<'_>,
    changes: &[Change],
    overlay: &mut Overlay,
) -> Result<()> {
    let added = batch.plan.on_existing == OnExisting::Append;
    let mut names: BTreeSet<Name> = BTreeSet::new();
    for change in changes.iter().take(AHEAD) {
        for name in foreseen(batch.plan, change) {
            if added && name.0 == batch.plan.records {
                // A line that is added has a key of its own. That there is none is a condition of the write.
                overlay.hold(name, Held::none());
            } else if !overlay.has(&name) {
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
    let mut found = std::collections::HashMap::new();
    for item in table.get_all("reading records", &ats).await? {
        let at = (text_of(&item, "pk").map(str::to_owned), text_of(&item, "sk").map(str::to_owned));
        let revision = text_of(&item, REVISION).map(str::to_owned);
        found.insert(at, Held { record: Some(record_of(&item)?.1), revision });
    }
    for (name, at) in names.into_iter().zip(ats) {
        let held = found.remove(&(Some(at.pk), Some(at.sk)));
        overlay.hold(name, held.unwrap_or_else(Held::none));
    }
    Ok(())
}

/// Fetches what a line asked for.
async fn fetch(table: &Table, universe: &str, missing: Missing, overlay: &mut Overlay) -> Result<()> {
    match missing {
        Missing::Record(name) => fetch_records(table, universe, BTreeSet::from([name]), overlay).await,
        Missing::Matching(scope, column, value) => {
            let pk = keys::matches(universe, &scope, &column, &value);
            // More than a part can take away from it: so there are two if there are two.
            let items = table.query("matching records", &pk, Part::default(), 2 * PART_WRITES).await?;
            let keys = items.iter().map(|item| text_of(item, "key").map(str::to_owned));
            let keys = keys.collect::<Option<_>>().ok_or_else(|| broken("matching records"))?;
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
    let named = items.iter().map(|item| {
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
        table
            .delete_all(
                "removing what belongs to a record",
                &keys.into_iter().map(|(at, _)| at).collect::<Vec<_>>(),
            )
            .await?;
    }
    Ok(())
}
