//! The shapes of values by masks: bit *n* of a mask says what byte *n* is.

use wide::u8x16;

/// The first bytes of a value and what follows it, 16 at a time.
#[derive(Clone, Copy)]
pub(super) struct Bytes<const N: usize>([u8x16; N]);

impl<const N: usize> Bytes<N> {
    /// Takes `16 * N` bytes; None if there are not that many.
    #[inline]
    pub(super) fn at(tail: &[u8]) -> Option<Self> {
        let chunks = tail.get(..16 * N)?.as_chunks::<16>().0.first_chunk::<N>()?;
        Some(Self(chunks.map(u8x16::new)))
    }

    /// Where a byte is.
    #[inline]
    pub(super) fn are(self, byte: u8) -> u64 {
        let byte = u8x16::splat(byte);
        self.mask(|bytes| bytes.simd_eq(byte))
    }

    /// Where the ASCII digits are.
    #[inline]
    pub(super) fn digits(self) -> u64 {
        self.mask(|bytes| within(bytes, b'0', b'9'))
    }

    /// Where the ASCII letters and digits are.
    #[inline]
    fn alphanumerics(self) -> u64 {
        let case = u8x16::splat(0x20);
        self.mask(|bytes| within(bytes | case, b'a', b'z') | within(bytes, b'0', b'9'))
    }

    #[inline]
    fn mask(self, what: impl Fn(u8x16) -> u8x16) -> u64 {
        self.0.iter().rev().fold(0, |bits, &bytes| bits << 16 | u64::from(what(bytes).to_bitmask()))
    }
}

#[inline]
fn within(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    let above = bytes - u8x16::splat(first);
    above.min(u8x16::splat(last - first)).simd_eq(above)
}

/// The bits of a value of so many bytes, fewer than 64.
#[inline]
fn value(length: usize) -> u64 {
    (1_u64 << (length & 63)) - 1
}

/// The longest address that is looked at here: in one as short no label and no part before the `@` is too long.
const EMAIL: usize = 48;

/// Where what an address is made of stands among the first 48 of 64 bytes. Of the others it need not say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters {
    /// ASCII letters and digits.
    pub words: u64,
    /// `@`.
    pub ats: u64,
    /// `.`.
    pub dots: u64,
    /// `-`.
    pub hyphens: u64,
    /// `_` and `+`.
    pub others: u64,
}

impl Letters {
    /// By what every processor has.
    #[inline]
    pub fn of(bytes: &[u8; 64]) -> Self {
        let [first, second, third, _] = *bytes.as_chunks::<16>().0 else { return Self::NONE };
        let bytes = Bytes([first, second, third].map(u8x16::new));
        Self {
            words: bytes.alphanumerics(),
            ats: bytes.are(b'@'),
            dots: bytes.are(b'.'),
            hyphens: bytes.are(b'-'),
            others: bytes.are(b'_') | bytes.are(b'+'),
        }
    }

    const NONE: Self = Self { words: 0, ats: 0, dots: 0, hyphens: 0, others: 0 };
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "only what is inlined may use the features of a kernel")]
pub(super) fn is_email(tail: &[u8], length: usize, letters: impl Fn(&[u8; 64]) -> Letters) -> bool {
    let Some(bytes) = tail.first_chunk().filter(|_| length <= EMAIL) else { return false };
    let Letters { words, ats, dots, hyphens, others } = letters(bytes);
    let at = ats & value(length);
    let local = at.wrapping_sub(1);
    let domain = value(length) & !(local | at);
    // No label of the domain begins or ends with a hyphen, and none is empty.
    let begins = at << 1 | dots << 1;
    let ends = dots >> 1 | (value(length) ^ value(length) >> 1);
    // Punycode is read by the exact way: all that has two hyphens where `xn--` has them.
    let marked = hyphens & hyphens << 1 & begins << 3;
    let in_local = words | dots | hyphens | others;
    (at & local == 0)
        & (at > 1)
        & (local & !in_local == 0)
        & (domain & !(words | dots | hyphens) == 0)
        & (domain & dots != 0)
        & (domain & ((begins | ends) & (dots | hyphens) | marked) == 0)
}

/// 6 to 15 digits, perhaps behind a `+`.
#[inline]
pub(super) fn is_phone(tail: &[u8], length: usize) -> bool {
    let Some(bytes) = Bytes::<1>::at(tail).filter(|_| length <= 16) else { return false };
    let plus = bytes.are(b'+') & 1;
    let digits = value(length) & !plus;
    let count = length.wrapping_sub(plus as usize);
    // Two zeros at the beginning do not count, and a country code has none.
    let zeros = (bytes.are(b'0') >> plus) & 3;
    let begins = (zeros & 1 == 0) | ((plus == 0) & (zeros == 1));
    begins & (count.wrapping_sub(6) <= 9) & (digits & !bytes.digits() == 0)
}

/// Numbers of up to 9 digits, perhaps behind a `-`, with a space between them.
#[inline]
pub(super) fn are_lists(tail: &[u8], length: usize) -> bool {
    let Some(bytes) = Bytes::<1>::at(tail).filter(|_| length <= 9) else { return false };
    let all = value(length);
    let (digits, hyphens, spaces) = (bytes.digits() & all, bytes.are(b'-') & all, bytes.are(b' ') & all);
    // Each hyphen begins a number and has a digit behind it.
    (digits != 0)
        & ((digits | hyphens | spaces) == all)
        & (hyphens & !(spaces << 1 | 1) == 0)
        & (hyphens << 1 & !digits == 0)
}

#[inline]
pub(super) fn is_integer(tail: &[u8], length: usize, negative: bool) -> bool {
    let Some(bytes) = Bytes::<1>::at(tail).filter(|_| length <= 16) else { return false };
    let digits = value(length) & !sign(bytes, negative);
    (digits != 0) & (digits & !bytes.digits() == 0)
}

#[inline]
pub(super) fn is_number(tail: &[u8], length: usize, negative: bool) -> bool {
    let Some(bytes) = Bytes::<1>::at(tail).filter(|_| length <= 16) else { return false };
    let number = value(length) & !sign(bytes, negative);
    let points = bytes.are(b'.') & number;
    let digits = number & !points;
    // At most one point, with digits on both sides.
    (digits != 0)
        & (digits & !bytes.digits() == 0)
        & (points & points.wrapping_sub(1) == 0)
        & (points & !(digits << 1 & digits >> 1) == 0)
}

/// The bit of a minus sign, where there may be one.
#[inline]
fn sign(bytes: Bytes<1>, negative: bool) -> u64 {
    if negative { bytes.are(b'-') & 1 } else { 0 }
}
