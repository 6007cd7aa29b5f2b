//! The lines after the header: cut out of the stream, judged one by one, handed on.

use memchr::memchr;

use super::explain::Place;
use super::line::Line;
use super::open_quote::{Found, OpenQuote};
use super::rules::{Fault, Rules};
use super::split::Span;
use super::{Limits, Sink, Summary, without_break};
use crate::finding::{Code, Finding};

/// How much of a line that is too long is gathered before it is handed on, in bytes.
const PIECE: usize = 64 << 10;
/// Spans count in 32 bits.
const LONGEST: usize = 1 << 31;

/// The state between two chunks of a file's body.
#[derive(Debug)]
pub(crate) struct Body {
    rules: Rules,
    limits: Limits,
    /// The line that begins next, or that is in `carry`.
    next: Place,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// The line in `carry` is known to be too long: it is rejected already, only its bytes pass through.
    overlong: bool,
    spans: Vec<Span>,
    open: Option<OpenQuote>,
}

impl Body {
    /// A body whose first line is at `next`.
    pub(crate) fn new(rules: Rules, mut limits: Limits, next: Place) -> Self {
        limits.line_bytes = limits.line_bytes.min(LONGEST);
        let spans = Vec::with_capacity(rules.width() + 1);
        Self { rules, limits, next, carry: Vec::new(), overlong: false, spans, open: None }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            if self.carry.is_empty() && !self.overlong && end <= self.limits.line_bytes {
                self.line(line, summary, sink);
            } else {
                self.carry_on(line, summary, sink);
                self.end_carried(summary, sink);
            }
        }
        self.carry_on(bytes, summary, sink);
    }

    pub(crate) fn finish(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        if self.overlong || !self.carry.is_empty() {
            self.end_carried(summary, sink);
        }
        self.close_search(summary);
    }

    /// Takes bytes of a line that is not complete. They are handed on in pieces whose borders do not depend
    /// on the chunks.
    fn carry_on(&mut self, mut bytes: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        while !bytes.is_empty() {
            let most = if self.overlong { PIECE } else { self.limits.line_bytes + 1 };
            let (now, later) = bytes.split_at(bytes.len().min(most.saturating_sub(self.carry.len())));
            self.carry.extend_from_slice(now);
            bytes = later;
            // A full buffer may still be a line within the limit: if what filled it was the line feed.
            if self.carry.len() == most && (self.overlong || self.carry.last() != Some(&b'\n')) {
                if !self.overlong {
                    self.begin_overlong(summary);
                }
                sink.rejected(&self.carry);
                self.next.byte += self.carry.len() as u64;
                self.carry.clear();
            }
        }
    }

    /// The line in `carry` ends here.
    fn end_carried(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        let carry = std::mem::take(&mut self.carry);
        if self.overlong {
            if !carry.is_empty() {
                sink.rejected(&carry);
            }
            self.overlong = false;
            self.next.number += 1;
            self.next.byte += carry.len() as u64;
        } else {
            self.line(&carry, summary, sink);
        }
        self.carry = carry;
        self.carry.clear();
    }

    fn begin_overlong(&mut self, summary: &mut Summary) {
        self.close_search(summary);
        self.overlong = true;
        summary.lines_read += 1;
        summary.rejected += 1;
        let (place, most, start) = (self.next, self.limits.line_bytes, &self.carry);
        summary.findings.add(Code::LineTooLong, None, || {
            let message = format!("the line is longer than {most} bytes");
            Finding::line(Code::LineTooLong, place.number, place.byte, message)
                .with_value(start)
                .with_hint(super::hint::words::LONG_LINE)
        });
    }

    /// Decides about a whole line.
    #[inline]
    fn line(&mut self, raw: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        let place = self.next;
        self.next = Place { number: place.number + 1, byte: place.byte + raw.len() as u64 };
        summary.lines_read += 1;
        let content = without_break(raw);
        match self.rules.judge(content, &mut self.spans) {
            Ok(text) => {
                self.close_search(summary);
                summary.accepted += 1;
                sink.accepted(&Line {
                    number: place.number,
                    byte: place.byte,
                    raw,
                    text,
                    spans: &self.spans,
                    header: &self.rules.header,
                    scope: &self.rules.scope,
                });
            }
            Err(fault) => {
                summary.rejected += 1;
                sink.rejected(raw);
                self.explain_rejected(place, raw, content, fault, summary);
            }
        }
    }

    #[cold]
    fn explain_rejected(
        &mut self,
        place: Place,
        raw: &[u8],
        content: &[u8],
        fault: Fault,
        summary: &mut Summary,
    ) {
        if let Some(open) = &mut self.open {
            let limits = (self.limits.open_quote_lines, self.limits.line_bytes);
            match open.look_at(&self.rules, limits, (place, raw, content, fault), &mut summary.findings) {
                Found::Nothing => return,
                Found::End => {
                    self.open = None;
                    return;
                }
                Found::Failure => self.close_search(summary),
            }
        }
        self.open = OpenQuote::begin(place, raw, content, fault);
        if self.open.is_none() {
            self.rules.explain(place, content, fault, &mut summary.findings);
        }
    }

    #[inline]
    fn close_search(&mut self, summary: &mut Summary) {
        if let Some(open) = self.open.take() {
            open.give_up(&self.rules, &mut summary.findings);
        }
    }
}
