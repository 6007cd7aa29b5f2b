//! What is asked of the values of one column, prepared once.

use tidewaiter_schema::compile::{Quick, Scope};

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
    pub(crate) fn new(scope: &Scope, column: usize, need: Need) -> Self {
        let compiled = scope.columns().get(column);
        let empty = if scope.is_missing("") || need == Need::Key {
            need == Need::Optional
        } else {
            compiled.is_some_and(|column| column.check("").is_ok())
        };
        // A text that means "no value" must not pass as a value where one is needed.
        let quick = compiled.filter(|_| need == Need::Optional || !scope.has_missing_texts());
        Self { column, need, empty, quick: quick.map_or(Quick::NEVER, |column| column.quick().clone()) }
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
