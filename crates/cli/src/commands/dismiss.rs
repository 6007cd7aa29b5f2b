//! `tidewaiter dismiss`: ends open problems for which no corrected file will come.

use tidewaiter::run::Problem;
use tidewaiter_ops::problems::{Dismissed, Which, dismiss};
use tidewaiter_ops::{Deployment, Location};

use crate::args::DismissArgs;
use crate::format::Format;
use crate::operator::operator;
use crate::printer::{Line, Printer};
use crate::text::moment;
use crate::{Result, Status};

/// Dismisses problems, and says of each how it is over.
pub async fn run(args: DismissArgs, printer: &Printer) -> Result<Status> {
    let DismissArgs { deployment, files, all, reason, by, repository, format } = args;
    let location = Location::of(deployment.dir)?;
    let repository = location.repository(repository)?;
    let deployment = Deployment::open(&location).await?;
    let which = if all { Which::All } else { Which::Files(&files) };
    let by = by.unwrap_or_else(operator);
    let dismissed = dismiss(&deployment, repository.as_ref(), which, &by, reason.as_deref()).await?;
    match format {
        Format::Json => printer.json(&dismissed)?,
        Format::Text if dismissed.is_empty() => printer.line("there is no open problem")?,
        Format::Text => dismissed.iter().try_for_each(|one| printer.line(sentence(one)))?,
    }
    Ok(Status::Clean)
}

fn sentence(one: &Dismissed) -> Line {
    let line = Line::from(&one.file);
    match &one.problem {
        Problem::Dismissed { .. } if one.is_new => line.text(" is dismissed"),
        Problem::Dismissed { at, by, .. } => {
            line.text(format!(" was dismissed before, by {by} at {}", moment(*at)))
        }
        Problem::Resolved { by } => line.text(format!(" is resolved: a corrected file was imported ({by})")),
        Problem::Open => line.text(" is still open"),
    }
}
