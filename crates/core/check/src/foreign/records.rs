//! The records of a file in a dialect: cut out of the stream, decoded, judged, handed on.
//!
//! Lines are decoded and judged many at a time. Only where a quote stays open and line breaks are kept, lines are joined to a
//! record, up to a bound. If its quote does not close within the bound, or what follows it is no record, its first line is
//! rejected alone, and the others are judged by themselves: one open quote costs no valid record.

use std::collections::VecDeque;
use std::sync::Arc;

use memchr::{memchr, memchr2};
use tidewaiter_model::finding::Code;
use tidewaiter_schema::config::dialect::LineBreaks;

use super::asides::Asides;
use super::line::{RawLines, Whole};
use super::open_record::{OpenRecord, has_stray_return};
use super::opening::undecodable;
use crate::decode::Decoder;
use crate::dialect::Cells;
use crate::judge::{Good, Scratch};
use crate::line::Line;
use crate::open_quote::{Found, OpenQuote};
use crate::place::Place;
use crate::rules::{Fault, Rules};
use crate::scan::Kernel;
use crate::split::QuoteFault;
use crate::{Limits, Sink, Summary, hint};

/// How many bytes are decoded and judged together.
const SEGMENT: usize = 32 << 10;
/// In what pieces a line that is too long is handed on, in bytes.
const PIECE: usize = 64 << 10;
/// How many lines one record may take.
const RECORD_LINES: usize = 1_000;

/// The state between two chunks of a file's records.
#[derive(Debug)]
pub(crate) struct Records {
    rules: Arc<Rules>,
    scratch: Scratch,
    state: State,
}

/// Where it stands, apart from what it judges by.
#[derive(Debug)]
struct State {
    limits: Limits,
    decoder: Decoder,
    asides: Asides,
    keeps_breaks: bool,
    /// Where the line begins that is decided next.
    next: Place,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// The line in `carry` is known to be too long.
    overlong: bool,
    /// Lines that may be the beginning of a record.
    open: Option<OpenRecord>,
    /// Lines that are judged again by themselves.
    again: VecDeque<(Vec<u8>, String)>,
    /// Some record took several lines.
    spans_lines: bool,
    lone: Scratch,
    cells: Cells,
    /// Lines whose open quote is to be explained.
    search: OpenQuote,
}

impl Records {
    /// Records of which the first begins at `next`.
    pub(crate) fn new(rules: Rules, kernel: Kernel, limits: Limits, decoder: Decoder, next: Place) -> Self {
        let own = rules.own().cloned().unwrap_or_default();
        let state = State {
            limits,
            decoder,
            keeps_breaks: own.options.line_breaks == LineBreaks::Keep,
            asides: Asides::new(own, limits.line_bytes),
            next,
            carry: Vec::new(),
            overlong: false,
            open: None,
            again: VecDeque::new(),
            spans_lines: false,
            lone: Scratch::new(kernel),
            cells: Cells::default(),
            search: OpenQuote::default(),
        };
        Self { rules: Arc::new(rules), scratch: Scratch::new(kernel), state }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        if self.state.carry.is_empty()
            && !self.state.overlong
            && let Some(end) = self.state.decoder.end_of_lines(bytes)
        {
            let (lines, rest) = bytes.split_at(end);
            self.lines(lines, summary, sink);
            bytes = rest;
        }
        if bytes.is_empty() {
            return;
        }
        self.state.carry.extend_from_slice(bytes);
        while self.carried(summary, sink) {}
    }

    pub(crate) fn finish(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        let carry = std::mem::take(&mut self.state.carry);
        summary.open_end = self.state.overlong || !carry.is_empty();
        if self.state.overlong {
            self.state.pass_overlong(&carry, true, sink);
        } else if !carry.is_empty() {
            self.lines(&carry, summary, sink);
        }
        let Self { rules, state, .. } = self;
        state.end_open(rules, summary, sink);
        state.close_search(rules, summary);
        summary.file_lines = state.spans_lines.then_some(state.next.number - 1);
        state.asides.end(summary, sink);
        // A trailer that fits says that the file is complete.
        summary.open_end &= summary.trailer.is_none();
    }

