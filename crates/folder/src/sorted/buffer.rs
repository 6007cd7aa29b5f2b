//! Changes in memory.

use std::io;

use tidewaiter::record::Change;

use super::record;

/// How many bytes of a name are compared at once.
const PREFIX: usize = size_of::<u64>();
/// How often names are compared in that way. Longer beginnings in common are rare, and the depth of calls is bounded.
const PREFIXES: u32 = 8;
/// So few names are compared as wholes.
const FEW: usize = 8;

/// Changes, one behind the other in one piece of memory, and their order.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    order: Vec<Place>,
}

/// Where a change begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The bytes of its name that are compared now.
    prefix: u64,
    start: u32,
}

impl Buffer {
    /// Adds a change at the end.
    pub(super) fn push(&mut self, batch: u64, at: u32, change: &Change) -> io::Result<()> {
        let start = u32::try_from(self.bytes.len()).map_err(io::Error::other)?;
        record::write(&mut self.bytes, batch, at, change)?;
        self.order.push(Place { prefix: 0, start });
        Ok(())
    }

    /// How much memory the changes take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + self.order.len() * size_of::<Place>()
    }

    /// How many changes there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Sorts the changes. All names begin with the same `shared` bytes.
    pub(super) fn sort(&mut self, shared: usize) {
        sort(&mut self.order, &self.bytes, shared, PREFIXES);
    }

    /// A change with its length, by its place in the order.
    pub(super) fn record(&self, number: usize) -> Option<&[u8]> {
        record_at(&self.bytes, self.order.get(number)?.start)
    }

    /// The changes with their lengths, in their order.
    pub(super) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.order.iter().filter_map(|place| record_at(&self.bytes, place.start))
    }

    /// Removes all changes, and keeps the memory for the next ones.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.order.clear();
    }
}

/// Sorts changes whose names begin with the same `shared` bytes.
///
/// Comparisons of whole names would read all over the memory. So the places are sorted by the next bytes of the names,
/// which lie in the list itself; those that are equal there, by the bytes after that.
fn sort(order: &mut [Place], bytes: &[u8], shared: usize, prefixes: u32) {
    if prefixes == 0 || order.len() <= FEW {
        let key = |place: &Place| record_at(bytes, place.start).and_then(body).and_then(record::key);
        order.sort_unstable_by(|one, other| key(one).cmp(&key(other)).then(one.start.cmp(&other.start)));
        return;
    }
    for place in &mut *order {
        place.prefix = record_at(bytes, place.start).map_or(0, |record| prefix(record, shared));
    }
    order.sort_unstable_by_key(|place| place.prefix);
    for alike in order.chunk_by_mut(|one, other| one.prefix == other.prefix).filter(|alike| alike.len() > 1) {
        sort(alike, bytes, shared + PREFIX, prefixes - 1);
    }
}

fn record_at(bytes: &[u8], start: u32) -> Option<&[u8]> {
    let rest = bytes.get(start as usize..)?;
    rest.get(..record::LENGTH + record::length(rest)?)
}

/// A change without its length.
pub(super) fn body(record: &[u8]) -> Option<&[u8]> {
    record.get(record::LENGTH..)
}

/// Eight bytes of the name of a change, behind its first `shared` ones, as a number of the same order. A name that
/// ends before is filled up with zeros: such a name may equal a longer one here, and is never greater.
pub(super) fn prefix(record: &[u8], shared: usize) -> u64 {
    let name = body(record).and_then(record::key).map_or(&[][..], |(name, _)| name);
    let rest = name.get(shared..).unwrap_or_default();
    if let Some(eight) = rest.first_chunk() {
        return u64::from_be_bytes(*eight);
    }
    let mut eight = [0; PREFIX];
    eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(eight)
}
