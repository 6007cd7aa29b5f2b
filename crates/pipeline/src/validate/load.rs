//! Phase two: the good lines of a file become records, batch by batch; the rejected ones go to
//! `badlines/`, byte for byte and in the order of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use tidewaiter::check::Summary;
use tidewaiter::finding::Tally;
use tidewaiter::keys::Key;
use tidewaiter::record::{Change, Effect, Layout, Refusal};
use tidewaiter::report::Counts;

use super::lines::{Item, Lines, Run};
use super::{Passed, refused};
use crate::chunks::Chunks;
use crate::examine::CheckSpec;
use crate::hash::hex;
use crate::ports::{
    Applied, Batch, BatchNumber, ImportRun, KeyClaims, Objects, Observation, Records, Upload,
};
use crate::pulse::Pulse;
use crate::validate::Loads;
use crate::{Error, Result};

/// Rejected bytes are handed on in pieces of at least this size.
const WRITE_BYTES: usize = 1 << 18;

/// How many lines that were left alone are named.
const NAMED_LINES: usize = 5;

/// What loading did.
pub(super) struct Loaded {
    pub(super) summary: Summary,
    pub(super) counts: Counts,
    pub(super) left_alone: LeftAlone,
    /// How many records have another key now.
    pub(super) moved: u64,
    pub(super) badlines: Option<Key>,
}

/// Lines that did nothing, by the reason.
#[derive(Default)]
pub(super) struct LeftAlone {
    /// Their record exists, and only new ones are made.
    pub(super) existing: Named,
    /// Their record does not exist, and only those that do are changed or deleted.
    pub(super) unknown: Named,
    /// What their record gives way to is there already.
    pub(super) gave_way: Named,
}

/// Lines that are counted, the first of them by number.
#[derive(Default)]
pub(super) struct Named {
    pub(super) count: u64,
    pub(super) first: Vec<u64>,
}

impl Named {
    fn add(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < NAMED_LINES {
            self.first.push(line);
        }
    }
}

/// Reads the file again, unless all of it is `held`, and loads it.
pub(super) async fn load<D: Loads>(deployment: &D, file: &Passed<'_>, held: Option<Bytes>) -> Result<Loaded> {
    let Passed { import, terms, content, .. } = *file;
    let mut checker = terms.checker();
    let mut lines = Lines::new(terms.plan.clone(), import.id, deployment.records().batch_lines());
    let mut loader = Loader::new(deployment, file);
    let mut hash = Sha256::new();
    let mut pulse = Pulse::new(deployment, &import.repository);
    let mut chunks = Chunks::again(deployment.objects(), &import.source, content.bytes, held);
    while let Some(chunk) = chunks.next().await? {
        hash.update(&chunk);
        deployment.observe(&Observation::Loading {
            file: &import.file,
            done: chunks.offset,
            of: content.bytes,
        });
        checker.feed(&chunk, &mut lines);
        while let Some(batch) = lines.next_batch(false) {
            loader.take_in_time(&lines, batch, &mut pulse).await?;
        }
    }
    let mut summary = checker.finish(&mut lines);
    while let Some(batch) = lines.next_batch(true) {
        loader.take_in_time(&lines, batch, &mut pulse).await?;
    }
    // What was loaded is what was checked, or the import does not end here.
    if hex(&hash.finalize()) != content.sha256 {
        return Err(Error::Changed { key: import.source.key.clone() });
    }
    deployment.records().flush(import.id).await?;
    let badlines = loader.finish_badlines().await?;
    summary.findings.merge(std::mem::take(&mut loader.refused));
    let mut counts = loader.counts;
    counts.read = summary.lines_read;
    counts.rejected += summary.rejected;
    (counts.existing, counts.unknown) = (loader.left_alone.existing.count, loader.left_alone.unknown.count);
    Ok(Loaded { summary, counts, left_alone: loader.left_alone, moved: loader.moved, badlines })
}

/// A line of a batch: how many bytes it has and, if it is good, where its change is, with the place of its first byte.
struct Pending {
    bytes: usize,
    good: Option<(u32, usize, u64)>,
}

/// What all batches of an import have in common.
struct Landing<'a, D: Loads> {
    deployment: &'a D,
    import: &'a ImportRun,
    universe: &'a str,
    terms: &'a CheckSpec,
    /// An earlier try may have landed some of them.
    is_again: bool,
}

impl<D: Loads> Landing<'_, D> {
    /// Lands a loader's share of a batch.
    async fn apply(
        &self,
        layout: &Layout,
        number: BatchNumber,
        changes: &Arc<Vec<Change>>,
    ) -> Result<Applied> {
        let Self { deployment, import, universe, terms, is_again } = *self;
        let batch =
            Batch { universe, import: import.id, number, is_again, plan: &terms.plan, layout, changes };
        let applied = deployment.records().apply(&batch).await?;
        if applied.lines() != changes.len() as u64 {
            // The answer is to another batch of this number: it was cut by another version of us.
            return Err(Error::Batches { id: import.id.to_string() });
        }
        Ok(applied)
    }
}

/// Lands batches and writes `badlines/`.
struct Loader<'a, D: Loads> {
    landing: Landing<'a, D>,
    loaders: u32,
    /// How many batches an earlier invocation landed.
    landed: u64,
    batch: u64,
    counts: Counts,
    left_alone: LeftAlone,
    moved: u64,
    refused: Tally,
    key: Key,
    upload: Option<<D::Objects as Objects>::Upload>,
    buffer: BytesMut,
}

