//! Fetches what a batch needs, as sets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewaiter::record::{KEY_SEPARATOR, Plan, join_key, owned_prefix};
use tidewaiter_engine::{Error, Result};
use tokio::task::JoinHandle;
use tokio_postgres::Row;

use crate::kind::Kind;
use crate::names::quoted;
use crate::overlay::{Overlay, Was};
use crate::row::{Runs, key_of, records_of};
use crate::session::{Session, value};
use crate::stored::{Catalog, Key, Stored};
use crate::wanted::{Wanted, scopes};

const READING: &str = "reading records";

/// Says of the scopes of an import whether they have rows.
pub(crate) async fn open(
    session: &Session,
    catalog: &Catalog,
    plan: &Plan,
    overlay: &mut Overlay,
) -> Result<()> {
    for scope in scopes(plan) {
        let table = catalog.table(scope);
        let is_empty = match table {
            None => true,
            Some(table) => {
                let sql = format!("SELECT 1 FROM {} LIMIT 1", table.at());
                session.row(READING, &sql, &[]).await?.is_none()
            }
        };
        overlay.open(scope, table.cloned(), is_empty);
    }
    Ok(())
}

/// Records of a scope that were asked for, and those that there are.
pub(crate) struct Found {
    scope: String,
    table: Option<Arc<Stored>>,
    keys: Vec<String>,
    rows: Vec<Row>,
    existing: Vec<String>,
}

/// Asks for records.
async fn ask(
    session: &Session,
    tables: &BTreeMap<String, Arc<Stored>>,
    wanted: BTreeMap<String, Vec<(String, bool)>>,
) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for (scope, mut keys) in wanted {
        // In the order of the index. Of one that is read and looked for, the reading comes first, and is enough.
        keys.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
        keys.dedup_by(|one, other| one.0 == other.0);
        let (read, looked): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, read)| *read);
        for (keys, read) in [(read, true), (looked, false)] {
            let keys: Vec<String> = keys.into_iter().map(|(key, _)| key).collect();
            let table = tables.get(&scope).cloned();
            let (mut rows, mut there) = (Vec::new(), Vec::new());
            match &table {
                Some(table) if read && !keys.is_empty() => rows = rows_of(session, table, &keys).await?,
                Some(table) if !keys.is_empty() => there = existing(session, table, &keys).await?,
                _ => {}
            }
            all.push(Found { scope: scope.clone(), table, keys, rows, existing: there });
        }
    }
    Ok(all)
}

/// Takes what was found into the overlay.
pub(crate) fn take(overlay: &mut Overlay, found: Found) -> Result<()> {
    let Found { scope, table, keys, rows, existing } = found;
    let mut rows = rows.into_iter().peekable();
    let mut others = Vec::new();
    for key in keys {
        // Rows come in the order in which they were asked for.
        let row = match &table {
            Some(table) => rows.next_if(|row| key_of(table, row).is_ok_and(|found| found == key)),
            None => None,
        };
        match row {
            Some(row) => overlay.hold(&scope, key, Was::Row(Arc::new(row))),
            None => others.push(key),
        }
    }
    if let Some(table) = table {
        // If they did not, this finds them.
        for row in rows {
            overlay.hold(&scope, key_of(&table, &row)?.into_owned(), Was::Row(Arc::new(row)));
        }
    }
    for key in existing {
        overlay.hold(&scope, key, Was::Unread);
    }
    // What was not found is not there: it is held already otherwise.
    for key in others {
        overlay.hold_absent(&scope, key);
    }
    Ok(())
}

/// Records that are being asked for while others are landed.
pub(crate) struct Asked(JoinHandle<Result<Vec<Found>>>);

impl Asked {
    /// Asks for the records that are wanted, and leaves the rest.
    pub(crate) fn begin(session: &Arc<Session>, catalog: &Catalog, wanted: &mut Wanted) -> Self {
        let (session, tables) = (Arc::clone(session), catalog.tables.clone());
        let records = std::mem::take(&mut wanted.records);
        Self(tokio::spawn(async move { ask(&session, &tables, records).await }))
    }

    /// Waits for the answer.
    pub(crate) async fn found(&mut self) -> Result<Vec<Found>> {
        (&mut self.0).await.map_err(|error| Error::Task(error.to_string()))?
    }
}

