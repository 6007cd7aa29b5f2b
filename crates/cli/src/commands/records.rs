//! `tidewaiter records`: what was imported, page by page.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use tidewaiter::id::ImportId;
use tidewaiter::schema::catalogue;
use tidewaiter_pipeline::configs;
use tidewaiter_pipeline::local::Local;
use tidewaiter_pipeline::ports::{Platform, Records, StoredRecord};

use crate::args::RecordFormat;
use crate::printer::{Line, Printer, style};
use crate::text::{Align, Table, listed, number};
use crate::{Error, Result, Status};

/// How many records are held at a time.
const PAGE: usize = 500;
/// What tidewaiter's own files are separated by, so that a listing can be dropped again.
const DELIMITER: u8 = b';';

/// What to show.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
    /// The kind of record; records are counted if there is none.
    pub scope: Option<String>,
    /// Only this universe.
    pub universe: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
    /// How to write them.
    pub format: RecordFormat,
}

/// Shows records, or how many there are.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    let local = super::open(&options.dir)?;
    let Some(scope) = &options.scope else {
        counts(&local, &options, printer).await?;
        return Ok(Status::Clean);
    };
    let mut listing = Listing { printer, options: &options, columns: Vec::new(), count: 0 };
    if options.format == RecordFormat::Csv {
        listing.columns = columns(&local, scope, &options).await?;
        listing.csv_header()?;
    }
    let mut pages = Pages::new(&local, scope, &options);
    while let Some(page) = pages.next().await? {
        for record in &page {
            listing.record(record)?;
        }
        if printer.is_closed() {
            return Ok(Status::Clean);
        }
    }
    if listing.count == 0 && options.format == RecordFormat::Text {
        none(&local, scope, printer).await?;
    }
    Ok(Status::Clean)
}

async fn none(local: &Local, scope: &str, printer: &Printer) -> Result<()> {
    let counts = local.records().counts().await?;
    let known: BTreeSet<String> = counts.into_iter().map(|(_, scope, _)| scope).collect();
    let known: Vec<String> = known.into_iter().filter(|known| known != scope).collect();
    let others = if known.is_empty() { String::new() } else { format!("; there are {}", listed(&known)) };
    printer.line(format!("no such records of {scope}{others}"))
}

