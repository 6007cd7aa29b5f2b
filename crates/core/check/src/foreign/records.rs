//! The records of a file in a dialect: cut out of the stream, decoded, judged, handed on.
//!
//! Lines are decoded and judged many at a time. Only where a quote stays open and line breaks are kept, lines are joined to a
//! record, up to a bound. If its quote does not close within the bound, or what follows it is no record, its first line is
//! rejected alone, and the others are judged by themselves: one open quote costs no valid record.

use std::collections::VecDeque;
use std::sync::Arc;

use memchr::{memchr, memchr2};
use tidewaiter_model::finding::{Code, Finding};
use tidewaiter_schema::config::dialect::LineBreaks;

use super::opening::undecodable;
use crate::dialect::{Cells, Cutter, Decoder, Fitting, Openness, Own};
use crate::judge::{Good, Scratch};
use crate::line::Line;
use crate::open_quote::{Found, OpenQuote};
use crate::place::Place;
use crate::rules::{Fault, Rules};
use crate::scan::Kernel;
use crate::split::QuoteFault;
use crate::{Limits, Sink, Summary, hint, without_break};

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
    own: Arc<Own>,
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
    /// The line that is the trailer, unless records follow it.
    trailer: Option<Held>,
    /// Some record took several lines.
    spans_lines: bool,
    lone: Scratch,
    cells: Cells,
    /// Lines whose open quote is to be explained.
    search: OpenQuote,
}

/// Lines whose quote is open.
#[derive(Debug)]
struct OpenRecord {
    openness: Openness,
    raw: Vec<u8>,
    text: String,
    /// Where each line ends in `raw` and in `text`.
    ends: Vec<(usize, usize)>,
}

/// The line that is the trailer.
#[derive(Debug)]
struct Held {
    place: Place,
    raw: Vec<u8>,
    text: String,
    fitting: Fitting,
    /// Empty lines behind it.
    behind: Vec<u8>,
}

/// A line as bytes of the file and as text, both with the line break.
#[derive(Clone, Copy)]
struct Whole<'a> {
    raw: &'a [u8],
    text: &'a [u8],
}

impl<'a> Whole<'a> {
    /// The text without the line break.
    fn content(self) -> &'a str {
        as_text(without_break(self.text))
    }
}

