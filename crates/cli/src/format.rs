//! How answers are written.

use clap::ValueEnum;

/// How output is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// The log.
    #[default]
    Text,
    /// The mail.
    Html,
    /// For programs.
    Json,
}

/// How records are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// For people: a line for each record.
    #[default]
    Text,
    /// JSON Lines: an object for each record.
    Json,
    /// CSV: a header, and a line for each record.
    Csv,
    /// The same for spreadsheet programs, which are kept from computing what partners sent.
    Spreadsheet,
    /// JSON Lines: an object of typed values for each record.
    Jsonl,
    /// Parquet: typed columns.
    Parquet,
}

impl RecordFormat {
    /// Whether it is a table of comma-separated values.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Spreadsheet)
    }

    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Spreadsheet => "spreadsheet",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}
