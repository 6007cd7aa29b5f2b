//! What is asked of the values of one column, prepared once.

use tidewaiter_schema::compile::{Lengths, Quick, Scope};

use super::dialect::CellFormat;

/// What is asked of one column of the file.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The column in the scope; None if the values are not read.
    pub(crate) column: Option<usize>,
    pub(crate) need: Need,
    /// Whether a cell may be empty.
    pub(crate) empty: bool,
    /// What lets most of the good values pass that are not empty; the others are judged one by one.
    pub(crate) quick: Quick,
    /// How values are read that a file writes in a form of its own.
    pub(crate) format: CellFormat,
}

impl Plan {
    /// For a column that is not read: whatever it holds is good.
    pub(crate) fn ignored() -> Self {
        let quick = Quick::text(Lengths { least: 0, most: usize::MAX });
        Self { column: None, need: Need::Optional, empty: true, quick, format: CellFormat::default() }
    }

    pub(crate) fn new(scope: &Scope, column: usize, need: Need, format: CellFormat) -> Self {
        let compiled = scope.columns().get(column);
        let empty = if scope.is_missing("") || need == Need::Key {
            need == Need::Optional
        } else {
            compiled.is_some_and(|column| column.check("").is_ok())
        };
        // A text that means "no value" must not pass as a value where one is needed, and no value may pass that has to be
        // read first.
        let quick = compiled
            .filter(|_| (need == Need::Optional || !scope.has_missing_texts()) && format.is_strict())
            .map_or(Quick::NEVER, |column| column.quick().clone());
        Self { column: Some(column), need, empty: empty && format.is_strict(), quick, format }
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
