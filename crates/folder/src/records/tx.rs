//! The records of a universe as a line sees them, inside one transaction.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Landed, Layout, Plan, Record, RecordTx, Source, hand_over, land};

use super::feed::Feed;
use super::known_keys::KnownKeys;
use super::statements::Handle;
use super::stored::{StoredTable, quoted};
use crate::sqlite::to_json;

/// The records of one universe.
pub(super) struct TablesTx<'a> {
    sql: &'a Connection,
    /// The tables that were asked for, by scope: few. None if a scope has no table.
    tables: Vec<(String, Option<Handle<'a>>)>,
    known: &'a mut KnownKeys,
    runs: Runs<'a>,
    feed: &'a mut Feed,
    import: ImportId,
    /// The line that is landed.
    line: u64,
}

/// The numbers of imports.
struct Runs<'a> {
    sql: &'a Connection,
    file: &'a str,
    numbers: HashMap<ImportId, i64>,
    ids: HashMap<i64, ImportId>,
}

impl Runs<'_> {
    /// The number of an import; it gets one if it has none.
    fn number(&mut self, import: ImportId) -> rusqlite::Result<i64> {
        if let Some(number) = self.numbers.get(&import) {
            return Ok(*number);
        }
        let text = import.to_string();
        self.sql
            .prepare_cached("INSERT INTO _runs (import, file) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![text, self.file])?;
        let number: i64 = self
            .sql
            .prepare_cached("SELECT id FROM _runs WHERE import = ?1")?
            .query_row([text], |row| row.get(0))?;
        self.numbers.insert(import, number);
        Ok(number)
    }

    /// The import with a number.
    fn id(&mut self, number: i64) -> rusqlite::Result<ImportId> {
        if let Some(id) = self.ids.get(&number) {
            return Ok(*id);
        }
        let id = import_of(self.sql, number)?;
        self.ids.insert(number, id);
        Ok(id)
    }
}

/// The import with a number, and the name of its file.
pub(super) fn run_of(sql: &Connection, number: i64) -> rusqlite::Result<(ImportId, String)> {
    let file = "SELECT file FROM _runs WHERE id = ?1";
    let file = sql.prepare_cached(file)?.query_row([number], |row| row.get(0))?;
    Ok((import_of(sql, number)?, file))
}

/// The import with a number.
pub(super) fn import_of(sql: &Connection, number: i64) -> rusqlite::Result<ImportId> {
    let id: String = sql
        .prepare_cached("SELECT import FROM _runs WHERE id = ?1")?
        .query_row([number], |row| row.get(0))?;
    id.parse().map_err(|e: String| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into())
    })
}

impl<'a> TablesTx<'a> {
    /// The records as an import changes them.
    pub(super) fn new(
        sql: &'a Connection,
        (known, feed): (&'a mut KnownKeys, &'a mut Feed),
        (import, file): (ImportId, &'a str),
    ) -> Self {
        let runs = Runs { sql, file, numbers: HashMap::new(), ids: HashMap::new() };
        Self { sql, tables: Vec::new(), known, runs, feed, import, line: 0 }
    }

    /// Lands a line.
    pub(super) fn land(&mut self, plan: &Plan, layout: &Layout, change: &Change) -> rusqlite::Result<Landed> {
        self.line = change.line;
        let import = self.import;
        land(self, plan, layout, change, import)
    }

    /// The table of a scope, if there is one.
    fn table(&mut self, scope: &str) -> rusqlite::Result<Option<&mut Handle<'a>>> {
        let known = self.tables.iter().position(|(known, _)| known == scope);
        let at = if let Some(at) = known {
            at
        } else {
            let table = StoredTable::find(self.sql, scope)?;
            let handle = table.map(|table| Handle::new(self.sql, table)).transpose()?;
            self.tables.push((scope.to_owned(), handle));
            self.tables.len() - 1
        };
        Ok(self.tables.get_mut(at).and_then(|(_, handle)| handle.as_mut()))
    }

