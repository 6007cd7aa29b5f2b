//! Databases that are read: a query goes in, rows come out, each value as the exact text that a file would hold.

use std::fmt;
use std::future::Future;

pub use tidewaiter::item::{Form, LastItem};

use crate::Error;

/// A query, and where it goes on.
#[derive(Clone, Default)]
pub struct Query {
    /// The SQL, in the dialect of its server. Each `{lastItem}` stands for the value of `last`; it is bound, never pasted.
    pub sql: String,
    /// The last item of the read before.
    pub last: Option<LastItem>,
}

impl fmt::Debug for Query {
    /// Without the last item, which is a value of a record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("sql", &self.sql)
            .field("has_last", &self.last.is_some())
            .finish_non_exhaustive()
    }
}

/// A column of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name. No other column has it.
    pub name: String,
    /// Its type, as the server calls it.
    pub kind: String,
    /// How its values are written.
    pub form: Form,
}

/// Rows, in one buffer that is used again for the next ones.
///
/// A value is bytes: a server may hold texts that are not UTF-8. They are handed on as they are, so that the check of the
/// file finds them.
#[derive(Debug, Default)]
pub struct RowBatch {
    columns: usize,
    bytes: Vec<u8>,
    /// Where each value ends, and whether it is one.
    cells: Vec<(usize, bool)>,
}

impl RowBatch {
    /// Removes all rows. The next ones have so many columns.
    pub fn clear(&mut self, columns: usize) {
        self.columns = columns;
        self.bytes.clear();
        self.cells.clear();
    }

    /// Where the bytes of the next value are put. [`end`](Self::end) ends it.
    pub fn value(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends a value that was put into [`value`](Self::value).
    pub fn end(&mut self) {
        self.cells.push((self.bytes.len(), true));
    }

    /// Adds a value.
    pub fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end();
    }

    /// Adds NULL.
    pub fn push_null(&mut self) {
        self.cells.push((self.bytes.len(), false));
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or_default()
    }

    /// How many bytes its values have together.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The values of each row; None is NULL.
    pub fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = Option<&[u8]>> + Clone> {
        let mut begin = 0;
        self.cells.chunks_exact(self.columns.max(1)).map(move |cells| {
            let first = begin;
            begin = cells.last().map_or(begin, |(end, _)| *end);
            cells.iter().scan(first, |begin, (end, is_value)| {
                let value = self.bytes.get(std::mem::replace(begin, *end)..*end).unwrap_or_default();
                Some(is_value.then_some(value))
            })
        })
    }
}

/// A database that can be asked.
pub trait DataSource: Send + Sync {
    /// The rows of an answer.
    type Rows: SourceRows;

    /// Asks a query, as a reader who can change nothing.
    ///
    /// # Errors
    /// If the database cannot be asked, or if rows like these can be no file: a column has no name, two have the same
    /// one, or a type that is refused. This is found before the first row is read.
    fn open(&self, query: &Query) -> impl Future<Output = Result<Self::Rows, SourceError>> + Send;
}

/// The rows of an answer, as they come. What is not read is given up when this is dropped.
pub trait SourceRows: Send {
    /// The columns.
    fn columns(&self) -> &[SourceColumn];

    /// Takes the next rows into a batch, in place of those that are in it. False if there are no more.
    ///
    /// A batch has a bounded size, however many rows there are.
    ///
    /// # Errors
    /// If the server fails, or a limit is reached. What was read so far is not the whole answer then.
    fn next(&mut self, batch: &mut RowBatch) -> impl Future<Output = Result<bool, SourceError>> + Send;
}

/// Why a database was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
pub struct SourceError {
    /// What kind of failure it is.
    pub fault: Fault,
    /// What is wrong. No secret and no value of a row is in it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Kinds of failures, by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It may pass: the server is not reached, or the connection broke.
    Passing,
    /// The operator has to change something: an address, a login, a right, a certificate.
    Operator,
    /// The query has to be changed.
    Query,
    /// A limit of the connection was reached.
    Limit,
}

impl SourceError {
    /// A failure without advice.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), hint: None }
    }

    /// The same failure, with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// True if the same query may well succeed later, without anybody's help.
    pub fn is_transient(&self) -> bool {
        self.fault == Fault::Passing
    }
}

impl From<Error> for SourceError {
    /// What a database needs cannot be read, such as the password of a login.
    fn from(error: Error) -> Self {
        let fault = if error.is_transient() { Fault::Passing } else { Fault::Operator };
        Self::new(fault, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_its_values() {
        let mut batch = RowBatch::default();
        batch.clear(3);
        for row in [[Some("1"), None, Some("")], [None, Some("b"), Some("c")]] {
            for value in row {
                match value {
                    Some(value) => batch.push(value.as_bytes()),
                    None => batch.push_null(),
                }
            }
        }
        let rows: Vec<Vec<Option<&[u8]>>> = batch.iter().map(Iterator::collect).collect();
        assert_eq!(rows, [[Some(&b"1"[..]), None, Some(b"")], [None, Some(b"b"), Some(b"c")]]);
        assert_eq!((batch.rows(), batch.bytes()), (2, 3));
        batch.clear(1);
        assert_eq!(batch.iter().count(), 0);
    }
}
