//! The only place that writes to standard output and standard error.
//!
//! Text is printed as [`Line`]s made of spans, and every span is escaped here: file names, values and
//! messages may hold whatever a partner put into them, and none of it may steer a terminal. A reader that
//! goes away (`tidewaiter … | head`) is no failure: from then on, output is dropped in silence.

use std::fmt::{Display, Write as _};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::text::safe;
use crate::{Error, Result};

/// The styles that text may have.
pub mod style {
    use anstyle::{AnsiColor, Effects, Style};

    /// As it is.
    pub const PLAIN: Style = Style::new();
    /// Everything is as it should be.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// It needs attention.
    pub const WARN: Style = AnsiColor::Yellow.on_default();
    /// Refused, or failed.
    pub const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
    /// Less important.
    pub const DIM: Style = Style::new().effects(Effects::DIMMED);
    /// A heading.
    pub const BOLD: Style = Style::new().effects(Effects::BOLD);
}

/// A line of text for people. What is put in is escaped when it is printed.
#[derive(Debug, Clone, Default)]
pub struct Line {
    spans: Vec<(Style, String)>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same line with more text.
    #[must_use]
    pub fn text(self, text: impl Display) -> Self {
        self.styled(style::PLAIN, text)
    }

    /// The same line with more text in a style.
    #[must_use]
    pub fn styled(mut self, style: Style, text: impl Display) -> Self {
        self.spans.push((style, safe(&text.to_string())));
        self
    }

    /// The same line, followed by another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// The same line with spaces up to this width.
    #[must_use]
    pub fn padded(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        if missing == 0 { self } else { self.text(" ".repeat(missing)) }
    }

    /// How many columns of a terminal it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for (style, text) in &self.spans {
            if colour && *style != style::PLAIN {
                let _ = write!(out, "{style}{text}{style:#}");
            } else {
                out.push_str(text);
            }
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
        out
    }
}

impl<T: Display> From<T> for Line {
    fn from(text: T) -> Self {
        Self::new().text(text)
    }
}

/// Prints. Clones print to the same place.
#[derive(Clone)]
pub struct Printer {
    inner: Arc<Inner>,
}

struct Inner {
    out: Mutex<BufWriter<Stdout>>,
    colour: bool,
    error_colour: bool,
    /// The reader went away.
    closed: AtomicBool,
    bars: MultiProgress,
}

impl Printer {
    /// Prints to standard output and standard error. Progress bars are shown on a terminal only.
    pub fn new(choice: ColorChoice) -> Self {
        let colour = |auto: ColorChoice| match choice {
            ColorChoice::Auto => auto != ColorChoice::Never,
            other => other != ColorChoice::Never,
        };
        let quiet = !io::stderr().is_terminal();
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self {
            inner: Arc::new(Inner {
                out: Mutex::new(BufWriter::with_capacity(1 << 16, io::stdout())),
                colour: colour(AutoStream::choice(&io::stdout())),
                error_colour: colour(AutoStream::choice(&io::stderr())),
                closed: AtomicBool::new(false),
                bars: MultiProgress::with_draw_target(target),
            }),
        }
    }

    /// Prints a line.
    pub fn line(&self, line: impl Into<Line>) -> Result<()> {
        self.raw(line.into().render(self.inner.colour).as_bytes())
    }

    /// Prints an empty line.
    pub fn blank(&self) -> Result<()> {
        self.raw(b"\n")
    }

    /// Prints a value as one JSON document for programs that people can read too.
    pub fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Error::Output(e.into()))?;
        self.raw(escaped_json(&text).as_bytes())?;
        self.raw(b"\n")
    }

    /// Prints a value as one line of JSON.
    pub fn json_line(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|e| Error::Output(e.into()))?;
        self.raw(escaped_json(&text).as_bytes())?;
        self.raw(b"\n")
    }

    /// Begins a list of JSON values that is never in memory as a whole.
    pub fn json_list(&self) -> JsonList<'_> {
        JsonList { printer: self, first: true }
    }

    /// Prints bytes as they are: for formats in which nothing may be changed.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        self.guarded(|out| out.write_all(bytes))
    }

    /// Prints a line to standard error. A failure of that is ignored.
    pub fn error(&self, line: &Line) {
        // What was printed before stands before it where both go to the same place.
        let _ = self.flush();
        let text = line.render(self.inner.error_colour);
        let _ = self.error_writer().write_all(text.as_bytes());
    }

    /// A writer to standard error that does not tear progress bars.
    pub fn error_writer(&self) -> impl Write + use<> {
        ErrorWriter { bars: self.inner.bars.clone() }
    }

    /// Hands everything over that was printed.
    pub fn flush(&self) -> Result<()> {
        self.guarded(BufWriter::flush)
    }

    /// True if the reader of the output is gone.
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Relaxed)
    }

    /// True if standard error shows colours.
    pub fn colours_errors(&self) -> bool {
        self.inner.error_colour
    }

    /// Where progress bars are drawn.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.inner.bars
    }

    fn guarded(&self, write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>) -> Result<()> {
        if self.is_closed() {
            return Ok(());
        }
        let mut out = self.inner.out.lock().unwrap_or_else(PoisonError::into_inner);
        let done = if self.inner.bars.is_hidden() {
            write(&mut out)
        } else {
            self.inner.bars.suspend(|| write(&mut out).and_then(|()| out.flush()))
        };
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.inner.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            done => done.map_err(Error::Output),
        }
    }
}

/// A JSON list that is printed value by value.
pub struct JsonList<'a> {
    printer: &'a Printer,
    first: bool,
}

impl JsonList<'_> {
    /// Prints the next value.
    pub fn push(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Error::Output(e.into()))?;
        let before = if self.first { "[\n  " } else { ",\n  " };
        self.first = false;
        self.printer.raw(before.as_bytes())?;
        self.printer.raw(escaped_json(&text.replace('\n', "\n  ")).as_bytes())
    }

    /// Prints the end of the list.
    pub fn finish(self) -> Result<()> {
        self.printer.raw(if self.first { b"[]\n".as_slice() } else { b"\n]\n".as_slice() })
    }
}

/// JSON in which characters that a terminal would obey are escaped. They occur within strings only, where
/// an escape means the same.
fn escaped_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && tidewaiter::finding::is_treacherous(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

struct ErrorWriter {
    bars: MultiProgress,
}

impl Write for ErrorWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_steers_a_terminal() {
        let line = Line::new().styled(style::BAD, "refused").text(" a\x1b[2J\u{9b}31m\u{202e}\n");
        assert_eq!(line.render(false), "refused a\\u{1b}[2J\\u{9b}31m\\u{202e}\\n\n");
        assert!(line.render(true).starts_with("\x1b[1m\x1b[31mrefused\x1b[0m a\\u{1b}"));
    }

    #[test]
    fn json_stays_json_when_it_is_escaped() {
        let value = serde_json::json!({ "a": "\u{7f}\u{9b}\u{202e}é", "b": [1] });
        let text = escaped_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains("\\u007f\\u009b\\u202eé"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn lines_do_not_end_in_spaces() {
        assert_eq!(Line::from("a").padded(5).render(false), "a\n");
    }
}
