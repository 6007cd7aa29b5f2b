//! Colours of outcomes, on each of which white can be read.

use tidewaiter_model::report::{Counts, Outcome};

/// What is well.
pub(super) const GOOD: &str = "#13795b";
/// What is well in part, or late.
pub(super) const SOME: &str = "#a15c07";
/// What is refused or missing.
pub(super) const BAD: &str = "#b42318";
/// What was not taken up.
pub(super) const HELD: &str = "#5b5f97";

/// How serious an outcome is.
pub(super) fn tone(outcome: Outcome, counts: &Counts) -> &'static str {
    match outcome {
        Outcome::Bogus => BAD,
        Outcome::NotProcessed => HELD,
        Outcome::Imported if counts.all_rejected() => BAD,
        Outcome::Imported if counts.rejected > 0 => SOME,
        Outcome::Imported | Outcome::Unpacked | Outcome::Activated => GOOD,
    }
}
