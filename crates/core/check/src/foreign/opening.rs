//! The beginning of a file in a dialect: its encoding, what stands before the header, the header.

use std::sync::Arc;

use tidewaiter_model::finding::{Code, Finding, Tally};
use tidewaiter_schema::compile::Scope;
use tidewaiter_schema::config::dialect::{LineBreaks, SkipLines};

use crate::decode::Decoder;
use crate::dialect::{Cells, Dialect, Meant, Openness, Own};
use crate::header::{self, Header};
use crate::place::Place;
use crate::split::{self, QuoteFault, value_of};
use crate::{Limits, Sink, hint, kind_of_file, without_break};

/// How many bytes show a byte order mark.
const MARK: usize = 3;
/// How many lines before the header are looked at.
const LOOKED_AT: u64 = 1_000;

/// The state between two chunks while the header is not complete.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) scope: Arc<Scope>,
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
    own: Arc<Own>,
    /// What was fed.
    raw: Vec<u8>,
    /// How the text is decoded, as soon as that is known.
    decoder: Option<Decoder>,
    /// The line that begins next.
    next: Place,
    /// The lines of the header that are complete: their fields.
    rows: Vec<Vec<String>>,
    /// A line of the header whose quote is open: its text so far, with line breaks.
    open: String,
    /// Where the header begins.
    begins: Place,
}

/// What the beginning of a file comes to.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// More bytes are needed.
    Undecided,
    /// The header is known. What follows it begins at this place of the file.
    Good(Box<Good>),
    /// The file is refused.
    Bogus,
}

/// A header, and what follows it.
#[derive(Debug)]
pub(crate) struct Good {
    pub(crate) header: Header,
    pub(crate) decoder: Decoder,
    pub(crate) next: Place,
    /// What was fed and is not part of the header.
    pub(crate) rest: Vec<u8>,
}

impl Opening {
    pub(crate) fn new(scope: Arc<Scope>, dialect: Dialect, own: Arc<Own>, limits: Limits) -> Self {
        Self {
            scope,
            dialect,
            limits,
            own,
            raw: Vec::new(),
            decoder: None,
            next: Place::of_line(1, 0),
            rows: Vec::new(),
            open: String::new(),
            begins: Place::of_line(1, 0),
        }
    }

