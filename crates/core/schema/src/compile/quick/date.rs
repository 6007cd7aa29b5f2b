//! Dates and moments in the common form.

use super::form::Form;

/// A date in the form `2026-01-31`, as a number that grows with it.
pub(crate) type Day = u128;

/// Such a date in front of anything.
const DATE: Form = Form::between(*b"0000-00-00\0\0\0\0\0\0", *b"9999-19-39\xff\xff\xff\xff\xff\xff");
/// What comes behind the year of a moment: its last byte may be behind the moment, or be a `Z`.
const MOMENT: Form = Form::between(*b"-00-00\x0000:00:00\0", *b"-19-39\xff29:59:59\xff");
/// A year in front of anything.
const YEAR: Form =
    Form::between(*b"0000\0\0\0\0\0\0\0\0\0\0\0\0", *b"9999\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");

/// The last day of each month, without the leap day, by the two digits of the month as [`last_day`] puts them together.
const DAYS: [u16; 32] = {
    let (short, middle, long) = (text(*b"28"), text(*b"30"), text(*b"31"));
    let [january, february, march, april, may, june] = [long, short, long, middle, long, middle];
    let [july, august, september, october, november, december] = [long, long, middle, long, middle, long];
    [
        0, january, february, march, april, may, june, july, august, september, 0, 0, 0, 0, 0,
        0, // 00 to 09
        october, november, december, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 10 to 19
    ]
};

/// `2026-01-31` within bounds.
#[inline]
pub(super) fn is_date(tail: &[u8], length: usize, first: Day, last: Day) -> bool {
    let Some(bytes) = tail.first_chunk::<16>() else { return false };
    let day = number(bytes);
    (length == 10) & DATE.begins(bytes) & exists(bytes) & (first <= day) & (day <= last)
}

/// `2026-01-31T13:45:00` or the same with a `Z`.
#[inline]
pub(super) fn is_datetime(tail: &[u8], length: usize) -> bool {
    let Some([bytes @ .., _, _, _, _]) = tail.first_chunk::<20>() else { return false };
    let Some([_, _, _, _, behind @ ..]) = tail.first_chunk::<20>() else { return false };
    let [_, _, _, _, _, _, between, hour1, hour2, .., end] = *behind;
    (length.wrapping_sub(19) <= 1)
        & YEAR.begins(bytes)
        & MOMENT.begins(behind)
        & exists(bytes)
        & ((between == b'T') | (between == b' '))
        & (text([hour1, hour2]) <= text(*b"23"))
        & ((length == 19) | (end == b'Z'))
}

/// The date of a text; None unless it is one, and for leap days.
pub(super) fn day_of(text: &[u8; 16]) -> Option<Day> {
    (DATE.begins(text) && exists(text)).then(|| number(text))
}

/// What has the form of a date, as a number.
#[inline]
fn number(text: &[u8; 16]) -> Day {
    u128::from_be_bytes(*text) >> 48
}

/// Whether there is such a day in such a month, of a text that has the form of a date; it has no leap days.
#[inline]
fn exists(bytes: &[u8; 16]) -> bool {
    let [y1, y2, y3, y4, _, month1, month2, _, day1, day2, ..] = *bytes;
    let day = text([day1, day2]);
    (u32::from_be_bytes([y1, y2, y3, y4]) != u32::from_be_bytes(*b"0000"))
        & (text(*b"00") < day)
        & (day <= last_day(month1, month2))
}

/// The last day of a month, as a text; 0 if there is none.
#[inline]
fn last_day(tens: u8, ones: u8) -> u16 {
    DAYS.get(usize::from((tens & 1) << 4 | ones & 15)).copied().unwrap_or(0)
}

/// Two characters as a number that grows with their text.
#[inline]
const fn text(two: [u8; 2]) -> u16 {
    u16::from_be_bytes(two)
}
