//! Records as lines: for people, as JSON, as a table with the source of each value.

use std::borrow::Cow;

use tidewaiter::record::Source;
use tidewaiter_engine::ports::{ExportColumn, StoredRecord};
use tidewaiter_ops::records::{Row, csv, shown_key};

use super::export::delimiter;
use crate::args::RecordsArgs;
use crate::format::RecordFormat;
use crate::printer::{Line, Printer, style};
use crate::{Error, Result};

/// Writes records one by one.
pub(super) struct Listing<'a> {
    printer: &'a Printer,
    args: &'a RecordsArgs,
    columns: Vec<String>,
    count: u64,
}

impl<'a> Listing<'a> {
    pub(super) fn new(printer: &'a Printer, args: &'a RecordsArgs) -> Self {
        Self { printer, args, columns: Vec::new(), count: 0 }
    }

    /// How many records were written.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn record(&mut self, stored: &StoredRecord) -> Result<()> {
        self.count += 1;
        match self.args.format {
            RecordFormat::Json | RecordFormat::Jsonl => self.json(stored),
            RecordFormat::Csv | RecordFormat::Spreadsheet => self.csv(stored),
            RecordFormat::Text | RecordFormat::Parquet => self.text(stored),
        }
    }

    fn json(&self, stored: &StoredRecord) -> Result<()> {
        self.printer.json_line(&Row::of(stored, self.args.sources))
    }

    fn text(&self, stored: &StoredRecord) -> Result<()> {
        let StoredRecord { universe, key, record } = stored;
        let mut line =
            Line::new().styled(style::DIM, universe).text("  ").styled(style::BOLD, shown_key(key));
        for (name, value) in &record.values {
            line = line.text("  ").styled(style::DIM, format!("{name}=")).text(&value.text);
            if self.args.sources {
                line = line.styled(style::DIM, format!(" ({})", place(value.source)));
            }
        }
        self.printer.line(line)
    }

    /// Begins a CSV listing with these columns.
    pub(super) fn csv_header(&mut self, columns: &[ExportColumn]) -> Result<()> {
        self.columns = columns.iter().map(|column| column.field.clone()).collect();
        let mut cells: Vec<String> = Vec::new();
        cells.extend(self.args.universe.is_none().then(|| "universe".to_owned()));
        for name in &self.columns {
            cells.push(name.clone());
            cells.extend(self.args.sources.then(|| format!("{name}:source")));
        }
        if self.args.format == RecordFormat::Spreadsheet {
            self.printer.raw(csv::MARK)?;
        }
        self.table_line(&cells)
    }

    fn table_line(&self, cells: &[String]) -> Result<()> {
        let is_inert = self.args.format == RecordFormat::Spreadsheet;
        let written = cells.iter().map(|cell| if is_inert { csv::inert(cell) } else { cell.into() });
        let written: Vec<Cow<'_, str>> = written.collect();
        self.printer.raw(&csv::line(delimiter(self.args), written.iter().map(|cell| &**cell)))
    }

    fn csv(&self, stored: &StoredRecord) -> Result<()> {
        let values = &stored.record.values;
        if let Some(new) = values.keys().find(|name| !self.columns.contains(name)) {
            return Err(Error::RecordsChanged { column: new.clone() });
        }
        let mut cells: Vec<String> = Vec::new();
        cells.extend(self.args.universe.is_none().then(|| stored.universe.clone()));
        for name in &self.columns {
            let value = values.get(name);
            cells.push(value.map(|value| value.text.clone()).unwrap_or_default());
            if self.args.sources {
                cells.push(value.map(|value| place(value.source)).unwrap_or_default());
            }
        }
        self.table_line(&cells)
    }
}

/// A source in one word: `01J9Z3ND1V0000000000000000:7`.
fn place(source: Source) -> String {
    format!("{}:{}", source.import, source.line)
}
