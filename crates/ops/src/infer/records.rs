//! Cuts text into records, and goes on where a record is damaged.
//!
//! The check of an import decides whether a record is good. Inference must find out how records are told apart, so this
//! reader takes anything, and counts what does not fit.

use std::borrow::Cow;

/// The most lines of a record, as `line_breaks` says.
const MOST_LINES: usize = 1_000;
/// The longest record with quotes that is looked at, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// After so many quotes that stay open, quotes are characters like others. Each costs a search of up to [`MOST_BYTES`].
const MOST_OPEN: usize = 20;

/// How records are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) delimiter: &'static str,
    pub(super) quote: Option<char>,
    pub(super) escape: Option<char>,
    pub(super) comment: Option<&'static str>,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// The number of its first line, from 0.
    pub(super) line: usize,
    /// How many lines it takes.
    pub(super) lines: usize,
    pub(super) cells: Vec<Cow<'a, str>>,
    /// True if it is a line whose first character begins comments in many files.
    pub(super) begins_with_hash: bool,
}

/// The records of a text.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    pub(super) records: Vec<Row<'a>>,
    /// How many lines were read.
    pub(super) lines: usize,
    /// Fields in quotes.
    pub(super) quoted: usize,
    /// Quotes that stand where none belongs.
    pub(super) stray: usize,
    /// Comment lines.
    pub(super) comments: usize,
}

/// Cuts a text into at most so many records. Empty lines and comments are none.
pub(super) fn cut<'a>(text: &'a str, how: &Cut, most: usize) -> Rows<'a> {
    let mut found = Rows::default();
    let (mut rest, mut open) = (text, 0);
    while !rest.is_empty() && found.records.len() < most {
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = rest.get(..end).unwrap_or_default();
        let content = without_break(line);
        let is_comment = how.comment.is_some_and(|prefix| content.starts_with(prefix));
        if content.is_empty() || is_comment {
            found.comments += usize::from(is_comment);
            found.lines += 1;
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        let quote = how.quote.filter(|_| open < MOST_OPEN);
        let record = record(rest, how, quote).unwrap_or_else(|| {
            open += 1;
            let cells = content.split(how.delimiter).map(Cow::Borrowed).collect();
            Record { cells, bytes: end, quoted: 0, stray: 1 }
        });
        let taken = rest.get(..record.bytes).unwrap_or(rest);
        let breaks = taken.bytes().filter(|byte| *byte == b'\n').count();
        let lines = breaks + usize::from(!taken.ends_with('\n'));
        found.quoted += record.quoted;
        found.stray += record.stray;
        let begins_with_hash = content.starts_with('#');
        found.records.push(Row { line: found.lines, lines, cells: record.cells, begins_with_hash });
        found.lines += lines;
        rest = rest.get(record.bytes..).unwrap_or_default();
    }
    found
}

/// A record, and how many bytes it takes.
struct Record<'a> {
    cells: Vec<Cow<'a, str>>,
    bytes: usize,
    quoted: usize,
    stray: usize,
}

/// Reads the record at the beginning of a text; None if a quote stays open.
fn record<'a>(text: &'a str, how: &Cut, quote: Option<char>) -> Option<Record<'a>> {
    let mut record = Record { cells: Vec::new(), bytes: 0, quoted: 0, stray: 0 };
    loop {
        let rest = text.get(record.bytes..)?;
        let mut value = Cow::Borrowed("");
        if let Some(quote) = quote
            && rest.starts_with(quote)
        {
            let (inner, bytes) = quoted(rest, quote, how.escape)?;
            value = inner;
            record.bytes += bytes;
            record.quoted += 1;
        }
        let rest = text.get(record.bytes..)?;
        let escape = how.escape.filter(|_| how.quote.is_none());
        let (end, is_last) = match escape {
            Some(escape) => end_of_escaped(rest, how.delimiter, escape),
            None => end_of_field(rest, how.delimiter),
        };
        let plain = rest.get(..end)?;
        let plain = if is_last { plain.strip_suffix('\r').unwrap_or(plain) } else { plain };
        if let Some(escape) = escape {
            record.cells.push(unescaped(plain, how.delimiter, escape));
            if is_last {
                record.bytes += (end + 1).min(rest.len());
                return Some(record);
            }
            record.bytes += end + how.delimiter.len();
            continue;
        }
        record.stray += usize::from(if value.is_empty() {
            quote.is_some_and(|quote| plain.contains(quote))
        } else {
            !plain.is_empty()
        });
        if value.is_empty() {
            value = Cow::Borrowed(plain);
        } else if !plain.is_empty() {
            value.to_mut().push_str(plain);
        }
        record.cells.push(value);
        if is_last {
            record.bytes += (end + 1).min(rest.len());
            return Some(record);
        }
        record.bytes += end + how.delimiter.len();
    }
}

/// Where a field without quotes ends, and whether it is the last one of its line. Each byte is looked at once, however long
/// the line is.
fn end_of_field(text: &str, delimiter: &str) -> (usize, bool) {
    let first = delimiter.chars().next();
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let Some(at) = rest.find(|c: char| c == '\n' || Some(c) == first) else { break };
        let found = rest.get(at..).unwrap_or_default();
        if found.starts_with(delimiter) {
            return (from + at, false);
        }
        if found.starts_with('\n') {
            return (from + at, true);
        }
        from += at + first.map_or(1, char::len_utf8);
    }
    (text.len(), true)
}