    /// Takes what it can from the front of what is carried. False if more bytes are needed.
    fn carried(&mut self, summary: &mut Summary, sink: &mut impl Sink) -> bool {
        let state = &mut self.state;
        if state.overlong {
            let head = state.carry.get(..PIECE.min(state.carry.len())).unwrap_or_default();
            let (take, ends) = match state.decoder.end_of_line(head) {
                Some(end) => (end, true),
                None if head.len() == PIECE => (PIECE, false),
                None => return false,
            };
            let piece: Vec<u8> = state.carry.drain(..take).collect();
            state.pass_overlong(&piece, ends, sink);
            return true;
        }
        if let Some(end) = state.decoder.end_of_lines(&state.carry) {
            let rest = state.carry.split_off(end);
            let lines = std::mem::replace(&mut state.carry, rest);
            self.lines(&lines, summary, sink);
            return true;
        }
        let most = state.first_piece();
        if state.carry.len() < most {
            return false;
        }
        let piece: Vec<u8> = state.carry.drain(..most).collect();
        let rules = Arc::clone(&self.rules);
        self.state.begin_overlong(&piece, &rules, summary, sink);
        self.state.pass_overlong(&piece, false, sink);
        true
    }

    /// Decides about whole lines; the last one may lack its line break.
    fn lines(&mut self, mut lines: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        while !lines.is_empty() {
            let decoder = &self.state.decoder;
            let head = lines.get(..SEGMENT.min(lines.len())).unwrap_or_default();
            let end = decoder.end_of_lines(head).or_else(|| decoder.end_of_line(lines));
            let (now, later) = lines.split_at(end.unwrap_or(lines.len()));
            lines = later;
            match decoder.lines(now) {
                Some(text) => self.texts(now, &text, summary, sink),
                None => self.one_by_one(now, summary, sink),
            }
        }
    }

    /// Decides about lines that are not all of one encoding.
    fn one_by_one(&mut self, mut lines: &[u8], summary: &mut Summary, sink: &mut impl Sink) {
        while !lines.is_empty() {
            let end = self.state.decoder.end_of_line(lines).unwrap_or(lines.len());
            let (raw, rest) = lines.split_at(end);
            lines = rest;
            if let Some(text) = self.state.decoder.line(raw) {
                self.texts(raw, &text, summary, sink);
                continue;
            }
            let Self { rules, state, .. } = self;
            state.end_open(rules, summary, sink);
            state.reject_undecodable(raw, rules, summary, sink);
        }
    }

    /// Decides about lines that are decoded.
    fn texts(&mut self, raw: &[u8], text: &str, summary: &mut Summary, sink: &mut impl Sink) {
        let Self { rules, scratch, state } = self;
        let decoder = state.decoder.clone();
        let mut raw_lines = RawLines { rest: raw, decoder: &decoder };
        if rules.cutter().is_none() {
            return rules.judge(text.as_bytes(), usize::MAX, scratch, |line, verdict| {
                let raw = raw_lines.next(line.len());
                state.take(Whole { raw, text: line }, verdict, rules, summary, sink);
                state.run_again(rules, summary, sink);
            });
        }
        let mut rest = text;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let (line, later) = rest.split_at(end);
            rest = later;
            let whole = Whole { raw: raw_lines.next(end), text: line.as_bytes() };
            state.cut(whole, rules, summary, sink);
            state.run_again(rules, summary, sink);
        }
    }
}

