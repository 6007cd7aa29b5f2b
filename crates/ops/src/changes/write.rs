//! Writes changes as JSON Lines, CSV or Parquet.

use std::io::{self, Write};

use tidewaiter_engine::ports::Cell;

use super::{Operation, RecordChange};
use crate::records::csv;
use crate::records::export::parquet::{Kind, Table};

const COLUMNS: [(&str, Kind); 9] = [
    ("order", Kind::Integer),
    ("operation", Kind::Text),
    ("scope", Kind::Text),
    ("key", Kind::Text),
    ("quiet", Kind::Boolean),
    ("import", Kind::Text),
    ("file", Kind::Text),
    ("line", Kind::Integer),
    ("values", Kind::Text),
];

/// A format of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeFormat {
    /// A JSON object on each line.
    JsonLines,
    /// CSV with a header; the values are a JSON object.
    Csv,
    /// Parquet; the values are a JSON object.
    Parquet,
}

/// Writes changes, one after the other.
pub struct ChangeWriter<W: Write + Send>(Form<W>);

enum Form<W: Write + Send> {
    JsonLines(W),
    Csv(W),
    Parquet(Box<Table<W>>),
}

impl<W: Write + Send> ChangeWriter<W> {
    /// Begins to write.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn new(format: ChangeFormat, mut to: W) -> io::Result<Self> {
        Ok(Self(match format {
            ChangeFormat::JsonLines => Form::JsonLines(to),
            ChangeFormat::Csv => {
                to.write_all(&csv::line(b',', COLUMNS.iter().map(|(name, _)| *name)))?;
                Form::Csv(to)
            }
            ChangeFormat::Parquet => {
                let columns = COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
                Form::Parquet(Box::new(Table::new(to, "change", columns)?))
            }
        }))
    }

    /// Adds a change.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, change: &RecordChange) -> io::Result<()> {
        match &mut self.0 {
            Form::JsonLines(to) => {
                let mut line = serde_json::to_vec(change)?;
                line.push(b'\n');
                to.write_all(&line)
            }
            Form::Csv(to) => {
                let (order, line) = (change.order.to_string(), change.line.to_string());
                let (import, values) = (change.import.to_string(), values(change)?.unwrap_or_default());
                let operation = operation(change);
                let quiet = if change.quiet { "true" } else { "false" };
                let cells: [&str; 9] = [
                    &order,
                    operation,
                    &change.scope,
                    &change.key,
                    quiet,
                    &import,
                    &change.file,
                    &line,
                    &values,
                ];
                to.write_all(&csv::line(b',', cells.into_iter()))
            }
            Form::Parquet(table) => {
                let (import, values) = (change.import.to_string(), values(change)?);
                let number = |number: u64| Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX));
                let cells = [
                    number(change.order),
                    Cell::Text(operation(change)),
                    Cell::Text(&change.scope),
                    Cell::Text(&change.key),
                    Cell::Boolean(change.quiet),
                    Cell::Text(&import),
                    Cell::Text(&change.file),
                    number(change.line),
                    values.as_deref().map_or(Cell::Missing, Cell::Text),
                ];
                for cell in cells {
                    // Each column takes what it is given here.
                    table.push(cell);
                }
                table.end_row()
            }
        }
    }

    /// Ends; gives back what was written to.
    ///
    /// # Errors
    /// If the end cannot be written.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Form::JsonLines(to) | Form::Csv(to) => Ok(to),
            Form::Parquet(table) => table.finish(),
        }
    }
}

fn operation(change: &RecordChange) -> &'static str {
    match change.operation {
        Operation::Put => "put",
        Operation::Remove => "remove",
    }
}

/// The values after a change, as a JSON object; None if the record was removed.
fn values(change: &RecordChange) -> io::Result<Option<String>> {
    match change.operation {
        Operation::Put => Ok(Some(serde_json::to_string(&change.values)?)),
        Operation::Remove => Ok(None),
    }
}
