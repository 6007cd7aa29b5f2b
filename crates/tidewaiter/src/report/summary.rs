//! One line that says it all: the headline of the log, the subject of the mail, the row on a terminal.

use super::{Counts, Outcome, Report};
use crate::id::Timestamp;

/// A count with its noun: `1 line`, `2 lines`.
pub fn plural(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

/// How often: `once`, `40 times`.
pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", number(count)) }
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

/// What is left of a configuration's mistakes when the first are told: `1 more mistake`.
pub(super) fn more_mistakes(count: u64) -> String {
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    format!("{} more {noun}", number(count))
}

/// What there is to say of the lines that left the records as they were: `2 existing, 1 unknown`. None if
/// they simply said what was known.
pub fn left_alone(counts: &Counts) -> Option<String> {
    told([(counts.existing, "existing"), (counts.unknown, "unknown")])
}

/// The records that went because of the file, in a sentence: `14 other records were removed`.
pub fn gone_along(counts: &Counts) -> Option<String> {
    let were = if counts.removed == 1 { "was" } else { "were" };
    (counts.removed > 0).then(|| format!("{} {were} removed", plural(counts.removed, "other record")))
}

/// Counts with their words, without what there is none of.
fn told<const N: usize>(counts: [(u64, &str); N]) -> Option<String> {
    let words: Vec<String> = (counts.iter())
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", number(*count)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// What happened, in one line without the file's name.
pub fn headline(report: &Report) -> String {
    let counts = &report.counts;
    // Lines that were taken and did not have the last word, or none at all.
    let aside =
        [(counts.superseded, "superseded"), (counts.existing, "existing"), (counts.unknown, "unknown")];
    let aside = told(aside).map(|words| format!(" ({words})")).unwrap_or_default();
    match report.outcome {
        Outcome::Imported if counts.rejected > 0 => format!(
            "imported: {} of {}{aside}, {} rejected",
            number(counts.imported + counts.unchanged + counts.superseded),
            plural(counts.read, "line"),
            number(counts.rejected)
        ),
        Outcome::Imported if counts.read == 0 => "imported: a header and no lines".to_owned(),
        Outcome::Imported if counts.read == 1 => format!("imported: its one line{aside}"),
        Outcome::Imported => format!("imported: all {}{aside}", plural(counts.read, "line")),
        Outcome::Unpacked => "unpacked".to_owned(),
        Outcome::Activated => "configuration activated".to_owned(),
        Outcome::Bogus => with_reason("bogus", report),
        Outcome::NotProcessed => with_reason("not processed", report),
    }
}

/// The file and what happened to it, in one line.
pub fn summary(report: &Report) -> String {
    format!("{}: {}", report.file, headline(report))
}

/// What the file waited for, and how long. None if it had its turn within a minute, or never had one.
pub fn waited(report: &Report) -> Option<String> {
    let arrived: Timestamp = report.arrived.parse().ok()?;
    let began: Timestamp = report.began.as_ref()?.parse().ok()?;
    let minutes = u64::try_from(began.as_second().saturating_sub(arrived.as_second()) / 60).ok()?;
    let long = match minutes {
        0 => return None,
        1..120 => plural(minutes, "minute"),
        120..2_880 => plural(minutes / 60, "hour"),
        _ => plural(minutes / 1_440, "day"),
    };
    Some(match &report.group {
        Some(group) if group.last > 1 => {
            format!(
                "{long}, until all {} files of group {} were there and it was its turn",
                group.last, group.id
            )
        }
        _ => format!("{long}, until it was its turn"),
    })
}

fn with_reason(word: &str, report: &Report) -> String {
    match &report.reason {
        Some(reason) => format!("{word}: {}", reason.message),
        None => word.to_owned(),
    }
}

/// The subject of the mail: the outcome first, then the file.
pub fn subject(report: &Report) -> String {
    let word = match report.outcome {
        Outcome::Imported if report.counts.rejected > 0 => {
            format!("{} rejected", plural(report.counts.rejected, "line"))
        }
        Outcome::NotProcessed => "not processed".to_owned(),
        other => other.as_str().to_owned(),
    };
    format!("[{}] {word}: {}", report.repository, report.file)
}
