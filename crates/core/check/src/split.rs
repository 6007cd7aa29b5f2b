//! From a line to its fields.
//!
//! How delimiters and quotes work, read byte by byte: for the header, for lines that are rejected, and for
//! fixing. Lines on their way through a check are split by `fields`, from an index; a test compares the two.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Where a field's value stands in its line, without the quotes around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The value holds doubled quotes, each of which stands for one.
    pub(crate) doubled: bool,
}

/// The value of a field: its text, with doubled quotes made single.
#[inline]
pub(crate) fn value_of(text: &str, span: Span) -> Cow<'_, str> {
    let value = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    if span.doubled { Cow::Owned(value.replace("\"\"", "\"")) } else { Cow::Borrowed(value) }
}

/// What is wrong with the quotes of a line. `field` counts from 0, `at` is a byte of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteFault {
    /// A quote within an unquoted field, or text after a closing quote.
    Stray { field: usize, at: usize },
    /// The quoted field that begins at `at` does not end on this line.
    Open { field: usize, at: usize },
}

/// Splits a line that may hold quotes, and gives the number of its fields. At most `most` spans are kept.
pub(crate) fn quoted(
    line: &[u8],
    delimiter: u8,
    most: usize,
    spans: &mut Vec<Span>,
) -> Result<usize, QuoteFault> {
    let mut walk = Walk { line, delimiter, at: 0, more: true };
    let mut field = 0;
    while walk.more {
        let start = walk.at;
        let step = if line.get(start) == Some(&b'"') {
            walk.at += 1;
            walk.quoted()
        } else {
            walk.unquoted()
        };
        match step {
            Step::Field(span) if spans.len() < most => spans.push(span),
            Step::Field(_) => {}
            Step::Stray => return Err(QuoteFault::Stray { field, at: walk.at }),
            Step::Open => return Err(QuoteFault::Open { field, at: start }),
        }
        field += 1;
    }
    Ok(field)
}

/// Where the text after an open quote leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continued {
    /// The quote is still open.
    Open,
    /// The quote was closed, and the record, of so many fields, ends with this line.
    Closed { fields: usize },
    /// This cannot be the rest of a record: a quote is out of place or opened again.
    Broken,
    /// As [`Continued::Open`], but a field further: an earlier one was closed and a new one opened.
    Moved { fields: usize },
}

/// Reads a line as what follows an open quote; `fields` fields were complete before that quote.
pub(crate) fn continued(line: &[u8], delimiter: u8, mut fields: usize) -> Continued {
    let mut walk = Walk { line, delimiter, at: 0, more: true };
    let mut step = walk.quoted();
    let before = fields;
    loop {
        match step {
            Step::Stray => return Continued::Broken,
            Step::Open if fields == before => return Continued::Open,
            Step::Open => return Continued::Moved { fields },
            Step::Field(_) => fields += 1,
        }
        if !walk.more {
            return Continued::Closed { fields };
        }
        step = if line.get(walk.at) == Some(&b'"') {
            walk.at += 1;
            walk.quoted()
        } else {
            walk.unquoted()
        };
    }
}

struct Walk<'a> {
    line: &'a [u8],
    delimiter: u8,
    /// The next byte to look at; where a stray quote was met, the byte that is out of place.
    at: usize,
    /// A delimiter was passed last, so a field follows, even if it is empty.
    more: bool,
}

enum Step {
    Field(Span),
    Open,
    Stray,
}

