//! What a database answers to a query: opened, with what follows its rows. A read goes on from here, and so does a preview.

use tidewaiter::config::{ImportOptions, QueryOptions};
use tidewaiter::keys::Repository;

use super::{Cursor, RowForm};
use crate::capabilities::HasConnections;
use crate::ports::{
    Connections, DataSource, Position, Query, RowBatch, SourceColumn, SourceError, SourceRows,
};

/// The rows of a connection.
type RowsOf<D> = <<<D as HasConnections>::Connections as Connections>::Source as DataSource>::Rows;

/// An answer of which no row is read yet.
pub(super) struct Opened<'a, R> {
    pub(super) answer: R,
    pub(super) columns: Vec<SourceColumn>,
    /// Follows the column of the last item. None if the query has none.
    pub(super) cursor: Option<Cursor<'a>>,
    /// How rows are written.
    pub(super) form: RowForm,
}

/// Asks a query, from a position on.
///
/// # Errors
/// Why the database cannot be read.
pub(super) async fn open<'a, D: HasConnections>(
    deployment: &D,
    repository: &Repository,
    options: &ImportOptions,
    query: &'a QueryOptions,
    position: &Position,
) -> Result<Opened<'a, RowsOf<D>>, SourceError> {
    let source = deployment.connections().connection(&query.connection, repository).await?;
    let begin = query.last_item.as_ref().map(|last| Cursor::begin(last, position)).transpose()?;
    let answer = source.open(&Query { sql: query.sql.as_str().to_owned(), last: begin.clone() }).await?;
    let columns = answer.columns().to_vec();
    let cursor = match (&query.last_item, &begin) {
        (Some(last), Some(begin)) => Some(Cursor::new(last, position.clone(), begin, &columns)?),
        _ => None,
    };
    Ok(Opened { answer, columns, cursor, form: RowForm::of(&options.dialect) })
}

/// The first rows of an answer, as the file of the import would hold them.
#[derive(Debug)]
pub struct Preview {
    /// The columns of the answer.
    pub columns: Vec<SourceColumn>,
    /// The rows as texts; None is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// The file, with its header.
    pub file: Vec<u8>,
    /// The rows that would be left out, because they were imported before.
    pub left_out: u64,
}

/// Reads the first rows of what the next read of a query would have, and changes nothing.
///
/// # Errors
/// Why the query cannot be read.
pub async fn preview<D: HasConnections>(
    deployment: &D,
    repository: &Repository,
    options: &ImportOptions,
    query: &QueryOptions,
    position: &Position,
    most: usize,
) -> Result<Preview, SourceError> {
    let Opened { mut answer, columns, mut cursor, form } =
        open(deployment, repository, options, query, position).await?;
    let (mut file, mut rows, mut batch) = (Vec::new(), Vec::new(), RowBatch::default());
    form.header(&columns, &mut file);
    while rows.len() < most && answer.next(&mut batch).await? {
        for row in batch.iter() {
            let is_new = cursor.as_mut().map_or(Ok(true), |cursor| cursor.take(row.clone()))?;
            if is_new && rows.len() < most {
                form.row(&columns, row.clone(), &mut file);
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                rows.push(row.map(|value| value.map(text)).collect());
            }
        }
    }
    let left_out = cursor.as_ref().map_or(0, Cursor::left_out);
    Ok(Preview { columns, rows, file, left_out })
}
