//! Finds the record that a written key means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewaiter::config::{Config, PhonePrefix};
use tidewaiter::record::{KEY_SEPARATOR, KeyForm, join_key};
use tidewaiter::schema::{OnExisting, TableSchema, catalogue};

/// What stands between the parts of a key where people read and write it.
pub const BETWEEN: &str = " / ";

/// A key whose parts are told apart by an invisible character, as people can read it.
pub fn shown_key(key: &str) -> String {
    key.replace(KEY_SEPARATOR, BETWEEN)
}

/// The key that a text names, for each universe: imports normalise keys, and a universe may say how.
#[derive(Debug, Default)]
pub(super) struct Keys {
    universes: BTreeMap<String, BTreeSet<String>>,
    /// The keys in universes that have no configuration (any more).
    elsewhere: BTreeSet<String>,
}

impl Keys {
    pub(super) fn new(configs: &[Arc<Config>], scope: &str, text: &str) -> Self {
        let shipped = catalogue::schema(scope, catalogue::scopes());
        let elsewhere = shipped.map_or_else(|| [text.to_owned()].into(), |schema| keys(schema, text, None));
        let mut universes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for config in configs {
            let Some(schema) = catalogue::schema(scope, config.scopes()) else { continue };
            let own = config.entries().filter(|(entry, _)| entry.scope == scope);
            let mut prefixes: Vec<_> = own.map(|(_, options)| options.phone_prefix.as_ref()).collect();
            if prefixes.is_empty() {
                prefixes.push(config.settings().phone_prefix.as_ref());
            }
            let named = universes.entry(config.universe().to_owned()).or_default();
            for prefix in prefixes {
                named.extend(keys(schema, text, prefix.map(PhonePrefix::as_str)));
            }
        }
        Self { universes, elsewhere }
    }

    /// All keys that are meant in one universe or another.
    pub(super) fn all(&self) -> BTreeSet<&str> {
        let mut all: BTreeSet<&str> = self.universes.values().flatten().map(String::as_str).collect();
        if self.universes.is_empty() {
            all.extend(self.elsewhere.iter().map(String::as_str));
        }
        all
    }

    /// True if this key is meant in that universe.
    pub(super) fn names(&self, universe: &str, key: &str) -> bool {
        match self.universes.get(universe) {
            Some(keys) => keys.contains(key),
            None => self.elsewhere.contains(key),
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

/// How many ways to cut a text into the parts of a key are looked at.
const CUTS: usize = 100;

/// The keys that a text may name, as an import would normalise them: several where its parts hold what stands between
/// parts. A text that leaves out the last parts names what all keys of these records begin with.
fn keys(schema: &TableSchema, text: &str, prefix: Option<&str>) -> BTreeSet<String> {
    if text.contains(KEY_SEPARATOR) {
        return [text.to_owned()].into();
    }
    if schema.on_existing == OnExisting::Append {
        return [match text.rsplit_once(BETWEEN) {
            Some((owner, own)) if own.contains('#') => join_key([owner, own].into_iter()),
            _ => text.to_owned(),
        }]
        .into();
    }
    let (columns, one_of) = columns(schema);
    let parts = if one_of { 1 } else { columns.len() };
    let key = |parts: Vec<&str>| KeyForm::of(schema).key(parts.into_iter(), prefix);
    cuts(text, parts.max(1)).into_iter().map(key).collect()
}

/// The ways to cut a text into so many parts, or into all there are if these are fewer.
fn cuts(text: &str, parts: usize) -> Vec<Vec<&str>> {
    let count = text.matches(BETWEEN).count() + 1;
    if parts <= 1 || count == 1 {
        return vec![vec![text]];
    }
    let mut all = Vec::new();
    for (at, _) in text.match_indices(BETWEEN) {
        let (Some(first), Some(rest)) = (text.get(..at), text.get(at + BETWEEN.len()..)) else { continue };
        let left = (parts - 1).min(count - 1);
        for mut cut in cuts(rest, left).into_iter().filter(|cut| cut.len() == left) {
            cut.insert(0, first);
            all.push(cut);
            if all.len() == CUTS {
                return all;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_in(scope: &str, text: &str) -> String {
        let mut found = keys(&catalogue::scopes()[scope], text, Some("33"));
        assert_eq!(found.len(), 1, "{found:?}");
        found.pop_first().unwrap_or_default()
    }

    #[test]
    fn parts_that_hold_what_stands_between_them_are_found_too() {
        let found = keys(&catalogue::scopes()["tierchange"], "x / y / z", None);
        assert_eq!(found, ["x\u{1f}y / z".to_owned(), "x / y\u{1f}z".to_owned()].into());
        assert_eq!(cuts("a / b", 3), [["a", "b"]]);
        assert_eq!(cuts("a / b / c / d", 3), [["a", "b", "c / d"], ["a", "b / c", "d"], ["a / b", "c", "d"]]);
        assert!(cuts(&"a / ".repeat(10_000), 3).len() <= CUTS);
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
