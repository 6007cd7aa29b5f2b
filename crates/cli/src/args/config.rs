//! The arguments of `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use tidewaiter::keys::Repository;

use super::Looked;
use crate::format::Format;

/// What can be done with configurations.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Find every mistake of a configuration, or show what it configures
    Check(ConfigCheckArgs),
    /// Try a configuration on the files that came last, without any effect
    Try(ConfigTryArgs),
    /// Make a configuration the active one of a repository, as the operator
    Activate(ConfigActivateArgs),
    /// List the versions of a configuration: when, who, and what each one changed
    History(ConfigHistoryArgs),
    /// Make an earlier version of a configuration active again, as the operator
    Rollback(ConfigRollbackArgs),
    /// Print the JSON Schema of configurations, for editors
    #[command(after_help = "\
Examples:
  tidewaiter config schema > config.schema.json")]
    Schema,
}

/// A configuration in a file.
#[derive(Debug, Args)]
pub struct Document {
    /// The configuration
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The universe it is for, if its name does not say so
    #[arg(long, value_name = "U")]
    pub(crate) universe: Option<String>,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config check acme_imports_config.json
  tidewaiter config check --universe acme draft.json

Exit codes: 0 it is valid; 1 it has mistakes; 2 it could not be read.")]
pub struct ConfigCheckArgs {
    #[command(flatten)]
    pub(crate) document: Document,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `config try`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config try drop acme_imports_config.json
  tidewaiter config try s3://bucket/acme --last 100 acme_imports_config.json

Each of the last files of the universe is checked twice: by the configurations
that are active, and with this one in its place. What is shown is what would
change: files, lines, and kinds of mistakes, with examples. Nothing is imported.

Exit codes: 0 no file gets worse; 1 one does, or the configuration has mistakes;
2 it could not be tried.")]
pub struct ConfigTryArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    #[command(flatten)]
    pub(crate) document: Document,
    /// Which repository; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// On how many files
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `config activate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config activate drop --repository acme shop_imports_config.json
  tidewaiter config activate s3://bucket --repository acme --universe shop draft.json

The same checks as for one that is dropped. What was active is kept: `config
history` lists it, and `config rollback` goes back to it.

Exit codes: 0 it is active; 1 it has mistakes; 2 it could not be activated.")]
pub struct ConfigActivateArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Repository,
    #[command(flatten)]
    pub(crate) document: Document,
}

/// A configuration in a deployment.
#[derive(Debug, Args)]
pub struct Configured {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The universe
    pub(crate) universe: String,
    /// Which repository; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
}

/// Arguments of `config history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config history drop shop --repository acme
  tidewaiter config history s3://bucket/acme shop --format json

The newest version comes first. Each one says when it became active, who did it
(the file that was dropped, or the operator), and what it changed, by JSON path.
A configuration that was changed by hand is a version, too, once it is replaced.")]
pub struct ConfigHistoryArgs {
    #[command(flatten)]
    pub(crate) configured: Configured,
    /// At most so many, the newest ones
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `config rollback`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config rollback drop shop --repository acme
  tidewaiter config rollback s3://bucket/acme shop 3

Goes back to the version that was active before, or to the one that is named. It
is checked like any other configuration and becomes a new version, so nothing is
lost: naming the version that was undone brings it back. Doing it again changes
nothing.

Exit codes: 0 the version is active; 1 it cannot be used any more; 2 it could
not be activated.")]
pub struct ConfigRollbackArgs {
    #[command(flatten)]
    pub(crate) configured: Configured,
    /// The version to go back to, as `config history` numbers it; without it, the
    /// one that was active before
    pub(crate) version: Option<u32>,
}
