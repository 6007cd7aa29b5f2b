//! CSV by RFC 4180. No value is an empty cell; an empty text is `""`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::ControlFlow;

use tidewaiter_engine::ports::{Cell, Origin, Rows};

use super::out::Out;
use super::{Layout, text_of};
use crate::records::csv::{MARK, inert};

/// How CSV is written.
#[derive(Debug, Clone, Copy)]
pub struct CsvStyle {
    /// What stands between cells: an ASCII character that is neither a quote nor a line break.
    pub delimiter: u8,
    /// True for spreadsheet programs: with the mark by which they know UTF-8, and without cells that they compute.
    pub for_spreadsheets: bool,
}

/// Writes rows as CSV.
#[derive(Debug)]
pub(super) struct Csv<W> {
    out: Out<W>,
    style: CsvStyle,
    layout: Layout,
    /// True if the row has no cell yet.
    is_first: bool,
    /// Where the row begins in the buffer.
    start: usize,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(to: W, style: CsvStyle, layout: Layout) -> Self {
        let mut csv = Self { out: Out::new(to), style, layout, is_first: true, start: 0 };
        if style.for_spreadsheets {
            csv.out.buffer().extend_from_slice(MARK);
        }
        csv.start();
        for name in csv.layout.names() {
            csv.text(&name);
        }
        csv.end_line();
        csv
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.out.finish()
    }

    fn start(&mut self) {
        self.is_first = true;
        self.start = self.out.buffer().len();
    }

    fn separate(&mut self) {
        if !self.is_first {
            let delimiter = self.style.delimiter;
            self.out.buffer().push(delimiter);
        }
        self.is_first = false;
    }

    fn text(&mut self, text: &str) {
        self.separate();
        let text = if self.style.for_spreadsheets { inert(text) } else { Cow::Borrowed(text) };
        let (bytes, delimiter) = (text.as_bytes(), self.style.delimiter);
        let buffer = self.out.buffer();
        if !bytes.is_empty()
            && !bytes.iter().any(|byte| matches!(byte, b'"' | b'\n' | b'\r') || *byte == delimiter)
        {
            return buffer.extend_from_slice(bytes);
        }
        buffer.push(b'"');
        for byte in bytes {
            if *byte == b'"' {
                buffer.push(b'"');
            }
            buffer.push(*byte);
        }
        buffer.push(b'"');
    }

    fn end_line(&mut self) {
        let start = self.start;
        let buffer = self.out.buffer();
        if buffer.len() == start {
            // An empty line would be taken for no line.
            buffer.extend_from_slice(b"\"\"");
        }
        buffer.push(b'\n');
    }
}

impl<W: Write + Send + 'static> Rows for Csv<W> {
    fn begin(&mut self, origin: &Origin<'_>) {
        self.start();
        if self.layout.universe.is_some() {
            self.text(origin.universe);
        }
        if self.layout.origin.is_some() {
            self.text(origin.key);
            self.text(origin.import);
            self.cell(Cell::Integer(i64::try_from(origin.line).unwrap_or(i64::MAX)));
        }
    }

    fn cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Missing => self.separate(),
            Cell::Text(text) => self.text(text),
            cell => {
                self.separate();
                text_of(cell, self.out.buffer());
            }
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        self.end_line();
        self.out.pass()
    }
}