async fn counts(local: &Local, options: &Options, printer: &Printer) -> Result<()> {
    let mut counts = local.records().counts().await?;
    counts.retain(|(universe, ..)| options.universe.as_ref().is_none_or(|only| only == universe));
    match options.format {
        RecordFormat::Json => {
            let object =
                |(universe, scope, count)| json!({ "universe": universe, "scope": scope, "count": count });
            printer.json(&counts.into_iter().map(object).collect::<Vec<_>>())
        }
        RecordFormat::Csv => {
            printer.raw(b"universe;scope;count\n")?;
            counts.iter().try_for_each(|(universe, scope, count)| {
                printer.raw(&csv_line([universe.as_str(), scope, &count.to_string()].into_iter()))
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

/// The columns of a scope in the order of its schema, then those that only records have.
async fn columns(local: &Local, scope: &str, options: &Options) -> Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    };
    if let Some(schema) = catalogue::scopes().get(scope) {
        schema.fields.iter().for_each(|field| add(&field.name));
    }
    for repository in local.repositories().await? {
        let active = configs::active(local, &repository).await?;
        let asked = |universe: &str| options.universe.as_deref().is_none_or(|only| only == universe);
        for config in active.configs().filter(|config| asked(config.universe())) {
            if let Some(schema) = config.scopes().get(scope) {
                schema.fields.iter().for_each(|field| add(&field.name));
            }
        }
    }
    let mut unknown = BTreeSet::new();
    let mut pages = Pages::new(local, scope, options);
    while let Some(page) = pages.next().await? {
        for name in page.iter().flat_map(|stored| stored.record.values.keys()) {
            if !columns.contains(name) && !unknown.contains(name) {
                unknown.insert(name.clone());
            }
        }
    }
    columns.extend(unknown);
    Ok(columns)
}

/// Records of a scope, page by page, as far as they were asked for.
struct Pages<'a> {
    local: &'a Local,
    scope: &'a str,
    universe: Option<&'a str>,
    left: u64,
    after: Option<(String, String)>,
}

impl<'a> Pages<'a> {
    fn new(local: &'a Local, scope: &'a str, options: &'a Options) -> Self {
        let universe = options.universe.as_deref();
        // No record has an empty key: all of the universe lie behind it.
        let after = universe.map(|universe| (universe.to_owned(), String::new()));
        Self { local, scope, universe, left: options.limit.unwrap_or(u64::MAX), after }
    }

    async fn next(&mut self) -> Result<Option<Vec<StoredRecord>>> {
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
        if limit == 0 {
            return Ok(None);
        }
        let after = self.after.as_ref().map(|(universe, key)| (universe.as_str(), key.as_str()));
        let mut page = self.local.records().scan(self.scope, after, limit).await?;
        let is_last = page.len() < limit;
        page.retain(|record| self.universe.is_none_or(|only| only == record.universe));
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some((last.universe.clone(), last.key.clone()));
        self.left = if is_last { 0 } else { self.left.saturating_sub(page.len() as u64) };
        Ok(Some(page))
    }
}

/// Writes records one by one.
struct Listing<'a> {
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
    values: &'a std::collections::BTreeMap<String, String>,
    import: ImportId,
    line: u64,
}

impl Listing<'_> {
    fn record(&mut self, stored: &StoredRecord) -> Result<()> {
        self.count += 1;
        let StoredRecord { universe, key, record } = stored;
        match self.options.format {
            RecordFormat::Json => {
                let (import, line) = (record.import, record.line);
                self.printer.json_line(&Row { universe, key, values: &record.values, import, line })
            }
            RecordFormat::Csv => self.csv(stored),
            RecordFormat::Text => {
                let mut line =
                    Line::new().styled(style::DIM, universe).text("  ").styled(style::BOLD, shown_key(key));
                for (name, value) in &record.values {
                    line = line.text("  ").styled(style::DIM, format!("{name}=")).text(value);
                }
                self.printer.line(line)
            }
        }
    }

    fn csv_header(&self) -> Result<()> {
        let universe = self.options.universe.is_none().then_some("universe");
        self.printer.raw(&csv_line(universe.into_iter().chain(self.columns.iter().map(String::as_str))))
    }

    fn csv(&self, stored: &StoredRecord) -> Result<()> {
        let values = &stored.record.values;
        if let Some(new) = values.keys().find(|name| !self.columns.contains(name)) {
            return Err(Error::RecordsChanged { column: new.clone() });
        }
        let universe = self.options.universe.is_none().then_some(stored.universe.as_str());
        let cells = self.columns.iter().map(|name| values.get(name).map_or("", String::as_str));
        self.printer.raw(&csv_line(universe.into_iter().chain(cells)))
    }
}

/// A key whose parts are told apart by an invisible character, as people can read it.
fn shown_key(key: &str) -> String {
    key.replace('\u{1f}', " / ")
}

/// Cells as a line of CSV; quotes only where they are needed. A line that is otherwise empty is quoted, so
/// that it is not taken for no line.
fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut line = Vec::new();
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            line.push(DELIMITER);
        }
        if cell.bytes().any(|b| matches!(b, DELIMITER | b'"' | b'\n' | b'\r')) {
            line.push(b'"');
            line.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            line.push(b'"');
        } else {
            line.extend_from_slice(cell.as_bytes());
        }
    }
    if line.is_empty() {
        line.extend_from_slice(b"\"\"");
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_they_must_be() {
        assert_eq!(csv_line(["a", "", "b;c", "5\" disc"].into_iter()), b"a;;\"b;c\";\"5\"\" disc\"\n");
        assert_eq!(csv_line([""].into_iter()), b"\"\"\n");
    }
}
