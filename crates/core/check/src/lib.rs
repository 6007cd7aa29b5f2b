//! The check of a data file: what a file, its header, a line and a cell must be.
//!
//! Bytes are pushed into a [`Checker`]; decisions come out through a [`Sink`]: the header, each accepted
//! line, the bytes of each rejected line. Nothing is read or written here, and memory does not grow with
//! the file.
//!
//! Whether a line is accepted depends on that line, the header and the schema, and on nothing else. A
//! record never spans lines, so no mistake in one line can cost another line its place. That is also what
//! allows a file to be checked in parts. Only the *explanation* of rejected lines looks further: when a
//! quote stays open, the next lines may show that a value was meant to hold a line break.
//!
//! The way of a line: `body` cuts whole lines out of the stream, many at a time; `scan` finds where their
//! fields end; `judge` judges each of them with as little work as possible, by the `rules` of the file; and only for
//! a rejected line does `explain` work out what to say about it. `apart` has lines judged on other threads.
//!
//! ```
//! use std::sync::Arc;
//! use tidewaiter_check::{Checker, Dialect, Header, Limits, Line, Sink};
//! use tidewaiter_schema::compile::Scope;
//!
//! #[derive(Default)]
//! struct Names(Vec<String>);
//! impl Sink for Names {
//!     fn header(&mut self, _raw: &[u8], _header: &Header) {}
//!     fn accepted(&mut self, line: &Line<'_>) {
//!         self.0.extend(line.field(1).map(Into::into));
//!     }
//!     fn rejected(&mut self, _raw: &[u8]) {}
//! }
//!
//! let schema = serde_json::from_str(
//!     r#"{ "fields": [{ "name": "id", "type": "integer" }, { "name": "name" }], "primaryKey": ["id"] }"#,
//! )?;
//! let scope = Arc::new(Scope::compile("people", &schema).map_err(|mistakes| mistakes[0].to_string())?);
//! let mut names = Names::default();
//! let mut checker = Checker::new(scope, Dialect::default(), Limits::default());
//! checker.feed(b"id;name\n1;Ada\nx;Bob\n2;\"Cyd", &mut names);
//! checker.feed(b" \"\"C\"\" Doe\"\n", &mut names);
//! let summary = checker.finish(&mut names);
//! assert_eq!(names.0, ["Ada", "Cyd \"C\" Doe"]);
//! assert_eq!((summary.accepted, summary.rejected), (2, 1));
//! assert_eq!(summary.findings.kept()[0].message, "not a whole number such as -12");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apart;
mod body;
mod checker;
mod decode;
mod dialect;
mod explain;
mod fields;
pub mod fix;
mod foreign;
mod glance;
mod header;
mod hint;
mod judge;
mod kind_of_file;
mod line;
mod open_quote;
mod opening;
mod place;
mod plan;
mod remarks;
mod rules;
mod scan;
mod segments;
mod split;

pub use apart::{Judge, Judged};
pub use checker::Checker;
pub use dialect::{Dialect, column_of, number};
pub use header::Header;
pub use line::Line;
pub use remarks::TextRemarks;

use tidewaiter_model::finding::{Finding, Tally};

/// What a checker puts up with. Memory is bounded by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, in bytes, without its line feed. At most 2 GiB; what is larger counts as 2 GiB.
    pub line_bytes: usize,
    /// The longest header, in bytes, without its line feed.
    pub header_bytes: usize,
    /// How many lines after one with an open quote are looked at. In all, no more than `line_bytes` are.
    pub open_quote_lines: usize,
    /// The most columns a header may have.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, header_bytes: 1 << 20, open_quote_lines: 100, columns: 10_000 }
    }
}

/// Where a checker's decisions go. The calls, their order and their bytes depend on the file alone, not on
/// how it was cut into chunks.
///
/// When the header is good, the raw bytes of all calls, one after the other, are the file.
pub trait Sink {
    /// The header is good. Called once, before any line; `raw` is the line with its line break.
    fn header(&mut self, raw: &[u8], header: &Header);

    /// A line is accepted.
    fn accepted(&mut self, line: &Line<'_>);

    /// A line is rejected; `raw` is the line with its line break, as it stood in the file. A line longer
    /// than the limit comes in several pieces.
    fn rejected(&mut self, raw: &[u8]);

    /// A line is neither a record nor a mistake: a comment, or the trailer. `raw` is the line with its line break.
    fn aside(&mut self, _raw: &[u8]) {}
}

/// The outcome of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// True if the file as a whole is refused: its kind, its encoding or its header is wrong. No line is
    /// read then.
    pub bogus: bool,
    /// Why the file is refused after all of it was read: its trailer does not fit. `bogus` is true then.
    pub incomplete: Option<Finding>,
    /// How many lines follow the header: `accepted + rejected`. Where records may span lines, how many records.
    pub lines_read: u64,
    /// How many lines the file has in all, where that is not the header and the lines read.
    pub file_lines: Option<u64>,
    /// True if the last line has no line break: the file may have been cut there.
    pub open_end: bool,
    /// The last line of the file, if it is a trailer, with its line break.
    pub trailer: Option<Vec<u8>>,
    /// How many lines were accepted.
    pub accepted: u64,
    /// How many lines were rejected. A line counts once however much is wrong with it.
    pub rejected: u64,
    /// How many bytes were fed.
    pub bytes: u64,
    /// Everything that is wrong.
    pub findings: Tally,
}

/// A line without its line break: LF or CRLF.
fn without_break(raw: &[u8]) -> &[u8] {
    match raw.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => raw,
    }
}
