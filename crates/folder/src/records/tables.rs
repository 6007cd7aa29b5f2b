//! The tables of a universe: which there are, and how they are brought to what a configuration says.
//!
//! `_tables` and `_columns` say which scope is which table, and which field which column. So a name stays what it was, whatever
//! fields come later.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params};
use tidewaiter::record::{MOST_COLUMNS, Table, TableColumn, TableKey, free_name};

use super::retype::convert;
use super::stored::{Fitting, StoredTable, Unfit, definition, list_insert, quoted};
use super::values;
use crate::sqlite::to_json;

pub(crate) const MIGRATIONS: &[&str] = &["
    -- The files whose lines changed records.
    CREATE TABLE _runs (
        id INTEGER PRIMARY KEY,
        import TEXT NOT NULL UNIQUE,
        file TEXT NOT NULL
    );
    CREATE TABLE _tables (
        id INTEGER PRIMARY KEY,
        scope TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        -- The fields of the key, as JSON; without them `_key` is the key.
        key TEXT
    );
    CREATE TABLE _columns (
        scope TEXT NOT NULL,
        field TEXT NOT NULL,
        name TEXT NOT NULL COLLATE NOCASE,
        type TEXT NOT NULL,
        -- The table with the lists of the field, one in a row.
        lists TEXT,
        position INTEGER NOT NULL,
        PRIMARY KEY (scope, field)
    ) WITHOUT ROWID;
    -- What was decided about records, in order: blocks of changes. `at` is in milliseconds since 1970.
    CREATE TABLE _changes (
        first INTEGER PRIMARY KEY,
        count INTEGER NOT NULL,
        run INTEGER NOT NULL REFERENCES _runs (id),
        at INTEGER NOT NULL,
        content BLOB NOT NULL
    );
    -- The answers to batches of files that are not done.
    CREATE TABLE _applied (
        import TEXT NOT NULL,
        share INTEGER NOT NULL,
        number INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (import, share, number)
    ) WITHOUT ROWID;
    -- What files work under that were landed together, before the state has it. As JSON.
    CREATE TABLE _pins (
        import TEXT PRIMARY KEY,
        pin TEXT NOT NULL
    ) WITHOUT ROWID;
"];

/// Brings the table of a scope to what a configuration says. It is made if there is none.
pub(super) fn prepare(sql: &Connection, table: &Table) -> Fitting<()> {
    let Some(stored) = StoredTable::find(sql, &table.scope)? else { return create(sql, table).map(Ok) };
    if stored.key_fields() != table.key {
        return Ok(Err(Unfit {
            why: format!(
                "the records of {} are kept by {}, and the configuration identifies them by {}",
                table.scope,
                named(&stored.key_fields()),
                named(&table.key)
            ),
            hint: "records that are kept cannot get another key; configure the old key again, or a scope of another name"
                .to_owned(),
        }));
    }
    for column in &table.columns {
        match stored.columns.iter().find(|known| known.field == column.field) {
            None if stored.columns.len() < MOST_COLUMNS => add_column(sql, &stored, column)?,
            // Its values are kept beside the columns.
            None => {}
            Some(known) => {
                if known.kind != column.kind
                    && let Err(unfit) = convert(sql, &stored, known, column.kind)?
                {
                    return Ok(Err(unfit));
                }
                if column.holds_lists && known.lists.is_none() {
                    add_lists(sql, &stored, &column.field)?;
                }
            }
        }
    }
    Ok(Ok(()))
}

fn named(key: &TableKey) -> String {
    match key {
        TableKey::Own => "a key that no column holds".to_owned(),
        TableKey::Fields(fields) => fields.join(", "),
    }
}

fn create(sql: &Connection, table: &Table) -> rusqlite::Result<()> {
    let name = free_table(sql, &table.scope)?;
    let key = match &table.key {
        TableKey::Own => None,
        TableKey::Fields(fields) => Some(to_json(fields)?),
    };
    sql.execute(
        "INSERT INTO _tables (scope, name, key) VALUES (?1, ?2, ?3)",
        params![table.scope, name, key],
    )?;
    let mut columns = Vec::new();
    for (column, position) in table.columns.iter().zip(1..) {
        let taken: Vec<&str> = columns.iter().map(|(name, _): &(String, _)| name.as_str()).collect();
        let name = free_name(&column.field, &taken);
        note_column(sql, &table.scope, column, &name, position)?;
        columns.push((name, column));
    }
    sql.execute_batch(&definition(&quoted(&name), &columns, &table.key))?;
    for column in table.columns.iter().filter(|column| column.holds_lists) {
        if let Some(stored) = StoredTable::find(sql, &table.scope)? {
            add_lists(sql, &stored, &column.field)?;
        }
    }
    Ok(())
}

fn note_column(
    sql: &Connection,
    scope: &str,
    column: &TableColumn,
    name: &str,
    position: usize,
) -> rusqlite::Result<()> {
    let insert = "INSERT INTO _columns (scope, field, name, type, position) VALUES (?1, ?2, ?3, ?4, ?5)";
    sql.execute(insert, params![scope, column.field, name, to_json(&column.kind)?, position]).map(|_| ())
}

fn add_column(sql: &Connection, table: &StoredTable, column: &TableColumn) -> rusqlite::Result<()> {
    let mut taken = sql.prepare("SELECT name FROM _columns WHERE scope = ?1")?;
    let taken: Vec<String> =
        taken.query_map([&table.scope], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let name = free_name(&column.field, &refs(&taken));
    note_column(sql, &table.scope, column, &name, taken.len() + 1)?;
    let (name, declared) = (quoted(&name), values::declared(column.kind));
    sql.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {name} {declared}", table.name))?;
    if column.holds_lists { add_lists(sql, table, &column.field) } else { Ok(()) }
}

/// Makes the table with the lists of a column, from the lists that its records are in.
fn add_lists(sql: &Connection, table: &StoredTable, field: &str) -> rusqlite::Result<()> {
    let name = free_table(sql, &format!("{}_{field}", table.scope))?;
    sql.execute(
        "UPDATE _columns SET lists = ?3 WHERE scope = ?1 AND field = ?2",
        params![table.scope, field, name],
    )?;
    let keys = table.key_names();
    let declared = keys
        .iter()
        .zip(table.key_kinds())
        .map(|(name, kind)| format!("{name} {} NOT NULL", values::declared_in_key(kind)));
    let declared: Vec<String> = declared.collect();
    let name = quoted(&name);
    sql.execute_batch(&format!(
        "CREATE TABLE {name} (list INTEGER NOT NULL, {}, PRIMARY KEY (list, {})) WITHOUT ROWID",
        declared.join(", "),
        keys.join(", ")
    ))?;
    let Some(table) = StoredTable::find(sql, &table.scope)? else { return Ok(()) };
    let Some(column) = table.columns.iter().find(|column| column.field == field) else { return Ok(()) };
    let select = format!(
        "SELECT {}, {} FROM {} WHERE {} IS NOT NULL",
        column.name,
        keys.join(", "),
        table.name,
        column.name
    );
    let insert = list_insert(&name, &keys);
    let mut select = sql.prepare(&select)?;
    let mut insert = sql.prepare(&insert)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let lists: String = row.get(0)?;
        for list in lists.split(' ').filter_map(|list| list.parse::<i64>().ok()) {
            insert.raw_bind_parameter(1, list)?;
            for at in 1..=keys.len() {
                insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?))?;
            }
            insert.raw_execute()?;
        }
    }
    Ok(())
}

/// A name for a table. SQLite keeps names that begin with its own for itself.
fn free_table(sql: &Connection, wanted: &str) -> rusqlite::Result<String> {
    let mut names =
        sql.prepare("SELECT name FROM _tables UNION SELECT lists FROM _columns WHERE lists IS NOT NULL")?;
    let taken: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let is_reserved = wanted.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case("sqlite_"));
    let wanted = if is_reserved { format!("x{wanted}") } else { wanted.to_owned() };
    Ok(free_name(&wanted, &refs(&taken)))
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