impl Drop for Asked {
    /// The caller does not wait for the answer any more.
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Fetches all of it into the overlay.
pub(crate) async fn fetch(
    session: &Session,
    catalog: &Catalog,
    wanted: Wanted,
    overlay: &mut Overlay,
) -> Result<()> {
    overlay.runs.learn(session, &catalog.schema, wanted.runs).await?;
    for found in ask(session, &catalog.tables, wanted.records).await? {
        take(overlay, found)?;
    }
    for ((scope, field, limit), values) in wanted.matching {
        let mut found = match catalog.table(&scope).filter(|_| !overlay.is_empty(&scope)) {
            Some(table) => matching(session, table, &mut overlay.runs, &field, &values, limit).await?,
            None => BTreeMap::new(),
        };
        for value in values {
            let keys = found.remove(&value).unwrap_or_default();
            overlay.hold_matching(&scope, &field, &value, keys, limit);
        }
    }
    for (scope, owners) in wanted.owned {
        let mut found = match catalog.table(&scope) {
            Some(table) => owned(session, table, &owners).await?,
            None => BTreeMap::new(),
        };
        for owner in owners {
            let keys = found.remove(&owner).unwrap_or_default();
            overlay.hold_owned(&scope, owner, keys);
        }
    }
    Ok(())
}

/// The parameters of a statement.
fn parameters<'a>(columns: &'a [Vec<Cow<'_, str>>]) -> Vec<crate::session::Parameter<'a>> {
    columns.iter().map(|column| column as crate::session::Parameter<'_>).collect()
}

async fn rows_of(session: &Session, table: &Stored, keys: &[String]) -> Result<Vec<Row>> {
    let sql = format!(
        "SELECT {} FROM {} JOIN {} t ON {}",
        table.selected("t"),
        table.wanted(1),
        table.at(),
        table.has_key("t", "w")
    );
    let columns = table.by_column(keys.iter().map(String::as_str));
    session.rows(READING, &sql, &parameters(&columns)).await
}

/// Which of these keys there are.
pub(crate) async fn existing(session: &Session, table: &Stored, keys: &[String]) -> Result<Vec<String>> {
    let columns = table.by_column(keys.iter().map(String::as_str));
    let wanted = (0..columns.len()).map(|n| format!("w.k{n}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {wanted} FROM {} JOIN {} t ON {}",
        table.wanted(1),
        table.at(),
        table.has_key("t", "w")
    );
    let rows = session.rows(READING, &sql, &parameters(&columns)).await?;
    rows.iter().map(|row| key_at(table, row, 0)).collect()
}

/// The key in a row whose columns from one on are those of the key.
pub(crate) fn key_at(table: &Stored, row: &Row, first: usize) -> Result<String> {
    let parts = (0..table.key_columns().len()).map(|n| value::<&str>(READING, row, first + n));
    let parts: Vec<&str> = parts.collect::<Result<_>>()?;
    Ok(join_key(parts.into_iter()))
}

/// The keys of the records with these values in a field, by value.
async fn matching(
    session: &Session,
    table: &Stored,
    runs: &mut Runs,
    field: &str,
    values: &BTreeSet<String>,
    limit: usize,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let column = table.place(field).and_then(|at| table.columns.get(at));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if let Some(column) = column.filter(|column| column.kind == Kind::Text) {
        let name = quoted(&column.name);
        // A text without NUL is in its column as it is.
        let values: Vec<&str> =
            values.iter().map(String::as_str).filter(|value| !value.contains('\0')).collect();
        let sql = format!(
            "SELECT v.value, {} FROM unnest($1::text[]) AS v(value) CROSS JOIN LATERAL
             (SELECT * FROM {} t WHERE t.{name} = v.value LIMIT $2) t",
            table.key_as_text("t"),
            table.at()
        );
        for row in session.rows(READING, &sql, &[&values, &limit]).await? {
            let key = key_at(table, &row, 1)?;
            found.entry(value(READING, &row, 0)?).or_default().push(key);
        }
        return Ok(found);
    }
    // Texts that are one value of the type are told apart by reading the records.
    let printed = |value: &String| Some(column?.kind.encode(value)?.into_owned());
    let others: Vec<&String> = values.iter().filter(|value| printed(value).is_none()).collect();
    let printed: Vec<String> = values.iter().filter_map(printed).collect();
    let by_text = format!(
        "SELECT {} FROM {} t WHERE t.\"_exact\" ->> $1::text = ANY ($2::text[])",
        table.selected("t"),
        table.at()
    );
    let mut rows = Vec::new();
    if let Some(column) = column.filter(|_| !printed.is_empty()) {
        let by_value = format!(
            "SELECT {} FROM (SELECT DISTINCT v FROM unnest($1::text[]) AS v) v JOIN {} t ON t.{} = v.v::{}",
            table.selected("t"),
            table.at(),
            quoted(&column.name),
            column.kind.sql()
        );
        rows.extend(session.rows(READING, &by_value, &[&printed]).await?);
    }
    if !others.is_empty() {
        rows.extend(session.rows(READING, &by_text, &[&field, &others]).await?);
    }
    for (key, record) in records_of(session, table, runs, &rows).await? {
        if let Some(text) = record.text(field).filter(|text| values.contains(*text)) {
            found.entry(text.to_owned()).or_default().push(key);
        }
    }
    Ok(found)
}

/// The keys that belong to an owner: from the first one, to what comes behind them.
pub(crate) fn range_of(owner: &str) -> (String, String) {
    let from = owned_prefix(owner);
    let to = from.strip_suffix(KEY_SEPARATOR).unwrap_or(&from).to_owned() + " ";
    (from, to)
}

/// The keys of the records that belong to these owners, by owner.
async fn owned(
    session: &Session,
    table: &Stored,
    owners: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let key = table.key_as_text("t");
    let rows = match (&table.key, table.key_columns().as_slice()) {
        (Key::Own, _) => {
            let (from, to): (Vec<String>, Vec<String>) = owners.iter().map(|owner| range_of(owner)).unzip();
            let names: Vec<&str> = owners.iter().map(String::as_str).collect();
            let sql = format!(
                "SELECT o.owner, {key} FROM unnest($1::text[], $2::text[], $3::text[]) AS o(owner, a, b)
                 JOIN {} t ON t.\"_key\" >= o.a AND t.\"_key\" < o.b",
                table.at()
            );
            session.rows(READING, &sql, &[&names, &from, &to]).await?
        }
        (Key::Columns(_), [(first, kind), _, ..]) => {
            let names: Vec<&str> =
                owners.iter().map(String::as_str).filter(|owner| kind.is_exact(owner)).collect();
            let cast = if *kind == Kind::Text { String::new() } else { format!("::{}", kind.sql()) };
            let sql = format!(
                "SELECT o.owner, {key} FROM unnest($1::text[]) AS o(owner) JOIN {} t ON t.{} = o.owner{cast}",
                table.at(),
                quoted(first)
            );
            session.rows(READING, &sql, &[&names]).await?
        }
        // A key of one part belongs to nothing.
        _ => return Ok(found),
    };
    for row in &rows {
        found.entry(value(READING, row, 0)?).or_default().push(key_at(table, row, 1)?);
    }
    Ok(found)
}
