//! Phase two: the good lines of a file become records, batch by batch; the rejected ones go to
//! `badlines/`, byte for byte and in the order of the file.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tidewaiter::check::{Header, Line, Sink, Summary};
use tidewaiter::finding::{Code, Finding, Tally};
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Place};
use tidewaiter::name::DataName;
use tidewaiter::record::{Change, Layout, ReferenceTo, Rules};
use tidewaiter::schema::OnExisting;
use tidewaiter::schema::compile::{Column, Scope};

use crate::chunks::Chunks;
use crate::configs::hex;
use crate::examine::Terms;
use crate::ports::{Batch, Content, Import, Objects, Observation, Platform, Records, State, Upload};
use crate::{Error, Result};

/// A batch ends after so many good lines,
const BATCH_LINES: usize = 5_000;
/// or when so many bytes have passed since it began. Both depend on the file alone, so that the batches
/// of a file are the same whenever it is read.
const BATCH_BYTES: usize = 2 << 20;

/// Rejected bytes are handed on in pieces of at least this size.
const WRITE_BYTES: usize = 1 << 18;

/// Joins the columns of a key that has several. In a value it is escaped, so that two keys are never one.
const KEY_SEPARATOR: char = '\u{1f}';
const KEY_ESCAPE: char = '\u{1e}';

/// What loading did.
pub(super) struct Loaded {
    pub(super) summary: Summary,
    pub(super) imported: u64,
    pub(super) unchanged: u64,
    pub(super) rejected: u64,
    pub(super) badlines: Option<Key>,
}

/// Reads the file again and loads it.
pub(super) async fn load<P: Platform>(
    platform: &P,
    import: &Import,
    name: &DataName,
    terms: &Terms,
    content: &Content,
) -> Result<Loaded> {
    let mut checker = terms.checker();
    let mut lines = Lines::new(import.id, terms.scope.clone());
    let mut loader = Loader::new(platform, import, name, terms);
    let mut hash = Sha256::new();
    let mut chunks = Chunks::new(platform.objects(), &import.source, content.bytes);
    while let Some(chunk) = chunks.next().await? {
        hash.update(&chunk);
        platform.observe(&Observation::Loading {
            file: &import.file,
            done: chunks.offset,
            of: content.bytes,
        });
        checker.feed(&chunk, &mut lines);
        while let Some(batch) = lines.next_batch(false) {
            loader.apply(&lines, batch).await?;
        }
    }
    let mut summary = checker.finish(&mut lines);
    while let Some(batch) = lines.next_batch(true) {
        loader.apply(&lines, batch).await?;
    }
    // What was loaded is what was checked, or the import does not end here.
    if hex(&hash.finalize()) != content.sha256 {
        return Err(Error::Changed { key: import.source.key.clone() });
    }
    let badlines = loader.finish_badlines().await?;
    summary.findings.merge(std::mem::take(&mut loader.orphans));
    let rejected = summary.rejected + loader.orphaned;
    Ok(Loaded { summary, imported: loader.imported, unchanged: loader.unchanged, rejected, badlines })
}

/// What comes out of the checker, in the order of the file.
enum Item {
    /// A good line: what it does, where it begins, and its bytes in case a parent is missing.
    Good { change: Change, byte: u64, raw: Bytes },
    /// Rejected bytes.
    Bad(Bytes),
    /// The end of a batch.
    Cut,
}

/// Collects lines until they make a batch.
struct Lines {
    import: ImportId,
    scope: Arc<Scope>,
    header: Bytes,
    layout: Layout,
    items: VecDeque<Item>,
    good: usize,
    bytes: usize,
    cuts: usize,
}

impl Lines {
    fn new(import: ImportId, scope: Arc<Scope>) -> Self {
        Self {
            import,
            scope,
            header: Bytes::new(),
            layout: Layout { columns: Vec::new(), references: Vec::new() },
            items: VecDeque::new(),
            good: 0,
            bytes: 0,
            cuts: 0,
        }
    }

    /// The items of the next batch that is whole; with `rest`, also those of the last one.
    fn next_batch(&mut self, rest: bool) -> Option<Vec<Item>> {
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

    /// The key of the record a line names.
    fn key(&self, line: &Line<'_>) -> String {
        if self.scope.on_existing() == OnExisting::Append {
            return format!("{}#{:012}", self.import, line.number());
        }
        if let Some(value) = self.scope.identified_by().iter().find_map(|column| line.value(*column)) {
            return value.into_owned();
        }
        joined(line, self.scope.primary_key()).unwrap_or_default()
    }
}

impl Sink for Lines {
    fn header(&mut self, raw: &[u8], header: &Header) {
        self.header = Bytes::copy_from_slice(raw);
        self.layout.columns = header.labels().to_vec();
        for foreign in self.scope.foreign_keys() {
            let first = foreign.columns.first().and_then(|column| header.file_column(*column));
            let names: Vec<&str> = foreign
                .columns
                .iter()
                .filter_map(|c| self.scope.columns().get(*c))
                .map(Column::name)
                .collect();
            self.layout.references.push(ReferenceTo {
                scope: foreign.resource.clone(),
                field: names.join(", "),
                number: first.map_or(0, |at| at as u64 + 1),
            });
        }
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let values = line.header().columns().map(|column| line.value(column).map(Cow::into_owned)).collect();
        let references = (self.scope.foreign_keys().iter().enumerate())
            .filter_map(|(n, foreign)| Some((n, joined(line, &foreign.columns)?)))
            .collect();
        let change = Change { line: line.number(), key: self.key(line), values, references };
        let raw = Bytes::copy_from_slice(line.raw());
        let bytes = raw.len();
        self.push(Item::Good { change, byte: line.byte(), raw }, bytes);
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.push(Item::Bad(Bytes::copy_from_slice(raw)), raw.len());
    }
}

/// The values of several columns as one key; None if one of them is empty.
fn joined(line: &Line<'_>, columns: &[usize]) -> Option<String> {
    let mut key = String::new();
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            key.push(KEY_SEPARATOR);
        }
        for c in line.value(*column)?.chars() {
            if columns.len() > 1 && matches!(c, KEY_SEPARATOR | KEY_ESCAPE) {
                key.push(KEY_ESCAPE);
            }
            key.push(c);
        }
    }
    Some(key)
}

