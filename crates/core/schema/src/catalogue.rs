//! The scopes that ship with the software, one Table Schema file each.
//!
//! They stand in JSON files because that is how partners and editors read schemas; a test proves
//! that each of them parses and compiles.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Scopes, TableSchema};

/// The files, embedded, in the order in which scopes are treated.
const FILES: [(&str, &str); 15] = [
    ("contacts", include_str!("catalogue/contacts.json")),
    ("stores", include_str!("catalogue/stores.json")),
    ("products", include_str!("catalogue/products.json")),
    ("orders", include_str!("catalogue/orders.json")),
    ("abandonedcarts", include_str!("catalogue/abandonedcarts.json")),
    ("ordersitems", include_str!("catalogue/ordersitems.json")),
    ("batch", include_str!("catalogue/batch.json")),
    ("cardcode", include_str!("catalogue/cardcode.json")),
    ("earnreward", include_str!("catalogue/earnreward.json")),
    ("burnreward", include_str!("catalogue/burnreward.json")),
    ("creditpoints", include_str!("catalogue/creditpoints.json")),
    ("deletecontacts", include_str!("catalogue/deletecontacts.json")),
    ("events", include_str!("catalogue/events.json")),
    ("tierchange", include_str!("catalogue/tierchange.json")),
    ("masterreward", include_str!("catalogue/masterreward.json")),
];

/// The scope whose records imports subscribe.
pub const CONTACTS: &str = "contacts";

/// The name of the table of subscriptions. No scope of a configuration has it.
pub const SUBSCRIPTIONS: &str = "subscriptions";

static SUBSCRIPTIONS_SCHEMA: LazyLock<Option<TableSchema>> =
    LazyLock::new(|| parse(include_str!("catalogue/subscriptions.json")).ok());

static SCOPES: LazyLock<Scopes> = LazyLock::new(|| {
    // A file that does not parse cannot leave the house: the test below reads each of them.
    let parsed = FILES.iter().filter_map(|(name, text)| Some(((*name).to_owned(), parse(text).ok()?)));
    parsed.collect::<BTreeMap<_, _>>()
});

fn parse(text: &str) -> Result<TableSchema, serde_json::Error> {
    serde_json::from_str(text)
}

/// The schemas of the catalogue by the name of their scope.
pub fn scopes() -> &'static Scopes {
    &SCOPES
}

/// The schema of the records of this name, among the scopes of a configuration: one of these, or that of the
/// subscriptions, into which no file is imported.
pub fn schema<'a>(name: &str, scopes: &'a Scopes) -> Option<&'a TableSchema> {
    match name {
        SUBSCRIPTIONS => SUBSCRIPTIONS_SCHEMA.as_ref(),
        name => scopes.get(name),
    }
}

