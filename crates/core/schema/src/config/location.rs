//! Where the people behind addresses on the internet are: which columns are filled from which.

use schemars::JsonSchema;
use serde::Serialize;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::did_you_mean;

use super::ImportOptions;
use super::fields::Fields;
use crate::{FieldType, Merge, RowEffect, TableSchema};

const COUNTRY: &str = "country";
const CITY: &str = "city";

/// Fills the country and the city of lines from an IP address, where a line has none of its own. The operator brings the
/// database. If neither `country` nor `city` is given, both are filled, as far as the scope has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// The column with the IP address: IPv4 or IPv6.
    pub address: String,
    /// The column for the country, as two capital letters (ISO 3166-1).
    pub country: Option<String>,
    /// The column for the city, by its English name.
    pub city: Option<String>,
}

impl Location {
    /// The columns for the country and the city. A scope has both unless the answer says otherwise.
    pub fn filled<'a>(&'a self, schema: &TableSchema) -> (Option<&'a str>, Option<&'a str>) {
        let has = |name: &str| schema.fields.iter().any(|field| field.name == name);
        match (&self.country, &self.city) {
            (None, None) => (Some(COUNTRY).filter(|name| has(name)), Some(CITY).filter(|name| has(name))),
            (country, city) => (country.as_deref(), city.as_deref()),
        }
    }
}

/// Reads from which column which others are filled.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<Location> {
    fields.read_object("location", |fields| {
        let column = "the name of a column";
        let address = fields.read_required("address", column);
        let (country, city) = (fields.read(COUNTRY, column), fields.read(CITY, column));
        Some(Location { address: address?, country, city })
    })
}

/// Reports columns that lines of the scope do not have, and those that cannot be filled.
pub(super) fn check(
    path: &str,
    options: &ImportOptions,
    (scope, schema): (&str, &TableSchema),
    mistakes: &mut Vec<Mistake>,
) {
    let Some(location) = &options.location else { return };
    let path = format!("{path}.location");
    if schema.row != RowEffect::Upsert {
        let message = format!("lines of {scope:?} make no records, so there is nothing to fill");
        mistakes.push(Mistake::new(path, message).with_hint("remove `location`"));
        return;
    }
    mistakes.extend(check_text(&format!("{path}.address"), &location.address, (scope, schema)));
    let (country, city) = location.filled(schema);
    if country.is_none() && city.is_none() {
        let message = format!("lines of {scope:?} have neither a field `{COUNTRY}` nor a field `{CITY}`");
        let hint = "name the columns to fill in `country` and `city`";
        mistakes.push(Mistake::new(&path, message).with_hint(hint));
    }
    let mut taken = vec![location.address.as_str()];
    for (key, column) in [(COUNTRY, country), (CITY, city)] {
        let Some(column) = column else { continue };
        let at = format!("{path}.{key}");
        if taken.contains(&column) {
            let message = format!("`{column}` is named twice");
            mistakes.push(Mistake::new(at, message).with_hint("each of the columns is another one"));
            continue;
        }
        taken.push(column);
        let names_records = names_records(column, options, schema).then(|| {
            Mistake::new(&at, format!("records are found by `{column}`, so it is not filled from an address"))
                .with_hint("name another column")
        });
        mistakes.extend(check_text(&at, column, (scope, schema)).or(names_records));
    }
}

/// The mistake of a column that is not there, or holds no text.
fn check_text(path: &str, column: &str, (scope, schema): (&str, &TableSchema)) -> Option<Mistake> {
    let Some(field) = schema.fields.iter().find(|field| field.name == column) else {
        let mut mistake = Mistake::new(path, format!("lines of {scope:?} have no field `{column}`"));
        mistake.hint = did_you_mean(column, schema.fields.iter().map(|field| field.name.as_str()));
        return Some(mistake);
    };
    let is_text = field.kind == FieldType::String && field.merge != Merge::Lists;
    (!is_text).then(|| Mistake::new(path, format!("`{column}` of {scope:?} holds no text")))
}

/// True if records are found by the column: it is part of a key or of a reference, or an address of a subscription.
fn names_records(column: &str, options: &ImportOptions, schema: &TableSchema) -> bool {
    let references = schema.foreign_keys.iter().flat_map(|key| key.fields.iter().chain(&key.matching));
    let keys = schema.primary_key.iter().chain(&schema.identified_by).chain(&schema.alternate_keys);
    let made = schema.generated.iter().flat_map(|rule| [&rule.field, &rule.from]);
    let subscribed = options.subscriptions.iter().map(|one| &one.column);
    let matched = options.match_by.iter().map(super::match_by::MatchBy::column);
    let mut names = keys.chain(references).chain(made).chain(subscribed).map(String::as_str).chain(matched);
    names.any(|name| name == column)
}
