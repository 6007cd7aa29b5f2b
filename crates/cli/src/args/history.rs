//! The arguments of `history`.

use clap::Args;
use jiff::civil::Date;
use tidewaiter::keys::Repository;
use tidewaiter::report::Outcome;

use super::Looked;
use crate::format::Format;

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter history drop
  tidewaiter history drop --outcome bogus --limit 5
  tidewaiter history drop --since 2026-01-31 --sha256 9f86d081
  tidewaiter history drop --file contacts --format json | jq '.[].place'
  tidewaiter history s3://bucket/acme
  tidewaiter history drop --import crm      the last reads of a query

Shows the latest files, by when they arrived, the last one at the end. Files
without an outcome are shown as waiting or as started. JSON is one array in the
same order; it names where each file, its log and its rejected lines are, and its
report, if that is too large for the ledger; `tidewaiter report` shows any.")]
pub struct HistoryArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// Only files with this text in their name
    #[arg(long, value_name = "TEXT")]
    pub(crate) file: Option<String>,
    /// The last reads of the query of this import, in place of files: rows, what was
    /// imported and rejected, and where the read went on
    #[arg(long, value_name = "QUERY", conflicts_with_all = ["file", "outcome", "sha256", "since"])]
    pub(crate) import: Option<String>,
    /// Only files that ended like this
    #[arg(long, value_name = "OUTCOME", value_parser = outcome_parser())]
    pub(crate) outcome: Option<Outcome>,
    /// Only files with this content: its SHA-256 in hexadecimal, or how that begins
    #[arg(long, value_name = "HEX", value_parser = hex)]
    pub(crate) sha256: Option<String>,
    /// Only files that arrived on this day (UTC) or later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) since: Option<Date>,
    /// At most so many, the latest ones: 50 files or 10 reads unless given
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A day, as the ledger writes days.
pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day is written year-month-day, such as 2026-01-31".to_owned())
}

/// Digits of a hash, as the ledger has them.
fn hex(text: &str) -> Result<String, String> {
    let digits = text.to_ascii_lowercase();
    if !digits.is_empty() && digits.len() <= 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err("a SHA-256 has up to 64 hexadecimal digits".to_owned())
    }
}

/// Every way a file can end.
const OUTCOMES: [Outcome; 5] =
    [Outcome::Imported, Outcome::Unpacked, Outcome::Activated, Outcome::Bogus, Outcome::NotProcessed];

fn outcome_parser() -> impl clap::builder::TypedValueParser<Value = Outcome> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(OUTCOMES.map(Outcome::as_str)).try_map(|word| {
        OUTCOMES.into_iter().find(|outcome| outcome.as_str() == word).ok_or("unknown outcome")
    })
}
