//! Which rows of a table an export selects, as a condition of SQL.

use tidewaiter_engine::ports::{Condition, Selection};

use crate::names::{literal, quoted, table};
use crate::stored::Stored;

/// A condition on rows `t`, and the texts that it names as parameters.
pub(crate) struct Filter {
    pub(crate) is: String,
    pub(crate) texts: Vec<String>,
}

impl Filter {
    /// The rows of a table that are selected.
    pub(crate) fn new(stored: &Stored, selection: &Selection) -> Self {
        let mut filter = Self { is: "true".to_owned(), texts: Vec::new() };
        if let Some(since) = selection.since {
            let since = filter.bind(since.to_string());
            let runs = table(&stored.schema, "_runs");
            filter.and(&format!("t.\"_run\" IN (SELECT id FROM {runs} WHERE import >= {since})"));
        }
        for condition in &selection.conditions {
            filter.add(stored, condition);
        }
        filter
    }

    fn bind(&mut self, text: String) -> String {
        self.texts.push(text);
        format!("${}::text", self.texts.len())
    }

    fn and(&mut self, condition: &str) {
        self.is.push_str(" AND ");
        self.is.push_str(condition);
    }

    /// What is in `_exact` is the value, whatever the column holds.
    fn add(&mut self, stored: &Stored, Condition { field, value }: &Condition) {
        let name = literal(field);
        let (is_beside, exact) =
            (format!("coalesce(t.\"_exact\" ? {name}, false)"), format!("t.\"_exact\" ->> {name}"));
        let column = stored.place(field).and_then(|at| stored.columns.get(at));
        let in_column = match (value, column) {
            (None, Some(column)) => format!("t.{} IS NULL", quoted(&column.name)),
            (None, None) => "true".to_owned(),
            (Some(text), Some(column)) if column.kind.is_exact(text) => {
                let kind = column.kind;
                let printed = self.bind(kind.encode(text).unwrap_or_default().into_owned());
                format!("t.{} = {printed}::{}", quoted(&column.name), kind.sql())
            }
            (Some(_), _) => "false".to_owned(),
        };
        let beside = match value {
            // A text with NUL is in no record.
            Some(text) if text.contains('\0') => "false".to_owned(),
            Some(text) => format!("{exact} = {}", self.bind(text.clone())),
            None => format!("{exact} IS NULL"),
        };
        self.and(&format!("((NOT {is_beside} AND {in_column}) OR ({is_beside} AND {beside}))"));
    }
}
