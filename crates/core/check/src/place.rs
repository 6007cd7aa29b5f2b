//! Where in its file a line or a record stands.

use tidewaiter_model::finding::{Code, Finding};

/// A line's place in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its number; the header is line 1.
    pub(crate) number: u64,
    /// The offset at which it begins.
    pub(crate) byte: u64,
    /// How many lines of the file it takes: one, unless it is a record with line breaks.
    pub(crate) lines: u64,
}

impl Place {
    /// The place of a line.
    pub(crate) fn of_line(number: u64, byte: u64) -> Self {
        Self { number, byte, lines: 1 }
    }

    /// The place behind so many lines and bytes.
    pub(crate) fn behind(self, lines: u64, bytes: usize) -> Self {
        Self { number: self.number + lines, byte: self.byte + bytes as u64, lines: 1 }
    }

    pub(crate) fn finding(self, code: Code, message: impl AsRef<str>) -> Finding {
        Finding { lines: self.lines, ..Finding::line(code, self.number, self.byte, message) }
    }
}
