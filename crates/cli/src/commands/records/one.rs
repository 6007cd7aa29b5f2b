//! A record with where each of its values came from, and the records that belong to it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use tidewaiter::config::Config;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::schema::{Scopes, TableSchema, catalogue};
use tidewaiter_pipeline::ports::{Progress, Records, RunLedger, StoredRecord};

use super::key::Keys;
use super::listing::{Listing, columns_of};
use super::{Options, active, meant, shown_key};
use crate::Result;
use crate::args::RecordFormat;
use crate::deployed::Deployed;
use crate::printer::{Line, Printer, style};
use crate::text::{Align, Table, moment, number, shortened};

/// How many records are shown of a scope, unless something else is asked for.
const LIMIT: u64 = 1_000;
/// How much of a value a row shows.
const VALUE_COLUMNS: usize = 60;

/// Shows the record of a key, and what belongs to it.
pub(super) async fn show(
    deployed: &impl Deployed,
    scope: &str,
    text: &str,
    options: &Options,
    printer: &Printer,
) -> Result<()> {
    let configs = active(deployed, options).await?;
    let keys = Keys::new(&configs, scope, text);
    let limit = usize::try_from(options.limit.unwrap_or(LIMIT)).unwrap_or(usize::MAX);
    let mut search = Search { deployed, options, keys: &keys, limit, more: false };
    let found = search.find(scope).await?;
    if options.format.is_table() {
        let mut listing = Listing::new(printer, options);
        listing.csv_header(columns_of(deployed, scope, options, &found).await?)?;
        return found.iter().try_for_each(|record| listing.record(record));
    }
    let mut teller = Teller { deployed, printer, format: options.format, imports: BTreeMap::new(), told: 0 };
    teller.tell(scope, &found).await?;
    for other in belonging(&configs, scope) {
        let found = search.find(&other).await?;
        teller.tell(&other, &found).await?;
    }
    if options.format == RecordFormat::Text {
        if teller.told == 0 {
            return meant::tell(deployed, &configs, scope, (text, &keys), options, printer).await;
        }
        if search.more {
            let more = format!("the first {} of a scope; --limit shows more", number(limit as u64));
            printer.line(Line::new().styled(style::DIM, more))?;
        }
    }
    Ok(())
}

/// The scopes whose records may belong to one of this scope: under its key.
fn belonging(configs: &[Arc<Config>], scope: &str) -> BTreeSet<String> {
    let belongs = |schema: &TableSchema| {
        let adjusts = schema.adjusts.as_ref().is_some_and(|adjusts| adjusts.resource == scope);
        adjusts
            || schema.foreign_keys.iter().any(|key| {
                let there = &key.reference;
                key.dependent && (there.resource == scope || there.or_in.iter().any(|other| other == scope))
            })
    };
    let of = |scopes: &Scopes| -> Vec<String> {
        let belonging = scopes.iter().filter(|(name, schema)| *name != scope && belongs(schema));
        belonging.map(|(name, _)| name.clone()).collect()
    };
    configs.iter().flat_map(|config| of(config.scopes())).chain(of(catalogue::scopes())).collect()
}

/// Looks for the records of a key.
struct Search<'a, D> {
    deployed: &'a D,
    options: &'a Options,
    keys: &'a Keys,
    limit: usize,
    /// There were more than are shown.
    more: bool,
}

impl<D: Deployed> Search<'_, D> {
    async fn find(&mut self, scope: &str) -> Result<Vec<StoredRecord>> {
        // One more than is shown tells whether there are more.
        let limit = self.limit.saturating_add(1).min(i32::MAX as usize);
        let mut found = Vec::new();
        for key in self.keys.all() {
            let mut records = self.deployed.records().find(scope, key, limit).await?;
            records.retain(|record| {
                self.options.asks_for(&record.universe) && self.keys.names(&record.universe, key)
            });
            found.extend(records);
        }
        self.more |= found.len() > self.limit;
        found.truncate(self.limit);
        Ok(found)
    }
}

/// Where something came from, for people.
#[derive(Debug, Clone)]
struct Origin {
    file: String,
    at: Timestamp,
}

/// A record as a line of JSON.
#[derive(Serialize)]
struct Row<'a> {
    universe: &'a str,
    scope: &'a str,
    key: &'a str,
    values: BTreeMap<&'a str, Cell<'a>>,
}

#[derive(Serialize)]
struct Cell<'a> {
    value: &'a str,
    import: ImportId,
    /// None if the ledger does not know the import (any more).
    file: Option<String>,
    /// 0 for what the file as a whole did.
    line: u64,
    /// When it was imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

/// Shows records with where they came from.
struct Teller<'a, D> {
    deployed: &'a D,
    printer: &'a Printer,
    format: RecordFormat,
    imports: BTreeMap<ImportId, Option<Origin>>,
    told: usize,
}

impl<D: Deployed> Teller<'_, D> {
    async fn tell(&mut self, scope: &str, records: &[StoredRecord]) -> Result<()> {
        for stored in records {
            if self.printer.is_closed() {
                break;
            }
            let mut cells = BTreeMap::new();
            for (name, value) in &stored.record.values {
                let origin = self.origin(value.source.import).await?;
                let at = origin.as_ref().map(|origin| origin.at);
                let file = origin.map(|origin| origin.file);
                let (import, line) = (value.source.import, value.source.line);
                cells.insert(name.as_str(), Cell { value: &value.text, import, file, line, at });
            }
            let StoredRecord { universe, key, .. } = stored;
            let row = Row { universe, scope, key, values: cells };
            if self.format == RecordFormat::Json {
                self.printer.json_line(&row)?;
            } else {
                self.text(&row)?;
            }
            self.told += 1;
        }
        Ok(())
    }

    fn text(&self, row: &Row<'_>) -> Result<()> {
        if self.told > 0 {
            self.printer.blank()?;
        }
        let head = Line::new().styled(style::DIM, format!("{} {}  ", row.universe, row.scope));
        self.printer.line(head.styled(style::BOLD, shown_key(row.key)))?;
        let mut table = Table::new([
            ("COLUMN", Align::Left),
            ("VALUE", Align::Left),
            ("FILE", Align::Left),
            ("LINE", Align::Right),
            ("IMPORTED", Align::Left),
        ]);
        for (name, cell) in &row.values {
            let file = cell.file.clone().unwrap_or_else(|| format!("import {}", cell.import));
            let line = if cell.line == 0 { "whole file".to_owned() } else { number(cell.line) };
            table.row([
                Line::from(*name),
                Line::from(shortened(cell.value, VALUE_COLUMNS)),
                Line::from(file),
                Line::from(line),
                Line::new().styled(style::DIM, cell.at.map(moment).unwrap_or_default()),
            ]);
        }
        table.print(self.printer)
    }

    async fn origin(&mut self, import: ImportId) -> Result<Option<Origin>> {
        match self.imports.entry(import) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(free) => {
                let import = self.deployed.state().run(import).await?;
                let origin = import.map(|import| {
                    let at = match &import.progress {
                        Progress::Registered => import.arrived,
                        Progress::Started(pinned) => pinned.at,
                        Progress::Concluding(end) | Progress::Done(end) => end.finished,
                    };
                    Origin { file: import.file, at }
                });
                Ok(free.insert(origin).clone())
            }
        }
    }
}
