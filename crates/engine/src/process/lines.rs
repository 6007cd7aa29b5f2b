//! The lines of a file on their way from the checker to the store, cut into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tidewaiter::check::{Checker, Header, Line, Sink, Summary, TextRemarks};
use tidewaiter::record::{Change, Layout, Locate, Reader};
use tidewaiter::schema::compile::Scope;

use super::begin::File;
use crate::Result;
use crate::capabilities::{HasObjects, HasRecords};
use crate::chunks::Chunks;
use crate::examine::CheckSpec;
use crate::hash::hex;
use crate::ports::{Objects, Records, Source, UnlistedColumn};

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
pub(super) struct LineBatch {
    pub(super) items: Vec<Item>,
    /// Their bytes, one after the other.
    pub(super) raw: Bytes,
}

/// Reads a file that is known to be good; its lines go to the sink.
pub(super) async fn read_lines<D: HasObjects>(
    deployment: &D,
    source: &Source,
    bytes: u64,
    held: Option<Bytes>,
    terms: &CheckSpec,
    sink: &mut impl Sink,
) -> Result<()> {
    let mut checker = terms.checker();
    let mut chunks = Chunks::again(deployment.objects(), source, bytes, held);
    while let Some(chunk) = chunks.next().await? {
        checker.feed(&chunk, sink);
    }
    checker.finish(sink);
    Ok(())
}

/// Reads a file that was checked, batch by batch.
pub(super) struct Batches<'a, O> {
    chunks: Chunks<'a, O>,
    /// None when it has seen the end of the file.
    checker: Option<Checker>,
    hash: Sha256,
    lines: Lines,
    summary: Summary,
}

impl<'a, O: Objects> Batches<'a, O> {
    /// Begins with the first of so many bytes of a file. What is `held` of it is not read again. Without a `locator`, nothing
    /// is filled from where an address is.
    pub(super) fn new<D: HasObjects<Objects = O> + HasRecords>(
        deployment: &'a D,
        file: &'a File,
        bytes: u64,
        held: Option<Bytes>,
        locator: Option<Arc<dyn Locate>>,
    ) -> Self {
        let reader = Reader::new(Arc::clone(&file.terms.plan), file.run.id);
        let reader = match locator {
            Some(locator) => reader.with_locator(locator),
            None => reader,
        };
        let held = held.or_else(|| file.fixed_content());
        Self {
            chunks: Chunks::again(deployment.objects(), file.run.content().0, bytes, held),
            checker: Some(file.terms.checker()),
            hash: Sha256::new(),
            lines: Lines::new(reader, Arc::clone(&file.terms.scope), deployment.records().batch_lines()),
            summary: Summary::default(),
        }
    }

    /// The next batch; None behind the last one.
    pub(super) async fn next(&mut self) -> Result<Option<LineBatch>> {
        loop {
            if let Some(batch) = self.lines.batches.pop_front() {
                return Ok(Some(batch));
            }
            let Some(checker) = &mut self.checker else { return Ok(None) };
            if let Some(chunk) = self.chunks.next().await? {
                self.hash.update(&chunk);
                checker.feed(&chunk, &mut self.lines);
            } else if let Some(checker) = self.checker.take() {
                self.summary = checker.finish(&mut self.lines);
                self.lines.cut();
            }
        }
    }

    /// The header line with its line break.
    pub(super) fn header(&self) -> &Bytes {
        &self.lines.header
    }

    /// What there is to say of texts that are imported.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.lines.remarks.notes()
    }

    /// The columns that the import ignores without naming them, of what was read of the header.
    pub(super) fn take_unlisted(&mut self) -> Vec<UnlistedColumn> {
        std::mem::take(&mut self.lines.unlisted)
    }

    /// What the lines have in common.
    pub(super) fn layout(&self) -> &Layout {
        self.lines.reader.layout()
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> u64 {
        self.chunks.offset
    }

    /// Behind the last batch: what the check found, and SHA-256 of what was read, in hexadecimal.
    pub(super) fn finish(self) -> (Summary, String) {
        (self.summary, hex(&self.hash.finalize()))
    }
}

/// Collects lines until they make a batch.
struct Lines {
    reader: Reader,
    header: Bytes,
    unlisted: Vec<UnlistedColumn>,
    remarks: TextRemarks,
    scope: Arc<Scope>,
    /// The batches that are whole.
    batches: VecDeque<LineBatch>,
    /// Those of the one that is not.
    items: Vec<Item>,
    raw: BytesMut,
    good: usize,
    /// So many good lines are a batch.
    most: usize,
}

impl Lines {
    fn new(reader: Reader, scope: Arc<Scope>, most: usize) -> Self {
        Self {
            reader,
            remarks: TextRemarks::default(),
            scope,
            header: Bytes::new(),
            unlisted: Vec::new(),
            batches: VecDeque::new(),
            items: Vec::new(),
            raw: BytesMut::new(),
            good: 0,
            most,
        }
    }

    fn push(&mut self, raw: &[u8], good: Option<(Change, u64)>) {
        self.good += usize::from(good.is_some());
        self.raw.extend_from_slice(raw);
        self.items.push(Item { bytes: raw.len(), good });
        if self.good >= self.most || self.raw.len() >= BATCH_BYTES {
            self.cut();
        }
    }

    /// Ends the batch, unless it has no line.
    fn cut(&mut self) {
        if !self.items.is_empty() {
            let items = std::mem::take(&mut self.items);
            self.batches.push_back(LineBatch { items, raw: self.raw.split().freeze() });
            self.good = 0;
        }
    }
}

impl Sink for Lines {
    fn header(&mut self, raw: &[u8], header: &Header) {
        self.header = Bytes::copy_from_slice(raw);
        let column =
            |(place, label): (usize, &str)| UnlistedColumn { number: place + 1, label: label.to_owned() };
        self.unlisted = header.unlisted().map(column).collect();
        self.reader.header(header);
        self.remarks.header(raw, header, &self.scope);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.remarks.look(line);
        let change = self.reader.change(line);
        self.push(line.raw(), Some((change, line.byte())));
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.push(raw, None);
    }
}
