//! A table that is written as Parquet, row by row.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Repetition};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use tidewaiter_engine::ports::Cell;

use super::buffer::Column;
use super::kind::Kind;

/// How many rows a row group has at most, and how many bytes of values: they are in memory until it is written.
const GROUP_ROWS: usize = 122_880;
const GROUP_BYTES: usize = 16 << 20;

/// A table whose columns are known.
pub(crate) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    at: usize,
    rows: usize,
}

impl<W: Write + Send> Table<W> {
    /// A table of these columns. Each value may be missing.
    pub(crate) fn new(to: W, name: &str, columns: impl Iterator<Item = (String, Kind)>) -> io::Result<Self> {
        let (mut fields, mut buffers) = (Vec::new(), Vec::new());
        for (name, kind) in columns {
            let (physical, logical) = kind.named();
            let field = Type::primitive_type_builder(&name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            fields.push(Arc::new(field.build().map_err(failed)?));
            buffers.push(Column::new(kind));
        }
        let schema = Type::group_type_builder(name).with_fields(fields).build().map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("tidewaiter version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        Ok(Self { writer, columns: buffers, at: 0, rows: 0 })
    }

    /// Adds the next value of a row. False if its column does not hold such a value.
    pub(crate) fn push(&mut self, cell: Cell<'_>) -> bool {
        let at = self.at;
        self.at += 1;
        self.columns.get_mut(at).is_none_or(|column| column.push(cell))
    }

    /// Ends a row.
    pub(crate) fn end_row(&mut self) -> io::Result<()> {
        self.at = 0;
        self.rows += 1;
        // Adding up the columns for each row would cost more than the rows.
        let is_full = self.rows >= GROUP_ROWS
            || self.rows.is_multiple_of(256)
                && self.columns.iter().map(Column::bytes).sum::<usize>() >= GROUP_BYTES;
        if is_full { self.write_group().map_err(failed) } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            if let Some(writer) = group.next_column()? {
                column.write(writer)?;
            }
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Writes the end of the file; gives back what it was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write_group().map_err(failed)?;
        self.writer.into_inner().map_err(failed)
    }
}

/// Why a file could not be written: what the writer below said, where it did.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
