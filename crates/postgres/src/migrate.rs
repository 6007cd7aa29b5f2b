//! Brings the tables of a universe into the shape that an import needs.
//!
//! A new scope gets a table, a new field a column. A field that is gone keeps its column. A field with another type is read
//! again, value by value: if one does not fit, nothing is changed, and the error names it. The universe is locked.

use std::sync::Arc;

use tidewaiter::record::{MOST_COLUMNS, Plan, Table, TableColumn, TableKey, free_name};
use tidewaiter_engine::{Error, Result};

use crate::kind::Kind;
use crate::names::{free_column, literal, quoted, table};
use crate::retype::{self, type_name};
use crate::session::{Session, value};
use crate::stored::{BESIDE, Catalog, Column, KEY, Key, Stored};

const MAKING: &str = "making the tables of records";

/// True if nothing has to be done before the records of this import are written.
pub(crate) fn fits(catalog: &Catalog, plan: &Plan) -> bool {
    plan.tables.iter().all(|wanted| {
        let Some(stored) = catalog.table(&wanted.scope) else { return false };
        let has = |column: &TableColumn| match stored
            .place(&column.field)
            .and_then(|at| stored.columns.get(at))
        {
            None => stored.columns.len() >= MOST_COLUMNS,
            Some(known) => known.declared == column.kind && (known.lists.is_some() || !column.holds_lists),
        };
        key_of(stored) == wanted.key && wanted.columns.iter().all(has)
    }) && plan.indexes().filter_map(|at| matched(catalog, at)).all(|(_, column)| column.is_matched)
}

/// A column by which records are looked for, with its table.
fn matched<'a>(catalog: &'a Catalog, (scope, field): (&str, &str)) -> Option<(&'a Stored, &'a Column)> {
    let stored: &Stored = catalog.table(scope)?;
    Some((stored, stored.columns.get(stored.place(field)?)?))
}

/// Makes what is missing.
pub(crate) async fn fit(session: &Session, catalog: &mut Catalog, plan: &Plan) -> Result<()> {
    for wanted in &plan.tables {
        let mut stored = match catalog.tables.remove(&wanted.scope) {
            Some(stored) => Arc::unwrap_or_clone(stored),
            None => make(session, catalog, wanted).await?,
        };
        check_key(&stored, wanted)?;
        for column in &wanted.columns {
            match stored.place(&column.field) {
                None if stored.columns.len() < MOST_COLUMNS => add(session, &mut stored, column).await?,
                // Its values are kept beside the columns.
                None => {}
                Some(at) => alter(session, &mut stored, at, column).await?,
            }
        }
        catalog.tables.insert(wanted.scope.clone(), Arc::new(stored));
    }
    for at in plan.indexes() {
        if let Some((stored, column)) = matched(catalog, at).filter(|(_, column)| !column.is_matched) {
            index(session, stored, column).await?;
        }
    }
    session.forget_statements();
    Ok(())
}

/// Makes the index by which records are looked for in a column.
async fn index(session: &Session, stored: &Stored, column: &Column) -> Result<()> {
    move_into(session, stored, column).await?;
    // Values may be longer than a tree takes; only equality is asked.
    let index = format!("CREATE INDEX ON {} USING hash ({})", stored.at(), quoted(&column.name));
    session.run(MAKING, &index).await?;
    let columns = table(&stored.schema, "_columns");
    let sql = format!("UPDATE {columns} SET is_matched = true WHERE scope = $1 AND field = $2");
    session.execute(MAKING, &sql, &[&stored.scope, &column.field]).await.map(|_| ())
}

/// Brings values into a column for which wide rows had no room: records are looked for in it.
async fn move_into(session: &Session, stored: &Stored, column: &Column) -> Result<()> {
    let is_value = match column.kind {
        Kind::Text => "true",
        Kind::Integer | Kind::Number => "t.\"_exact\" ->> $1 ~ '^-?[0-9]{1,100}$'",
        _ => return Ok(()),
    };
    if !stored.may_be_wide() {
        return Ok(());
    }
    let name = quoted(&column.name);
    let sql = format!(
        "UPDATE {} t SET {name} = (t.\"_exact\" ->> $1)::{}, \"_exact\" = nullif(t.\"_exact\" - $1::text, '{{}}')
         WHERE t.{name} IS NULL AND t.\"_exact\" ->> $1::text IS NOT NULL AND {is_value}",
        stored.at(),
        column.kind.sql()
    );
    session.execute(MAKING, &sql, &[&column.field]).await.map(|_| ())
}