/// As [`end_of_field`], where an escape takes the meaning from the delimiter behind it.
fn end_of_escaped(text: &str, delimiter: &str, escape: char) -> (usize, bool) {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if c == '\n' {
            return (at, true);
        }
        if !is_escaped && rest.starts_with(delimiter) {
            return (at, false);
        }
        is_escaped = c == escape && !is_escaped;
    }
    (text.len(), true)
}

/// A value without the escapes before delimiters and escapes. Others stay: `\N` means that there is no value.
fn unescaped<'a>(text: &'a str, delimiter: &str, escape: char) -> Cow<'a, str> {
    if !text.contains(escape) {
        return Cow::Borrowed(text);
    }
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let takes = c == escape && (behind.starts_with(delimiter) || behind.starts_with(escape));
        let meant = if takes { behind.chars().next().unwrap_or(c) } else { c };
        value.push(meant);
        let length = if takes { c.len_utf8() + meant.len_utf8() } else { c.len_utf8() };
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(value)
}

/// The value of a text that begins with a quote, and how many bytes it takes; None if the quote is not closed.
fn quoted(text: &str, quote: char, escape: Option<char>) -> Option<(Cow<'_, str>, usize)> {
    let mut value = Cow::Borrowed("");
    let (mut at, mut begins) = (quote.len_utf8(), quote.len_utf8());
    let mut breaks = 0;
    loop {
        let rest = text.get(at..)?;
        let found = rest.find(|c: char| c == quote || c == '\n' || Some(c) == escape)?;
        let c = rest.get(found..)?.chars().next()?;
        let here = at + found;
        let behind = here + c.len_utf8();
        if here > MOST_BYTES {
            return None;
        }
        let next = text.get(behind..)?.chars().next();
        if c == '\n' {
            breaks += 1;
            at = behind;
            if breaks >= MOST_LINES {
                return None;
            }
        } else if Some(c) == escape || next == Some(quote) {
            // The character behind it is part of the value.
            let length = next?.len_utf8();
            value.to_mut().push_str(text.get(begins..here)?);
            begins = behind;
            at = behind + length;
        } else {
            let last = text.get(begins..here)?;
            let value =
                if value.is_empty() { Cow::Borrowed(last) } else { Cow::Owned(value.into_owned() + last) };
            return Some((value, behind));
        }
    }
}

fn without_break(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAS: Cut = Cut { delimiter: ",", quote: Some('"'), escape: None, comment: None };

    fn cells(text: &str, how: &Cut) -> Vec<Vec<String>> {
        let row = |row: &Row<'_>| row.cells.iter().map(|cell| cell.clone().into_owned()).collect();
        cut(text, how, 100).records.iter().map(row).collect()
    }

    #[test]
    fn records_are_cut_as_rfc_4180_says() {
        let text = "a,b\r\n\"1,\"\"x\"\"\",\"two\nlines\"\n\n,\n";
        assert_eq!(cells(text, &COMMAS), [vec!["a", "b"], vec!["1,\"x\"", "two\nlines"], vec!["", ""]]);
        let rows = cut(text, &COMMAS, 100);
        assert_eq!((rows.quoted, rows.stray, rows.lines), (2, 0, 5));
        assert_eq!(
            rows.records.iter().map(|row| (row.line, row.lines)).collect::<Vec<_>>(),
            [(0, 1), (1, 2), (4, 1)]
        );
    }

    #[test]
    fn an_escape_keeps_a_delimiter_in_its_value_where_there_are_no_quotes() {
        let how = Cut { delimiter: "\t", quote: None, escape: Some('\\'), comment: None };
        let text = "1\t\\N\ta\\\tb\\\\\t2\r\nx\ty\tz\t\n";
        assert_eq!(cells(text, &how), [vec!["1", "\\N", "a\tb\\", "2"], vec!["x", "y", "z", ""]]);
    }

    #[test]
    fn damage_is_counted_and_does_not_spread() {
        let rows = cut("a,b\n\"open,1\n12\" pipe,2\n\"x\"y,3\n", &COMMAS, 100);
        // The open quote ends at the quote of the next line.
        assert!(rows.stray > 0);
        let rows = cut("a,b\n\"open,1\nx,2\n", &COMMAS, 100);
        assert_eq!((rows.records.len(), rows.stray), (3, 1));
    }

    #[test]
    fn other_quotes_escapes_and_delimiters() {
        let pipes = Cut { delimiter: "||", ..COMMAS };
        assert_eq!(cells("a||b\n1||2|3\n", &pipes), [["a", "b"], ["1", "2|3"]]);
        let escaped = Cut { escape: Some('\\'), ..COMMAS };
        assert_eq!(cells("\"say \\\"hi\\\"\",2\n", &escaped), [["say \"hi\"", "2"]]);
        let single = Cut { quote: Some('\''), ..COMMAS };
        assert_eq!(cells("'a,b',O'Brien\n", &single), [["a,b", "O'Brien"]]);
    }
}
