//! The tables of a universe: which there are, and how they are brought to what a configuration says.
//!
//! `_tables` and `_columns` say which scope is which table, and which field which column. So a name stays what it was, whatever
//! fields come later.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::record::{MOST_COLUMNS, Table, TableColumn, TableKey, free_name};
use tidewaiter::schema::FieldType;

use super::values::{self, Kept};
use crate::sqlite::{from_json, to_json};

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
"];

/// A table as it is.
#[derive(Debug, Clone)]
pub(super) struct StoredTable {
    /// Its number.
    pub(super) id: i64,
    pub(super) scope: String,
    /// Its name, quoted.
    pub(super) name: String,
    /// In the order of their fields.
    pub(super) columns: Vec<StoredColumn>,
    /// Which columns are its key, by their place among the columns; None if `_key` is.
    pub(super) key: Option<Vec<usize>>,
}

/// A column as it is.
#[derive(Debug, Clone)]
pub(super) struct StoredColumn {
    pub(super) field: String,
    /// Its name, quoted.
    pub(super) name: String,
    pub(super) kind: FieldType,
    /// The table with its lists, quoted.
    pub(super) lists: Option<String>,
}

/// Why a table cannot be what a configuration wants it to be.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) why: String,
    pub(super) hint: String,
}

/// What comes of bringing a table to what a configuration says.
type Fitting<T> = rusqlite::Result<Result<T, Unfit>>;

