//! The form in which files of ours are written that an import reads: that of its own files.

use jiff::civil::{Date, Time};
use tidewaiter::config::DialectOptions;
use tidewaiter::config::dialect::{DateFormat, Escape};

/// The byte order mark of UTF-8. It counts more than the encoding that the import says.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How values and records are written.
#[derive(Debug, Clone)]
pub(crate) struct WrittenForm {
    delimiter: String,
    quote: Option<char>,
    escape: Option<char>,
    decimal: char,
    dates: Vec<DateFormat>,
    truths: Option<[String; 2]>,
    is_marked: bool,
}

impl WrittenForm {
    /// The form of the files of an import.
    pub(crate) fn of(options: &DialectOptions) -> Self {
        let truths = options.true_values.first().zip(options.false_values.first());
        Self {
            delimiter: options.delimiter.as_str().to_owned(),
            quote: options.quote.get(),
            escape: options.escape.map(Escape::get),
            decimal: options.decimal.get(),
            dates: options.date_formats.clone(),
            truths: truths.map(|(yes, no)| [no.clone(), yes.clone()]),
            is_marked: options.encoding.is_other_than_utf8(),
        }
    }

    /// What stands between two fields.
    pub(crate) fn delimiter(&self) -> &str {
        &self.delimiter
    }

    /// What the file begins with.
    pub(crate) fn mark(&self) -> &'static [u8] {
        if self.is_marked { MARK } else { b"" }
    }

    /// The delimiter and the quote, if each is one byte, there is no escape, and values are written as they are.
    pub(crate) fn plain(&self) -> Option<(u8, u8)> {
        let [delimiter] = self.delimiter.as_bytes() else { return None };
        let quote = u8::try_from(self.quote?).ok().filter(u8::is_ascii)?;
        let is_plain =
            self.escape.is_none() && self.decimal == '.' && self.dates.is_empty() && self.truths.is_none();
        is_plain.then_some((*delimiter, quote))
    }

    /// A number with a point in the form of the import. None if it stays as it is.
    pub(crate) fn number(&self, text: &str) -> Option<String> {
        (self.decimal != '.').then(|| text.replace('.', &self.decimal.to_string()))
    }

    /// A day in the form of the import. None if it has none for it.
    pub(crate) fn day(&self, day: Date, time: Option<Time>) -> Option<String> {
        self.dates.iter().find_map(|format| format.write(day, time))
    }

    /// True or false in the words of the import. None if it has none.
    pub(crate) fn truth(&self, value: bool) -> Option<&str> {
        self.truths.as_ref()?.get(usize::from(value)).map(String::as_str)
    }

    /// Adds a field to a record, within quotes if it needs them.
    pub(crate) fn field(&self, text: &str, record: &mut Vec<u8>) {
        if self.needs_quotes(text) {
            self.quoted(text, record);
        } else {
            record.extend_from_slice(text.as_bytes());
        }
    }

    fn needs_quotes(&self, text: &str) -> bool {
        let is_special =
            |c: char| matches!(c, '\r' | '\n') || Some(c) == self.quote || Some(c) == self.escape;
        text.contains(&*self.delimiter) || text.contains(is_special)
    }

    /// Adds a field within quotes.
    pub(crate) fn quoted(&self, text: &str, record: &mut Vec<u8>) {
        let mut push = |c: char| record.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.quote.into_iter().for_each(&mut push);
        for c in text.chars() {
            let is_meant = Some(c) == self.quote || Some(c) == self.escape;
            // Without quotes, the escape is all that keeps a delimiter in its field.
            let is_bare = self.quote.is_none() && (self.delimiter.contains(c) || matches!(c, '\r' | '\n'));
            if is_meant || is_bare {
                self.escape.or(self.quote).into_iter().for_each(&mut push);
            }
            push(c);
        }
        self.quote.into_iter().for_each(&mut push);
    }
}
