//! The lines after the header: cut out of the stream, judged, handed on.

use std::sync::Arc;

use memchr::memchr;
use tidewaiter_model::finding::{Code, Finding};

use super::apart::{Judge, Judged};
use super::header::Header;
use super::judge::Scratch;
use super::line::Line;
use super::open_quote::{Found, OpenQuote};
use super::place::Place;
use super::rules::{Fault, Rules};
use super::scan::Kernel;
use super::segments::Segments;
use super::{Limits, Sink, Summary, without_break};

/// How much of a line that is too long is gathered before it is handed on, in bytes.
const PIECE: usize = 64 << 10;
/// Positions count in 32 bits.
const LONGEST: usize = 1 << 31;

/// A sink that ignores lines.
struct Nobody;

impl Sink for Nobody {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}

/// The state between two chunks of a file's body.
#[derive(Debug)]
pub(crate) struct Body {
    rules: Arc<Rules>,
    scratch: Scratch,
    state: State,
}

/// Where it stands, apart from what it judges by.
#[derive(Debug)]
struct State {
    limits: Limits,
    /// The line that begins next, or that is in `carry`.
    next: Place,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// The line in `carry` is known to be too long: it is rejected already, only its bytes pass through.
    overlong: bool,
    open: OpenQuote,
}

impl Body {
    /// A body whose first line is at `next`.
    pub(crate) fn new(rules: Rules, kernel: Kernel, mut limits: Limits, next: Place) -> Self {
        limits.line_bytes = limits.line_bytes.min(LONGEST);
        let state = State { limits, next, carry: Vec::new(), overlong: false, open: OpenQuote::default() };
        Self { rules: Arc::new(rules), scratch: Scratch::new(kernel), state }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        let mut begun = self.state.overlong || !self.state.carry.is_empty();
        loop {
            if !begun {
                let mut segments = Segments::new(bytes, self.state.limits.line_bytes);
                for lines in &mut segments {
                    self.lines(lines, summary, sink);
                }
                bytes = segments.rest;
            }
            // What is left is a line that began before or that is too long, or one that is not complete.
            let Some(end) = memchr(b'\n', bytes) else { break };
            let (line, rest) = bytes.split_at(end + 1);
            self.state.carry_on(line, summary, &self.rules, sink);
            self.end_carried(summary, sink);
            (bytes, begun) = (rest, false);
        }
        self.state.carry_on(bytes, summary, &self.rules, sink);
    }

    pub(crate) fn finish(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        if self.state.overlong || !self.state.carry.is_empty() {
            summary.open_end = true;
            self.end_carried(summary, sink);
        }
        self.state.close_search(&self.rules, summary);
    }

    /// The judge of lines with the rules of this body.
    pub(crate) fn judge(&self) -> Judge {
        let scratch = Scratch::new(self.scratch.kernel());
        Judge::new(Arc::clone(&self.rules), self.state.limits.line_bytes, scratch)
    }

    /// Takes lines that are judged already, with no word to a sink.
    pub(crate) fn feed_judged(&mut self, bytes: &[u8], judged: &Judged, summary: &mut Summary) {
        let Self { rules, state, .. } = self;
        if state.overlong || !state.carry.is_empty() {
            // It does not begin with a line, so it was judged for something else.
            return self.feed(bytes, summary, &mut Nobody);
        }
        let (mut at, mut line) = (0, 0);
        for rejected in &judged.rejected {
            state.pass_accepted(rejected.before - line, rejected.start - at, rules, summary);
            let raw = bytes.get(rejected.start..rejected.end).unwrap_or_default();
            state.reject(raw, rejected.fault, rules, summary, &mut Nobody);
            (at, line) = (rejected.end, rejected.before + 1);
        }
        state.pass_accepted(judged.lines - line, judged.bytes - at, rules, summary);
        self.feed(bytes.get(judged.bytes..).unwrap_or_default(), summary, &mut Nobody);
    }

    /// Decides about whole lines.
    fn lines(&mut self, lines: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        let Self { rules, scratch, state } = self;
        rules.judge(lines, state.limits.line_bytes, scratch, |raw, verdict| match verdict {
            Ok(good) => {
                let place = state.pass(raw, summary);
                state.close_search(rules, summary);
                summary.accepted += 1;
                sink.accepted(&Line {
                    number: place.number,
                    byte: place.byte,
                    raw,
                    text: good.text,
                    fields: good.fields,
                    rules,
                });
            }
            Err(fault) => state.reject(raw, fault, rules, summary, sink),
        });
    }

