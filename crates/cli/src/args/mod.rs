//! What may be written on the command line, and what it means.

mod check;
mod history;
mod records;
mod replay;
mod report;
mod universe;

use std::path::PathBuf;
use std::time::Duration;

use anstream::ColorChoice;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use tidewaiter::config::Delimiter;
use tidewaiter::keys::Repository;

pub use self::check::CheckArgs;
pub use self::history::HistoryArgs;
pub use self::records::{RecordFormat, RecordsArgs};
pub use self::replay::{Queue, ReplayArgs};
pub use self::report::{ExplainArgs, ReportArgs, ReportFormat};
pub use self::universe::{UniverseCommand, UniverseListArgs, UniverseShareArgs};
use crate::commands::{self, completions, config, init, run, status, watch};
use crate::printer::Printer;
use crate::{Result, Status};

/// What is logged to standard error, as a filter such as `debug` or `tidewaiter_pipeline=trace`. The only
/// environment variable of tidewaiter itself; `NO_COLOR` and `CLICOLOR` are honoured too, and what AWS's clients
/// read.
pub const LOG_VARIABLE: &str = "TIDEWAITER_LOG";

const EXAMPLES: &str = "\
Examples:
  tidewaiter init drop                      make the folders
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

/// How output is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the folders of a deployment, and an example configuration
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
    /// Check files before they are sent: the same check, the same verdict as an import
    Check(CheckArgs),
    /// Bring dead letters of a deployed stack back to their queues
    Replay(ReplayArgs),
    /// Check a configuration, activate one, or print its JSON Schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show whose universes are, and share them with other repositories
    #[command(subcommand)]
    Universe(UniverseCommand),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Does what was asked for.
    pub async fn run(self, printer: &Printer) -> Result<Status> {
        match self {
            Self::Init(args) => init::run(args.into(), printer).await,
            Self::Run(args) => run::run(args.into(), printer).await,
            Self::Watch(args) => watch::run(args.into(), printer).await,
            Self::Status(args) => status::run(args.into(), printer).await,
            Self::History(args) => commands::history::run(args.into(), printer).await,
            Self::Report(args) => commands::report::run(args.into(), printer).await,
            Self::Explain(args) => commands::explain::run(args.into(), printer).await,
            Self::Records(args) => commands::records::run(args.into(), printer).await,
            Self::Check(args) => commands::check::run(args.into(), printer).await,
            Self::Replay(args) => commands::replay::run(args.into(), printer).await,
            Self::Config(ConfigCommand::Check(args)) => config::check(args.into(), printer),
            Self::Config(ConfigCommand::Activate(args)) => {
                Box::pin(config::activate(args.into(), printer)).await
            }
            Self::Universe(UniverseCommand::List(args)) => {
                commands::universe::list(args.into(), printer).await
            }
            Self::Universe(UniverseCommand::Share(args)) => {
                commands::universe::share(args.options(true), printer).await
            }
            Self::Universe(UniverseCommand::Unshare(args)) => {
                commands::universe::share(args.options(false), printer).await
            }
            Self::Config(ConfigCommand::Schema) => config::schema(printer),
            Self::Completions(args) => completions::run(args.shell, printer),
        }
    }
}

/// A deployment that is looked at.
#[derive(Debug, Args)]
struct Looked {
    /// The folder of the deployment: the one that holds imports/; or a deployed stack, as
    /// `s3://bucket` or `s3://bucket/repository`
    #[arg(value_hint = ValueHint::DirPath)]
    dir: PathBuf,
}

