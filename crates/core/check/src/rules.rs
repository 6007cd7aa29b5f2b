//! What decides about the lines of a file, prepared once.

use std::borrow::Cow;
use std::sync::Arc;

use tidewaiter_model::finding::Code;
use tidewaiter_schema::compile::{Column, Scope};

use super::dialect::{CellFormat, Cells, Cutter, Dialect, Own};
use super::fields::Fields;
use super::glance::Glance;
use super::header::{Header, sets_of};
use super::plan::{Need, Plan};
use super::split::{self, QuoteFault, Span, value_of};

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
    own: Option<Arc<Own>>,
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
    pub(crate) fn new(scope: Arc<Scope>, header: Header, dialect: &Dialect) -> Self {
        let own = dialect.own().cloned();
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
        let format = |column: usize| match (&own, scope.columns().get(column)) {
            (Some(own), Some(column)) => CellFormat::of(&own.options, column),
            _ => CellFormat::default(),
        };
        let plan = header.columns().map(|column| match column {
            Some(column) => Plan::new(&scope, column, need(column), format(column)),
            None => Plan::ignored(),
        });
        let plan: Vec<Plan> = plan.collect();
        let sets = sets_of(&scope)
            .map(|(set, code)| Set {
                columns: set.to_vec(),
                places: set.iter().filter_map(|&column| header.file_column(column)).collect(),
                code,
            })
            .collect();
        let trims = own.as_ref().is_some_and(|own| own.options.trim);
        let empty_alone_is_missing = scope.is_missing("") && !scope.has_missing_texts() && !trims;
        let (glance, delimiter) = (Glance::new(&plan), dialect.delimiter);
        Self { scope, header, delimiter, plan, glance, sets, empty_alone_is_missing, own }
    }

    /// How many fields a line must have.
    pub(crate) fn width(&self) -> usize {
        self.plan.len()
    }

    /// What differs from the strict form.
    pub(crate) fn own(&self) -> Option<&Arc<Own>> {
        self.own.as_ref()
    }

    /// How fields are told apart, unless it is by one byte and doubled quotes.
    pub(crate) fn cutter(&self) -> Option<&Cutter> {
        self.own.as_ref().and_then(|own| own.cutter.as_ref())
    }

    /// Tells the fields of a record apart, wherever it may come from: the text in which they stand, where, and how many
    /// there are. At most one more than the header has is kept.
    pub(crate) fn cut<'a>(
        &self,
        record: &'a str,
        cells: &'a mut Cells,
    ) -> Result<(&'a str, &'a [Span], usize), QuoteFault> {
        let most = self.width() + 1;
        if let Some(cutter) = self.cutter() {
            let fields = cutter.cut(record, most, cells)?;
            return Ok((&cells.text, &cells.spans, fields));
        }
        cells.spans.clear();
        let fields = split::quoted(record.as_bytes(), self.delimiter, most, &mut cells.spans)?;
        Ok((record, &cells.spans, fields))
    }

    /// The column of the scope that a plan is for; None if its values are not read.
    pub(crate) fn column(&self, plan: &Plan) -> Option<&Column> {
        plan.column.and_then(|column| self.scope.columns().get(column))
    }

    /// Judges a value, whatever it is.
    pub(crate) fn is_good_value(&self, value: Cow<'_, str>, plan: &Plan) -> bool {
        let Some(column) = plan.column else { return true };
        let value = plan.format.clean(value);
        if self.is_missing(&value, plan.need) {
            return plan.need == Need::Optional;
        }
        let Ok(value) = plan.format.read(value) else { return false };
        self.scope.columns().get(column).is_some_and(|column| column.check(&value).is_ok())
    }

    /// The value of a field of a good line, counted from 0, as it is read; None if it means "no value".
    pub(crate) fn value<'a>(&self, number: usize, value: Cow<'a, str>) -> Option<Cow<'a, str>> {
        let plan = self.plan.get(number)?;
        let value = plan.format.clean(value);
        if self.scope.is_missing(&value) {
            return None;
        }
        plan.format.read(value).ok()
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
        let is_trimmed = self.own.as_ref().is_some_and(|own| own.options.trim);
        spans.any(|span| {
            let value = value_of(text, span);
            let value = if is_trimmed { value.trim() } else { &value };
            !self.is_missing(value, need)
        })
    }
}
