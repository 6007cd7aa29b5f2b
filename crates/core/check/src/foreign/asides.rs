//! Lines that are no records: comments, and the trailer.

use std::sync::Arc;

use tidewaiter_model::finding::{Code, Finding};

use super::line::{Whole, as_text};
use crate::dialect::{Fitting, Own};
use crate::place::Place;
use crate::{Sink, Summary};

/// The comments and the trailer of a file.
#[derive(Debug)]
pub(super) struct Asides {
    own: Arc<Own>,
    /// How many bytes may be held behind the trailer.
    most: usize,
    trailer: Option<Held>,
}

/// The line that is the trailer, unless records follow it.
#[derive(Debug)]
struct Held {
    place: Place,
    raw: Vec<u8>,
    text: String,
    fitting: Fitting,
    /// Empty lines and comments behind it.
    behind: Vec<u8>,
}

impl Asides {
    pub(super) fn new(own: Arc<Own>, most: usize) -> Self {
        Self { own, most, trailer: None }
    }

    /// True if files may hold such lines.
    #[inline]
    pub(super) fn are_possible(&self) -> bool {
        self.own.trailer.is_some() || self.own.options.comment.is_some()
    }

    /// Takes a line that is no record; false if it may be one.
    pub(super) fn take(
        &mut self,
        line: Whole<'_>,
        place: Place,
        summary: &mut Summary,
        sink: &mut impl Sink,
    ) -> bool {
        let content = line.content();
        // A trailer may begin like a comment.
        let fitting = self.own.trailer.as_ref().and_then(|trailer| trailer.fit(content));
        let comment = self.own.options.comment.as_ref();
        let is_comment =
            fitting.is_none() && comment.is_some_and(|prefix| content.starts_with(prefix.as_str()));
        if let Some(held) = &mut self.trailer {
            let is_empty = content.is_empty() || is_comment;
            if is_empty && held.behind.len() + line.raw.len() <= self.most {
                held.behind.extend_from_slice(line.raw);
                return true;
            }
            self.misplace_trailer(summary, sink);
        }
        if let Some(fitting) = fitting {
            let (raw, text) = (line.raw.to_vec(), as_text(line.text).to_owned());
            self.trailer = Some(Held { place, raw, text, fitting, behind: Vec::new() });
            return true;
        }
        if is_comment {
            sink.aside(line.raw);
        }
        is_comment
    }

    /// More than empty lines follows the trailer: it is a rejected line.
    pub(super) fn misplace_trailer(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        let Some(Held { place, raw, text, behind, .. }) = self.trailer.take() else { return };
        summary.lines_read += 1;
        summary.rejected += 1;
        sink.rejected(&raw);
        if !behind.is_empty() {
            sink.aside(&behind);
        }
        summary.findings.add(Code::FormatError, None, || {
            place
                .finding(Code::FormatError, "records follow the trailer of the file")
                .with_value(text.trim_end().as_bytes())
                .with_hint("the file may be two files in one: send each by itself")
        });
    }

    /// The file ends here. A trailer that is missing or wrong refuses it.
    pub(super) fn end(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        let Some(pattern) = self.own.trailer.as_ref().map(|trailer| trailer.pattern().to_owned()) else {
            return;
        };
        let wrong = match self.trailer.take() {
            None => {
                let message = format!("the trailer `{pattern}` is missing: the file is incomplete");
                Some(Finding::file(Code::FormatError, message))
            }
            Some(held) => {
                let wrong = held.wrong(summary.lines_read);
                sink.aside(&held.raw);
                if !held.behind.is_empty() {
                    sink.aside(&held.behind);
                }
                summary.trailer = Some(held.raw);
                wrong
            }
        };
        if let Some(finding) = wrong {
            let finding = finding.with_hint("send the whole file again");
            summary.findings.push(finding.clone());
            summary.incomplete = Some(finding);
            summary.bogus = true;
        }
    }
}

impl Held {
    /// What is wrong with its numbers, in a file of so many records.
    fn wrong(&self, records: u64) -> Option<Finding> {
        let Self { place, text, fitting, .. } = self;
        let found = [("records", &fitting.count, records), ("lines", &fitting.lines, place.number)];
        found.into_iter().find_map(|(what, digits, found)| {
            // A number that is too large for any file is wrong, too.
            let said = text.get(digits.clone()?)?.parse().unwrap_or(u64::MAX);
            let message = format!("the trailer says {said} {what}, but the file has {found}");
            let finding = place.finding(Code::FormatError, message).with_value(text.trim_end().as_bytes());
            (said != found).then_some(finding)
        })
    }
}