#[derive(Debug, Args)]
struct Deployment {
    /// The folder of the deployment: the one that holds imports/
    #[arg(value_hint = ValueHint::DirPath)]
    dir: PathBuf,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter init drop
  tidewaiter init drop --repository acme --repository globex

What exists stays unchanged. The example configuration is written only
into repositories that have no configuration yet; it is active at once.

If a database was lost or emptied, every command says so and stops: restore it
from a backup, or give --accept-empty once to go on without what it knew.")]
pub struct InitArgs {
    #[command(flatten)]
    deployment: Deployment,
    /// A partner's drop folder to make; may be given several times
    #[arg(long = "repository", value_name = "NAME", default_value = init::DEFAULT_REPOSITORY)]
    repositories: Vec<Repository>,
    /// Go on though a database was lost or emptied: it begins anew, without what it knew
    #[arg(long)]
    accept_empty: bool,
}

impl From<InitArgs> for init::Options {
    fn from(args: InitArgs) -> Self {
        let InitArgs { deployment, repositories, accept_empty } = args;
        Self { dir: deployment.dir, repositories, accept_empty }
    }
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
    deployment: Deployment,
    /// A file is taken in when it has not changed for so long
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    quiet_for: Duration,
    /// How long to wait for files that keep changing
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    patience: Duration,
    /// How to write what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<RunArgs> for run::Options {
    fn from(args: RunArgs) -> Self {
        let RunArgs { deployment, quiet_for, patience, format } = args;
        Self { dir: deployment.dir, quiet_for, patience, format }
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

Exit codes: 0 it was stopped, whatever the outcome of files; 2 it could not start.")]
pub struct WatchArgs {
    #[command(flatten)]
    deployment: Deployment,
    /// A file is taken in when it has not changed for so long
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    quiet_for: Duration,
    /// How to write what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<WatchArgs> for watch::Options {
    fn from(args: WatchArgs) -> Self {
        Self { dir: args.deployment.dir, quiet_for: args.quiet_for, format: args.format }
    }
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
    deployment: Looked,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    repository: Option<Repository>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<StatusArgs> for status::Options {
    fn from(args: StatusArgs) -> Self {
        Self { dir: args.deployment.dir, repository: args.repository, format: args.format }
    }
}

/// What can be done with configurations.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Find every mistake of a configuration, or show what it configures
    Check(ConfigCheckArgs),
    /// Make a configuration the active one of a repository, as the operator
    Activate(ConfigActivateArgs),
    /// Print the JSON Schema of configurations, for editors
    #[command(after_help = "\
Examples:
  tidewaiter config schema > config.schema.json")]
    Schema,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config check acme_imports_config.json
  tidewaiter config check --universe acme draft.json

Exit codes: 0 it is valid; 1 it has mistakes; 2 it could not be read.")]
pub struct ConfigCheckArgs {
    /// The configuration
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The universe it is for, if its name does not say so
    #[arg(long, value_name = "U")]
    universe: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<ConfigCheckArgs> for config::Options {
    fn from(args: ConfigCheckArgs) -> Self {
        Self { file: args.file, universe: args.universe, format: args.format }
    }
}

/// Arguments of `config activate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter config activate drop --repository acme shop_imports_config.json
  tidewaiter config activate s3://bucket --repository acme --universe shop draft.json

The same checks as for one that is dropped. What was active is kept under config/<repository>/replaced/.

Exit codes: 0 it is active; 1 it has mistakes; 2 it could not be activated.")]
pub struct ConfigActivateArgs {
    #[command(flatten)]
    deployment: Looked,
    /// The repository
    #[arg(long, value_name = "NAME")]
    repository: Repository,
    /// The configuration
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The universe it is for, if its name does not say so
    #[arg(long, value_name = "U")]
    universe: Option<String>,
}

impl From<ConfigActivateArgs> for config::ActivateOptions {
    fn from(args: ConfigActivateArgs) -> Self {
        let ConfigActivateArgs { deployment, repository, file, universe } = args;
        Self { dir: deployment.dir, repository, file, universe }
    }
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
    shell: clap_complete::Shell,
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds, such as 2 or 0.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn delimiter(text: &str) -> std::result::Result<Delimiter, String> {
    let one = match text {
        "\\t" | "tab" => Some('\t'),
        _ => text.chars().next().filter(|c| c.len_utf8() == text.len()),
    };
    one.ok_or_else(|| "give one character, or `tab`".to_owned())?.try_into()
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
    fn delimiters_are_one_character() {
        assert_eq!(delimiter("tab").map(char::from), Ok('\t'));
        assert_eq!(delimiter(",").map(char::from), Ok(','));
        for bad in ["", ";;", "a", "\"", "é"] {
            assert!(delimiter(bad).is_err(), "{bad}");
        }
    }
}
