//! `tidewaiter query`: where queries go on, and what is done about that.

mod preview;
mod told;

use clap::Args;
use tidewaiter::keys::Repository;
use tidewaiter_ops::queries::{self, Past};
use tidewaiter_ops::{Deployment, Location};

pub use self::preview::preview;
pub(super) use self::told::line;
use super::look;
use crate::args::{Looked, QueryMoveArgs, QueryRunArgs, QueryStatusArgs, RunArgs, ToStart, ToValue};
use crate::format::Format;
use crate::printer::Printer;
use crate::{Result, Status};

/// Shows queries. That one cannot be read is no finding of this command.
pub async fn status(args: QueryStatusArgs, printer: &Printer) -> Result<Status> {
    let QueryStatusArgs { deployment, name, repository, limit, format } = args;
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let found = queries::queries(&deployment, repository.as_ref(), name.as_deref(), limit).await?;
    match format {
        Format::Json => printer.json(&found)?,
        Format::Text if found.is_empty() => printer.line("no import has a query")?,
        Format::Text if name.is_some() => {
            found.iter().try_for_each(|query| told::whole(query, deployment.now(), printer))?;
        }
        Format::Text => told::all(&found, deployment.now(), printer)?,
    }
    Ok(Status::Clean)
}

/// Shows the last reads of the queries that a name means.
pub(super) async fn history(
    deployment: Looked,
    repository: Option<Repository>,
    name: &str,
    limit: usize,
    format: Format,
    printer: &Printer,
) -> Result<Status> {
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let found = queries::queries(&deployment, repository.as_ref(), Some(name), limit).await?;
    let reads: Vec<&Past> = found.iter().flat_map(|query| &query.ended).collect();
    match format {
        Format::Json => printer.json(&reads)?,
        Format::Text if reads.is_empty() => printer.line("it was never read")?,
        Format::Text => told::reads(&reads, printer)?,
    }
    Ok(Status::Clean)
}

/// Asks for a read, and does it here if no other process works on the folder.
pub async fn run(args: QueryRunArgs, printer: &Printer, operator: &str) -> Result<Status> {
    let QueryRunArgs { deployment, name, repository, by, format } = args;
    let location = Location::of(deployment.dir.clone())?;
    let repository = location.repository(repository)?;
    let open = Deployment::open(&location).await?;
    let by = by.unwrap_or_else(|| operator.to_owned());
    let asked = queries::ask(&open, repository.as_ref(), &name, &by).await?;
    if open.folder().is_some_and(|local| local.is_at_work() == Some(false)) {
        drop(open);
        return super::run::run(RunArgs::of(deployment.dir, format), printer).await;
    }
    match format {
        Format::Json => printer.json(&asked)?,
        Format::Text => printer.line(format!(
            "{} is asked for: the process that works on the deployment reads it",
            asked.import
        ))?,
    }
    Ok(Status::Clean)
}

/// Sets where the next read begins.
pub async fn set(args: QueryMoveArgs<ToValue>, printer: &Printer, operator: &str) -> Result<Status> {
    let value = args.to.value.clone();
    moved(args, Some(&value), printer, operator).await
}

/// Sets where the next read begins to the start that the configuration names.
pub async fn reset(args: QueryMoveArgs<ToStart>, printer: &Printer, operator: &str) -> Result<Status> {
    moved(args, None, printer, operator).await
}

async fn moved<T: Args>(
    args: QueryMoveArgs<T>,
    to: Option<&str>,
    printer: &Printer,
    operator: &str,
) -> Result<Status> {
    let QueryMoveArgs { deployment, name, repository, by, format, .. } = args;
    let location = Location::of(deployment.dir)?;
    let repository = location.repository(repository)?;
    let deployment = Deployment::open(&location).await?;
    let by = by.unwrap_or_else(|| operator.to_owned());
    let changed = queries::move_to(&deployment, repository.as_ref(), &name, to, &by).await?;
    match format {
        Format::Json => printer.json(&changed)?,
        Format::Text => {
            let last = changed.last_item.map(|last| last.text).unwrap_or_default();
            printer.line(format!("the next read of {} begins behind {last}", changed.import))?;
        }
    }
    Ok(Status::Clean)
}
