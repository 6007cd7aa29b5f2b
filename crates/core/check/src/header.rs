//! The header: which column of the scope stands where in the file.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use tidewaiter_model::finding::{Code, Finding, Tally, shorten};
use tidewaiter_schema::compile::Scope;

use super::hint;
use super::split::{self, QuoteFault, Span, value_of};

/// A good header: every label is a column of the scope, each once, and the required ones are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    labels: Vec<String>,
    /// For each column of the file, its index in the scope.
    columns: Vec<usize>,
    /// For each column of the scope, its place in the file.
    places: Vec<Option<usize>>,
}

impl Header {
    /// How many columns the file has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The labels, in the order of the file.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The label of a column of the file, counted from 0; empty beyond the last.
    pub fn label(&self, number: usize) -> &str {
        self.labels.get(number).map_or("", String::as_str)
    }

    /// The place in the file, counted from 0, of a column of the scope.
    pub fn file_column(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }

    /// The columns of the scope, in the order of the file.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.columns.iter().copied()
    }
}

/// Reads the header line, without its line break. Everything that is wrong with it is reported; None if
/// that is so much that there is nothing to go on with.
pub(crate) fn read(
    text: &str,
    scope: &Scope,
    delimiter: u8,
    most: usize,
    tally: &mut Tally,
) -> Option<Header> {
    let mut spans = Vec::new();
    let fields = match split::quoted(text.as_bytes(), delimiter, most.saturating_add(1), &mut spans) {
        Ok(fields) => fields,
        Err(fault) => {
            tally.push(quotes(text, fault, scope, delimiter));
            return None;
        }
    };
    if fields > most {
        let message = format!("the header has {fields} columns where at most {most} are allowed");
        tally.push(Finding::line(Code::HeaderTooLong, 1, 0, message));
        return None;
    }
    if let Some((message, hint)) = hint::spreadsheet_header(text, fields, delimiter) {
        let finding = Finding::line(Code::ExtraLabel, 1, 0, message);
        tally.push(finding.at(1, shorten(text.as_bytes())).with_hint(hint));
        return None;
    }
    if fields == 1
        && scope.column(text).is_none()
        && let Some(hint) = hint::delimiter_of_header(text, delimiter, scope)
    {
        // One mistake, however many columns are unknown or missing because of it.
        let finding = Finding::line(Code::ExtraLabel, 1, 0, "the header is a single unknown column");
        tally.push(finding.at(1, shorten(text.as_bytes())).with_hint(hint));
        return None;
    }
    let before = tally.total();
    let header = labels(text, &spans, scope, tally);
    missing(&header, scope, tally);
    (tally.total() == before).then_some(header)
}

/// Looks each label up.
fn labels(text: &str, spans: &[Span], scope: &Scope, tally: &mut Tally) -> Header {
    let mut header = Header {
        labels: Vec::with_capacity(spans.len()),
        columns: Vec::new(),
        places: vec![None; scope.columns().len()],
    };
    let mut seen = HashMap::with_capacity(spans.len());
    let mut listed = false;
    let known: HashSet<usize> =
        spans.iter().filter_map(|&span| scope.column(&value_of(text, span))).collect();
    let is_there = |name: &str| scope.column(name).is_some_and(|column| known.contains(&column));
    for (n, &span) in spans.iter().enumerate() {
        let label = value_of(text, span);
        let number = n as u64 + 1;
        let shown = || shorten(label.as_bytes());
        let finding = |code, message: &str| Finding::line(code, 1, 0, message).at(number, shown());
        if label.trim().is_empty() {
            let last = n + 1 == spans.len() && spans.len() > 1;
            tally.add(Code::BlankLabel, Some(""), || {
                let finding = finding(Code::BlankLabel, "the column has no name");
                if last { finding.with_hint(hint::messages::HEADER_ENDS) } else { finding }
            });
            continue;
        }
        match seen.entry(label.clone()) {
            Entry::Occupied(first) => tally.add(Code::DuplicateLabel, Some(&shown()), || {
                let first: &usize = first.get();
                finding(
                    Code::DuplicateLabel,
                    &format!("the column appears twice, first as column {}", first + 1),
                )
                .with_hint(hint::messages::TWICE)
            }),
            Entry::Vacant(place) => {
                place.insert(n);
                if let Some(column) = scope.column(&label) {
                    header.columns.push(column);
                    if let Some(place) = header.places.get_mut(column) {
                        *place = Some(n);
                    }
                } else {
                    tally.add(Code::ExtraLabel, Some(&shown()), || {
                        let message = format!("the column is unknown in {}", scope.name());
                        let finding = finding(Code::ExtraLabel, &message);
                        match hint::label(&label, scope, is_there) {
                            Some(hint) => finding.with_hint(hint),
                            None if listed => finding,
                            None => {
                                listed = true;
                                let labels = spans.iter().map(|&span| value_of(text, span));
                                finding.with_hint(hint::strange_labels(labels, scope))
                            }
                        }
                    });
                }
            }
        }
        header.labels.push(label.into_owned());
    }
    header
}

/// Reports the columns that must be there and are not.
fn missing(header: &Header, scope: &Scope, tally: &mut Tally) {
    let lacks = |column: usize| header.file_column(column).is_none();
    for (n, column) in scope.columns().iter().enumerate() {
        let key = scope.primary_key().contains(&n) && scope.generated() != Some(n);
        if (column.required() || key) && lacks(n) {
            let what = if key { "the key column" } else { "the required column" };
            let message = format!("{what} `{}` is missing", column.name());
            tally.push(Finding::line(Code::MissingLabel, 1, 0, message));
        }
    }
    for (set, _) in sets_of(scope) {
        if set.iter().all(|&column| lacks(column)) {
            let names = names(scope, set);
            let message = match set {
                [_] => format!("the column {names} is missing"),
                _ => format!("one of the columns {names} is required"),
            };
            tally.push(Finding::line(Code::MissingLabel, 1, 0, message));
        }
    }
}

/// The sets of columns of which one must be filled: the rules of the scope, and its alternative keys.
pub(crate) fn sets_of(scope: &Scope) -> impl Iterator<Item = (&[usize], Code)> {
    let key = scope.key_set();
    let rules = scope.require_any().iter().map(Vec::as_slice);
    // A rule that only repeats the key would say the same thing twice.
    let others = rules.filter(move |set| set.len() != key.len() || !set.iter().all(|c| key.contains(c)));
    let key = (!key.is_empty()).then_some((key, Code::PrimaryKey));
    key.into_iter().chain(others.map(|set| (set, Code::RowConstraint)))
}

/// The names of some columns, for messages.
pub(crate) fn names(scope: &Scope, columns: &[usize]) -> String {
    let names = columns.iter().filter_map(|&column| scope.columns().get(column));
    names.map(|column| format!("`{}`", column.name())).collect::<Vec<_>>().join(", ")
}

fn quotes(text: &str, fault: QuoteFault, scope: &Scope, delimiter: u8) -> Finding {
    let (code, field, message) = match fault {
        QuoteFault::Stray { field, .. } => (Code::StrayQuote, field, "a quote is out of place in the header"),
        QuoteFault::Open { field, .. } => {
            (Code::UnclosedQuote, field, "a quote is opened but not closed in the header")
        }
    };
    let finding = Finding::line(code, 1, 0, message).at(field as u64 + 1, "").with_value(text.as_bytes());
    match hint::delimiter_of_header(text, delimiter, scope) {
        Some(hint) => finding.with_hint(hint),
        None => finding,
    }
}
