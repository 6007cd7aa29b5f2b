//! The good lines of a file become records, batch by batch; the rejected ones go to
//! `badlines/`, byte for byte and in the order of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use memchr::memchr_iter;
use tidewaiter::check::Summary;
use tidewaiter::finding::Tally;
use tidewaiter::keys::Key;
use tidewaiter::record::{Change, Effect, Layout, Locate, Refusal};
use tidewaiter::report::Counts;

use super::begin::File;
use super::decide::Passed;
use super::lines::{Batches, Item, LineBatch};
use super::{Loads, refused};
use crate::capabilities::HasRecords;
use crate::examine::CheckSpec;
use crate::ports::{
    Answer, Batch, BatchNumber, ImportRun, KeyClaims, Landing, Objects, Observation, Records, Settled,
    UnlistedColumn, Upload,
};
use crate::pulse::Pulse;
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
    /// What there is to say of texts that were imported.
    pub(super) remarks: Vec<String>,
    /// The columns that the import ignores without naming them.
    pub(super) unlisted: Vec<UnlistedColumn>,
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

/// What comes of loading.
pub(super) enum Load<'a, D: Loads> {
    /// All batches are landed.
    All(Box<Unkept<'a, D>>),
    /// The time of this process was up after so many.
    Paused(u64),
}

/// A file whose batches are landed. Its rejected lines are not visible yet: first its records are kept.
pub(super) struct Unkept<'a, D: Loads> {
    loader: Loader<'a, D>,
    trailer: Option<Vec<u8>>,
    loaded: Loaded,
}

impl<D: Loads> Unkept<'_, D> {
    /// What the check found, and how many lines are rejected in all.
    pub(super) fn summary(&self) -> (&Summary, u64) {
        (&self.loaded.summary, self.loaded.counts.rejected)
    }

    /// How many batches are landed.
    pub(super) fn batches(&self) -> u64 {
        self.loader.batch
    }

    /// Makes the rejected lines visible.
    pub(super) async fn show_rejected(mut self) -> Result<Loaded> {
        self.loaded.badlines = self.loader.finish_badlines(self.trailer).await?;
        Ok(self.loaded)
    }
}

/// Reads a file again, unless all of it is held, and loads it. So many of its batches are `landed` for certain. With a
/// `locator`, lines are filled from where an address is.
///
/// Where the store puts batches off, it says only behind the last one what lines did. If it rejected some of them or left
/// them alone, the file is read once more, and each line gets its answer.
pub(super) async fn load<'a, D: Loads>(
    deployment: &'a D,
    landing: &LandingOf<D>,
    file: &'a File,
    passed: &Passed,
    locator: Option<&Arc<dyn Locate>>,
    landed: u64,
) -> Result<Load<'a, D>> {
    let mut read = read(deployment, landing, file, passed, locator, landed).await?;
    if read.loader.put_off > 0 {
        let settled = landing.settle().await?;
        match &read.batches {
            None => {}
            Some(_) if settled.has_others => {
                read = self::read(deployment, landing, file, passed, locator, landed).await?;
            }
            Some(_) => read.loader.counts_settled(&settled),
        }
    }
    let Read { mut loader, batches } = read;
    let Some(mut batches) = batches else { return Ok(Load::Paused(loader.batch)) };
    let header_lines = memchr_iter(b'\n', batches.header()).count() as u64;
    let (unlisted, remarks) = (batches.take_unlisted(), batches.remarks());
    let (mut summary, sha256) = batches.finish();
    // What was loaded is what was checked, or the import does not end here.
    if sha256 != passed.content.sha256 {
        return Err(Error::Changed { key: file.run.source.key.clone() });
    }
    let trailer = summary.trailer.as_deref().map(|raw| loader.trailer(raw, header_lines));
    summary.findings.merge(std::mem::take(&mut loader.refused));
    let mut counts = loader.counts;
    counts.read = summary.lines_read;
    counts.rejected += summary.rejected;
    (counts.existing, counts.unknown) = (loader.left_alone.existing.count, loader.left_alone.unknown.count);
    let (left_alone, moved) = (std::mem::take(&mut loader.left_alone), loader.moved);
    let loaded = Loaded { summary, counts, left_alone, moved, badlines: None, remarks, unlisted };
    Ok(Load::All(Box::new(Unkept { loader, trailer, loaded })))
}

