//! Lands a batch part by part.
//!
//! A part whose lines are about one record each is written record by record: [`one_by_one`](Parts::one_by_one). Any other
//! part, and a small one, is one transaction: [`together`](Parts::together).

use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::record::{Change, Effect, Landed, Subject, land};
use tidewaiter_engine::ports::{Applied, Batch};
use tidewaiter_engine::{Error, Result};

use super::fetch::{AHEAD, drop_owned, fetch, fetch_ahead};
use super::overlay::{Missing, Name, Overlay};
use super::write::{EXPIRES, json, seconds_from_now, unique};
use super::{claim, fence, keys};
use crate::table::{At, Part, Table, Tries, Write, Written, broken, number, number_of, text_of};

const LANDING: &str = "loading records";

/// A transaction takes 100 items, of which one is the answer and one the fence; a line may need a few.
const PART_WRITES: usize = 80;
/// More writes than these make no part.
const MOST_WRITES: usize = 98;
/// So many records of a line always have room in a part that is not full: each takes up to three writes, a contact four.
const FEW_RECORDS: usize = 4;
/// How many subscriptions of one contact make a part: each takes up to three writes.
const PART_SUBSCRIPTIONS: usize = 25;
/// How many lines make a part that is written record by record: a try that begins again looks at so many once more.
const PART_LINES: usize = 250;
/// A transaction takes 4 MB.
const PART_BYTES: usize = 2 << 20;
/// How long answers are kept, in seconds: far longer than a message can come again.
const ANSWERS_KEPT: i64 = 30 * 24 * 3600;

/// When what is written now is not needed any more.
pub(super) fn expires() -> AttributeValue {
    seconds_from_now(ANSWERS_KEPT)
}

/// How far a batch is.
#[derive(Default)]
struct Progress {
    applied: Applied,
    lines: usize,
    parts: u64,
    /// The claim that this worker holds on the part that comes next.
    claim: Option<String>,
}

impl Progress {
    fn add(&mut self, applied: Applied, lines: usize) {
        self.applied.extend(applied);
        self.lines += lines;
        self.parts += 1;
        self.claim = None;
    }
}

/// Lands a batch; what an earlier try did stays done. A part of fewer writes than `few` is a transaction.
pub(super) async fn land_batch(table: &Table, batch: &Batch<'_>, few: usize) -> Result<Applied> {
    let mut parts = Parts { table, batch, few, overlay: Overlay::default(), is_first: !batch.is_again };
    let mut progress = if batch.is_again { parts.answered(None).await? } else { Progress::default() };
    let mut tries = Tries::new(LANDING);
    while progress.lines < batch.changes.len() {
        if let Some((applied, lines)) = parts.land(&mut progress).await? {
            progress.add(applied, lines);
        } else {
            // Another process was faster, maybe an earlier try. The table knows how far it got.
            fence::look(table, batch.import, batch.number.share).await?;
            tries.again().await?;
            (parts.overlay, parts.is_first) = (Overlay::default(), false);
            progress = parts.answered(Some(progress)).await?;
        }
    }
    Ok(progress.applied)
}

/// What the lines of a part do.
struct Cut {
    applied: Applied,
    lines: usize,
    /// Each line is about one record, and changes no other one.
    is_by_record: bool,
}

/// The parts of a batch.
struct Parts<'a> {
    table: &'a Table,
    batch: &'a Batch<'a>,
    few: usize,
    overlay: Overlay,
    /// No earlier try is known that may have landed some of the lines.
    is_first: bool,
}

