//! Streams the rows of a table to an export, value by value. No [`Record`](tidewaiter::record::Record) is built.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use tidewaiter::record::{MOST_COLUMNS, join_key};
use tidewaiter::schema::FieldType;
use tidewaiter_engine::ports::{Cell, ExportColumn, Exports, Origin, Rows, Selection, join_fields};
use tidewaiter_engine::{Error, Result};

use super::SqliteRecords;
use super::filter::Filter;
use super::stored::StoredTable;
use super::values;
use crate::sqlite::from_json;

impl Exports for SqliteRecords {
    async fn fields(&self, selection: &Selection) -> Result<Vec<(String, Option<FieldType>)>> {
        let mut fields = Vec::new();
        for universe in self.universes_of(selection)? {
            let scope = selection.scope.clone();
            let own = self.read(&universe, "reading columns", move |sql| own_fields(sql, &scope));
            join_fields(&mut fields, own?.unwrap_or_default());
        }
        Ok(fields)
    }

    async fn export<R: Rows>(
        &self,
        selection: &Selection,
        columns: &Arc<[ExportColumn]>,
        mut rows: R,
    ) -> Result<R> {
        let mut left = selection.limit.unwrap_or(u64::MAX);
        for universe in self.universes_of(selection)? {
            let (selection, columns, name) = (selection.clone(), Arc::clone(columns), universe.clone());
            // The rows go to the thread that reads, and come back.
            let mut handed = Some(rows);
            let stream = move |sql: &Connection| {
                let Some(mut rows) = handed.take() else { return Ok(None) };
                let streamed = stream(sql, &name, &selection, &columns, left, &mut rows)?;
                Ok(Some((rows, streamed)))
            };
            let streamed = self.read(&universe, "reading records", stream)?.flatten();
            let Some((back, streamed)) = streamed else { return Err(changed(&universe)) };
            rows = back;
            match streamed {
                Streamed::All { count } => left = left.saturating_sub(count),
                Streamed::Stopped => break,
                Streamed::HasNewField => return Err(changed(&universe)),
            }
        }
        Ok(rows)
    }
}

impl SqliteRecords {
    fn universes_of(&self, selection: &Selection) -> Result<Vec<String>> {
        let mut universes = self.place.registry.universes()?;
        universes.retain(|universe| selection.has_universe(universe));
        Ok(universes)
    }
}

fn changed(universe: &str) -> Error {
    Error::Changed { key: format!("universe {universe}") }
}

/// How reading the rows of a universe ended.
enum Streamed {
    All {
        count: u64,
    },
    /// No more rows are wanted.
    Stopped,
    /// A field came after the columns were read.
    HasNewField,
}

/// The fields of a table: those with columns in the order of the schema, then those that are kept beside them, whose
/// types the table does not know.
fn own_fields(sql: &Connection, scope: &str) -> rusqlite::Result<Vec<(String, Option<FieldType>)>> {
    let Some(table) = StoredTable::find(sql, scope)? else { return Ok(Vec::new()) };
    let mut ordered = sql.prepare("SELECT field FROM _columns WHERE scope = ?1 ORDER BY position")?;
    let ordered: Vec<String> =
        ordered.query_map([scope], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let kinds: HashMap<&str, FieldType> =
        table.columns.iter().map(|column| (column.field.as_str(), column.kind)).collect();
    let mut fields: Vec<(String, Option<FieldType>)> = ordered
        .into_iter()
        .map(|field| {
            let kind = kinds.get(field.as_str()).copied();
            (field, kind)
        })
        .collect();
    if table.columns.len() >= MOST_COLUMNS {
        let beside = format!(
            "SELECT DISTINCT beside.key FROM {}, json_each(_exact) AS beside WHERE _exact IS NOT NULL ORDER BY 1",
            table.name
        );
        let mut beside = sql.prepare(&beside)?;
        let beside: Vec<String> = beside.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let beside = beside.into_iter().filter(|field| !kinds.contains_key(field.as_str()));
        fields.extend(beside.map(|field| (field, None)));
    }
    Ok(fields)
}

/// Hands over the rows of one universe, as they were at one moment.
fn stream<R: Rows>(
    sql: &Connection,
    universe: &str,
    selection: &Selection,
    columns: &[ExportColumn],
    left: u64,
    rows: &mut R,
) -> rusqlite::Result<Streamed> {
    // All statements see the same moment, whatever is landed meanwhile.
    let sql = sql.unchecked_transaction()?;
    let Some(table) = StoredTable::find(&sql, &selection.scope)? else {
        return Ok(Streamed::All { count: 0 });
    };
    let is_column = |field: &str| columns.iter().any(|column| column.field == field);
    if table.columns.iter().any(|column| !is_column(&column.field)) {
        return Ok(Streamed::HasNewField);
    }
    let source = Source::new(&table, columns, selection.with_origin);
    let Filter { is, values } = Filter::new(&table, selection);
    let select = format!(
        "SELECT {} FROM {} WHERE {is} ORDER BY {} LIMIT {}",
        source.names,
        table.name,
        table.key_names().join(", "),
        i64::try_from(left).unwrap_or(i64::MAX)
    );
    let mut select = sql.prepare(&select)?;
    let mut found = select.query(params_from_iter(values))?;
    let (mut origins, mut count) = (Origins::new(&sql), 0);
    while let Some(row) = found.next()? {
        if selection.with_origin {
            let key = source.key(row)?;
            let (import, line) = origins.of(row, source.run)?;
            rows.begin(&Origin { universe, key: &key, import, line });
        } else {
            rows.begin(&Origin { universe, ..Origin::default() });
        }
        if !source.hand_over(row, rows)? {
            return Ok(Streamed::HasNewField);
        }
        if rows.end().is_break() {
            return Ok(Streamed::Stopped);
        }
        count += 1;
    }
    Ok(Streamed::All { count })
}

/// Where the values of a row lie among those that are selected.
struct Source<'a> {
    /// What is selected: `_exact`, a value for each column that the table has, and what tells where a row comes from.
    names: String,
    /// For each column of the export.
    columns: Vec<Place<'a>>,
    /// Where `_run` and `_line` lie.
    run: usize,
    /// Where the columns of the key lie, and their types.
    key: Vec<(usize, FieldType)>,
}

