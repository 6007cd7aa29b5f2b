//! What to say when a quote stays open.
//!
//! A line with an open quote is rejected, whatever follows. But if the lines after it close the quote so
//! that together they make one record, then the sender wrote a line break into a value, and one finding
//! that says so is worth more than a heap of findings about fragments.
//!
//! Lines are held back here only to be explained; they are all rejected already, for a line that is
//! accepted by itself ends the search. The work is linear: a line with an even number of quotes cannot
//! open one, and a line with an odd number closes the one that is open or breaks it off, so no two
//! searches look at the same line, apart from their ends.

use tidewaiter_model::finding::{Code, Finding, Tally};

use super::place::Place;
use super::rules::{Fault, Rules};
use super::split::{self, Continued, QuoteFault};

/// A search for the end of a quote, or the memory for the next one.
#[derive(Debug, Default)]
pub(crate) struct OpenQuote {
    /// The field that was opened first, from 0, and where it begins in the first line.
    field: usize,
    at: usize,
    /// How many fields are complete before the quote that is open now.
    fields: usize,
    /// How many bytes the lines have, with their line breaks.
    bytes: usize,
    /// The lines that wait for their explanation, the first of them with the open quote.
    held: Vec<Held>,
    contents: Vec<u8>,
}

#[derive(Debug)]
struct Held {
    place: Place,
    fault: Fault,
    /// Where its content ends in `contents`; it begins where the one before ends.
    end: usize,
}

/// What one more line means to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The search goes on.
    Nothing,
    /// The record ends here: the search is over, and its lines are explained.
    End,
    /// There is no such record: give up, and treat this line by itself.
    Failure,
}

impl OpenQuote {
    /// True while a search goes on.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.held.is_empty()
    }

    /// Begins a search with a rejected line, if its fault is an open quote; says whether it does.
    pub(crate) fn begin(&mut self, place: Place, raw: &[u8], content: &[u8], fault: Fault) -> bool {
        let Fault::Quotes(QuoteFault::Open { field, at }) = fault else { return false };
        (self.field, self.at, self.fields, self.bytes) = (field, at, field, raw.len());
        self.contents.extend_from_slice(content);
        self.held.push(Held { place, fault, end: content.len() });
        true
    }

    /// Looks at the next line, which is rejected too.
    pub(crate) fn look_at(
        &mut self,
        rules: &Rules,
        (most_lines, most_bytes): (usize, usize),
        (place, raw, content, fault): (Place, &[u8], &[u8], Fault),
        tally: &mut Tally,
    ) -> Found {
        self.bytes += raw.len();
        if self.held.len() > most_lines || self.bytes > most_bytes || self.fields >= rules.width() {
            return Found::Failure;
        }
        match split::continued(content, rules.delimiter, self.fields) {
            Continued::Closed { fields } if fields == rules.width() => {
                self.report(rules, tally);
                self.close();
                return Found::End;
            }
            Continued::Closed { .. } | Continued::Broken => return Found::Failure,
            Continued::Moved { fields } => self.fields = fields,
            Continued::Open => {}
        }
        self.contents.extend_from_slice(content);
        self.held.push(Held { place, fault, end: self.contents.len() });
        Found::Nothing
    }

    /// Ends a search that found nothing: each line is explained by itself.
    pub(crate) fn give_up(&mut self, rules: &Rules, tally: &mut Tally) {
        let mut start = 0;
        for held in &self.held {
            let content = self.contents.get(start..held.end).unwrap_or_default();
            start = held.end;
            rules.explain(held.place, content, held.fault, tally);
        }
        self.close();
    }

    fn close(&mut self) {
        self.held.clear();
        self.contents.clear();
    }

    fn report(&self, rules: &Rules, tally: &mut Tally) {
        let Some(first) = self.held.first() else { return };
        let lines = self.held.len() as u64 + 1;
        let name = rules.header.label(self.field);
        tally.add(Code::QuotedLineBreak, Some(name), || {
            let message = format!("a quoted value contains a line break, so one record spans {lines} lines");
            let value = self.contents.get(self.at..first.end).unwrap_or_default();
            let finding = Finding::line(Code::QuotedLineBreak, first.place.number, first.place.byte, message)
                .at(self.field as u64 + 1, name)
                .with_value(value)
                .with_hint(super::hint::messages::LINE_BREAK);
            Finding { lines, ..finding }
        });
    }
}
