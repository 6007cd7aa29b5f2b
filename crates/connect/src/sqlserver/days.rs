//! Days that are counted from the first of the year 1, in the calendar of today.

use std::io::Write;

/// From the first day of the year 1 to that of 1900, from which a datetime counts.
pub(super) const FROM_0001_TO_1900: i64 = 693_595;
/// From the first of March of the year 0 to the first day of the year 1. A year that begins in March ends with its leap day.
const FROM_MARCH: i64 = 306;
/// The days of 400 years, after which the calendar repeats itself.
const CYCLE: i64 = 146_097;

/// Writes a day.
pub(super) fn date(days: i64, into: &mut Vec<u8>) {
    let days = days + FROM_MARCH;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    // Writing to memory does not fail.
    let _ = write!(into, "{:04}-{month:02}-{day_of_month:02}", cycle * 400 + year);
}

/// The day of a date.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    cycle * CYCLE + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1 - FROM_MARCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_found_again() {
        let mut last = String::new();
        for day in 0..=3_652_058 {
            let mut text = Vec::new();
            date(day, &mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(text > last, "{text} follows {last}");
            let part = |from, to| text.get(from..to).unwrap().parse().unwrap();
            assert_eq!(days(part(0, 4), part(5, 7), part(8, 10)), day, "{text}");
            last = text;
        }
        assert_eq!(last, "9999-12-31");
        assert_eq!((days(1, 1, 1), days(1900, 1, 1), days(2026, 1, 31)), (0, FROM_0001_TO_1900, 739_646));
    }
}
