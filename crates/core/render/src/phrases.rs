//! What several forms say in the same words.

use tidewaiter_model::report::Outcome;
use tidewaiter_model::report::digest::{Digest, FINE, File, KINDS, LOOK};

use super::{Headline, Renderer};
use crate::words::{number, plural};

/// How often: `once`, `40 times`.
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", number(count)) }
}

/// The mistakes of a configuration that are not shown: `1 more mistake`.
pub(super) fn more_mistakes(count: u64) -> String {
    plural(count, "more mistake")
}

/// How a file of a digest ended.
pub(super) fn ended(file: &File) -> String {
    match &file.report {
        Some(report) => Headline.render(report.as_ref()),
        None => file.outcome.word().to_owned(),
    }
}

/// What was taken of a file of a digest that was completed.
pub(super) fn taken(file: &File) -> String {
    match file.outcome {
        Outcome::Unpacked => "unpacked".to_owned(),
        Outcome::Activated => "activated".to_owned(),
        _ => plural(file.counts.read, "line"),
    }
}

/// The kinds of findings of a file that a digest does not show.
pub(super) fn other_kinds(kinds: usize) -> Option<String> {
    let more = beyond(kinds, KINDS)?;
    Some(format!("… and {}; the log counts each.", plural(more, "other kind")))
}

/// The files that need attention and that a digest does not show.
pub(super) fn beyond_look(digest: &Digest) -> Option<String> {
    let more = beyond(digest.look().len(), LOOK)?;
    let need = if more == 1 { "needs" } else { "need" };
    Some(format!(
        "… and {} that {need} attention; `tidewaiter history` lists them.",
        plural(more, "more file")
    ))
}

/// The other files that a digest does not show.
pub(super) fn beyond_fine(digest: &Digest) -> Option<String> {
    let more = beyond(digest.fine().len(), FINE)?;
    Some(format!("… and {}; `tidewaiter history` lists them.", plural(more, "more file")))
}

/// How many there are beyond those that are shown. None if there are none.
pub(super) fn beyond(count: usize, shown: usize) -> Option<u64> {
    count.checked_sub(shown).filter(|more| *more > 0).map(|more| more as u64)
}
