//! Scopes of a configuration's own: whole Table Schemas, or fields added to one of the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
use super::json::below;
use super::table;
use crate::mistake::Mistake;
use crate::name::{did_you_mean, is_part};
use crate::schema::compile::Scope;
use crate::schema::{FieldSchema, ForeignKey, Scopes, TableSchema, catalogue};

/// What a configuration may add to a scope of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Addition {
    /// More columns. They may not have the name of one that is there.
    pub fields: Vec<FieldSchema>,
    /// What these columns refer to.
    pub foreign_keys: Vec<ForeignKey>,
}

/// The scopes of a configuration: those of the catalogue, with its own additions.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub(super) schemas: Scopes,
    pub(super) compiled: BTreeMap<String, Arc<Scope>>,
    /// The scopes the document adds or changes: judged once, whether imports use them or not.
    own: BTreeSet<String>,
}

/// What the catalogue's part of a schema is, so that mistakes lead to the document's part.
#[derive(Default, Clone, Copy)]
struct Shipped {
    fields: usize,
    foreign_keys: usize,
}

impl Merged {
    /// Reads the `scopes` of a document and checks every scope: those it adds and those it changes.
    pub(super) fn read(value: Option<Value>, mistakes: &mut Vec<Mistake>) -> Self {
        let mut schemas = catalogue::scopes().clone();
        let mut compiled = BTreeMap::new();
        let document = match value {
            Some(value) => Fields::open("scopes", value, mistakes).map(Fields::rest),
            None => None,
        };
        let mut own = BTreeSet::new();
        let mut changed = Vec::new();
        for (name, value) in document.unwrap_or_default() {
            let path = below("scopes", &name);
            if !is_part(&name) {
                mistakes.push(super::bad_name(&path, &name));
            }
            own.insert(name.clone());
            let before = mistakes.len();
            let shipped = match schemas.get_mut(&name) {
                Some(schema) => add(&path, value, schema, mistakes),
                None => match table::table_schema(&path, value, mistakes) {
                    Some(schema) => {
                        schemas.insert(name.clone(), schema);
                        Shipped::default()
                    }
                    None => continue,
                },
            };
            changed.push((name, shipped, mistakes.len() == before));
        }
        for (name, shipped, sound) in changed {
            let Some(schema) = schemas.get(&name) else { continue };
            // A schema that was read only in part is judged when all of it can be read.
            if !sound {
                continue;
            }
            check_references(&name, schema, &schemas, shipped, mistakes);
            match Scope::compile(&name, schema) {
                Ok(scope) => {
                    compiled.insert(name, Arc::new(scope));
                }
                Err(found) => mistakes.extend(found.into_iter().map(|m| placed(&name, m, shipped))),
            }
        }
        Self { schemas, compiled, own }
    }

    /// True for every scope there is, also for one the document defines badly.
    pub(super) fn knows(&self, scope: &str) -> bool {
        self.own.contains(scope) || self.schemas.contains_key(scope)
    }

    /// Compiles a scope of the catalogue that imports use, if that has not been done.
    pub(super) fn compile(&mut self, name: &str, mistakes: &mut Vec<Mistake>) {
        if self.own.contains(name) || self.compiled.contains_key(name) {
            return;
        }
        let Some(schema) = self.schemas.get(name) else { return };
        match Scope::compile(name, schema) {
            Ok(scope) => {
                self.compiled.insert(name.to_owned(), Arc::new(scope));
            }
            Err(found) => mistakes.extend(found.into_iter().map(|m| placed(name, m, Shipped::default()))),
        }
    }
}

/// Advice for a scope that does not exist.
pub(super) fn did_you_mean_scope(name: &str, scopes: &Scopes) -> Option<String> {
    did_you_mean(name, scopes.keys().map(String::as_str))
}

