//! Changes in compressed blocks, as stores keep them for the [change feed](crate::ports::ChangeFeed).
//!
//! A file that changes a million records changes them once more in the feed, and most of what is written is never read. So
//! a store keeps a row for each block, with the number of its first change, how many there are, and the import.
//!
//! A change in a block: its operation, which says whether it is quiet, its line, its scope, its key, the number of its values, and then each field with its
//! value. Numbers are bytes of seven bits, the lowest first; texts stand behind their length. Names of scopes and fields occur
//! again and again: a name is the number of those before it, and if it is new, its text follows.

use std::collections::BTreeMap;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use tidewaiter::id::ImportId;

use crate::ports::{Operation, RecordChange};

/// A block with so many bytes takes no further change.
const FULL_BYTES: usize = 128 << 10;

/// The bit of an operation that marks a change as quiet.
const QUIET: u8 = 2;

/// Changes of one import that are not written yet.
#[derive(Debug, Default)]
pub struct ChangeBlock {
    is_quiet: bool,
    bytes: Vec<u8>,
    names: Names,
    changes: u64,
}

impl ChangeBlock {
    /// Without changes; those that come are quiet or not.
    pub fn new(is_quiet: bool) -> Self {
        Self { is_quiet, ..Self::default() }
    }

    /// Adds that a record has these values now, so many.
    pub fn put<'v>(
        &mut self,
        line: u64,
        (scope, key): (&str, &str),
        values: impl ExactSizeIterator<Item = (&'v str, &'v str)>,
    ) {
        self.change(0, line, (scope, key));
        self.number(values.len() as u64);
        for (field, text) in values {
            self.name(field);
            self.text(text);
        }
    }

    /// Adds that a record is removed.
    pub fn remove(&mut self, line: u64, (scope, key): (&str, &str)) {
        self.change(1, line, (scope, key));
    }

    /// How many changes it has.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// True if it is large enough to be written.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES
    }

    /// The block as it is kept, and how many changes it has. Empty from then on; its memory is used again.
    pub fn take(&mut self) -> (Vec<u8>, u64) {
        let content = compress_prepend_size(&self.bytes);
        self.bytes.clear();
        self.names = Names::default();
        (content, std::mem::take(&mut self.changes))
    }

    fn change(&mut self, operation: u8, line: u64, (scope, key): (&str, &str)) {
        self.changes += 1;
        self.bytes.push(if self.is_quiet { operation | QUIET } else { operation });
        self.number(line);
        self.name(scope);
        self.text(key);
    }

    fn name(&mut self, name: &str) {
        if let Some(place) = self.names.place(name) {
            return self.number(place as u64);
        }
        self.number(self.names.all.len() as u64 - 1);
        self.text(name);
    }

    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// The names of a block. The next one is usually the one behind the last.
#[derive(Debug, Default)]
struct Names {
    all: Vec<String>,
    next: usize,
}

impl Names {
    /// The place of a name. None if it is new: it is the last one now.
    fn place(&mut self, name: &str) -> Option<usize> {
        let is_next = self.all.get(self.next).is_some_and(|next| next == name);
        let place = if is_next { Some(self.next) } else { self.all.iter().position(|known| known == name) };
        if place.is_none() {
            self.all.push(name.to_owned());
        }
        self.next = place.map_or(self.all.len(), |place| place + 1);
        place
    }
}

/// The changes of a block whose first one has this number, of an import and its file.
///
/// # Errors
/// What is wrong with a block that is damaged.
pub fn read(
    content: &[u8],
    first: u64,
    (import, file): (ImportId, &str),
) -> Result<Vec<RecordChange>, String> {
    let block = decompress_size_prepended(content)
        .map_err(|error| format!("a block of changes is damaged: {error}"))?;
    let (mut reader, mut changes) = (Reader { rest: &block, names: Vec::new() }, Vec::new());
    let mut order = first;
    while !reader.rest.is_empty() {
        let change = reader.change(order, import, file);
        changes.push(change.ok_or("a block of changes is damaged: a change is cut off")?);
        order += 1;
    }
    Ok(changes)
}