impl<'a, D: Loads> Loader<'a, D> {
    fn new(deployment: &'a D, file: &Passed<'a>) -> Self {
        let Passed { import, name, terms, loaders, has_begun, landed, .. } = *file;
        Self {
            landing: Landing { deployment, import, universe: &name.universe, terms, is_again: has_begun },
            loaders,
            landed,
            batch: 0,
            counts: Counts::default(),
            left_alone: LeftAlone::default(),
            moved: 0,
            refused: Tally::default(),
            key: Key::badlines(&import.repository, name),
            upload: None,
            buffer: BytesMut::new(),
        }
    }

    /// Takes a batch, unless the time is up. Each invocation lands at least one more than the one before, or none
    /// would come to the end.
    async fn take_in_time(&mut self, lines: &Lines, run: Run, pulse: &mut Pulse<'_, D>) -> Result<()> {
        let Landing { deployment, import, .. } = self.landing;
        if self.batch > self.landed && deployment.time_is_up() {
            deployment.records().flush(import.id).await?;
            return Err(Error::OutOfTime { id: import.id.to_string(), landed: self.batch });
        }
        pulse.beat().await;
        self.take(lines, run).await
    }

    /// Lands the good lines of a batch and keeps the rejected ones. The loaders' shares are landed at the same time:
    /// no line of one sees what those of another do.
    async fn take(&mut self, lines: &Lines, run: Run) -> Result<()> {
        let Run { items, mut raw } = run;
        let mut pending = Vec::with_capacity(items.len());
        let mut shares: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
        for Item { bytes, good } in items {
            let good = good.map(|(change, byte)| {
                let share = change.share(&self.landing.terms.plan, self.loaders);
                let changes = shares.entry(share).or_default();
                changes.push(change);
                (share, changes.len() - 1, byte)
            });
            pending.push(Pending { bytes, good });
        }
        let shares: BTreeMap<u32, Arc<Vec<Change>>> =
            shares.into_iter().map(|(share, changes)| (share, Arc::new(changes))).collect();
        let mut landed: BTreeMap<u32, Vec<Effect>> = BTreeMap::new();
        let applied = shares.iter().map(|(share, changes)| {
            let number = BatchNumber { share: *share, batch: self.batch };
            self.landing.apply(lines.layout(), number, changes)
        });
        // If one fails, the others still finish: nothing is in flight when the run begins again.
        for (share, applied) in shares.keys().zip(join_all(applied).await) {
            let applied = applied?;
            self.counts.removed += applied.removed;
            self.moved += applied.moved;
            landed.insert(*share, applied.effects().cloned().collect());
        }
        self.batch += 1;
        for Pending { bytes, good } in pending {
            let raw = raw.split_to(bytes.min(raw.len()));
            let line = good.and_then(|(share, at, byte)| {
                Some((shares.get(&share)?.get(at)?, landed.get(&share)?.get(at)?, byte))
            });
            let rejected = match line {
                Some((change, effect, byte)) => self.count(lines.layout(), change, byte, effect),
                None => true,
            };
            if rejected {
                self.reject(lines.header(), &raw).await?;
            }
        }
        Ok(())
    }

    /// Counts what a line did. True if it is rejected after all.
    fn count(&mut self, layout: &Layout, change: &Change, byte: u64, effect: &Effect) -> bool {
        match effect {
            Effect::Imported => self.counts.imported += 1,
            // It takes the place of the line before it, which was counted as imported.
            Effect::Superseding => self.counts.superseded += 1,
            Effect::Unchanged => self.counts.unchanged += 1,
            Effect::Existing | Effect::Unknown | Effect::GaveWay => {
                self.counts.unchanged += 1;
                let lines = match effect {
                    Effect::Existing => &mut self.left_alone.existing,
                    Effect::Unknown => &mut self.left_alone.unknown,
                    _ => &mut self.left_alone.gave_way,
                };
                lines.add(change.line);
            }
            Effect::Refused(refusal) => {
                self.refuse(layout, change, byte, refusal);
                self.counts.rejected += 1;
                return true;
            }
        }
        false
    }

    fn refuse(&mut self, layout: &Layout, change: &Change, byte: u64, refusal: &Refusal) {
        let plan = &self.landing.terms.plan;
        let (code, field) = refused::kind(plan, refusal);
        self.refused.add(code, field.as_deref(), || refused::finding(plan, layout, change, byte, refusal));
    }

    async fn reject(&mut self, header: &Bytes, raw: &Bytes) -> Result<()> {
        if self.upload.is_none() {
            self.upload = Some(self.landing.deployment.objects().create(&self.key).await?);
            self.buffer.extend_from_slice(header);
        }
        self.buffer.extend_from_slice(raw);
        if self.buffer.len() >= WRITE_BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let bytes = self.buffer.split().freeze();
        match &mut self.upload {
            Some(upload) => upload.write(bytes).await,
            None => Ok(()),
        }
    }

    /// Makes the rejected lines visible; None if there are none.
    async fn finish_badlines(&mut self) -> Result<Option<Key>> {
        self.flush().await?;
        let Some(upload) = self.upload.take() else { return Ok(None) };
        // In this order, so that a delayed worker does not overwrite a later file.
        let Landing { deployment, import, .. } = self.landing;
        let objects = deployment.objects();
        let there = objects.find(&objects.source(&self.key)).await?.map(|there| there.tag);
        let older = deployment.claims().claim(&[&self.key], import.id).await?.pop().flatten();
        upload.finish_over(there.as_deref(), older.as_ref()).await?;
        Ok(Some(self.key.clone()))
    }
}
