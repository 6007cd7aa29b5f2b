//! The beginning of a file: everything that is decided before its first data line.

use std::sync::Arc;

use memchr::{memchr, memchr2};
use tidewaiter_model::finding::{Code, Finding, Tally};
use tidewaiter_schema::compile::Scope;

use super::header::{self, Header};
use super::{Dialect, Limits, Sink, hint, kind_of_file, without_break};

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The state between two chunks while the header is not complete.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) scope: Arc<Scope>,
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
    first: Vec<u8>,
    /// The first line was empty: the file is bogus either way, but it may be empty as a whole.
    blank: bool,
}

/// What the beginning of a file comes to.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// More bytes are needed.
    Undecided,
    /// Lines follow; the header took so many bytes.
    Good(Header, u64),
    /// The file is refused.
    Bogus,
}

/// How the first line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Line,
    File,
    Limit,
}

impl Opening {
    pub(crate) fn new(scope: Arc<Scope>, dialect: Dialect, limits: Limits) -> Self {
        Self { scope, dialect, limits, first: Vec::new(), blank: false }
    }

    /// Takes what it needs from `bytes`.
    pub(crate) fn feed(&mut self, bytes: &mut &[u8], tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        if self.blank {
            return pass_breaks(bytes, tally);
        }
        let most = self.limits.header_bytes;
        let room = most.saturating_sub(self.first.len()).saturating_add(1);
        let head = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let (take, end) = match memchr(b'\n', head) {
            Some(n) => (n + 1, Some(End::Line)),
            None if head.len() == room => (room, Some(End::Limit)),
            None => (head.len(), None),
        };
        let (now, later) = bytes.split_at(take);
        self.first.extend_from_slice(now);
        *bytes = later;
        match end {
            None => Verdict::Undecided,
            Some(end) => match self.decide(end, tally, sink) {
                Verdict::Undecided => pass_breaks(bytes, tally),
                verdict => verdict,
            },
        }
    }

    /// The file ends here.
    pub(crate) fn finish(&mut self, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        if !self.blank {
            return self.decide(End::File, tally, sink);
        }
        empty(tally);
        Verdict::Bogus
    }

    fn decide(&mut self, end: End, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        let mut content = without_break(&self.first);
        if content.iter().all(|&b| b == b'\r') && end != End::Limit {
            if end == End::File {
                empty(tally);
                return Verdict::Bogus;
            }
            self.blank = true;
            return Verdict::Undecided;
        }
        if let Some(finding) = kind_of_file::recognise(content) {
            tally.push(finding);
            return Verdict::Bogus;
        }
        let before = tally.total();
        if let Some(rest) = content.strip_prefix(BOM) {
            let finding = Finding::line(Code::EncodingError, 1, 0, "the file begins with a byte order mark");
            tally.push(finding.with_hint(hint::messages::BYTE_ORDER_MARK));
            content = rest;
        }
        if let Some(at) = memchr2(0, b'\r', content) {
            tally.push(control(content, at, end));
            return Verdict::Bogus;
        }
        if end == End::Limit {
            let message = format!("the header is longer than {} bytes", self.limits.header_bytes);
            tally.push(Finding::line(Code::HeaderTooLong, 1, 0, message).with_value(content));
            return Verdict::Bogus;
        }
        let Ok(text) = simdutf8::basic::from_utf8(content) else {
            tally.push(hint::not_utf8(content, 1, 0));
            return Verdict::Bogus;
        };
        match header::read(text, &self.scope, self.dialect.delimiter, self.limits.columns, tally) {
            Some(header) if tally.total() == before => {
                sink.header(&self.first, &header);
                Verdict::Good(header, self.first.len() as u64)
            }
            _ => Verdict::Bogus,
        }
    }
}

/// After an empty first line: a file of nothing but line breaks is empty, any other lacks its header.
fn pass_breaks(bytes: &mut &[u8], tally: &mut Tally) -> Verdict {
    if bytes.iter().all(|b| matches!(b, b'\r' | b'\n')) {
        *bytes = &[];
        return Verdict::Undecided;
    }
    let message = "the first line is empty, but must be the header";
    tally.push(Finding::line(Code::BlankLabel, 1, 0, message).with_hint(hint::messages::EMPTY_LINES));
    Verdict::Bogus
}

fn empty(tally: &mut Tally) {
    tally.push(Finding::file(Code::EmptyFile, "the file is empty"));
}

fn control(content: &[u8], at: usize, end: End) -> Finding {
    let name = if content.get(at) == Some(&0) { "a NUL byte" } else { "a carriage return" };
    let finding = Finding::line(Code::ControlCharacter, 1, 0, format!("the header contains {name}"))
        .with_value(content.get(at.saturating_sub(20)..).unwrap_or_default());
    // No line feed anywhere: carriage returns alone seem to end the lines, as on very old systems.
    if content.get(at) == Some(&b'\r') && end != End::Line {
        return finding.with_hint(hint::messages::CARRIAGE_RETURNS);
    }
    match hint::control(content) {
        Some(hint) => finding.with_hint(hint),
        None => finding,
    }
}
