//! Large files are landed in the order of their keys.
//!
//! A table keeps its rows in the order of their keys. Where lines come in another order, nearly each one changes another
//! page of a large table, and all pages are read and written again and again. So the batches of a large file are put off,
//! sorted on disk, and landed at once. What each line did is written down as the answer to its batch, as if the batch had
//! been landed for itself.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use rusqlite::Connection;
use tidewaiter::record::{Change, Effect, Landed, Layout, Plan};
use tidewaiter_engine::ports::{Applied, BatchNumber, Settled};

use super::answers::answer;
use super::feed::Feed;
use super::known_keys::KnownKeys;
use super::session::Session;
use super::tx::TablesTx;
use crate::sorted::{Sorted, SortedChange, Sorter};
use crate::sqlite::to_json;

/// From this size on the lines of a file are sorted on disk. The batches of a smaller one are sorted one by one.
pub(super) const SORTED_FROM: u64 = 4 << 20;
/// How much memory sorting uses.
const MEMORY: usize = 8 << 20;
/// How many lines are sorted together. What they did is held in memory, two bytes for each.
const MOST_LINES: u64 = 8_000_000;

/// How many changes are handed from the thread that merges to the one that lands.
const HANDED: usize = 256;
/// How many such pieces there are.
const PIECES: usize = 3;

/// Batches that are put off.
pub(super) struct Staged {
    sorter: Sorter,
    layout: Layout,
    /// Their numbers, and how many lines each has.
    batches: Vec<(BatchNumber, usize)>,
    numbers: HashSet<(u32, u64)>,
    lines: u64,
}

impl Staged {
    pub(super) fn new(directory: &Path, layout: &Layout) -> Self {
        let sorter = Sorter::new(directory, MEMORY);
        Self { sorter, layout: layout.clone(), batches: Vec::new(), numbers: HashSet::new(), lines: 0 }
    }

    /// Puts off a batch, unless that was done.
    pub(super) fn push(&mut self, number: BatchNumber, changes: &[Change]) -> rusqlite::Result<()> {
        if !self.numbers.insert((number.share, number.batch)) {
            return Ok(());
        }
        let batch = self.batches.len() as u64;
        for (change, at) in changes.iter().zip(0..) {
            self.sorter.push(batch, at, change).map_err(unsorted)?;
        }
        self.batches.push((number, changes.len()));
        self.lines += changes.len() as u64;
        Ok(())
    }

    /// True if no more batches should be put off before these are landed.
    pub(super) fn is_full(&self) -> bool {
        self.lines >= MOST_LINES
    }

    /// Lands what was put off.
    pub(super) fn settle(
        self,
        sql: &Connection,
        session: &Session,
        (known, feed): (&mut KnownKeys, &mut Feed),
        plan: &Plan,
    ) -> rusqlite::Result<Settled> {
        let mut store = TablesTx::new(sql, (known, feed), (session.import, &session.file));
        let mut done = Done::new(&self.batches);
        merged(self.sorter.finish().map_err(unsorted)?, |next| {
            let landed = store.land(plan, &self.layout, &next.change)?;
            done.note(next.batch, next.at, landed)
        })?;
        let mut settled = Settled::default();
        for ((number, _), applied) in self.batches.iter().zip(done.answers()) {
            settled.add(&applied);
            answer(sql, session.import, (i64::from(number.share), number.batch), &to_json(&applied)?)?;
        }
        Ok(settled)
    }
}

/// A piece of the sorted changes: so many of these are changes.
type Piece = (Vec<SortedChange>, usize);

/// Hands out the changes in their order. Another thread merges them meanwhile.
fn merged(
    mut sorted: Sorted,
    mut each: impl FnMut(&SortedChange) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let (full, to_land) = sync_channel::<io::Result<Piece>>(PIECES);
    let (landed, empty) = channel::<Vec<SortedChange>>();
    // Moved: if a change fails, both ends are gone before the other thread is waited for.
    thread::scope(move |scope| {
        let merge = move || {
            for made in 0.. {
                // A piece that was landed is filled again.
                let piece = if made < PIECES { Some(Vec::new()) } else { empty.recv().ok() };
                let Some(piece) = piece else { return };
                let piece = fill(&mut sorted, piece);
                let is_last = piece.as_ref().map_or(true, |(_, count)| *count < HANDED);
                if full.send(piece).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new().name("merge".to_owned()).spawn_scoped(scope, merge).map_err(unsorted)?;
        for piece in to_land {
            let (piece, count) = piece.map_err(unsorted)?;
            piece.iter().take(count).try_for_each(&mut each)?;
            // The other thread may have seen the end.
            let _ = landed.send(piece);
        }
        Ok(())
    })
}

/// Fills a piece with the next changes.
fn fill(sorted: &mut Sorted, mut piece: Vec<SortedChange>) -> io::Result<Piece> {
    let mut count = 0;
    while count < HANDED {
        if count == piece.len() {
            piece.push(SortedChange::default());
        }
        let Some(next) = piece.get_mut(count) else { break };
        if !sorted.next_into(next)? {
            break;
        }
        count += 1;
    }
    Ok((piece, count))
}

/// What lines did, batch by batch.
struct Done {
    /// The effects that occur: few.
    effects: Vec<Effect>,
    /// For each line of each batch, which of them it had.
    batches: Vec<(Vec<u16>, u64)>,
}

impl Done {
    fn new(batches: &[(BatchNumber, usize)]) -> Self {
        let batches = batches.iter().map(|(_, lines)| (vec![0; *lines], 0));
        Self { effects: Vec::new(), batches: batches.collect() }
    }

    fn note(&mut self, batch: u64, at: u32, landed: Landed) -> rusqlite::Result<()> {
        let known = self.effects.iter().position(|effect| *effect == landed.effect);
        let effect = known.unwrap_or_else(|| {
            self.effects.push(landed.effect);
            self.effects.len() - 1
        });
        let effect = u16::try_from(effect).map_err(|error| {
            rusqlite::Error::ToSqlConversionFailure(format!("too many kinds of effects: {error}").into())
        })?;
        let batch = usize::try_from(batch).ok().and_then(|batch| self.batches.get_mut(batch));
        if let Some((lines, removed)) = batch {
            *removed += landed.removed;
            if let Some(line) = lines.get_mut(at as usize) {
                *line = effect;
            }
        }
        Ok(())
    }

    /// The answers to the batches, in their order.
    fn answers(self) -> impl Iterator<Item = Applied> {
        let Self { effects, batches } = self;
        batches.into_iter().map(move |(lines, removed)| {
            let mut applied = Applied::default();
            applied.removed = removed;
            for effect in lines.into_iter().filter_map(|effect| effects.get(usize::from(effect))) {
                applied.push(Landed { effect: effect.clone(), removed: 0, moved: false });
            }
            applied
        })
    }
}

/// A failure to sort, as one of the database: nothing of the file is landed then.
fn unsorted(error: std::io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
