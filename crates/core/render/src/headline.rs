//! What happened, in one line.

use tidewaiter_model::report::digest::{Digest, Ends};
use tidewaiter_model::report::{NONE_IMPORTED, Outcome, Report};

use super::Renderer;
use crate::words::{number, plural, tally};

/// What happened, in one line without the file's name: the first line of the log, the row on a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Headline;

/// The file and what happened to it, in one line.
#[derive(Debug, Clone, Copy)]
pub struct Summary;

impl Renderer<Report> for Summary {
    fn render(&self, report: &Report) -> String {
        format!("{}: {}", report.file, Headline.render(report))
    }
}

impl Renderer<Report> for Headline {
    fn render(&self, report: &Report) -> String {
        let counts = &report.counts;
        // Lines that were taken and did not have the last word, or none at all.
        let aside =
            [(counts.superseded, "superseded"), (counts.existing, "existing"), (counts.unknown, "unknown")];
        let aside = tally(aside).map(|words| format!(" ({words})")).unwrap_or_default();
        match report.outcome {
            Outcome::Imported if counts.read == 1 && counts.all_rejected() => {
                format!("{NONE_IMPORTED}: the only line was rejected")
            }
            Outcome::Imported if counts.all_rejected() => {
                format!("{NONE_IMPORTED}: all {} were rejected", plural(counts.read, "line"))
            }
            Outcome::Imported if counts.rejected > 0 => format!(
                "imported: {} of {}{aside}, {} rejected",
                number(counts.imported + counts.unchanged + counts.superseded),
                plural(counts.read, "line"),
                number(counts.rejected)
            ),
            Outcome::Imported if counts.read == 0 => "imported: a header without lines".to_owned(),
            Outcome::Imported if counts.read == 1 => format!("imported: 1 of 1 lines{aside}"),
            Outcome::Imported => format!("imported: all {}{aside}", plural(counts.read, "line")),
            Outcome::Unpacked => "unpacked".to_owned(),
            Outcome::Activated => "configuration activated".to_owned(),
            Outcome::Bogus | Outcome::NotProcessed => with_reason(report),
        }
    }
}

fn with_reason(report: &Report) -> String {
    let word = report.outcome.word();
    match &report.reason {
        Some(reason) => format!("{word}: {}", reason.message),
        None => word.to_owned(),
    }
}

impl Renderer<Digest> for Headline {
    fn render(&self, digest: &Digest) -> String {
        let (all, look) = (digest.files().len() as u64, digest.look().len() as u64);
        let files = plural(all, "file");
        let Ends { part, remarked, bogus, not_processed, .. } = digest.ends();
        let of = [
            (bogus, Outcome::Bogus.word()),
            (not_processed, Outcome::NotProcessed.word()),
            (part, "partly imported"),
            (remarked, "with findings"),
        ];
        let Some(of) = tally(of) else {
            return format!("{files} completed");
        };
        let who = match (look == all, look) {
            (true, 1) => "1 file needs attention".to_owned(),
            (true, _) => format!("{files} need attention"),
            (false, 1) => format!("1 of {files} needs attention"),
            (false, _) => format!("{} of {files} need attention", number(look)),
        };
        format!("{who}: {of}")
    }
}
