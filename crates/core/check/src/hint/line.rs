//! Lines that are rejected as a whole, and lines that are no records.

use memchr::memchr_iter;
use tidewaiter_schema::compile::Scope;

use super::{DELIMITERS, END_MARK, messages, name_of};
use crate::split::{self, value_of};

/// For a line with too few fields.
pub(crate) fn missing_cells(content: &[u8], used: u8, wanted: usize) -> Option<String> {
    if content == END_MARK {
        return Some(messages::END_MARK.to_owned());
    }
    delimiter_of_line(content, used, wanted)
}

/// Another delimiter that gives the right number of fields.
fn delimiter_of_line(content: &[u8], used: u8, wanted: usize) -> Option<String> {
    let fits = |d: &u8| *d != used && memchr_iter(*d, content).count() + 1 == wanted;
    let seems = DELIMITERS.iter().map(|(d, _)| *d).find(fits)?;
    Some(messages::delimiter("line", &name_of(seems), &name_of(used)))
}

/// For a line with too many fields.
pub(crate) fn extra_cells(fields: usize, wanted: usize, next_is_empty: bool) -> &'static str {
    if fields == wanted + 1 && next_is_empty { messages::LINE_ENDS } else { messages::BARE_DELIMITER }
}

/// A line that is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Odd {
    /// It repeats the header: files were joined.
    Header,
    /// It ends the file, and may count its lines.
    Footer,
    /// It is a comment.
    Comment,
}

impl Odd {
    /// What to do about it.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Header => messages::REPEATED_HEADER,
            Self::Footer => messages::FOOTER,
            Self::Comment => messages::COMMENT,
        }
    }
}

/// What a rejected line is, if it is no record.
pub(crate) fn odd_line(content: &[u8], labels: &[String], delimiter: u8) -> Option<Odd> {
    let text = std::str::from_utf8(content).ok()?;
    if repeats_header(text, labels, delimiter) {
        return Some(Odd::Header);
    }
    let first =
        text.split(char::from(delimiter)).next()?.trim_matches(['"', ' ', '*', '-', '=', '_', '(', ')']);
    let others = text.split(char::from(delimiter)).skip(1).filter(|field| !field.trim().is_empty()).count();
    if text.starts_with(['#']) || text.starts_with("//") {
        return Some(Odd::Comment);
    }
    // A record of one value more may begin with such a word, too: `Total;12;3`.
    let word = first.to_ascii_lowercase();
    let ends = [
        "eof",
        "trailer",
        "footer",
        "end",
        "end of file",
        "end of report",
        "trl",
        "total",
        "totals",
        "count",
    ];
    let rows = word.strip_suffix(" rows affected").or_else(|| word.strip_suffix(" rows"));
    let counts = rows
        .or_else(|| word.strip_suffix(" records"))
        .is_some_and(|count| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()));
    ((ends.contains(&word.as_str()) && others <= 2) || (counts && others == 0)).then_some(Odd::Footer)
}

/// True if a line has the labels of the header as its values. A byte order mark may stand before it, where a file
/// was joined to another.
pub(crate) fn repeats_header(text: &str, labels: &[String], delimiter: u8) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut spans = Vec::new();
    let most = labels.len() + 1;
    // Most lines differ from the header in their first bytes.
    let first = labels.first().and_then(|label| label.bytes().next());
    let begins = text.bytes().find(|b| !matches!(b, b'"' | b' '));
    if begins.is_none() || begins.map(|b| b.to_ascii_lowercase()) != first.map(|b| b.to_ascii_lowercase()) {
        return false;
    }
    split::quoted(text.as_bytes(), delimiter, most, &mut spans).is_ok_and(|fields| fields == labels.len())
        && spans.iter().zip(labels).all(|(&span, label)| value_of(text, span).trim() == label.trim())
}

/// True if every value of a line is the name of a column, although it does not repeat the header: what follows it has
/// other columns.
pub(crate) fn foreign_header(text: &str, scope: &Scope, delimiter: u8) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut known = 0;
    let all = text.split(char::from(delimiter)).all(|field| {
        known += 1;
        scope.column(field.trim_matches(['"', ' '])).is_some()
    });
    all && known > 1
}

