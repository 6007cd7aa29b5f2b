//! Removes what a file that replaces all does not name, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewaiter::record::{CONTACT, Record, RecordTx, Source, hand_over};
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Pruned, Pruning};

use crate::fetch::{self, fetch};
use crate::land::Ground;
use crate::overlay::{FEW_MATCHES, Missing, Overlay, Was};
use crate::read::page;
use crate::wanted::Wanted;

/// Prunes a page. The answer is not written yet.
pub(crate) async fn prune(ground: &mut Ground<'_>, pruning: &Pruning<'_>) -> Result<Pruned> {
    let plan = pruning.plan;
    let mut pruned = Pruned::default();
    let Some(table) = ground.catalog.table(&plan.records).cloned() else { return Ok(pruned) };
    let mut all = usize::MAX;
    let records = page(ground.session, &table, ground.runs, pruning.after, pruning.limit, &mut all).await?;
    if records.len() >= pruning.limit {
        pruned.next = records.last().map(|(key, _)| key.clone());
    }
    let mut overlay = Overlay::new(Arc::clone(plan), std::mem::take(ground.runs));
    fetch::open(ground.session, ground.catalog, plan, &mut overlay).await?;
    let mut left: BTreeMap<String, Option<Record>> = BTreeMap::new();
    let mut wanted = Wanted::default();
    for (key, record) in records {
        if !plan.is_replaced(&record) || (pruning.stays)(&key, &record) {
            continue;
        }
        let after = plan.left_out(&record, pruning.import);
        if after.is_none() {
            for scope in &plan.dependents {
                wanted.add(&overlay, Missing::Owned(scope.clone(), key.clone()))?;
            }
            if plan.has_contacts() && !overlay.is_empty(SUBSCRIPTIONS) {
                let (scope, field) = (SUBSCRIPTIONS.to_owned(), CONTACT.to_owned());
                wanted.add(&overlay, Missing::Matching(scope, field, key.clone(), FEW_MATCHES))?;
            }
        }
        overlay.hold(&plan.records, key.clone(), Was::Read(Arc::new(record)));
        left.insert(key, after);
    }
    fetch(ground.session, ground.catalog, wanted, &mut overlay).await?;
    for (key, after) in left {
        pruned.removed += 1;
        pruned.dependents += loop {
            match leave_out(&mut overlay, pruning, &key, after.as_ref()) {
                Ok(dependents) => break dependents,
                Err(missing) => {
                    overlay.undo();
                    let mut wanted = Wanted::default();
                    wanted.add(&overlay, missing)?;
                    ground.fetch(wanted, &mut overlay).await?;
                }
            }
        };
        overlay.keep();
    }
    ground.write(overlay).await?;
    Ok(pruned)
}

/// What becomes of a record that the file does not name; answers how many others went with it.
fn leave_out(
    overlay: &mut Overlay,
    pruning: &Pruning<'_>,
    key: &str,
    after: Option<&Record>,
) -> std::result::Result<u64, Missing> {
    let plan = pruning.plan;
    if let Some(record) = after {
        return overlay.put(&plan.records, key, record).map(|()| 0);
    }
    overlay.remove(&plan.records, key)?;
    if plan.has_contacts() {
        hand_over(overlay, key, None, Source { import: pruning.import, line: 0 })?;
    }
    plan.dependents.iter().try_fold(0, |sum, scope| Ok(sum + overlay.remove_owned(scope, key)?))
}
