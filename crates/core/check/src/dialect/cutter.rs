//! Tells the fields of a record apart where more than one byte separates them, or quotes are not doubled `"`.

use tidewaiter_schema::config::DialectOptions;
use tidewaiter_schema::config::dialect::Escape;

use crate::split::{QuoteFault, Span};

/// How fields are told apart.
#[derive(Debug, Clone)]
pub(crate) struct Cutter {
    delimiter: Box<[u8]>,
    quote: Option<u8>,
    escape: Option<u8>,
}

/// The fields of a record: their values one after the other, and where each stands.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) text: String,
    pub(crate) spans: Vec<Span>,
}

/// What `MySQL` writes for NULL, where the escape is a backslash.
const NULL: &[u8] = b"N";

impl Cutter {
    /// None if one ASCII byte and doubled `"` tell fields apart: that is done faster elsewhere.
    pub(crate) fn of(options: &DialectOptions) -> Option<Self> {
        let byte = |c: char| u8::try_from(c).ok();
        let cutter = Self {
            delimiter: options.delimiter.as_str().as_bytes().into(),
            quote: options.quote.get().and_then(byte),
            escape: options.escape.map(Escape::get).and_then(byte),
        };
        let is_usual = options.delimiter.as_byte().is_some() && cutter.quote == Some(b'"');
        (!is_usual || cutter.escape.is_some()).then_some(cutter)
    }

    /// Tells the fields of a record apart, and gives their number. At most `most` are kept.
    pub(crate) fn cut(&self, record: &str, most: usize, cells: &mut Cells) -> Result<usize, QuoteFault> {
        cells.text.clear();
        cells.spans.clear();
        let mut bytes = Vec::with_capacity(record.len());
        let found = self.fields(record.as_bytes(), most, &mut bytes, &mut cells.spans);
        // Nothing but whole ASCII characters and delimiters was removed.
        cells.text = String::from_utf8(bytes).unwrap_or_default();
        found
    }

    fn fields(
        &self,
        record: &[u8],
        most: usize,
        text: &mut Vec<u8>,
        spans: &mut Vec<Span>,
    ) -> Result<usize, QuoteFault> {
        let (mut at, mut field) = (0, 0);
        loop {
            let start = text.len();
            let is_quoted = self.quote.is_some() && record.get(at).copied() == self.quote;
            let end = if is_quoted {
                self.quoted(record, at + 1, field, text)?
            } else {
                self.unquoted(record, at, field, text)?
            };
            if spans.len() < most {
                spans.push(Span { start: start as u32, end: text.len() as u32, doubled: false });
            } else {
                text.truncate(start);
            }
            field += 1;
            match end {
                Some(next) => at = next,
                None => return Ok(field),
            }
        }
    }

    /// Reads from behind an opening quote. Gives where the next field begins, or None at the end of the record.
    fn quoted(
        &self,
        record: &[u8],
        start: usize,
        field: usize,
        text: &mut Vec<u8>,
    ) -> Result<Option<usize>, QuoteFault> {
        let mut at = start;
        loop {
            let Some(&byte) = record.get(at) else {
                return Err(QuoteFault::Open { field, at: start - 1 });
            };
            if Some(byte) == self.escape {
                let Some(&next) = record.get(at + 1) else {
                    return Err(QuoteFault::Open { field, at: start - 1 });
                };
                text.push(next);
                at += 2;
            } else if Some(byte) == self.quote {
                let rest = record.get(at + 1..).unwrap_or_default();
                if rest.first().copied() == self.quote {
                    text.push(byte);
                    at += 2;
                } else if rest.is_empty() {
                    return Ok(None);
                } else if rest.starts_with(&self.delimiter) {
                    return Ok(Some(at + 1 + self.delimiter.len()));
                } else {
                    return Err(QuoteFault::Stray { field, at: at + 1 });
                }
            } else {
                text.push(byte);
                at += 1;
            }
        }
    }

    fn unquoted(
        &self,
        record: &[u8],
        start: usize,
        field: usize,
        text: &mut Vec<u8>,
    ) -> Result<Option<usize>, QuoteFault> {
        let mut at = start;
        while let Some(&byte) = record.get(at) {
            let rest = record.get(at..).unwrap_or_default();
            if rest.starts_with(&self.delimiter) {
                return Ok(Some(at + self.delimiter.len()));
            }
            if Some(byte) == self.escape {
                let Some(&next) = rest.get(1) else { return Err(QuoteFault::Open { field, at }) };
                let behind = rest.get(2..).unwrap_or_default();
                let is_null = at == start
                    && [next] == *NULL
                    && (behind.is_empty() || behind.starts_with(&self.delimiter));
                if is_null {
                    text.push(byte);
                }
                text.push(next);
                at += 2;
            } else if Some(byte) == self.quote {
                return Err(QuoteFault::Stray { field, at });
            } else {
                text.push(byte);
                at += 1;
            }
        }
        Ok(None)
    }
}