/// A file that was read.
struct Read<'a, D: Loads> {
    loader: Loader<'a, D>,
    /// None if the time of this process was up before the last one.
    batches: Option<Batches<'a, D::Objects>>,
}

/// Reads a file batch by batch, and hands each one to the store.
async fn read<'a, D: Loads>(
    deployment: &'a D,
    landing: &LandingOf<D>,
    file: &'a File,
    passed: &Passed,
    locator: Option<&Arc<dyn Locate>>,
    landed: u64,
) -> Result<Read<'a, D>> {
    let (run, content) = (&file.run, &passed.content);
    let mut batches = Batches::new(deployment, file, content.bytes, passed.held.clone(), locator.cloned());
    let mut loader = Loader::new(deployment, file);
    let mut pulse = Pulse::new(deployment, &run.repository);
    while let Some(batch) = batches.next().await? {
        // Each invocation lands at least one batch more than the one before, or none would come to the end.
        if loader.batch > landed && deployment.time_is_up() {
            return Ok(Read { loader, batches: None });
        }
        let (done, of) = (batches.offset(), content.bytes);
        deployment.observe(&Observation::Loading { file: &run.file, done, of });
        pulse.beat().await;
        loader.take(landing, batches.header(), batches.layout(), batch).await?;
        tracing::trace!(import = %run.id, batches = loader.batch, done, of, "landed a batch");
    }
    Ok(Read { loader, batches: Some(batches) })
}

/// A line of a batch: how many bytes it has and, if it is good, where its change is, with the place of its first byte.
struct Pending {
    bytes: usize,
    good: Option<(u32, usize, u64)>,
}

/// What a worker lands, in the store of records of a deployment.
pub(super) type LandingOf<D> = <<D as HasRecords>::Records as Records>::Landing;

/// What all batches of an import have in common.
struct Common<'a, D: Loads> {
    deployment: &'a D,
    import: &'a ImportRun,
    universe: &'a str,
    terms: &'a CheckSpec,
    /// An earlier try may have landed some of them.
    is_again: bool,
}

impl<D: Loads> Common<'_, D> {
    /// Lands a loader's share of a batch.
    async fn apply(
        &self,
        landing: &LandingOf<D>,
        layout: &Layout,
        number: BatchNumber,
        changes: &Arc<Vec<Change>>,
    ) -> Result<Answer> {
        let Self { import, universe, terms, is_again, .. } = *self;
        let batch =
            Batch { universe, import: import.id, number, is_again, plan: &terms.plan, layout, changes };
        match landing.apply(&batch).await? {
            // The answer is to another batch of this number: it was cut by another version of us.
            Answer::Landed(applied) if applied.lines() != changes.len() as u64 => {
                Err(Error::Batches { id: import.id.to_string() })
            }
            answer => Ok(answer),
        }
    }
}

/// Lands batches and writes `badlines/`.
struct Loader<'a, D: Loads> {
    common: Common<'a, D>,
    loaders: u32,
    batch: u64,
    /// How many shares of batches are put off.
    put_off: u64,
    counts: Counts,
    left_alone: LeftAlone,
    moved: u64,
    refused: Tally,
    key: Key,
    upload: Option<<D::Objects as Objects>::Upload>,
    buffer: BytesMut,
    written: Written,
}

/// What of a file goes to `badlines/`.
#[derive(Default)]
struct Written {
    records: u64,
    lines: u64,
    /// The last record is not complete: a line that is too long comes in pieces.
    is_within: bool,
}

impl<'a, D: Loads> Loader<'a, D> {
    fn new(deployment: &'a D, file: &'a File) -> Self {
        let File { run: import, name, terms, pinned, has_begun, .. } = file;
        Self {
            common: Common { deployment, import, universe: &name.universe, terms, is_again: *has_begun },
            loaders: pinned.loaders,
            batch: 0,
            put_off: 0,
            counts: Counts::default(),
            left_alone: LeftAlone::default(),
            moved: 0,
            refused: Tally::default(),
            key: Key::badlines(&import.repository, name),
            upload: None,
            buffer: BytesMut::new(),
            written: Written::default(),
        }
    }

