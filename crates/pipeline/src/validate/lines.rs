//! The lines of a file on their way from the checker to the store, cut into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Layout, Plan, Reader};

/// A batch ends after so many good lines as the store of records wants, or when so many bytes have passed since it
/// began. Neither depends on anything but the file, so that its batches are the same whenever it is read.
const BATCH_BYTES: usize = 2 << 20;

/// What comes out of the checker, in the order of the file.
pub(super) struct Item {
    /// How many bytes it has.
    pub(super) bytes: usize,
    /// What it does and where it begins, if it is good.
    pub(super) good: Option<(Change, u64)>,
}

/// Items that land together.
pub(super) struct Run {
    pub(super) items: Vec<Item>,
    /// Their bytes, one after the other.
    pub(super) raw: Bytes,
}

/// Collects lines until they make a batch.
pub(super) struct Lines {
    reader: Reader,
    header: Bytes,
    /// The batches that are whole.
    runs: VecDeque<Run>,
    /// Those of the one that is not.
    items: Vec<Item>,
    raw: BytesMut,
    good: usize,
    /// So many good lines are a batch.
    most: usize,
}

impl Lines {
    pub(super) fn new(plan: Arc<Plan>, import: ImportId, most: usize) -> Self {
        Self {
            reader: Reader::new(plan, import),
            header: Bytes::new(),
            runs: VecDeque::new(),
            items: Vec::new(),
            raw: BytesMut::new(),
            good: 0,
            most,
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

    /// The next batch that is whole; with `rest`, also the last one.
    pub(super) fn next_batch(&mut self, rest: bool) -> Option<Run> {
        if self.runs.is_empty() && rest && !self.items.is_empty() {
            self.cut();
        }
        self.runs.pop_front()
    }

    fn push(&mut self, raw: &[u8], good: Option<(Change, u64)>) {
        self.good += usize::from(good.is_some());
        self.raw.extend_from_slice(raw);
        self.items.push(Item { bytes: raw.len(), good });
        if self.good >= self.most || self.raw.len() >= BATCH_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.runs.push_back(Run { items, raw: self.raw.split().freeze() });
        self.good = 0;
    }
}

impl Sink for Lines {
    fn header(&mut self, raw: &[u8], header: &Header) {
        self.header = Bytes::copy_from_slice(raw);
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let change = self.reader.change(line);
        self.push(line.raw(), Some((change, line.byte())));
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.push(raw, None);
    }
}
