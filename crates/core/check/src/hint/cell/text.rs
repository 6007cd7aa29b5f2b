//! What stands around a value, and texts that a program put in its place.

use tidewaiter_model::finding::is_treacherous;
use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Column;

use super::number::{is_float, is_shortened};
use super::{Advice, Style, accepts, all_digits};

/// A value without what stands around it, and what that was.
#[derive(Default)]
pub(super) struct Bare {
    pub(super) value: String,
    unseen: bool,
    quotes: bool,
    guard: bool,
}

impl Bare {
    /// The advice, if nothing else is wrong with the value.
    pub(super) fn words(&self) -> String {
        let what = match self {
            Self { guard: true, .. } => "it stands in a spreadsheet's guard for text",
            Self { quotes: true, unseen: true, .. } => {
                "it has quotes around it that CSV does not know, and invisible characters"
            }
            Self { quotes: true, .. } => "it has quotes around it that CSV does not know",
            Self { unseen: true, .. } => "it contains invisible characters",
            _ => return "remove the spaces before and after the value".to_owned(),
        };
        format!("{what}: write `{}`", self.value)
    }
}

/// True for what is seen as a gap: not for a form feed or another end of a line, which is not seen at all.
pub(super) fn is_blank(c: char) -> bool {
    c == '\t' || (c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Characters that are not seen. What is seen as a space is none of these, and may stand for another character: `12 50`,
/// `ada lovelace@…`.
const UNSEEN: [char; 7] =
    ['\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}'];
/// They end a line somewhere. Within a value they may part two of them.
const ENDS: [char; 5] = ['\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
/// Some programs show it as a hyphen: before a number it may be a minus, in an address it may be one.
const SOFT_HYPHEN: char = '\u{ad}';
const QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '«', '»', '"'];

/// The value without blanks, quotes and guards around it and without invisible characters. None if it cannot be told.
pub(super) fn bare(column: &Column, value: &str) -> Option<Bare> {
    let is_address = column.field_type() == FieldType::String && accepts(column, "ada@example.org");
    if value.contains(SOFT_HYPHEN) && (column.field_type() != FieldType::String || is_address) {
        return None;
    }
    let is_unseen = |c: &char| UNSEEN.contains(c) || *c == SOFT_HYPHEN;
    let seen: String = value.chars().filter(|c| !is_unseen(c)).collect();
    let mut inner = seen.trim_matches(is_blank);
    let within = inner.trim_matches(|c| is_blank(c) || ENDS.contains(&c));
    let mut bare = Bare { unseen: seen != value || within != inner, ..Bare::default() };
    inner = within;
    if let Some(guarded) = unguarded(inner) {
        (inner, bare.guard) = (guarded, true);
    }
    // One alone is a unit or a mark: 5” are inches, ’90 is a year.
    if let Some(quoted) = inner.strip_prefix(QUOTES).and_then(|rest| rest.strip_suffix(QUOTES)) {
        (inner, bare.quotes) = (quoted.trim_matches(is_blank), true);
    }
    inner.clone_into(&mut bare.value);
    Some(bare)
}

/// The value in `="01000"` or `'01000`: what people write to keep a spreadsheet from changing it.
pub(crate) fn unguarded(value: &str) -> Option<&str> {
    if let Some(inner) = value.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return (!inner.contains('"')).then_some(inner);
    }
    // An apostrophe begins names, too: 't Hooft.
    value.strip_prefix('\'').filter(|rest| all_digits(rest.strip_prefix('+').unwrap_or(rest)))
}

/// What databases, spreadsheets and statistics programs write for a missing value. It has no other meaning.
const NO_VALUE: [&str; 5] = ["null", "\\n", "n/a", "#n/a", "nan"];

pub(super) fn no_value(_: &Column, value: &str, _: &Style) -> Option<Advice> {
    let advice = "leave the cell empty where there is no value";
    let word = value.trim().to_ascii_lowercase();
    match word.as_str() {
        word if NO_VALUE.contains(&word) => Some(Advice::write(advice, "")),
        // A person may mean nothing at all, or zero, or that a value is to be removed.
        "nil" | "none" | "na" | "-" => Some(Advice::say(advice)),
        _ => None,
    }
}

/// Why a text that a column takes may not be what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suspicion {
    /// Blanks stand at an end of it.
    Blank,
    /// It is a word of programs for "no value".
    NoValue,
    /// A program took it for a number.
    Number,
    /// It holds characters that are not seen.
    Unseen,
    /// An accent stands apart from its letter.
    Decomposed,
    /// It stands in a spreadsheet's guard.
    Guarded,
}

