//! Which universes there are, and which tables they have.
//!
//! The schema `tidewaiter` lists the universes, and the imports that are closed. Each universe has a schema of its own, and
//! in it the tables `_tables` and `_columns` remember which scope and field is which table and column: so a name stays
//! what it was when a configuration changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidewaiter::record::fingerprint;
use tidewaiter_engine::{Error, Result};
use tokio_postgres::Row;

use crate::names::{OWN_SCHEMA, free_schema, quoted, table};
use crate::session::{Session, value};
use crate::stored::{Catalog, Column, Key, Stored};

const READING: &str = "reading the tables of records";
const MAKING: &str = "making the tables of records";

/// What the schema of its own holds. Each statement does nothing where it was done.
const OWN_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS tidewaiter.universes (
        universe text COLLATE \"C\" PRIMARY KEY,
        schema text NOT NULL UNIQUE,
        deployment text,
        changes bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS tidewaiter.closed (
        universe text COLLATE \"C\" NOT NULL,
        import text COLLATE \"C\" NOT NULL,
        PRIMARY KEY (universe, import)
    );
    COMMENT ON TABLE tidewaiter.universes IS 'The universes, the schemas in which their records are, to which deployment they belong, and how many changes of records they had.';
    COMMENT ON TABLE tidewaiter.closed IS 'Import runs of which nothing is loaded any more.';";

/// A lock that is named by a text.
pub(crate) fn lock_of(name: &str) -> i64 {
    // The upper half of a hash is as good as any.
    i64::from_ne_bytes(u64::try_from(fingerprint(name) >> 64).unwrap_or_default().to_ne_bytes())
}

/// The lock of all who change a universe.
pub(crate) fn universe_lock(universe: &str) -> i64 {
    lock_of(&format!("tidewaiter universe {universe}"))
}

/// The lock between those who keep what an import did, and those who close it.
pub(crate) fn import_lock(universe: &str, import: &str) -> i64 {
    lock_of(&format!("tidewaiter import {universe} {import}"))
}

/// Looks whether the schema of its own is there, and makes it unless nothing is to be written.
pub(crate) async fn prepare(session: &Session, is_looked: bool) -> Result<()> {
    let known =
        "SELECT to_regnamespace('tidewaiter') IS NOT NULL, to_regclass('tidewaiter.universes') IS NOT NULL
                   AND to_regclass('tidewaiter.closed') IS NOT NULL";
    let Some(row) = session.row(READING, known, &[]).await? else { return Ok(()) };
    let (has_schema, has_tables): (bool, bool) = (value(READING, &row, 0)?, value(READING, &row, 1)?);
    if !has_tables && is_looked {
        return Ok(());
    }
    if !has_tables {
        // Only those who may make schemas may say `IF NOT EXISTS`.
        let schema = if has_schema { "" } else { "CREATE SCHEMA IF NOT EXISTS tidewaiter;" };
        // Two processes that begin at the same time would both find nothing, and one of them would fail.
        let lock = lock_of("tidewaiter tables");
        let make = format!("BEGIN; SELECT pg_advisory_xact_lock({lock}); {schema} {OWN_TABLES} COMMIT");
        session.run(MAKING, &make).await?;
    }
    session.has_tables.store(true, Ordering::Relaxed);
    Ok(())
}

/// A universe, as the schema of its own lists it.
pub(crate) struct Listed {
    pub(crate) universe: String,
    pub(crate) schema: String,
    /// The id of the deployment to which it belongs.
    pub(crate) deployment: Option<String>,
}

/// The universes, in their order; only this one if it is named.
pub(crate) async fn listed(session: &Session, universe: Option<&str>) -> Result<Vec<Listed>> {
    const ALL: &str = "SELECT universe, schema, deployment FROM tidewaiter.universes";
    let rows = match universe {
        Some(universe) => session.rows(READING, &format!("{ALL} WHERE universe = $1"), &[&universe]).await?,
        None => session.rows(READING, &format!("{ALL} ORDER BY universe"), &[]).await?,
    };
    let listed = |row: &Row| {
        let text = |at| value(READING, row, at);
        Ok(Listed { universe: text(0)?, schema: text(1)?, deployment: value(READING, row, 2)? })
    };
    rows.iter().map(listed).collect()
}

/// Makes the schema of a universe for a deployment. The universe is locked.
pub(crate) async fn make(session: &Session, universe: &str, deployment: Option<&str>) -> Result<String> {
    let sql = "SELECT nspname::text, has_schema_privilege(oid, 'CREATE') AND nspname <> 'public'
                 AND NOT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = n.oid)
               FROM pg_namespace n";
    let mut taken: Vec<String> = Vec::new();
    let mut is_given = false;
    for row in session.rows(MAKING, sql, &[]).await? {
        let (name, is_free): (String, bool) = (value(MAKING, &row, 0)?, value(MAKING, &row, 1)?);
        // An empty schema of that name was made for us, by those who do not let us make one.
        if name == universe && is_free && name != OWN_SCHEMA {
            is_given = true;
        } else {
            taken.push(name);
        }
    }
    let names: Vec<&str> = taken.iter().map(String::as_str).collect();
    let schema = free_schema(universe, &names);
    if !is_given {
        session.run(MAKING, &format!("CREATE SCHEMA {}", quoted(&schema))).await?;
    }
    session.run(MAKING, &universe_tables(&schema)).await?;
    let sql = "INSERT INTO tidewaiter.universes (universe, schema, deployment) VALUES ($1, $2, $3)";
    session.execute(MAKING, sql, &[&universe, &schema, &deployment]).await?;
    Ok(schema)
}

