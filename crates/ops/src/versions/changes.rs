//! What one configuration changes of another, by JSON path.

use serde::Serialize;
use serde_json::Value;

/// How deep an import lies: in its universe and its scope.
const IMPORT_DEPTH: usize = 3;
/// How deep a setting or a scope of one's own lies.
const MEMBER_DEPTH: usize = 2;

/// What a configuration changes of another. Paths are those that its mistakes are told with, such as
/// `shop.contacts.crm` of an import, `shop.contacts.crm.policy` of an option and `settings.phone_prefix`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// What is new: imports, options, settings and scopes.
    pub added: Vec<String>,
    /// What is gone.
    pub removed: Vec<String>,
    /// What is otherwise.
    pub changed: Vec<String>,
}

impl Changes {
    /// True if both say the same; they may be laid out otherwise.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Returns what a document changes of another one, if there is one. None if one of them is not JSON: it was changed
    /// by hand.
    pub(super) fn between(universe: &str, before: Option<&[u8]>, after: &[u8]) -> Option<Self> {
        let read = |document: &[u8]| serde_json::from_slice::<Value>(document).ok();
        let before = match before {
            Some(before) => read(before)?,
            None => Value::Object(serde_json::Map::new()),
        };
        let mut changes = Self::default();
        changes.compare(universe, "", &before, &read(after)?, 0);
        Some(changes)
    }

    fn compare(&mut self, universe: &str, path: &str, before: &Value, after: &Value, depth: usize) {
        if before == after {
            return;
        }
        // An option is told as a whole, whatever it holds.
        let (Value::Object(old), Value::Object(new), true) = (before, after, depth <= IMPORT_DEPTH) else {
            self.changed.push(path.to_owned());
            return;
        };
        for (name, value) in new {
            let at = joined(path, name);
            match old.get(name) {
                Some(before) => self.compare(universe, &at, before, value, depth + 1),
                None => tell(&mut self.added, universe, &at, value, depth + 1),
            }
        }
        for (name, value) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            tell(&mut self.removed, universe, &joined(path, name), value, depth + 1);
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Adds the path of a value; of a universe or a scope in it, those of its imports.
fn tell(paths: &mut Vec<String>, universe: &str, path: &str, value: &Value, depth: usize) {
    let is_of_universe = path.split('.').next() == Some(universe);
    let whole = if is_of_universe { IMPORT_DEPTH } else { MEMBER_DEPTH };
    match value {
        Value::Object(members) if depth < whole && !members.is_empty() => {
            for (name, value) in members {
                tell(paths, universe, &joined(path, name), value, depth + 1);
            }
        }
        _ => paths.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &str, after: &str) -> Option<Changes> {
        Changes::between("shop", Some(before.as_bytes()), after.as_bytes())
    }

    #[test]
    fn what_changes_is_told_by_its_path() {
        let before = r#"{ "shop": { "contacts": { "crm": { "policy": "strict" }, "web": {} }, "orders": { "a": {} } },
            "settings": { "phone_prefix": "33" } }"#;
        let after = r#"{ "shop": { "contacts": { "crm": { "mode": "create", "policy": { "max_rejected": 1 } } },
            "stores": { "a": {}, "b": {} } }, "settings": { "phone_prefix": "44" },
            "scopes": { "visits": { "fields": [] } } }"#;
        let changes = between(before, after).unwrap();
        assert_eq!(
            changes.added,
            ["shop.contacts.crm.mode", "shop.stores.a", "shop.stores.b", "scopes.visits"]
        );
        assert_eq!(changes.removed, ["shop.contacts.web", "shop.orders.a"]);
        assert_eq!(changes.changed, ["shop.contacts.crm.policy", "settings.phone_prefix"]);
    }

    #[test]
    fn what_is_only_laid_out_otherwise_changes_nothing() {
        let changes = between(
            r#"{"shop":{"contacts":{}},"settings":{}}"#,
            r#"{ "settings": {}, "shop": {"contacts":{}} }"#,
        );
        assert!(changes.unwrap().is_empty());
    }

    #[test]
    fn the_first_one_adds_its_imports_and_what_is_no_document_is_not_compared() {
        let first = Changes::between("shop", None, br#"{ "shop": { "contacts": { "crm": {} } } }"#).unwrap();
        assert_eq!(first.added, ["shop.contacts.crm"]);
        assert_eq!(between("{", "{}"), None);
        assert_eq!(between("{}", "[]").unwrap().changed, [""]);
    }
}
