//! Reads Table Schemas key by key, so that each mistake is reported with its path.

use serde::Deserialize;
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;

use super::fields::{Fields, wrong_format};
use super::scopes::Addition;
use crate::bounds;
use crate::{
    Adjusts, Constraints, FieldSchema, FieldType, ForeignKey, Generated, Merge, OnExisting, Reference,
    RowEffect, TableSchema,
};

const TYPES: [&str; 9] =
    ["string", "integer", "number", "boolean", "date", "datetime", "time", "year", "yearmonth"];
const TEXT: &str = "a text";
const NAMES: &str = "a list of column names";
const NAME: &str = "the name of a column";
const THERE: &str = "the name of a column of the record referred to";

/// Reads a whole schema. `None` if it is no object; otherwise what could be read of it.
pub(super) fn table_schema(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<TableSchema> {
    let mut fields = Fields::open(path, value, mistakes)?;
    let mut schema = TableSchema {
        title: fields.read("title", TEXT),
        description: fields.read("description", TEXT),
        fields: Vec::new(),
        primary_key: fields.read_texts("primaryKey", NAMES, &bounds::COLUMNS).unwrap_or_default(),
        identified_by: fields.read_texts("identifiedBy", NAMES, &bounds::COLUMNS).unwrap_or_default(),
        records: fields.read("records", "the name of a scope"),
        alternate_keys: fields.read_texts("alternateKeys", NAMES, &bounds::COLUMNS).unwrap_or_default(),
        matched: Vec::new(),
        generated: fields.read_object("generated", generated),
        foreign_keys: foreign_keys(&mut fields),
        gives_way_to: fields.read("givesWayTo", "the name of a scope"),
        adjusts: fields.read_object("adjusts", adjusts),
        missing_values: vec![String::new()],
        require_any: fields
            .read_list(
                "requireAny",
                "a list of lists of column names",
                &bounds::SETS,
                |path, value, mistakes| names(path, &value, mistakes),
            )
            .unwrap_or_default(),
        on_existing: fields
            .read_word::<OnExisting>("onExisting", &["merge", "replace", "keep", "append"])
            .unwrap_or_default(),
        row: fields.read_word::<RowEffect>("row", &["upsert", "delete", "adjust"]).unwrap_or_default(),
    };
    if let Some(texts) = fields.read_texts("missingValues", "a list of texts", &bounds::WORDS) {
        schema.missing_values = texts;
    }
    if !fields.has("fields") {
        fields.missing("fields", "a list of fields");
    }
    schema.fields = columns(&mut fields).unwrap_or_default();
    fields.finish();
    Some(schema)
}

fn generated(fields: &mut Fields<'_>) -> Option<Generated> {
    let field = fields.read_required("field", NAME);
    let from = fields.read_required("from", NAME);
    Some(Generated { field: field?, from: from? })
}

fn adjusts(fields: &mut Fields<'_>) -> Option<Adjusts> {
    let resource = fields.read_required("resource", "the name of a scope");
    let add = fields.read_pairs("add", THERE, &bounds::ADJUSTED);
    let set = fields.read_pairs("set", THERE, &bounds::ADJUSTED);
    let latest = fields.read("latest", NAME);
    Some(Adjusts { resource: resource?, add, set, latest })
}

/// Reads what is added to a scope of the catalogue.
pub(super) fn addition(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Addition {
    let Some(mut fields) = Fields::open(path, value, mistakes) else { return Addition::default() };
    let columns = columns(&mut fields).unwrap_or_default();
    let addition = Addition { fields: columns, foreign_keys: foreign_keys(&mut fields) };
    fields.finish();
    addition
}

/// One of several lists of column names.
fn names(path: &str, value: &Value, mistakes: &mut Vec<Mistake>) -> Option<Vec<String>> {
    let beyond = value.as_array().and_then(|names| bounds::COLUMNS.check(path, names.len()));
    let is_beyond = beyond.is_some();
    mistakes.extend(beyond);
    if is_beyond {
        return None;
    }
    let names = Vec::deserialize(value).ok();
    if names.is_none() {
        mistakes.push(wrong_format(path, "requireAny", NAMES, value));
    }
    names
}

fn columns(fields: &mut Fields<'_>) -> Option<Vec<FieldSchema>> {
    fields.read_list("fields", "a list of fields", &bounds::FIELDS, column)
}

fn column(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<FieldSchema> {
    let mut fields = Fields::open(path, value, mistakes)?;
    let name = fields.read_required("name", NAME);
    let field = FieldSchema {
        name: name.unwrap_or_default(),
        kind: fields.read_word::<FieldType>("type", &TYPES).unwrap_or_default(),
        format: fields.read_text("format", TEXT, &bounds::FORMAT_BYTES),
        title: fields.read("title", TEXT),
        description: fields.read("description", TEXT),
        example: fields.read("example", TEXT),
        constraints: match fields.take("constraints") {
            Some(value) => constraints(&fields.at("constraints"), value, fields.mistakes),
            None => Constraints::default(),
        },
        merge: fields.read_word::<Merge>("merge", &["replace", "lists"]).unwrap_or_default(),
        true_values: fields.read_texts("trueValues", "a list of texts", &bounds::WORDS).unwrap_or_default(),
        false_values: fields.read_texts("falseValues", "a list of texts", &bounds::WORDS).unwrap_or_default(),
    };
    fields.finish();
    Some(field)
}

fn constraints(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Constraints {
    let Some(mut fields) = Fields::open(path, value, mistakes) else { return Constraints::default() };
    let constraints = Constraints {
        required: fields.read("required", "true or false").unwrap_or_default(),
        min_length: fields.read("minLength", "a whole number from 0"),
        max_length: fields.read("maxLength", "a whole number from 0"),
        minimum: fields.read("minimum", "a number or a text"),
        maximum: fields.read("maximum", "a number or a text"),
        pattern: fields.read_text("pattern", "a regular expression", &bounds::PATTERN_BYTES),
        one_of: fields.read_texts("enum", "a list of texts", &bounds::ENUM),
    };
    fields.finish();
    constraints
}

fn foreign_keys(fields: &mut Fields<'_>) -> Vec<ForeignKey> {
    fields
        .read_list("foreignKeys", "a list of references", &bounds::REFERENCES, foreign_key)
        .unwrap_or_default()
}

fn foreign_key(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<ForeignKey> {
    let mut fields = Fields::open(path, value, mistakes)?;
    if !fields.has("fields") {
        fields.missing("fields", NAMES);
    }
    let columns = fields.read_texts("fields", NAMES, &bounds::COLUMNS);
    if !fields.has("reference") {
        fields.missing("reference", "an object with the `resource` that is referred to");
    }
    let there = fields.take("reference");
    let reference = there.and_then(|value| reference(&fields.at("reference"), value, fields.mistakes));
    let dependent = fields.read("dependent", "true or false").unwrap_or_default();
    let matching = fields.read_texts("matching", NAMES, &bounds::COLUMNS).unwrap_or_default();
    let claims = fields.read("claims", THERE);
    fields.finish();
    Some(ForeignKey { fields: columns?, reference: reference?, dependent, matching, claims })
}

fn reference(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<Reference> {
    let mut fields = Fields::open(path, value, mistakes)?;
    let resource = fields.read_required("resource", "the name of a scope");
    let columns = fields.read_texts("fields", NAMES, &bounds::COLUMNS).unwrap_or_default();
    let or_in = fields.read_texts("orIn", "a list of scopes", &bounds::OR_IN).unwrap_or_default();
    fields.finish();
    Some(Reference { resource: resource?, fields: columns, or_in })
}
