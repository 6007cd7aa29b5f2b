//! What the schemas of a configuration say about each other: every relation must lead to records that can
//! be found.
//!
//! The catalogue is sound (a test shows it), so each mistake here comes from the document, and is
//! reported there: at the relation, or at the added field that spoils one of the catalogue's.

use std::collections::{BTreeMap, BTreeSet};

use super::json::below;
use super::scopes::did_you_mean_scope;
use crate::{FieldSchema, FieldType, ForeignKey, OnExisting, Scopes, TableSchema};

mod writes;

use tidewaiter_model::mistake::{self, Mistake};
use writes::Written;

/// What the catalogue's part of a schema is, so that mistakes lead to the document's part.
#[derive(Default, Clone, Copy)]
pub(super) struct Shipped {
    pub(super) fields: usize,
    pub(super) foreign_keys: usize,
}

/// The scopes there are, and what of them the document wrote.
pub(super) struct Web<'a> {
    /// All that could be read.
    pub(super) scopes: &'a Scopes,
    /// The document's scopes, each with the catalogue's part of it.
    pub(super) document: BTreeMap<&'a str, Shipped>,
    /// Those of them that were read only in part. They are judged when all of it can be read.
    pub(super) unsound: BTreeSet<&'a str>,
}

impl Web<'_> {
    /// Reports every relation that leads nowhere, or where it must not.
    pub(super) fn check(&self, mistakes: &mut Vec<Mistake>) {
        let written = Written::of(self);
        for (name, schema) in self.scopes {
            if mistake::enough(mistakes) {
                return;
            }
            if self.unsound.contains(name.as_str()) {
                continue;
            }
            let path = below("scopes", name);
            let own = self.document.get(name.as_str());
            let shipped = own
                .copied()
                .unwrap_or(Shipped { fields: schema.fields.len(), foreign_keys: schema.foreign_keys.len() });
            // A scope of the catalogue can only be added to.
            let is_new = own.is_some() && shipped.fields == 0;
            if is_new {
                self.check_records(name, &path, schema, mistakes);
                self.check_gives_way(name, &path, schema, mistakes);
            }
            for (n, key) in schema.foreign_keys.iter().enumerate() {
                let at = n.checked_sub(shipped.foreign_keys).map(|n| format!("{path}.foreignKeys[{n}]"));
                if let Some(at) = &at {
                    self.check_reference(at, key, mistakes);
                }
                self.check_claims(name, at.as_deref(), n, key, &written, mistakes);
            }
            if let Some(adjusts) = &schema.adjusts {
                let at = is_new.then(|| format!("{path}.adjusts"));
                self.check_adjusts(schema, at.as_deref(), adjusts, mistakes);
            }
        }
    }

    /// The scope of this name. None if it is unknown, which is reported, or cannot be judged yet.
    fn find(&self, path: &str, name: &str, mistakes: &mut Vec<Mistake>) -> Option<&TableSchema> {
        if self.unsound.contains(name) {
            return None;
        }
        let found = self.scopes.get(name);
        if found.is_none() {
            let mut mistake = Mistake::new(path, format!("unknown scope {name:?}"));
            mistake.hint = did_you_mean_scope(name, self.scopes);
            mistakes.push(mistake);
        }
        found
    }

    /// The same, for a scope whose records are to be found by their key.
    fn find_keyed(&self, path: &str, name: &str, mistakes: &mut Vec<Mistake>) -> Option<&TableSchema> {
        let found = self.find(path, name, mistakes)?;
        if let Some(other) = found.records.as_ref().filter(|other| *other != name) {
            let message = format!("records of {name:?} are stored as {other:?}");
            mistakes.push(Mistake::new(path, message).with_hint(format!("name {other:?} instead")));
            return None;
        }
        if key(found).is_empty() || found.on_existing == OnExisting::Append {
            let message = format!("records of {name:?} have no key to refer to");
            mistakes.push(Mistake::new(path, message));
            return None;
        }
        Some(found)
    }

    fn check_records(&self, name: &str, path: &str, schema: &TableSchema, mistakes: &mut Vec<Mistake>) {
        let Some(records) = schema.records.as_ref().filter(|records| *records != name) else { return };
        let at = format!("{path}.records");
        let Some(target) = self.find_keyed(&at, records, mistakes) else { return };
        if key(target) != key(schema) {
            let message = format!("the key here is not that of {records:?}: {}", key(target).join(", "));
            mistakes.push(Mistake::new(at, message));
        } else if let Some(column) = differing_form(schema, target) {
            mistakes.push(other_form(&at, column, records));
        }
        for (n, column) in schema.alternate_keys.iter().enumerate() {
            let at = format!("{path}.alternateKeys[{n}]");
            match (field(target, column), field(schema, column)) {
                (None, _) => mistakes.push(no_field(&at, column, records)),
                (Some(there), Some(here)) if form(there) != form(here) => {
                    mistakes.push(other_form(&at, column, records));
                }
                _ => {}
            }
        }
    }

    fn check_gives_way(&self, name: &str, path: &str, schema: &TableSchema, mistakes: &mut Vec<Mistake>) {
        let Some(other) = &schema.gives_way_to else { return };
        let at = format!("{path}.givesWayTo");
        let Some(target) = self.find_keyed(&at, other, mistakes) else { return };
        if self.returns(name, other) {
            let message = format!("records of {name:?} cannot give way to themselves");
            mistakes.push(Mistake::new(at, message).with_hint("of two scopes only one gives way"));
        } else if key(target) != key(schema) || is_one_of(target) != is_one_of(schema) {
            let message = format!("the key here is not that of {other:?}: {}", key(target).join(", "));
            mistakes.push(Mistake::new(at, message));
        } else if let Some(column) = differing_form(schema, target) {
            mistakes.push(other_form(&at, column, other));
        }
    }

    /// True if giving way, from scope to scope, comes back to where it began.
    fn returns(&self, name: &str, first: &str) -> bool {
        let mut here = first;
        for _ in 0..=self.scopes.len() {
            if here == name {
                return true;
            }
            match self.scopes.get(here).and_then(|schema| schema.gives_way_to.as_deref()) {
                Some(next) => here = next,
                None => return false,
            }
        }
        false
    }

    fn check_reference(&self, at: &str, foreign: &ForeignKey, mistakes: &mut Vec<Mistake>) {
        let resource = &foreign.reference.resource;
        let Some(target) = self.find_keyed(&format!("{at}.reference.resource"), resource, mistakes) else {
            return;
        };
        let there = key(target);
        let named = &foreign.reference.fields;
        let one_of_them = is_one_of(target) && matches!(&named[..], [f] if there.contains(f));
        if !named.is_empty() && named != there && !one_of_them {
            let message = format!("a reference must use the key of {resource:?}: {}", there.join(", "));
            mistakes.push(Mistake::new(format!("{at}.reference.fields"), message));
        }
        let width = if is_one_of(target) { 1 } else { there.len() };
        if foreign.fields.len() != width {
            let message =
                format!("a reference to {resource:?} takes {width}, found {}", foreign.fields.len());
            mistakes.push(Mistake::new(format!("{at}.fields"), message));
        }
        let mut targets = vec![(resource, target)];
        for (n, other) in foreign.reference.or_in.iter().enumerate() {
            let at = format!("{at}.reference.orIn[{n}]");
            if targets.iter().any(|(known, _)| *known == other) {
                mistakes.push(Mistake::new(at, format!("{other:?} is named twice")));
                continue;
            }
            let Some(second) = self.find_keyed(&at, other, mistakes) else { continue };
            let forms = |schema: &TableSchema| -> Vec<_> {
                key(schema).iter().map(|column| field(schema, column).and_then(form)).map(owned).collect()
            };
            if is_one_of(second) != is_one_of(target) || forms(second) != forms(target) {
                let message = format!("keys of {other:?} have another format than those of {resource:?}");
                mistakes.push(Mistake::new(at, message));
            }
            targets.push((other, second));
        }
        for (n, column) in foreign.matching.iter().enumerate() {
            if let Some((name, _)) = targets.iter().find(|(_, schema)| field(schema, column).is_none()) {
                mistakes.push(no_field(&format!("{at}.matching[{n}]"), column, name));
            }
        }
    }

    /// The scopes that a reference leads to, as far as they can be judged.
    fn targets<'b>(&'b self, foreign: &'b ForeignKey) -> impl Iterator<Item = (&'b String, &'b TableSchema)> {
        std::iter::once(&foreign.reference.resource)
            .chain(&foreign.reference.or_in)
            .filter(|name| !self.unsound.contains(name.as_str()))
            .filter_map(|name| Some((name, self.scopes.get(name)?)))
    }
}