/// Where the values of one column lie.
struct Place<'a> {
    field: &'a str,
    /// The type of the column of the export.
    kind: FieldType,
    /// None if the table has no such column: then a value is only beside the columns.
    at: Option<(usize, FieldType)>,
}

impl<'a> Source<'a> {
    fn new(table: &StoredTable, columns: &'a [ExportColumn], with_origin: bool) -> Self {
        let mut names = vec!["_exact"];
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let stored = table.columns.iter().find(|stored| stored.field == column.field);
            let at = stored.map(|stored| {
                names.push(&stored.name);
                (names.len() - 1, stored.kind)
            });
            places.push(Place { field: &column.field, kind: column.kind, at });
        }
        let run = names.len();
        let mut key = Vec::new();
        if with_origin {
            names.extend(["_run", "_line"]);
            for (name, kind) in table.key_names().into_iter().zip(table.key_kinds()) {
                key.push((names.len(), kind));
                names.push(name);
            }
        }
        Self { names: names.join(", "), columns: places, run, key }
    }

    /// Hands over the values of a row. False if it has one of a field that is no column.
    fn hand_over<R: Rows>(&self, row: &Row<'_>, rows: &mut R) -> rusqlite::Result<bool> {
        let exact = match row.get_ref(0)? {
            ValueRef::Text(json) => from_json::<BTreeMap<String, String>>(&String::from_utf8_lossy(json))?,
            _ => BTreeMap::new(),
        };
        let mut beside = 0;
        for Place { field, kind, at } in &self.columns {
            // The text beside a column is the value, and the column holds the nearest one.
            if !exact.is_empty()
                && let Some(text) = exact.get(*field)
            {
                beside += 1;
                rows.cell(Cell::of(*kind, text));
                continue;
            }
            let Some((at, kind)) = *at else {
                rows.cell(Cell::Missing);
                continue;
            };
            match row.get_ref(at)? {
                ValueRef::Null | ValueRef::Blob(_) => rows.cell(Cell::Missing),
                ValueRef::Text(bytes) => rows.cell(Cell::Text(&String::from_utf8_lossy(bytes))),
                ValueRef::Real(number) => rows.cell(Cell::Number(number)),
                ValueRef::Integer(number) => rows.cell(match kind {
                    FieldType::Boolean => Cell::Boolean(number != 0),
                    FieldType::Year => Cell::Year(number),
                    _ => Cell::Integer(number),
                }),
            }
        }
        Ok(beside == exact.len())
    }

    fn key(&self, row: &Row<'_>) -> rusqlite::Result<String> {
        let mut parts = Vec::with_capacity(self.key.len());
        for (at, kind) in &self.key {
            parts.push(values::text(*kind, row.get_ref(*at)?).unwrap_or_default());
        }
        Ok(match <[String; 1]>::try_from(parts) {
            Ok([key]) => key,
            Err(parts) => join_key(parts.iter().map(String::as_str)),
        })
    }
}

/// The imports that changed rows, looked up once each.
struct Origins<'a> {
    sql: &'a Connection,
    imports: HashMap<i64, String>,
}

impl<'a> Origins<'a> {
    fn new(sql: &'a Connection) -> Self {
        Self { sql, imports: HashMap::new() }
    }

    /// The import and the line of a row, whose `_run` lies there.
    fn of(&mut self, row: &Row<'_>, at: usize) -> rusqlite::Result<(&str, u64)> {
        let (run, line): (i64, u64) = (row.get(at)?, row.get(at + 1)?);
        let import = match self.imports.entry(run) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let mut select = self.sql.prepare_cached("SELECT import FROM _runs WHERE id = ?1")?;
                free.insert(select.query_row([run], |row| row.get(0)).optional()?.unwrap_or_default())
            }
        };
        Ok((import, line))
    }
}
