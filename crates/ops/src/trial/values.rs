//! Values that a configuration reads otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::preflight::Values;

/// The values of a column that would be read otherwise, in lines that are accepted either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// The column of the scope.
    pub field: String,
    /// In how many lines, of those that were compared.
    pub count: u64,
    /// The first of these lines.
    pub line: u64,
    /// What is read of it now; none if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What would be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Compares what two configurations read of a file, by column.
pub(super) fn compare(before: &Values, after: &Values) -> Vec<ValueChange> {
    let mut changes: BTreeMap<&str, ValueChange> = BTreeMap::new();
    for (line, old) in before {
        let Some(new) = after.get(line) else { continue };
        for field in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (old.get(field), new.get(field));
            if was == is {
                continue;
            }
            let change = changes.entry(field).or_insert_with(|| ValueChange {
                field: field.clone(),
                count: 0,
                line: *line,
                before: was.cloned(),
                after: is.cloned(),
            });
            change.count += 1;
        }
    }
    changes.into_values().collect()
}