impl State {
    /// Judges a line whose fields are told apart by a cutter, and takes it.
    fn cut(&mut self, line: Whole<'_>, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        if self.open.is_some() {
            return self.go_on(line, rules, summary, sink);
        }
        let mut cells = std::mem::take(&mut self.cells);
        let content = line.content();
        let verdict = if content.is_empty() {
            Err(Fault::Blank)
        } else if memchr2(0, b'\r', content.as_bytes()).is_some() {
            Err(Fault::Control)
        } else {
            match rules.cut(content, &mut cells) {
                Ok((text, spans, fields)) => rules.judge_record(text, spans, fields),
                Err(fault) => Err(Fault::Quotes(fault)),
            }
        };
        self.take(line, verdict, rules, summary, sink);
        self.cells = cells;
    }

    /// Takes a line that was judged by itself.
    #[inline]
    fn take(
        &mut self,
        line: Whole<'_>,
        verdict: Result<Good<'_>, Fault>,
        rules: &Rules,
        summary: &mut Summary,
        sink: &mut impl Sink,
    ) {
        if self.open.is_some() {
            return self.go_on(line, rules, summary, sink);
        }
        if line.raw.len() > self.limits.line_bytes && self.is_too_long(line.raw) {
            return self.reject_overlong(line.raw, rules, summary, sink);
        }
        if self.asides.are_possible() && self.asides.take(line, self.next, summary, sink) {
            self.next = self.next.behind(1, line.raw.len());
            return;
        }
        match verdict {
            Ok(good) => {
                self.close_search(rules, summary);
                self.accept(1, line.raw, good, rules, summary, sink);
            }
            Err(Fault::Quotes(QuoteFault::Open { .. })) if self.keeps_breaks => {
                self.open_record(line, rules);
            }
            // A carriage return within quotes is a line break, too.
            Err(Fault::Control) if self.keeps_breaks && memchr(0, line.text).is_none() => {
                self.go_on(line, rules, summary, sink);
            }
            Err(fault) => {
                let place = self.pass(1, line.raw, summary);
                self.reject(place, line, fault, rules, summary, sink);
            }
        }
    }

    /// Begins a record that takes more than this line.
    fn open_record(&mut self, line: Whole<'_>, rules: &Rules) {
        self.open.get_or_insert_default().push(line, rules.cutter());
    }

    /// Adds a line to the open record.
    fn go_on(&mut self, line: Whole<'_>, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        self.open_record(line, rules);
        self.close_or_wait(rules, summary, sink);
    }

    /// Judges the open record if it is complete, and gives it up if it is too large.
    fn close_or_wait(&mut self, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let Some(open) = self.open.take() else { return };
        let record = open.whole();
        if open.lines() > RECORD_LINES || record.raw.len() > self.limits.line_bytes {
            return self.break_up(open, rules, summary, sink);
        }
        if open.goes_on() {
            self.open = Some(open);
            return;
        }
        let content = record.content();
        let mut cells = std::mem::take(&mut self.cells);
        let is_text = !has_stray_return(content, rules.cutter());
        match rules.cut(content, &mut cells).ok().filter(|_| is_text) {
            Some((text, spans, fields)) => {
                let lines = open.lines() as u64;
                self.spans_lines |= lines > 1;
                match rules.judge_record(text, spans, fields) {
                    Ok(good) => self.accept(lines, record.raw, good, rules, summary, sink),
                    Err(fault) => {
                        let place = self.pass(lines, record.raw, summary);
                        self.reject(place, record, fault, rules, summary, sink);
                    }
                }
            }
            None => self.break_up(open, rules, summary, sink),
        }
        self.cells = cells;
    }

    /// Gives the open record up, and decides about its lines.
    fn end_open(&mut self, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        while let Some(open) = self.open.take() {
            self.break_up(open, rules, summary, sink);
            self.run_again(rules, summary, sink);
        }
    }

    /// The lines of the open record are no record: the first is rejected, and the others are judged again.
    fn break_up(&mut self, open: OpenRecord, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let mut lines: VecDeque<_> = open.into_lines().collect();
        if let Some((raw, text)) = lines.pop_front() {
            let line = Whole { raw: &raw, text: text.as_bytes() };
            let fault = Self::lone_fault(line.content(), rules);
            let place = self.pass(1, &raw, summary);
            self.reject(place, line, fault, rules, summary, sink);
        }
        lines.append(&mut self.again);
        self.again = lines;
    }

    /// What is wrong with a line by itself.
    fn lone_fault(content: &str, rules: &Rules) -> Fault {
        if memchr2(0, b'\r', content.as_bytes()).is_some() {
            return Fault::Control;
        }
        let mut cells = Cells::default();
        match rules.cut(content, &mut cells) {
            Err(fault) => Fault::Quotes(fault),
            Ok((_, _, fields)) => Fault::Width { fields },
        }
    }

    /// Judges the lines again that an open record gave back.
    #[inline]
    fn run_again(&mut self, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        while let Some((raw, text)) = self.again.pop_front() {
            let line = Whole { raw: &raw, text: text.as_bytes() };
            if rules.cutter().is_some() {
                self.cut(line, rules, summary, sink);
                continue;
            }
            let mut scratch = std::mem::take(&mut self.lone);
            rules.judge(text.as_bytes(), usize::MAX, &mut scratch, |_, verdict| {
                self.take(line, verdict, rules, summary, sink);
            });
            self.lone = scratch;
        }
    }

    /// A record of so many lines is good.
    #[inline]
    fn accept(
        &mut self,
        lines: u64,
        raw: &[u8],
        good: Good<'_>,
        rules: &Rules,
        summary: &mut Summary,
        sink: &mut impl Sink,
    ) {
        let Place { number, byte, .. } = self.pass(lines, raw, summary);
        let Good { text, fields } = good;
        summary.accepted += 1;
        sink.accepted(&Line { number, byte, raw, text, fields, rules });
    }

    /// A record begins and ends here.
    #[inline]
    fn pass(&mut self, lines: u64, raw: &[u8], summary: &mut Summary) -> Place {
        let place = Place { lines, ..self.next };
        self.next = place.behind(lines, raw.len());
        summary.lines_read += 1;
        place
    }

    #[cold]
    fn reject(
        &mut self,
        place: Place,
        line: Whole<'_>,
        fault: Fault,
        rules: &Rules,
        summary: &mut Summary,
        sink: &mut impl Sink,
    ) {
        summary.rejected += 1;
        sink.rejected(line.raw);
        let content = line.content().as_bytes();
        let is_searched = !self.keeps_breaks && rules.cutter().is_none();
        if self.search.is_open() {
            let limits = (self.limits.open_quote_lines, self.limits.line_bytes);
            let line = (place, line.raw, content, fault);
            match self.search.look_at(rules, limits, line, &mut summary.findings) {
                Found::Nothing | Found::End => return,
                Found::Failure => self.close_search(rules, summary),
            }
        }
        if !(is_searched && self.search.begin(place, line.raw, content, fault)) {
            rules.explain(place, content, fault, &mut summary.findings);
        }
    }

    /// Explains the lines of a search that found nothing.
    #[inline]
    fn close_search(&mut self, rules: &Rules, summary: &mut Summary) {
        if self.search.is_open() {
            self.search.give_up(rules, &mut summary.findings);
        }
    }

    #[cold]
    fn reject_undecodable(&mut self, raw: &[u8], rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        if self.is_too_long(raw) {
            return self.reject_overlong(raw, rules, summary, sink);
        }
        self.close_search(rules, summary);
        self.asides.misplace_trailer(summary, sink);
        let place = self.pass(1, raw, summary);
        summary.rejected += 1;
        sink.rejected(raw);
        let decoder = &self.decoder;
        summary.findings.add(Code::EncodingError, None, || undecodable(place, raw, decoder));
    }

    fn is_too_long(&self, raw: &[u8]) -> bool {
        raw.strip_suffix(b"\n").unwrap_or(raw).len() > self.limits.line_bytes
    }

    /// How much of a line shows that it is too long; whole units of every encoding.
    fn first_piece(&self) -> usize {
        (self.limits.line_bytes + 3) & !1
    }

    /// Rejects a whole line that is too long, in the pieces in which it would come if it were not whole.
    fn reject_overlong(&mut self, raw: &[u8], rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let (first, rest) = raw.split_at(self.first_piece().min(raw.len()));
        self.begin_overlong(first, rules, summary, sink);
        let mut pieces = std::iter::once(first).chain(rest.chunks(PIECE)).peekable();
        while let Some(piece) = pieces.next() {
            self.pass_overlong(piece, pieces.peek().is_none(), sink);
        }
    }

    /// A line that is too long begins with these bytes.
    fn begin_overlong(&mut self, start: &[u8], rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        self.end_open(rules, summary, sink);
        self.close_search(rules, summary);
        self.asides.misplace_trailer(summary, sink);
        self.overlong = true;
        summary.lines_read += 1;
        summary.rejected += 1;
        let (place, most) = (self.next, self.limits.line_bytes);
        summary.findings.add(Code::LineTooLong, None, || {
            let message = format!("the line is longer than {most} bytes");
            place.finding(Code::LineTooLong, message).with_value(start).with_hint(hint::messages::LONG_LINE)
        });
    }

    /// Hands on a piece of the line that is too long; `ends` says whether it is the last one.
    fn pass_overlong(&mut self, piece: &[u8], ends: bool, sink: &mut impl Sink) {
        if !piece.is_empty() {
            sink.rejected(piece);
        }
        self.next = self.next.behind(u64::from(ends), piece.len());
        self.overlong = !ends;
    }
}
