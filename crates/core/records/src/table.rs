//! The tables that hold records, in whatever database.
//!
//! A scope is a table, a field is a column. A [`Table`] says which columns there are and what identifies a row. How a type is
//! called in SQL, and how its values are kept, is the affair of each store; which values it has is not: a value is read
//! back as the text that a [`Record`](super::Record) holds.

use std::collections::BTreeMap;

use tidewaiter_schema::{FieldSchema, FieldType, Merge, OnExisting, Scopes, TableSchema, catalogue};

use super::{KEY_ESCAPE, KEY_SEPARATOR};

/// What names of ours begin with. A column of a scope never does.
pub const OWN: char = '_';
/// The longest name that every database takes, in bytes: that of PostgreSQL.
const NAME_BYTES: usize = 63;

/// How many fields of a scope have a column: as many as every database takes. The values of the others are kept as text,
/// beside the columns.
pub const MOST_COLUMNS: usize = 1_500;

/// The table of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The scope.
    pub scope: String,
    /// Its columns, in the order of the fields; at most [`MOST_COLUMNS`].
    pub columns: Vec<TableColumn>,
    /// What identifies a row.
    pub key: TableKey,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// The field, as the configuration calls it.
    pub field: String,
    /// The type of its values.
    pub kind: FieldType,
    /// True if its values are lists: texts such as `1 5`.
    pub holds_lists: bool,
}

/// What identifies a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKey {
    /// The fields that the key of a record is made of, in their order.
    Fields(Vec<String>),
    /// A column of its own, `_key`: the key of a record is not always made of the same fields.
    Own,
}

impl Table {
    /// The table of a scope, among the scopes of its configuration; None if there is no such scope.
    pub fn of(scope: &str, scopes: &Scopes) -> Option<Self> {
        let schema = catalogue::schema(scope, scopes)?;
        let mut columns: Vec<TableColumn> = schema.fields.iter().map(TableColumn::of).collect();
        for (field, kind) in brought(scope, scopes) {
            if !columns.iter().any(|column| column.field == field) {
                columns.push(TableColumn { field, kind, holds_lists: false });
            }
        }
        if columns.len() > MOST_COLUMNS {
            let is_looked_up = |column: &TableColumn| {
                let names = schema.primary_key.iter().chain(&schema.identified_by);
                let mut names = names.chain(&schema.alternate_keys).chain(&schema.matched);
                column.holds_lists || names.any(|name| *name == column.field)
            };
            let mut room = MOST_COLUMNS.saturating_sub(columns.iter().filter(|c| is_looked_up(c)).count());
            columns.retain(|column| {
                let has_room = room > 0;
                let is_looked_up = is_looked_up(column);
                room -= usize::from(has_room && !is_looked_up);
                is_looked_up || has_room
            });
        }
        Some(Self { scope: scope.to_owned(), key: TableKey::of(schema), columns })
    }
}

impl TableColumn {
    fn of(field: &FieldSchema) -> Self {
        Self { field: field.name.clone(), kind: field.kind, holds_lists: field.merge == Merge::Lists }
    }
}

impl TableKey {
    fn of(schema: &TableSchema) -> Self {
        let one_of = schema.primary_key.is_empty();
        let names = if one_of { &schema.identified_by } else { &schema.primary_key };
        let is_made_of_them = !names.is_empty() && (!one_of || names.len() == 1);
        let field = |name: &String| schema.fields.iter().find(|field| field.name == *name);
        let are_exact = names.iter().all(|name| field(name).is_some_and(|field| is_exact(field.kind)));
        if schema.on_existing != OnExisting::Append && is_made_of_them && are_exact {
            Self::Fields(names.clone())
        } else {
            Self::Own
        }
    }

    /// What the columns of the key hold for the key of a record: as many texts as there are fields. None if that key is
    /// not made of them.
    pub fn parts(&self, key: &str) -> Option<Vec<String>> {
        match self {
            Self::Own => Some(vec![key.to_owned()]),
            Self::Fields(fields) if fields.len() == 1 => Some(vec![key.to_owned()]),
            Self::Fields(fields) => Some(split_key(key)).filter(|parts| parts.len() == fields.len()),
        }
    }
}

/// True if every database keeps two values of the type apart, so that they may be the key of a row. Of a moment or a
/// decimal number some only keep what is close to it.
fn is_exact(kind: FieldType) -> bool {
    match kind {
        FieldType::String | FieldType::Integer | FieldType::Date | FieldType::Year | FieldType::Yearmonth => {
            true
        }
        FieldType::Number | FieldType::Boolean | FieldType::Datetime | FieldType::Time => false,
    }
}

/// The columns that lines of other scopes bring to the records of this one: sums, what is set beside them, and claims.
fn brought(scope: &str, scopes: &Scopes) -> BTreeMap<String, FieldType> {
    let mut brought = BTreeMap::new();
    for schema in scopes.values() {
        let kind = |name: &str| schema.fields.iter().find(|field| field.name == name).map(|field| field.kind);
        if let Some(adjusts) = schema.adjusts.as_ref().filter(|adjusts| adjusts.resource == scope) {
            brought.extend(adjusts.add.values().map(|there| (there.clone(), FieldType::Integer)));
            let set = adjusts.set.iter();
            brought.extend(set.map(|(here, there)| (there.clone(), kind(here).unwrap_or_default())));
        }
        for key in &schema.foreign_keys {
            let leads_here =
                key.reference.resource == scope || key.reference.or_in.iter().any(|other| other == scope);
            if let Some(claims) = key.claims.as_ref().filter(|_| leads_here) {
                brought.insert(claims.clone(), FieldType::String);
            }
        }
    }
    brought
}

