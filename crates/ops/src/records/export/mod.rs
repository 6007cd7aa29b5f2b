//! Exports whole scopes as CSV, JSON Lines or Parquet.
//!
//! [`select`] reads what is asked for, [`columns`] says which columns there are, [`write()`] streams the records.

mod ask;
mod csv;
mod jsonl;
mod out;
pub(crate) mod parquet;

use std::io::{self, Write};
use std::sync::Arc;

use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{
    Cell, ExportColumn, Exports, Origin, Rows, Selection, StoredRecord, hand_over,
};

pub use self::ask::{Asked, columns, columns_of, select};
use self::csv::Csv;
pub use self::csv::CsvStyle;
use self::jsonl::JsonLines;
use self::parquet::{Guesses, Parquet};
use crate::deployment::{Deployment, with_deployed};
use crate::{Error, Result};

/// A format of exports.
#[derive(Debug, Clone, Copy)]
pub enum ExportFormat {
    /// CSV.
    Csv(CsvStyle),
    /// JSON Lines.
    JsonLines,
    /// Parquet.
    Parquet,
}

/// What rows have beside the fields, and what it is called: a field may have that name already.
#[derive(Debug, Clone)]
struct Layout {
    /// The universe, unless one is asked for.
    universe: Option<String>,
    /// Key, import and line.
    origin: Option<[String; 3]>,
    columns: Arc<[ExportColumn]>,
}

impl Layout {
    fn new(selection: &Selection, columns: &Arc<[ExportColumn]>) -> Self {
        let free = |wanted: &str| {
            let mut name = wanted.to_owned();
            while columns.iter().any(|column| column.field == name) {
                name.insert(0, '_');
            }
            name
        };
        Self {
            universe: selection.universe.is_none().then(|| free("universe")),
            origin: selection.with_origin.then(|| ["_key", "_import", "_line"].map(free)),
            columns: Arc::clone(columns),
        }
    }

    /// The cells of a row before its fields.
    fn leading<'r>(&self, origin: &Origin<'r>) -> impl Iterator<Item = Cell<'r>> + use<'r> {
        let line = i64::try_from(origin.line).unwrap_or(i64::MAX);
        let universe = self.universe.is_some().then_some(Cell::Text(origin.universe));
        let own = [Cell::Text(origin.key), Cell::Text(origin.import), Cell::Integer(line)];
        universe.into_iter().chain(self.origin.is_some().then_some(own).into_iter().flatten())
    }

    /// The names of all columns.
    fn names(&self) -> Vec<String> {
        let own = self.universe.iter().chain(self.origin.iter().flatten()).cloned();
        own.chain(self.columns.iter().map(|column| column.field.clone())).collect()
    }
}

/// What is exported.
#[derive(Debug)]
pub enum Exported<'a> {
    /// All records of the selection.
    Selected(&'a Deployment),
    /// These, which were read before.
    These(&'a [StoredRecord]),
}

/// Writes records, and gives back what they were written to.
///
/// # Errors
/// If the deployment cannot be read; [`Error::Output`] if the records cannot be written.
pub async fn write<W: Write + Send + 'static>(
    exported: Exported<'_>,
    selection: &Selection,
    columns: &Arc<[ExportColumn]>,
    format: ExportFormat,
    to: W,
) -> Result<W> {
    let layout = Layout::new(selection, columns);
    let written = match format {
        ExportFormat::Csv(style) => {
            let rows = Csv::new(to, style, layout);
            exported.hand_to(selection, columns, rows).await?.finish()
        }
        ExportFormat::JsonLines => {
            let rows = JsonLines::new(to, layout);
            exported.hand_to(selection, columns, rows).await?.finish()
        }
        ExportFormat::Parquet => {
            let guesses = exported.hand_to(selection, columns, Guesses::new(&layout)).await?;
            let rows = Parquet::new(to, layout, &guesses).map_err(Error::Output)?;
            exported.hand_to(selection, columns, rows).await?.finish()
        }
    };
    written.map_err(Error::Output)
}

impl Exported<'_> {
    async fn hand_to<R: Rows>(
        &self,
        selection: &Selection,
        columns: &Arc<[ExportColumn]>,
        mut rows: R,
    ) -> Result<R> {
        match self {
            Self::Selected(deployment) => with_deployed!(deployment, deployed => {
                Ok(deployed.records().export(selection, columns, rows).await?)
            }),
            Self::These(records) => {
                let _ = hand_over(records, columns, &mut rows)?;
                Ok(rows)
            }
        }
    }
}

/// Adds a value as text.
fn text_of(cell: Cell<'_>, buffer: &mut Vec<u8>) {
    let written = match cell {
        Cell::Missing => Ok(()),
        Cell::Boolean(value) => write!(buffer, "{value}"),
        Cell::Integer(number) => write!(buffer, "{number}"),
        Cell::Year(year) => write!(buffer, "{year:04}"),
        Cell::Number(number) => write!(buffer, "{number}"),
        Cell::Text(text) => {
            buffer.extend_from_slice(text.as_bytes());
            Ok(())
        }
    };
    debug_assert!(written.is_ok(), "memory takes everything: {written:?}");
}

/// True if the reader of the output is gone.
pub fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
}
