//! A column gets another type, if each of its values is one of that type.

use std::collections::BTreeMap;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params};
use tidewaiter::record::{TableColumn, TableKey};
use tidewaiter::schema::FieldType;

use super::stored::{Fitting, StoredColumn, StoredTable, Unfit, definition, json_path, quoted};
use super::values::{self, Kept};
use crate::sqlite::{from_json, to_json};

/// Gives a column another type. Each of its values is read by that type; if one does not fit, nothing is changed.
pub(super) fn convert(
    sql: &Connection,
    table: &StoredTable,
    column: &StoredColumn,
    kind: FieldType,
) -> Fitting<()> {
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
        let mut beside: BTreeMap<String, String> =
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