/// True for a line of delimiters, without any value.
pub(crate) fn blank_row(content: &[u8], delimiter: u8) -> bool {
    let is_blank = |b: &u8| *b == delimiter || matches!(b, b' ' | b'\t' | b'"');
    if content.is_empty() || !content.iter().all(is_blank) {
        return false;
    }
    // A quoted delimiter or quote is a value.
    let mut spans = Vec::new();
    let text = std::str::from_utf8(content).unwrap_or_default();
    split::quoted(content, delimiter, usize::MAX, &mut spans).is_ok()
        && spans.iter().all(|&span| value_of(text, span).trim().is_empty())
}

/// For a quote that is out of place at a byte of a line.
pub(crate) fn stray_quote(content: &[u8], delimiter: u8, at: usize) -> String {
    let Some(text) = std::str::from_utf8(content).ok() else { return messages::STRAY_QUOTE.to_owned() };
    let start = text.get(..at).and_then(|before| before.rfind(char::from(delimiter))).map_or(0, |n| n + 1);
    let rest = text.get(start..).unwrap_or_default();
    let field = rest.split(char::from(delimiter)).next().unwrap_or_default();
    if let Some(inner) = super::unguarded(field.trim()) {
        return format!("it stands in a spreadsheet's guard for text: write `{inner}`");
    }
    let outside = rest.trim_start_matches([' ', '\t']);
    let is_before = outside.starts_with('"') && outside.len() < rest.len();
    let is_behind = rest.starts_with('"')
        && text.get(at..).is_some_and(|behind| {
            let behind = behind.trim_start_matches([' ', '\t']);
            behind.is_empty() || behind.as_bytes().first() == Some(&delimiter)
        });
    if is_before || is_behind {
        messages::BLANK_AT_QUOTE.to_owned()
    } else {
        messages::STRAY_QUOTE.to_owned()
    }
}

/// For a line with a control character.
pub(crate) fn control(content: &[u8]) -> Option<&'static str> {
    let ends = |b: u8| {
        let before = content.iter().rposition(|other| *other != b).map_or(0, |n| n + 1);
        let clean = content.get(..before).is_some_and(|head| !head.contains(&0) && !head.contains(&b'\r'));
        before < content.len() && clean
    };
    if ends(0) {
        Some(messages::UNFINISHED)
    } else if ends(b'\r') {
        Some(messages::DOUBLED_RETURNS)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_delimiter_in_a_line() {
        let hint = delimiter_of_line(b"a|b|c", b';', 3);
        assert_eq!(hint.as_deref(), Some("the line seems to be delimited by `|`; `;` is expected"));
        assert_eq!(delimiter_of_line(b"a|b", b';', 3), None);
    }

    #[test]
    fn lines_that_are_no_records() {
        let labels = ["email", "firstname"].map(str::to_owned);
        let odd = |text: &str| odd_line(text.as_bytes(), &labels, b';');
        for header in ["email;firstname", "\u{feff}email;firstname", "\"email\"; firstname"] {
            assert_eq!(odd(header), Some(Odd::Header), "{header}");
        }
        for footer in ["TRAILER;2", "***END OF FILE***", "EOF;", "2 rows", "(12 rows affected)", "Total;;12"]
        {
            assert_eq!(odd(footer), Some(Odd::Footer), "{footer}");
        }
        assert_eq!(odd("#ada@example.org;Ada"), Some(Odd::Comment));
        for record in ["ada@example.org;Ada", "email;Ada", "Total;a;b;c", "many rows"] {
            assert_eq!(odd(record), None, "{record}");
        }
    }

    #[test]
    fn quotes_out_of_place() {
        let hint = |text: &str, at| stray_quote(text.as_bytes(), b';', at);
        assert_eq!(hint("a; \"b; c\";d", 3), messages::BLANK_AT_QUOTE);
        assert_eq!(hint("\"a\" ;d", 3), messages::BLANK_AT_QUOTE);
        assert_eq!(hint("a;=\"01000\";d", 3), "it stands in a spreadsheet's guard for text: write `01000`");
        assert_eq!(hint("a;5\" disc", 3), messages::STRAY_QUOTE);
    }

    #[test]
    fn control_characters_at_the_end() {
        assert_eq!(control(b"a;b\0\0\0"), Some(messages::UNFINISHED));
        assert_eq!(control(b"\0\0"), Some(messages::UNFINISHED));
        assert_eq!(control(b"a;b\r"), Some(messages::DOUBLED_RETURNS));
        assert_eq!(control(b"a\rb"), None);
        assert_eq!(control(b"a\0b"), None);
    }
}
