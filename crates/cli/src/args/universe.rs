//! Arguments of `universe`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use tidewaiter::keys::Repository;

use super::Looked;
use crate::format::Format;

/// What can be done with universes.
#[derive(Debug, Subcommand)]
pub enum UniverseCommand {
    /// List the universes, whose they are, and with whom they are shared
    List(UniverseListArgs),
    /// Let another repository import into a universe
    Share(UniverseShareArgs),
    /// Let it no longer do so: its files for the universe are not processed any more
    Unshare(UniverseShareArgs),
}

/// Arguments of `universe list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter universe list drop
  tidewaiter universe list s3://bucket --format json")]
pub struct UniverseListArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `universe share` and `universe unshare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter universe share drop shop --with webshop
  tidewaiter universe unshare s3://bucket shop --with webshop

The first repository that activates a configuration of a universe owns it. Another one
may have a configuration of it only while the universe is shared with it.")]
pub struct UniverseShareArgs {
    /// The folder of the deployment, or a deployed stack as `s3://bucket`
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// The universe
    pub(crate) universe: String,
    /// The repository
    #[arg(long = "with", value_name = "NAME")]
    pub(crate) repository: Repository,
}
