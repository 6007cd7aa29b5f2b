//! Advice on how to fix a file, for the causes that come up again and again: how each is recognised. What is said
//! then is in two tables: `messages` for files, headers and lines, `cell` for values.
//!
//! A hint is a guess, made only for findings that are kept: it may take its time, and it is silent when
//! it is not sure.

mod cell;
mod encoding;
mod line;
pub(crate) mod messages;

pub(crate) use cell::{
    Because, Style, Suspicion, Writing, cell, has_day_second, is_usual, meant, remarkable, suspect, unguarded,
};
pub(crate) use encoding::{joined_utf16, not_utf8};
pub(crate) use line::{
    blank_row, control, extra_cells, foreign_header, missing_cells, odd_line, repeats_header, stray_quote,
};

use std::borrow::Cow;

use tidewaiter_model::finding::is_treacherous;
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
    let option = if seems == b'\t' { "\\t".to_owned() } else { char::from(seems).to_string() };
    messages::delimiter_of_file(&name_of(seems), &name_of(wanted), &option)
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

/// For a label that is unknown: the column that was probably meant. `is_there` says which columns the header has,
/// named as they must be: who renamed this one to such a name would have it twice.
pub(crate) fn label(label: &str, scope: &Scope, is_there: impl Fn(&str) -> bool) -> Option<String> {
    let names = || scope.columns().iter().map(tidewaiter_schema::compile::Column::name);
    let advice = |name: &str, words: fn(&str) -> String| {
        Some(if is_there(name) { messages::there_too(name) } else { words(name) })
    };
    if label.contains(is_end) {
        return Some(messages::UNICODE_ENDS.to_owned());
    }
    let bare = label.trim().trim_matches('"').trim();
    if bare != label && scope.column(bare).is_some() {
        let is_quoted = label.trim() != bare;
        return advice(bare, if is_quoted { messages::quoted_label } else { messages::around_label });
    }
    if let Some(name) = names().find(|name| name.to_lowercase() == bare.to_lowercase()) {
        return advice(name, messages::capitals);
    }
    let plain = plain(bare);
    if let Some(name) = names().find(|name| self::plain(name) == plain) {
        return advice(name, messages::like_label);
    }
    nearest(bare, names().filter(|name| !is_there(name))).map(messages::near_miss)
}

/// How many columns are listed where one is unknown.
const LISTED: usize = 30;

/// True for what ends a line in Unicode, and here does not.
fn is_end(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// For labels that are like no column: what the first line is instead of the header, or the columns there are.
pub(crate) fn strange_labels<'a>(labels: impl Iterator<Item = Cow<'a, str>>, scope: &Scope) -> String {
    let labels: Vec<_> = labels.collect();
    let filled = || labels.iter().filter(|label| !label.trim().is_empty());
    if filled().any(|label| scope.column(label).is_some()) {
        return known_labels(scope);
    }
    // A text without a form may be anything.
    let formed = || scope.columns().iter().filter(|column| column.check("\u{1}").is_err());
    let is_value = |label: &&Cow<'_, str>| {
        label.contains(|c: char| c.is_ascii_digit() || c == '@')
            && formed().any(|column| column.check(label).is_ok())
    };
    let is_title = labels.len() > 1 || filled().any(|label| label.contains(' '));
    if filled().any(|label| is_value(&label)) {
        messages::NO_HEADER.to_owned()
    } else if filled().count() == 1 && is_title {
        format!("{}; {}", messages::PREAMBLE, known_labels(scope))
    } else {
        known_labels(scope)
    }
}

/// The columns there are.
pub(crate) fn known_labels(scope: &Scope) -> String {
    let columns = scope.columns();
    let names: Vec<String> =
        columns.iter().take(LISTED).map(|column| format!("`{}`", column.name())).collect();
    let more = match columns.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the columns are {}{more}; {}", names.join(", "), messages::OTHER_COLUMNS)
}

/// The column that a label means beyond doubt: it differs in case, spaces, hyphens and underscores alone, and from no
/// other column so little. Quotes that CSV does not know stand around values, too, and a control character may be half of
/// a line end: what is done about them is done for the whole file.
pub(crate) fn meant_label(label: &str, scope: &Scope) -> Option<usize> {
    let bare = label.trim();
    if let Some(column) = scope.column(bare) {
        return (!label.contains(is_line_part)).then_some(column);
    }
    if label.contains(|c| matches!(c, '"' | '\'') || is_line_part(c)) {
        return None;
    }
    let wanted = plain(bare);
    let mut alike = scope.columns().iter().enumerate().filter(|(_, column)| plain(column.name()) == wanted);
    match (alike.next(), alike.next()) {
        (Some((column, _)), None) => Some(column),
        _ => None,
    }
}

fn is_line_part(c: char) -> bool {
    is_end(c) || (c.is_control() && c != '\t')
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
        let comma = "the file seems to be delimited by `,`; `;` is expected: use it, or add `\"delimiter\": \",\"` to the import";
        assert_eq!(hint("email,firstname").as_deref(), Some(comma));
        assert_eq!(hint("\"email\", \"firstname\"").as_deref(), Some(comma));
        assert_eq!(
            hint("email\tfoo").as_deref(),
            Some(
                "the file seems to be delimited by a tab; `;` is expected: use it, or add `\"delimiter\": \"\\t\"` to the import"
            )
        );
        assert_eq!(hint("foo,bar"), None);
        assert_eq!(hint("email"), None);
    }

    #[test]
    fn unknown_labels() {
        let hint = |text| label(text, &scope(), |_| false);
        assert_eq!(
            hint("Email").as_deref(),
            Some(
                "column names are case-sensitive: write `email`, or add `\"labels\": \"loose\"` to the import"
            )
        );
        assert_eq!(
            hint(" email").as_deref(),
            Some("write `email` without spaces around it, or add `\"labels\": \"loose\"` to the import")
        );
        assert_eq!(
            hint("First Name").as_deref(),
            Some("did you mean `firstname`? Write it so, or add `\"labels\": \"loose\"` to the import")
        );
        assert_eq!(
            hint("lastname").as_deref(),
            Some("did you mean `last_name`? Write it so, or add `\"labels\": \"loose\"` to the import")
        );
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
}
