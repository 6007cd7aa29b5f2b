//! Records as rows, and back.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use tidewaiter::id::ImportId;
use tidewaiter::record::{Record, Source, Value, join_key};
use tidewaiter_engine::{Error, Result};
use tokio_postgres::Row;

use crate::failure::broken;
use crate::names::table;
use crate::session::{Session, value};
use crate::stored::{Exact, Key, Stored};
use crate::wide::WideRow;

const READING: &str = "reading records";
const WRITING: &str = "writing records";

/// The numbers under which import runs are kept in a universe.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    imports: HashMap<i32, ImportId>,
    numbers: HashMap<ImportId, i32>,
}

/// Where older values of a record come from, by field: the number of the run, and the line.
type Earlier<'a> = BTreeMap<Cow<'a, str>, (i32, i64)>;
impl Runs {
    pub(crate) fn note(&mut self, number: i32, import: ImportId) {
        self.imports.insert(number, import);
        self.numbers.insert(import, number);
    }

    pub(crate) fn number(&self, import: ImportId) -> Result<i32> {
        let unknown = || broken(WRITING, format!("run {import} has no number"));
        self.numbers.get(&import).copied().ok_or_else(unknown)
    }

    fn source(&self, (number, line): (i32, i64)) -> Result<Source> {
        let unknown = || broken(READING, format!("there is no run {number}"));
        let import = *self.imports.get(&number).ok_or_else(unknown)?;
        Ok(Source { import, line: u64::try_from(line).unwrap_or_default() })
    }

    /// The runs that a row names and that are not known yet.
    pub(crate) fn unknown(&self, table: &Stored, row: &Row) -> Result<Vec<i32>> {
        let beside = Beside::of(table);
        let mut numbers: Vec<i32> = vec![value(READING, row, beside.run)?];
        numbers.extend(earlier(row, beside.earlier)?.into_values().map(|(number, _)| number));
        numbers.retain(|number| !self.imports.contains_key(number));
        Ok(numbers)
    }

    /// Reads the runs with these numbers.
    pub(crate) async fn learn(
        &mut self,
        session: &Session,
        schema: &str,
        numbers: BTreeSet<i32>,
    ) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let unknown: Vec<i32> = numbers.into_iter().collect();
        let sql = format!("SELECT id, import FROM {} WHERE id = ANY ($1::integer[])", table(schema, "_runs"));
        for row in session.rows(READING, &sql, &[&unknown]).await? {
            let import: &str = value(READING, &row, 1)?;
            let import = import.parse().map_err(|reason: String| broken(READING, reason))?;
            self.note(value(READING, &row, 0)?, import);
        }
        Ok(())
    }
}

/// Where in a row the columns are that are beside those of the fields.
struct Beside {
    first: usize,
    run: usize,
    line: usize,
    earlier: usize,
    exact: usize,
}

impl Beside {
    fn of(table: &Stored) -> Self {
        let first = usize::from(table.key == Key::Own);
        let run = first + table.columns.len();
        Self { first, run, line: run + 1, earlier: run + 2, exact: run + 3 }
    }
}

fn earlier(row: &Row, at: usize) -> Result<Earlier<'_>> {
    let json: Option<&str> = value(READING, row, at)?;
    json.map_or(Ok(Earlier::new()), from_json)
}

/// The records of rows that were read as [`Stored::selected`] has it, with their keys.
pub(crate) async fn records_of(
    session: &Session,
    table: &Stored,
    runs: &mut Runs,
    rows: &[Row],
) -> Result<Vec<(String, Record)>> {
    let mut unknown = BTreeSet::new();
    for row in rows {
        unknown.extend(runs.unknown(table, row)?);
    }
    runs.learn(session, &table.schema, unknown).await?;
    rows.iter().map(|row| record_of(table, runs, row)).collect()
}

/// If a row holds these values as they are: the number of the run that changed it last.
pub(crate) fn row_holds<'v>(
    table: &Stored,
    row: &Row,
    values: impl Iterator<Item = (&'v str, &'v str)>,
) -> Result<Option<i32>> {
    let beside = Beside::of(table);
    if value::<Option<&str>>(READING, row, beside.exact)?.is_some() {
        return Ok(None);
    }
    for (field, text) in values {
        let Some((at, column)) = table.place(field).and_then(|at| Some((at, table.columns.get(at)?))) else {
            return Ok(None);
        };
        let printed: Option<&str> = value(READING, row, at + beside.first)?;
        if printed.is_none_or(|printed| column.kind.decode(printed) != text) {
            return Ok(None);
        }
    }
    value(READING, row, beside.run).map(Some)
}

/// The key in a row.
pub(crate) fn key_of<'a>(table: &Stored, row: &'a Row) -> Result<Cow<'a, str>> {
    let beside = Beside::of(table);
    let part = |at: &usize| -> Result<Cow<'a, str>> {
        let printed: &str = value(READING, row, at + beside.first)?;
        Ok(table.columns.get(*at).map_or(printed.into(), |column| column.kind.decode(printed)))
    };
    match &table.key {
        Key::Own => value(READING, row, 0).map(Cow::Borrowed),
        Key::Columns(places) if places.len() == 1 => places.first().map_or(Ok("".into()), part),
        Key::Columns(places) => {
            let parts: Vec<Cow<'_, str>> = places.iter().map(part).collect::<Result<_>>()?;
            Ok(join_key(parts.iter().map(AsRef::as_ref)).into())
        }
    }
}

