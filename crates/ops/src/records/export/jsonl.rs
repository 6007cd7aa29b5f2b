//! JSON Lines: an object for each record, with its values by their types. A field without a value is left out.

use std::io::{self, Write};
use std::ops::ControlFlow;

use tidewaiter::finding::is_treacherous;
use tidewaiter_engine::ports::{Cell, Origin, Rows};

use super::out::Out;
use super::{Layout, text_of};

/// Writes rows as JSON Lines.
#[derive(Debug)]
pub(super) struct JsonLines<W> {
    out: Out<W>,
    layout: Layout,
    /// The names of the columns as JSON, each with the colon behind it.
    names: Vec<Vec<u8>>,
    /// Which column is next.
    at: usize,
    is_first: bool,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(to: W, layout: Layout) -> Self {
        let with_colon = |name: String| {
            let mut written = Vec::new();
            string(&name, &mut written);
            written.push(b':');
            written
        };
        let names = layout.names().into_iter().map(with_colon).collect();
        Self { out: Out::new(to), layout, names, at: 0, is_first: true }
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.out.finish()
    }
}

impl<W: Write + Send + 'static> Rows for JsonLines<W> {
    fn begin(&mut self, origin: &Origin<'_>) {
        (self.at, self.is_first) = (0, true);
        self.out.buffer().push(b'{');
        let leading = self.layout.leading(origin);
        leading.for_each(|cell| self.cell(cell));
    }

    fn cell(&mut self, cell: Cell<'_>) {
        let at = self.at;
        self.at += 1;
        if cell == Cell::Missing {
            return;
        }
        let buffer = self.out.buffer();
        if !self.is_first {
            buffer.push(b',');
        }
        self.is_first = false;
        buffer.extend_from_slice(self.names.get(at).map(Vec::as_slice).unwrap_or_default());
        match cell {
            Cell::Text(text) => string(text, buffer),
            // JSON has no number with zeros in front.
            Cell::Year(year) => text_of(Cell::Integer(year), buffer),
            cell => text_of(cell, buffer),
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        self.out.buffer().extend_from_slice(b"}\n");
        self.out.pass()
    }
}

/// A text as JSON. Characters that a terminal would obey are escaped, which means the same.
fn string(text: &str, buffer: &mut Vec<u8>) {
    buffer.push(b'"');
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.as_bytes().iter().all(is_plain) {
        buffer.extend_from_slice(text.as_bytes());
    } else {
        for c in text.chars() {
            match c {
                '"' | '\\' => buffer.extend_from_slice(&[b'\\', c as u8]),
                '\n' => buffer.extend_from_slice(b"\\n"),
                c if c.is_control() || is_treacherous(c) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to memory does not fail.
                        let _ = write!(buffer, "\\u{unit:04x}");
                    }
                }
                c => buffer.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    buffer.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_as_it_was() {
        for text in [
            "",
            "plain",
            "a\"b\\c",
            "line\nbreak\t\r",
            "é 数 \u{1f600}",
            "\u{7f}\u{9b}\u{202e}\u{0}\u{e0001}",
        ] {
            let mut written = Vec::new();
            string(text, &mut written);
            assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), text);
            assert!(!written.iter().any(u8::is_ascii_control), "{written:?}");
        }
    }
}
