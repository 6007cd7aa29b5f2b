//! Streams the rows of a table to an export. No [`Record`](tidewaiter::record::Record) is built, and a row is read when the
//! one before it is handed over: memory holds a few rows, however many there are.

use std::sync::Arc;

use futures_util::TryStreamExt;
use tidewaiter::record::{MOST_COLUMNS, join_key};
use tidewaiter::schema::FieldType;
use tidewaiter_engine::ports::{Cell, ExportColumn, Exports, Origin, Rows, Selection, join_fields};
use tidewaiter_engine::{Error, Result};
use tokio_postgres::Row;

use crate::PostgresRecords;
use crate::failure::failed;
use crate::filter::Filter;
use crate::kind::Kind;
use crate::names::{quoted, table};
use crate::read::table_in;
use crate::row::from_json;
use crate::session::{Session, value};
use crate::stored::{Exact, Stored};

const READING: &str = "reading records";

/// All statements see one moment. A table is read as a whole, so the planner chooses how.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = on;
    SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL plan_cache_mode = force_custom_plan";

impl Exports for PostgresRecords {
    async fn fields(&self, selection: &Selection) -> Result<Vec<(String, Option<FieldType>)>> {
        let mut fields = Vec::new();
        let (session, universes) = self.all().await?;
        for (_, schema) in universes.iter().filter(|(universe, _)| selection.has_universe(universe)) {
            let Some(stored) = table_in(&session, schema, &selection.scope).await? else { continue };
            join_fields(&mut fields, own_fields(&session, &stored).await?);
        }
        Ok(fields)
    }

    async fn export<R: Rows>(
        &self,
        selection: &Selection,
        columns: &Arc<[ExportColumn]>,
        mut rows: R,
    ) -> Result<R> {
        let session = self.connections.session().await?;
        session.run(READING, BEGIN).await?;
        let universes = self.connections.universes(&session).await?;
        let mut left = selection.limit.unwrap_or(u64::MAX);
        for (universe, schema) in universes.iter().filter(|(universe, _)| selection.has_universe(universe)) {
            let Some(stored) = table_in(&session, schema, &selection.scope).await? else { continue };
            let streamed = stream(&session, (universe, &stored), selection, columns, left, &mut rows).await;
            match streamed {
                Ok(Some(count)) => left = left.saturating_sub(count),
                stopped => {
                    // The server would send all that is left.
                    session.abandon();
                    return stopped.map(|_| rows);
                }
            }
        }
        session.run(READING, "COMMIT").await?;
        self.connections.give_back(session);
        Ok(rows)
    }
}

/// The fields of a table: those with columns in the order of the schema, then those that are kept beside them, whose
/// types the table does not know.
async fn own_fields(session: &Session, stored: &Stored) -> Result<Vec<(String, Option<FieldType>)>> {
    let columns = stored.columns.iter().map(|column| (column.field.clone(), Some(column.declared)));
    let mut fields: Vec<(String, Option<FieldType>)> = columns.collect();
    if stored.columns.len() >= MOST_COLUMNS {
        let sql = format!(
            "SELECT DISTINCT f FROM {} t, jsonb_object_keys(t.\"_exact\") f WHERE t.\"_exact\" IS NOT NULL ORDER BY f",
            stored.at()
        );
        for row in session.rows(READING, &sql, &[]).await? {
            let field: String = value(READING, &row, 0)?;
            if stored.place(&field).is_none() {
                fields.push((field, None));
            }
        }
    }
    Ok(fields)
}

