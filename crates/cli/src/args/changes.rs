//! The arguments of `changes`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tidewaiter_ops::changes::ChangeFormat;

use super::Looked;

/// Arguments of `changes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter changes drop
  tidewaiter changes drop --since 1200 > new.jsonl
  tidewaiter changes drop --universe acme --format csv
  tidewaiter changes drop --format parquet --output changes.parquet

Each change has a number, its order, without gaps. Keep the last one that you
have handled, and ask for those behind it: you miss none and get none twice.
Changes are kept for seven days, or as `keep_changes_days` in the folder's
tidewaiter.toml says. Read the records first if you begin later.

Exit codes: 0; 2 if changes that were asked for are not kept any more.")]
pub struct ChangesArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// Only changes behind the one with this number
    #[arg(long, value_name = "ORDER")]
    pub(crate) since: Option<u64>,
    /// The universe; it may be left out if there is one
    #[arg(long, value_name = "NAME")]
    pub(crate) universe: Option<String>,
    /// No more than so many
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ChangesFormat,
    /// Write to a file, which takes its place when it is complete
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How changes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangesFormat {
    /// A JSON object on each line.
    #[default]
    Jsonl,
    /// CSV with a header; the values are a JSON object.
    Csv,
    /// Parquet; the values are a JSON object.
    Parquet,
}

impl From<ChangesFormat> for ChangeFormat {
    fn from(format: ChangesFormat) -> Self {
        match format {
            ChangesFormat::Jsonl => Self::JsonLines,
            ChangesFormat::Csv => Self::Csv,
            ChangesFormat::Parquet => Self::Parquet,
        }
    }
}
