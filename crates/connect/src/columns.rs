//! What rows of any database have in common: the names of their columns, and how many are handed over at a time.

use std::collections::HashSet;

use tidewaiter_engine::ports::{Fault, RowBatch, SourceColumn, SourceError};

/// The most columns that rows may have: as many as a scope may have fields.
const MOST_COLUMNS: usize = 5_000;
/// The longest name of a column, in bytes.
const NAME_BYTES: usize = 1_024;
/// A batch is handed over when it has so many bytes, or rows.
const BATCH_BYTES: usize = 256 << 10;
const BATCH_ROWS: usize = 4_096;

/// True if a batch is large enough.
pub(crate) fn is_full(batch: &RowBatch) -> bool {
    batch.bytes() >= BATCH_BYTES || batch.rows() >= BATCH_ROWS
}

/// Refuses columns that cannot be the header of a file.
pub(crate) fn check_names(columns: &[SourceColumn]) -> Result<(), SourceError> {
    let refused = |message: String, hint: &str| Err(SourceError::new(Fault::Query, message).with_hint(hint));
    if columns.is_empty() {
        return refused("the query answers no columns".to_owned(), "select at least one column");
    }
    if columns.len() > MOST_COLUMNS {
        let message = format!("the query answers {} columns, more than {MOST_COLUMNS}", columns.len());
        return refused(message, "select the columns that are needed by name");
    }
    let mut known = HashSet::new();
    for (n, column) in columns.iter().enumerate() {
        let name = column.name.as_str();
        if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            let message = format!("column {} of the query has no name that can stand in a header", n + 1);
            return refused(message, "give it a name with AS");
        }
        if !known.insert(name) {
            let message = format!("two columns of the query have the name {name:?}");
            return refused(message, "give one of them another name with AS");
        }
    }
    Ok(())
}

/// The error for a type that no file can hold.
pub(crate) fn refused_type(column: &str, kind: &str, hint: impl Into<String>) -> SourceError {
    SourceError::new(Fault::Query, format!("column {column:?} has the type {kind}, which a file cannot hold"))
        .with_hint(hint)
}

#[cfg(test)]
mod tests {
    use tidewaiter_engine::ports::Form;

    use super::*;

    fn named(names: &[&str]) -> Result<(), SourceError> {
        let column =
            |name: &&str| SourceColumn { name: (*name).to_owned(), kind: "text".into(), form: Form::Text };
        check_names(&names.iter().map(column).collect::<Vec<_>>())
    }

    #[test]
    fn columns_have_names_of_their_own() {
        assert_eq!(named(&["id", "ID", "?column?"]), Ok(()));
        let told = |names: &[&str]| named(names).unwrap_err().to_string();
        assert_eq!(told(&[]), "the query answers no columns (select at least one column)");
        assert!(told(&["id", "name", "id"]).starts_with("two columns of the query have the name \"id\""));
        assert!(told(&["id", ""]).starts_with("column 2 of the query has no name"));
        assert!(told(&["a\nb"]).starts_with("column 1 of the query has no name"));
        let many: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(told(&many).contains("10000 columns, more than 5000"));
    }
}
