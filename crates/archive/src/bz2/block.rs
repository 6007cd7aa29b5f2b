//! One block, decoded by itself.

use std::io::Read;
use std::ops::Range;
use std::thread;

use bzip2::bufread::BzDecoder;

use super::marks::{self, CHECKSUM_BITS, MARK_BITS};

/// The most that a block is unpacked to here, in bytes. Mostly it is some 900 kB; runs of one byte make it longer, up to
/// fifty times, and are left to who does not hold all of it.
const MOST: u64 = 4 << 20;

/// A block that was cut out.
pub(super) struct Block {
    /// A stream of it alone.
    pub(super) packed: Vec<u8>,
    /// Its checksum, as it says.
    pub(super) checksum: u32,
    /// The byte of the source behind it.
    pub(super) end: u64,
}

/// A stream of the block that these bits are.
pub(super) fn alone(bytes: &[u8], bits: Range<u64>, level: u8, checksum: u32) -> Vec<u8> {
    let mut stream = Bits { bytes: vec![b'B', b'Z', b'h', level], free: 0 };
    let mut at = bits.start;
    while at < bits.end {
        let count = (bits.end - at).min(32);
        stream.push(marks::bits(bytes, at, count).unwrap_or_default(), count);
        at += count;
    }
    stream.push(marks::END, MARK_BITS);
    stream.push(checksum.into(), CHECKSUM_BITS);
    stream.bytes
}

/// Decodes blocks side by side. None for one that does not decode, does not end where it was cut, or is too long.
pub(super) fn decode(blocks: &[Block]) -> Vec<Option<Vec<u8>>> {
    let Some((first, others)) = blocks.split_first() else { return Vec::new() };
    thread::scope(|scope| {
        let others: Vec<_> = others.iter().map(|block| scope.spawn(|| decode_one(&block.packed))).collect();
        let first = decode_one(&first.packed);
        let others = others.into_iter().map(|other| other.join().unwrap_or_default());
        std::iter::once(first).chain(others).collect()
    })
}

fn decode_one(packed: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = BzDecoder::new(packed);
    let mut unpacked = Vec::new();
    decoder.by_ref().take(MOST + 1).read_to_end(&mut unpacked).ok()?;
    let is_whole = decoder.total_in() == packed.len() as u64;
    (is_whole && unpacked.len() as u64 <= MOST).then_some(unpacked)
}

/// Bytes that are written bit by bit.
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are free.
    free: u64,
}

impl Bits {
    /// Adds so many bits of a number, its lowest ones, at most 48.
    fn push(&mut self, number: u64, count: u64) {
        // Behind the bits that the last byte has already, filled up with zeros.
        let used = (8 - self.free) % 8;
        let before = if self.free > 0 { self.bytes.pop().unwrap_or_default() } else { 0 };
        let together = u64::from(before) << 56 | number << (64 - count) >> used;
        let bytes = (used + count).div_ceil(8);
        self.bytes
            .extend(together.to_be_bytes().into_iter().take(usize::try_from(bytes).unwrap_or_default()));
        self.free = bytes * 8 - used - count;
    }
}
