//! `tidewaiter records`: what was imported, page by page, or one record with where it came from.

mod csv;
mod key;
mod listing;
mod meant;
mod one;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tidewaiter::config::Config;
use tidewaiter_pipeline::configs;
use tidewaiter_pipeline::ports::Records;

use self::listing::{Listing, Pages};
use crate::args::RecordFormat;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::Printer;
use crate::text::{Align, Table, listed, number};
use crate::{Error, Result, Status};

/// What to show.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
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
    if let Some(repository) = deployed::asked(&options.dir, None)? {
        return Err(Error::NotByRepository(repository.to_string()));
    }
    with_deployed!(deployed::look(&options.dir).await?, deployed => show(deployed, &options, printer).await)
}

async fn show(deployed: &impl Deployed, options: &Options, printer: &Printer) -> Result<Status> {
    let Some(scope) = &options.scope else {
        counts(deployed, options, printer).await?;
        return Ok(Status::Clean);
    };
    if let Some(key) = &options.key {
        one::show(deployed, scope, key, options, printer).await?;
        return Ok(Status::Clean);
    }
    let mut listing = Listing::new(printer, options);
    if options.format.is_table() {
        let columns = listing::columns(deployed, scope, options).await?;
        listing.csv_header(columns)?;
    }
    let mut pages = Pages::new(deployed, scope, options);
    while let Some(page) = pages.next().await? {
        for record in &page {
            listing.record(record)?;
        }
        if printer.is_closed() {
            return Ok(Status::Clean);
        }
    }
    if listing.count() == 0 && options.format == RecordFormat::Text {
        none(deployed, scope, printer).await?;
    }
    Ok(Status::Clean)
}

async fn none(deployed: &impl Deployed, scope: &str, printer: &Printer) -> Result<()> {
    let counts = deployed.records().counts().await?;
    let known: BTreeSet<String> = counts.into_iter().map(|(_, scope, _)| scope).collect();
    let known: Vec<String> = known.into_iter().filter(|known| known != scope).collect();
    let others = if known.is_empty() { String::new() } else { format!("; there are {}", listed(&known)) };
    printer.line(format!("no such records of {scope}{others}"))
}

async fn counts(deployed: &impl Deployed, options: &Options, printer: &Printer) -> Result<()> {
    let mut counts = deployed.records().counts().await?;
    counts.retain(|(universe, ..)| options.universe.as_ref().is_none_or(|only| only == universe));
    match options.format {
        RecordFormat::Json => {
            let object =
                |(universe, scope, count)| json!({ "universe": universe, "scope": scope, "count": count });
            printer.json(&counts.into_iter().map(object).collect::<Vec<_>>())
        }
        RecordFormat::Csv | RecordFormat::Spreadsheet => {
            printer.raw(b"universe;scope;count\n")?;
            counts.iter().try_for_each(|(universe, scope, count)| {
                printer.raw(&csv::line([universe.as_str(), scope, &count.to_string()].into_iter()))
            })
        }
        RecordFormat::Text if counts.is_empty() => printer.line("there are no records"),
        RecordFormat::Text => {
            let columns = [("UNIVERSE", Align::Left), ("SCOPE", Align::Left), ("RECORDS", Align::Right)];
            let mut table = Table::new(columns);
            for (universe, scope, count) in counts {
                table.row([universe.into(), scope.into(), number(count).into()]);
            }
            table.print(printer)
        }
    }
}

/// The active configurations of all repositories, of the universe that is asked for.
async fn active(deployed: &impl Deployed, options: &Options) -> Result<Vec<Arc<Config>>> {
    let mut found = Vec::new();
    for repository in Deployed::repositories(deployed).await? {
        let active = configs::active(deployed, &repository).await?;
        found.extend(active.configs().filter(|config| options.asks_for(config.universe())).cloned());
    }
    Ok(found)
}

impl Options {
    fn asks_for(&self, universe: &str) -> bool {
        self.universe.as_deref().is_none_or(|only| only == universe)
    }
}

/// A key whose parts are told apart by an invisible character, as people can read it.
fn shown_key(key: &str) -> String {
    key.replace(tidewaiter::record::KEY_SEPARATOR, key::BETWEEN)
}
