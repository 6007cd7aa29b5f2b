//! The statements on one table.

use std::collections::BTreeMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row};
use tidewaiter::id::ImportId;
use tidewaiter::record::{KEY_SEPARATOR, Record, Source, Value, join_key, owned_prefix};
use tidewaiter::schema::FieldType;

use super::stored::{StoredTable, json_path, list_insert};
use super::values::{self, Kept};
use crate::sqlite::{from_json, to_json};

/// A table with the statements that each line needs, prepared when the first one does.
pub(super) struct Handle<'a> {
    sql: &'a Connection,
    pub(super) table: StoredTable,
    /// True if it has no records: then none has to be looked for.
    pub(super) is_empty: bool,
    select: Option<CachedStatement<'a>>,
    exists: Option<CachedStatement<'a>>,
    insert: Option<CachedStatement<'a>>,
    replace: Option<CachedStatement<'a>>,
    delete: Option<CachedStatement<'a>>,
    /// What puts a record into lists, for each column that names lists.
    joins: Vec<(usize, CachedStatement<'a>)>,
}

impl<'a> Handle<'a> {
    pub(super) fn new(sql: &'a Connection, table: StoredTable) -> rusqlite::Result<Self> {
        let is_empty = !sql.prepare(&format!("SELECT 1 FROM {} LIMIT 1", table.name))?.exists([])?;
        let (select, exists, insert, replace, delete) = (None, None, None, None, None);
        let mut joins = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            if let Some(lists) = &column.lists {
                joins.push((at, sql.prepare_cached(&list_insert(lists, &table.key_names()))?));
            }
        }
        Ok(Self { sql, table, is_empty, select, exists, insert, replace, delete, joins })
    }

    /// The row of a record.
    pub(super) fn read(&mut self, key: &str) -> rusqlite::Result<Option<Read>> {
        let text = || {
            format!(
                "SELECT {} FROM {} WHERE {}",
                read_columns(&self.table),
                self.table.name,
                self.table.key_is()
            )
        };
        let select = prepared(&mut self.select, self.sql, text)?;
        if !bind_key(select, &self.table, key, 1)? {
            return Ok(None);
        }
        let mut rows = select.raw_query();
        rows.next()?.map(|row| Read::of(row, &self.table)).transpose()
    }

    /// Whether there is a record with a key.
    pub(super) fn exists(&mut self, key: &str) -> rusqlite::Result<bool> {
        let text = || format!("SELECT 1 FROM {} WHERE {}", self.table.name, self.table.key_is());
        let exists = prepared(&mut self.exists, self.sql, text)?;
        Ok(bind_key(exists, &self.table, key, 1)? && exists.raw_query().next()?.is_some())
    }

    /// The keys of records with a value in a column: at most two.
    pub(super) fn matching(&mut self, field: &str, value: &str) -> rusqlite::Result<Vec<String>> {
        let table = &self.table;
        let column = table.columns.iter().find(|column| column.field == field);
        // A field without a column is looked for beside the columns, row by row.
        let holds = match column {
            Some(column) => column.name.clone(),
            None => format!("_exact ->> {}", json_path(field)),
        };
        let select = format!("SELECT {} FROM {} WHERE {holds} = ?1", read_columns(table), table.name);
        let mut select = self.sql.prepare_cached(&select)?;
        let kind = column.map_or(FieldType::String, |column| column.kind);
        let (Kept::Exactly(kept) | Kept::Nearly(kept)) = values::kept(kind, value);
        let (mut rows, mut keys) = (select.query([kept])?, Vec::new());
        while keys.len() < 2
            && let Some(row) = rows.next()?
        {
            let read = Read::of(row, table)?;
            // Values that a column does not tell apart differ in their texts.
            if read.texts.get(field).is_some_and(|text| text == value) {
                keys.push(read.key);
            }
        }
        Ok(keys)
    }

    /// Adds a record of one line, unless there is one with its key.
    pub(super) fn insert<'v>(
        &mut self,
        key: &str,
        values: impl Iterator<Item = (&'v str, &'v str)>,
        run: i64,
        line: u64,
    ) -> rusqlite::Result<bool> {
        let Self { sql, table, insert, is_empty, joins, .. } = self;
        let text = || format!("{} ON CONFLICT DO NOTHING", insert_into("INSERT", table));
        let insert = prepared(insert, sql, text)?;
        let lists = bind_row(insert, table, key, values, run, line, None)?;
        *is_empty = false;
        let is_new = insert.raw_execute()? == 1;
        if is_new {
            join(joins, table, key, &lists)?;
        }
        Ok(is_new)
    }

    /// Writes a record, whether it exists or not.
    pub(super) fn replace(
        &mut self,
        key: &str,
        record: &Record,
        run: i64,
        earlier: Option<&str>,
    ) -> rusqlite::Result<()> {
        self.leave_lists(key)?;
        let Self { sql, table, replace, is_empty, joins, .. } = self;
        let replace = prepared(replace, sql, || insert_into("INSERT OR REPLACE", table))?;
        let values = record.values.iter().map(|(field, value)| (field.as_str(), value.text.as_str()));
        let lists = bind_row(replace, table, key, values, run, record.changed.line, earlier)?;
        *is_empty = false;
        replace.raw_execute()?;
        join(joins, table, key, &lists)
    }

    /// Removes a record; false if there is none.
    pub(super) fn remove(&mut self, key: &str) -> rusqlite::Result<bool> {
        self.leave_lists(key)?;
        let text = || format!("DELETE FROM {} WHERE {}", self.table.name, self.table.key_is());
        let delete = prepared(&mut self.delete, self.sql, text)?;
        Ok(bind_key(delete, &self.table, key, 1)? && delete.raw_execute()? > 0)
    }

    /// Removes the records that belong to an owner; answers their keys.
    pub(super) fn remove_owned(&mut self, owner: &str) -> rusqlite::Result<Vec<String>> {
        let Owned { is, values } = owned(&self.table, owner);
        let keys = {
            let select = format!("SELECT {} FROM {} WHERE {is}", read_columns(&self.table), self.table.name);
            let mut select = self.sql.prepare_cached(&select)?;
            let mut rows = select.query(rusqlite::params_from_iter(&values))?;
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                keys.push(Read::of(row, &self.table)?.key);
            }
            keys
        };
        if !keys.is_empty() {
            keys.iter().try_for_each(|key| self.leave_lists(key))?;
            let delete = format!("DELETE FROM {} WHERE {is}", self.table.name);
            self.sql.prepare_cached(&delete)?.execute(rusqlite::params_from_iter(&values))?;
        }
        Ok(keys)
    }

    /// Takes a record out of the tables of lists. Where it is kept otherwise, its lists are joined again.
    fn leave_lists(&mut self, key: &str) -> rusqlite::Result<()> {
        if self.is_empty || self.table.columns.iter().all(|column| column.lists.is_none()) {
            return Ok(());
        }
        let Some(before) = self.read(key)? else { return Ok(()) };
        for column in &self.table.columns {
            let (Some(lists), Some(text)) = (&column.lists, before.texts.get(&column.field)) else {
                continue;
            };
            let is: Vec<String> = self
                .table
                .key_names()
                .into_iter()
                .zip(2..)
                .map(|(name, n)| format!("{name} = ?{n}"))
                .collect();
            let delete = format!("DELETE FROM {lists} WHERE list = ?1 AND {}", is.join(" AND "));
            let mut delete = self.sql.prepare_cached(&delete)?;
            for list in numbers(text) {
                delete.raw_bind_parameter(1, list)?;
                bind_key(&mut delete, &self.table, key, 2)?;
                delete.raw_execute()?;
            }
        }
        Ok(())
    }
}

