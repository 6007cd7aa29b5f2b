//! `tidewaiter records`: what was imported, page by page, or one record with where it came from.

mod listing;
mod one;

use tidewaiter_ops::records::{Pages, columns, counts, csv, need_scope, other_scopes};
use tidewaiter_ops::{Deployment, Location};

use self::listing::Listing;
use crate::args::RecordsArgs;
use crate::format::RecordFormat;
use crate::printer::Printer;
use crate::table::{Align, Table};
use crate::text::{listed, number};
use crate::{Error, Result, Status};

/// Shows records, or how many there are.
pub async fn run(args: RecordsArgs, printer: &Printer) -> Result<Status> {
    let location = Location::of(&args.deployment.dir)?;
    if let Some(repository) = location.repository(None)? {
        return Err(Error::NotByRepository(repository.to_string()));
    }
    let deployment = Deployment::look(&location).await?;
    if let Some(scope) = &args.scope {
        need_scope(&deployment, scope).await?;
    }
    match (&args.scope, &args.key) {
        (None, _) => tell_counts(&deployment, &args, printer).await?,
        (Some(scope), Some(key)) => one::show(&deployment, scope, key, &args, printer).await?,
        (Some(scope), None) => list(&deployment, scope, &args, printer).await?,
    }
    Ok(Status::Clean)
}

async fn list(deployment: &Deployment, scope: &str, args: &RecordsArgs, printer: &Printer) -> Result<()> {
    let (universe, limit) = (args.universe.as_deref(), args.limit);
    let mut listing = Listing::new(printer, args);
    if args.format.is_table() {
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
    if listing.count() == 0 && args.format == RecordFormat::Text {
        tell_none(deployment, scope, printer).await?;
    }
    Ok(())
}

async fn tell_none(deployment: &Deployment, scope: &str, printer: &Printer) -> Result<()> {
    let known = other_scopes(deployment, scope).await?;
    let others = if known.is_empty() { String::new() } else { format!("; there are {}", listed(&known)) };
    printer.line(format!("no such records of {scope}{others}"))
}

async fn tell_counts(deployment: &Deployment, args: &RecordsArgs, printer: &Printer) -> Result<()> {
    let counts = counts(deployment, args.universe.as_deref()).await?;
    match args.format {
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
