//! Removes what a file that replaces all does not name, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewaiter::record::RecordTx;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Pruned, Pruning};

use crate::fetch::{self, fetch};
use crate::land::Ground;
use crate::overlay::{Missing, Overlay, Was};
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
    let mut left: BTreeMap<String, Option<tidewaiter::record::Record>> = BTreeMap::new();
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
        }
        overlay.hold(&plan.records, key.clone(), Was::Read(Arc::new(record)));
        left.insert(key, after);
    }
    fetch(ground.session, ground.catalog, wanted, &mut overlay).await?;
    for (key, after) in left {
        pruned.removed += 1;
        let done = match after {
            Some(record) => overlay.put(&plan.records, &key, &record).map(|()| 0),
            None => overlay.remove(&plan.records, &key).and_then(|()| {
                let mut removed = 0;
                for scope in &plan.dependents {
                    removed += overlay.remove_owned(scope, &key)?;
                }
                Ok(removed)
            }),
        };
        // All of it was fetched.
        pruned.dependents += done.map_err(|missing| {
            crate::failure::broken("removing records", format!("{missing:?} was not fetched"))
        })?;
    }
    overlay.keep();
    ground.write(overlay).await?;
    Ok(pruned)
}
