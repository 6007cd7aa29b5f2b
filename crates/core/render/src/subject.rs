//! The subject of a mail.

use tidewaiter_model::report::digest::Digest;
use tidewaiter_model::report::{Outcome, Report};

use super::{Headline, Renderer};
use crate::notice::{Notice, What};
use crate::words::plural;

/// The subject of a mail: the repository in brackets, what happened, to what.
#[derive(Debug, Clone, Copy)]
pub struct Subject;

impl Renderer<Report> for Subject {
    fn render(&self, report: &Report) -> String {
        let word = match report.outcome {
            Outcome::Imported if report.counts.rejected > 0 => {
                format!("{} rejected", plural(report.counts.rejected, "line"))
            }
            outcome => outcome.word().to_owned(),
        };
        format!("[{}] {word}: {}", report.repository, report.file)
    }
}

impl Renderer<Digest> for Subject {
    fn render(&self, digest: &Digest) -> String {
        format!("[{}] {}", digest.repository(), Headline.render(digest))
    }
}

impl Renderer<Notice> for Subject {
    fn render(&self, notice: &Notice) -> String {
        let repository = &notice.repository;
        match &notice.what {
            What::Waiting { group, missing, .. } => {
                let slots = plural(missing.len() as u64, "file");
                format!("[{repository}] group {group} is incomplete: {slots} missing")
            }
            What::Missed(expected) => {
                format!("[{repository}] no {} arrived {}", expected.pattern(), expected.by)
            }
            What::Came { expected, file, .. } => {
                format!("[{repository}] {file} arrived late, expected {}", expected.by)
            }
            What::Unread(unread) => format!("[{repository}] query {} cannot be read", unread.name()),
            What::ReadAgain { unread, .. } => {
                format!("[{repository}] query {} can be read again", unread.name())
            }
        }
    }
}
