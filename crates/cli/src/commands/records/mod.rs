//! `tidewaiter records`: what was imported, page by page, or one record with where it came from.

mod listing;
mod one;

use tidewaiter_ops::records::{Pages, columns, counts, csv, other_scopes};
use tidewaiter_ops::{Deployment, Location};

use self::listing::Listing;
use crate::format::RecordFormat;
use crate::printer::Printer;
use crate::table::{Align, Table};
use crate::text::{listed, number};
use crate::{Error, Result, Status};

/// What to show.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub location: Location,
    /// The kind of record; records are counted if there is none.
    pub scope: Option<String>,
    /// Only the record of this key, and what belongs to it.
    pub key: Option<String>,
    /// Only this universe.
    pub universe: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
    /// Whether a listing says where each value came from.
    pub sources: bool,
    /// How to write them.
    pub format: RecordFormat,
}

/// Shows records, or how many there are.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    if let Some(repository) = options.location.repository(None)? {
        return Err(Error::NotByRepository(repository.to_string()));
    }
    let deployment = Deployment::look(&options.location).await?;
    match (&options.scope, &options.key) {
        (None, _) => tell_counts(&deployment, &options, printer).await?,
        (Some(scope), Some(key)) => one::show(&deployment, scope, key, &options, printer).await?,
        (Some(scope), None) => list(&deployment, scope, &options, printer).await?,
    }
    Ok(Status::Clean)
}

async fn list(deployment: &Deployment, scope: &str, options: &Options, printer: &Printer) -> Result<()> {
    let (universe, limit) = (options.universe.as_deref(), options.limit);
    let mut listing = Listing::new(printer, options);
    if options.format.is_table() {
        listing.csv_header(columns(deployment, scope, universe, limit).await?)?;
    }
    let mut pages = Pages::new(deployment, scope, universe, limit);
    while let Some(page) = pages.next().await? {
        for record in &page {
            listing.record(record)?;
        }
        if printer.is_closed() {
            return Ok(());
        }
    }
    if listing.count() == 0 && options.format == RecordFormat::Text {
        tell_none(deployment, scope, printer).await?;
    }
    Ok(())
}

async fn tell_none(deployment: &Deployment, scope: &str, printer: &Printer) -> Result<()> {
    let known = other_scopes(deployment, scope).await?;
    let others = if known.is_empty() { String::new() } else { format!("; there are {}", listed(&known)) };
    printer.line(format!("no such records of {scope}{others}"))
}

async fn tell_counts(deployment: &Deployment, options: &Options, printer: &Printer) -> Result<()> {
    let counts = counts(deployment, options.universe.as_deref()).await?;
    match options.format {
        RecordFormat::Json => printer.json(&counts),
        RecordFormat::Csv | RecordFormat::Spreadsheet => {
            printer.raw(b"universe;scope;count\n")?;
            counts.iter().try_for_each(|one| {
                let cells = [one.universe.as_str(), &one.scope, &one.count.to_string()];
                printer.raw(&csv::line(cells.into_iter()))
            })
        }
        RecordFormat::Text if counts.is_empty() => printer.line("there are no records"),
        RecordFormat::Text => {
            let columns = [("UNIVERSE", Align::Left), ("SCOPE", Align::Left), ("RECORDS", Align::Right)];
            let mut table = Table::new(columns);
            for one in counts {
                table.row([one.universe.into(), one.scope.into(), number(one.count).into()]);
            }
            table.print(printer)
        }
    }
}