/// The tables that each universe has beside those of its scopes.
fn universe_tables(schema: &str) -> String {
    let at = |name: &str| table(schema, name);
    format!(
        "CREATE TABLE {tables} (
            scope text COLLATE \"C\" PRIMARY KEY,
            name text NOT NULL UNIQUE,
            key text[]
         );
         CREATE TABLE {columns} (
            scope text COLLATE \"C\" NOT NULL,
            field text COLLATE \"C\" NOT NULL,
            name text NOT NULL,
            type text NOT NULL,
            lists text,
            is_matched boolean NOT NULL DEFAULT false,
            position integer NOT NULL,
            PRIMARY KEY (scope, field)
         );
         CREATE TABLE {runs} (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            import text COLLATE \"C\" NOT NULL UNIQUE,
            file text NOT NULL,
            landed timestamp with time zone NOT NULL DEFAULT now()
         );
         CREATE TABLE {applied} (
            import text COLLATE \"C\" NOT NULL,
            share integer NOT NULL,
            number bigint NOT NULL,
            answer text NOT NULL,
            PRIMARY KEY (import, share, number)
         );
         CREATE TABLE {changes} (
            first bigint PRIMARY KEY,
            count bigint NOT NULL,
            run integer NOT NULL,
            at timestamp with time zone NOT NULL DEFAULT now(),
            content bytea NOT NULL
         );
         ALTER TABLE {changes} ALTER content SET STORAGE EXTERNAL;
         COMMENT ON TABLE {changes} IS 'What imports did, in order, as blocks that `tidewaiter changes` reads.';
         COMMENT ON TABLE {tables} IS 'Which table holds the records of a scope; the columns of its key, unless it has a column _key.';
         COMMENT ON TABLE {columns} IS 'Which column holds a field, and which table the lists in it.';
         COMMENT ON TABLE {runs} IS 'Import runs, as the column _run of each row names them.';
         COMMENT ON TABLE {applied} IS 'Batches that were landed, and what was answered.';",
        tables = at("_tables"),
        columns = at("_columns"),
        runs = at("_runs"),
        applied = at("_applied"),
        changes = at("_changes"),
    )
}

/// Reads which tables a universe has.
pub(crate) async fn read(session: &Session, schema: &str) -> Result<Catalog> {
    let sql = format!(
        "SELECT t.scope, t.name, t.key, c.field, c.name, c.type, c.lists, c.is_matched
         FROM {} t LEFT JOIN {} c ON c.scope = t.scope ORDER BY t.scope, c.position",
        table(schema, "_tables"),
        table(schema, "_columns")
    );
    let mut tables: BTreeMap<String, (Stored, Option<Vec<String>>)> = BTreeMap::new();
    for row in session.rows(READING, &sql, &[]).await? {
        let scope: String = value(READING, &row, 0)?;
        if !tables.contains_key(&scope) {
            let stored = Stored {
                scope: scope.clone(),
                schema: schema.to_owned(),
                name: value(READING, &row, 1)?,
                columns: Vec::new(),
                places: HashMap::new(),
                key: Key::Own,
            };
            tables.insert(scope.clone(), (stored, value(READING, &row, 2)?));
        }
        let field: Option<String> = value(READING, &row, 3)?;
        let (Some(field), Some((stored, _))) = (field, tables.get_mut(&scope)) else { continue };
        let declared: &str = value(READING, &row, 5)?;
        let declared = serde_json::from_value(declared.into()).map_err(|_| Error::Refused {
            what: format!("the column of {field} in {scope}"),
            reason: format!("its type {declared} is not one that this version knows"),
        })?;
        let mut column = Column::new(&field, value(READING, &row, 4)?, declared);
        (column.lists, column.is_matched) = (value(READING, &row, 6)?, value(READING, &row, 7)?);
        stored.push(column);
    }
    let tables = tables.into_iter().map(|(scope, (mut stored, key))| {
        if let Some(fields) = key {
            let places = fields.iter().filter_map(|field| stored.place(field)).collect();
            stored.key = Key::Columns(places);
        }
        (scope, Arc::new(stored))
    });
    Ok(Catalog { schema: schema.to_owned(), tables: tables.collect() })
}