    /// The table of a scope that lines write.
    fn written(&mut self, scope: &str) -> rusqlite::Result<&mut Handle<'a>> {
        self.table(scope)?
            .ok_or_else(|| rusqlite::Error::InvalidParameterName(format!("no table of {scope}")))
    }

    /// What becomes of a record that a file which replaces all does not name; answers how many others
    /// went with it.
    pub(super) fn leave_out(&mut self, plan: &Plan, key: &str, record: &Record) -> rusqlite::Result<u64> {
        self.line = 0;
        if let Some(record) = plan.left_out(record, self.import) {
            self.put(&plan.records, key, &record)?;
            return Ok(0);
        }
        self.remove(&plan.records, key)?;
        if plan.has_contacts() {
            hand_over(self, key, None, Source { import: self.import, line: 0 })?;
        }
        plan.dependents.iter().try_fold(0, |sum, scope| Ok(sum + self.remove_owned(scope, key)?))
    }
}

impl RecordTx for TablesTx<'_> {
    type Error = rusqlite::Error;

    fn get(&mut self, scope: &str, key: &str) -> rusqlite::Result<Option<Record>> {
        let Some(table) = self.table(scope)?.filter(|table| !table.is_empty) else { return Ok(None) };
        let Some(read) = table.read(key)? else { return Ok(None) };
        read.record(|number| self.runs.id(number)).map(Some)
    }

    fn exists(&mut self, scope: &str, key: &str) -> rusqlite::Result<bool> {
        let Some(table) = self.table(scope)?.filter(|table| !table.is_empty) else { return Ok(false) };
        let number = table.table.id;
        if self.known.has(number, key) {
            return Ok(true);
        }
        let exists = self.written(scope)?.exists(key)?;
        if exists {
            self.known.add(number, key);
        }
        Ok(exists)
    }

    fn matching(&mut self, scope: &str, column: &str, value: &str) -> rusqlite::Result<Vec<String>> {
        match self.table(scope)? {
            Some(table) => table.matching(column, value),
            None => Ok(Vec::new()),
        }
    }

    fn put_new<'v>(
        &mut self,
        scope: &str,
        key: &str,
        values: impl Iterator<Item = (&'v str, &'v str)>,
        source: Source,
    ) -> rusqlite::Result<bool> {
        let run = self.runs.number(source.import)?;
        let values: Vec<(&str, &str)> = values.collect();
        let is_new = self.written(scope)?.insert(key, values.iter().copied(), run, source.line)?;
        if is_new {
            self.feed.put(self.sql, (run, source.line), (scope, key), values.into_iter())?;
        }
        Ok(is_new)
    }

    fn put(&mut self, scope: &str, key: &str, record: &Record) -> rusqlite::Result<()> {
        let run = self.runs.number(record.changed.import)?;
        let mut earlier: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
        for (field, value) in &record.values {
            if value.source != record.changed {
                earlier.insert(field, (self.runs.number(value.source.import)?, value.source.line));
            }
        }
        let earlier = if earlier.is_empty() { None } else { Some(to_json(&earlier)?) };
        self.written(scope)?.replace(key, record, run, earlier.as_deref())?;
        let values = record.values.iter().map(|(field, value)| (field.as_str(), value.text.as_str()));
        self.feed.put(self.sql, (run, record.changed.line), (scope, key), values)
    }

    fn remove(&mut self, scope: &str, key: &str) -> rusqlite::Result<()> {
        let Some(table) = self.table(scope)? else { return Ok(()) };
        let number = table.table.id;
        let existed = table.remove(key)?;
        self.known.remove(number, key);
        if existed {
            let run = self.runs.number(self.import)?;
            self.feed.remove(self.sql, (run, self.line), (scope, key))?;
        }
        Ok(())
    }

    fn remove_owned(&mut self, scope: &str, owner: &str) -> rusqlite::Result<u64> {
        let Some(table) = self.table(scope)?.filter(|table| !table.is_empty) else { return Ok(0) };
        let number = table.table.id;
        let removed = table.remove_owned(owner)?;
        self.known.forget(number);
        let run = self.runs.number(self.import)?;
        for key in &removed {
            self.feed.remove(self.sql, (run, self.line), (scope, key))?;
        }
        Ok(removed.len() as u64)
    }
}

/// Makes the index that records are matched through, when the first import asks for it.
pub(super) fn index_by(sql: &Connection, scope: &str, field: &str) -> rusqlite::Result<()> {
    let Some(table) = StoredTable::find(sql, scope)? else { return Ok(()) };
    let Some(column) = table.columns.iter().find(|column| column.field == field) else { return Ok(()) };
    let index = quoted(&format!("_{}_by_{field}", table.scope));
    let (name, column) = (&table.name, &column.name);
    sql.execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS {index} ON {name} ({column}) WHERE {column} IS NOT NULL"
    ))
}
