//! Parquet: typed columns. A column whose type does not hold each of its values exactly is text.
//!
//! Which type that is, is known when all values were seen. So the rows are read twice: [`Guesses`] takes them first, then
//! [`Parquet`].

mod buffer;
mod kind;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use parquet::basic::{Compression, Repetition};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use tidewaiter_engine::ports::{Cell, Origin, Rows};

use self::buffer::Column;
use self::kind::{Guess, Kind};
use super::Layout;

/// How many rows a row group has at most, and how many bytes of values: they are in memory until it is written.
const GROUP_ROWS: usize = 122_880;
const GROUP_BYTES: usize = 16 << 20;

/// Finds the types of columns.
#[derive(Debug)]
pub(super) struct Guesses {
    columns: Vec<Guess>,
    at: usize,
}

impl Guesses {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { columns: layout.columns.iter().map(|column| Guess::of(column.kind)).collect(), at: 0 }
    }
}

impl Rows for Guesses {
    fn begin(&mut self, _origin: &Origin<'_>) {
        self.at = 0;
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if let Some(guess) = self.columns.get_mut(self.at) {
            guess.see(cell);
        }
        self.at += 1;
    }

    fn end(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Writes rows as Parquet.
pub(super) struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    layout: Layout,
    columns: Vec<Column>,
    at: usize,
    rows: usize,
    failure: Option<io::Error>,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(to: W, layout: Layout, guesses: &Guesses) -> io::Result<Self> {
        let mut kinds = Vec::new();
        if layout.universe.is_some() {
            kinds.push(Kind::Text);
        }
        if layout.origin.is_some() {
            kinds.extend([Kind::Text, Kind::Text, Kind::Integer]);
        }
        kinds.extend(guesses.columns.iter().map(Guess::kind));
        let mut fields = Vec::with_capacity(kinds.len());
        for (name, kind) in layout.names().into_iter().zip(&kinds) {
            let (physical, logical) = kind.named();
            let field = Type::primitive_type_builder(&name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            fields.push(Arc::new(field.build().map_err(failed)?));
        }
        let schema = Type::group_type_builder("record").with_fields(fields).build().map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("tidewaiter version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        let columns = kinds.into_iter().map(Column::new).collect();
        Ok(Self { writer, layout, columns, at: 0, rows: 0, failure: None })
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

    pub(super) fn finish(mut self) -> io::Result<W> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.write_group().map_err(failed)?;
        self.writer.into_inner().map_err(failed)
    }
}

impl<W: Write + Send + 'static> Rows for Parquet<W> {
    fn begin(&mut self, origin: &Origin<'_>) {
        self.at = 0;
        let leading = self.layout.leading(origin);
        leading.for_each(|cell| self.cell(cell));
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if let Some(column) = self.columns.get_mut(self.at)
            && !column.push(cell)
        {
            let why = "the records changed while they were being read; try again";
            self.failure.get_or_insert_with(|| io::Error::other(why));
        }
        self.at += 1;
    }

    fn end(&mut self) -> ControlFlow<()> {
        self.rows += 1;
        // Adding up the columns for each row would cost more than the rows.
        let is_full = self.rows >= GROUP_ROWS
            || self.rows.is_multiple_of(256)
                && self.columns.iter().map(Column::bytes).sum::<usize>() >= GROUP_BYTES;
        if is_full
            && self.failure.is_none()
            && let Err(error) = self.write_group()
        {
            self.failure = Some(failed(error));
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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
