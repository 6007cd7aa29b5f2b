//! Reads what is asked of an export: conditions are checked against the columns and brought into the form of kept values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;
use tidewaiter::config::Config;
use tidewaiter::id::ImportId;
use tidewaiter::record::Table;
use tidewaiter::schema::compile::{Reading, Scope};
use tidewaiter::schema::{FieldType, Scopes, TableSchema, catalogue};
use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{Condition, ExportColumn, Exports, Selection, StoredRecord};

use crate::deployment::{Deployment, with_deployed};
use crate::records::active;
use crate::{Error, Result};

/// Which records are asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The scope.
    pub scope: String,
    /// Only records of this universe.
    pub universe: Option<String>,
    /// Only records that this import or a later one changed last.
    pub since: Option<ImportId>,
    /// `column=value`: only records with this value; with none, if the value is empty.
    pub conditions: Vec<String>,
    /// At most so many.
    pub limit: Option<u64>,
    /// With key, import and line of each record.
    pub with_origin: bool,
}

/// The records that are asked for.
///
/// # Errors
/// [`Error::NoColumn`] or [`Error::NotOfType`] if a condition cannot be met; or if the deployment cannot be read.
pub async fn select(deployment: &Deployment, asked: Asked) -> Result<Selection> {
    let Asked { scope, universe, since, conditions, limit, with_origin } = asked;
    let mut selection = Selection { scope, universe, since, conditions: Vec::new(), limit, with_origin };
    if !conditions.is_empty() {
        let columns = columns(deployment, &selection).await?;
        for text in conditions {
            selection.conditions.push(condition(&selection.scope, &columns, &text)?);
        }
    }
    Ok(selection)
}

/// A condition, read by the column that it names. A name may hold `=`, too.
fn condition(scope: &str, columns: &[ExportColumn], text: &str) -> Result<Condition> {
    let mut splits = text.match_indices('=').map(|(at, _)| (text.get(..at), text.get(at + 1..)));
    let named = splits.find_map(|split| {
        let (Some(field), Some(value)) = split else { return None };
        columns.iter().find(|column| column.field == field).map(|column| (column, value))
    });
    let Some((column, value)) = named else {
        let name = text.split_once('=').map_or(text, |(name, _)| name).to_owned();
        let known = columns.iter().map(|column| column.field.clone()).collect();
        return Err(Error::NoColumn { scope: scope.to_owned(), name, known });
    };
    let value = if value.is_empty() { None } else { Some(kept(column, value)?) };
    Ok(Condition { field: column.field.clone(), value })
}

/// A value in the form in which records keep it.
fn kept(column: &ExportColumn, value: &str) -> Result<String> {
    if column.kind == FieldType::String {
        return Ok(value.to_owned());
    }
    let document = json!({
        "fields": [{ "name": "value", "type": column.kind }],
        "onExisting": "append",
    });
    let schema: Option<TableSchema> = serde_json::from_value(document).ok();
    let (Some(field), Some(scope)) = (
        schema.as_ref().and_then(|schema| schema.fields.first()),
        schema.as_ref().and_then(|schema| Scope::compile("condition", schema).ok()),
    ) else {
        return Ok(value.to_owned());
    };
    for checked in scope.columns() {
        if let Err(problem) = checked.check(value) {
            let (column, value) = (column.field.clone(), value.to_owned());
            return Err(Error::NotOfType { why: checked.describe(problem, &value), column, value });
        }
    }
    Ok(Reading::of(field).map_or_else(|| value.to_owned(), |reading| reading.kept(value).into_owned()))
}

/// The columns of an export: those of the tables, or, where a store does not know its columns, those of the
/// configurations and then those that only records have.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn columns(deployment: &Deployment, selection: &Selection) -> Result<Arc<[ExportColumn]>> {
    let fields = with_deployed!(deployment, deployed => deployed.records().fields(selection).await?);
    let is_known = fields.iter().any(|(_, kind)| kind.is_some());
    let universe = selection.universe.as_deref();
    let configs = with_deployed!(deployment, deployed => active(deployed, universe).await?);
    let (listed, kinds) = configured(&selection.scope, &configs);
    let mut columns: Vec<ExportColumn> = if is_known { Vec::new() } else { listed };
    for (field, kind) in fields {
        if !columns.iter().any(|column| column.field == field) {
            let kind = kind.or(kinds.get(&field).copied()).unwrap_or_default();
            columns.push(ExportColumn { field, kind });
        }
    }
    Ok(columns.into())
}

/// The columns of these records: those of the schemas in their order, then those that only the records have.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn columns_of(
    deployment: &Deployment,
    selection: &Selection,
    records: &[StoredRecord],
) -> Result<Arc<[ExportColumn]>> {
    let universe = selection.universe.as_deref();
    let configs = with_deployed!(deployment, deployed => active(deployed, universe).await?);
    let (mut columns, kinds) = configured(&selection.scope, &configs);
    let fields: BTreeSet<&String> = records.iter().flat_map(|stored| stored.record.values.keys()).collect();
    for field in fields {
        if !columns.iter().any(|column| column.field == *field) {
            let kind = kinds.get(field).copied().unwrap_or_default();
            columns.push(ExportColumn { field: field.clone(), kind });
        }
    }
    Ok(columns.into())
}

/// The fields of a scope in the order of its schemas, and the types of these and of all that lines of other scopes bring.
fn configured(scope: &str, configs: &[Arc<Config>]) -> (Vec<ExportColumn>, BTreeMap<String, FieldType>) {
    let (mut listed, mut kinds) = (Vec::<ExportColumn>::new(), BTreeMap::new());
    let all: Vec<&Scopes> =
        std::iter::once(catalogue::scopes()).chain(configs.iter().map(|config| config.scopes())).collect();
    for scopes in all {
        for field in catalogue::schema(scope, scopes).iter().flat_map(|schema| &schema.fields) {
            match listed.iter_mut().find(|column| column.field == field.name) {
                // Text is what values of two types have in common.
                Some(column) if column.kind != field.kind => column.kind = FieldType::String,
                Some(_) => {}
                None => listed.push(ExportColumn { field: field.name.clone(), kind: field.kind }),
            }
        }
        kinds.extend(listed.iter().map(|column| (column.field.clone(), column.kind)));
        for column in Table::of(scope, scopes).into_iter().flat_map(|table| table.columns) {
            kinds.entry(column.field).or_insert(column.kind);
        }
    }
    (listed, kinds)
}
