//! The arguments of `dismiss`.

use clap::Args;
use tidewaiter::keys::Repository;

use super::Looked;
use crate::format::Format;

/// Arguments of `dismiss`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter dismiss drop acme_contacts_crm_20260131.csv
  tidewaiter dismiss drop --reason \"the partner sends it again\" monday.zip
  tidewaiter dismiss s3://bucket/acme --all

`status` lists a refused file, or a file with rejected lines, until a corrected
file of the same name is imported. If none will come, dismiss it. Files and
records stay as they are.

Exit codes: 0 the problems are dismissed; 2 a file left none, and nothing is
dismissed.")]
pub struct DismissArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The files: names, paths that end in them, or ids of imports
    #[arg(value_name = "FILE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) files: Vec<String>,
    /// Dismiss every open problem
    #[arg(long)]
    pub(crate) all: bool,
    /// Why; it is shown with the file
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who dismisses it, if not you: your user name and machine
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Only in this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
