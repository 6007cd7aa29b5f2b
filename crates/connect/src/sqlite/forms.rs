//! How values of SQLite are written. A column has a type that was declared, and each value one of its own.

use rusqlite::types::ValueRef;
use tidewaiter_engine::ports::{Form, RowBatch, SourceColumn, SourceError};

use crate::columns::refused_type;
use crate::numbers::write_float;

/// What a column is called in an answer.
pub(super) fn column(name: &str, declared: Option<&str>) -> Result<SourceColumn, SourceError> {
    let kind = declared.unwrap_or("no declared type").to_owned();
    let form = form(&kind.to_ascii_uppercase(), declared.is_some())
        .ok_or_else(|| refused_type(name, &kind, "select hex(…) of it, or leave it out"))?;
    Ok(SourceColumn { name: name.to_owned(), kind, form })
}

/// How values of a declared type are written; None if it is for bytes.
fn form(declared: &str, is_declared: bool) -> Option<Form> {
    let has = |part: &str| declared.contains(part);
    let begins = |part: &str| declared.starts_with(part);
    Some(match declared {
        // What is calculated has no type. Values tell theirs.
        _ if !is_declared => Form::Text,
        _ if begins("BOOL") => Form::Boolean,
        "DATE" => Form::Date,
        "TIME" => Form::Time,
        _ if begins("DATETIME") || begins("TIMESTAMP") => Form::Datetime,
        _ if has("INT") => Form::Integer,
        _ if has("CHAR") || has("CLOB") || has("TEXT") => Form::Text,
        _ if has("BLOB") || has("BINARY") => return None,
        _ if has("REAL") || has("FLOA") || has("DOUB") || has("NUM") || has("DEC") => Form::Number,
        _ => Form::Text,
    })
}

/// A value, and how its column is written.
pub(super) struct Cell<'a> {
    pub(super) value: ValueRef<'a>,
    pub(super) form: Form,
}

impl Cell<'_> {
    /// Writes the value into a batch.
    pub(super) fn write(self, batch: &mut RowBatch) {
        match self.value {
            ValueRef::Null => batch.push_null(),
            // SQLite keeps booleans as numbers.
            ValueRef::Integer(0) if self.form == Form::Boolean => batch.push(b"false"),
            ValueRef::Integer(1) if self.form == Form::Boolean => batch.push(b"true"),
            ValueRef::Integer(number) => {
                use std::io::Write;
                // Writing to memory does not fail.
                let _ = write!(batch.value(), "{number}");
                batch.end();
            }
            ValueRef::Real(number) => {
                write_float(number, batch.value());
                batch.end();
            }
            ValueRef::Text(text) | ValueRef::Blob(text) => batch.push(text),
        }
    }
}