impl Parts<'_> {
    fn at(&self, part: u64) -> At {
        let Batch { import, number, .. } = self.batch;
        keys::answer(&import.to_string(), &keys::loader(number.share), number.batch, part)
    }

    /// What the table knows of the batch. What is still to be dropped is dropped, and an earlier try that may still write
    /// the next part is fenced off.
    async fn answered(&self, before: Option<Progress>) -> Result<Progress> {
        let Batch { import, universe, number, .. } = self.batch;
        let mut progress = Progress::default();
        let pk = keys::answers_to(&import.to_string());
        let prefix = keys::answers(&keys::loader(number.share), number.batch);
        let part = Part { prefix: &prefix, ..Part::default() };
        for item in self.table.query("reading answers", &pk, part, usize::MAX).await? {
            let is_answered = item.contains_key("answer");
            if !is_answered && item.contains_key(fence::CLOSED) {
                return Err(Error::Closed { id: import.to_string() });
            }
            if !is_answered && claim::is_open(&item) {
                let ours = before.as_ref().filter(|before| before.parts == progress.parts);
                let ours = ours.and_then(|before| before.claim.clone());
                progress.claim = match ours {
                    Some(claim) if text_of(&item, claim::CLAIM) == Some(&claim) => Some(claim),
                    _ => claim::take_over(self.table, universe, &item).await?,
                };
                break;
            }
            let answer = text_of(&item, "answer").and_then(|answer| serde_json::from_str(answer).ok());
            let lines: Option<usize> = number_of(&item, "lines");
            let (Some(answer), Some(lines)) = (answer, lines) else { return Err(broken("reading answers")) };
            if let Some(drops) = text_of(&item, "drops") {
                let drops: Vec<Name> = serde_json::from_str(drops).map_err(|_| broken("reading answers"))?;
                drop_owned(self.table, universe, &drops).await?;
            }
            progress.add(answer, lines);
        }
        Ok(progress)
    }

    /// Lands the next part. None if another process wrote in between.
    async fn land(&mut self, progress: &mut Progress) -> Result<Option<(Applied, usize)>> {
        let changes = self.batch.changes.get(progress.lines..).unwrap_or_default();
        let Cut { applied, lines, is_by_record } = self.cut(changes).await?;
        let drops: Vec<Name> = self.overlay.drops().cloned().collect();
        let mut answer = vec![("answer", json(&applied)?), ("lines", number(lines)), (EXPIRES, expires())];
        if !drops.is_empty() {
            answer.push(("drops", json(&drops)?));
        }
        let revision = unique();
        let is_large = self.overlay.changes() >= self.few || self.writes("")?.len() >= self.few;
        let is_done = if is_by_record && is_large {
            self.one_by_one(progress, answer, &revision).await?
        } else {
            self.together(progress, answer, &revision).await?
        };
        if !is_done {
            return Ok(None);
        }
        self.overlay.written(&revision);
        drop_owned(self.table, self.batch.universe, &drops).await?;
        Ok(Some((applied, lines)))
    }

    /// Lets as many lines do what they do as make a part. Nothing is written yet.
    async fn cut(&mut self, changes: &[Change]) -> Result<Cut> {
        let Batch { universe, plan, import, .. } = *self.batch;
        // What is written record by record may be more than a transaction takes.
        let is_by_record = plan.is_by_record() && self.few <= PART_WRITES;
        let mut cut = Cut { applied: Applied::default(), lines: 0, is_by_record };
        let (mut fetched, mut bytes) = (0, 0);
        for change in changes {
            if cut.lines >= fetched {
                let ahead = changes.get(cut.lines..).unwrap_or_default();
                fetch_ahead(self.table, self.batch, ahead, self.is_first, &mut self.overlay).await?;
                fetched = cut.lines + AHEAD;
            }
            let landed = loop {
                match self.try_line(change) {
                    Ok(landed) => break landed,
                    Err(missing) => {
                        self.overlay.undo();
                        fetch(self.table, universe, missing, &mut self.overlay).await?;
                    }
                }
            };
            let name = (plan.records.clone(), change.subject.name().to_owned());
            if cut.is_by_record
                && !(landed.removed == 0 && !landed.moved && self.overlay.is_alone(&name, plan))
            {
                if cut.lines > 0 {
                    // The next part begins with this line, and is a transaction.
                    self.overlay.undo();
                    break;
                }
                cut.is_by_record = false;
            }
            if !cut.is_by_record && self.is_too_much()? {
                if cut.lines == 0 {
                    // A contact with many subscriptions: some of them make a part, without a line.
                    let but = plan.matched_subscription(change);
                    self.overlay.keep_subscriptions(PART_SUBSCRIPTIONS, but.as_deref());
                } else {
                    self.overlay.undo();
                }
                break;
            }
            if cut.is_by_record {
                self.overlay.tell(name, import, change.line, landed.effect.clone());
            }
            self.overlay.keep();
            cut.applied.push(landed);
            cut.lines += 1;
            bytes += change.values.bytes() * 3;
            if bytes >= PART_BYTES || self.is_full(&cut)? {
                break;
            }
        }
        Ok(cut)
    }

    fn is_full(&self, cut: &Cut) -> Result<bool> {
        Ok(if cut.is_by_record {
            cut.lines >= PART_LINES
        } else {
            self.overlay.changes() * 3 >= PART_WRITES && self.writes("")?.len() >= PART_WRITES
        })
    }

    /// True if what the line at hand did is more than the part has room for.
    fn is_too_much(&self) -> Result<bool> {
        // A part that is not full has room for a few records more.
        if self.overlay.line_writes().count() <= FEW_RECORDS {
            return Ok(false);
        }
        let mut writes = self.writes("")?.len();
        for becomes in self.overlay.line_writes() {
            writes += becomes.writes(self.batch.universe, self.batch.plan, "")?.len();
        }
        Ok(writes > MOST_WRITES)
    }

    /// What a line does, as far as all is fetched that it asks for. A record knows what the lines did to it that were
    /// landed with it, so that no line is landed twice.
    fn try_line(&mut self, change: &Change) -> std::result::Result<Landed, Missing> {
        let Batch { plan, layout, import, .. } = *self.batch;
        if plan.is_by_record()
            && let Subject::Key(key) = &change.subject
        {
            let name = (plan.records.clone(), key.clone());
            if let Some(effect) = self.overlay.effect(&name, import, change.line)? {
                return Ok(Landed { effect, removed: 0, moved: false });
            }
            let mut landed = land(&mut self.overlay, plan, layout, change, import)?;
            // It was landed before, and another import has changed the record since.
            if matches!(landed.effect, Effect::Unchanged | Effect::Existing)
                && self.overlay.has_value_of(&name, import, change.line)
            {
                landed.effect = Effect::Imported;
            }
            return Ok(landed);
        }
        land(&mut self.overlay, plan, layout, change, import)
    }

    /// What the part at hand writes in a transaction, without its answer.
    fn writes(&self, revision: &str) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for becomes in self.overlay.writes() {
            writes.extend(becomes.writes(self.batch.universe, self.batch.plan, revision)?);
        }
        Ok(writes)
    }

    /// Writes a part and its answer in one transaction. False if another process was faster: nothing is written.
    async fn together(
        &self,
        progress: &Progress,
        answer: Vec<(&'static str, AttributeValue)>,
        revision: &str,
    ) -> Result<bool> {
        let at = self.at(progress.parts);
        let mut writes = self.writes(revision)?;
        writes.extend(fence::open(self.batch.import, self.batch.number.share, &at));
        writes.push(Write::Put(at, answer, claim::is_held(progress.claim.as_deref())));
        Ok(matches!(self.table.write(LANDING, writes).await?, Written::Done))
    }

    /// Writes a part record by record, and its answer when all are written. False if another process was faster: some of
    /// the records may be written, and know it.
    async fn one_by_one(
        &self,
        progress: &mut Progress,
        answer: Vec<(&'static str, AttributeValue)>,
        revision: &str,
    ) -> Result<bool> {
        let Batch { universe, plan, import, number, .. } = *self.batch;
        let at = self.at(progress.parts);
        let (mut items, mut notes) = (Vec::new(), Vec::new());
        for becomes in self.overlay.writes() {
            items.extend(becomes.item(universe, revision)?);
            notes.extend(becomes.notes(universe, plan));
        }
        let records = items.iter().map(|((at, _), _)| at.clone());
        let before = progress.claim.take();
        progress.claim = claim::claim(self.table, &at, &plan.records, records, before.as_deref()).await?;
        let Some(claim) = &progress.claim else { return Ok(false) };
        if !fence::is_at(import, number.share, &at)
            && let Err(error) = fence::look(self.table, import, number.share).await
        {
            // If it is the first claim on the part, nothing of the part was ever written.
            if before.is_none() {
                claim::release(self.table, &at, claim).await?;
            }
            return Err(error);
        }
        // First the notes: a record that can be matched is found.
        self.table.put_all(LANDING, &notes).await?;
        if !self.table.put_each(LANDING, items).await? {
            return Ok(false);
        }
        let write = Write::Put(at, answer, claim::is_held(Some(claim)));
        Ok(matches!(self.table.write(LANDING, vec![write]).await?, Written::Done))
    }
}
