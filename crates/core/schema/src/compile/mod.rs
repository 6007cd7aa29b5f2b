//! A Table Schema compiled for checking: names looked up, bounds read, patterns built, once per file
//! instead of once per cell.
//!
//! Compiling is also the check of a schema: every mistake in it is reported, with its path, so that a
//! configuration is mended in one go.

mod calendar;
mod column;
mod decimal;
mod effort;
mod email;
mod kind;
mod pattern;
mod quick;
mod reading;
mod relations;
mod text;

use std::collections::{BTreeSet, HashMap};

use tidewaiter_model::mistake::{self, Mistake};

pub use calendar::Moment;
pub use column::{Column, Problem};
pub use decimal::MOST_DIGITS;
pub use email::email;
pub use pattern::Patterns;
pub use quick::{Lengths, Letters, Quick};
pub use reading::Reading;
pub use text::{is_phone, nfc};

use super::{OnExisting, RowEffect, TableSchema};

/// A scope ready for use: a compiled [`TableSchema`].
#[derive(Debug, Clone)]
pub struct Scope {
    name: String,
    schema: TableSchema,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    primary_key: Vec<usize>,
    identified_by: Vec<usize>,
    alternate_keys: Vec<usize>,
    generated: Option<usize>,
    matched_by: Option<usize>,
    require_any: Vec<Vec<usize>>,
    foreign_keys: Vec<ForeignKeyColumns>,
    empty_is_missing: bool,
    missing_texts: Vec<String>,
}

/// A reference to records of another scope, with its columns looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyColumns {
    /// The columns of this scope, as indexes.
    pub columns: Vec<usize>,
    /// The scope that is referred to.
    pub resource: String,
    /// The columns there, in the same order.
    pub fields: Vec<String>,
}

impl Scope {
    /// Compiles a schema, or reports everything that is wrong with it. The paths of the mistakes begin
    /// at the schema: `fields[2].constraints.pattern`.
    ///
    /// # Errors
    /// The mistakes, at least one.
    pub fn compile(name: &str, schema: &TableSchema) -> Result<Self, Vec<Mistake>> {
        Self::compile_with(name, schema, &mut Patterns::default())
    }

    /// The same for one of several schemas whose patterns share a budget.
    ///
    /// # Errors
    /// The mistakes, at least one.
    pub fn compile_with(
        name: &str,
        schema: &TableSchema,
        patterns: &mut Patterns,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut columns = Vec::with_capacity(schema.fields.len());
        let mut by_name: HashMap<String, usize> = HashMap::with_capacity(schema.fields.len());
        if schema.fields.is_empty() {
            mistakes.push(Mistake::new("fields", "a scope needs at least one field"));
        }
        for (n, field) in schema.fields.iter().enumerate() {
            if mistake::enough(&mistakes) {
                return Err(mistakes);
            }
            let path = format!("fields[{n}]");
            columns.push(Column::compile(field, &path, patterns, &mut mistakes));
            if let Some(first) = by_name.get(&field.name) {
                let message = format!("`{}` is already the name of fields[{first}]", field.name);
                mistakes.push(Mistake::new(format!("{path}.name"), message));
            } else {
                by_name.insert(field.name.clone(), n);
            }
        }
        let mut names = Names { by_name: &by_name, mistakes: &mut mistakes };
        let primary_key = names.look_up("primaryKey", &schema.primary_key);
        let identified_by = names.look_up("identifiedBy", &schema.identified_by);
        let alternate_keys = names.look_up("alternateKeys", &schema.alternate_keys);
        let generated = names.generated(schema);
        let require_any = (schema.require_any.iter().enumerate())
            .map(|(n, set)| names.look_up_some(&format!("requireAny[{n}]"), set))
            .collect();
        let foreign_keys = names.foreign_keys(schema);
        check_key(schema, &mut mistakes);
        relations::check(schema, &columns, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            name: name.to_owned(),
            schema: schema.clone(),
            columns,
            by_name,
            primary_key,
            identified_by,
            alternate_keys,
            generated,
            matched_by: None,
            require_any,
            foreign_keys,
            empty_is_missing: schema.missing_values.iter().any(String::is_empty),
            missing_texts: schema.missing_values.iter().filter(|text| !text.is_empty()).cloned().collect(),
        })
    }

    /// The name of the scope: `contacts`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema it was compiled from.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// The columns a file may have, in the order of the schema.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The index of a column in [`Scope::columns`].
    pub fn column(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The columns of the primary key, as indexes; empty if there is none.
    pub fn primary_key(&self) -> &[usize] {
        &self.primary_key
    }

    /// The columns of which the first with a value is the key, as indexes; empty if there are none.
    pub fn identified_by(&self) -> &[usize] {
        &self.identified_by
    }

    /// The columns that records may be matched by instead, as indexes.
    pub fn alternate_keys(&self) -> &[usize] {
        &self.alternate_keys
    }

    /// The key column that a line may leave empty, since a key is made for it, as an index.
    pub fn generated(&self) -> Option<usize> {
        self.generated
    }

    /// The column that records are matched by instead of by their key, as an index.
    pub fn matched_by(&self) -> Option<usize> {
        self.matched_by
    }

    /// The columns of which each line must fill at least one so that its record can be found, as indexes;
    /// empty if that is the primary key's affair.
    pub fn key_set(&self) -> &[usize] {
        match &self.matched_by {
            Some(column) => std::slice::from_ref(column),
            None => &self.identified_by,
        }
    }

    /// The same scope for an import that matches records by this column: each line needs a value there.
    /// A column of another name leaves it as it is.
    #[must_use]
    pub fn matching_by(&self, column: &str) -> Self {
        Self { matched_by: self.column(column), ..self.clone() }
    }

    /// The same scope for an import whose files write "no value" in these ways, too.
    #[must_use]
    pub fn with_missing_texts(&self, texts: &[String]) -> Self {
        let mut scope = self.clone();
        let texts = texts.iter().filter(|text| !text.is_empty());
        scope.missing_texts.extend(texts.cloned());
        scope
    }

    /// The sets of columns of which each line must fill at least one, as indexes.
    pub fn require_any(&self) -> &[Vec<usize>] {
        &self.require_any
    }

    /// The references to other scopes.
    pub fn foreign_keys(&self) -> &[ForeignKeyColumns] {
        &self.foreign_keys
    }

    /// What happens when a record of the same key exists.
    pub fn on_existing(&self) -> OnExisting {
        self.schema.on_existing
    }

    /// What a line does.
    pub fn row(&self) -> RowEffect {
        self.schema.row
    }

    /// True if texts that are not empty may mean "no value".
    pub fn has_missing_texts(&self) -> bool {
        !self.missing_texts.is_empty()
    }

    /// True if this text in a cell means "no value".
    #[inline]
    pub fn is_missing(&self, value: &str) -> bool {
        if value.is_empty() {
            self.empty_is_missing
        } else {
            self.missing_texts.iter().any(|text| text == value)
        }
    }
}

