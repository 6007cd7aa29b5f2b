//! Exports records as CSV, JSON Lines or Parquet, to standard output or to a file.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use tidewaiter_engine::ports::{ExportColumn, Selection};
use tidewaiter_ops::records::export::{CsvStyle, ExportFormat, Exported, is_closed, write};

use crate::args::RecordsArgs;
use crate::format::RecordFormat;
use crate::output::Output;
use crate::printer::Printer;
use crate::{Error, Result};

/// What stands between cells of CSV, and of CSV for spreadsheet programs.
const COMMA: u8 = b',';
const SEMICOLON: u8 = b';';

/// What stands between the cells of a table.
pub(super) fn delimiter(args: &RecordsArgs) -> u8 {
    let usual = if args.format == RecordFormat::Spreadsheet { SEMICOLON } else { COMMA };
    args.delimiter.unwrap_or(usual)
}

/// The format of an export; None if what is asked for is a listing.
pub(super) fn format(args: &RecordsArgs) -> Option<ExportFormat> {
    let csv = |for_spreadsheets| {
        (!args.sources).then(|| ExportFormat::Csv(CsvStyle { delimiter: delimiter(args), for_spreadsheets }))
    };
    match args.format {
        RecordFormat::Text | RecordFormat::Json => None,
        RecordFormat::Csv => csv(false),
        RecordFormat::Spreadsheet => csv(true),
        RecordFormat::Jsonl => Some(ExportFormat::JsonLines),
        RecordFormat::Parquet => Some(ExportFormat::Parquet),
    }
}

/// Refuses options that a format has no place for.
pub(super) fn fits(args: &RecordsArgs) -> Result<()> {
    let refused = |option, instead| Err(Error::NotWithFormat { option, format: args.format.name(), instead });
    let is_listing = format(args).is_none();
    match args.format {
        RecordFormat::Jsonl | RecordFormat::Parquet if args.sources => {
            refused("--sources", "--provenance adds the key, the import and the line of each record")
        }
        RecordFormat::Parquet if args.scope.is_none() => {
            refused("counting records", "name a scope, or take --format jsonl")
        }
        _ if is_listing && args.provenance => {
            refused("--provenance", "it is for csv, jsonl and parquet; json has key, import and line anyway")
        }
        _ if is_listing && args.output.is_some() => {
            refused("--output", "it is for csv, jsonl and parquet without --sources; write `> FILE` here")
        }
        _ => Ok(()),
    }
}

/// Writes records to where they are to go.
pub(super) async fn export(
    exported: Exported<'_>,
    selection: &Selection,
    columns: &Arc<[ExportColumn]>,
    format: ExportFormat,
    args: &RecordsArgs,
    printer: &Printer,
) -> Result<()> {
    let output = match &args.output {
        Some(path) => {
            Output::file(path).map_err(|source| Error::OutputFile { path: path.clone(), source })?
        }
        None if args.format == RecordFormat::Parquet && io::stdout().is_terminal() => {
            return Err(Error::ToTerminal);
        }
        None => Output::Printed(printer.clone()),
    };
    match write(exported, selection, columns, format, output).await {
        Ok(output) => output.keep().map_err(Error::Output),
        // The reader has what it wanted.
        Err(error) if is_closed(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