/// Adds fields to a scope of the catalogue; says how many there were before.
fn add(path: &str, value: Value, schema: &mut TableSchema, mistakes: &mut Vec<Mistake>) -> Shipped {
    let shipped = Shipped { fields: schema.fields.len(), foreign_keys: schema.foreign_keys.len() };
    let addition = table::addition(path, value, mistakes);
    for (n, field) in addition.fields.into_iter().enumerate() {
        let known = schema.fields.iter().take(shipped.fields).any(|there| there.name == field.name);
        if known {
            let message = format!("the catalogue already has a field {:?} in this scope", field.name);
            mistakes.push(
                Mistake::new(format!("{path}.fields[{n}].name"), message)
                    .with_hint("fields can be added under another name, not changed"),
            );
        }
        schema.fields.push(field);
    }
    schema.foreign_keys.extend(addition.foreign_keys);
    shipped
}

/// A mistake found in a merged schema, at its place in the document.
fn placed(scope: &str, mut mistake: Mistake, shipped: Shipped) -> Mistake {
    for (list, before) in [("fields[", shipped.fields), ("foreignKeys[", shipped.foreign_keys)] {
        let Some((number, rest)) = mistake.path.strip_prefix(list).and_then(|path| path.split_once(']'))
        else {
            continue;
        };
        if let Ok(number) = number.parse::<usize>() {
            mistake.path = format!("{list}{}]{rest}", number.saturating_sub(before));
        }
        break;
    }
    mistake.path = format!("{}.{}", below("scopes", scope), mistake.path);
    mistake
}

/// Checks what a schema says about other scopes.
fn check_references(
    name: &str,
    schema: &TableSchema,
    scopes: &Scopes,
    shipped: Shipped,
    mistakes: &mut Vec<Mistake>,
) {
    let path = below("scopes", name);
    if let Some(records) = &schema.records {
        match scopes.get(records) {
            None => mistakes.push(unknown(&format!("{path}.records"), records, scopes)),
            Some(target) if key(target) != key(schema) => {
                let message = format!("the key here is not that of {records:?}: {}", key(target).join(", "));
                mistakes.push(Mistake::new(format!("{path}.records"), message));
            }
            Some(_) => {}
        }
    }
    for (n, foreign) in schema.foreign_keys.iter().skip(shipped.foreign_keys).enumerate() {
        let at = format!("{path}.foreignKeys[{n}]");
        let resource = &foreign.reference.resource;
        let Some(target) = scopes.get(resource) else {
            mistakes.push(unknown(&format!("{at}.reference.resource"), resource, scopes));
            continue;
        };
        let there = key(target);
        if there.is_empty() {
            let message = format!("records of {resource:?} have no key that could be referred to");
            mistakes.push(Mistake::new(format!("{at}.reference.resource"), message));
            continue;
        }
        let named = &foreign.reference.fields;
        let one_of_them = target.primary_key.is_empty() && matches!(&named[..], [f] if there.contains(f));
        if !named.is_empty() && named != there && !one_of_them {
            let message = format!("references lead to the key of {resource:?}: {}", there.join(", "));
            mistakes.push(Mistake::new(format!("{at}.reference.fields"), message));
        }
        let width = if target.primary_key.is_empty() { 1 } else { there.len() };
        if foreign.fields.len() != width {
            let message =
                format!("a reference to {resource:?} takes {width}, found {}", foreign.fields.len());
            mistakes.push(Mistake::new(format!("{at}.fields"), message));
        }
    }
}

/// The columns that identify a record.
fn key(schema: &TableSchema) -> &[String] {
    if schema.primary_key.is_empty() { &schema.identified_by } else { &schema.primary_key }
}

fn unknown(path: &str, scope: &str, scopes: &Scopes) -> Mistake {
    let mut mistake = Mistake::new(path, format!("unknown scope {scope:?}"));
    mistake.hint = did_you_mean_scope(scope, scopes);
    mistake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_compiles_and_its_references_lead_somewhere() {
        let scopes = catalogue::scopes();
        for (name, schema) in scopes {
            let mut mistakes = Vec::new();
            check_references(name, schema, scopes, Shipped::default(), &mut mistakes);
            assert_eq!(mistakes, [], "{name}");
            let compiled = Scope::compile(name, schema).unwrap_or_else(|found| panic!("{name}: {found:?}"));
            for (field, column) in schema.fields.iter().zip(compiled.columns()) {
                let example = field.example.as_deref().unwrap_or_default();
                let problem = column.check(example);
                assert!(problem.is_ok(), "{name}.{}: {example:?}: {problem:?}", field.name);
            }
        }
    }
}