    /// True if the lines behind the header are told apart as in the strict form.
    pub(crate) fn has_plain_lines(&self) -> bool {
        self.own.has_plain_lines()
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8], tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        self.raw.extend_from_slice(bytes);
        self.advance(false, tally, sink)
    }

    /// The file ends here.
    pub(crate) fn finish(&mut self, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        self.advance(true, tally, sink)
    }

    /// Reads as many lines as are there.
    fn advance(&mut self, is_all: bool, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        let decoder = match &self.decoder {
            Some(decoder) => decoder.clone(),
            None if self.raw.len() < MARK && !is_all => return Verdict::Undecided,
            None => self.begin(),
        };
        loop {
            let at = self.at();
            let rest = self.raw.get(at..).unwrap_or_default();
            if self.own.mapping.in_order.is_some() && self.is_behind_skipped() {
                if rest.is_empty() && !is_all {
                    return Verdict::Undecided;
                }
                return self.headless(&decoder, tally, sink);
            }
            let end = match decoder.end_of_line(rest) {
                Some(end) => end,
                None if is_all && !rest.is_empty() => rest.len(),
                None if is_all => return self.ended(tally),
                None if rest.len() > self.limits.header_bytes => return self.too_long(tally),
                None => return Verdict::Undecided,
            };
            if at + end > self.limits.header_bytes {
                return self.too_long(tally);
            }
            let raw = rest.get(..end).unwrap_or_default().to_vec();
            let place = self.next;
            self.next = place.behind(1, end);
            match self.line(&raw, place, &decoder, tally) {
                Step::On => {}
                Step::Bogus => return Verdict::Bogus,
                Step::Complete => return self.complete(&decoder, tally, sink),
            }
        }
    }

    /// How many bytes are read.
    fn at(&self) -> usize {
        usize::try_from(self.next.byte).unwrap_or(usize::MAX)
    }

    /// Finds how the text is decoded.
    fn begin(&mut self) -> Decoder {
        let tried = self.own.options.encoding.tried();
        // Strict UTF-8 has no byte order mark: the label that it is part of is unknown.
        let mark = if tried.is_empty() { None } else { Decoder::of_mark(&self.raw) };
        let (decoder, mark) = mark.unwrap_or_else(|| (Decoder::new(tried), 0));
        self.next.byte = mark as u64;
        self.decoder = Some(decoder.clone());
        decoder
    }

    /// True if the lines that are to be skipped are read.
    fn is_behind_skipped(&self) -> bool {
        match self.own.options.skip_lines {
            SkipLines::Lines(lines) => self.next.number > lines,
            SkipLines::Auto => true,
        }
    }

    /// What the file seems to be, if it is no text that the import describes.
    fn other_kind(&self, start: &[u8], decoder: &Decoder) -> Option<Finding> {
        if !decoder.is_wide()
            && let Some(finding) = kind_of_file::recognise(start)
        {
            return Some(finding);
        }
        let is_marked = self.own.options.encoding.tried().is_empty() && Decoder::of_mark(start).is_some();
        is_marked.then(|| {
            let finding = Finding::line(Code::EncodingError, 1, 0, "the file begins with a byte order mark");
            finding.with_hint("save it without one, or add `\"encoding\": \"auto\"` to the import")
        })
    }

    /// Takes one line.
    fn line(&mut self, raw: &[u8], place: Place, decoder: &Decoder, tally: &mut Tally) -> Step {
        let options = &self.own.options;
        if place.number == 1
            && let Some(finding) = self.other_kind(raw, decoder)
        {
            tally.push(finding);
            return Step::Bogus;
        }
        if matches!(options.skip_lines, SkipLines::Lines(lines) if place.number <= lines) {
            return Step::On;
        }
        let Some(text) = decoder.line(raw) else {
            if options.skip_lines == SkipLines::Auto && self.rows.is_empty() && place.number < LOOKED_AT {
                return Step::On;
            }
            tally.push(undecodable(place, raw, decoder));
            return Step::Bogus;
        };
        let content = std::str::from_utf8(without_break(text.as_bytes())).unwrap_or_default();
        let begins = self.rows.is_empty() && self.open.is_empty();
        if begins && options.comment.as_ref().is_some_and(|prefix| content.starts_with(prefix.as_str())) {
            return Step::On;
        }
        if begins && options.skip_lines == SkipLines::Auto && !self.is_header(content) {
            if place.number < LOOKED_AT {
                return Step::On;
            }
            let message = format!("none of the first {LOOKED_AT} lines is a header with known columns");
            tally.push(Finding::file(Code::MissingLabel, message).with_hint(hint::known_labels(&self.scope)));
            return Step::Bogus;
        }
        if begins && content.trim().is_empty() {
            let message = "the line is empty, but must be the header";
            tally.push(place.finding(Code::BlankLabel, message).with_hint(hint::messages::EMPTY_LINES));
            return Step::Bogus;
        }
        if begins {
            self.begins = place;
        }
        if let Some(at) = memchr::memchr2(0, b'\r', content.as_bytes()) {
            let name =
                if content.as_bytes().get(at) == Some(&0) { "a NUL byte" } else { "a carriage return" };
            tally.push(place.finding(Code::ControlCharacter, format!("the header contains {name}")));
            return Step::Bogus;
        }
        self.open.push_str(content);
        if options.line_breaks == LineBreaks::Keep && self.goes_on() {
            self.open.push('\n');
            return Step::On;
        }
        let record = std::mem::take(&mut self.open);
        match self.fields(&record) {
            Ok(row) => self.rows.push(row),
            Err(fault) => {
                let (code, message) = match fault {
                    QuoteFault::Stray { .. } => (Code::StrayQuote, "a quote is out of place in the header"),
                    QuoteFault::Open { .. } => {
                        (Code::UnclosedQuote, "a quote is opened but not closed in the header")
                    }
                };
                tally.push(place.finding(code, message).with_value(record.as_bytes()));
                return Step::Bogus;
            }
        }
        if self.rows.len() >= usize::from(self.own.options.header.lines) { Step::Complete } else { Step::On }
    }

    /// True if the line of the header that is being read goes on behind its line break.
    fn goes_on(&self) -> bool {
        Openness::default().behind(self.open.as_bytes(), self.own.cutter.as_ref()).goes_on()
    }

    fn fields(&self, record: &str) -> Result<Vec<String>, QuoteFault> {
        let most = self.limits.columns + 1;
        let mut cells = Cells::default();
        let text = if let Some(cutter) = &self.own.cutter {
            cutter.cut(record, most, &mut cells)?;
            cells.text.as_str()
        } else {
            split::quoted(record.as_bytes(), self.dialect.delimiter, most, &mut cells.spans)?;
            record
        };
        let label = |span| self.own.mapping.clean(&value_of(text, span)).to_owned();
        Ok(cells.spans.iter().map(|&span| label(span)).collect())
    }

    /// True if at least half of the fields of a line that are not empty are labels of known columns.
    fn is_header(&self, content: &str) -> bool {
        let Ok(fields) = self.fields(content) else { return false };
        let filled = fields.iter().filter(|label| !label.trim().is_empty());
        let is_known =
            |label: &&String| matches!(self.own.mapping.look_up(label, &self.scope), Meant::Column(_));
        let known = filled.clone().filter(is_known).count();
        known > 0 && known * 2 >= filled.count()
    }

    /// All lines of the header are read.
    fn complete(&mut self, decoder: &Decoder, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let place = Place { lines: self.next.number - self.begins.number, ..self.begins };
        if width > self.limits.columns {
            let message = format!("the header has more than {} columns", self.limits.columns);
            tally.push(place.finding(Code::HeaderTooLong, message));
            return Verdict::Bogus;
        }
        let label = |n: usize| {
            let parts = self.rows.iter().filter_map(|row| row.get(n)).map(|part| part.trim());
            let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            match self.rows.as_slice() {
                [only] => only.get(n).cloned().unwrap_or_default(),
                _ => parts.join(" "),
            }
        };
        let labels: Vec<String> = (0..width).map(label).collect();
        if let [only] = labels.as_slice()
            && self.own.cutter.is_none()
            && self.own.mapping.look_up(only, &self.scope) == Meant::Unknown
            && let Some(hint) = hint::delimiter_of_header(only, self.dialect.delimiter, &self.scope)
        {
            let finding = place.finding(Code::ExtraLabel, "the header is a single unknown column");
            tally.push(finding.at(1, only).with_hint(hint));
            return Verdict::Bogus;
        }
        let header = header::of_labels(&labels, &self.scope, &self.own.mapping, place, tally);
        self.give(header, decoder, sink)
    }

    /// The file has no header: the import says what its columns are.
    fn headless(&mut self, decoder: &Decoder, tally: &mut Tally, sink: &mut impl Sink) -> Verdict {
        let rest = self.raw.get(self.at()..).unwrap_or_default();
        if rest.is_empty() {
            return self.ended(tally);
        }
        if self.next.number == 1
            && let Some(finding) = self.other_kind(rest, decoder)
        {
            tally.push(finding);
            return Verdict::Bogus;
        }
        let columns = self.own.mapping.in_order.clone().unwrap_or_default();
        let header = header::in_order(&columns, &self.scope, self.next, tally);
        self.give(header, decoder, sink)
    }

    fn give(&mut self, header: Option<Header>, decoder: &Decoder, sink: &mut impl Sink) -> Verdict {
        let Some(header) = header else { return Verdict::Bogus };
        let rest = self.raw.split_off(self.at().min(self.raw.len()));
        sink.header(&self.raw, &header);
        Verdict::Good(Box::new(Good { header, decoder: decoder.clone(), next: self.next, rest }))
    }

    /// The file ended before its header was complete.
    fn ended(&self, tally: &mut Tally) -> Verdict {
        if self.raw.iter().all(|byte| matches!(byte, b'\r' | b'\n')) || self.at() == 0 {
            tally.push(Finding::file(Code::EmptyFile, "the file is empty"));
        } else {
            let finding = Finding::file(Code::MissingLabel, "the file ends before its header");
            tally.push(finding.with_hint(hint::known_labels(&self.scope)));
        }
        Verdict::Bogus
    }

    fn too_long(&self, tally: &mut Tally) -> Verdict {
        let message = format!("the header is longer than {} bytes", self.limits.header_bytes);
        tally.push(self.next.finding(Code::HeaderTooLong, message));
        Verdict::Bogus
    }
}

/// What one line comes to.
enum Step {
    /// The header is not complete.
    On,
    Complete,
    Bogus,
}

/// The finding on a line that cannot be decoded.
pub(crate) fn undecodable(place: Place, raw: &[u8], decoder: &Decoder) -> Finding {
    let finding = if decoder.is_utf8() {
        hint::not_utf8(without_break(raw), place.number, place.byte)
    } else {
        let message = format!("the line is not {}", decoder.names());
        place.finding(Code::EncodingError, message).with_record(decoder.shown(raw).trim_end().as_bytes())
    };
    Finding { lines: place.lines, ..finding }
}
