//! Scopes as Table Schemas.
//!
//! A scope says what a kind of record looks like: a Frictionless Table Schema (fields, types,
//! constraints, primaryKey, foreignKeys, missingValues) and, besides, what importing needs to know.
//! The catalogue that ships with the software is in [`catalogue`]. What a universe configures is in [`config`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod bounds;
pub mod catalogue;
pub mod compile;
pub mod config;

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
    #[schemars(length(max = bounds::FIELDS.most))]
    pub fields: Vec<FieldSchema>,
    /// The columns that identify a record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub primary_key: Vec<String>,
    /// The first of these columns with a value on the line is the record's key. Takes the place of
    /// `primaryKey` where no single column always has a value: `["email", "cellphone"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub identified_by: Vec<String>,
    /// The scope whose records the lines change, if it is not this one: lines of `deletecontacts`
    /// delete `contacts`. The key columns are the same there and here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// Columns by which a configuration may have records matched instead of by their key (`match_by`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub alternate_keys: Vec<String>,
    /// Columns by which imports of the configuration match records, besides these. No document says it here.
    #[serde(skip)]
    pub matched: Vec<String>,
    /// How a key is made for a line that leaves its key column empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// What a record refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::REFERENCES.most))]
    pub foreign_keys: Vec<ForeignKey>,
    /// The scope whose record of the same key takes this record's place: a cart goes when its order comes,
    /// and none is made when the order is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_way_to: Option<String>,
    /// What a line does to the record it refers to, where `row` is `adjust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusts: Option<Adjusts>,
    /// The texts that mean "no value"; an empty cell unless said otherwise.
    #[serde(default = "empty_text", skip_serializing_if = "is_empty_text")]
    #[schemars(length(max = bounds::WORDS.most))]
    pub missing_values: Vec<String>,
    /// Sets of columns of which each line must fill at least one: `[["email", "cellphone"]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::SETS.most), inner(length(max = bounds::COLUMNS.most)))]
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
    #[schemars(length(max = bounds::FORMAT_BYTES.most))]
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
    /// How its values are put together with those of a record that exists.
    #[serde(default, skip_serializing_if = "Merge::is_replace")]
    pub merge: Merge,
    /// The texts that mean true, for booleans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::WORDS.most))]
    pub true_values: Vec<String>,
    /// The texts that mean false, for booleans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::WORDS.most))]
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

/// How the value of a cell is put together with the value that a record has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// It takes its place.
    #[default]
    Replace,
    /// Both are numbers of lists. The cell names lists to join and, behind a minus sign, lists to leave:
    /// `5 -2`. The record holds those it is in, in ascending order: `1 5`.
    Lists,
}

impl Merge {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_replace(&self) -> bool {
        *self == Self::Replace
    }
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
    #[schemars(length(max = bounds::PATTERN_BYTES.most))]
    pub pattern: Option<String>,
    /// The only values allowed.
    #[serde(rename = "enum", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::ENUM.most))]
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
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub fields: Vec<String>,
    /// What they refer to.
    pub reference: Reference,
    /// True if records belong to the one they refer to: they go when it is replaced or removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dependent: bool,
    /// Columns that hold the same here and in the record that is referred to, under the same names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub matching: Vec<String>,
    /// The column of the record referred to in which the key of the referring record is noted. Only one
    /// record may refer to it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

/// The other side of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The scope that is referred to.
    pub resource: String,
    /// The columns there: its primary key, or the columns it is identified by. May be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::COLUMNS.most))]
    pub fields: Vec<String>,
    /// Other scopes in which the record may be found, with keys of the same kind; looked at in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "orIn")]
    #[schemars(length(max = bounds::OR_IN.most))]
    pub or_in: Vec<String>,
}

/// How the key of a record is made when a line leaves it out: an EAN-13 in the range for use inside a
/// company (it begins with 2), derived from another column. The same value always gives the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// The column that is filled: the whole primary key.
    pub field: String,
    /// The column it is derived from. It must be required.
    pub from: String,
}

/// What a line does to a record of another scope: the one that a foreign key of this scope leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjusts {
    /// The scope of that record; one foreign key leads there.
    pub resource: String,
    /// Whole numbers to add: the column here, and the column there that holds the sum.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = bounds::ADJUSTED.most))]
    pub add: BTreeMap<String, String>,
    /// Values to put: the column here, and the column there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = bounds::ADJUSTED.most))]
    pub set: BTreeMap<String, String>,
    /// A column of `set` with a date: values are only put if it is not before the one that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
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
    /// The record stays as it is, and the line does nothing.
    Keep,
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
    /// Creates or changes a record, and adjusts the one it refers to, once and only once.
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