/// What of a block is not read yet, and the names that were.
struct Reader<'a> {
    rest: &'a [u8],
    names: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn change(&mut self, order: u64, import: ImportId, file: &str) -> Option<RecordChange> {
        let operation = *self.rest.split_off_first()?;
        let (line, scope, key) = (self.number()?, self.name()?.to_owned(), self.text()?.to_owned());
        let mut values = BTreeMap::new();
        let quiet = operation & QUIET != 0;
        let operation = match operation & !QUIET {
            0 => {
                for _ in 0..self.number()? {
                    let (field, text) = (self.name()?, self.text()?);
                    values.insert(field.to_owned(), text.to_owned());
                }
                Operation::Put
            }
            1 => Operation::Remove,
            _ => return None,
        };
        Some(RecordChange {
            order,
            operation,
            scope,
            key,
            values,
            quiet,
            import,
            file: file.to_owned(),
            line,
        })
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.rest.split_off_first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.rest.split_off(..length)?).ok()
    }

    fn name(&mut self) -> Option<&'a str> {
        let place = usize::try_from(self.number()?).ok()?;
        if place == self.names.len() {
            let name = self.text()?;
            self.names.push(name);
        }
        self.names.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use tidewaiter::id::Timestamp;

    use super::*;

    #[test]
    fn changes_are_read_back_as_they_were() {
        let import = ImportId::new(Timestamp::UNIX_EPOCH, 7);
        let mut block = ChangeBlock::default();
        block.put(300, ("things", "a"), [("id", "a"), ("name", "Boat \u{1f6a2}")].into_iter());
        block.remove(0, ("things", ""));
        block.put(301, ("others", "a"), [("name", "b"), ("note", "c")].into_iter());
        assert_eq!(block.changes(), 3);
        let (content, count) = block.take();
        assert_eq!((count, block.changes()), (3, 0));
        let changes = read(&content, 41, (import, "x.csv")).expect("it is whole");
        let [put, remove, other] = &changes[..] else { panic!("{changes:?}") };
        let values: Vec<(&str, &str)> = other.values.iter().map(|(name, text)| (&**name, &**text)).collect();
        assert_eq!((other.scope.as_str(), values), ("others", vec![("name", "b"), ("note", "c")]));
        assert_eq!((put.order, put.line, put.operation), (41, 300, Operation::Put));
        assert_eq!(put.values.get("name").map(String::as_str), Some("Boat \u{1f6a2}"));
        assert_eq!((remove.order, remove.line, remove.operation), (42, 0, Operation::Remove));
        assert_eq!((remove.key.as_str(), remove.import, remove.file.as_str()), ("", import, "x.csv"));
    }

    #[test]
    fn quiet_changes_are_read_back_as_quiet() {
        let import = ImportId::new(Timestamp::UNIX_EPOCH, 7);
        for is_quiet in [false, true] {
            let mut block = ChangeBlock::new(is_quiet);
            // A block is used again.
            for _ in 0..2 {
                block.put(2, ("things", "a"), [("id", "a")].into_iter());
                block.remove(3, ("things", "b"));
                let changes = read(&block.take().0, 1, (import, "x.csv")).expect("it is whole");
                let operations: Vec<_> = changes.iter().map(|change| change.operation).collect();
                assert_eq!(operations, [Operation::Put, Operation::Remove]);
                assert!(changes.iter().all(|change| change.quiet == is_quiet));
            }
        }
    }

    #[test]
    fn a_damaged_block_is_an_error() {
        let import = ImportId::new(Timestamp::UNIX_EPOCH, 7);
        let mut block = ChangeBlock::default();
        block.put(1, ("things", "a"), [("id", "a")].into_iter());
        let whole = block.bytes.clone();
        for end in 1..whole.len() {
            let cut = compress_prepend_size(&whole[..end]);
            assert!(read(&cut, 1, (import, "x.csv")).is_err(), "{end}");
        }
        assert!(read(b"\xff\xff\xff", 1, (import, "x.csv")).is_err());
    }
}