    /// The line in `carry` ends here.
    fn end_carried(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        if self.state.overlong {
            self.state.end_overlong(sink);
        } else {
            let mut carry = std::mem::take(&mut self.state.carry);
            self.lines(&carry, summary, sink);
            carry.clear();
            self.state.carry = carry;
        }
    }
}

impl State {
    /// A whole line begins and ends here.
    #[inline]
    fn pass(&mut self, raw: &[u8], summary: &mut Summary) -> Place {
        let place = self.next;
        self.next = place.behind(1, raw.len());
        summary.lines_read += 1;
        place
    }

    /// So many lines in so many bytes are accepted.
    fn pass_accepted(&mut self, lines: u64, bytes: usize, rules: &Rules, summary: &mut Summary) {
        if lines > 0 {
            self.next.number += lines;
            self.next.byte += bytes as u64;
            summary.lines_read += lines;
            summary.accepted += lines;
            self.close_search(rules, summary);
        }
    }

    /// A whole line is rejected.
    #[cold]
    fn reject(
        &mut self,
        raw: &[u8],
        fault: Fault,
        rules: &Rules,
        summary: &mut Summary,
        sink: &mut impl Sink,
    ) {
        if fault == Fault::Length {
            self.carry_on(raw, summary, rules, sink);
            self.end_overlong(sink);
            return;
        }
        let place = self.pass(raw, summary);
        summary.rejected += 1;
        sink.rejected(raw);
        self.explain_rejected(place, raw, fault, rules, summary);
    }

    /// Takes bytes of a line that is not complete. They are handed on in pieces whose borders do not depend
    /// on the chunks.
    fn carry_on(&mut self, mut bytes: &[u8], summary: &mut Summary, rules: &Rules, sink: &mut impl Sink) {
        while !bytes.is_empty() {
            let most = if self.overlong { PIECE } else { self.limits.line_bytes + 1 };
            let (now, later) = bytes.split_at(bytes.len().min(most.saturating_sub(self.carry.len())));
            self.carry.extend_from_slice(now);
            bytes = later;
            // A full buffer may still be a line within the limit: if what filled it was the line feed.
            if self.carry.len() == most && (self.overlong || self.carry.last() != Some(&b'\n')) {
                if !self.overlong {
                    self.begin_overlong(rules, summary);
                }
                sink.rejected(&self.carry);
                self.next.byte += self.carry.len() as u64;
                self.carry.clear();
            }
        }
    }

    /// The line that is too long ends here.
    fn end_overlong(&mut self, sink: &mut impl Sink) {
        if !self.carry.is_empty() {
            sink.rejected(&self.carry);
        }
        self.overlong = false;
        self.next.number += 1;
        self.next.byte += self.carry.len() as u64;
        self.carry.clear();
    }

    fn begin_overlong(&mut self, rules: &Rules, summary: &mut Summary) {
        self.close_search(rules, summary);
        self.overlong = true;
        summary.lines_read += 1;
        summary.rejected += 1;
        let (place, most, start) = (self.next, self.limits.line_bytes, &self.carry);
        summary.findings.add(Code::LineTooLong, None, || {
            let message = format!("the line is longer than {most} bytes");
            Finding::line(Code::LineTooLong, place.number, place.byte, message)
                .with_value(start)
                .with_hint(super::hint::messages::LONG_LINE)
        });
    }

    fn explain_rejected(
        &mut self,
        place: Place,
        raw: &[u8],
        fault: Fault,
        rules: &Rules,
        summary: &mut Summary,
    ) {
        let content = without_break(raw);
        if self.open.is_open() {
            let limits = (self.limits.open_quote_lines, self.limits.line_bytes);
            match self.open.look_at(rules, limits, (place, raw, content, fault), &mut summary.findings) {
                Found::Nothing | Found::End => return,
                Found::Failure => self.close_search(rules, summary),
            }
        }
        if !self.open.begin(place, raw, content, fault) {
            rules.explain(place, content, fault, &mut summary.findings);
        }
    }

    #[inline]
    fn close_search(&mut self, rules: &Rules, summary: &mut Summary) {
        if self.open.is_open() {
            self.open.give_up(rules, &mut summary.findings);
        }
    }
}
