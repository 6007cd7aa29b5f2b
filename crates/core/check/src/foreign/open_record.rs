//! Lines whose quote is open: the beginning of a record that may span them.

use super::line::{Whole, as_text};
use crate::dialect::{Cutter, Openness};

/// Lines whose quote is open.
#[derive(Debug, Default)]
pub(super) struct OpenRecord {
    openness: Openness,
    raw: Vec<u8>,
    text: String,
    /// Where each line ends in `raw` and in `text`.
    ends: Vec<(usize, usize)>,
}

impl OpenRecord {
    /// Adds a line.
    pub(super) fn push(&mut self, line: Whole<'_>, cutter: Option<&Cutter>) {
        self.raw.extend_from_slice(line.raw);
        self.text.push_str(as_text(line.text));
        self.ends.push((self.raw.len(), self.text.len()));
        self.openness = self.openness.behind(line.content().as_bytes(), cutter);
    }

    /// True if its quote is still open.
    pub(super) fn goes_on(&self) -> bool {
        self.openness.goes_on()
    }

    /// How many lines it has.
    pub(super) fn lines(&self) -> usize {
        self.ends.len()
    }

    /// All of its lines.
    pub(super) fn whole(&self) -> Whole<'_> {
        Whole { raw: &self.raw, text: self.text.as_bytes() }
    }

    /// Each line by itself: bytes of the file, and text.
    pub(super) fn into_lines(self) -> impl Iterator<Item = (Vec<u8>, String)> {
        let (mut raw, mut text) = (0, 0);
        self.ends.into_iter().map(move |(raw_end, text_end)| {
            let line = (
                self.raw.get(raw..raw_end).unwrap_or_default().to_vec(),
                self.text.get(text..text_end).unwrap_or_default().to_owned(),
            );
            (raw, text) = (raw_end, text_end);
            line
        })
    }
}

/// True if a carriage return stands outside quotes.
pub(super) fn has_stray_return(record: &str, cutter: Option<&Cutter>) -> bool {
    let mut openness = Openness::default();
    let mut parts = record.split('\r').peekable();
    while let Some(part) = parts.next() {
        openness = openness.within(part.as_bytes(), cutter);
        if parts.peek().is_some() && !openness.goes_on() {
            return true;
        }
        openness = openness.behind_character();
    }
    false
}
