//! The lines of a file on their way from the checker to the store, cut into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Layout, Plan, Reader};

/// A batch ends after so many good lines,
const BATCH_LINES: usize = 5_000;
/// or when so many bytes have passed since it began. Both depend on the file alone, so that the batches
/// of a file are the same whenever it is read.
const BATCH_BYTES: usize = 2 << 20;

/// What comes out of the checker, in the order of the file.
pub(super) enum Item {
    /// A good line: what it does, where it begins, and its bytes in case it is refused.
    Good { change: Change, byte: u64, raw: Bytes },
    /// Rejected bytes.
    Bad(Bytes),
    /// The end of a batch.
    Cut,
}

/// Collects lines until they make a batch.
pub(super) struct Lines {
    reader: Reader,
    header: Bytes,
    items: VecDeque<Item>,
    good: usize,
    bytes: usize,
    cuts: usize,
}

impl Lines {
    pub(super) fn new(plan: Arc<Plan>, import: ImportId) -> Self {
        Self {
            reader: Reader::new(plan, import),
            header: Bytes::new(),
            items: VecDeque::new(),
            good: 0,
            bytes: 0,
            cuts: 0,
        }
    }

    /// The header line with its line break.
    pub(super) fn header(&self) -> &Bytes {
        &self.header
    }

    /// What the lines have in common.
    pub(super) fn layout(&self) -> &Layout {
        self.reader.layout()
    }

    /// The items of the next batch that is whole; with `rest`, also those of the last one.
    pub(super) fn next_batch(&mut self, rest: bool) -> Option<Vec<Item>> {
        if self.cuts == 0 {
            let items: Vec<Item> = if rest { self.items.drain(..).collect() } else { Vec::new() };
            return (!items.is_empty()).then_some(items);
        }
        self.cuts -= 1;
        let end = self.items.iter().position(|item| matches!(item, Item::Cut)).unwrap_or(self.items.len());
        let batch = self.items.drain(..end).collect();
        self.items.pop_front();
        Some(batch)
    }

    fn push(&mut self, item: Item, bytes: usize) {
        self.good += usize::from(matches!(item, Item::Good { .. }));
        self.bytes += bytes;
        self.items.push_back(item);
        if self.good >= BATCH_LINES || self.bytes >= BATCH_BYTES {
            self.items.push_back(Item::Cut);
            (self.good, self.bytes) = (0, 0);
            self.cuts += 1;
        }
    }
}

impl Sink for Lines {
    fn header(&mut self, raw: &[u8], header: &Header) {
        self.header = Bytes::copy_from_slice(raw);
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let raw = Bytes::copy_from_slice(line.raw());
        let bytes = raw.len();
        self.push(Item::Good { change: self.reader.change(line), byte: line.byte(), raw }, bytes);
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.push(Item::Bad(Bytes::copy_from_slice(raw)), raw.len());
    }
}