impl Suspicion {
    /// As the end of a sentence that begins with "a text".
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Blank => {
                "has a blank before or after its value: remove it, or add `\"trim\": true` to the import"
            }
            Self::NoValue => {
                "may mean no value: leave the cell empty, or add `\"missing_values\"` to the import"
            }
            Self::Number => {
                "holds what a program made of an identifier: format the column as text and export it again"
            }
            Self::Unseen => "contains invisible characters",
            Self::Decomposed => "contains accents apart from their letters",
            Self::Guarded => "stands in a spreadsheet's guard for text: write the value alone",
        }
    }

    /// As the end of a sentence that begins with "12 values".
    pub(crate) fn of_values(self) -> &'static str {
        match self {
            Self::Blank => "with blanks before or after them, which `\"trim\": true` in the import removes",
            Self::NoValue => "such as `NULL`, which `\"missing_values\"` in the import takes for no value",
            Self::Number => {
                "that a program may have made of identifiers, such as `4.00638E+12`: format the column as text and export it again"
            }
            Self::Unseen => "with invisible characters",
            Self::Decomposed => "with accents apart from their letters",
            Self::Guarded => "in a spreadsheet's guard for text, such as `=\"01000\"`",
        }
    }
}

/// Why a text that a column takes may not be what was meant: then a line is not repaired around it, for it would be
/// imported with it. Guards are no reason: [`unguarded`] tells what they hold.
pub(crate) fn suspect(value: &str) -> Option<Suspicion> {
    let first = value.chars().next()?;
    let last = value.chars().next_back().unwrap_or(first);
    if is_blank(first) || is_blank(last) {
        return Some(Suspicion::Blank);
    }
    if value.len() <= 4 && NO_VALUE.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return Some(Suspicion::NoValue);
    }
    if is_shortened(value) || is_float(value) {
        return Some(Suspicion::Number);
    }
    let is_unseen = |c: char| is_treacherous(c) && c != '\t';
    value.contains(is_unseen).then_some(Suspicion::Unseen)
}

/// True for nearly all values: letters, digits and signs of ASCII, and no number, word or guard that could mean something else.
/// None of them is [`remarkable`].
#[inline]
pub(crate) fn is_usual(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_inner = |byte: &u8| (b' '..=b'~').contains(byte);
    let is_marked = |byte: &u8| matches!(byte, b'.' | b',' | b'+');
    match bytes {
        [] => true,
        [b'A'..=b'Z' | b'a'..=b'z', rest @ ..] => {
            let is_word = bytes.len() <= 4 && matches!(bytes, [b'n' | b'N', ..]);
            !is_word && rest.last() != Some(&b' ') && rest.iter().all(is_inner)
        }
        // A number that a program shortened or made has one of these.
        [b'0'..=b'9', rest @ ..] => {
            rest.last() != Some(&b' ') && rest.iter().all(|byte| is_inner(byte) && !is_marked(byte))
        }
        _ => false,
    }
}

/// As [`suspect`], with what is no reason to leave a line as it is.
pub(crate) fn remarkable(value: &str) -> Option<Suspicion> {
    if unguarded(value).is_some() {
        return Some(Suspicion::Guarded);
    }
    let is_accent = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    suspect(value).or_else(|| value.contains(is_accent).then_some(Suspicion::Decomposed))
}
