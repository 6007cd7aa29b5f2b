//! Where blocks and streams of bzip2 begin and end: marks of 48 bits, at any bit.

/// How long a mark is, and the checksum behind it.
pub(super) const MARK_BITS: u64 = 48;
pub(super) const CHECKSUM_BITS: u64 = 32;
/// What is in front of a block, and behind the last one: digits of the number pi, and of its root.
pub(super) const BLOCK: u64 = 0x3141_5926_5359;
pub(super) const END: u64 = 0x1772_4538_5090;

/// What a byte can be that is the last whole one but one of a mark, wherever that ends.
const WITHIN: [bool; 256] = {
    let mut within = [false; 256];
    let mut shift = 0;
    while shift < 8 {
        mark_within(&mut within, BLOCK, shift);
        mark_within(&mut within, END, shift);
        shift += 1;
    }
    within
};

#[expect(clippy::indexing_slicing, reason = "a byte is within 256, and a panic would be one of the compiler")]
const fn mark_within(within: &mut [bool; 256], mark: u64, shift: u32) {
    within[((mark << shift >> 16) & 0xff) as usize] = true;
}

/// The first mark that begins at a bit from `from` on. If there is none: from which bit on to look when there is more.
pub(super) fn find(bytes: &[u8], from: u64) -> Result<u64, u64> {
    let first = usize::try_from(from / 8).unwrap_or(usize::MAX);
    let mut last_eight = 0_u64;
    for (n, byte) in bytes.iter().enumerate().skip(first) {
        last_eight = last_eight << 8 | u64::from(*byte);
        if !WITHIN.get(usize::from((last_eight >> 16) as u8)).copied().unwrap_or_default() {
            continue;
        }
        let behind = (n as u64 + 1) * 8;
        for shift in (0..8).rev() {
            let mark = last_eight >> shift & ((1 << MARK_BITS) - 1);
            let begins = (behind - shift).checked_sub(MARK_BITS).filter(|begins| *begins >= from);
            if let (BLOCK | END, Some(begins)) = (mark, begins) {
                return Ok(begins);
            }
        }
    }
    Err(from.max((bytes.len() as u64 * 8).saturating_sub(MARK_BITS - 1)))
}

/// So many bits, at most 57, as a number; None if there are not as many.
pub(super) fn bits(bytes: &[u8], at: u64, count: u64) -> Option<u64> {
    let first = usize::try_from(at / 8).ok()?;
    let end = usize::try_from((at + count).div_ceil(8)).ok()?;
    let number = bytes.get(first..end)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some(number >> ((8 - (at + count) % 8) % 8) & ((1 << count) - 1))
}
