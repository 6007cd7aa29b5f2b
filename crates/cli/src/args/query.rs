//! The arguments of `query`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use tidewaiter::keys::Repository;

use super::Looked;
use crate::format::Format;

/// What can be done with queries.
#[derive(Debug, Subcommand)]
pub enum QueryCommand {
    /// Show where queries go on, when they run next, and what the last reads gave
    Status(QueryStatusArgs),
    /// Show the first rows beside the fields they go to, and load nothing
    Preview(QueryPreviewArgs),
    /// Read a query now, beside its schedule
    Run(QueryRunArgs),
    /// Set where the next read begins: behind this value
    Set(QueryMoveArgs<ToValue>),
    /// Set where the next read begins to the start in the configuration
    Reset(QueryMoveArgs<ToStart>),
}

/// Arguments of `query status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter query status drop
  tidewaiter query status drop shop.contacts.crm
  tidewaiter query status s3://bucket/acme --format json

A query is named by its import: universe.scope.name, or the end of that, if no
other one ends so.")]
pub struct QueryStatusArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// Only this query, with the next five times and its last reads
    #[arg(value_name = "QUERY")]
    pub(crate) name: Option<String>,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How many of the last reads are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `query preview`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter query preview drop crm
  tidewaiter query preview drop crm --config shop_imports_config.json

Reads what the next read would begin with. Shows each column with its first
value beside the field it goes to, and what would be rejected and why. Nothing
is loaded, and {lastItem} stays where it is.

Exit codes: 0 nothing would be rejected; 1 something would; 2 it cannot be read.")]
pub struct QueryPreviewArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The query, by its import
    #[arg(value_name = "QUERY")]
    pub(crate) name: String,
    /// A configuration to try, in place of the active one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Which repository; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How many rows are read
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) rows: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `query run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter query run drop crm
  tidewaiter query run s3://bucket/acme shop.contacts.crm

In a folder on which no process works, it is read and imported here, with
whatever else is ready. Otherwise the process that works there does it, or the
function of the stack.

Exit codes: 0 it is asked for, or all of it was imported; 1 something was
rejected, or the query could not be read; 2 something failed.")]
pub struct QueryRunArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The query, by its import
    #[arg(value_name = "QUERY")]
    pub(crate) name: String,
    /// Which repository; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// Who asks for it, if not you: your user name and machine
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How to write what happens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `query set` and `query reset`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter query set drop crm 120000
  tidewaiter query set drop crm 2026-01-31T00:00:00Z
  tidewaiter query reset drop crm

`query status` shows who moved it, when, from where and to where. Rows that are
read again are imported again: records stay as they are, and amounts are added
once more.

Exit codes: 0 it is moved; 2 it is not: there is no such query, or it is read,
or its file is imported just now.")]
pub struct QueryMoveArgs<T: Args> {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The query, by its import
    #[arg(value_name = "QUERY")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) to: T,
    /// Which repository; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// Who moves it, if not you: your user name and machine
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Where the next read begins, as it is written.
#[derive(Debug, Args)]
pub struct ToValue {
    /// The value of the last item
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
}

/// The start in the configuration.
#[derive(Debug, Args)]
pub struct ToStart {}
