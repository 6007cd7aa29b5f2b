//! `tidewaiter report`: what was said of a file, rendered again, and the page of a day.

mod day;

use std::path::PathBuf;

use jiff::civil::Date;
use tidewaiter::keys::Repository;
use tidewaiter::render::{Html, Log, Renderer};
use tidewaiter_pipeline::ports::Progress;
use tidewaiter_pipeline::report;

use super::lookup::imports_of;
use crate::args::ReportFormat;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::Printer;
use crate::{Error, Result, Status};

/// What to render.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
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
    with_deployed!(deployed::look(&options.dir).await?, deployed => write(deployed, options, printer).await)
}

async fn write(deployed: &impl Deployed, options: Options, printer: &Printer) -> Result<Status> {
    let repository = deployed::asked(&options.dir, options.repository)?;
    if repository.is_some() {
        super::repositories(deployed, repository.clone()).await?;
    }
    match options.what {
        What::File(file, format) => one(deployed, repository, file, format, printer).await?,
        What::Day(day) => day::page(deployed, repository, day, printer).await?,
    }
    Ok(Status::Clean)
}

async fn one(
    deployed: &impl Deployed,
    repository: Option<Repository>,
    file: String,
    format: ReportFormat,
    printer: &Printer,
) -> Result<()> {
    let mut imports = imports_of(deployed, repository, &file).await?;
    // Of several, the last one that has something to say.
    let told = imports.iter().rposition(|import| conclusion(&import.progress).is_some());
    let import = imports.swap_remove(told.ok_or_else(|| Error::NoOutcome { file: file.clone() })?);
    let Some(conclusion) = conclusion(&import.progress) else { return Err(Error::NoOutcome { file }) };
    let report = report::kept(deployed, import.id, conclusion).await?;
    let report = report::as_of_now(report.ok_or(Error::ReportGone { file })?, conclusion);
    match format {
        ReportFormat::Text => Log.render(&report).lines().try_for_each(|line| printer.line(line)),
        ReportFormat::Html => printer.raw(Html.render(&report).as_bytes()),
        ReportFormat::Json => printer.json(&report),
    }
}

fn conclusion(progress: &Progress) -> Option<&tidewaiter_pipeline::ports::Conclusion> {
    match progress {
        Progress::Concluding(conclusion) | Progress::Done(conclusion) => Some(conclusion),
        Progress::Registered | Progress::Started(_) => None,
    }
}
