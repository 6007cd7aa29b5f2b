//! The records of a scope, page by page.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::record::Source;
use tidewaiter::schema::catalogue;
use tidewaiter_pipeline::ports::{Records, StoredRecord};

use super::{Options, active, csv, shown_key};
use crate::args::RecordFormat;
use crate::deployed::Deployed;
use crate::printer::{Line, Printer, style};
use crate::{Error, Result};

/// How many records are held at a time; fewer if they are wide.
const PAGE: usize = 500;

/// The columns of a scope in the order of its schema, then those that only records have.
pub(super) async fn columns(deployed: &impl Deployed, scope: &str, options: &Options) -> Result<Vec<String>> {
    let mut columns = known_columns(deployed, scope, options).await?;
    let mut unknown = BTreeSet::new();
    let mut pages = Pages::new(deployed, scope, options);
    while let Some(page) = pages.next().await? {
        add_unknown(&mut unknown, &columns, &page);
    }
    columns.extend(unknown);
    Ok(columns)
}

/// The columns of these records, in the same order.
pub(super) async fn columns_of(
    deployed: &impl Deployed,
    scope: &str,
    options: &Options,
    records: &[StoredRecord],
) -> Result<Vec<String>> {
    let mut columns = known_columns(deployed, scope, options).await?;
    let mut unknown = BTreeSet::new();
    add_unknown(&mut unknown, &columns, records);
    columns.extend(unknown);
    Ok(columns)
}

fn add_unknown(unknown: &mut BTreeSet<String>, columns: &[String], records: &[StoredRecord]) {
    for name in records.iter().flat_map(|stored| stored.record.values.keys()) {
        if !columns.contains(name) && !unknown.contains(name) {
            unknown.insert(name.clone());
        }
    }
}

async fn known_columns(deployed: &impl Deployed, scope: &str, options: &Options) -> Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    };
    if let Some(schema) = catalogue::scopes().get(scope) {
        schema.fields.iter().for_each(|field| add(&field.name));
    }
    for config in active(deployed, options).await? {
        if let Some(schema) = config.scopes().get(scope) {
            schema.fields.iter().for_each(|field| add(&field.name));
        }
    }
    Ok(columns)
}

/// Records of a scope, page by page, as far as they were asked for.
pub(super) struct Pages<'a, D> {
    deployed: &'a D,
    scope: &'a str,
    universe: Option<&'a str>,
    left: u64,
    after: Option<(String, String)>,
}

impl<'a, D: Deployed> Pages<'a, D> {
    pub(super) fn new(deployed: &'a D, scope: &'a str, options: &'a Options) -> Self {
        let universe = options.universe.as_deref();
        // No record has an empty key: all of the universe lie behind it.
        let after = universe.map(|universe| (universe.to_owned(), String::new()));
        Self { deployed, scope, universe, left: options.limit.unwrap_or(u64::MAX), after }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<StoredRecord>>> {
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
        if limit == 0 {
            return Ok(None);
        }
        let after = self.after.as_ref().map(|(universe, key)| (universe.as_str(), key.as_str()));
        let mut page = self.deployed.records().scan(self.scope, after, limit).await?;
        page.retain(|record| self.universe.is_none_or(|only| only == record.universe));
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some((last.universe.clone(), last.key.clone()));
        self.left = self.left.saturating_sub(page.len() as u64);
        Ok(Some(page))
    }
}

/// Writes records one by one.
pub(super) struct Listing<'a> {
    printer: &'a Printer,
    options: &'a Options,
    columns: Vec<String>,
    count: u64,
}

/// A record as a line of JSON.
#[derive(Serialize)]
struct Row<'a> {
    universe: &'a str,
    key: &'a str,
    values: BTreeMap<&'a str, &'a str>,
    /// Where each value came from, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<BTreeMap<&'a str, Source>>,
    import: ImportId,
    line: u64,
}

impl<'a> Listing<'a> {
    pub(super) fn new(printer: &'a Printer, options: &'a Options) -> Self {
        Self { printer, options, columns: Vec::new(), count: 0 }
    }

    /// How many records were written.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn record(&mut self, stored: &StoredRecord) -> Result<()> {
        self.count += 1;
        match self.options.format {
            RecordFormat::Json => self.json(stored),
            RecordFormat::Csv | RecordFormat::Spreadsheet => self.csv(stored),
            RecordFormat::Text => self.text(stored),
        }
    }

    fn json(&self, stored: &StoredRecord) -> Result<()> {
        let StoredRecord { universe, key, record } = stored;
        let values = record.values.iter().map(|(name, value)| (name.as_str(), value.text.as_str()));
        let sources = record.values.iter().map(|(name, value)| (name.as_str(), value.source));
        self.printer.json_line(&Row {
            universe,
            key,
            values: values.collect(),
            sources: self.options.sources.then(|| sources.collect()),
            import: record.changed.import,
            line: record.changed.line,
        })
    }

    fn text(&self, stored: &StoredRecord) -> Result<()> {
        let StoredRecord { universe, key, record } = stored;
        let mut line =
            Line::new().styled(style::DIM, universe).text("  ").styled(style::BOLD, shown_key(key));
        for (name, value) in &record.values {
            line = line.text("  ").styled(style::DIM, format!("{name}=")).text(&value.text);
            if self.options.sources {
                line = line.styled(style::DIM, format!(" ({})", place(value.source)));
            }
        }
        self.printer.line(line)
    }

    /// Begins a CSV listing with these columns.
    pub(super) fn csv_header(&mut self, columns: Vec<String>) -> Result<()> {
        self.columns = columns;
        let mut cells: Vec<String> = Vec::new();
        cells.extend(self.options.universe.is_none().then(|| "universe".to_owned()));
        for name in &self.columns {
            cells.push(name.clone());
            cells.extend(self.options.sources.then(|| format!("{name}:source")));
        }
        if self.options.format == RecordFormat::Spreadsheet {
            self.printer.raw(csv::MARK)?;
        }
        self.table_line(&cells)
    }

    fn table_line(&self, cells: &[String]) -> Result<()> {
        let is_inert = self.options.format == RecordFormat::Spreadsheet;
        let written = cells.iter().map(|cell| if is_inert { csv::inert(cell) } else { cell.into() });
        let written: Vec<Cow<'_, str>> = written.collect();
        self.printer.raw(&csv::line(written.iter().map(|cell| &**cell)))
    }

    fn csv(&self, stored: &StoredRecord) -> Result<()> {
        let values = &stored.record.values;
        if let Some(new) = values.keys().find(|name| !self.columns.contains(name)) {
            return Err(Error::RecordsChanged { column: new.clone() });
        }
        let mut cells: Vec<String> = Vec::new();
        cells.extend(self.options.universe.is_none().then(|| stored.universe.clone()));
        for name in &self.columns {
            let value = values.get(name);
            cells.push(value.map(|value| value.text.clone()).unwrap_or_default());
            if self.options.sources {
                cells.push(value.map(|value| place(value.source)).unwrap_or_default());
            }
        }
        self.table_line(&cells)
    }
}

/// A source in one word: `01J9Z3ND1V0000000000000000:7`.
fn place(source: Source) -> String {
    format!("{}:{}", source.import, source.line)
}