/// Applies batches and writes `badlines/`.
struct Loader<'a, P: Platform> {
    platform: &'a P,
    import: &'a Import,
    universe: String,
    /// The scope whose records the lines change.
    scope: String,
    rules: Rules,
    number: u64,
    imported: u64,
    unchanged: u64,
    orphaned: u64,
    orphans: Tally,
    key: Key,
    upload: Option<<P::Objects as Objects>::Upload>,
    buffer: BytesMut,
}

impl<'a, P: Platform> Loader<'a, P> {
    fn new(platform: &'a P, import: &'a Import, name: &DataName, terms: &Terms) -> Self {
        let rules = Rules {
            mode: terms.options.mode,
            empty: terms.options.empty,
            on_existing: terms.scope.on_existing(),
            row: terms.scope.row(),
        };
        // Without the group's prefix: mended and dropped again, it must not wait for a group.
        let key = Key::placed(Place::Badlines, &import.repository, name.ungrouped());
        let scope = terms.scope.schema().records.as_ref().unwrap_or(&name.scope);
        Self {
            platform,
            import,
            universe: name.universe.clone(),
            scope: scope.clone(),
            rules,
            number: 0,
            imported: 0,
            unchanged: 0,
            orphaned: 0,
            orphans: Tally::default(),
            key,
            upload: None,
            buffer: BytesMut::new(),
        }
    }

    /// Applies the good lines of a batch, and keeps its rejected ones.
    async fn apply(&mut self, lines: &Lines, items: Vec<Item>) -> Result<()> {
        let mut changes = Vec::new();
        let mut raws = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Good { change, byte, raw } => {
                    raws.push((Some((changes.len(), change.line, byte)), raw));
                    changes.push(change);
                }
                Item::Bad(raw) => raws.push((None, raw)),
                Item::Cut => {}
            }
        }
        let mut missing = HashMap::new();
        if !changes.is_empty() {
            let batch = Batch {
                universe: &self.universe,
                scope: &self.scope,
                import: self.import.id,
                number: self.number,
                rules: self.rules,
                layout: &lines.layout,
                changes: &changes,
            };
            let applied = self.platform.records().apply(&batch).await?;
            if applied.lines() != changes.len() as u64 {
                // The answer is to another batch of this number: it was cut by another version of us.
                return Err(Error::Batches { id: self.import.id.to_string() });
            }
            self.number += 1;
            self.imported += applied.imported;
            self.unchanged += applied.unchanged;
            self.orphaned += applied.missing.len() as u64;
            missing = applied.missing.into_iter().collect();
        }
        for (good, raw) in raws {
            match good {
                None => self.reject(&lines.header, &raw).await?,
                Some((index, line, byte)) => {
                    if let Some(reference) = missing.get(&index) {
                        self.orphan(lines, changes.get(index), *reference, line, byte);
                        self.reject(&lines.header, &raw).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A line whose parent does not exist.
    fn orphan(&mut self, lines: &Lines, change: Option<&Change>, reference: usize, line: u64, byte: u64) {
        let Some(to) = lines.layout.references.get(reference) else { return };
        let key = change.and_then(|c| c.references.iter().find(|(n, _)| *n == reference)).map(|(_, key)| key);
        self.orphans.add(Code::ForeignKey, Some(&to.field), || {
            let message = format!("there is no such record in {}", to.scope);
            Finding::line(Code::ForeignKey, line, byte, message)
                .at(to.number, &to.field)
                .with_value(key.map(String::as_bytes).unwrap_or_default())
                .with_hint(format!(
                    "import it into {} first, or in the same group before this file",
                    to.scope
                ))
        });
    }

    async fn reject(&mut self, header: &Bytes, raw: &Bytes) -> Result<()> {
        if self.upload.is_none() {
            self.upload = Some(self.platform.objects().create(&self.key).await?);
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
        let older = self.platform.state().claim(&self.key, self.import.id).await?;
        upload.finish(older.as_ref()).await?;
        Ok(Some(self.key.clone()))
    }
}
