//! `tidewaiter report`: what was said of a file, rendered again, and the page of a day.

use jiff::civil::Date;
use tidewaiter::keys::Repository;
use tidewaiter::render::{Html, Log, Renderer};
use tidewaiter_ops::{Deployment, Location, day, report};

use crate::format::ReportFormat;
use crate::printer::Printer;
use crate::{Result, Status};

/// What to render.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub location: Location,
    /// Only this repository.
    pub repository: Option<Repository>,
    /// What.
    pub what: What,
}

/// A report, or a day.
#[derive(Debug)]
pub enum What {
    /// The report of the last file of a name, or of an import by its id.
    File(String, ReportFormat),
    /// The page of a day, in UTC.
    Day(Date),
}

/// Renders it. What came of files was told by their import: it is no finding of this command.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    let Options { location, repository, what } = options;
    let repository = location.repository(repository)?;
    let deployment = Deployment::look(&location).await?;
    match what {
        What::File(file, format) => {
            let report = report::report(&deployment, repository.as_ref(), &file).await?;
            match format {
                ReportFormat::Text => Log.render(&report).lines().try_for_each(|line| printer.line(line))?,
                ReportFormat::Html => printer.raw((Html.render(&report) + "\n").as_bytes())?,
                ReportFormat::Json => printer.json(&report)?,
            }
        }
        What::Day(date) => {
            let page = day::page(&deployment, repository.as_ref(), date).await?;
            printer.raw((page + "\n").as_bytes())?;
        }
    }
    Ok(Status::Clean)
}
