//! Whether a line is accepted: the path that every line takes, and nothing on it that a good line does
//! not need.

use std::sync::Arc;

use memchr::{memchr2, memchr3};

use super::header::Header;
use super::line::value_of;
use super::split::{self, QuoteFault, Span};
use crate::finding::Code;
use crate::schema::compile::Scope;

/// Everything that decides about the lines of one file.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) scope: Arc<Scope>,
    pub(crate) header: Header,
    pub(crate) delimiter: u8,
    /// For each column of the file.
    pub(crate) plan: Vec<Plan>,
    /// Columns of which one must have a value.
    pub(crate) sets: Vec<Set>,
}

/// What is asked of one column of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The column in the scope.
    pub(crate) column: usize,
    pub(crate) need: Need,
}

/// Whether a cell must have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Optional,
    Required,
    /// It is part of the record's key; an empty text is no key even where it is a value.
    Key,
}

/// Columns of which each line must fill at least one.
#[derive(Debug)]
pub(crate) struct Set {
    /// The columns in the scope.
    pub(crate) columns: Vec<usize>,
    /// Those of them that are in the file, by their place there.
    pub(crate) places: Vec<usize>,
    /// What it is called when none has a value.
    pub(crate) code: Code,
}

/// Why a line is rejected, as far as the decision needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Encoding,
    Control,
    Blank,
    Quotes(QuoteFault),
    Width,
    Cells,
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

impl Rules {
    pub(crate) fn new(scope: Arc<Scope>, header: Header, delimiter: u8) -> Self {
        let need = |column: usize| {
            if scope.generated() == Some(column) {
                Need::Optional
            } else if scope.primary_key().contains(&column) {
                Need::Key
            } else if scope.columns().get(column).is_some_and(crate::schema::compile::Column::required) {
                Need::Required
            } else {
                Need::Optional
            }
        };
        let plan = header.columns().map(|column| Plan { column, need: need(column) }).collect();
        let sets = sets_of(&scope)
            .map(|(set, code)| Set {
                columns: set.to_vec(),
                places: set.iter().filter_map(|&column| header.file_column(column)).collect(),
                code,
            })
            .collect();
        Self { scope, header, delimiter, plan, sets }
    }

    /// How many fields a line must have.
    pub(crate) fn width(&self) -> usize {
        self.plan.len()
    }

    /// Judges a line without its line break. If it is accepted, `spans` are its fields.
    #[inline]
    pub(crate) fn judge<'a>(&self, content: &'a [u8], spans: &mut Vec<Span>) -> Result<&'a str, Fault> {
        let text = simdutf8::basic::from_utf8(content).map_err(|_| Fault::Encoding)?;
        let quotes = match memchr3(b'"', b'\r', 0, content).and_then(|at| content.get(at..)) {
            None => false,
            Some(rest) if rest.first() == Some(&b'"') && memchr2(b'\r', 0, rest).is_none() => true,
            Some(_) => return Err(Fault::Control),
        };
        if content.is_empty() {
            return Err(Fault::Blank);
        }
        spans.clear();
        // One more than wanted is enough to know that there are too many.
        let most = self.width() + 1;
        if quotes {
            split::quoted(content, self.delimiter, most, spans).map_err(Fault::Quotes)?;
        } else {
            split::plain(content, self.delimiter, most, spans);
        }
        if spans.len() != self.width() {
            return Err(Fault::Width);
        }
        if self.cells_are_good(text, spans) { Ok(text) } else { Err(Fault::Cells) }
    }

    fn cells_are_good(&self, text: &str, spans: &[Span]) -> bool {
        let columns = self.scope.columns();
        for (&span, plan) in spans.iter().zip(&self.plan) {
            let value = value_of(text, span);
            let good = if self.is_missing(&value, plan.need) {
                plan.need == Need::Optional
            } else {
                columns.get(plan.column).is_some_and(|column| column.check(&value).is_ok())
            };
            if !good {
                return false;
            }
        }
        self.sets.iter().all(|set| self.is_filled(set, text, spans))
    }

    /// True if a cell means "no value".
    #[inline]
    pub(crate) fn is_missing(&self, value: &str, need: Need) -> bool {
        self.scope.is_missing(value) || (need == Need::Key && value.is_empty())
    }

    /// True if one of a set's columns has a value.
    pub(crate) fn is_filled(&self, set: &Set, text: &str, spans: &[Span]) -> bool {
        let need = if set.code == Code::PrimaryKey { Need::Key } else { Need::Optional };
        set.places
            .iter()
            .filter_map(|&place| spans.get(place))
            .any(|&span| !self.is_missing(&value_of(text, span), need))
    }
}
