//! What a good line does to the records.
//!
//! A store fetches the record a line names, asks [`apply`], and writes what comes back. So SQLite and
//! DynamoDB cannot disagree about what an import means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Empty, Mode};
use crate::id::ImportId;
use crate::schema::{OnExisting, RowEffect};

/// A record: its values by column, and the import and line that last changed it. An absent column
/// has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The values, as the files wrote them.
    pub values: BTreeMap<String, String>,
    /// The import that last changed it.
    pub import: ImportId,
    /// The line of that import's file.
    pub line: u64,
}

/// How the lines of one import act on records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether records may be created, changed, or both.
    pub mode: Mode,
    /// What an empty cell means.
    pub empty: Empty,
    /// What happens to a record that exists.
    pub on_existing: OnExisting,
    /// What a line does.
    pub row: RowEffect,
}

/// A good line, ready to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line in the file, counted from 1; the header is line 1.
    pub line: u64,
    /// The key of the record it names.
    pub key: String,
    /// A value for each column of the file, in the order of [`Layout::columns`]; None if the cell is empty.
    pub values: Vec<Option<String>>,
    /// The records it refers to, each of which must exist: which of [`Layout::references`], and the key.
    pub references: Vec<(usize, String)>,
}

/// What the lines of one file have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The names of the columns, in the order of the file.
    pub columns: Vec<String>,
    /// What lines may refer to.
    pub references: Vec<ReferenceTo>,
}

/// A reference that lines of a file may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTo {
    /// The scope that is referred to.
    pub scope: String,
    /// The columns that name the record, joined for people: `order_id`.
    pub field: String,
    /// The place of the first of these columns in the file, counted from 1.
    pub number: u64,
}

/// What a line did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A record was created, changed, replaced, added or deleted.
    Imported,
    /// The records are as they were.
    Unchanged,
}

/// What becomes of the record that a line names. `existing` is that record, if there is one.
pub fn apply(
    existing: Option<&Record>,
    layout: &Layout,
    change: &Change,
    rules: Rules,
    import: ImportId,
) -> (Option<Record>, Effect) {
    let written = |values| Some(Record { values, import, line: change.line });
    match (existing, rules.row) {
        (None, RowEffect::Delete) => (None, Effect::Unchanged),
        (Some(_), RowEffect::Delete) => (None, Effect::Imported),
        (None, _) if rules.mode == Mode::Update => (None, Effect::Unchanged),
        (None, _) => (written(filled(layout, change)), Effect::Imported),
        (Some(record), _) if rules.mode == Mode::Create => (Some(record.clone()), Effect::Unchanged),
        (Some(record), _) => {
            let values = match rules.on_existing {
                OnExisting::Merge => merged(record, layout, change, rules.empty),
                OnExisting::Replace | OnExisting::Append => filled(layout, change),
            };
            if values == record.values {
                (Some(record.clone()), Effect::Unchanged)
            } else {
                (written(values), Effect::Imported)
            }
        }
    }
}

fn filled(layout: &Layout, change: &Change) -> BTreeMap<String, String> {
    let cells = layout.columns.iter().zip(&change.values);
    cells.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
}

fn merged(record: &Record, layout: &Layout, change: &Change, empty: Empty) -> BTreeMap<String, String> {
    let mut values = record.values.clone();
    for (name, value) in layout.columns.iter().zip(&change.values) {
        match value {
            Some(value) => {
                values.insert(name.clone(), value.clone());
            }
            None if empty == Empty::Clear => {
                values.remove(name);
            }
            None => {}
        }
    }
    values
}
