//! The commands. Each takes its arguments and a printer, and says how it ended.

mod changes;
pub mod check;
pub mod completions;
pub mod config;
pub mod connection;
pub mod dismiss;
pub mod explain;
pub mod history;
pub mod init;
pub mod query;
pub mod records;
pub mod replay;
pub mod report;
pub mod run;
pub mod status;
pub mod trial;
pub mod universe;
pub mod versions;
pub mod watch;

mod events;
mod waiting;

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use tidewaiter::keys::Repository;
use tidewaiter_ops::{Deployment, Location};

use crate::args::{self, Cli, Command, ConfigCommand, ConnectionCommand, QueryCommand, UniverseCommand};
use crate::printer::Printer;
use crate::{Error, Result, Status};

/// Does what was asked for. `operator` is the user and the machine.
pub(crate) async fn run(command: Command, printer: &Printer, operator: &str) -> Result<Status> {
    match command {
        Command::Init(args) => Box::pin(init::run(args, printer, operator)).await,
        Command::Run(args) => run::run(args, printer).await,
        Command::Watch(args) => watch::run(args, printer).await,
        Command::Status(args) => status::run(args, printer).await,
        Command::History(args) => history::run(args, printer).await,
        Command::Report(args) => report::run(args, printer).await,
        Command::Explain(args) => explain::run(args, printer).await,
        Command::Records(args) => records::run(args, printer).await,
        Command::Changes(args) => changes::run(args, printer).await,
        Command::Check(args) => check::run(args, printer).await,
        Command::Dismiss(args) => dismiss::run(args, printer).await,
        Command::Replay(args) => replay::run(args, printer).await,
        Command::Config(ConfigCommand::Check(args)) => config::check(args, printer),
        Command::Config(ConfigCommand::Try(args)) => Box::pin(trial::run(args, printer)).await,
        Command::Config(ConfigCommand::Activate(args)) => {
            Box::pin(config::activate(args, printer, operator)).await
        }
        Command::Config(ConfigCommand::History(args)) => versions::history(args, printer).await,
        Command::Config(ConfigCommand::Rollback(args)) => {
            Box::pin(versions::rollback(args, printer, operator)).await
        }
        Command::Config(ConfigCommand::Schema) => config::schema(printer),
        Command::Query(QueryCommand::Status(args)) => query::status(args, printer).await,
        Command::Query(QueryCommand::Preview(args)) => Box::pin(query::preview(args, printer)).await,
        Command::Query(QueryCommand::Run(args)) => Box::pin(query::run(args, printer, operator)).await,
        Command::Query(QueryCommand::Set(args)) => query::set(args, printer, operator).await,
        Command::Query(QueryCommand::Reset(args)) => query::reset(args, printer, operator).await,
        Command::Universe(UniverseCommand::List(args)) => universe::list(args, printer).await,
        Command::Universe(UniverseCommand::Share(args)) => universe::share(args, true, printer).await,
        Command::Universe(UniverseCommand::Unshare(args)) => universe::share(args, false, printer).await,
        Command::Connection(ConnectionCommand::List(args)) => connection::list(args, printer),
        Command::Connection(ConnectionCommand::Test(args)) => connection::test(args, printer).await,
        Command::Completions(args) => completions::run(args.shell, Cli::command(), printer),
    }
}

/// Opens a deployment to look at it. The repository is the one that is asked for, by the address or beside it.
async fn look(dir: &Path, repository: Option<Repository>) -> Result<(Deployment, Option<Repository>)> {
    let location = Location::of(dir)?;
    let repository = location.repository(repository)?;
    Ok((Deployment::look(&location).await?, repository))
}

/// Why a stack needs no `run`.
const RUNS_BY_ITSELF: &str =
    "a stack runs by itself: it imports what is dropped into s3://BUCKET/imports/<repository>/";

/// The folder of a command that is for folders. For the address of a stack it says what there is in its place.
fn only_folder(deployment: args::Deployment, what: &'static str, instead: &str) -> Result<PathBuf> {
    match Location::of(deployment.dir)? {
        Location::Folder(dir) => Ok(dir),
        Location::Stack(address) => {
            let instead = instead.replace("BUCKET", &address.bucket);
            Err(Error::OnlyFolders { address: address.text, what, instead })
        }
    }
}

/// A path, relative to the folder of a deployment where it can be.
fn relative(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}
