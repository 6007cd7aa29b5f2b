//! Numbers, times and counts as people read them.

use tidewaiter_model::id::Timestamp;
use tidewaiter_model::report::{Counts, Report};

/// A count with its noun: `1 line`, `2 lines`.
pub fn plural(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

/// A number with its digits in threes: `12,345`.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment to the second: `2026-01-31 13:45:00 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago something was: `just now`, `3 minutes ago`.
pub fn ago(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    let (count, unit) = match seconds {
        i64::MIN..5 => return "just now".to_owned(),
        5..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", plural(count.unsigned_abs(), unit))
}

/// Counts with their words, without those that are zero: `2 existing, 1 unknown`. None if all are.
pub(crate) fn tally<const N: usize>(counts: [(u64, &str); N]) -> Option<String> {
    let words: Vec<String> = (counts.iter())
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", number(*count)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// What there is to say of the lines that left the records as they were: `2 existing, 1 unknown`. None if
/// they simply said what was known.
pub fn left_alone(counts: &Counts) -> Option<String> {
    tally([(counts.existing, "existing"), (counts.unknown, "unknown")])
}

/// The records that went because of the file, in a sentence: `14 other records were removed`.
pub fn gone_along(counts: &Counts) -> Option<String> {
    let were = if counts.removed == 1 { "was" } else { "were" };
    (counts.removed > 0).then(|| format!("{} {were} removed", plural(counts.removed, "other record")))
}

/// What the file waited for, and how long. None if it had its turn within a minute, or never had one.
pub fn waited(report: &Report) -> Option<String> {
    let began = report.began?;
    let minutes = u64::try_from(began.as_second().saturating_sub(report.arrived.as_second()) / 60).ok()?;
    let long = match minutes {
        0 => return None,
        1..120 => plural(minutes, "minute"),
        120..2_880 => plural(minutes / 60, "hour"),
        _ => plural(minutes / 1_440, "day"),
    };
    Some(match &report.group {
        Some(group) if group.last > 1 => {
            format!("{long}, for all {} files of group {} and for earlier files", group.last, group.id)
        }
        _ => format!("{long}, for earlier files"),
    })
}