/// Looks names up, and reports those that are unknown.
struct Names<'a> {
    by_name: &'a HashMap<String, usize>,
    mistakes: &'a mut Vec<Mistake>,
}

impl Names<'_> {
    /// The columns of these names; each must exist, and only once.
    fn look_up(&mut self, path: &str, names: &[String]) -> Vec<usize> {
        let mut found = Vec::with_capacity(names.len());
        let mut seen = BTreeSet::new();
        for (n, name) in names.iter().enumerate() {
            let place = format!("{path}[{n}]");
            match self.by_name.get(name) {
                Some(&column) if seen.insert(column) => found.push(column),
                Some(_) => self.mistakes.push(Mistake::new(place, format!("`{name}` is named twice"))),
                None => self.mistakes.push(Mistake::new(place, format!("there is no field `{name}`"))),
            }
        }
        found
    }

    /// The same, for a list that must not be empty.
    fn look_up_some(&mut self, path: &str, names: &[String]) -> Vec<usize> {
        if names.is_empty() {
            self.mistakes.push(Mistake::new(path, "at least one column must be named"));
        }
        self.look_up(path, names)
    }

    fn generated(&mut self, schema: &TableSchema) -> Option<usize> {
        let rule = schema.generated.as_ref()?;
        for (path, name) in [("generated.from", &rule.from), ("generated.field", &rule.field)] {
            if !self.by_name.contains_key(name) {
                self.mistakes.push(Mistake::new(path, format!("there is no field `{name}`")));
            }
        }
        self.by_name.get(&rule.field).copied()
    }

    fn foreign_keys(&mut self, schema: &TableSchema) -> Vec<ForeignKeyColumns> {
        let mut keys = Vec::with_capacity(schema.foreign_keys.len());
        for (n, key) in schema.foreign_keys.iter().enumerate() {
            let path = format!("foreignKeys[{n}]");
            let columns = self.look_up_some(&format!("{path}.fields"), &key.fields);
            let there = &key.reference;
            if there.resource.is_empty() {
                self.mistakes.push(Mistake::new(format!("{path}.reference.resource"), "the name is empty"));
            }
            if !there.fields.is_empty() && there.fields.len() != key.fields.len() {
                let message =
                    format!("{} columns here refer to {} there", key.fields.len(), there.fields.len());
                self.mistakes.push(Mistake::new(format!("{path}.reference.fields"), message));
            }
            keys.push(ForeignKeyColumns {
                columns,
                resource: there.resource.clone(),
                fields: there.fields.clone(),
            });
        }
        keys
    }
}

/// A record that can be met again needs a key, and only one kind of it.
fn check_key(schema: &TableSchema, mistakes: &mut Vec<Mistake>) {
    let keyed = !schema.primary_key.is_empty() || !schema.identified_by.is_empty();
    if !schema.primary_key.is_empty() && !schema.identified_by.is_empty() {
        mistakes
            .push(Mistake::new("identifiedBy", "a scope has either a primaryKey or identifiedBy, not both"));
    }
    if !keyed && schema.on_existing != OnExisting::Append {
        let mistake = Mistake::new("primaryKey", "records that are merged or replaced need a key");
        mistakes.push(mistake.with_hint("name the columns in primaryKey, or set onExisting to append"));
    }
}

#[cfg(test)]
mod tests;
