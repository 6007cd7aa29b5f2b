//! Gives a column another type.

use tidewaiter::schema::FieldType;
use tidewaiter_engine::{Error, Result};

use crate::kind::Kind;
use crate::names::{free_column, literal, quoted, table};
use crate::session::{Parameter, Session, value};
use crate::stored::{BESIDE, KEY, Key, Stored};

const CHANGING: &str = "changing the type of a column";
/// How many values are read at a time.
const PAGE: usize = 10_000;
/// How much of a value is told.
const TOLD_CHARACTERS: usize = 40;

/// How a configuration calls a type.
pub(crate) fn type_name(declared: FieldType) -> String {
    let name = serde_json::to_value(declared).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reads all values of a column again, as values of another type. If one does not fit, nothing is changed.
pub(crate) async fn retype(
    session: &Session,
    stored: &mut Stored,
    at: usize,
    declared: FieldType,
) -> Result<()> {
    let Some(column) = stored.columns.get(at).cloned() else { return Ok(()) };
    let kind = Kind::of(declared);
    let refused = |why: String| Error::Unfit {
        why,
        hint: format!(
            "configure {} as {} again, or correct the records first",
            column.field,
            type_name(column.declared)
        ),
    };
    if matches!(&stored.key, Key::Columns(places) if places.contains(&at)) {
        return Err(refused(format!(
            "column {} of {} is a part of the key, and its type stays {}",
            column.field,
            stored.scope,
            type_name(column.declared)
        )));
    }
    let names: Vec<&str> =
        stored.columns.iter().map(|known| known.name.as_str()).chain(BESIDE).chain([KEY]).collect();
    let (old, new) = (quoted(&column.name), quoted(&free_column(&column.field, &names)));
    session.run(CHANGING, &format!("ALTER TABLE {} ADD COLUMN {new} {}", stored.at(), kind.sql())).await?;
    let field = &column.field;
    // What a record holds is the text in the column, or the one that the column could not hold.
    let cursor = format!(
        "DECLARE retyped NO SCROLL CURSOR FOR SELECT {}, t.{old}::text, t.\"_exact\" ->> {name} FROM {} t
         WHERE t.{old} IS NOT NULL OR t.\"_exact\" ? {name}",
        stored.key_as_text("t"),
        stored.at(),
        name = literal(field)
    );
    session.run(CHANGING, &cursor).await?;
    let parts = stored.key_columns().len();
    loop {
        let rows = session.rows(CHANGING, &format!("FETCH {PAGE} FROM retyped"), &[]).await?;
        if rows.is_empty() {
            break;
        }
        let mut page = Page { keys: vec![Vec::new(); parts], printed: Vec::new(), exact: Vec::new() };
        for row in &rows {
            let printed: Option<&str> = value(CHANGING, row, parts)?;
            let exact: Option<&str> = value(CHANGING, row, parts + 1)?;
            let text = match (exact, printed) {
                (Some(exact), _) => exact.to_owned(),
                (None, Some(printed)) => column.kind.decode(printed).into_owned(),
                (None, None) => continue,
            };
            let Some(printed) = kind.encode(&text) else {
                let shown: String = text.chars().take(TOLD_CHARACTERS).collect();
                let (field, scope, kind) = (&column.field, &stored.scope, type_name(declared));
                return Err(refused(format!(
                    "column {field} of {scope} holds {shown:?}, which is no {kind}"
                )));
            };
            let is_exact = kind.decode(&printed) == text;
            for (n, column) in page.keys.iter_mut().enumerate() {
                column.push(value(CHANGING, row, n)?);
            }
            page.printed.push(printed.into_owned());
            page.exact.push((!is_exact).then_some(text));
        }
        write(session, stored, field, &new, kind, &page).await?;
    }
    let swap = format!(
        "CLOSE retyped; ALTER TABLE {at} DROP COLUMN {old}; ALTER TABLE {at} RENAME COLUMN {new} TO {old}",
        at = stored.at()
    );
    session.run(CHANGING, &swap).await?;
    let columns = table(&stored.schema, "_columns");
    // An index on the column went with it.
    let sql = format!("UPDATE {columns} SET type = $3, is_matched = false WHERE scope = $1 AND field = $2");
    session.execute(CHANGING, &sql, &[&stored.scope, field, &type_name(declared)]).await?;
    if let Some(column) = stored.columns.get_mut(at) {
        (column.declared, column.kind, column.is_matched) = (declared, kind, false);
    }
    Ok(())
}

/// Values with their keys.
struct Page {
    keys: Vec<Vec<String>>,
    printed: Vec<String>,
    exact: Vec<Option<String>>,
}

async fn write(
    session: &Session,
    stored: &Stored,
    field: &String,
    new: &str,
    kind: Kind,
    page: &Page,
) -> Result<()> {
    let parts = page.keys.len();
    let arrays: Vec<String> = (1..=parts + 2).map(|n| format!("${n}::text[]")).collect();
    let keys: Vec<String> = (0..parts).map(|n| format!("k{n}")).collect();
    let field_at = parts + 3;
    let sql = format!(
        "UPDATE {} t SET {new} = w.printed::{},
           \"_exact\" = nullif(CASE WHEN w.exact IS NULL THEN coalesce(t.\"_exact\", '{{}}') - ${field_at}::text
             ELSE coalesce(t.\"_exact\", '{{}}') || jsonb_build_object(${field_at}::text, w.exact) END, '{{}}')
         FROM unnest({}) AS w({}, printed, exact) WHERE {}",
        stored.at(),
        kind.sql(),
        arrays.join(", "),
        keys.join(", "),
        stored.has_key("t", "w")
    );
    let mut parameters: Vec<Parameter<'_>> = page.keys.iter().map(|column| column as Parameter<'_>).collect();
    parameters.extend([&page.printed as Parameter<'_>, &page.exact, field]);
    session.execute(CHANGING, &sql, &parameters).await.map(|_| ())
}
