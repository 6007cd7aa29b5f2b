//! The arguments of `report` and `explain`.

use clap::Args;
use jiff::civil::Date;
use tidewaiter::keys::Repository;

use super::Looked;
use super::history::day;
use crate::format::{Format, ReportFormat};

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter report drop shop_contacts_crm_20260131.csv
  tidewaiter report drop shop_contacts_crm_20260131.csv --format html > mail.html
  tidewaiter report drop --day 2026-01-31 > day.html
  tidewaiter report s3://bucket/acme --day 2026-01-31 > day.html

FILE is a name, or the id of an import. Of several files of one name, the last
one is meant. Its report says where things are now; the log under logs/ where
they were when it was written.

With --day, the page of a repository's day: outcomes, volumes, what waits, and
the columns with the most findings. It is one HTML file that needs nothing else.")]
pub struct ReportArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The file, or the id of its import
    #[arg(value_name = "FILE", required_unless_present = "day")]
    pub(crate) file: Option<String>,
    /// The page of this day (UTC), as HTML
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, conflicts_with_all = ["file", "format"])]
    pub(crate) day: Option<Date>,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter explain drop shop_contacts_crm_20260131.csv
  tidewaiter explain drop 01J9Z3ND1V0000000000000000 --format json
  tidewaiter explain s3://bucket/acme shop_contacts_crm_20260131.csv

FILE is a name, or the id of an import. Of several files of one name, all are
explained, the last one at the end.")]
pub struct ExplainArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The file, or the id of its import
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
