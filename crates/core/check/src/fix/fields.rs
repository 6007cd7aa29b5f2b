//! The fields of a line as they are written, and how they are written for another delimiter.

use std::borrow::Cow;

use crate::hint::unguarded;
use crate::split::{self, QuoteFault, Span};

/// The fields of a line, with the quotes around them.
pub(super) type Fields<'a> = Vec<Cow<'a, str>>;

/// Splits a line as CSV is split.
pub(super) fn strict(line: &str, delimiter: u8) -> Result<Fields<'_>, QuoteFault> {
    let mut spans = Vec::new();
    split::quoted(line.as_bytes(), delimiter, usize::MAX, &mut spans)?;
    Ok(spans.into_iter().map(|span| Cow::Borrowed(as_written(line, span))).collect())
}

/// What was around the fields of a line that [`loose`] splits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// Blanks between a quote and a delimiter.
    pub(super) blanks: bool,
    /// A spreadsheet's guard: `="01000"`.
    pub(super) guards: bool,
}

/// Splits a line in which blanks stand between quotes and delimiters, or guards around values. None if it has other
/// quotes that are out of place.
pub(super) fn loose(line: &str, delimiter: u8) -> Option<(Fields<'_>, Around)> {
    let delimiter = char::from(delimiter);
    let is_blank = |c: char| matches!(c, ' ' | '\t') && c != delimiter;
    if delimiter == ' ' {
        return None;
    }
    let (mut fields, mut around, mut rest) = (Vec::new(), Around::default(), Some(line));
    while let Some(text) = rest {
        let bare = text.trim_start_matches(is_blank);
        let (field, behind) = if bare.starts_with('"') {
            let (field, behind) = bare.split_at_checked(closing(bare)?)?;
            let next = behind.trim_start_matches(is_blank);
            around.blanks |= bare.len() < text.len() || next.len() < behind.len();
            (field, next)
        } else {
            let (field, behind) = text.split_at_checked(text.find(delimiter).unwrap_or(text.len()))?;
            match unguarded(field.trim_matches(is_blank)).filter(|_| field.contains('"')) {
                Some(inner) => {
                    around.guards = true;
                    (inner, behind)
                }
                None if field.contains('"') => return None,
                None => (field, behind),
            }
        };
        fields.push(Cow::Borrowed(field));
        rest = if behind.is_empty() { None } else { Some(behind.strip_prefix(delimiter)?) };
    }
    Some((fields, around))
}

/// Where a quoted field ends, behind its closing quote.
fn closing(field: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += field.get(at..)?.find('"')? + 1;
        if !field.get(at..)?.starts_with('"') {
            return Some(at);
        }
        at += 1;
    }
}

/// A field as it stands in its line, with the quotes around it.
fn as_written(line: &str, span: Span) -> &str {
    let (start, end) = (span.start as usize, span.end as usize);
    let is_quoted = start > 0 && line.as_bytes().get(start - 1) == Some(&b'"');
    let (start, end) = if is_quoted { (start - 1, end + 1) } else { (start, end) };
    line.get(start..end).unwrap_or_default()
}

/// A field that was written for some delimiter, for this one: quotes stay, and come where they are needed.
pub(super) fn delimited(field: Cow<'_, str>, delimiter: u8) -> Cow<'_, str> {
    let fits = field.starts_with('"') || !field.as_bytes().contains(&delimiter);
    if fits { field } else { Cow::Owned(format!("\"{field}\"")) }
}

/// A line of these fields.
pub(super) fn line_of(fields: &[Cow<'_, str>], delimiter: u8) -> String {
    let mut line = String::new();
    for (n, field) in fields.iter().enumerate() {
        if n > 0 {
            line.push(char::from(delimiter));
        }
        line.push_str(&delimited(Cow::Borrowed(field), delimiter));
    }
    line
}

/// True if a field has no value: nothing but blanks, in quotes or not.
pub(super) fn is_blank(field: &str) -> bool {
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(field).trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<(Vec<String>, Around)> {
        let (fields, around) = loose(line, b';')?;
        Some((fields.into_iter().map(Cow::into_owned).collect(), around))
    }

    #[test]
    fn blanks_and_guards_around_fields() {
        let blanks = Around { blanks: true, guards: false };
        let guards = Around { blanks: false, guards: true };
        let fields = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            split("a; \"b; \"\"c\"\"\" ;d "),
            Some((fields(&["a", "\"b; \"\"c\"\"\"", "d "]), blanks))
        );
        assert_eq!(split("a;=\"01000\";"), Some((fields(&["a", "01000", ""]), guards)));
        assert_eq!(split("a; b"), Some((fields(&["a", " b"]), Around::default())));
        for none in ["a;5\" disc", "a; \"b\"c;d", "a; \"b", "a;=\"b\"c\""] {
            assert_eq!(split(none), None, "{none}");
        }
    }
}