impl Records {
    /// Records of which the first begins at `next`.
    pub(crate) fn new(rules: Rules, kernel: Kernel, limits: Limits, decoder: Decoder, next: Place) -> Self {
        let own = rules.own().cloned().unwrap_or_default();
        let state = State {
            limits,
            decoder,
            keeps_breaks: own.options.line_breaks == LineBreaks::Keep,
            own,
            next,
            carry: Vec::new(),
            overlong: false,
            open: None,
            again: VecDeque::new(),
            trailer: None,
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
        if self.state.overlong {
            self.state.pass_overlong(&carry, true, sink);
        } else if !carry.is_empty() {
            self.lines(&carry, summary, sink);
        }
        let Self { rules, state, .. } = self;
        while state.open.is_some() {
            state.give_up(rules, summary, sink);
            state.run_again(rules, summary, sink);
        }
        state.close_search(rules, summary);
        state.end(summary, sink);
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
            while state.open.is_some() {
                state.give_up(rules, summary, sink);
                state.run_again(rules, summary, sink);
            }
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

/// The lines of the file that some text was decoded from.
struct RawLines<'a> {
    rest: &'a [u8],
    decoder: &'a Decoder,
}

impl<'a> RawLines<'a> {
    /// The next line, whose text has so many bytes.
    fn next(&mut self, length: usize) -> &'a [u8] {
        let end = if self.decoder.is_utf8() { Some(length) } else { self.decoder.end_of_line(self.rest) };
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()).min(self.rest.len()));
        self.rest = rest;
        line
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
        if (self.own.trailer.is_some() || self.own.options.comment.is_some())
            && self.is_aside(line, summary, sink)
        {
            return;
        }
        match verdict {
            Ok(good) => {
                let place = self.pass(1, line.raw, summary);
                self.close_search(rules, summary);
                summary.accepted += 1;
                let Place { number, byte, .. } = place;
                let Good { text, fields } = good;
                sink.accepted(&Line { number, byte, raw: line.raw, text, fields, rules });
            }
            Err(Fault::Quotes(QuoteFault::Open { .. })) if self.keeps_breaks => {
                self.open_record(line);
            }
            // A carriage return within quotes is a line break, too.
            Err(Fault::Control) if self.keeps_breaks && memchr(0, line.text).is_none() => {
                self.open_record(line);
                self.close_or_wait(rules, summary, sink);
            }
            Err(fault) => {
                let place = self.pass(1, line.raw, summary);
                self.reject(place, line, fault, rules, summary, sink);
            }
        }
    }

    /// Begins a record that takes more than this line.
    fn open_record(&mut self, line: Whole<'_>) {
        let openness = Openness::default().behind(line.content().as_bytes(), self.own.cutter.as_ref());
        self.open = Some(OpenRecord {
            openness,
            raw: line.raw.to_vec(),
            text: as_text(line.text).to_owned(),
            ends: vec![(line.raw.len(), line.text.len())],
        });
    }

    /// Adds a line to the open record.
    fn go_on(&mut self, line: Whole<'_>, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let Some(open) = &mut self.open else { return };
        open.raw.extend_from_slice(line.raw);
        open.text.push_str(as_text(line.text));
        open.ends.push((open.raw.len(), open.text.len()));
        open.openness = open.openness.behind(line.content().as_bytes(), self.own.cutter.as_ref());
        self.close_or_wait(rules, summary, sink);
    }

    /// Judges the open record if it is complete, and gives it up if it is too large.
    fn close_or_wait(&mut self, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let Some(open) = self.open.take() else { return };
        if open.ends.len() > RECORD_LINES || open.raw.len() > self.limits.line_bytes {
            return self.break_up(open, rules, summary, sink);
        }
        if open.openness.goes_on() {
            self.open = Some(open);
            return;
        }
        let record = Whole { raw: &open.raw, text: open.text.as_bytes() };
        let content = record.content();
        let mut cells = std::mem::take(&mut self.cells);
        let is_text = !has_stray_return(content, self.own.cutter.as_ref());
        match rules.cut(content, &mut cells).ok().filter(|_| is_text) {
            Some((text, spans, fields)) => {
                let lines = open.ends.len() as u64;
                self.spans_lines |= lines > 1;
                let place = self.pass(lines, record.raw, summary);
                match rules.judge_record(text, spans, fields) {
                    Ok(Good { text, fields }) => {
                        summary.accepted += 1;
                        let Place { number, byte, .. } = place;
                        sink.accepted(&Line { number, byte, raw: record.raw, text, fields, rules });
                    }
                    Err(fault) => self.reject(place, record, fault, rules, summary, sink),
                }
            }
            None => self.break_up(open, rules, summary, sink),
        }
        self.cells = cells;
    }

    /// Gives the open record up.
    fn give_up(&mut self, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        if let Some(open) = self.open.take() {
            self.break_up(open, rules, summary, sink);
        }
    }

    /// The lines of the open record are no record: the first is rejected, and the others are judged again.
    fn break_up(&mut self, open: OpenRecord, rules: &Rules, summary: &mut Summary, sink: &mut impl Sink) {
        let mut lines = VecDeque::with_capacity(open.ends.len());
        let (mut raw, mut text) = (0, 0);
        for (raw_end, text_end) in open.ends {
            let line = (
                open.raw.get(raw..raw_end).unwrap_or_default().to_vec(),
                open.text.get(text..text_end).unwrap_or_default().to_owned(),
            );
            lines.push_back(line);
            (raw, text) = (raw_end, text_end);
        }
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

    /// True if a line is a comment or may be the trailer.
    fn is_aside(&mut self, line: Whole<'_>, summary: &mut Summary, sink: &mut impl Sink) -> bool {
        let content = line.content();
        let is_comment =
            self.own.options.comment.as_ref().is_some_and(|prefix| content.starts_with(prefix.as_str()));
        if content.is_empty()
            && let Some(trailer) = &mut self.trailer
        {
            trailer.behind.extend_from_slice(line.raw);
            self.next = self.next.behind(1, line.raw.len());
            return true;
        }
        if is_comment {
            self.next = self.next.behind(1, line.raw.len());
            sink.aside(line.raw);
            return true;
        }
        if let Some(Held { place, raw, text, behind, .. }) = self.trailer.take() {
            summary.lines_read += 1;
            summary.rejected += 1;
            sink.rejected(&raw);
            if !behind.is_empty() {
                sink.aside(&behind);
            }
            let content = text.trim_end();
            summary.findings.add(Code::FormatError, None, || {
                let finding = place.finding(Code::FormatError, "records follow the trailer of the file");
                finding
                    .with_value(content.as_bytes())
                    .with_hint("the file may be two files in one: send each by itself")
            });
        }
        let Some(fitting) = self.own.trailer.as_ref().and_then(|trailer| trailer.fit(content)) else {
            return false;
        };
        let place = self.next;
        self.next = place.behind(1, line.raw.len());
        let text = as_text(line.text).to_owned();
        self.trailer = Some(Held { place, raw: line.raw.to_vec(), text, fitting, behind: Vec::new() });
        true
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
        while self.open.is_some() {
            self.give_up(rules, summary, sink);
            self.run_again(rules, summary, sink);
        }
        self.close_search(rules, summary);
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

    /// The file ends here.
    fn end(&mut self, summary: &mut Summary, sink: &mut impl Sink) {
        let lines = self.next.number - 1;
        summary.file_lines = self.spans_lines.then_some(lines);
        let Some(trailer) = &self.own.trailer else { return };
        let pattern = trailer.pattern();
        let wrong = match &self.trailer {
            None => {
                let finding = Finding::file(
                    Code::FormatError,
                    format!("the trailer `{pattern}` is missing: the file is incomplete"),
                );
                Some(finding.with_hint("send the whole file again"))
            }
            Some(Held { place, text, fitting, .. }) => {
                let says = |place: &Option<std::ops::Range<usize>>| {
                    place
                        .clone()
                        .and_then(|place| text.get(place))
                        .map(|digits| digits.parse::<u64>().unwrap_or(u64::MAX))
                };
                let wrong = |what: &str, said: Option<u64>, found: u64| {
                    let said = said.filter(|said| *said != found)?;
                    let message = format!("the trailer says {said} {what}, but the file has {found}");
                    let finding = place.finding(Code::FormatError, message);
                    Some(
                        finding.with_value(text.trim_end().as_bytes()).with_hint("send the whole file again"),
                    )
                };
                wrong("records", says(&fitting.count), summary.lines_read)
                    .or_else(|| wrong("lines", says(&fitting.lines), place.number))
            }
        };
        if let Some(Held { raw, behind, .. }) = self.trailer.take() {
            sink.aside(&raw);
            if !behind.is_empty() {
                sink.aside(&behind);
            }
            summary.trailer = Some(raw);
        }
        if let Some(finding) = wrong {
            summary.findings.push(finding.clone());
            summary.incomplete = Some(finding);
            summary.bogus = true;
        }
    }
}

/// True if a carriage return stands outside quotes.
fn has_stray_return(record: &str, cutter: Option<&Cutter>) -> bool {
    let mut openness = Openness::default();
    let mut parts = record.split('\r').peekable();
    while let Some(part) = parts.next() {
        openness = openness.within(part.as_bytes(), cutter);
        if parts.peek().is_some() && !openness.goes_on() {
            return true;
        }
        openness = openness.behind_character();
    }
    false
}

/// The text of a line that was decoded: it is UTF-8.
fn as_text(line: &[u8]) -> &str {
    simdutf8::basic::from_utf8(line).unwrap_or_default()
}
