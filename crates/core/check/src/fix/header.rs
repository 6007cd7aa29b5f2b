//! The beginning of a file: its line ends, what stands before the header, the delimiter and the labels.

use std::borrow::Cow;
use std::sync::Arc;

use tidewaiter_model::finding::Tally;
use tidewaiter_schema::compile::Scope;

use crate::header::read;
use crate::hint::{DELIMITERS, meant_label, name_of, repeats_header};
use crate::split::value_of;
use crate::{Header, Limits, split, without_break};

use super::Notes;
use super::fields::{Fields, is_blank, line_of, loose, strict};

/// How many lines are looked at for a header that is not the first.
const LOOKED_AT: usize = 20;

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
    /// The labels as they were.
    pub(super) labels: Vec<String>,
    /// Blanks stand behind the delimiters.
    pub(super) padded: bool,
}

impl Opening {
    /// True for a line that repeats the header.
    pub(super) fn is_repeated(&self, line: &str) -> bool {
        repeats_header(line, &self.labels, self.used)
    }

    /// True if a line of so many fields is as wide as the header.
    pub(super) fn fits(&self, fields: usize) -> bool {
        fields == self.width || (self.trailing && fields + 1 == self.width)
    }
}

/// Line ends of other kinds: a carriage return alone, as on very old systems, and those that were doubled.
pub(super) fn line_ends<'a>(text: Cow<'a, str>, notes: &mut Notes) -> Cow<'a, str> {
    if text.contains("\r\r\n") {
        notes.changed("the lines end with CR LF instead of CR CR LF", None, None);
        let mut ends = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n').trim_end_matches('\r');
            ends.push_str(bare);
            let end = line.get(bare.len()..).unwrap_or_default();
            ends.push_str(if end.len() > 2 && end.ends_with('\n') { "\r\n" } else { end });
        }
        return Cow::Owned(ends);
    }
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
    if content.contains(['\r', '\0']) {
        // Half of a line end, or what is left of an upload: nothing is known about such a line.
        let line = first.to_owned();
        let labels = vec![content.to_owned()];
        return Opening {
            rest,
            line,
            header: None,
            used: delimiter,
            width: 1,
            trailing: false,
            labels,
            padded: false,
        };
    }
    let used = used(content, scope, delimiter);
    let (mut fields, mut padded) = match (strict(content, used), loose(content, used)) {
        (Ok(fields), _) => (fields, false),
        (Err(_), Some((fields, around))) if !around.guards => (fields, around.blanks),
        _ => (vec![Cow::Borrowed(content)], false),
    };
    let labels: Vec<String> = fields.iter().map(|field| value_of_field(field)).collect();
    let width = fields.len();
    let trailing = width > 1 && fields.iter().position(|field| is_blank(field)) == Some(width - 1);
    fields.truncate(width - usize::from(trailing));
    // A blank behind each delimiter, or around each label, is no part of any.
    let blank_at_edge = |field: &Cow<'_, str>| field.starts_with(' ') || field.ends_with(' ');
    padded |= used != b' ' && fields.len() > 1 && fields.iter().skip(1).all(blank_at_edge);
    let written = line_of(&meant(fields, &labels, scope, notes), delimiter);
    if used != delimiter {
        notes.changed(
            &format!("delimited by {} instead of {}", name_of(delimiter), name_of(used)),
            None,
            None,
        );
    }
    let header = read(&written, scope, delimiter, Limits::default().columns, &mut Tally::default());
    if header.is_none() {
        look_further(text, at, scope, used, notes);
    }
    Opening { rest, line: written + broken, header, used, width, trailing, labels, padded }
}

/// Says which line seems to be the header if the first one does not.
fn look_further(text: &str, at: usize, scope: &Scope, used: u8, notes: &mut Notes) {
    let lines = text.get(at..).unwrap_or_default().lines().take(LOOKED_AT);
    let is_header = |line: &str| {
        strict(line, used).is_ok_and(|fields| {
            fields.len() > 1
                && fields.iter().all(|field| meant_label(&value_of_field(field), scope).is_some())
        })
    };
    if let Some(place) = lines.skip(1).position(is_header) {
        let before = text.get(..at).unwrap_or_default().lines().count();
        let skipped = before + place + 1;
        let why = format!(
            "line {} seems to be the header: remove the lines before it, or add `\"skip_lines\": {skipped}` to the import",
            skipped + 1
        );
        notes.left(&why, None, None);
    }
}

/// The value of a field as it is written.
fn value_of_field(field: &str) -> String {
    let mut spans = Vec::new();
    // It holds no delimiter that counts, and any that it holds stands in its quotes.
    match (split::quoted(field.as_bytes(), b'\n', 1, &mut spans), spans.first()) {
        (Ok(1), Some(&span)) => value_of(field, span).into_owned(),
        _ => field.to_owned(),
    }
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
fn meant<'a>(fields: Fields<'a>, values: &[String], scope: &'a Scope, notes: &mut Notes) -> Fields<'a> {
    let meant: Vec<Option<usize>> = values.iter().map(|label| meant_label(label, scope)).collect();
    let mut labels = Vec::with_capacity(fields.len());
    for ((field, value), column) in fields.into_iter().zip(values).zip(&meant) {
        let name = column.and_then(|n| scope.columns().get(n)).map(tidewaiter_schema::compile::Column::name);
        labels.push(match name {
            Some(name) if name != value && meant.iter().filter(|other| *other == column).count() > 1 => {
                notes.left("two columns of the header would get the same name", Some(name), Some(1));
                field
            }
            Some(name) if name != value => {
                notes.changed(
                    "a column name in the header is spelled as the scope has it",
                    Some(name),
                    Some(1),
                );
                Cow::Borrowed(name)
            }
            _ => field,
        });
    }
    labels
}

/// A line without its line break.
pub(super) fn trimmed(line: &str) -> &str {
    std::str::from_utf8(without_break(line.as_bytes())).unwrap_or(line)
}
