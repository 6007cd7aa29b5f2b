//! From what was written on the command line to a command with resolved options.
//!
//! [`args`](crate::args) knows no command, and no command knows the arguments: here the two meet.

use std::path::PathBuf;

use clap::{CommandFactory, ValueEnum};
use tidewaiter::check::fix::Encoding;
use tidewaiter_ops::Location;
use tidewaiter_ops::preflight::Fix;
use tidewaiter_ops::replay::Queue;

use crate::args::{
    CheckArgs, Cli, Command, ConfigActivateArgs, ConfigCheckArgs, ConfigCommand, EncodingName, ExplainArgs,
    HistoryArgs, InitArgs, QueueName, RecordsArgs, ReplayArgs, ReportArgs, RunArgs, StatusArgs,
    UniverseCommand, UniverseShareArgs, WatchArgs,
};
use crate::commands::{
    check, completions, config, explain, history, init, records, replay, report, run, status, universe, watch,
};
use crate::printer::Printer;
use crate::{Result, Status};

/// Does what was asked for.
pub(crate) async fn dispatch(command: Command, printer: &Printer) -> Result<Status> {
    match command {
        Command::Init(args) => init::run(init(args)?, printer).await,
        Command::Run(args) => run::run(run(args)?, printer).await,
        Command::Watch(args) => watch::run(watch(args)?, printer).await,
        Command::Status(args) => status::run(status(args)?, printer).await,
        Command::History(args) => history::run(history(args)?, printer).await,
        Command::Report(args) => report::run(report(args)?, printer).await,
        Command::Explain(args) => explain::run(explain(args)?, printer).await,
        Command::Records(args) => records::run(records(args)?, printer).await,
        Command::Check(args) => check::run(check(args)?, printer).await,
        Command::Replay(args) => replay::run(replay(args)?, printer).await,
        Command::Config(ConfigCommand::Check(args)) => config::check(config_check(args), printer),
        Command::Config(ConfigCommand::Activate(args)) => {
            Box::pin(config::activate(config_activate(args)?, printer)).await
        }
        Command::Config(ConfigCommand::Schema) => config::schema(printer),
        Command::Universe(UniverseCommand::List(args)) => {
            let options =
                universe::ListOptions { location: Location::of(args.deployment.dir)?, format: args.format };
            universe::list(options, printer).await
        }
        Command::Universe(UniverseCommand::Share(args)) => {
            universe::share(universe_share(args, true)?, printer).await
        }
        Command::Universe(UniverseCommand::Unshare(args)) => {
            universe::share(universe_share(args, false)?, printer).await
        }
        Command::Completions(args) => completions::run(args.shell, Cli::command(), printer),
    }
}

fn init(args: InitArgs) -> Result<init::Options> {
    let InitArgs { deployment, repositories, accept_empty } = args;
    Ok(init::Options { location: Location::of(deployment.dir)?, repositories, accept_empty })
}

fn run(args: RunArgs) -> Result<run::Options> {
    let RunArgs { deployment, quiet_for, patience, format } = args;
    Ok(run::Options { location: Location::of(deployment.dir)?, quiet_for, patience, format })
}

fn watch(args: WatchArgs) -> Result<watch::Options> {
    let WatchArgs { deployment, quiet_for, format } = args;
    Ok(watch::Options { location: Location::of(deployment.dir)?, quiet_for, format })
}

fn status(args: StatusArgs) -> Result<status::Options> {
    let StatusArgs { deployment, repository, format } = args;
    Ok(status::Options { location: Location::of(deployment.dir)?, repository, format })
}

fn history(args: HistoryArgs) -> Result<history::Options> {
    let HistoryArgs { deployment, repository, file, outcome, sha256, since, limit, format } = args;
    let location = Location::of(deployment.dir)?;
    Ok(history::Options { location, repository, file, outcome, sha256, since, limit, format })
}

fn report(args: ReportArgs) -> Result<report::Options> {
    let ReportArgs { deployment, file, day, repository, format } = args;
    let what = match (day, file) {
        (Some(day), _) => report::What::Day(day),
        (None, file) => report::What::File(file.unwrap_or_default(), format),
    };
    Ok(report::Options { location: Location::of(deployment.dir)?, repository, what })
}

fn explain(args: ExplainArgs) -> Result<explain::Options> {
    let ExplainArgs { deployment, file, repository, format } = args;
    Ok(explain::Options { location: Location::of(deployment.dir)?, file, repository, format })
}

fn records(args: RecordsArgs) -> Result<records::Options> {
    let RecordsArgs { deployment, scope, key, universe, limit, sources, format } = args;
    let location = Location::of(deployment.dir)?;
    Ok(records::Options { location, scope, key, universe, limit, sources, format })
}

fn check(args: CheckArgs) -> Result<check::Options> {
    let CheckArgs { files, configs, dir, repository, scope, delimiter, fix, encoding, all, format } = args;
    let source = match dir {
        Some(dir) => check::Source::Deployment { location: Location::of(dir)?, repository },
        None if configs.is_empty() => check::Source::None,
        None => check::Source::Files(configs),
    };
    let input = |path: PathBuf| {
        if path.as_os_str() == "-" { check::Input::Stdin } else { check::Input::File(path) }
    };
    let files = files.into_iter().map(input).collect();
    let encoding = encoding.map(|EncodingName::Windows1252| Encoding::Windows1252);
    let fix = fix.map(|out| Fix { out, encoding });
    Ok(check::Options { files, source, scope, delimiter, fix, all, format })
}

fn replay(args: ReplayArgs) -> Result<replay::Options> {
    let ReplayArgs { stack, queues, only, dry_run, format } = args;
    let named = if queues.is_empty() { QueueName::value_variants() } else { &queues };
    let queues = named.iter().map(|name| match name {
        QueueName::Unpack => Queue::Unpack,
        QueueName::Sequence => Queue::Sequence,
        QueueName::Validate => Queue::Validate,
        QueueName::Report => Queue::Report,
    });
    Ok(replay::Options { queues: queues.collect(), location: Location::of(stack)?, only, dry_run, format })
}

fn config_check(args: ConfigCheckArgs) -> config::Options {
    let ConfigCheckArgs { file, universe, format } = args;
    config::Options { file, universe, format }
}

fn config_activate(args: ConfigActivateArgs) -> Result<config::ActivateOptions> {
    let ConfigActivateArgs { deployment, repository, file, universe } = args;
    Ok(config::ActivateOptions { location: Location::of(deployment.dir)?, repository, file, universe })
}

fn universe_share(args: UniverseShareArgs, is_shared: bool) -> Result<universe::ShareOptions> {
    let UniverseShareArgs { dir, universe, repository } = args;
    Ok(universe::ShareOptions { location: Location::of(dir)?, universe, repository, is_shared })
}
