//! Advice on how to fix a file, for the causes that come up again and again: how each is recognised. What is said
//! then is in two tables: `words` for files, headers and lines, `cell` for values.
//!
//! A hint is a guess, made only for findings that are kept: it may take its time, and it is silent when
//! it is not sure.

mod cell;
pub(crate) mod messages;

pub(crate) use cell::{Writing, cell, meant};

use memchr::memchr_iter;
use tidewaiter_model::finding::{Code, Finding, is_treacherous, shorten};
use tidewaiter_schema::compile::Scope;

/// Delimiters that people use, with names for messages.
pub(crate) const DELIMITERS: [(u8, &str); 4] =
    [(b';', "`;`"), (b',', "`,`"), (b'\t', "a tab"), (b'|', "`|`")];
/// With it, in a line by itself, CP/M and DOS ended a text.
pub(crate) const END_MARK: &[u8] = b"\x1a";
/// Labels and values longer than this are not compared for likeness, in bytes.
const COMPARED: usize = 64;

pub(crate) fn name_of(delimiter: u8) -> String {
    let known = DELIMITERS.iter().find(|(d, _)| *d == delimiter);
    known.map_or_else(
        || format!("`{}`", char::from(delimiter).escape_default()),
        |(_, name)| (*name).to_owned(),
    )
}

fn wrong_delimiter(seems: u8, wanted: u8) -> String {
    messages::delimiter("file", &name_of(seems), &name_of(wanted))
}

/// For a header that is one unknown column: another delimiter that makes known columns of it.
pub(crate) fn delimiter_of_header(text: &str, used: u8, scope: &Scope) -> Option<String> {
    let known = |delimiter: u8| {
        let labels = text.split(char::from(delimiter)).map(|label| label.trim().trim_matches('"'));
        labels.filter(|label| scope.column(label).is_some()).count()
    };
    let others = DELIMITERS
        .iter()
        .map(|(d, _)| *d)
        .filter(|d| *d != used && memchr::memchr(*d, text.as_bytes()).is_some());
    let (best, count) = others.map(|d| (d, known(d))).max_by_key(|(_, count)| *count)?;
    (count > 0).then(|| wrong_delimiter(best, used))
}

/// For a header as spreadsheets leave it: what it is, and how to fix it.
pub(crate) fn spreadsheet_header(text: &str, fields: usize, used: u8) -> Option<(&'static str, String)> {
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep=")) {
        let message = "the first line declares the delimiter, but must be the header";
        return Some((message, messages::SEPARATOR_NOTE.to_owned()));
    }
    if fields == 1 && text.starts_with('"') && memchr::memchr(used, text.as_bytes()).is_some() {
        return Some(("the whole header is in quotes", messages::quoted_header(&name_of(used))));
    }
    None
}

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

/// For a label that is unknown: the column that was probably meant. `is_there` says which columns the header has,
/// named as they must be: who renamed this one to such a name would have it twice.
pub(crate) fn label(label: &str, scope: &Scope, is_there: impl Fn(&str) -> bool) -> Option<String> {
    let names = || scope.columns().iter().map(tidewaiter_schema::compile::Column::name);
    let advice = |name: &str, words: fn(&str) -> String| {
        Some(if is_there(name) { messages::there_too(name) } else { words(name) })
    };
    let bare = label.trim().trim_matches('"').trim();
    if bare != label && scope.column(bare).is_some() {
        return advice(bare, messages::around_label);
    }
    if let Some(name) = names().find(|name| name.to_lowercase() == bare.to_lowercase()) {
        return advice(name, messages::capitals);
    }
    let plain = plain(bare);
    if let Some(name) = names().find(|name| self::plain(name) == plain) {
        return advice(name, messages::near_miss);
    }
    nearest(bare, names().filter(|name| !is_there(name))).map(messages::near_miss)
}

/// How many columns are listed where one is unknown.
const LISTED: usize = 30;

/// For labels that are like no column: the columns there are.
pub(crate) fn known_labels(scope: &Scope) -> String {
    let columns = scope.columns();
    let names: Vec<String> =
        columns.iter().take(LISTED).map(|column| format!("`{}`", column.name())).collect();
    let more = match columns.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the columns are {}{more}", names.join(", "))
}

/// The column that a label means beyond doubt: it differs in case, spaces, hyphens, underscores or quotes
/// alone, and from no other column so little.
pub(crate) fn meant_label(label: &str, scope: &Scope) -> Option<usize> {
    let bare = label.trim().trim_matches('"').trim();
    if let Some(column) = scope.column(bare) {
        return Some(column);
    }
    let wanted = plain(bare);
    let mut alike = scope.columns().iter().enumerate().filter(|(_, column)| plain(column.name()) == wanted);
    match (alike.next(), alike.next()) {
        (Some((column, _)), None) => Some(column),
        _ => None,
    }
}

/// A name without what people vary: case, spaces, hyphens, underscores, quotes, and what is not seen. Every other sign
/// says something: `price €`, `#orders` and `!active` are other columns than those without it.
pub(crate) fn plain(name: &str) -> String {
    let varies = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '"' | '\'') || is_treacherous(c);
    name.chars().filter(|c| !varies(*c)).flat_map(char::to_lowercase).collect()
}

/// The one that is most like a word, if it is like enough.
fn nearest<'a>(word: &str, others: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > COMPARED || word.chars().count() < 3 {
        return None;
    }
    let word = word.to_lowercase();
    others
        .filter(|other| other.len() <= COMPARED)
        .map(|other| (other, strsim::normalized_damerau_levenshtein(&word, &other.to_lowercase())))
        .filter(|(_, likeness)| *likeness >= 0.7)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(other, _)| other)
}

