//! What a person who writes a key means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewaiter::config::{Config, PhonePrefix};
use tidewaiter::record::{KEY_SEPARATOR, KeyForm, join_key};
use tidewaiter::schema::{OnExisting, TableSchema, catalogue};

/// What stands between the parts of a key where people read and write it.
pub(super) const BETWEEN: &str = " / ";

/// The key that a text names, for each universe: imports normalise keys, and a universe may say how.
#[derive(Debug, Default)]
pub(super) struct Keys {
    universes: BTreeMap<String, BTreeSet<String>>,
    /// The key in universes that have no configuration (any more).
    elsewhere: String,
}

impl Keys {
    pub(super) fn new(configs: &[Arc<Config>], scope: &str, text: &str) -> Self {
        let shipped = catalogue::scopes().get(scope);
        let elsewhere = shipped.map_or_else(|| text.to_owned(), |schema| key(schema, text, None));
        let mut universes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for config in configs {
            let Some(schema) = config.scopes().get(scope) else { continue };
            let own = config.entries().filter(|(entry, _)| entry.scope == scope);
            let mut prefixes: Vec<_> = own.map(|(_, options)| options.phone_prefix.as_ref()).collect();
            if prefixes.is_empty() {
                prefixes.push(config.settings().phone_prefix.as_ref());
            }
            let keys = universes.entry(config.universe().to_owned()).or_default();
            keys.extend(
                prefixes.into_iter().map(|prefix| key(schema, text, prefix.map(PhonePrefix::as_str))),
            );
        }
        Self { universes, elsewhere }
    }

    /// All keys that are meant in one universe or another.
    pub(super) fn all(&self) -> BTreeSet<&str> {
        let mut all: BTreeSet<&str> = self.universes.values().flatten().map(String::as_str).collect();
        if self.universes.is_empty() {
            all.insert(&self.elsewhere);
        }
        all
    }

    /// True if this key is meant in that universe.
    pub(super) fn names(&self, universe: &str, key: &str) -> bool {
        match self.universes.get(universe) {
            Some(keys) => keys.contains(key),
            None => self.elsewhere == key,
        }
    }
}

/// The columns of a scope's key, and whether one of them is enough.
pub(super) fn columns(schema: &TableSchema) -> (&[String], bool) {
    match &schema.primary_key[..] {
        [] => (&schema.identified_by, true),
        columns => (columns, false),
    }
}

/// The key that a text names: as an import would normalise it. A text that leaves out the last parts names
/// what all keys of these records begin with.
fn key(schema: &TableSchema, text: &str, prefix: Option<&str>) -> String {
    if text.contains(KEY_SEPARATOR) {
        return text.to_owned();
    }
    if schema.on_existing == OnExisting::Append {
        return match text.rsplit_once(BETWEEN) {
            Some((owner, own)) if own.contains('#') => join_key([owner, own].into_iter()),
            _ => text.to_owned(),
        };
    }
    let (columns, one_of) = columns(schema);
    let parts =
        if columns.len() > 1 && !one_of { text.splitn(columns.len(), BETWEEN).collect() } else { vec![text] };
    KeyForm::of(schema).key(parts.into_iter(), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_in(scope: &str, text: &str) -> String {
        key(&catalogue::scopes()[scope], text, Some("33"))
    }

    #[test]
    fn keys_are_normalised_as_imports_do() {
        assert_eq!(key_in("contacts", "Ana.Lopez@Example.ORG"), "ana.lopez@example.org");
        assert_eq!(key_in("contacts", "+33 6 12 34 56 78"), "33612345678");
        assert_eq!(key_in("contacts", "06 12 34 56 78"), "33612345678");
        assert_eq!(key_in("orders", "SO-1 / A"), "SO-1 / A", "a key of one part");
    }

    #[test]
    fn keys_of_several_parts_are_written_as_they_are_shown() {
        let day = "2026-01-31T00:00:00Z";
        let whole = format!("2990000000019\u{1f}{day}");
        assert_eq!(key_in("tierchange", &format!("2990000000019 / {day}")), whole);
        assert_eq!(key_in("tierchange", &whole), whole);
        assert_eq!(key_in("tierchange", "2990000000019"), "2990000000019");
        assert_eq!(key_in("ordersitems", "SO-1 / 01J#000000000002"), "SO-1\u{1f}01J#000000000002");
        assert_eq!(key_in("ordersitems", "SO / 1"), "SO / 1");
    }
}
