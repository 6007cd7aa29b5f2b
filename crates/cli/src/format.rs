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
    /// A file like those that are dropped, with all columns that records have.
    Csv,
    /// The same for spreadsheet programs, which are kept from computing what partners sent.
    Spreadsheet,
}

impl RecordFormat {
    /// Whether it is a table of comma-separated values.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Spreadsheet)
    }
}
