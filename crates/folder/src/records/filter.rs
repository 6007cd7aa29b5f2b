//! Which rows of a table an export selects, as a condition of SQL.

use rusqlite::types::{ToSqlOutput, Value};
use tidewaiter_engine::ports::{Condition, Selection};

use super::statements::key_value;
use super::stored::{StoredColumn, StoredTable, json_path};
use super::values::{self, Kept};

/// Which rows are selected: a condition, and its values.
pub(super) struct Filter {
    pub(super) is: String,
    pub(super) values: Vec<Value>,
}

impl Filter {
    pub(super) fn new(table: &StoredTable, selection: &Selection) -> Self {
        let mut filter = Self { is: "1".to_owned(), values: Vec::new() };
        if let Some(since) = selection.since {
            let place = filter.bind(since.to_string().into());
            filter.and(&format!("_run IN (SELECT id FROM _runs WHERE import >= {place})"));
        }
        for condition in &selection.conditions {
            filter.add(table, condition);
        }
        filter
    }

    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.is.push_str(" AND ");
        self.is.push_str(condition);
    }

    fn add(&mut self, table: &StoredTable, condition: &Condition) {
        let exact = format!("_exact ->> {}", json_path(&condition.field));
        let place = table.columns.iter().position(|column| column.field == condition.field);
        let column = place.and_then(|at| table.columns.get(at));
        match (&condition.value, column) {
            (None, Some(column)) => self.and(&format!("{} IS NULL AND {exact} IS NULL", column.name)),
            (None, None) => self.and(&format!("{exact} IS NULL")),
            (Some(text), None) => {
                let text = self.bind(text.clone().into());
                self.and(&format!("{exact} = {text}"));
            }
            (Some(text), Some(column))
                if table.key.as_ref().is_some_and(|key| key.iter().any(|at| Some(*at) == place)) =>
            {
                let value = self.bind(key_value(column.kind, text));
                self.and(&format!("{} = {value}", column.name));
            }
            (Some(text), Some(column)) => self.equals(column, &exact, text),
        }
    }

    /// A value that a column holds exactly is there; any other is beside it.
    fn equals(&mut self, column: &StoredColumn, exact: &str, text: &str) {
        match values::kept(column.kind, text) {
            Kept::Exactly(value) => {
                let value = match value {
                    ToSqlOutput::Borrowed(value) => Value::try_from(value).unwrap_or(Value::Null),
                    _ => Value::Null,
                };
                let value = self.bind(value);
                self.and(&format!("{} = {value} AND {exact} IS NULL", column.name));
            }
            Kept::Nearly(_) => {
                let text = self.bind(text.to_owned().into());
                self.and(&format!("{exact} = {text}"));
            }
        }
    }
}
