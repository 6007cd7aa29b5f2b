//! What may be written on the command line, and what it means.

use std::path::PathBuf;
use std::time::Duration;

use anstream::ColorChoice;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use tidewaiter::config::Delimiter;
use tidewaiter::keys::Repository;
use tidewaiter::report::Outcome;

use crate::commands::{check, completions, config, history, init, records, run, status, watch};
use crate::printer::Printer;
use crate::{Result, Status};

/// What is logged to standard error, as a filter such as `debug` or `tidewaiter_pipeline=trace`. The only
/// environment variable of tidewaiter itself; `NO_COLOR` and `CLICOLOR` are honoured too.
pub const LOG_VARIABLE: &str = "TIDEWAITER_LOG";

const EXAMPLES: &str = "\
Examples:
  tidewaiter init drop                      make the folders
  cp *.csv drop/imports/default/            drop files
  tidewaiter run drop                       import what is there
  tidewaiter history drop                   see what became of each file
  tidewaiter check --dir drop orders.csv    check a file before dropping it

Exit codes: 0 nothing is wrong; 1 something is wrong with the data; 2 something failed.
Environment: TIDEWAITER_LOG=debug logs to standard error; NO_COLOR turns colours off.";

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

/// How records are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// For people: a line for each record.
    #[default]
    Text,
    /// JSON Lines: an object for each record.
    Json,
    /// A file that can be dropped again.
    Csv,
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
    /// Show the records that were imported
    Records(RecordsArgs),
    /// Check files before they are sent: the same check, the same verdict as an import
    Check(CheckArgs),
    /// Check a configuration, or print its JSON Schema
    #[command(subcommand)]
    Config(ConfigCommand),
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
            Self::History(args) => history::run(args.into(), printer).await,
            Self::Records(args) => records::run(args.into(), printer).await,
            Self::Check(args) => check::run(args.into(), printer).await,
            Self::Config(ConfigCommand::Check(args)) => config::check(args.into(), printer),
            Self::Config(ConfigCommand::Schema) => config::schema(printer),
            Self::Completions(args) => completions::run(args.shell, printer),
        }
    }
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

What is there already stays as it is. The example configuration is written only
into repositories that have no configuration yet; it is active at once.")]
pub struct InitArgs {
    #[command(flatten)]
    deployment: Deployment,
    /// A partner's drop folder to make; may be given several times
    #[arg(long = "repository", value_name = "NAME", default_value = init::DEFAULT_REPOSITORY)]
    repositories: Vec<Repository>,
}