/// The names of everything in a schema that a table could collide with.
async fn names_in(session: &Session, schema: &str) -> Result<Vec<String>> {
    let sql = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = $1";
    let rows = session.rows(MAKING, sql, &[&schema]).await?;
    rows.iter().map(|row| value(MAKING, row, 0)).collect()
}

async fn make(session: &Session, catalog: &Catalog, wanted: &Table) -> Result<Stored> {
    let taken = names_in(session, &catalog.schema).await?;
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let name = free_name(&wanted.scope, &taken);
    let mut columns: Vec<Column> = Vec::new();
    for column in &wanted.columns {
        let names: Vec<&str> = columns.iter().map(|known| known.name.as_str()).chain(BESIDE).collect();
        let name = free_column(&column.field, &names);
        columns.push(Column::new(&column.field, name, column.kind));
    }
    let place = |field: &String| columns.iter().position(|column| column.field == *field);
    let key = match &wanted.key {
        TableKey::Own => Key::Own,
        TableKey::Fields(fields) => {
            fields.iter().map(place).collect::<Option<Vec<usize>>>().map_or(Key::Own, Key::Columns)
        }
    };
    let key_fields = match (&key, &wanted.key) {
        (Key::Columns(_), TableKey::Fields(fields)) => Some(fields.clone()),
        _ => None,
    };
    let places = columns.iter().enumerate().map(|(at, column)| (column.field.clone(), at)).collect();
    let (scope, schema) = (wanted.scope.clone(), catalog.schema.clone());
    let stored = Stored { scope, schema, name, columns, places, key };
    session.run(MAKING, &created(&stored)).await?;
    let sql =
        format!("INSERT INTO {} (scope, name, key) VALUES ($1, $2, $3)", table(&catalog.schema, "_tables"));
    session.execute(MAKING, &sql, &[&stored.scope, &stored.name, &key_fields]).await?;
    let mut stored = stored;
    for (at, column) in wanted.columns.iter().enumerate() {
        if let Some(known) = stored.columns.get(at) {
            remember(session, &stored, known).await?;
        }
        if column.holds_lists {
            make_lists(session, &mut stored, at).await?;
        }
    }
    Ok(stored)
}

fn created(stored: &Stored) -> String {
    let is_key = |at: &usize| matches!(&stored.key, Key::Columns(places) if places.contains(at));
    let own = (stored.key == Key::Own).then(|| format!("{} text COLLATE \"C\" NOT NULL", quoted(KEY)));
    let columns = stored.columns.iter().enumerate().map(|(at, column)| {
        let collation = if column.kind == Kind::Text && is_key(&at) { " COLLATE \"C\"" } else { "" };
        format!("{} {}{collation}", quoted(&column.name), column.kind.sql())
    });
    let beside = ["_run integer NOT NULL", "_line bigint NOT NULL", "_earlier json", "_exact jsonb"];
    let all: Vec<String> = own.into_iter().chain(columns).chain(beside.map(str::to_owned)).collect();
    format!(
        "CREATE TABLE {at} ({}, PRIMARY KEY ({})); COMMENT ON TABLE {at} IS {};",
        all.join(", "),
        stored.key_list(""),
        literal(&format!("Records of the scope {}.", stored.scope)),
        at = stored.at(),
    )
}

