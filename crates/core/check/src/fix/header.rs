//! The beginning of a file: its line ends, what stands before the header, the delimiter and the labels.

use std::borrow::Cow;
use std::sync::Arc;

use tidewaiter_model::finding::Tally;
use tidewaiter_schema::compile::Scope;

use crate::header::read;
use crate::hint::{DELIMITERS, meant_label, name_of};
use crate::split::value_of;
use crate::{Header, Limits, split, without_break};

use super::Notes;

/// The header, and what it says of the lines.
#[derive(Debug)]
pub(super) struct Opening {
    /// Where the lines begin in the text.
    pub(super) rest: usize,
    /// The header line as it is to be written, with its line break.
    pub(super) line: String,
    /// What it means, if it is good now.
    pub(super) header: Option<Header>,
    /// The delimiter that the file uses.
    pub(super) used: u8,
    /// How many columns the file has, with one at the end that has no name.
    pub(super) width: usize,
    /// The header ends with a delimiter too many, which is gone if the lines do too.
    pub(super) trailing: bool,
}

/// Carriage returns that end lines by themselves, as on very old systems.
pub(super) fn line_ends<'a>(text: Cow<'a, str>, notes: &mut Notes) -> Cow<'a, str> {
    if text.contains('\n') || !text.contains('\r') {
        return text;
    }
    notes.changed("the lines end with LF instead of a bare carriage return", None, None);
    Cow::Owned(text.replace('\r', "\n"))
}

pub(super) fn opening(text: &str, scope: &Arc<Scope>, delimiter: u8, notes: &mut Notes) -> Opening {
    let mut at = 0;
    let mut first;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        first = rest.split_inclusive('\n').next().unwrap_or_default();
        let bare = trimmed(first);
        let sep = bare.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep="));
        if first.is_empty() || !(bare.is_empty() || sep) {
            break;
        }
        notes.changed(
            if sep { "removed the first line, a spreadsheet setting" } else { "removed empty lines" },
            None,
            Some(1),
        );
        at += first.len();
    }
    let rest = at + first.len();
    let content = trimmed(first);
    let broken = first.get(content.len()..).unwrap_or_default();
    let used = used(content, scope, delimiter);
    let mut labels = labels(content, scope, used, notes);
    let blank = |label: &String| label.trim_matches([' ', '"']).is_empty();
    let trailing = labels.len() > 1 && labels.iter().position(blank) == Some(labels.len() - 1);
    let width = labels.len();
    labels.truncate(width - usize::from(trailing));
    let written: Vec<String> = labels.into_iter().map(|label| delimited(label, used, delimiter)).collect();
    let written = written.join(&text_of(delimiter));
    if used != delimiter {
        notes.changed(
            &format!("delimited by {} instead of {}", name_of(delimiter), name_of(used)),
            None,
            None,
        );
    }
    let header = read(&written, scope, delimiter, Limits::default().columns, &mut Tally::default());
    Opening { rest, line: written + broken, header, used, width, trailing }
}

/// The delimiter of a header: another one than the configured one only if that makes one column of it, and
/// the other, alone among all, known columns and nothing else.
fn used(content: &str, scope: &Scope, delimiter: u8) -> u8 {
    let known = |delimiter: u8| {
        let mut spans = Vec::new();
        let fields = split::quoted(content.as_bytes(), delimiter, usize::MAX, &mut spans).unwrap_or(0);
        let labels = spans.iter().map(|&span| value_of(content, span));
        let labels: Vec<bool> = labels
            .filter(|label| !label.trim().is_empty())
            .map(|label| meant_label(&label, scope).is_some())
            .collect();
        (fields, !labels.is_empty() && labels.iter().all(|known| *known))
    };
    if matches!(known(delimiter), (0 | 2.., _) | (1, true)) {
        return delimiter;
    }
    let others = DELIMITERS.iter().map(|(d, _)| *d).filter(|d| *d != delimiter);
    let mut fitting = others.filter(|d| matches!(known(*d), (2.., true)));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => only,
        _ => delimiter,
    }
}

/// The labels as they stand in the header, quotes included, but those that mean a column beyond doubt as it is
/// named.
fn labels(content: &str, scope: &Scope, used: u8, notes: &mut Notes) -> Vec<String> {
    let mut spans = Vec::new();
    if split::quoted(content.as_bytes(), used, usize::MAX, &mut spans).is_err() {
        return vec![content.to_owned()];
    }
    let values: Vec<_> = spans.iter().map(|&span| value_of(content, span)).collect();
    let meant: Vec<Option<usize>> = values.iter().map(|label| meant_label(label, scope)).collect();
    let mut labels = Vec::with_capacity(spans.len());
    for ((span, value), column) in spans.iter().zip(values).zip(&meant) {
        let raw = as_written(content, *span);
        let name = column.and_then(|n| scope.columns().get(n)).map(tidewaiter_schema::compile::Column::name);
        labels.push(match name {
            Some(name) if name != value && meant.iter().filter(|other| *other == column).count() > 1 => {
                notes.left("two columns of the header would get the same name", Some(name), Some(1));
                raw.to_owned()
            }
            Some(name) if name != value => {
                notes.changed(
                    "a column name in the header is spelled as the scope has it",
                    Some(name),
                    Some(1),
                );
                name.to_owned()
            }
            _ => raw.to_owned(),
        });
    }
    labels
}

/// A field as it stands in its line, with the quotes around it.
pub(super) fn as_written(line: &str, span: split::Span) -> &str {
    let (start, end) = (span.start as usize, span.end as usize);
    let is_quoted = start > 0 && line.as_bytes().get(start - 1) == Some(&b'"');
    let (start, end) = if is_quoted { (start - 1, end + 1) } else { (start, end) };
    line.get(start..end).unwrap_or_default()
}

/// A field that was written for one delimiter, for another one: quotes stay, and come where they are needed.
pub(super) fn delimited(field: String, from: u8, to: u8) -> String {
    let fits = from == to || field.starts_with('"') || !field.as_bytes().contains(&to);
    if fits { field } else { format!("\"{field}\"") }
}

pub(super) fn text_of(delimiter: u8) -> String {
    char::from(delimiter).to_string()
}

/// A line without its line break.
pub(super) fn trimmed(line: &str) -> &str {
    std::str::from_utf8(without_break(line.as_bytes())).unwrap_or(line)
}
