//! Whether lines are accepted: the path that every line takes, and nothing on it that a good line does
//! not need.
//!
//! Lines are judged many at a time: an index says where their fields end, and their encoding is checked in
//! one go. What is said of a line depends on that line alone, all the same.

use tidewaiter_schema::compile::Letters;

use super::fields::{self, Fields};
use super::rules::{Fault, Rules};
use super::scan::{BLOCK, Index, Kernel, Marks, Masks, Work};
use super::split::{Span, value_of};

/// Memory that is used again for the next lines.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    index: Index,
    spans: Vec<Span>,
    kernel: Kernel,
}

impl Scratch {
    /// Memory for lines that are looked at by this kernel.
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self { kernel, ..Self::default() }
    }

    /// By what lines are looked at.
    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }
}

/// A line that is accepted: its text without the line break, and where its values stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Good<'a> {
    pub(crate) text: &'a str,
    pub(crate) fields: Fields<'a>,
}

impl Rules {
    /// Judges whole lines, less than 4 GiB of them; the last one may lack its line break. `each` is called for every
    /// line in order, with its bytes and the verdict. A line longer than `longest` bytes, without its line feed, is
    /// not looked at.
    #[inline]
    pub(crate) fn judge<'a>(
        &self,
        lines: &'a [u8],
        longest: usize,
        scratch: &mut Scratch,
        each: impl FnMut(&'a [u8], Result<Good<'_>, Fault>),
    ) {
        let Scratch { index, spans, kernel } = scratch;
        kernel.run(self.delimiter, Judging { rules: self, lines, longest, index, spans, each });
    }

    /// Judges one line without its line break.
    pub(crate) fn judge_one(&self, content: &str, scratch: &mut Scratch) -> Result<(), Fault> {
        let mut verdict = Err(Fault::Blank);
        self.judge(content.as_bytes(), usize::MAX, scratch, |_, judged| verdict = judged.map(|_| ()));
        verdict
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "only what is inlined may use the features of a kernel")]
    fn judge_line<'a, 'l: 'a>(
        &self,
        lines: &[u8],
        marks: Marks<'a>,
        texts: &mut Texts<'l>,
        spans: &'a mut Vec<Span>,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
    ) -> Result<Good<'a>, Fault> {
        let end = marks.ends.last().copied().unwrap_or(marks.start);
        let text = texts.of(marks, end).ok_or(Fault::Encoding)?;
        if marks.control {
            return Err(Fault::Control);
        }
        if text.is_empty() {
            return Err(Fault::Blank);
        }
        if !marks.quotes.is_empty() {
            return self.judge_quoted(lines, text, marks, spans, letters);
        }
        if marks.ends.len() != self.width() {
            return Err(Fault::Width { fields: marks.ends.len() });
        }
        let fields = Fields::Plain { start: marks.start, ends: marks.ends };
        let is_good = |column| self.is_good_cell(column, lines, marks, text, fields);
        let cells_are_good = if self.glance.accepts_lengths(marks) {
            self.glance.accepts_others(lines, |column| marks.value(column), letters, is_good)
        } else {
            (0..fields.len()).all(is_good)
        };
        let good = cells_are_good && self.sets_are_filled(text, fields);
        if good { Ok(Good { text, fields }) } else { Err(Fault::Cells) }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `judge_line`")]
    fn judge_quoted<'a>(
        &self,
        lines: &[u8],
        text: &'a str,
        marks: Marks<'_>,
        spans: &'a mut Vec<Span>,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
    ) -> Result<Good<'a>, Fault> {
        // One more than wanted is enough to know that there are too many.
        let (fields, doubled) = fields::quoted(marks, self.width() + 1, spans).map_err(Fault::Quotes)?;
        if fields != self.width() {
            return Err(Fault::Width { fields });
        }
        let fields = Fields::Quoted(spans);
        let is_good = |column| self.is_good_cell(column, lines, marks, text, fields);
        let place = |column: usize| {
            let span = spans.get(column).filter(|span| !span.doubled)?;
            Some((marks.start + span.start, marks.start + span.end))
        };
        let cells_are_good = if self.glance.accepts_spans(spans, doubled) {
            self.glance.accepts_others(lines, place, letters, is_good)
        } else {
            (0..fields.len()).all(is_good)
        };
        let good = cells_are_good && self.sets_are_filled(text, fields);
        if good { Ok(Good { text, fields }) } else { Err(Fault::Cells) }
    }

    /// Judges a record whose fields are told apart already: so many, which stand in these spans of a text.
    pub(crate) fn judge_record<'a>(
        &self,
        text: &'a str,
        spans: &'a [Span],
        fields: usize,
    ) -> Result<Good<'a>, Fault> {
        if fields != self.width() {
            return Err(Fault::Width { fields });
        }
        let fields = Fields::Quoted(spans);
        let mut cells = spans.iter().zip(&self.plan);
        let good = cells.all(|(&span, plan)| self.is_good_value(value_of(text, span), plan))
            && self.sets_are_filled(text, fields);
        if good { Ok(Good { text, fields }) } else { Err(Fault::Cells) }
    }

    /// Judges a value of a line, whatever it is. It is kept out of the way of what passes at a glance.
    #[cold]
    fn is_good_cell(
        &self,
        column: usize,
        lines: &[u8],
        marks: Marks<'_>,
        text: &str,
        fields: Fields<'_>,
    ) -> bool {
        let (Some(plan), Some(value)) = (self.plan.get(column), fields.span(column)) else { return false };
        let length = (value.end - value.start) as usize;
        let quick = if value.doubled {
            plan.quick.accepts_doubled(length)
        } else {
            let tail = lines.get((marks.start + value.start) as usize..).unwrap_or_default();
            plan.quick.accepts(tail, length, plan.empty, Letters::of)
        };
        quick || self.is_good_value(value_of(text, value), plan)
    }
}

