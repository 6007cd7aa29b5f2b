//! Lands a batch: what it needs is fetched as a set, its lines are landed in memory, and what changed is written as a set.

use std::ops::Range;
use std::sync::Arc;

use tidewaiter::record::{Landed, Subject, land};
use tidewaiter::schema::OnExisting;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Applied, Batch};

use crate::changes::Feed;
use crate::fetch::{self, Asked};
use crate::overlay::Overlay;
use crate::row::Runs;
use crate::session::Session;
use crate::stored::Catalog;
use crate::wanted::Wanted;
use crate::write;

/// For how many lines the server is asked at a time. Few in debug builds, so that the small batches of tests are cut, too.
const LINES_ASKED: usize = if cfg!(debug_assertions) { 2 } else { 5_000 };
/// How often a line of a batch may be tried in advance, on average.
const TRIES: usize = 6;
/// How many lines are tried in advance when that many tries are used up.
const FEW: usize = 16;

/// What a landing works on.
pub(crate) struct Ground<'a> {
    pub(crate) session: &'a Arc<Session>,
    pub(crate) catalog: &'a mut Catalog,
    pub(crate) runs: &'a mut Runs,
    pub(crate) feed: &'a mut Feed,
}

impl Ground<'_> {
    pub(crate) async fn fetch(&mut self, wanted: Wanted, overlay: &mut Overlay) -> Result<()> {
        fetch::fetch(self.session, self.catalog, wanted, overlay).await
    }

    /// Lands the lines of a batch. The answer is not written yet.
    pub(crate) async fn land(&mut self, batch: &Batch<'_>) -> Result<Applied> {
        let (plan, changes) = (batch.plan, batch.changes);
        let mut overlay = Overlay::new(Arc::clone(plan), std::mem::take(self.runs));
        fetch::open(self.session, self.catalog, plan, &mut overlay).await?;
        if plan.on_existing == OnExisting::Append {
            // A line that is added has a key of its own.
            for change in changes.iter() {
                if let Subject::Key(key) = &change.subject {
                    overlay.hold_absent(&plan.records, key.clone());
                }
            }
        }
        // While the first lines are landed, the server looks for what the next ones need.
        let (mut wanted, mut asked) = (Wanted::default(), Vec::new());
        for (n, lines) in changes.chunks(LINES_ASKED).enumerate() {
            for change in lines {
                wanted.foresee(&overlay, (plan, batch.layout), change);
            }
            let end = (n * LINES_ASKED + lines.len()).min(changes.len());
            asked.push((n * LINES_ASKED..end, Asked::begin(self.session, self.catalog, &mut wanted)));
        }
        self.fetch(wanted, &mut overlay).await?;
        let mut applied = Applied::default();
        let mut budget = changes.len().saturating_mul(TRIES);
        for (lines, mut asked) in asked {
            for found in asked.found().await? {
                fetch::take(&mut overlay, found)?;
            }
            for at in lines.clone() {
                let landed = self.land_line(batch, at..lines.end, &mut overlay, &mut budget).await?;
                if let Some(landed) = landed {
                    applied.push(landed);
                }
            }
        }
        self.write(overlay).await?;
        Ok(applied)
    }

    /// Lands the first of these lines. If it asks for what was not fetched, the lines behind it are tried, too, so that
    /// what they ask for is fetched with it.
    async fn land_line(
        &mut self,
        batch: &Batch<'_>,
        lines: Range<usize>,
        overlay: &mut Overlay,
        budget: &mut usize,
    ) -> Result<Option<Landed>> {
        let mut lines = batch.changes.get(lines).unwrap_or_default().iter();
        let Some(change) = lines.next() else { return Ok(None) };
        loop {
            overlay.at = change.line;
            let missing = match land(overlay, batch.plan, batch.layout, change, batch.import) {
                Ok(landed) => {
                    overlay.keep();
                    return Ok(Some(landed));
                }
                Err(missing) => missing,
            };
            overlay.undo();
            let mut wanted = Wanted::default();
            wanted.add(overlay, missing)?;
            let ahead = if *budget > 0 { usize::MAX } else { FEW };
            for next in lines.clone().take(ahead) {
                *budget = budget.saturating_sub(1);
                if let Err(missing) = land(overlay, batch.plan, batch.layout, next, batch.import) {
                    wanted.add(overlay, missing)?;
                }
                overlay.undo();
            }
            self.fetch(wanted, overlay).await?;
        }
    }

    /// Writes what lines did.
    pub(crate) async fn write(&mut self, overlay: Overlay) -> Result<()> {
        let (fresh, differences, runs) = overlay.differences();
        *self.runs = runs;
        for difference in differences {
            let stored = self.catalog.must_have(&difference.scope)?;
            write::write(self.session, stored, self.runs, &fresh, &difference).await?;
            self.feed.note(&fresh, &difference);
        }
        Ok(())
    }
}
