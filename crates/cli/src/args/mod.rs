//! What may be written on the command line. Each command takes its part of it.

mod changes;
mod check;
mod config;
mod dismiss;
mod history;
mod init;
mod query;
mod records;
mod replay;
mod report;
mod universe;

use std::path::PathBuf;
use std::time::Duration;

use anstream::ColorChoice;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use tidewaiter::config::dialect::Delimiter;
use tidewaiter::keys::Repository;

pub use self::changes::ChangesArgs;
pub use self::check::CheckArgs;
pub(crate) use self::check::EncodingName;
pub use self::config::{
    ConfigActivateArgs, ConfigCheckArgs, ConfigCommand, ConfigHistoryArgs, ConfigRollbackArgs, ConfigTryArgs,
    Configured, Document,
};
pub use self::dismiss::DismissArgs;
pub use self::history::HistoryArgs;
pub use self::init::InitArgs;
pub use self::query::{
    QueryCommand, QueryMoveArgs, QueryPreviewArgs, QueryRunArgs, QueryStatusArgs, ToStart, ToValue,
};
pub use self::records::RecordsArgs;
pub use self::replay::{QueueName, ReplayArgs};
pub use self::report::{ExplainArgs, ReportArgs};
pub use self::universe::{UniverseCommand, UniverseListArgs, UniverseShareArgs};
use crate::format::Format;

/// What is logged to standard error, as a filter such as `debug` or `tidewaiter_engine=trace`. The only
/// environment variable of tidewaiter itself; `NO_COLOR` and `CLICOLOR` are honoured too, what AWS's clients read, and
/// the names of the user, for the versions of configurations.
pub const LOG_VARIABLE: &str = "TIDEWAITER_LOG";

const EXAMPLES: &str = "\
Examples:
  tidewaiter init drop                      make the folders
  tidewaiter init drop --from export.csv    and a configuration with which this file lands
  cp *.csv drop/imports/default/            drop files
  tidewaiter run drop                       import what is there
  tidewaiter history drop                   see what became of each file
  tidewaiter check --dir drop orders.csv    check a file before dropping it
  tidewaiter status s3://bucket             look at a deployed stack

Exit codes: 0 nothing is wrong; 1 something is wrong with the data; 2 something failed.
Environment: TIDEWAITER_LOG=debug logs to standard error; NO_COLOR turns colours off. For s3:// addresses
the usual one of AWS: AWS_PROFILE or keys, AWS_REGION, AWS_ENDPOINT_URL.";

/// Lands partners' data files: waits for what belongs together, checks every line, loads the good ones,
/// tells people what happened.
#[derive(Debug, Parser)]
#[command(name = "tidewaiter", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Log to standard error what is being done; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the folders of a deployment, and a configuration: an example, or one for files of yours
    Init(InitArgs),
    /// Import everything that is ready, then stop
    Run(RunArgs),
    /// Keep importing what arrives, until stopped
    Watch(WatchArgs),
    /// Show what is being done, what waits, and what it waits for
    Status(StatusArgs),
    /// Show what became of files: the ledger
    History(HistoryArgs),
    /// Show the report of a file again, or the page of a day
    Report(ReportArgs),
    /// Tell a file's way, from its drop to its outcome, step by step
    Explain(ExplainArgs),
    /// Show the records that were imported
    Records(RecordsArgs),
    /// Show what was decided about records, in order: the change feed
    Changes(ChangesArgs),
    /// Check files before they are sent: the same check, the same verdict as an import
    Check(CheckArgs),
    /// End open problems for which no corrected file will come
    Dismiss(DismissArgs),
    /// Bring dead letters of a deployed stack back to their queues
    Replay(ReplayArgs),
    /// Check a configuration, activate one, or go back to an earlier one
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the queries of imports, try them, run them, and move where they go on
    #[command(subcommand)]
    Query(QueryCommand),
    /// Show whose universes are, and share them with other repositories
    #[command(subcommand)]
    Universe(UniverseCommand),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

/// A deployment that is looked at.
#[derive(Debug, Args)]
pub(crate) struct Looked {
    /// The folder of the deployment: the one that holds imports/; or a deployed stack, as
    /// `s3://bucket` or `s3://bucket/repository`
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Deployment {
    /// The folder of the deployment: the one that holds imports/
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter run drop
  tidewaiter run drop --patience 0          leave files that are still written
  tidewaiter run drop --format json | jq .  an object for each file, a summary

Files are ordered at once: the configuration's settle_seconds matter to `watch`
only. The next run continues an interrupted one where it stopped.

Exit codes: 0 every file was imported completely; 1 a file or some of its lines
were rejected; 2 something failed: each cause is reported once, and the other
files continue.
Files that wait for their group do not count.")]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// A file is taken in when it has not changed for so long
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) quiet_for: Duration,
    /// How long to wait for files that keep changing
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) patience: Duration,
    /// How to write what happens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl RunArgs {
    /// A run of the deployment in a folder, with its defaults.
    pub(crate) fn of(dir: PathBuf, format: Format) -> Self {
        let (quiet_for, patience) = (Duration::from_secs(1), Duration::from_secs(10));
        Self { deployment: Deployment { dir }, quiet_for, patience, format }
    }
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter watch drop
  tidewaiter watch drop --quiet-for 5 --format json >> tidewaiter.jsonl

Ctrl-C or SIGTERM stops it after the current file; a second one stops it at once.
Either way, the next start continues where this one stopped.

What cannot be read or written is reported once and retried, up to once a minute.

Exit codes: 0 it was stopped, whatever the outcomes; 2 it could not start.")]
pub struct WatchArgs {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// A file is taken in when it has not changed for so long
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub(crate) quiet_for: Duration,
    /// How to write what happens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter status drop
  tidewaiter status drop --repository acme --format json
  tidewaiter status s3://bucket/acme        a deployed stack, one repository")]
pub struct StatusArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(tidewaiter completions bash)
  tidewaiter completions fish > ~/.config/fish/completions/tidewaiter.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds, such as 2 or 0.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn delimiter(text: &str) -> std::result::Result<Delimiter, String> {
    let text = if matches!(text, "\\t" | "tab") { "\t" } else { text };
    Delimiter::try_from(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn delimiters_are_no_part_of_values() {
        assert_eq!(delimiter("tab").map(String::from).as_deref(), Ok("\t"));
        assert_eq!(delimiter(",").map(String::from).as_deref(), Ok(","));
        assert_eq!(delimiter("||").map(String::from).as_deref(), Ok("||"));
        for bad in ["", ";;;;;;;;;", "a", "\"", "é"] {
            assert!(delimiter(bad).is_err(), "{bad}");
        }
    }
}
