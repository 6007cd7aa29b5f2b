//! The header: which column of the scope stands where in the file.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use tidewaiter_model::finding::{Code, Finding, Tally, shorten};
use tidewaiter_schema::compile::Scope;

use super::dialect::{Mapping, Meant};
use super::hint;
use super::place::Place;
use super::split::{self, QuoteFault, value_of};

/// A good header: every label is a column of the scope, or one that is not read; each is there once, and the required ones are
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    labels: Vec<String>,
    /// The names of the columns that are read, in the order of the file.
    names: Vec<String>,
    /// For each column of the file, its index in the scope; None if it is not read.
    columns: Vec<Option<usize>>,
    /// For each column of the scope, its place in the file.
    places: Vec<Option<usize>>,
    /// The places of the columns that the import ignores without naming them.
    unlisted: Vec<usize>,
}

impl Header {
    /// How many columns the file has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The labels as the file has them, in its order. A file without a header has the names of its columns.
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

    /// The columns of the scope in the order of the file; None for one that is not read.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Option<usize>> + '_ {
        self.columns.iter().copied()
    }

    /// The names, in the scope, of the columns that are read, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns that the import ignores because nothing names them, with their places in the file, counted from 0. Those
    /// without a label are left out.
    pub fn unlisted(&self) -> impl Iterator<Item = (usize, &str)> {
        self.unlisted
            .iter()
            .map(|&place| (place, self.label(place)))
            .filter(|(_, label)| !label.trim().is_empty())
    }

    /// The place in the file, counted from 0, of each of [`Self::names`].
    pub fn read_places(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter_map(|(place, column)| column.map(|_| place))
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
    let found: Vec<String> = spans.iter().map(|&span| value_of(text, span).into_owned()).collect();
    of_labels(&found, scope, &Mapping::default(), Place::of_line(1, 0), tally)
}

/// The header of these labels. Everything that is wrong with them is reported; None if anything is.
pub(crate) fn of_labels(
    found: &[String],
    scope: &Scope,
    mapping: &Mapping,
    place: Place,
    tally: &mut Tally,
) -> Option<Header> {
    let before = tally.total();
    let header = labels(found, scope, mapping, place, tally);
    missing(&header, scope, place, tally);
    (tally.total() == before).then_some(header)
}

/// The header of a file that has none: its columns are what the import says.
pub(crate) fn in_order(
    columns: &[Option<String>],
    scope: &Scope,
    place: Place,
    tally: &mut Tally,
) -> Option<Header> {
    let before = tally.total();
    let mut header = Header::empty(scope, columns.len());
    for (n, name) in columns.iter().enumerate() {
        let label = name.clone().unwrap_or_else(|| format!("column {}", n + 1));
        header.push(label, name.as_deref().and_then(|name| scope.column(name)), scope);
    }
    missing(&header, scope, place, tally);
    (tally.total() == before).then_some(header)
}

impl Header {
    fn empty(scope: &Scope, width: usize) -> Self {
        Self {
            labels: Vec::with_capacity(width),
            names: Vec::with_capacity(width),
            columns: Vec::with_capacity(width),
            places: vec![None; scope.columns().len()],
            unlisted: Vec::new(),
        }
    }

    /// Adds a column.
    fn push(&mut self, label: String, column: Option<usize>, scope: &Scope) {
        let name =
            column.and_then(|column| scope.columns().get(column)).map(|column| column.name().to_owned());
        self.names.extend(name);
        if let Some(place) = column.and_then(|column| self.places.get_mut(column)) {
            *place = Some(self.columns.len());
        }
        self.columns.push(column);
        self.labels.push(label);
    }
}

/// Looks each label up.
fn labels(found: &[String], scope: &Scope, mapping: &Mapping, place: Place, tally: &mut Tally) -> Header {
    let width = found.len();
    let mut header = Header::empty(scope, width);
    let mut seen = HashMap::with_capacity(width);
    let mut listed = false;
    let meant: Vec<Meant> = found.iter().map(|label| mapping.look_up(label, scope)).collect();
    let known: HashSet<usize> = (meant.iter())
        .filter_map(|meant| if let Meant::Column(column) = meant { Some(*column) } else { None })
        .collect();
    let is_there = |name: &str| scope.column(name).is_some_and(|column| known.contains(&column));
    for (n, (label, meant)) in found.iter().zip(meant).enumerate() {
        let number = n as u64 + 1;
        let shown = || shorten(label.as_bytes());
        let finding = |code, message: &str| place.finding(code, message).at(number, shown());
        let column = match meant {
            Meant::Ignored => None,
            Meant::Unlisted => {
                header.unlisted.push(n);
                None
            }
            Meant::Unknown if label.trim().is_empty() => {
                let last = n + 1 == width && width > 1;
                tally.add(Code::BlankLabel, Some(""), || {
                    let finding = finding(Code::BlankLabel, "the column has no name");
                    if last { finding.with_hint(hint::messages::HEADER_ENDS) } else { finding }
                });
                None
            }
            Meant::Unknown => {
                // A label that is there twice is told once, however unknown it is.
                match seen.entry(label.clone()) {
                    Entry::Occupied(first) => {
                        tally.add(Code::DuplicateLabel, Some(&shown()), || twice(finding, *first.get()));
                    }
                    Entry::Vacant(first) => {
                        first.insert(n);
                        tally.add(Code::ExtraLabel, Some(&shown()), || {
                            let message = format!("the column is unknown in {}", scope.name());
                            let finding = finding(Code::ExtraLabel, &message);
                            let mapped =
                                mapping.label_of(label).map(|own| hint::messages::mapped(label, own));
                            match mapped.or_else(|| hint::label(label, scope, is_there)) {
                                Some(hint) => finding.with_hint(hint),
                                None if listed => finding,
                                None => {
                                    listed = true;
                                    finding.with_hint(hint::strange_labels(
                                        found.iter().map(|label| label.as_str().into()),
                                        scope,
                                    ))
                                }
                            }
                        });
                    }
                }
                None
            }
            Meant::Column(column) => {
                if let Some(first) = header.file_column(column) {
                    tally.add(Code::DuplicateLabel, Some(&shown()), || twice(finding, first));
                    None
                } else {
                    Some(column)
                }
            }
        };
        header.push(label.clone(), column, scope);
    }
    header
}

/// The finding on a column that is there twice.
fn twice(finding: impl Fn(Code, &str) -> Finding, first: usize) -> Finding {
    let message = format!("the column appears twice, first as column {}", first + 1);
    finding(Code::DuplicateLabel, &message).with_hint(hint::messages::TWICE)
}

/// Reports the columns that must be there and are not.
fn missing(header: &Header, scope: &Scope, place: Place, tally: &mut Tally) {
    let lacks = |column: usize| header.file_column(column).is_none();
    for (n, column) in scope.columns().iter().enumerate() {
        let key = scope.primary_key().contains(&n) && scope.generated() != Some(n);
        if (column.required() || key) && lacks(n) {
            let what = if key { "the key column" } else { "the required column" };
            let message = format!("{what} `{}` is missing", column.name());
            tally.push(place.finding(Code::MissingLabel, message));
        }
    }
    for (set, _) in sets_of(scope) {
        if set.iter().all(|&column| lacks(column)) {
            let names = names(scope, set);
            let message = match set {
                [_] => format!("the column {names} is missing"),
                _ => format!("one of the columns {names} is required"),
            };
            tally.push(place.finding(Code::MissingLabel, message));
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
