//! One record with where each of its values came from, and the records that belong to it.

use tidewaiter_engine::ports::Selection;
use tidewaiter_ops::Deployment;
use tidewaiter_ops::records::export::{Exported, columns_of};
use tidewaiter_ops::records::{TracedRecord, find, meant, shown_key, trace};

use super::export;
use super::listing::Listing;
use crate::Result;
use crate::args::RecordsArgs;
use crate::format::RecordFormat;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::{listed, moment, number, shortened};

/// How many records are shown of a scope, unless something else is asked for.
const LIMIT: u64 = 1_000;
/// How much of a value a row shows.
const VALUE_COLUMNS: usize = 60;

/// Shows the record of a key, and what belongs to it.
pub(super) async fn show(
    deployment: &Deployment,
    selection: &Selection,
    key: &str,
    args: &RecordsArgs,
    printer: &Printer,
) -> Result<()> {
    let limit = usize::try_from(args.limit.unwrap_or(LIMIT)).unwrap_or(usize::MAX);
    let (scope, universe) = (selection.scope.as_str(), args.universe.as_deref());
    let format = export::format(args);
    if format.is_some() || args.format.is_table() {
        let found = find(deployment, scope, key, universe, limit).await?;
        let columns = columns_of(deployment, selection, &found).await?;
        if let Some(format) = format {
            let found = Exported::These(&found);
            return export::export(found, selection, &columns, format, args, printer).await;
        }
        let mut listing = Listing::new(printer, args);
        listing.csv_header(&columns)?;
        return found.iter().try_for_each(|record| listing.record(record));
    }
    let traced = trace(deployment, scope, key, universe, limit).await?;
    if args.format == RecordFormat::Json {
        return traced.records.iter().try_for_each(|record| printer.json_line(record));
    }
    for (n, record) in traced.records.iter().enumerate() {
        if n > 0 {
            printer.blank()?;
        }
        text(record, printer)?;
    }
    if traced.records.is_empty() {
        return tell_meant(deployment, scope, key, args, printer).await;
    }
    if traced.more {
        let more = format!("the first {} of a scope; --limit shows more", number(limit as u64));
        printer.line(Line::new().styled(style::DIM, more))?;
    }
    Ok(())
}

fn text(record: &TracedRecord, printer: &Printer) -> Result<()> {
    let head = Line::new().styled(style::DIM, format!("{} {}  ", record.universe, record.scope));
    printer.line(head.styled(style::BOLD, shown_key(&record.key)))?;
    let mut table = Table::new([
        ("COLUMN", Align::Left),
        ("VALUE", Align::Left),
        ("FILE", Align::Left),
        ("LINE", Align::Right),
        ("IMPORTED", Align::Left),
    ]);
    for (name, cell) in &record.values {
        let file = cell.file.clone().unwrap_or_else(|| format!("import {}", cell.import));
        let line = if cell.line == 0 { "whole file".to_owned() } else { number(cell.line) };
        table.row([
            Line::from(name),
            Line::from(shortened(&cell.value, VALUE_COLUMNS)),
            Line::from(file),
            Line::from(line),
            Line::new().styled(style::DIM, cell.at.map(moment).unwrap_or_default()),
        ]);
    }
    table.print(printer)
}

/// Says that there is no such record, and what could be meant.
async fn tell_meant(
    deployment: &Deployment,
    scope: &str,
    key: &str,
    args: &RecordsArgs,
    printer: &Printer,
) -> Result<()> {
    let meant = meant(deployment, scope, key, args.universe.as_deref()).await?;
    if meant.has_records {
        let normal = meant.normal.map(|key| format!(", or {key} as it is kept")).unwrap_or_default();
        printer.line(format!("no record of {scope} has the key {key}{normal}"))?;
    } else {
        super::tell_none(deployment, scope, printer).await?;
    }
    let hint = |text: &str| printer.line(Line::from("  ").styled(style::DIM, text));
    meant.about.iter().try_for_each(|sentence| hint(sentence))?;
    if !meant.alike.is_empty() {
        hint(&format!("keys with this beginning: {}", listed(&meant.alike)))?;
    }
    meant.in_scopes.iter().try_for_each(|other| {
        let dir = args.deployment.dir.display();
        hint(&format!("there is one of {other}: `tidewaiter records {dir} {other} --key {key}`"))
    })
}