/// The columns that identify a record.
pub(super) fn key(schema: &TableSchema) -> &[String] {
    if schema.primary_key.is_empty() { &schema.identified_by } else { &schema.primary_key }
}

/// True if the first of the key's columns with a value is the key.
fn is_one_of(schema: &TableSchema) -> bool {
    schema.primary_key.is_empty()
}

fn field<'a>(schema: &'a TableSchema, name: &str) -> Option<&'a FieldSchema> {
    schema.fields.iter().find(|field| field.name == name)
}

/// The format by which two ways to write a value are the same one, if it is one of those.
fn form(field: &FieldSchema) -> Option<&str> {
    let format = field.format.as_deref().filter(|_| field.kind == FieldType::String);
    format.filter(|format| matches!(*format, "email" | "phone"))
}

fn owned(form: Option<&str>) -> Option<String> {
    form.map(str::to_owned)
}

/// The first column of two keys of the same columns that is not written alike in both.
fn differing_form<'a>(one: &'a TableSchema, other: &TableSchema) -> Option<&'a String> {
    let form = |schema, column: &str| field(schema, column).and_then(form).map(str::to_owned);
    key(one).iter().find(|column| form(one, column) != form(other, column))
}

fn other_form(at: &str, column: &str, scope: &str) -> Mistake {
    let mistake = Mistake::new(at, format!("`{column}` of {scope:?} has another format"));
    mistake.with_hint("a record is found only if both use the same format for its key")
}

fn no_field(at: &str, column: &str, scope: &str) -> Mistake {
    Mistake::new(at, format!("there is no field `{column}` in {scope:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn the_relations_of_the_catalogue_are_sound() {
        let scopes = catalogue::scopes();
        let document = scopes.keys().map(|name| (name.as_str(), Shipped::default())).collect();
        let mut mistakes = Vec::new();
        Web { scopes, document, unsound: BTreeSet::new() }.check(&mut mistakes);
        assert_eq!(mistakes, []);
    }
}