/// Hands over the rows of one universe. How many there were; None if no more are wanted.
async fn stream<R: Rows>(
    session: &Session,
    (universe, stored): (&str, &Stored),
    selection: &Selection,
    columns: &[ExportColumn],
    left: u64,
    rows: &mut R,
) -> Result<Option<u64>> {
    let changed = || Error::Changed { key: format!("universe {universe}") };
    let is_column = |field: &str| columns.iter().any(|column| column.field == field);
    if stored.columns.iter().any(|column| !is_column(&column.field)) {
        return Err(changed());
    }
    let source = Source::new(stored, columns, selection.with_origin);
    let Filter { is, texts } = Filter::new(stored, selection);
    let sql = format!(
        "SELECT {} FROM {} t{} WHERE {is} ORDER BY {} LIMIT {}",
        source.selected,
        stored.at(),
        source.joined,
        stored.key_list("t."),
        i64::try_from(left).unwrap_or(i64::MAX)
    );
    let statement = session.prepared(READING, &sql).await?;
    let found = session.client.query_raw(&statement, texts.iter().map(String::as_str)).await;
    let found = found.map_err(|error| failed(READING, &error))?;
    let mut found = std::pin::pin!(found);
    let mut count = 0;
    while let Some(row) = found.try_next().await.map_err(|error| failed(READING, &error))? {
        if !source.hand_over(universe, &row, rows)? {
            return Err(changed());
        }
        if rows.end().is_break() {
            return Ok(None);
        }
        count += 1;
    }
    Ok(Some(count))
}

/// Where the values of a row lie among those that are selected.
struct Source<'a> {
    /// What is selected: `_exact`, a value for each column that the table has, and what tells where a row comes from.
    selected: String,
    /// The table that names imports, if they are told.
    joined: String,
    /// For each column of the export: the field, the type, and where its column lies, if the table has one.
    columns: Vec<(&'a ExportColumn, Option<(usize, Kind)>)>,
    /// Where the import, the line and the parts of the key lie, if they are told.
    origin: Option<(usize, usize)>,
}

impl<'a> Source<'a> {
    fn new(stored: &Stored, columns: &'a [ExportColumn], with_origin: bool) -> Self {
        let mut names = vec!["t.\"_exact\"::text".to_owned()];
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let own = stored.place(&column.field).and_then(|at| stored.columns.get(at));
            let at = own.map(|own| {
                let cast = if own.kind == Kind::Text { "" } else { "::text" };
                names.push(format!("t.{}{cast}", quoted(&own.name)));
                (names.len() - 1, own.kind)
            });
            places.push((column, at));
        }
        let (mut joined, mut origin) = (String::new(), None);
        if with_origin {
            let key = stored.key_columns().len();
            origin = Some((names.len(), key));
            names.extend(["r.import".to_owned(), "t.\"_line\"".to_owned(), stored.key_as_text("t")]);
            joined = format!(" LEFT JOIN {} r ON r.id = t.\"_run\"", table(&stored.schema, "_runs"));
        }
        Self { selected: names.join(", "), joined, columns: places, origin }
    }

    /// Hands over the values of a row. False if it has one of a field that is no column.
    fn hand_over<R: Rows>(&self, universe: &str, row: &Row, rows: &mut R) -> Result<bool> {
        match self.origin {
            None => rows.begin(&Origin { universe, ..Origin::default() }),
            Some((at, parts)) => {
                let import: Option<&str> = value(READING, row, at)?;
                let line: i64 = value(READING, row, at + 1)?;
                let parts = (at + 2..at + 2 + parts).map(|at| value::<&str>(READING, row, at));
                let key = join_key(parts.collect::<Result<Vec<_>>>()?.into_iter());
                let (import, line) = (import.unwrap_or_default(), line.unsigned_abs());
                rows.begin(&Origin { universe, key: &key, import, line });
            }
        }
        let exact: Option<&str> = value(READING, row, 0)?;
        let exact = exact.map_or(Ok(Exact::new()), from_json)?;
        let mut beside = 0;
        for (ExportColumn { field, kind }, at) in &self.columns {
            // The text beside a column is the value, whatever the column holds.
            if !exact.is_empty()
                && let Some(text) = exact.get(field.as_str())
            {
                beside += 1;
                rows.cell(text.as_ref().map_or(Cell::Missing, |text| Cell::of(*kind, text)));
                continue;
            }
            let printed = match at {
                Some((at, own)) => {
                    value::<Option<&str>>(READING, row, *at)?.map(|printed| own.decode(printed))
                }
                None => None,
            };
            rows.cell(printed.as_ref().map_or(Cell::Missing, |text| Cell::of(*kind, text)));
        }
        Ok(beside == exact.len())
    }
}
