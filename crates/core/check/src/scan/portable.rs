//! Masks by what every processor of an architecture has: SSE2 on x86-64, NEON on arm64, plain arithmetic elsewhere.

use tidewaiter_schema::compile::Letters;
use wide::u8x16;

use super::{BLOCK, Masks, Work, positions};

/// Does some work with it.
pub(super) fn run(delimiter: u8, work: impl Work) {
    work.run(|block| Masks::of(delimiter, |byte| equal(block, byte)), positions, Letters::of);
}

#[inline]
fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    let wanted = u8x16::splat(byte);
    let quarters = block.as_chunks::<16>().0.iter();
    let mask = |quarter: &[u8; 16]| u64::from(u8x16::new(*quarter).simd_eq(wanted).to_bitmask());
    quarters.rev().fold(0, |bits, quarter| bits << 16 | mask(quarter))
}