/// The finding on a line that is not UTF-8, with what it probably is instead.
pub(crate) fn not_utf8(content: &[u8], line: u64, byte: u64) -> Finding {
    let at = std::str::from_utf8(content).err().map_or(0, |error| error.valid_up_to());
    let bad = content.get(at).copied().unwrap_or_default();
    let message = format!("byte {} of the line, 0x{bad:02X}, is not UTF-8", at + 1);
    let around = content.get(at.saturating_sub(15)..content.len().min(at + 15)).unwrap_or_default();
    let finding = Finding::line(Code::EncodingError, line, byte, message).with_value(around);
    if !is_plausible_windows_1252(content) {
        return finding;
    }
    let read = shorten(around.iter().map(|&b| windows_1252(b).unwrap_or('?')).collect::<String>().as_bytes());
    finding.with_hint(messages::windows_1252(&read))
}

/// True if every byte beyond ASCII is a character of Windows-1252, and one of them a letter in a word.
pub(crate) fn is_plausible_windows_1252(content: &[u8]) -> bool {
    let mut beside_letter = false;
    let mut before = b' ';
    for (n, &b) in content.iter().enumerate() {
        if b >= 0x80 {
            let Some(c) = windows_1252(b) else { return false };
            let after = content.get(n + 1).copied().unwrap_or(b' ');
            beside_letter |=
                c.is_alphabetic() && (before.is_ascii_alphabetic() || after.is_ascii_alphabetic());
        }
        before = b;
    }
    beside_letter
}

/// A byte as Windows-1252 reads it; Latin-1 is the same from 0xA0 on.
pub(crate) fn windows_1252(b: u8) -> Option<char> {
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match b {
        0x80..=0x9f => HIGH.get(usize::from(b - 0x80)).copied().filter(|c| *c != '\0'),
        _ => Some(char::from(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let fields =
            ["email", "firstname", "last_name", "Zip"].map(|name| serde_json::json!({ "name": name }));
        let schema = serde_json::json!({ "fields": fields, "primaryKey": ["email"] });
        Scope::compile("people", &serde_json::from_value(schema).unwrap()).unwrap()
    }

    #[test]
    fn another_delimiter_in_the_header() {
        let hint = |text| delimiter_of_header(text, b';', &scope());
        let comma = "the file seems to be delimited by `,`; `;` is expected";
        assert_eq!(hint("email,firstname").as_deref(), Some(comma));
        assert_eq!(hint("\"email\", \"firstname\"").as_deref(), Some(comma));
        assert_eq!(
            hint("email\tfoo").as_deref(),
            Some("the file seems to be delimited by a tab; `;` is expected")
        );
        assert_eq!(hint("foo,bar"), None);
        assert_eq!(hint("email"), None);
    }

    #[test]
    fn another_delimiter_in_a_line() {
        let hint = delimiter_of_line(b"a|b|c", b';', 3);
        assert_eq!(hint.as_deref(), Some("the line seems to be delimited by `|`; `;` is expected"));
        assert_eq!(delimiter_of_line(b"a|b", b';', 3), None);
    }

    #[test]
    fn unknown_labels() {
        let hint = |text| label(text, &scope(), |_| false);
        assert_eq!(hint("Email").as_deref(), Some("column names are case-sensitive: write `email`"));
        assert_eq!(hint(" email").as_deref(), Some("write `email` without spaces or quotes around it"));
        assert_eq!(hint("First Name").as_deref(), Some("did you mean `firstname`?"));
        assert_eq!(hint("lastname").as_deref(), Some("did you mean `last_name`?"));
        assert_eq!(hint("fristname").as_deref(), Some("did you mean `firstname`?"));
        assert_eq!(hint("\" email \"").as_deref(), Some("write `email` without spaces or quotes around it"));
        assert_eq!(hint("colour"), None);
        assert_eq!(hint("x"), None);
        assert_eq!(hint(&"email".repeat(1000)), None);
    }

    #[test]
    fn a_column_that_is_there_already_is_not_advised_a_second_time() {
        let hint = |text| label(text, &scope(), |name| name == "email");
        let twice =
            "`email` is in the header, too: remove one of the two, or rename it after what it contains";
        assert_eq!(hint("email ").as_deref(), Some(twice));
        assert_eq!(hint("EMAIL").as_deref(), Some(twice));
        assert_eq!(hint("e-mail").as_deref(), Some(twice));
        // A mere likeness is to a column that is not there.
        assert_eq!(hint("email2"), None);
        assert_eq!(hint("fristname").as_deref(), Some("did you mean `firstname`?"));
    }

    #[test]
    fn latin_1_is_recognised_by_letters_in_words() {
        let finding = not_utf8(b"caf\xe9;1", 3, 20);
        assert_eq!(finding.message, "byte 4 of the line, 0xE9, is not UTF-8");
        assert_eq!((finding.line, finding.byte), (Some(3), Some(20)));
        assert_eq!(finding.value.as_deref(), Some("caf\u{fffd};1"));
        let hint = "it seems to be Windows-1252 or Latin-1, `café;1`: save the file as UTF-8";
        assert_eq!(finding.hint.as_deref(), Some(hint));
        assert!(not_utf8(b"10 \x80;c\x9cur", 1, 0).hint.unwrap().contains("10 €;cœur"));
        // 0x81 is nothing in Windows-1252, and a symbol between digits is no word.
        assert_eq!(not_utf8(b"caf\xe9\x81", 1, 0).hint, None);
        assert_eq!(not_utf8(b"12\xff34", 1, 0).hint, None);
    }
}
