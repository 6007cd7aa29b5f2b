//! A table as the database has it, and the SQL that names its columns.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tidewaiter::record::split_key;
use tidewaiter::schema::FieldType;
use tidewaiter_engine::{Error, Result};

use crate::kind::Kind;
use crate::names::{quoted, table};

/// The column that holds the key where it is not made of fields.
pub(crate) const KEY: &str = "_key";
/// The columns that say where a row comes from, and what its columns cannot hold.
pub(crate) const BESIDE: [&str; 4] = ["_run", "_line", "_earlier", "_exact"];

/// The texts that the columns of a record do not hold as they are, by field; None where there is no value. It is what the last
/// of those columns holds.
pub(crate) type Exact<'a> = BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>>;

/// The tables of a universe.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    pub(crate) schema: String,
    pub(crate) tables: BTreeMap<String, Arc<Stored>>,
}

/// The table of a scope.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) scope: String,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// The places of the columns by their fields.
    pub(crate) places: HashMap<String, usize>,
    pub(crate) key: Key,
}

/// A column that holds the values of a field.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) field: String,
    pub(crate) name: String,
    /// The type of the field, as the configuration has it.
    pub(crate) declared: FieldType,
    pub(crate) kind: Kind,
    /// The table with one row for each list that a record is in.
    pub(crate) lists: Option<String>,
    /// True if records are matched by it: then there is an index.
    pub(crate) is_matched: bool,
}

/// What identifies a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// The column [`KEY`].
    Own,
    /// These columns, by their places.
    Columns(Vec<usize>),
}

impl Stored {
    /// The table, in SQL.
    pub(crate) fn at(&self) -> String {
        table(&self.schema, &self.name)
    }

    /// A table that belongs to this one, in SQL.
    pub(crate) fn beside(&self, name: &str) -> String {
        table(&self.schema, name)
    }

    /// The place of a field.
    pub(crate) fn place(&self, field: &str) -> Option<usize> {
        self.places.get(field).copied()
    }

    /// Adds a column.
    pub(crate) fn push(&mut self, column: Column) {
        self.places.insert(column.field.clone(), self.columns.len());
        self.columns.push(column);
    }

    /// The columns of the key, by name and type.
    pub(crate) fn key_columns(&self) -> Vec<(&str, Kind)> {
        match &self.key {
            Key::Own => vec![(KEY, Kind::Text)],
            Key::Columns(places) => {
                let column =
                    |at: &usize| self.columns.get(*at).map(|column| (column.name.as_str(), column.kind));
                places.iter().filter_map(column).collect()
            }
        }
    }

    /// The names of all columns in the order in which rows are written and read, in SQL.
    pub(crate) fn all_columns(&self) -> Vec<String> {
        let key = (self.key == Key::Own).then_some(KEY).into_iter();
        let fields = self.columns.iter().map(|column| column.name.as_str());
        key.chain(fields).chain(BESIDE).map(quoted).collect()
    }

    /// What a row is read by, in SQL: the key, the columns as text, and what is beside them.
    pub(crate) fn selected(&self, alias: &str) -> String {
        let column = |name: &str, kind: Kind| {
            let cast = if kind == Kind::Text { "" } else { "::text" };
            format!("{alias}.{}{cast}", quoted(name))
        };
        let own = (self.key == Key::Own).then(|| column(KEY, Kind::Text)).into_iter();
        let fields = self.columns.iter().map(|one| column(&one.name, one.kind));
        let beside = ["_run", "_line"].map(|name| format!("{alias}.\"{name}\""));
        let jsons = ["_earlier", "_exact"].map(|name| format!("{alias}.\"{name}\"::text"));
        own.chain(fields).chain(beside).chain(jsons).collect::<Vec<_>>().join(", ")
    }

    /// The columns of the key as text, in SQL.
    pub(crate) fn key_as_text(&self, alias: &str) -> String {
        let text = |(name, kind): (&str, Kind)| {
            let cast = if kind == Kind::Text { "" } else { "::text" };
            format!("{alias}.{}{cast}", quoted(name))
        };
        self.key_columns().into_iter().map(text).collect::<Vec<_>>().join(", ")
    }

    /// The columns of the key, in SQL.
    pub(crate) fn key_list(&self, alias: &str) -> String {
        let name = |(name, _): (&str, Kind)| format!("{alias}{}", quoted(name));
        self.key_columns().into_iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// That the row `t` has the key of the row `w`, whose columns are `k0`, `k1`, … as text, in SQL.
    pub(crate) fn has_key(&self, t: &str, w: &str) -> String {
        let equal = |(n, (name, kind)): (usize, (&str, Kind))| {
            let cast = if kind == Kind::Text { String::new() } else { format!("::{}", kind.sql()) };
            format!("{t}.{} = {w}.k{n}{cast}", quoted(name))
        };
        self.key_columns().into_iter().enumerate().map(equal).collect::<Vec<_>>().join(" AND ")
    }

    /// Keys as a table `w` with columns `k0`, `k1`, …, from parameters beginning with this one, in SQL.
    pub(crate) fn wanted(&self, first: usize) -> String {
        let count = self.key_columns().len();
        let arrays: Vec<String> = (first..first + count).map(|n| format!("${n}::text[]")).collect();
        let names: Vec<String> = (0..count).map(|n| format!("k{n}")).collect();
        format!("unnest({}) AS w({})", arrays.join(", "), names.join(", "))
    }

    /// What the columns of the key hold for a key, as text; None if no row can have this key.
    pub(crate) fn parts<'a>(&self, key: &'a str) -> Option<Vec<Cow<'a, str>>> {
        if self.key == Key::Own {
            return (!key.contains('\0')).then(|| vec![key.into()]);
        }
        let columns = self.key_columns();
        let parts: Vec<Cow<'a, str>> = match columns.len() {
            1 => vec![key.into()],
            _ => split_key(key).into_iter().map(Cow::Owned).collect(),
        };
        let fit = parts.len() == columns.len()
            && parts.iter().zip(&columns).all(|(part, (_, kind))| kind.is_exact(part));
        fit.then_some(parts)
    }

    /// Keys by column, as parameters of a statement. Keys that no row can have are left out.
    pub(crate) fn by_column<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Vec<Vec<Cow<'a, str>>> {
        let kinds = self.key_columns();
        if let [(_, Kind::Text)] = kinds.as_slice() {
            return vec![keys.filter(|key| !key.contains('\0')).map(Cow::from).collect()];
        }
        let mut columns: Vec<Vec<Cow<'a, str>>> = vec![Vec::new(); kinds.len()];
        for parts in keys.filter_map(|key| self.parts(key)) {
            columns.iter_mut().zip(parts).for_each(|(column, part)| column.push(part));
        }
        columns
    }
}

impl Column {
    pub(crate) fn new(field: &str, name: String, declared: FieldType) -> Self {
        let kind = Kind::of(declared);
        Self { field: field.to_owned(), name, declared, kind, lists: None, is_matched: false }
    }
}

impl Catalog {
    /// The table of a scope.
    pub(crate) fn table(&self, scope: &str) -> Option<&Arc<Stored>> {
        self.tables.get(scope)
    }

    /// The table of a scope that has to be there.
    pub(crate) fn must_have(&self, scope: &str) -> Result<&Arc<Stored>> {
        self.table(scope).ok_or_else(|| Error::Refused {
            what: format!("the records of {scope}"),
            reason: format!("the schema {} has no table for them", self.schema),
        })
    }
}
