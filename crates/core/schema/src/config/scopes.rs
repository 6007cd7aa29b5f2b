//! Scopes of a configuration's own: whole Table Schemas, or fields added to one of the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tidewaiter_model::mistake::{self, Mistake};
use tidewaiter_model::name::{did_you_mean, is_part};

use super::fields::Fields;
use super::json::below;
use super::relations::{Shipped, Web};
use super::{ImportOptions, MatchBy, table};
use crate::bounds;
use crate::compile::{Patterns, Scope};
use crate::{FieldSchema, ForeignKey, Scopes, TableSchema, catalogue};

/// What a configuration may add to a scope of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Addition {
    /// More columns. They may not have the name of one that is there.
    #[schemars(length(max = bounds::FIELDS.most))]
    pub fields: Vec<FieldSchema>,
    /// What these columns refer to.
    #[schemars(length(max = bounds::REFERENCES.most))]
    pub foreign_keys: Vec<ForeignKey>,
}

/// The scopes of a configuration: those of the catalogue, with its own additions.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub(super) schemas: Scopes,
    pub(super) compiled: BTreeMap<String, Arc<Scope>>,
    /// The scopes the document adds or changes: judged once, whether imports use them or not.
    own: BTreeSet<String>,
    /// What the patterns of all compiled scopes cost together.
    pub(super) patterns: Patterns,
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
        let beyond = document.as_ref().and_then(|scopes| bounds::SCOPES.check("scopes", scopes.len()));
        let document = document.filter(|_| beyond.is_none());
        mistakes.extend(beyond);
        let mut own = BTreeSet::new();
        let mut changed = BTreeMap::new();
        let mut unsound = BTreeSet::new();
        for (name, value) in document.unwrap_or_default() {
            if mistake::enough(mistakes) {
                break;
            }
            let path = below("scopes", &name);
            if !is_part(&name) {
                mistakes.push(super::bad_name(&path, &name));
            }
            if name == catalogue::SUBSCRIPTIONS {
                let message = format!("{name:?} is the table in which imports keep subscriptions");
                mistakes.push(Mistake::new(&path, message).with_hint("call the scope something else"));
                continue;
            }
            own.insert(name.clone());
            let before = mistakes.len();
            let shipped = if let Some(schema) = schemas.get_mut(&name) {
                add(&path, value, schema, mistakes)
            } else {
                if let Some(schema) = table::table_schema(&path, value, mistakes) {
                    schemas.insert(name.clone(), schema);
                }
                Shipped::default()
            };
            // A schema that was read only in part is judged when all of it can be read.
            if mistakes.len() == before {
                changed.insert(name, shipped);
            } else {
                unsound.insert(name);
            }
        }
        let own_fields = |name: &String| schemas.get(name).map_or(0, |schema| schema.fields.len());
        let fields = own.iter().map(own_fields).sum();
        if let Some(beyond) = bounds::ALL_FIELDS.check("scopes", fields) {
            mistakes.push(beyond);
            changed.clear();
        }
        let document = changed.iter().map(|(name, shipped)| (name.as_str(), *shipped)).collect();
        let unsound = unsound.iter().map(String::as_str).collect();
        Web { scopes: &schemas, document, unsound }.check(mistakes);
        let mut patterns = Patterns::default();
        for (name, shipped) in changed {
            let Some(schema) = schemas.get(&name) else { continue };
            if mistake::enough(mistakes) {
                break;
            }
            match Scope::compile_with(&name, schema, &mut patterns) {
                Ok(scope) => {
                    compiled.insert(name, Arc::new(scope));
                }
                Err(found) => mistakes.extend(found.into_iter().map(|m| placed(&name, m, shipped))),
            }
        }
        Self { schemas, compiled, own, patterns }
    }

    /// True for every scope there is, also for one the document defines badly.
    pub(super) fn knows(&self, scope: &str) -> bool {
        self.own.contains(scope) || self.schemas.contains_key(scope)
    }

    /// Notes by which columns imports of a scope match records, so that all imports write these values in one form.
    pub(super) fn note_matched<'a>(&mut self, scope: &str, imports: impl Iterator<Item = &'a ImportOptions>) {
        let records = self.schemas.get(scope).and_then(|schema| schema.records.clone());
        let Some(schema) = self.schemas.get_mut(records.as_deref().unwrap_or(scope)) else { return };
        for options in imports {
            let Some(MatchBy::Column(column)) = &options.match_by else { continue };
            let known = schema.primary_key.iter().chain(&schema.identified_by);
            let mut known = known.chain(&schema.alternate_keys).chain(&schema.matched);
            if !known.any(|known| known == column) {
                schema.matched.push(column.clone());
            }
        }
    }

    /// Compiles a scope of the catalogue that imports use, if that has not been done.
    pub(super) fn compile(&mut self, name: &str, mistakes: &mut Vec<Mistake>) {
        if self.own.contains(name) || self.compiled.contains_key(name) {
            return;
        }
        let Some(schema) = self.schemas.get(name) else { return };
        match Scope::compile_with(name, schema, &mut self.patterns) {
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
                    .with_hint("add it under another name; fields of the catalogue cannot be changed"),
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
