//! `tidewaiter records`: what was imported, page by page, or one record with where it came from.

mod export;
mod listing;
mod one;

use tidewaiter_engine::ports::Selection;
use tidewaiter_ops::records::export::{Asked, Exported, columns, select};
use tidewaiter_ops::records::{Pages, counts, csv, need_scope, other_scopes};
use tidewaiter_ops::{Deployment, Location};

use self::export::delimiter;
use self::listing::Listing;
use crate::args::RecordsArgs;
use crate::format::RecordFormat;
use crate::printer::Printer;
use crate::table::{Align, Table};
use crate::text::{listed, number};
use crate::{Error, Result, Status};

/// Shows records, or how many there are.
pub async fn run(args: RecordsArgs, printer: &Printer) -> Result<Status> {
    export::fits(&args)?;
    let location = Location::of(&args.deployment.dir)?;
    if let Some(repository) = location.repository(None)? {
        return Err(Error::NotByRepository(repository.to_string()));
    }
    let deployment = Deployment::look(&location).await?;
    let Some(scope) = args.scope.clone() else {
        tell_counts(&deployment, &args, printer).await?;
        return Ok(Status::Clean);
    };
    need_scope(&deployment, &scope).await?;
    let asked = Asked {
        scope,
        universe: args.universe.clone(),
        since: args.since,
        conditions: args.conditions.clone(),
        limit: args.limit,
        with_origin: args.provenance,
    };
    let selection = select(&deployment, asked).await?;
    match &args.key {
        Some(key) => one::show(&deployment, &selection, key, &args, printer).await?,
        None => list(&deployment, &selection, &args, printer).await?,
    }
    Ok(Status::Clean)
}

async fn list(
    deployment: &Deployment,
    selection: &Selection,
    args: &RecordsArgs,
    printer: &Printer,
) -> Result<()> {
    if let Some(format) = export::format(args) {
        let columns = columns(deployment, selection).await?;
        let all = Exported::Selected(deployment);
        return export::export(all, selection, &columns, format, args, printer).await;
    }
    let mut listing = Listing::new(printer, args);
    if args.format.is_table() {
        listing.csv_header(&columns(deployment, selection).await?)?;
    }
    let mut pages = Pages::new(deployment, selection);
    while let Some(page) = pages.next().await? {
        for record in &page {
            listing.record(record)?;
        }
        if printer.is_closed() {
            return Ok(());
        }
    }
    if listing.count() == 0 && args.format == RecordFormat::Text {
        tell_none(deployment, &selection.scope, printer).await?;
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
            let line = |cells: [&str; 3]| printer.raw(&csv::line(delimiter(args), cells.into_iter()));
            line(["universe", "scope", "count"])?;
            counts.iter().try_for_each(|one| line([&one.universe, &one.scope, &one.count.to_string()]))
        }
        RecordFormat::Jsonl => counts.iter().try_for_each(|one| printer.json_line(one)),
        RecordFormat::Text if counts.is_empty() => printer.line("there are no records"),
        RecordFormat::Text | RecordFormat::Parquet => {
            let columns = [("UNIVERSE", Align::Left), ("SCOPE", Align::Left), ("RECORDS", Align::Right)];
            let mut table = Table::new(columns);
            for one in counts {
                table.row([one.universe.into(), one.scope.into(), number(one.count).into()]);
            }
            table.print(printer)
        }
    }
}
