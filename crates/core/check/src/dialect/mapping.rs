//! Which column a label means.

use std::collections::HashMap;

use tidewaiter_schema::compile::Scope;
use tidewaiter_schema::config::DialectOptions;
use tidewaiter_schema::config::dialect::{Columns, Labels, UnknownColumns};

use crate::hint;

/// What an import says about labels. The default is strict: a label is the name of a column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    /// The columns of labels; None for a column that is not read.
    by_label: HashMap<String, Option<String>>,
    /// The columns in the order of the file, if it has no header.
    pub(crate) in_order: Option<Vec<Option<String>>>,
    ignores_unknown: bool,
    is_loose: bool,
    pub(crate) trims: bool,
}

/// What a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A column of the scope.
    Column(usize),
    /// A column that is not read.
    Ignored,
    /// Nothing that the import names; it ignores such columns.
    Unlisted,
    /// Nothing.
    Unknown,
}

/// The column of a scope that a label means by the options of an import; None if it is not read.
pub fn column_of<'a>(options: &DialectOptions, label: &str, scope: &'a Scope) -> Option<&'a str> {
    match Mapping::of(options).look_up(label, scope) {
        Meant::Column(column) => scope.columns().get(column).map(tidewaiter_schema::compile::Column::name),
        Meant::Ignored | Meant::Unlisted | Meant::Unknown => None,
    }
}

impl Mapping {
    /// The label that the import takes for a field, if it says so. Of several the first in their order.
    pub(crate) fn label_of(&self, field: &str) -> Option<&str> {
        let labels = self.by_label.iter().filter(|(_, named)| named.as_deref() == Some(field));
        labels.map(|(label, _)| label.as_str()).min()
    }

    pub(crate) fn of(options: &DialectOptions) -> Self {
        let is_loose = options.labels == Labels::Loose;
        let mut mapping = Self {
            ignores_unknown: options.unknown_columns == UnknownColumns::Ignore,
            is_loose,
            trims: options.trim,
            ..Self::default()
        };
        match &options.columns {
            Columns::ByLabel(labels) => {
                let key = |label: &String| if is_loose { hint::plain(label) } else { label.clone() };
                mapping.by_label = labels.iter().map(|(label, field)| (key(label), field.clone())).collect();
            }
            Columns::InOrder(fields) => mapping.in_order = Some(fields.clone()),
        }
        mapping
    }

    /// The label without what is not part of it.
    pub(crate) fn clean<'a>(&self, label: &'a str) -> &'a str {
        if self.trims { label.trim() } else { label }
    }

    /// What a label means.
    pub(crate) fn look_up(&self, label: &str, scope: &Scope) -> Meant {
        let label = self.clean(label);
        let listed = if self.by_label.is_empty() {
            None
        } else if self.is_loose {
            self.by_label.get(&hint::plain(label))
        } else {
            self.by_label.get(label)
        };
        match listed {
            Some(Some(field)) => return scope.column(field).map_or(Meant::Unknown, Meant::Column),
            Some(None) => return Meant::Ignored,
            None => {}
        }
        let column = if self.is_loose { hint::meant_label(label, scope) } else { scope.column(label) };
        match column {
            // Another label is this column: this one is another, of the same name.
            Some(column) if self.is_taken(column, scope) => self.unknown(),
            Some(column) => Meant::Column(column),
            None => self.unknown(),
        }
    }

    fn is_taken(&self, column: usize, scope: &Scope) -> bool {
        let name = scope.columns().get(column).map(tidewaiter_schema::compile::Column::name);
        !self.by_label.is_empty() && self.by_label.values().any(|field| field.as_deref() == name)
    }

    fn unknown(&self) -> Meant {
        if self.ignores_unknown { Meant::Unlisted } else { Meant::Unknown }
    }
}
