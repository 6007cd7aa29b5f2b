//! Columns that are no place to go on, and values that are none.

use super::Cursor;
use crate::ports::{Fault, Form, SourceError};

/// What MySQL and MariaDB sort by the number of a value, and compare with a text by its name.
pub(super) const UNORDERED: [&str; 2] = ["enum", "set"];

/// What the values of a form are.
pub(super) fn values(form: Form) -> &'static str {
    match form {
        Form::Boolean => "true or false",
        Form::Integer => "whole numbers such as 42",
        Form::Number => "numbers such as 12.50",
        Form::Date => "dates such as 2026-01-31",
        Form::Time => "times such as 13:45:00",
        Form::Datetime => "dates and times such as 2026-01-31T13:45:00",
        Form::Moment => "moments such as 2026-01-31T13:45:00Z",
        Form::Text => "texts",
    }
}

/// A lag that the column does not have.
pub(super) fn unfit(column: &str, kind: Option<&str>) -> SourceError {
    let kind = kind.map_or(String::new(), |kind| format!(", whose type is {kind}"));
    SourceError::new(Fault::Query, format!("the lag does not fit column `{column}` of the last item{kind}"))
        .with_hint(
            "a lag is a number for whole numbers, and a time such as \"10 minutes\" for a type of dates or times",
        )
}

impl Cursor<'_> {
    /// SQLite compares dates and times as texts, in which a blank sorts before a `T`: rows with the one are not behind a
    /// moment with the other, although they are later.
    pub(super) fn check_blank(&self, value: &str) -> Result<(), SourceError> {
        if self.form != Form::Datetime {
            return Ok(());
        }
        let has_blank = value.contains(' ');
        let column = &self.options.column;
        let fails = |message: String, hint: &str| {
            let message = format!("{message}: SQLite compares them as texts, and misses rows");
            Err(SourceError::new(Fault::Query, message).with_hint(hint))
        };
        if self.last.as_ref().is_some_and(|last| last.contains(' ') != has_blank) {
            return fails(
                format!(
                    "column `{column}` has a blank between date and time in some rows, and a `T` in others"
                ),
                "write them in one way in the database, or select the column in one: datetime(…)",
            );
        }
        if has_blank && self.asked.text.contains('T') {
            return fails(
                format!("column `{column}` has a blank between date and time, and {{lastItem}} has a `T`"),
                "write `start` with a blank; if a person or a read before has set it, `tidewaiter query set` it with a blank",
            );
        }
        Ok(())
    }

    /// A value that has no place in the order of the column.
    pub(super) fn unordered(&self) -> SourceError {
        let message = format!(
            "a value of column `{}` of the last item ({}) is not written as {} are",
            self.options.column,
            self.kind,
            values(self.form)
        );
        SourceError::new(Fault::Query, message).with_hint(
            "leave such rows out by the SQL (infinity, NaN, dates before Christ), or select the column in that form",
        )
    }
}
