//! Merges sorted changes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidewaiter::record::{Cells, Change, Subject};

use super::buffer::{self, Buffer};
use super::record;
use super::run::{self, Run, Scratch};

/// How many runs are merged at once at most: each step compares more of them, but a second pass writes everything again.
const MOST_RUNS: usize = 256;
/// How large the buffer of a run is. Smaller ones cost many reads; larger ones save few.
const LEAST_ROOM: usize = 32 << 10;
const MOST_ROOM: usize = 1 << 20;

/// Changes in order.
#[derive(Debug)]
pub(crate) struct Sorted {
    sources: Sources,
    directory: PathBuf,
    /// True if the first source stands at a change that was returned.
    is_returned: bool,
}

/// A change, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortedChange {
    /// Its batch.
    pub(crate) batch: u64,
    /// Its place in the batch.
    pub(crate) at: u32,
    /// The change.
    pub(crate) change: Change,
}

/// A place to read changes into.
impl Default for SortedChange {
    fn default() -> Self {
        let subject = Subject::Key(String::new());
        let change = Change { line: 0, subject, values: Cells::default(), references: Vec::new() };
        Self { batch: 0, at: 0, change }
    }
}

impl Sorted {
    /// Reads the next change into a place that may hold an earlier one: its memory is used again. False if there are
    /// no more changes.
    ///
    /// # Errors
    /// The temporary file cannot be read, or it does not hold what was written. Then `to` holds anything, and the same
    /// call fails again. Damage of a value is found with the last change of a run, so nothing may be kept before the
    /// answer was false.
    pub(crate) fn next_into(&mut self, to: &mut SortedChange) -> io::Result<bool> {
        if self.is_returned {
            self.sources.advance()?;
            self.is_returned = false;
        }
        let Some(first) = self.sources.0.peek() else { return Ok(false) };
        let read = buffer::body(first.record()).and_then(|body| record::read(body, &mut to.change));
        (to.batch, to.at) = read.ok_or_else(|| run::damaged(&self.directory))?;
        self.is_returned = true;
        Ok(true)
    }
}

/// The changes of sorted runs, and of a sorted buffer that was pushed behind all of them.
pub(super) fn merged(
    directory: &Path,
    mut runs: Vec<Run>,
    last: Buffer,
    memory: usize,
    shared: usize,
) -> io::Result<Sorted> {
    // The other half is that of the last buffer.
    let memory = memory / 2;
    let most = (memory / LEAST_ROOM).clamp(2, MOST_RUNS);
    while runs.len() > most {
        runs = fewer(directory, runs, most, memory, shared)?;
    }
    let mut sources = Sources::open(runs, memory, shared)?;
    sources.add(Content::Buffer { buffer: last, next: 0 }, shared)?;
    Ok(Sorted { sources, directory: directory.to_owned(), is_returned: false })
}

/// Merges neighbours, so that equal changes keep their order: as many as it takes for `most` to remain, and `most` at
/// once.
pub(super) fn fewer(
    directory: &Path,
    runs: Vec<Run>,
    most: usize,
    memory: usize,
    shared: usize,
) -> io::Result<Vec<Run>> {
    // The file of the runs that are merged is closed with the last of them, and its room is free again.
    let scratch = Arc::new(Scratch::create(directory)?);
    let (mut fewer, mut end) = (Vec::new(), 0);
    let mut left = runs.into_iter();
    while left.len() > 0 {
        let surplus = (fewer.len() + left.len()).saturating_sub(most);
        let group: Vec<Run> = left.by_ref().take((surplus + 1).min(most)).collect();
        if group.len() == 1 {
            fewer.extend(group);
            continue;
        }
        let mut sources = Sources::open(group, memory, shared)?;
        let mut writer = run::Writer::new(&scratch, end);
        while let Some(first) = sources.0.peek() {
            writer.push(first.record())?;
            sources.advance()?;
        }
        let run = writer.finish()?;
        end = run.end();
        fewer.push(run);
    }
    Ok(fewer)
}

/// What is merged: the source with the first change is on top.
#[derive(Debug, Default)]
struct Sources(BinaryHeap<Box<Source>>);

impl Sources {
    /// Runs in the order in which they were pushed.
    fn open(runs: Vec<Run>, memory: usize, shared: usize) -> io::Result<Self> {
        let room = memory.checked_div(runs.len()).unwrap_or_default().clamp(LEAST_ROOM, MOST_ROOM);
        let mut sources = Self::default();
        for run in runs {
            sources.add(Content::Run(run::Reader::new(run, room)), shared)?;
        }
        Ok(sources)
    }

    /// Adds a source that was pushed behind all others.
    fn add(&mut self, content: Content, shared: usize) -> io::Result<()> {
        let mut source = Source { number: self.0.len(), shared, prefix: 0, content };
        if source.advance()? {
            self.0.push(Box::new(source));
        }
        Ok(())
    }

    /// Goes on behind the first change.
    fn advance(&mut self) -> io::Result<()> {
        if let Some(mut first) = self.0.peek_mut()
            && !first.advance()?
        {
            PeekMut::pop(first);
        }
        Ok(())
    }
}

/// Sorted changes, and the current one of them.
#[derive(Debug)]
struct Source {
    /// Its place among the sources.
    number: usize,
    shared: usize,
    /// The [`buffer::prefix`] of the current change.
    prefix: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// What fits in memory. The current change is the one before `next`.
    Buffer {
        buffer: Buffer,
        next: usize,
    },
    Run(run::Reader),
}

impl Source {
    /// The current change with its length.
    fn record(&self) -> &[u8] {
        match &self.content {
            Content::Buffer { buffer, next } => buffer.record(next.wrapping_sub(1)).unwrap_or_default(),
            Content::Run(reader) => reader.record(),
        }
    }

    /// Goes to the next change. False if there is none.
    fn advance(&mut self) -> io::Result<bool> {
        let is_there = match &mut self.content {
            Content::Buffer { buffer, next } => {
                *next += 1;
                *next <= buffer.len()
            }
            Content::Run(reader) => reader.advance()?,
        };
        self.prefix = buffer::prefix(self.record(), self.shared);
        Ok(is_there)
    }

    /// What the current change is sorted by.
    fn key(&self) -> Option<(&[u8], u64)> {
        buffer::body(self.record()).and_then(record::key)
    }

    fn order(&self, other: &Self) -> Ordering {
        let by_name = || self.key().cmp(&other.key()).then(self.number.cmp(&other.number));
        self.prefix.cmp(&other.prefix).then_with(by_name)
    }
}

/// The source with the first change is the greatest one, because a [`BinaryHeap`] has the greatest one on top.
impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(other).reverse()
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Source {}
