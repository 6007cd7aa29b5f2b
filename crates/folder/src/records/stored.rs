//! A table as it is: its columns, its key, and how it is declared.

use rusqlite::{Connection, OptionalExtension};
use tidewaiter::record::{TableColumn, TableKey};
use tidewaiter::schema::FieldType;

use super::values;
use crate::sqlite::from_json;

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
pub(super) type Fitting<T> = rusqlite::Result<Result<T, Unfit>>;

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

    pub(super) fn key_fields(&self) -> TableKey {
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

/// The statement that makes a table of these columns.
pub(super) fn definition(name: &str, columns: &[(String, &TableColumn)], key: &TableKey) -> String {
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

/// The statement that notes that a record is in a list: the list, then the key.
pub(super) fn list_insert(name: &str, keys: &[&str]) -> String {
    let places: Vec<String> = (1..=keys.len() + 1).map(|n| format!("?{n}")).collect();
    format!("INSERT OR IGNORE INTO {name} (list, {}) VALUES ({})", keys.join(", "), places.join(", "))
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
