//! What decides about the lines of a file, prepared once.

use std::sync::Arc;

use tidewaiter_model::finding::Code;
use tidewaiter_schema::compile::{Column, Scope};

use super::fields::Fields;
use super::glance::Glance;
use super::header::{Header, sets_of};
use super::plan::{Need, Plan};
use super::split::{QuoteFault, value_of};

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

impl Rules {
    pub(crate) fn new(scope: Arc<Scope>, header: Header, delimiter: u8) -> Self {
        let need = |column: usize| {
            if scope.generated() == Some(column) {
                Need::Optional
            } else if scope.primary_key().contains(&column) {
                Need::Key
            } else if scope.columns().get(column).is_some_and(Column::required) {
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