impl StoredTable {
    /// The table of a scope, if there is one.
    pub(super) fn find(sql: &Connection, scope: &str) -> rusqlite::Result<Option<Self>> {
        let found = sql
            .prepare_cached("SELECT id, name, key FROM _tables WHERE scope = ?1")?
            .query_row([scope], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
            })
            .optional()?;
        let Some((id, name, key)) = found else { return Ok(None) };
        let columns = sql
            .prepare_cached("SELECT field, name, type, lists FROM _columns WHERE scope = ?1 ORDER BY field")?
            .query_map([scope], |row| {
                let (name, lists): (String, Option<String>) = (row.get(1)?, row.get(3)?);
                Ok(StoredColumn {
                    field: row.get(0)?,
                    name: quoted(&name),
                    kind: from_json(&row.get::<_, String>(2)?)?,
                    lists: lists.as_deref().map(quoted),
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let place = |field: &String| columns.iter().position(|column| column.field == *field);
        let key: Option<Vec<String>> = key.map(|key| from_json(&key)).transpose()?;
        let key = key.map(|fields| fields.iter().filter_map(place).collect());
        Ok(Some(Self { id, scope: scope.to_owned(), name: quoted(&name), columns, key }))
    }

    /// All tables, in the order of their scopes.
    pub(super) fn all(sql: &Connection) -> rusqlite::Result<Vec<Self>> {
        let mut scopes = sql.prepare_cached("SELECT scope FROM _tables ORDER BY scope")?;
        let scopes: Vec<String> = scopes.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let tables = scopes.iter().map(|scope| Self::find(sql, scope));
        Ok(tables.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The names of the key's columns, quoted.
    pub(super) fn key_names(&self) -> Vec<&str> {
        match &self.key {
            None => vec!["_key"],
            Some(places) => {
                places.iter().filter_map(|at| Some(self.columns.get(*at)?.name.as_str())).collect()
            }
        }
    }

    /// The type of each column of the key.
    pub(super) fn key_kinds(&self) -> Vec<FieldType> {
        match &self.key {
            None => vec![FieldType::String],
            Some(places) => places.iter().filter_map(|at| Some(self.columns.get(*at)?.kind)).collect(),
        }
    }

    fn key_fields(&self) -> TableKey {
        match &self.key {
            None => TableKey::Own,
            Some(places) => TableKey::Fields(
                places.iter().filter_map(|at| Some(self.columns.get(*at)?.field.clone())).collect(),
            ),
        }
    }

    /// The parts of a record's key, one for each column of the table's key.
    pub(super) fn key_parts(&self, key: &str) -> Option<Vec<String>> {
        self.key_fields().parts(key)
    }

    /// `"a" = ?1 AND "b" = ?2`, for the columns of the key.
    pub(super) fn key_is(&self) -> String {
        let is = self.key_names().into_iter().zip(1..).map(|(name, n)| format!("{name} = ?{n}"));
        is.collect::<Vec<_>>().join(" AND ")
    }
}

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

/// The statement that makes a table of these columns.
fn definition(name: &str, columns: &[(String, &TableColumn)], key: &TableKey) -> String {
    let fields = match key {
        TableKey::Own => &[][..],
        TableKey::Fields(fields) => fields,
    };
    let own = fields.is_empty().then(|| "_key TEXT NOT NULL".to_owned());
    let columns: Vec<(String, &TableColumn)> =
        columns.iter().map(|(name, column)| (quoted(name), *column)).collect();
    let declared = columns.iter().map(|(name, column)| {
        if fields.contains(&column.field) {
            format!("{name} {} NOT NULL", values::declared_in_key(column.kind))
        } else {
            format!("{name} {}", values::declared(column.kind))
        }
    });
    let provenance = [
        "_run INTEGER NOT NULL REFERENCES _runs (id)",
        "_line INTEGER NOT NULL",
        "_earlier TEXT",
        "_exact TEXT",
    ];
    let all: Vec<String> = own.into_iter().chain(declared).chain(provenance.map(str::to_owned)).collect();
    let name_of = |field: &String| {
        columns.iter().find(|(_, column)| column.field == *field).map(|(name, _)| name.as_str())
    };
    let key: Vec<&str> =
        if fields.is_empty() { vec!["_key"] } else { fields.iter().filter_map(name_of).collect() };
    format!("CREATE TABLE {name} ({}, PRIMARY KEY ({})) WITHOUT ROWID", all.join(", "), key.join(", "))
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

/// The statement that notes that a record is in a list: the list, then the key.
pub(super) fn list_insert(name: &str, keys: &[&str]) -> String {
    let places: Vec<String> = (1..=keys.len() + 1).map(|n| format!("?{n}")).collect();
    format!("INSERT OR IGNORE INTO {name} (list, {}) VALUES ({})", keys.join(", "), places.join(", "))
}

/// Gives a column another type. Each of its values is read by that type; if one does not fit, nothing is changed.
fn convert(sql: &Connection, table: &StoredTable, column: &StoredColumn, kind: FieldType) -> Fitting<()> {
    let exact = format!("_exact ->> {}", json_path(&column.field));
    let select = format!(
        "SELECT {}, {exact} FROM {} WHERE {} IS NOT NULL OR {exact} IS NOT NULL",
        column.name, table.name, column.name
    );
    let mut select = sql.prepare(&select)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let kept: Option<String> = row.get(1)?;
        let text = kept.or(values::text(column.kind, row.get_ref(0)?)).unwrap_or_default();
        if !fits(kind, &text) {
            return Ok(Err(Unfit {
                why: format!(
                    "column {} of {} holds {text:?}, which is no {}",
                    column.field,
                    table.scope,
                    type_name(kind)
                ),
                hint: format!(
                    "configure {} as {} again, or correct the records first",
                    column.field,
                    type_name(column.kind)
                ),
            }));
        }
    }
    drop(rows);
    rebuild(sql, table, column, kind).map(Ok)
}

/// True if a text is a value of a type, so that it need not be kept beside its column. A number of more digits than a
/// column holds is one, too.
fn fits(kind: FieldType, text: &str) -> bool {
    match (kind, values::kept(kind, text)) {
        (_, Kept::Exactly(_)) => true,
        (FieldType::Integer, _) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.starts_with('0') && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        (FieldType::Number, _) => {
            let number = text.strip_prefix('-').unwrap_or(text);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
            [whole, fraction]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
                && !(whole.len() > 1 && whole.starts_with('0'))
        }
        _ => false,
    }
}

/// How a configuration calls a type.
fn type_name(kind: FieldType) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Makes the table anew, with another type for one column.
fn rebuild(
    sql: &Connection,
    table: &StoredTable,
    column: &StoredColumn,
    kind: FieldType,
) -> rusqlite::Result<()> {
    let mut positions = sql.prepare("SELECT field, name FROM _columns WHERE scope = ?1 ORDER BY position")?;
    let names: Vec<(String, String)> = positions
        .query_map([&table.scope], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let described: Vec<(String, TableColumn)> = names
        .into_iter()
        .filter_map(|(field, name)| {
            let known = table.columns.iter().find(|known| known.field == field)?;
            let kind = if field == column.field { kind } else { known.kind };
            Some((name, TableColumn { field, kind, holds_lists: known.lists.is_some() }))
        })
        .collect();
    let columns: Vec<(String, &TableColumn)> =
        described.iter().map(|(name, column)| (name.clone(), column)).collect();
    let key = table.key_fields();
    sql.execute_batch(&definition("_rebuilt", &columns, &key))?;
    let own = table.key.is_none().then_some("_key".to_owned());
    let all: Vec<String> = own
        .into_iter()
        .chain(columns.iter().map(|(name, _)| quoted(name)))
        .chain(["_run", "_line", "_earlier", "_exact"].map(str::to_owned))
        .collect();
    let place = all.iter().position(|name| *name == column.name).unwrap_or_default();
    let exact = all.len() - 1;
    let mut select = sql.prepare(&format!("SELECT {} FROM {}", all.join(", "), table.name))?;
    let places: Vec<String> = (1..=all.len()).map(|n| format!("?{n}")).collect();
    let mut insert = sql.prepare(&format!("INSERT INTO _rebuilt VALUES ({})", places.join(", ")))?;
    let is_key = matches!(&key, TableKey::Fields(fields) if fields.contains(&column.field));
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..all.len() {
            insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?))?;
        }
        let kept: Option<String> = row.get(exact)?;
        let mut beside: std::collections::BTreeMap<String, String> =
            kept.as_deref().map(from_json).transpose()?.unwrap_or_default();
        let text = beside.remove(&column.field).or(values::text(column.kind, row.get_ref(place)?));
        if let Some(text) = &text {
            if is_key {
                insert.raw_bind_parameter(place + 1, values::kept_in_key(kind, text))?;
            } else {
                match values::kept(kind, text) {
                    Kept::Exactly(value) => insert.raw_bind_parameter(place + 1, value)?,
                    Kept::Nearly(value) => {
                        insert.raw_bind_parameter(place + 1, value)?;
                        beside.insert(column.field.clone(), text.clone());
                    }
                }
            }
            let beside = if beside.is_empty() { None } else { Some(to_json(&beside)?) };
            insert.raw_bind_parameter(exact + 1, beside)?;
        }
        insert.raw_execute()?;
    }
    drop(rows);
    drop((select, insert));
    sql.execute_batch(&format!("DROP TABLE {0}; ALTER TABLE _rebuilt RENAME TO {0}", table.name))?;
    sql.execute(
        "UPDATE _columns SET type = ?3 WHERE scope = ?1 AND field = ?2",
        params![table.scope, column.field, to_json(&kind)?],
    )
    .map(|_| ())
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

/// A name as SQL takes it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The place of a field in a JSON object, as a text of SQL.
pub(super) fn json_path(field: &str) -> String {
    let inner = field.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "''");
    format!("'$.\"{inner}\"'")
}