/// The parts that a key of several parts was joined of: the inverse of [`join_key`](super::join_key).
///
/// ```
/// use tidewaiter_records::{join_key, split_key};
///
/// let parts = ["SO-1", "line\u{1f}2"];
/// assert_eq!(split_key(&join_key(parts.into_iter())), parts);
/// ```
pub fn split_key(key: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut chars = key.chars();
    while let Some(c) = chars.next() {
        match c {
            KEY_SEPARATOR => parts.push(std::mem::take(&mut part)),
            KEY_ESCAPE => part.extend(chars.next()),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
}

/// A name for a column or a table that is none of `taken`, as databases compare them: without regard to the case of
/// letters. It is the wanted one, unless that is taken, begins as names of ours do, or is too long; then it ends with
/// a number.
///
/// ```
/// use tidewaiter_records::free_name;
///
/// assert_eq!(free_name("Price €", &[]), "Price €");
/// assert_eq!(free_name("EMAIL", &["email"]), "EMAIL_2");
/// assert_eq!(free_name("_key", &[]), "x_key");
/// ```
pub fn free_name(wanted: &str, taken: &[&str]) -> String {
    let wanted: String = wanted.chars().filter(|c| *c != '\0').collect();
    let wanted = if wanted.is_empty() || wanted.starts_with(OWN) { format!("x{wanted}") } else { wanted };
    let is_free = |name: &str| !taken.iter().any(|taken| taken.to_lowercase() == name.to_lowercase());
    let whole = cut(&wanted, NAME_BYTES);
    if whole.len() == wanted.len() && is_free(whole) {
        return wanted;
    }
    // There are at most as many names as are taken before a free one.
    (2..=taken.len() + 2)
        .map(|number| {
            let ending = format!("_{number}");
            format!("{}{ending}", cut(&wanted, NAME_BYTES - ending.len()))
        })
        .find(|name| is_free(name))
        .unwrap_or(wanted)
}

/// As much of a text as is no longer than so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join_key;

    fn table(scope: &str) -> Table {
        Table::of(scope, catalogue::scopes()).unwrap()
    }

    #[test]
    fn the_key_of_a_row_is_made_of_its_fields_where_each_record_has_them() {
        assert_eq!(table("orders").key, TableKey::Fields(vec!["order_id".to_owned()]));
        assert_eq!(table("contacts").key, TableKey::Own, "an address or a number");
        assert_eq!(table("creditpoints").key, TableKey::Own, "each line is a record");
    }

    #[test]
    fn what_other_scopes_bring_is_a_column_of_its_own_type() {
        let column = |scope: &str, field: &str| {
            table(scope).columns.into_iter().find(|column| column.field == field).map(|column| column.kind)
        };
        assert_eq!(column("cardcode", "points_balance"), Some(FieldType::Integer));
        assert_eq!(column("cardcode", "joined_on"), Some(FieldType::Date));
        assert_eq!(Table::of("nothing", catalogue::scopes()), None);
    }

    #[test]
    fn of_too_many_fields_those_have_a_column_that_records_are_found_by() {
        let fields: Vec<_> = (0..3_000).map(|n| serde_json::json!({ "name": format!("f{n}") })).collect();
        let document = serde_json::json!({
            "fields": fields, "primaryKey": ["f2999"], "alternateKeys": ["f2000"]
        });
        let schema: TableSchema = serde_json::from_value(document).unwrap();
        let table = Table::of("wide", &Scopes::from([("wide".to_owned(), schema)])).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| column.field.as_str()).collect();
        assert_eq!(names.len(), MOST_COLUMNS);
        assert_eq!(names[MOST_COLUMNS - 3..], ["f1497", "f2000", "f2999"]);
    }

    #[test]
    fn a_key_is_split_into_what_it_was_joined_of() {
        let texts = ["", "a", "a\u{1f}b", "\u{1e}", "\u{1e}\u{1f}", "é"];
        for one in texts {
            for other in texts {
                assert_eq!(split_key(&join_key([one, other].into_iter())), [one, other]);
            }
        }
        let key = TableKey::Fields(vec!["order".to_owned(), "line".to_owned()]);
        assert_eq!(key.parts("a\u{1f}b").unwrap(), ["a", "b"]);
        assert_eq!(key.parts("a"), None);
        assert_eq!(TableKey::Own.parts("a\u{1f}b").unwrap(), ["a\u{1f}b"]);
    }

    #[test]
    fn a_name_is_free_whatever_a_configuration_calls_its_fields() {
        let long = "ä".repeat(60);
        let mut taken: Vec<String> = Vec::new();
        for wanted in ["a", "A", "a_2", "_run", "x_run", &long, &long, "", "\"; DROP TABLE x; --"] {
            let taken_now: Vec<&str> = taken.iter().map(String::as_str).collect();
            let name = free_name(wanted, &taken_now);
            assert!(name.len() <= NAME_BYTES && !name.is_empty() && !name.starts_with(OWN), "{name}");
            assert!(!taken.iter().any(|taken| taken.eq_ignore_ascii_case(&name)), "{name}");
            taken.push(name);
        }
        assert_eq!(taken[..5], ["a", "A_2", "a_2_2", "x_run", "x_run_2"]);
    }
}
