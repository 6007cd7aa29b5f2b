//! Removes what a file that replaces all does not name, a page at a time, each page once.
//!
//! A page is swept in parts, like a batch. The answer to a part says behind which key the next one begins.

use tidewaiter::record::{CONTACT, Source, hand_over};
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Pruned, Pruning};

use super::fetch::{drop_owned, matching, owned_keys};
use super::overlay::{Name, Overlay};
use super::parts::expires;
use super::read::{exist, page};
use super::write::{Becomes, EXPIRES, held, json, unique};
use super::{fence, keys};
use crate::table::{Part, Table, Tries, When, Write, Written, broken, number, number_of, text_of};

const SWEEPING: &str = "removing records";
/// Where the answers to prunings lie, instead of under a loader.
const PRUNINGS: &str = "prune";
/// A transaction takes 100 items, of which one is the answer and one the fence; a record may need a few.
const PART_WRITES: usize = 80;

/// The attribute of an answer that names the contacts whose subscriptions lose their contact.
const CONTACTS_GONE: &str = "contacts";

/// How far a page is.
#[derive(Default)]
struct Progress {
    swept: Pruned,
    examined: usize,
    parts: u64,
    ended: bool,
}

/// Prunes a page. What an earlier try did stays done.
pub(super) async fn prune_unlisted(table: &Table, pruning: &Pruning<'_>) -> Result<Pruned> {
    let mut tries = Tries::new(SWEEPING);
    let mut progress = answered(table, pruning).await?;
    while !progress.ended {
        if !prune_part(table, pruning, &mut progress).await? {
            fence::look(table, pruning.import, fence::FIRST).await?;
            tries.again().await?;
            progress = answered(table, pruning).await?;
        }
    }
    Ok(progress.swept)
}

async fn answered(table: &Table, pruning: &Pruning<'_>) -> Result<Progress> {
    let mut progress = Progress::default();
    let pk = keys::answers_to(&pruning.import.to_string());
    let prefix = keys::answers(PRUNINGS, pruning.page);
    let part = Part { prefix: &prefix, ..Part::default() };
    for item in table.query("reading answers", &pk, part, usize::MAX).await? {
        let answer: Option<Pruned> =
            text_of(&item, "answer").and_then(|text| serde_json::from_str(text).ok());
        let (answer, examined) =
            answer.zip(number_of(&item, "lines")).ok_or_else(|| broken("reading answers"))?;
        if let Some(drops) = text_of(&item, "drops") {
            let drops: Vec<Name> = serde_json::from_str(drops).map_err(|_| broken("reading answers"))?;
            drop_owned(table, pruning.universe, &drops).await?;
        }
        if let Some(contacts) = text_of(&item, CONTACTS_GONE) {
            let contacts: Vec<String> =
                serde_json::from_str(contacts).map_err(|_| broken("reading answers"))?;
            release(table, pruning, &contacts).await?;
        }
        progress.take(pruning, answer, examined);
    }
    Ok(progress)
}

impl Progress {
    fn take(&mut self, pruning: &Pruning<'_>, answer: Pruned, examined: usize) {
        self.swept.removed += answer.removed;
        self.swept.dependents += answer.dependents;
        self.examined += examined;
        self.parts += 1;
        self.ended = answer.next.is_none() || self.examined >= pruning.limit;
        self.swept.next = answer.next;
    }
}

