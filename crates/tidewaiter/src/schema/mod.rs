//! Scopes as Table Schemas.
//!
//! A scope says what a kind of record looks like: a Frictionless Table Schema (fields, types,
//! constraints, primaryKey, foreignKeys, missingValues) and, besides, what importing needs to know.
//! The catalogue that ships with the software is in [`catalogue`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod catalogue;
pub mod compile;

/// A Table Schema with tidewaiter's additions, as it is written in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableSchema {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What a record of this scope is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The columns a file may have. Their order in the file is free.
    pub fields: Vec<FieldSchema>,
    /// The columns that identify a record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    /// The first of these columns with a value on the line is the record's key. Takes the place of
    /// `primaryKey` where no single column always has a value: `["email", "cellphone"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identified_by: Vec<String>,
    /// The scope whose records the lines change, if it is not this one: lines of `deletecontacts`
    /// delete `contacts`. The key columns are the same there and here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// What a record refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// The texts that mean "no value"; an empty cell unless said otherwise.
    #[serde(default = "empty_text", skip_serializing_if = "is_empty_text")]
    pub missing_values: Vec<String>,
    /// Sets of columns of which each line must fill at least one: `[["email", "cellphone"]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require_any: Vec<Vec<String>>,
    /// What happens when a record of the same key exists.
    #[serde(default)]
    pub on_existing: OnExisting,
    /// What a line does.
    #[serde(default)]
    pub row: RowEffect,
}

/// One column of a scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldSchema {
    /// The name, as it stands in the header.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type", default)]
    pub kind: FieldType,
    /// The form of its values, by type: `email`, `uri`, `uuid`, `phone` for strings; a strptime pattern such as `%d/%m/%Y` for dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the column holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A value as it may stand in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What its values must fulfil.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// The texts that mean true, for booleans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub true_values: Vec<String>,
    /// The texts that mean false, for booleans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub false_values: Vec<String>,
}

/// The types a column may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Any text.
    #[default]
    String,
    /// A whole number: `-12`.
    Integer,
    /// A decimal number with a point, no thousands separator, `-` only for negative: `-12.50`.
    Number,
    /// `true`, `True`, `TRUE`, `1` and `false`, `False`, `FALSE`, `0`, unless the field says otherwise.
    Boolean,
    /// `2026-01-31`, unless the field's format says otherwise.
    Date,
    /// `2026-01-31T13:45:00Z` or with an offset or without; `T` or one space.
    Datetime,
    /// `13:45:00`.
    Time,
    /// `2026`.
    Year,
    /// `2026-01`.
    Yearmonth,
}

/// What the values of a column must fulfil.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Constraints {
    /// The column must be in the header and have a value on each line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The least number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// The greatest number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// The least value, written as it would stand in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Bound>,
    /// The greatest value, written as it would stand in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Bound>,
    /// A regular expression that the whole value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The only values allowed.
    #[serde(rename = "enum", default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
}

impl Constraints {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A bound: a number, or a text such as a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Bound {
    /// A number.
    Number(serde_json::Number),
    /// A text: a date, a time, or a number written as text.
    Text(String),
}

/// A reference to a record of another scope, in the same universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The columns here.
    pub fields: Vec<String>,
    /// What they refer to.
    pub reference: Reference,
}

/// The other side of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The scope that is referred to.
    pub resource: String,
    /// The columns there: its primary key, or the columns it is identified by. May be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What happens when a line names the key of a record that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnExisting {
    /// The line's values are merged into the record.
    #[default]
    Merge,
    /// The line takes the record's place.
    Replace,
    /// The record stays, the line is another one: it has no key of its own.
    Append,
}

/// What a line does to the records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowEffect {
    /// Creates or changes a record.
    #[default]
    Upsert,
    /// Deletes a record.
    Delete,
    /// Adjusts a balance, once and only once.
    Adjust,
}

fn empty_text() -> Vec<String> {
    vec![String::new()]
}

fn is_empty_text(values: &[String]) -> bool {
    matches!(values, [only] if only.is_empty())
}

/// Schemas by the name of their scope.
pub type Scopes = BTreeMap<String, TableSchema>;