impl From<InitArgs> for init::Options {
    fn from(args: InitArgs) -> Self {
        Self { dir: args.deployment.dir, repositories: args.repositories }
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
only. A run that is interrupted is taken up by the next one where it stopped.

Exit codes: 0 every file was imported whole; 1 a file or some of its lines were
rejected; 2 something failed. Files that wait for their group do not count.")]
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

Ctrl-C or SIGTERM stops it when the file in hand is done; a second one stops it
at once. Either way, the next start goes on where this one stopped.

Exit codes: 0 it was stopped, whatever became of files; 2 it could not go on.")]
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
  tidewaiter status drop --repository acme --format json")]
pub struct StatusArgs {
    #[command(flatten)]
    deployment: Deployment,
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

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter history drop
  tidewaiter history drop --outcome bogus --limit 5
  tidewaiter history drop --file contacts --format json | jq '.[].place'

Shows the latest files, by when they arrived, the last one at the end. Files
without an outcome are shown as waiting or as started. JSON is one array in the
same order; it names where each file, its log, its report and its rejected lines
are.")]
pub struct HistoryArgs {
    #[command(flatten)]
    deployment: Deployment,
    /// Only this repository
    #[arg(long, value_name = "NAME")]
    repository: Option<Repository>,
    /// Only files with this text in their name
    #[arg(long, value_name = "TEXT")]
    file: Option<String>,
    /// Only files that ended like this
    #[arg(long, value_name = "OUTCOME", value_parser = outcome_parser())]
    outcome: Option<Outcome>,
    /// At most so many, the latest ones
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<HistoryArgs> for history::Options {
    fn from(args: HistoryArgs) -> Self {
        let HistoryArgs { deployment, repository, file, outcome, limit, format } = args;
        Self { dir: deployment.dir, repository, file, outcome, limit, format }
    }
}

/// Arguments of `records`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter records drop                   how many there are
  tidewaiter records drop contacts --limit 10
  tidewaiter records drop contacts --format json | jq -r .values.email
  tidewaiter records drop contacts --universe acme --format csv > contacts.csv

json is an object on each line: universe, key, values, and the import and line
that last changed the record. csv has the columns of the scope, separated by
`;`, in the order of its schema and then those that no schema knows; the
universe comes first unless --universe names one. Values stand in csv as they
were sent: a spreadsheet may take one that begins with `=`, `+`, `-` or `@` for a
formula.")]
pub struct RecordsArgs {
    #[command(flatten)]
    deployment: Deployment,
    /// The kind of record, such as contacts; without it, records are counted
    scope: Option<String>,
    /// Only records of this universe
    #[arg(long, value_name = "U")]
    universe: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    format: RecordFormat,
}

impl From<RecordsArgs> for records::Options {
    fn from(args: RecordsArgs) -> Self {
        let RecordsArgs { deployment, scope, universe, limit, format } = args;
        Self { dir: deployment.dir, scope, universe, limit, format }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter check --config acme_imports_config.json *.csv
  tidewaiter check --dir drop --repository acme *.csv monday.zip
  tidewaiter check --scope contacts --delimiter , export.csv
  some-export | tidewaiter check --scope orders -

With a configuration, each file is judged as an import would judge it, its name
included. With --scope its name does not matter: it is checked against that
scope of the configuration or the catalogue, with default options. With neither,
the scope is taken from the name (`_contacts_`).

Archives are looked into without unpacking them anywhere, with the same limits
as an import. What a file refers to (the contact of an order) is not looked up.
JSON is one array with an object for each file.

Exit codes: 0 nothing is wrong; 1 something is; 2 a file could not be judged.")]
pub struct CheckArgs {
    /// Data files, archives, configurations; `-` is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// A configuration to judge by; may be given several times
    #[arg(long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    configs: Vec<PathBuf>,
    /// Judge by the active configurations of a deployment
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "configs")]
    dir: Option<PathBuf>,
    /// Which repository of the deployment; may be left out if there is only one
    #[arg(long, value_name = "R", requires = "dir")]
    repository: Option<Repository>,
    /// What the files hold, whatever their names
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// The character between fields, instead of the configured one
    #[arg(long, value_name = "C", value_parser = delimiter)]
    delimiter: Option<Delimiter>,
    /// Show all findings that are kept, not only the first few
    #[arg(long)]
    all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl From<CheckArgs> for check::Options {
    fn from(args: CheckArgs) -> Self {
        let CheckArgs { files, configs, dir, repository, scope, delimiter, all, format } = args;
        let source = match dir {
            Some(dir) => check::Source::Deployment { dir, repository },
            None if configs.is_empty() => check::Source::None,
            None => check::Source::Files(configs),
        };
        let files = files
            .into_iter()
            .map(|path| if path.as_os_str() == "-" { check::Input::Stdin } else { check::Input::File(path) })
            .collect();
        Self { files, source, scope, delimiter, all, format }
    }
}

/// What can be done with configurations.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Find every mistake of a configuration, or show what it configures
    Check(ConfigCheckArgs),
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

/// Every way a file can end.
const OUTCOMES: [Outcome; 5] =
    [Outcome::Imported, Outcome::Unpacked, Outcome::Activated, Outcome::Bogus, Outcome::NotProcessed];

fn outcome_parser() -> impl clap::builder::TypedValueParser<Value = Outcome> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(OUTCOMES.map(Outcome::as_str)).try_map(|word| {
        OUTCOMES.into_iter().find(|outcome| outcome.as_str() == word).ok_or("there is no such outcome")
    })
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