/// Notes that a record is in lists: the columns that name some, and their texts.
fn join(
    joins: &mut [(usize, CachedStatement<'_>)],
    table: &StoredTable,
    key: &str,
    lists: &[(usize, &str)],
) -> rusqlite::Result<()> {
    for (at, text) in lists {
        let Some((_, insert)) = joins.iter_mut().find(|(column, _)| column == at) else { continue };
        for list in numbers(text) {
            insert.raw_bind_parameter(1, list)?;
            bind_key(insert, table, key, 2)?;
            insert.raw_execute()?;
        }
    }
    Ok(())
}

/// The lists that a text names.
fn numbers(text: &str) -> impl Iterator<Item = i64> {
    text.split(' ').filter_map(|list| list.parse().ok())
}

fn insert_into(verb: &str, table: &StoredTable) -> String {
    let own = table.key.is_none().then_some("_key");
    let names: Vec<&str> = ["_run", "_line", "_earlier", "_exact"]
        .into_iter()
        .chain(own)
        .chain(table.columns.iter().map(|column| column.name.as_str()))
        .collect();
    let places: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
    format!("{verb} INTO {} ({}) VALUES ({})", table.name, names.join(", "), places.join(", "))
}

/// Binds a row to a statement of [`insert_into`]. Answers the columns that name lists, and their texts.
fn bind_row<'v>(
    statement: &mut CachedStatement<'_>,
    table: &StoredTable,
    key: &str,
    values: impl Iterator<Item = (&'v str, &'v str)>,
    run: i64,
    line: u64,
    earlier: Option<&str>,
) -> rusqlite::Result<Vec<(usize, &'v str)>> {
    statement.raw_bind_parameter(1, run)?;
    statement.raw_bind_parameter(2, line)?;
    statement.raw_bind_parameter(3, earlier)?;
    let first = if table.key.is_none() { 6 } else { 5 };
    bind_key_columns(statement, table, key, first)?;
    let (mut lists, mut exact): (_, BTreeMap<&str, &str>) = (Vec::new(), BTreeMap::new());
    // Both are in the order of the fields. A field without a column is kept beside them.
    let mut values = values.peekable();
    for (at, column) in table.columns.iter().enumerate() {
        while let Some((field, text)) = values.next_if(|(field, _)| *field < column.field.as_str()) {
            exact.insert(field, text);
        }
        let text = values.next_if(|(field, _)| *field == column.field).map(|(_, text)| text);
        let place = first + at;
        if table.key.as_ref().is_some_and(|key| key.contains(&at)) {
            continue;
        }
        let Some(text) = text else {
            statement.raw_bind_parameter(place, rusqlite::types::Null)?;
            continue;
        };
        if column.lists.is_some() {
            lists.push((at, text));
        }
        match values::kept(column.kind, text) {
            Kept::Exactly(value) => statement.raw_bind_parameter(place, value)?,
            Kept::Nearly(value) => {
                statement.raw_bind_parameter(place, value)?;
                exact.insert(&column.field, text);
            }
        }
    }
    for (field, text) in values {
        exact.insert(field, text);
    }
    let exact = if exact.is_empty() { None } else { Some(to_json(&exact)?) };
    statement.raw_bind_parameter(4, exact)?;
    Ok(lists)
}

/// Binds the key of a record where a row has it: its columns begin at the place `first`.
fn bind_key_columns(
    statement: &mut CachedStatement<'_>,
    table: &StoredTable,
    key: &str,
    first: usize,
) -> rusqlite::Result<()> {
    let mut bind = |at: usize, part: &str| {
        let kind = table.columns.get(at).map(|column| column.kind).unwrap_or_default();
        statement.raw_bind_parameter(first + at, values::kept_in_key(kind, part))
    };
    match table.key.as_deref() {
        None => statement.raw_bind_parameter(first - 1, key),
        Some([at]) => bind(*at, key),
        Some(places) => {
            let parts = table.key_parts(key).ok_or_else(|| {
                rusqlite::Error::InvalidParameterName(format!("{} has another key", table.scope))
            })?;
            places.iter().zip(&parts).try_for_each(|(at, part)| bind(*at, part))
        }
    }
}

/// Binds the key of a record, from a place on. False if no record of the table has such a key.
fn bind_key(
    statement: &mut CachedStatement<'_>,
    table: &StoredTable,
    key: &str,
    place: usize,
) -> rusqlite::Result<bool> {
    match table.key.as_deref() {
        None => statement.raw_bind_parameter(place, key)?,
        Some([at]) => {
            let kind = table.columns.get(*at).map(|column| column.kind).unwrap_or_default();
            statement.raw_bind_parameter(place, values::kept_in_key(kind, key))?;
        }
        Some(_) => {
            let Some(parts) = table.key_parts(key) else { return Ok(false) };
            for ((part, kind), n) in parts.iter().zip(table.key_kinds()).zip(place..) {
                statement.raw_bind_parameter(n, values::kept_in_key(kind, part))?;
            }
        }
    }
    Ok(true)
}

/// The rows of an owner: a condition, and its values.
pub(super) struct Owned {
    pub(super) is: String,
    pub(super) values: Vec<rusqlite::types::Value>,
}

/// The rows that belong to an owner: the first column of their key holds its key, or their key begins with it.
pub(super) fn owned(table: &StoredTable, owner: &str) -> Owned {
    let names = table.key_names();
    let first = names.first().copied().unwrap_or("_key");
    if names.len() > 1 {
        let kind = table.key_kinds().first().copied().unwrap_or_default();
        return Owned { is: format!("{first} = ?1"), values: vec![key_value(kind, owner)] };
    }
    let from = owned_prefix(owner);
    let to = from.strip_suffix(KEY_SEPARATOR).unwrap_or(&from).to_owned() + " ";
    Owned { is: format!("{first} >= ?1 AND {first} < ?2"), values: vec![from.into(), to.into()] }
}

/// What a column of a key holds for a text.
pub(super) fn key_value(kind: FieldType, text: &str) -> rusqlite::types::Value {
    match values::kept_in_key(kind, text) {
        ToSqlOutput::Borrowed(ValueRef::Integer(number)) => number.into(),
        _ => text.to_owned().into(),
    }
}

/// The columns that [`Read::of`] reads.
pub(super) fn read_columns(table: &StoredTable) -> String {
    let own = table.key.is_none().then_some("_key");
    let names = ["_run", "_line", "_earlier", "_exact"]
        .into_iter()
        .chain(own)
        .chain(table.columns.iter().map(|column| column.name.as_str()));
    names.collect::<Vec<_>>().join(", ")
}

/// A row as it was read.
pub(super) struct Read {
    pub(super) key: String,
    pub(super) texts: BTreeMap<String, String>,
    run: i64,
    line: u64,
    earlier: Option<String>,
}

impl Read {
    /// A row of [`read_columns`].
    pub(super) fn of(row: &Row<'_>, table: &StoredTable) -> rusqlite::Result<Self> {
        let (run, line, earlier) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let exact: Option<String> = row.get(3)?;
        let first = if table.key.is_none() { 5 } else { 4 };
        let mut texts = BTreeMap::new();
        for (column, at) in table.columns.iter().zip(first..) {
            if let Some(text) = values::text(column.kind, row.get_ref(at)?) {
                texts.insert(column.field.clone(), text);
            }
        }
        let key = match &table.key {
            None => row.get(4)?,
            Some(places) => {
                let part = |at: &usize| {
                    let column = table.columns.get(*at)?;
                    texts.get(&column.field).map(String::as_str)
                };
                let parts: Vec<&str> = places.iter().filter_map(part).collect();
                join_key(parts.into_iter())
            }
        };
        if let Some(exact) = exact {
            texts.extend(from_json::<BTreeMap<String, String>>(&exact)?);
        }
        Ok(Self { key, texts, run, line, earlier })
    }

    /// The record. The sources of values that are older than its last change are looked up by `import`.
    pub(super) fn record(
        self,
        mut import: impl FnMut(i64) -> rusqlite::Result<ImportId>,
    ) -> rusqlite::Result<Record> {
        let changed = Source { import: import(self.run)?, line: self.line };
        let earlier: BTreeMap<String, (i64, u64)> =
            self.earlier.as_deref().map(from_json).transpose()?.unwrap_or_default();
        let mut values = BTreeMap::new();
        for (field, text) in self.texts {
            let source = match earlier.get(&field) {
                Some((number, line)) => Source { import: import(*number)?, line: *line },
                None => changed,
            };
            values.insert(field, Value { text, source });
        }
        Ok(Record { values, changed })
    }

    /// About how many bytes it has.
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.texts.iter().map(|(field, text)| field.len() + text.len()).sum::<usize>()
    }
}

/// A statement that is prepared when it is needed first, and kept at hand.
fn prepared<'s, 'a>(
    kept: &'s mut Option<CachedStatement<'a>>,
    sql: &'a Connection,
    text: impl FnOnce() -> String,
) -> rusqlite::Result<&'s mut CachedStatement<'a>> {
    match kept {
        Some(statement) => Ok(statement),
        none => Ok(none.insert(sql.prepare_cached(&text())?)),
    }
}
