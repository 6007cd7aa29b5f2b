//! Removes what a file that replaces all does not name, a page at a time, each page once.
//!
//! A page is swept in parts, like a batch. The answer to a part says behind which key the next one begins.

use std::collections::BTreeMap;

use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{Sweep, Swept};

use super::overlay::{Held, Name};
use super::parts::{drop_owned, expires};
use super::read::page;
use super::write::{REVISION, change, json};
use super::{door, keys};
use crate::table::{Part, Table, Tries, When, Write, Written, broken, number, number_of, text_of};

const SWEEPING: &str = "removing records";
/// Where the answers to sweeps lie, instead of under a loader.
const SWEEPS: &str = "sweep";
/// A transaction takes 100 items, of which one is the answer and one the door; a record may need a few.
const PART_WRITES: usize = 80;

/// How far a page is.
#[derive(Default)]
struct Progress {
    swept: Swept,
    examined: usize,
    parts: u64,
    ended: bool,
}

/// Sweeps a page; what an earlier try did stays done.
pub(super) async fn sweep(table: &Table, sweep: &Sweep<'_>) -> Result<Swept> {
    let mut tries = Tries::new(SWEEPING);
    let mut progress = answered(table, sweep).await?;
    while !progress.ended {
        if !sweep_part(table, sweep, &mut progress).await? {
            door::look(table, sweep.import, door::FIRST).await?;
            tries.again().await?;
            progress = answered(table, sweep).await?;
        }
    }
    Ok(progress.swept)
}

async fn answered(table: &Table, sweep: &Sweep<'_>) -> Result<Progress> {
    let mut progress = Progress::default();
    let pk = keys::answers_to(&sweep.import.to_string());
    let prefix = keys::answers(SWEEPS, sweep.page);
    let part = Part { prefix: &prefix, ..Part::default() };
    for item in table.query("reading answers", &pk, part, usize::MAX).await? {
        let answer: Option<Swept> = text_of(&item, "answer").and_then(|text| serde_json::from_str(text).ok());
        let (answer, examined) =
            answer.zip(number_of(&item, "lines")).ok_or_else(|| broken("reading answers"))?;
        if let Some(drops) = text_of(&item, "drops") {
            let drops: Vec<Name> = serde_json::from_str(drops).map_err(|_| broken("reading answers"))?;
            drop_owned(table, sweep.universe, &drops).await?;
        }
        progress.take(sweep, answer, examined);
    }
    Ok(progress)
}

impl Progress {
    fn take(&mut self, sweep: &Sweep<'_>, answer: Swept, examined: usize) {
        self.swept.removed += answer.removed;
        self.swept.dependents += answer.dependents;
        self.examined += examined;
        self.parts += 1;
        self.ended = answer.next.is_none() || self.examined >= sweep.limit;
        self.swept.next = answer.next;
    }
}

/// Sweeps as many records as a transaction takes. False if somebody else wrote in between.
async fn sweep_part(table: &Table, sweep: &Sweep<'_>, progress: &mut Progress) -> Result<bool> {
    let (plan, universe) = (sweep.plan, sweep.universe);
    let after = progress.swept.next.as_deref().or(sweep.after);
    let left = sweep.limit - progress.examined;
    let found = page(table, universe, &plan.records, after, left).await?;
    let revision = format!("{}/{SWEEPS}/{}/{}", sweep.import, sweep.page, progress.parts);
    let (mut part, mut examined, mut writes, mut drops) = (Swept::default(), 0, Vec::new(), Vec::new());
    let whole = found.len() < left;
    let all = found.len();
    for (key, record, item) in found {
        if writes.len() >= PART_WRITES {
            break;
        }
        examined += 1;
        part.next = Some(key.clone());
        if !plan.is_replaced(&record) || (sweep.stays)(&key, &record) {
            continue;
        }
        part.removed += 1;
        let after = plan.left_out(&record, sweep.import);
        if after.is_none() {
            for scope in &plan.dependents {
                drops.push((scope.clone(), key.clone()));
            }
        }
        let held = Held { record: Some(record), revision: text_of(&item, REVISION).map(str::to_owned) };
        let name = (plan.records.clone(), key);
        writes.extend(change(universe, plan, &name, &held, after.as_ref(), &revision)?);
    }
    if whole && examined == all {
        part.next = None;
    }
    // What goes with them is counted, then dropped once the answer is written.
    let mut owned = BTreeMap::new();
    for (scope, owner) in &drops {
        let count = super::parts::count_owned(table, universe, scope, owner).await?;
        part.dependents += count;
        if count > 0 {
            owned.insert((scope.clone(), owner.clone()), count);
        }
    }
    let drops: Vec<Name> = owned.into_keys().collect();
    let at = keys::answer(&sweep.import.to_string(), SWEEPS, sweep.page, progress.parts);
    writes.extend(door::open(sweep.import, door::FIRST, &at));
    let mut answer =
        vec![("answer", json(&part)?), ("lines", number(examined)), ("expires", number(expires()))];
    if !drops.is_empty() {
        answer.push(("drops", json(&drops)?));
    }
    writes.push(Write::Put(at, answer, When::New));
    if let Written::Lost(_) = table.write(SWEEPING, writes).await? {
        return Ok(false);
    }
    drop_owned(table, universe, &drops).await?;
    progress.take(sweep, part, examined);
    Ok(true)
}