impl Walk<'_> {
    fn rest(&self) -> &[u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// Passes a quoted field, from the byte after its quote.
    fn quoted(&mut self) -> Step {
        let start = self.at;
        let mut doubled = false;
        loop {
            let Some(n) = memchr(b'"', self.rest()) else {
                self.at = self.line.len();
                return Step::Open;
            };
            let end = self.at + n;
            let span = Span { start: start as u32, end: end as u32, doubled };
            match self.line.get(end + 1) {
                Some(b'"') => {
                    doubled = true;
                    self.at = end + 2;
                }
                None => {
                    self.at = end + 1;
                    self.more = false;
                    return Step::Field(span);
                }
                Some(&next) if next == self.delimiter => {
                    self.at = end + 2;
                    return Step::Field(span);
                }
                Some(_) => {
                    self.at = end + 1;
                    return Step::Stray;
                }
            }
        }
    }

    /// Passes a field without quotes.
    fn unquoted(&mut self) -> Step {
        let start = self.at as u32;
        let Some(n) = memchr2(self.delimiter, b'"', self.rest()) else {
            self.at = self.line.len();
            self.more = false;
            return Step::Field(Span { start, end: self.at as u32, doubled: false });
        };
        let end = self.at + n;
        if self.line.get(end) == Some(&b'"') {
            self.at = end;
            return Step::Stray;
        }
        self.at = end + 1;
        Step::Field(Span { start, end: end as u32, doubled: false })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is blank, or holds a carriage return, is rejected before it is split: to the crate both end a line.
        #[test]
        fn fields_are_those_of_the_crate_csv(line in "(\"?[a;, é\"]{0,6}\"?[;,]?){1,6}") {
            for delimiter in [b';', b','] {
                let mut spans = Vec::new();
                if quoted(line.as_bytes(), delimiter, usize::MAX, &mut spans).is_err() || line.is_empty() {
                    continue;
                }
                let value = |span: &Span| line[span.start as usize..span.end as usize].to_owned();
                let values: Vec<String> = spans
                    .iter()
                    .map(|span| if span.doubled { value(span).replace("\"\"", "\"") } else { value(span) })
                    .collect();
                let file = format!("first\n{line}");
                let mut reader =
                    csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file.as_bytes());
                let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
                prop_assert_eq!(&records, &[csv::StringRecord::from(values)]);
            }
        }
    }

    fn values(line: &str) -> Result<Vec<(&str, bool)>, QuoteFault> {
        let mut spans = Vec::new();
        let fields = quoted(line.as_bytes(), b';', usize::MAX, &mut spans)?;
        assert_eq!(fields, spans.len());
        Ok(spans.iter().map(|s| (&line[s.start as usize..s.end as usize], s.doubled)).collect())
    }

    #[test]
    fn fields_stand_between_delimiters() {
        assert_eq!(values(""), Ok(vec![("", false)]));
        assert_eq!(values("a"), Ok(vec![("a", false)]));
        assert_eq!(values("a;"), Ok(vec![("a", false), ("", false)]));
        assert_eq!(values(";a b;"), Ok(vec![("", false), ("a b", false), ("", false)]));
    }

    #[test]
    fn quotes_may_stand_around_a_field() {
        assert_eq!(values("\"a\""), Ok(vec![("a", false)]));
        assert_eq!(values("\"\";\"\""), Ok(vec![("", false), ("", false)]));
        assert_eq!(values("\"a;b\";c"), Ok(vec![("a;b", false), ("c", false)]));
        assert_eq!(values("\"a\"\"b\";"), Ok(vec![("a\"\"b", true), ("", false)]));
        assert_eq!(values("\"\"\"\""), Ok(vec![("\"\"", true)]));
    }

    #[test]
    fn quotes_elsewhere_are_faults() {
        assert_eq!(values("a\"b;c"), Err(QuoteFault::Stray { field: 0, at: 1 }));
        assert_eq!(values("a;\"b\"c"), Err(QuoteFault::Stray { field: 1, at: 5 }));
        assert_eq!(values("a;\"b\" ;c"), Err(QuoteFault::Stray { field: 1, at: 5 }));
        assert_eq!(values("a;\"b;c"), Err(QuoteFault::Open { field: 1, at: 2 }));
        assert_eq!(values("a;\""), Err(QuoteFault::Open { field: 1, at: 2 }));
        assert_eq!(values("\"a\"\""), Err(QuoteFault::Open { field: 0, at: 0 }));
    }

    #[test]
    fn no_more_spans_are_kept_than_asked_for() {
        let mut spans = Vec::new();
        assert_eq!(quoted(b"1;2;3;4", b';', 2, &mut spans), Ok(4));
        assert_eq!(spans.len(), 2);
    }

    #[test]
    fn a_line_may_go_on_after_an_open_quote() {
        assert_eq!(continued(b"b;c", b';', 1), Continued::Open);
        assert_eq!(continued(b"b \"\"c\"\"", b';', 1), Continued::Open);
        assert_eq!(continued(b"b\";c", b';', 1), Continued::Closed { fields: 3 });
        assert_eq!(continued(b"\"", b';', 1), Continued::Closed { fields: 2 });
        assert_eq!(continued(b"\";", b';', 1), Continued::Closed { fields: 3 });
        assert_eq!(continued(b"b\"c", b';', 1), Continued::Broken);
        assert_eq!(continued(b"b\";c\"", b';', 1), Continued::Broken);
        assert_eq!(continued(b"b\";\"c", b';', 1), Continued::Moved { fields: 2 });
    }
}