/// Lines that are judged: work that is compiled for each kernel.
struct Judging<'a, 's, F> {
    rules: &'s Rules,
    lines: &'a [u8],
    longest: usize,
    index: &'s mut Index,
    spans: &'s mut Vec<Span>,
    each: F,
}

impl<'a, F: FnMut(&'a [u8], Result<Good<'_>, Fault>)> Work for Judging<'a, '_, F> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `judge_line`")]
    fn run(
        self,
        masks: impl Fn(&[u8; BLOCK]) -> Masks,
        positions: impl Fn(u64, u32, &mut [u32; BLOCK]) + Copy,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
    ) {
        let Self { rules, lines, longest, index, spans, mut each } = self;
        index.fill(lines, masks, positions);
        let mut texts = Texts::new(lines);
        for marks in index.lines() {
            let raw = lines.get(marks.start as usize..marks.end as usize).unwrap_or_default();
            if raw.len() > longest && raw.strip_suffix(b"\n").unwrap_or(raw).len() > longest {
                each(raw, Err(Fault::Length));
            } else {
                each(raw, rules.judge_line(lines, marks, &mut texts, spans, letters));
            }
        }
    }
}

/// The lines as text, as far as they are UTF-8.
///
/// Nothing that is not UTF-8 reaches beyond a line feed, so a line is good or bad by itself also when many
/// are looked at together.
struct Texts<'a> {
    lines: &'a [u8],
    /// What is known to be text begins here.
    from: usize,
    good: &'a str,
    /// What is behind it is not; what comes after this byte was not looked at.
    bad: Option<usize>,
}

impl<'a> Texts<'a> {
    fn new(lines: &'a [u8]) -> Self {
        let mut texts = Self { lines, from: 0, good: "", bad: None };
        texts.look(0);
        texts
    }

    /// The text of a line whose content ends at `end`.
    #[inline]
    fn of(&mut self, line: Marks<'_>, end: u32) -> Option<&'a str> {
        let start = line.start as usize;
        if let Some(bad) = self.bad {
            if bad < start {
                self.look(start);
            }
            if self.bad.is_some_and(|bad| bad < line.end as usize) {
                return None;
            }
        }
        self.good.get(start - self.from..end as usize - self.from)
    }

    /// Looks at what begins here.
    fn look(&mut self, from: usize) {
        let bytes = self.lines.get(from..).unwrap_or_default();
        self.from = from;
        // To ask only whether it is UTF-8 would be faster, but reads on behind what is not: each time, in a file of bad lines.
        (self.good, self.bad) = match simdutf8::compat::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = simdutf8::basic::from_utf8(good).unwrap_or_default();
                (text, Some(from + error.valid_up_to()))
            }
        };
    }
}
