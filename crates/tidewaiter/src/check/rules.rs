//! What decides about the lines of a file, prepared once.

use std::sync::Arc;

use super::fields::Fields;
use super::glance::Glance;
use super::header::Header;
use super::line::value_of;
use super::split::QuoteFault;
use crate::finding::Code;
use crate::schema::compile::{Quick, Scope};

/// Everything that decides about the lines of one file.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) scope: Arc<Scope>,
    pub(crate) header: Header,
    pub(crate) delimiter: u8,
    /// For each column of the file.
    pub(crate) plan: Vec<Plan>,
    /// The same at a glance, for all columns at once.
    pub(crate) glance: Glance,
    /// Columns of which one must have a value.
    pub(crate) sets: Vec<Set>,
    /// An empty cell means "no value", and nothing else does.
    empty_alone_is_missing: bool,
}

/// What is asked of one column of the file.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The column in the scope.
    pub(crate) column: usize,
    pub(crate) need: Need,
    /// Whether a cell may be empty.
    pub(crate) empty: bool,
    /// What lets most of the good values pass that are not empty; the others are judged one by one.
    pub(crate) quick: Quick,
}

impl Plan {
    fn new(scope: &Scope, column: usize, need: Need) -> Self {
        let compiled = scope.columns().get(column);
        let empty = if scope.is_missing("") || need == Need::Key {
            need == Need::Optional
        } else {
            compiled.is_some_and(|column| column.check("").is_ok())
        };
        // A text that means "no value" must not pass as a value where one is needed.
        let quick = compiled.filter(|_| need == Need::Optional || !scope.has_missing_texts());
        Self { column, need, empty, quick: quick.map_or(Quick::Never, |column| column.quick().clone()) }
    }
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
    /// It is longer than the limit, whatever is in it.
    Length,
    Encoding,
    Control,
    Blank,
    Quotes(QuoteFault),
    /// It has so many fields.
    Width {
        fields: usize,
    },
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
        let plan = header.columns().map(|column| Plan::new(&scope, column, need(column)));
        let plan: Vec<Plan> = plan.collect();
        let sets = sets_of(&scope)
            .map(|(set, code)| Set {
                columns: set.to_vec(),
                places: set.iter().filter_map(|&column| header.file_column(column)).collect(),
                code,
            })
            .collect();
        let empty_alone_is_missing = scope.is_missing("") && !scope.has_missing_texts();
        let glance = Glance::new(&plan);
        Self { scope, header, delimiter, plan, glance, sets, empty_alone_is_missing }
    }

    /// How many fields a line must have.
    pub(crate) fn width(&self) -> usize {
        self.plan.len()
    }

    /// Judges a value, whatever it is.
    pub(crate) fn is_good_value(&self, value: &str, plan: &Plan) -> bool {
        if self.is_missing(value, plan.need) {
            return plan.need == Need::Optional;
        }
        self.scope.columns().get(plan.column).is_some_and(|column| column.check(value).is_ok())
    }

    /// True if a cell means "no value".
    #[inline]
    pub(crate) fn is_missing(&self, value: &str, need: Need) -> bool {
        self.scope.is_missing(value) || (need == Need::Key && value.is_empty())
    }

    /// True if each set has a value in one of its columns.
    #[inline]
    pub(crate) fn sets_are_filled(&self, text: &str, fields: Fields<'_>) -> bool {
        self.sets.iter().all(|set| self.is_filled(set, text, fields))
    }

    /// True if one of a set's columns has a value.
    #[inline]
    pub(crate) fn is_filled(&self, set: &Set, text: &str, fields: Fields<'_>) -> bool {
        let need = if set.code == Code::PrimaryKey { Need::Key } else { Need::Optional };
        let mut spans = set.places.iter().filter_map(|&place| fields.span(place));
        if self.empty_alone_is_missing {
            return spans.any(|span| span.start < span.end);
        }
        spans.any(|span| !self.is_missing(&value_of(text, span), need))
    }
}