/// The names of the catalogue's scopes, in the order in which they are treated.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldSchema, OnExisting, RowEffect};

    fn field<'a>(schema: &'a TableSchema, name: &str) -> Option<&'a FieldSchema> {
        schema.fields.iter().find(|field| field.name == name)
    }

    #[test]
    fn every_file_parses_and_describes_each_column() {
        for (name, text) in FILES {
            let schema = parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(schema.title.is_some() && schema.description.is_some(), "{name}");
            for field in &schema.fields {
                assert!(field.description.is_some() && field.example.is_some(), "{name}.{}", field.name);
            }
        }
        assert_eq!(scopes().len(), FILES.len());
    }

    #[test]
    fn the_table_of_subscriptions_is_known_and_no_file_is_imported_into_it() {
        let schema = schema(SUBSCRIPTIONS, scopes()).unwrap();
        assert!(schema.fields.iter().all(|field| field.description.is_some() && field.example.is_some()));
        assert_eq!(schema.primary_key, ["resource", "channel", "address"]);
        assert!(!scopes().contains_key(SUBSCRIPTIONS));
    }

    #[test]
    fn every_record_has_a_key_or_is_appended() {
        for (name, schema) in scopes() {
            let keyed = !schema.primary_key.is_empty() || !schema.identified_by.is_empty();
            assert_eq!(keyed, schema.on_existing != OnExisting::Append, "{name}");
            assert!(schema.primary_key.is_empty() || schema.identified_by.is_empty(), "{name}");
        }
    }

    #[test]
    fn key_columns_are_required_unless_a_key_is_made() {
        for (name, schema) in scopes() {
            let made = schema.generated.as_ref().map(|rule| &rule.field);
            for key in schema.primary_key.iter().filter(|key| Some(*key) != made) {
                assert!(field(schema, key).expect(name).constraints.required, "{name}.{key}");
            }
        }
    }

    #[test]
    fn a_line_that_makes_a_contact_has_an_address_or_a_cellphone() {
        let contacts = &scopes()["contacts"];
        assert_eq!(contacts.identified_by, ["email", "cellphone"]);
        assert_eq!(contacts.require_any, [["email", "cellphone"]]);
        // A line that deletes one may name it by nothing but its customer_key.
        assert!(scopes()["deletecontacts"].require_any.is_empty());
        for key in &scopes()["deletecontacts"].alternate_keys {
            assert!(contacts.alternate_keys.contains(key), "{key}");
        }
    }

    #[test]
    fn every_relation_leads_somewhere() {
        for (name, schema) in scopes() {
            let here = |column: &String| assert!(field(schema, column).is_some(), "{name}.{column}");
            let there = |scope: &String| scopes().get(scope).unwrap_or_else(|| panic!("{name}: {scope}"));
            for key in &schema.foreign_keys {
                key.fields.iter().for_each(here);
                for scope in std::iter::once(&key.reference.resource).chain(&key.reference.or_in) {
                    let target = there(scope);
                    assert!(target.records.is_none() && target.on_existing != OnExisting::Append, "{name}");
                    let columns = key.reference.fields.iter().chain(&key.matching);
                    columns.for_each(|column| assert!(field(target, column).is_some(), "{name}: {column}"));
                    // No file can claim a reward by writing its record.
                    assert!(key.claims.iter().all(|column| field(target, column).is_none()), "{name}");
                }
            }
            for scope in schema.records.iter().chain(&schema.gives_way_to) {
                let target = there(scope);
                assert_eq!(target.primary_key, schema.primary_key, "{name}");
                assert_eq!(target.identified_by, schema.identified_by, "{name}");
            }
            if let Some(adjusts) = &schema.adjusts {
                let mut keys =
                    schema.foreign_keys.iter().filter(|key| key.reference.resource == adjusts.resource);
                assert!(keys.next().is_some() && keys.next().is_none(), "{name}");
                adjusts.add.keys().chain(adjusts.set.keys()).chain(&adjusts.latest).for_each(here);
                // A sum is nothing that a file can set.
                let sums = there(&adjusts.resource);
                assert!(adjusts.add.values().all(|column| field(sums, column).is_none()), "{name}");
            }
            if let Some(rule) = &schema.generated {
                here(&rule.from);
                assert_eq!(schema.primary_key, std::slice::from_ref(&rule.field), "{name}");
            }
        }
    }

    #[test]
    fn deleting_and_adjusting_are_what_their_names_say() {
        for (name, schema) in scopes() {
            let row = match name.as_str() {
                "deletecontacts" => RowEffect::Delete,
                "creditpoints" | "tierchange" => RowEffect::Adjust,
                _ => RowEffect::Upsert,
            };
            assert_eq!(schema.row, row, "{name}");
        }
        assert_eq!(scopes()["deletecontacts"].records.as_deref(), Some("contacts"));
    }

    #[test]
    fn the_order_is_the_order_of_treatment() {
        assert!(names().eq(tidewaiter_model::order::SCOPE_ORDER));
    }
}