/// Notes which column holds a field.
async fn remember(session: &Session, stored: &Stored, column: &Column) -> Result<()> {
    let sql = format!(
        "INSERT INTO {columns} (scope, field, name, type, position)
         VALUES ($1, $2, $3, $4, (SELECT count(*) FROM {columns} WHERE scope = $1)::integer)",
        columns = table(&stored.schema, "_columns")
    );
    let parameters: [crate::session::Parameter<'_>; 4] =
        [&stored.scope, &column.field, &column.name, &type_name(column.declared)];
    session.execute(MAKING, &sql, &parameters).await.map(|_| ())
}

async fn add(session: &Session, stored: &mut Stored, column: &TableColumn) -> Result<()> {
    let names: Vec<&str> =
        stored.columns.iter().map(|known| known.name.as_str()).chain(BESIDE).chain([KEY]).collect();
    let known = Column::new(&column.field, free_column(&column.field, &names), column.kind);
    let sql = format!("ALTER TABLE {} ADD COLUMN {} {}", stored.at(), quoted(&known.name), known.kind.sql());
    session.run(MAKING, &sql).await?;
    remember(session, stored, &known).await?;
    stored.push(known);
    if column.holds_lists {
        make_lists(session, stored, stored.columns.len() - 1).await?;
    }
    Ok(())
}

async fn alter(session: &Session, stored: &mut Stored, at: usize, column: &TableColumn) -> Result<()> {
    let Some(known) = stored.columns.get(at) else { return Ok(()) };
    if known.declared != column.kind {
        retype::retype(session, stored, at, column.kind).await?;
    }
    if column.holds_lists && stored.columns.get(at).is_some_and(|known| known.lists.is_none()) {
        make_lists(session, stored, at).await?;
    }
    Ok(())
}

/// Makes the table with one row for each list that a record is in, from what the records hold.
async fn make_lists(session: &Session, stored: &mut Stored, at: usize) -> Result<()> {
    let taken = names_in(session, &stored.schema).await?;
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let Some(column) = stored.columns.get(at) else { return Ok(()) };
    let name = free_name(&format!("{}_{}", stored.name, column.field), &taken);
    let keys = stored.key_columns();
    let key_names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    let list = quoted(&free_name("list", &key_names));
    let key = |(name, kind): &(&str, Kind)| {
        let collation = if *kind == Kind::Text { " COLLATE \"C\"" } else { "" };
        format!("{} {}{collation} NOT NULL", quoted(name), kind.sql())
    };
    let columns: Vec<String> = keys.iter().map(key).collect();
    let key_list = stored.key_list("");
    // What has no room in a wide row is beside its columns.
    let text = format!("coalesce(t.\"_exact\" ->> {}, t.{})", literal(&column.field), quoted(&column.name));
    let sql = format!(
        "CREATE TABLE {beside} ({list} bigint NOT NULL, {}, PRIMARY KEY ({key_list}, {list}));
         CREATE INDEX ON {beside} ({list});
         COMMENT ON TABLE {beside} IS {};
         INSERT INTO {beside} SELECT DISTINCT l::bigint, {} FROM {at} t, unnest(string_to_array({text}, ' ')) l
           WHERE l ~ '^[0-9]{{1,18}}$';",
        columns.join(", "),
        literal(&format!("One row for each list in {} of {}.", column.field, stored.scope)),
        stored.key_list("t."),
        beside = stored.beside(&name),
        at = stored.at(),
    );
    session.run(MAKING, &sql).await?;
    let sql = format!(
        "UPDATE {} SET lists = $3 WHERE scope = $1 AND field = $2",
        table(&stored.schema, "_columns")
    );
    session.execute(MAKING, &sql, &[&stored.scope, &column.field, &name]).await?;
    if let Some(column) = stored.columns.get_mut(at) {
        column.lists = Some(name);
    }
    Ok(())
}

/// What identifies the rows of a table.
fn key_of(stored: &Stored) -> TableKey {
    match &stored.key {
        Key::Own => TableKey::Own,
        Key::Columns(places) => TableKey::Fields(
            places.iter().filter_map(|at| Some(stored.columns.get(*at)?.field.clone())).collect(),
        ),
    }
}

/// The key of a table stays what it was: rows could not be told apart by another.
fn check_key(stored: &Stored, wanted: &Table) -> Result<()> {
    let key = key_of(stored);
    if key == wanted.key {
        return Ok(());
    }
    let named = |key: &TableKey| match key {
        TableKey::Own => "a key that no column holds".to_owned(),
        TableKey::Fields(fields) => fields.join(", "),
    };
    Err(Error::Unfit {
        why: format!(
            "the records of {} are kept by {}, and the configuration identifies them by {}",
            wanted.scope,
            named(&key),
            named(&wanted.key)
        ),
        hint: "records that are kept cannot get another key; configure the old key again, or a scope of another name"
            .to_owned(),
    })
}
