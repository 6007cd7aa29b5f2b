//! A line as it stands in the file, and as text.

use crate::decode::Decoder;
use crate::without_break;

/// A line, or the lines of a record, as bytes of the file and as text, both with the line break.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) raw: &'a [u8],
    pub(super) text: &'a [u8],
}

impl<'a> Whole<'a> {
    /// The text without the line break.
    pub(super) fn content(self) -> &'a str {
        as_text(without_break(self.text))
    }
}

/// The lines of the file that some text was decoded from.
pub(super) struct RawLines<'a> {
    pub(super) rest: &'a [u8],
    pub(super) decoder: &'a Decoder,
}

impl<'a> RawLines<'a> {
    /// The next line, whose text has so many bytes.
    pub(super) fn next(&mut self, length: usize) -> &'a [u8] {
        let end = if self.decoder.is_utf8() { Some(length) } else { self.decoder.end_of_line(self.rest) };
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()).min(self.rest.len()));
        self.rest = rest;
        line
    }
}

/// The text of a line that was decoded: it is UTF-8.
pub(super) fn as_text(line: &[u8]) -> &str {
    simdutf8::basic::from_utf8(line).unwrap_or_default()
}