/// Whether a record goes on behind a line: it does while a quote is open, or if the line break is escaped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Openness {
    is_open: bool,
    is_escaped: bool,
}

impl Openness {
    /// The same behind one more line, without its line break, which is what an escape at the end of the line before it
    /// stood for.
    pub(crate) fn behind(self, line: &[u8], cutter: Option<&Cutter>) -> Self {
        self.behind_character().within(line, cutter)
    }

    /// The same behind a character that is neither quote nor escape: an escape before it has no effect any more.
    pub(crate) fn behind_character(self) -> Self {
        Self { is_escaped: false, ..self }
    }

    /// The same behind more of a line.
    pub(crate) fn within(self, line: &[u8], cutter: Option<&Cutter>) -> Self {
        let (quote, escape) = cutter.map_or((Some(b'"'), None), |cutter| (cutter.quote, cutter.escape));
        let mut openness = self;
        if escape.is_none() {
            let quotes = quote.map_or(0, |quote| memchr::memchr_iter(quote, line).count());
            openness.is_open ^= !quotes.is_multiple_of(2);
            return openness;
        }
        for &byte in line {
            if openness.is_escaped {
                openness.is_escaped = false;
            } else if Some(byte) == escape {
                openness.is_escaped = true;
            } else if Some(byte) == quote {
                openness.is_open = !openness.is_open;
            }
        }
        openness
    }

    /// True if the record goes on.
    pub(crate) fn goes_on(self) -> bool {
        self.is_open || self.is_escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutter(delimiter: &str, quote: Option<u8>, escape: Option<u8>) -> Cutter {
        Cutter { delimiter: delimiter.as_bytes().into(), quote, escape }
    }

    fn cut(cutter: &Cutter, record: &str) -> Result<Vec<String>, QuoteFault> {
        let mut cells = Cells::default();
        let fields = cutter.cut(record, usize::MAX, &mut cells)?;
        assert_eq!(fields, cells.spans.len());
        let value = |span: &Span| cells.text[span.start as usize..span.end as usize].to_owned();
        Ok(cells.spans.iter().map(value).collect())
    }

    #[test]
    fn fields_between_several_characters() {
        let bars = cutter("||", Some(b'"'), None);
        assert_eq!(cut(&bars, "a|b||c||").unwrap(), ["a|b", "c", ""]);
        assert_eq!(cut(&bars, "\"a||b\"||\"c\"\"d\"").unwrap(), ["a||b", "c\"d"]);
        assert_eq!(cut(&bars, "\"a\"|b"), Err(QuoteFault::Stray { field: 0, at: 3 }));
        assert_eq!(cut(&cutter("¦", Some(b'"'), None), "é¦ü").unwrap(), ["é", "ü"]);
    }

    #[test]
    fn other_quotes_and_none() {
        assert_eq!(cut(&cutter(";", Some(b'\''), None), "'it''s';\"x").unwrap(), ["it's", "\"x"]);
        assert_eq!(cut(&cutter(";", None, None), "\"a;b\"c").unwrap(), ["\"a", "b\"c"]);
    }

    #[test]
    fn escapes_as_mysql_writes_them() {
        let tabs = cutter("\t", None, Some(b'\\'));
        assert_eq!(cut(&tabs, "a\\\tb\t\\N\tc\\\\d\t\\\\N").unwrap(), ["a\tb", "\\N", "c\\d", "\\N"]);
        let quoted = cutter(",", Some(b'"'), Some(b'\\'));
        assert_eq!(cut(&quoted, r#""a\"b",c\,d"#).unwrap(), ["a\"b", "c,d"]);
        assert_eq!(cut(&quoted, r#""a\"#), Err(QuoteFault::Open { field: 0, at: 0 }));
    }

    #[test]
    fn a_record_goes_on_while_a_quote_is_open() {
        let behind = |line: &str| Openness::default().behind(line.as_bytes(), None).goes_on();
        assert!(behind("a;\"b"));
        assert!(!behind("a;\"b\"\"\""));
        let escaped = cutter(",", Some(b'"'), Some(b'\\'));
        assert!(Openness::default().behind(b"a\\", Some(&escaped)).goes_on());
        assert!(!Openness::default().behind(b"a\\\\", Some(&escaped)).goes_on());
        assert!(Openness::default().behind(b"\"a\\\"", Some(&escaped)).goes_on());
    }
}