/// The record in a row, with its key. The runs that it names are known.
pub(crate) fn record_of(table: &Stored, runs: &Runs, row: &Row) -> Result<(String, Record)> {
    let beside = Beside::of(table);
    let changed = runs.source((value(READING, row, beside.run)?, value(READING, row, beside.line)?))?;
    let text = |at: usize| -> Result<Option<Cow<'_, str>>> {
        let printed: Option<&str> = value(READING, row, at + beside.first)?;
        let Some(column) = table.columns.get(at) else { return Ok(None) };
        Ok(printed.map(|printed| column.kind.decode(printed)))
    };
    let mut values = BTreeMap::new();
    for (at, column) in table.columns.iter().enumerate() {
        if let Some(text) = text(at)? {
            values.insert(column.field.clone(), Value { text: text.into_owned(), source: changed });
        }
    }
    let key = key_of(table, row)?.into_owned();
    let exact: Option<&str> = value(READING, row, beside.exact)?;
    for (field, text) in exact.map_or(Ok(Exact::new()), from_json)? {
        match text {
            Some(text) => {
                let value = Value { text: text.into_owned(), source: changed };
                values.insert(field.into_owned(), value);
            }
            None => {
                values.remove(field.as_ref());
            }
        }
    }
    for (field, source) in earlier(row, beside.earlier)? {
        if let Some(value) = values.get_mut(field.as_ref()) {
            value.source = runs.source(source)?;
        }
    }
    Ok((key, Record { values, changed }))
}

/// A record as it is written: the columns in the order of [`Stored::all_columns`], without the last four.
pub(crate) struct Cells<'a> {
    pub(crate) key: Vec<Cow<'a, str>>,
    pub(crate) values: Vec<Option<Cow<'a, str>>>,
    pub(crate) run: i32,
    pub(crate) line: i64,
    pub(crate) earlier: Option<String>,
    pub(crate) exact: Option<String>,
}

/// What a row holds for a record.
pub(crate) fn cells<'a>(table: &Stored, key: &'a str, record: &'a Record, runs: &Runs) -> Result<Cells<'a>> {
    let mut older = Earlier::new();
    for (field, value) in record.values.iter().filter(|(_, value)| value.source != record.changed) {
        let source = (runs.number(value.source.import)?, line_of(value.source));
        older.insert(field.as_str().into(), source);
    }
    let texts =
        record.values.iter().map(|(field, value)| (table.place(field), field.as_str(), value.text.as_str()));
    let mut row = placed(table, key, texts)?;
    row.run = runs.number(record.changed.import)?;
    row.line = line_of(record.changed);
    row.earlier = if older.is_empty() { None } else { Some(to_json(&older)?) };
    Ok(row)
}

/// What a row holds for texts: the place of each field, its name, and the text. A text that its column does not hold as it
/// is, or that has no column, is kept beside them.
pub(crate) fn placed<'a>(
    table: &Stored,
    key: &'a str,
    texts: impl Iterator<Item = (Option<usize>, &'a str, &'a str)>,
) -> Result<Cells<'a>> {
    let parts = table.parts(key).ok_or_else(|| Error::Refused {
        what: format!("a record of {}", table.scope),
        reason: "its key cannot be kept in the columns that the key of its table is made of".to_owned(),
    })?;
    let mut exact = Exact::new();
    let own = usize::from(table.key == Key::Own);
    let mut values: Vec<Option<Cow<'a, str>>> = vec![None; table.columns.len() + own];
    let mut wide = WideRow::of(table);
    let mut key_texts: Vec<Option<&str>> = vec![None; parts.len()];
    for (place, field, text) in texts {
        let Some((at, column)) = place.and_then(|at| Some((at, table.columns.get(at)?))) else {
            exact.insert(field.into(), Some(text.into()));
            continue;
        };
        let printed = column.kind.encode(text);
        if printed.as_ref().is_none_or(|printed| column.kind.decode(printed) != text) {
            exact.insert(field.into(), Some(text.into()));
        }
        if let Some(cell) = values.get_mut(at + own) {
            *cell = printed;
        }
        if let Some(wide) = &mut wide {
            wide.texts.push((at, text));
        }
        if let Key::Columns(places) = &table.key
            && let Some(n) = places.iter().position(|place| *place == at)
            && let Some(known) = key_texts.get_mut(n)
        {
            *known = Some(text);
        }
    }
    match &table.key {
        Key::Own => {
            if let Some(cell) = values.first_mut() {
                *cell = Some(key.into());
            }
        }
        // These columns hold the key. A record may hold another value in such a field, or none.
        Key::Columns(places) => {
            for ((at, part), text) in places.iter().zip(&parts).zip(key_texts) {
                if text == Some(part.as_ref()) {
                    continue;
                }
                let (Some(column), Some(cell)) = (table.columns.get(*at), values.get_mut(*at)) else {
                    continue;
                };
                exact.insert(column.field.clone().into(), text.map(Cow::from));
                *cell = Some(part.clone());
            }
        }
    }
    if let Some(wide) = wide {
        wide.spill(table, &mut values, &mut exact);
    }
    let exact = if exact.is_empty() { None } else { Some(to_json(&exact)?) };
    Ok(Cells { key: parts, values, run: 0, line: 0, earlier: None, exact })
}

pub(crate) fn line_of(source: Source) -> i64 {
    i64::try_from(source.line).unwrap_or(i64::MAX)
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| broken(WRITING, error.to_string()))
}

pub(crate) fn from_json<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| broken(READING, error.to_string()))
}