/// Prunes as many records as a transaction takes. False if another process wrote in between.
async fn prune_part(table: &Table, pruning: &Pruning<'_>, progress: &mut Progress) -> Result<bool> {
    let (plan, universe) = (pruning.plan, pruning.universe);
    let after = progress.swept.next.as_deref().or(pruning.after);
    let left = pruning.limit - progress.examined;
    let found = page(table, universe, &plan.records, after, left).await?;
    let revision = unique();
    let (mut part, mut examined, mut writes, mut drops) = (Pruned::default(), 0, Vec::new(), Vec::new());
    let mut contacts = Vec::new();
    let whole = found.len() < left;
    let all = found.len();
    for (key, record, item) in found {
        if writes.len() >= PART_WRITES {
            break;
        }
        examined += 1;
        part.next = Some(key.clone());
        if !plan.is_replaced(&record) || (pruning.stays)(&key, &record) {
            continue;
        }
        part.removed += 1;
        let after = plan.left_out(&record, pruning.import);
        if after.is_none() && plan.has_contacts() {
            contacts.push(key.clone());
        }
        if after.is_none() {
            for scope in &plan.dependents {
                drops.push((scope.clone(), key.clone()));
            }
        }
        let name = (plan.records.clone(), key);
        let becomes = Becomes { name: &name, held: &held(&item)?, record: after.as_ref(), told: None };
        writes.extend(becomes.writes(universe, plan, &revision)?);
    }
    if whole && examined == all {
        part.next = None;
    }
    // What goes with them is counted, then dropped once the answer is written.
    let mut owners: Vec<Name> = Vec::new();
    for (scope, owner) in drops {
        let count = owned_keys(table, universe, &scope, &owner).await?.len();
        part.dependents += count as u64;
        if count > 0 {
            owners.push((scope, owner));
        }
    }
    let at = keys::answer(&pruning.import.to_string(), PRUNINGS, pruning.page, progress.parts);
    writes.extend(fence::open(pruning.import, fence::FIRST, &at));
    let mut answer = vec![("answer", json(&part)?), ("lines", number(examined)), (EXPIRES, expires())];
    if !owners.is_empty() {
        answer.push(("drops", json(&owners)?));
    }
    if !contacts.is_empty() {
        answer.push((CONTACTS_GONE, json(&contacts)?));
    }
    writes.push(Write::Put(at, answer, When::New));
    if let Written::Lost(_) = table.write(SWEEPING, writes).await? {
        return Ok(false);
    }
    drop_owned(table, universe, &owners).await?;
    release(table, pruning, &contacts).await?;
    progress.take(pruning, part, examined);
    Ok(true)
}

/// Clears the contact of the subscriptions of contacts that were removed.
async fn release(table: &Table, pruning: &Pruning<'_>, contacts: &[String]) -> Result<()> {
    let (plan, universe) = (pruning.plan, pruning.universe);
    for contact in contacts {
        // It may have come again since, if this is done once more.
        let is_back = exist(table, universe, &[(plan.records.clone(), contact.clone())]).await?;
        if is_back.contains(&true) {
            continue;
        }
        let mut tries = Tries::new(SWEEPING);
        while !release_one(table, pruning, contact).await? {
            tries.again().await?;
        }
    }
    Ok(())
}

/// The same, of one contact. False if another process wrote in between.
async fn release_one(table: &Table, pruning: &Pruning<'_>, contact: &str) -> Result<bool> {
    let (plan, universe) = (pruning.plan, pruning.universe);
    let source = Source { import: pruning.import, line: 0 };
    loop {
        let mut overlay = Overlay::default();
        let keys = matching(table, universe, (SUBSCRIPTIONS, CONTACT, contact), &mut overlay).await?;
        if keys.is_empty() {
            return Ok(true);
        }
        let few = keys.into_iter().take(PART_WRITES / 3).collect();
        overlay.hold_matching((SUBSCRIPTIONS.to_owned(), CONTACT.to_owned(), contact.to_owned()), few);
        hand_over(&mut overlay, contact, None, source).map_err(|_| broken(SWEEPING))?;
        overlay.keep();
        let (revision, mut writes) = (unique(), Vec::new());
        for becomes in overlay.writes() {
            writes.extend(becomes.writes(universe, plan, &revision)?);
        }
        if let Written::Lost(_) = table.write(SWEEPING, writes).await? {
            return Ok(false);
        }
    }
}
