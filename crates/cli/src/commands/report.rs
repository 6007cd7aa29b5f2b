//! `tidewaiter report`: what was said of a file, rendered again, and the page of a day.

use tidewaiter::render::{Html, Log, Renderer};
use tidewaiter_ops::{day, report};

use super::look;
use crate::args::ReportArgs;
use crate::format::ReportFormat;
use crate::printer::Printer;
use crate::{Result, Status};

/// Renders it. What came of files was told by their import: it is no finding of this command.
pub async fn run(args: ReportArgs, printer: &Printer) -> Result<Status> {
    let ReportArgs { deployment, file, day, repository, format } = args;
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    if let Some(date) = day {
        let page = day::page(&deployment, repository.as_ref(), date).await?;
        printer.raw((page + "\n").as_bytes())?;
        return Ok(Status::Clean);
    }
    let report = report::report(&deployment, repository.as_ref(), &file.unwrap_or_default()).await?;
    match format {
        ReportFormat::Text => Log.render(&report).lines().try_for_each(|line| printer.line(line))?,
        ReportFormat::Html => printer.raw((Html.render(&report) + "\n").as_bytes())?,
        ReportFormat::Json => printer.json(&report)?,
    }
    Ok(Status::Clean)
}
