//! Dates and moments in the common form.

use super::shape::Bytes;

/// How many days each month has, without the leap day.
const DAYS: [u32; 16] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];

/// `2026-01-31` within bounds.
#[inline]
pub(super) fn is_date(tail: &[u8], length: usize, first: u32, last: u32) -> bool {
    let (Some(bytes), Some(text)) = (Bytes::<1>::at(tail), tail.first_chunk()) else { return false };
    let day = day_of_digits(text);
    (length == 10)
        & (bytes.digits() & 0x3ff == 0b11_0110_1111)
        & (bytes.are(b'-') & 0x3ff == 0b00_1001_0000)
        & (day > 0)
        & (first <= day)
        & (day <= last)
}

/// `2026-01-31T13:45:00` or the same with a `Z`.
#[inline]
pub(super) fn is_datetime(tail: &[u8], length: usize) -> bool {
    let (Some(bytes), Some(text)) = (Bytes::<2>::at(tail), tail.first_chunk::<20>()) else { return false };
    let [
        y1,
        y2,
        y3,
        y4,
        b5,
        m1,
        m2,
        b8,
        d1,
        d2,
        t,
        hour1,
        hour2,
        _,
        minute1,
        minute2,
        _,
        second1,
        second2,
        z,
    ] = *text;
    let all = 0x7_ffff;
    (length.wrapping_sub(19) <= 1)
        & (bytes.digits() & all == 0b110_1101_1011_0110_1111)
        & (bytes.are(b'-') & all == 0b000_0000_0000_1001_0000)
        & (bytes.are(b':') & all == 0b001_0010_0000_0000_0000)
        & ((t == b'T') | (t == b' '))
        & (two(hour1, hour2) <= 23)
        & (two(minute1, minute2) <= 59)
        & (two(second1, second2) <= 59)
        & ((length == 19) | (z == b'Z'))
        & (day_of_digits(&[y1, y2, y3, y4, b5, m1, m2, b8, d1, d2]) > 0)
}

/// The date of a text as the number 20260131; None unless it is one, and for leap days.
pub(super) fn day_of(text: &[u8; 10]) -> Option<u32> {
    let fits = |(n, b): (usize, &u8)| if matches!(n, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() };
    (text.iter().enumerate().all(fits)).then(|| day_of_digits(text)).filter(|&day| day > 0)
}

/// The same for a text that has digits where digits must be; 0 if it is none. Other texts give some number.
#[inline]
fn day_of_digits(text: &[u8; 10]) -> u32 {
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2] = *text;
    let (year, month, day) =
        (two(y1, y2).wrapping_mul(100).wrapping_add(two(y3, y4)), two(m1, m2), two(d1, d2));
    let longest = DAYS.get(month as usize & 15).copied().unwrap_or(0);
    let exists = (year > 0) & (month <= 12) & (day.wrapping_sub(1) < longest);
    let number = year.wrapping_mul(10_000).wrapping_add(month.wrapping_mul(100)).wrapping_add(day);
    number.wrapping_mul(u32::from(exists))
}

/// A number of two digits.
#[inline]
fn two(tens: u8, ones: u8) -> u32 {
    (u32::from(tens) * 10 + u32::from(ones)).wrapping_sub(u32::from(b'0') * 11)
}
