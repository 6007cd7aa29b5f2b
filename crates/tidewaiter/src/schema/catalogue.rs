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

/// The names of the catalogue's scopes, in the order in which they are treated.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{OnExisting, RowEffect};

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
    fn every_record_has_a_key_or_is_appended() {
        for (name, schema) in scopes() {
            let keyed = !schema.primary_key.is_empty() || !schema.identified_by.is_empty();
            assert_eq!(keyed, schema.on_existing != OnExisting::Append, "{name}");
            assert!(schema.primary_key.is_empty() || schema.identified_by.is_empty(), "{name}");
        }
    }

    #[test]
    fn key_columns_are_required_or_one_of_them_is() {
        for (name, schema) in scopes() {
            for key in &schema.primary_key {
                let field = schema.fields.iter().find(|field| field.name == *key).expect(name);
                assert!(field.constraints.required, "{name}.{key}");
            }
            if !schema.identified_by.is_empty() {
                assert!(schema.require_any.contains(&schema.identified_by), "{name}");
            }
        }
    }

    #[test]
    fn deleting_and_adjusting_are_what_their_names_say() {
        assert_eq!(scopes()["deletecontacts"].row, RowEffect::Delete);
        assert_eq!(scopes()["deletecontacts"].records.as_deref(), Some("contacts"));
        assert_eq!(scopes()["creditpoints"].row, RowEffect::Adjust);
    }

    #[test]
    fn the_order_is_the_order_of_treatment() {
        assert!(names().eq(crate::order::SCOPE_ORDER));
    }
}