    /// Lands the good lines of a batch and keeps the rejected ones. The loaders' shares are landed at the same time:
    /// no line of one sees what those of another do.
    async fn take(
        &mut self,
        landing: &LandingOf<D>,
        header: &Bytes,
        layout: &Layout,
        batch: LineBatch,
    ) -> Result<()> {
        let LineBatch { items, mut raw } = batch;
        let mut pending = Vec::with_capacity(items.len());
        let mut shares: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
        for Item { bytes, good } in items {
            let good = good.map(|(change, byte)| {
                let share = change.share(&self.common.terms.plan, self.loaders);
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
            self.common.apply(landing, layout, number, changes)
        });
        // If one fails, the others still finish: nothing is in flight when the run begins again.
        for (share, applied) in shares.keys().zip(join_all(applied).await) {
            let applied = match applied? {
                Answer::Landed(applied) => applied,
                Answer::PutOff => {
                    self.put_off += 1;
                    continue;
                }
            };
            self.counts.removed += applied.removed;
            self.moved += applied.moved;
            landed.insert(*share, applied.effects().cloned().collect());
        }
        self.batch += 1;
        for Pending { bytes, good } in pending {
            let raw = raw.split_to(bytes.min(raw.len()));
            let rejected = match good {
                None => true,
                // What a line does whose batch is put off is counted when it is settled.
                Some((share, at, byte)) => {
                    let change = shares.get(&share).and_then(|changes| changes.get(at));
                    let effect = landed.get(&share).and_then(|effects| effects.get(at));
                    change
                        .zip(effect)
                        .is_some_and(|(change, effect)| self.count(layout, change, byte, effect))
                }
            };
            if rejected {
                self.reject(header, &raw).await?;
            }
        }
        Ok(())
    }

    /// Counts what all lines of the batches did that were put off.
    fn counts_settled(&mut self, settled: &Settled) {
        self.counts.imported += settled.imported;
        self.counts.superseded += settled.superseding;
        self.counts.unchanged += settled.unchanged;
        self.counts.removed += settled.removed;
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
        let plan = &self.common.terms.plan;
        let (code, field) = refused::kind(plan, refusal);
        self.refused.add(code, field.as_deref(), || refused::finding(plan, layout, change, byte, refusal));
    }

    async fn reject(&mut self, header: &Bytes, raw: &Bytes) -> Result<()> {
        if self.upload.is_none() {
            self.upload = Some(self.common.deployment.objects().create(&self.key).await?);
            self.buffer.extend_from_slice(header);
        }
        self.buffer.extend_from_slice(raw);
        self.written.records += u64::from(!self.written.is_within);
        self.written.lines += memchr_iter(b'\n', raw).count() as u64;
        self.written.is_within = !raw.contains(&b'\n');
        if self.buffer.len() >= WRITE_BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let bytes = self.buffer.split().freeze();
        match &mut self.upload {
            Some(upload) => upload.write(bytes).await,
            None => Ok(()),
        }
    }

    /// The trailer of `badlines/`: that of the file, with what was rejected for its counts.
    fn trailer(&self, raw: &[u8], header_lines: u64) -> Vec<u8> {
        let Written { records, lines, .. } = self.written;
        self.common.terms.dialect.trailer_for(raw, records, header_lines + lines + 1)
    }

    /// Makes the rejected lines visible, and the trailer behind them; None if there are none.
    async fn finish_badlines(&mut self, trailer: Option<Vec<u8>>) -> Result<Option<Key>> {
        if let (Some(_), Some(trailer)) = (&self.upload, trailer) {
            self.buffer.extend_from_slice(&trailer);
        }
        self.flush().await?;
        let Some(upload) = self.upload.take() else { return Ok(None) };
        // In this order, so that a delayed worker does not overwrite a later file.
        let Common { deployment, import, .. } = self.common;
        let objects = deployment.objects();
        let there = objects.find(&objects.source(&self.key)).await?.map(|there| there.tag);
        let older = deployment.claims().claim(&[&self.key], import.id).await?.pop().flatten();
        upload.finish_over(there.as_deref(), older.as_ref()).await?;
        Ok(Some(self.key.clone()))
    }
}
