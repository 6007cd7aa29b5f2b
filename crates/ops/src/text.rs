//! Numbers, times and lists in sentences.

use std::fmt::Write;

use tidewaiter::id::Timestamp;
pub use tidewaiter::report::{ago, number, plural};

/// A size: `812 B`, `4.2 MiB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = None;
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(next);
    }
    match unit {
        None => format!("{bytes} B"),
        Some(unit) => format!("{value:.1} {unit}"),
    }
}

/// A moment: `2026-01-31 13:45:00Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Things in a sentence: `a`, `a and b`, `a, b and c`.
pub fn listed(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

/// Slots of a group in a sentence: `slot 02`, `slots 02 and 05`, with runs as `03-07`.
pub fn slots(slots: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for slot in slots {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*slot) => *last = *slot,
            _ => runs.push((*slot, *slot)),
        }
    }
    let mut words = Vec::new();
    for (first, last) in runs {
        let mut word = format!("{first:02}");
        match last - first {
            0 => {}
            1 => {
                words.push(word);
                word = format!("{last:02}");
            }
            _ => {
                let _ = write!(word, "-{last:02}");
            }
        }
        words.push(word);
    }
    let noun = if slots.len() == 1 { "slot" } else { "slots" };
    format!("{noun} {}", listed(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-01-31T12:00:03Z", "just now"),
            ("2026-01-31T11:59:58Z", "just now"),
            ("2026-01-31T11:59:50Z", "10 seconds ago"),
            ("2026-01-31T11:58:59Z", "1 minute ago"),
            ("2026-01-30T13:00:00Z", "23 hours ago"),
            ("2026-01-29T11:00:00Z", "2 days ago"),
        ] {
            assert_eq!(ago(now, at.parse().unwrap()), told, "{at}");
        }
        assert_eq!(moment(now), "2026-01-31 12:00:00Z");
    }

    #[test]
    fn slots_are_told_in_runs() {
        assert_eq!(slots(&[2]), "slot 02");
        assert_eq!(slots(&[2, 3]), "slots 02 and 03");
        assert_eq!(slots(&[1, 3, 4, 5, 9]), "slots 01, 03-05 and 09");
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        assert_eq!((size(812), size(4_404_019)), ("812 B".to_owned(), "4.2 MiB".to_owned()));
        assert_eq!(
            (number(0), number(999), number(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
    }
}
