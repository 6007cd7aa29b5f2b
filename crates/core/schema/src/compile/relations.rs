//! What a schema says of its records' relations to each other, as far as it can be judged by itself.

use std::collections::BTreeSet;

use tidewaiter_model::mistake::Mistake;

use super::column::{Column, check_name};
use crate::{Adjusts, FieldSchema, FieldType, Generated, Merge, OnExisting, RowEffect, TableSchema};

/// A code such as those that are made, to see whether a column takes it.
const SAMPLE_CODE: &str = "2000000000008";

/// Reports what cannot be meant. The columns are the fields of the schema, compiled.
pub(super) fn check(schema: &TableSchema, columns: &[Column], mistakes: &mut Vec<Mistake>) {
    let mut relations = Relations { schema, columns, mistakes };
    relations.check_lists();
    if let Some(rule) = &schema.generated {
        relations.check_generated(rule);
    }
    relations.check_references();
    relations.check_effect();
    if let Some(adjusts) = &schema.adjusts {
        relations.check_adjusts(adjusts);
    }
}

struct Relations<'a> {
    schema: &'a TableSchema,
    columns: &'a [Column],
    mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Relations<'a> {
    fn report(&mut self, path: impl AsRef<str>, message: impl AsRef<str>) {
        self.mistakes.push(Mistake::new(path, message));
    }

    fn field(&self, name: &str) -> Option<&'a FieldSchema> {
        self.schema.fields.iter().find(|field| field.name == name)
    }

    /// The field of this name; that there is none is reported.
    fn find(&mut self, path: &str, name: &str) -> Option<&'a FieldSchema> {
        let field = self.field(name);
        if field.is_none() {
            self.report(path, format!("there is no field `{name}`"));
        }
        field
    }

    /// A column that is no field of a file must have a name that one could have: records are exported.
    fn check_name(&mut self, path: &str, name: &str) {
        if let Some(reason) = check_name(name) {
            self.report(path, reason);
        }
    }

    fn check_lists(&mut self) {
        let schema = self.schema;
        let lists = |field: &&FieldSchema| field.merge == Merge::Lists;
        let first = schema.fields.iter().position(|field| lists(&field));
        for (n, field) in schema.fields.iter().enumerate().filter(|(_, field)| lists(field)) {
            let path = format!("fields[{n}].merge");
            if field.kind != FieldType::String {
                self.report(&path, "columns of lists are strings");
            }
            if first != Some(n) {
                self.report(&path, "a scope has at most one column of lists");
            }
        }
        for (part, key) in [
            ("primaryKey", &schema.primary_key),
            ("identifiedBy", &schema.identified_by),
            ("alternateKeys", &schema.alternate_keys),
        ] {
            for (n, name) in key.iter().enumerate() {
                if self.field(name).is_some_and(|field| lists(&field)) {
                    let message = format!("`{name}` contains lists and cannot be a key");
                    self.report(format!("{part}[{n}]"), message);
                }
            }
        }
    }

    fn check_generated(&mut self, rule: &Generated) {
        if self.schema.on_existing == OnExisting::Append {
            self.report("generated", "records that are only added have no key");
            return;
        }
        // That a column does not exist is reported where names are looked up.
        if let Some(field) = self.field(&rule.field) {
            if self.schema.primary_key != [rule.field.clone()] {
                self.report("generated.field", format!("`{}` is not the primary key", rule.field));
            }
            if field.constraints.required {
                let message = format!("`{}` is required, so nothing is generated", rule.field);
                self.report("generated.field", message);
            }
            let column = self.columns.iter().find(|column| column.name() == rule.field);
            if column.is_some_and(|column| column.check(SAMPLE_CODE).is_err()) {
                let message = format!("`{}` does not take a code such as {SAMPLE_CODE}", rule.field);
                self.report("generated.field", message);
            }
        }
        if self.field(&rule.from).is_some_and(|field| !field.constraints.required) {
            let message =
                format!("`{}` is not required, so a key cannot always be generated from it", rule.from);
            self.report("generated.from", message);
        }
    }

    fn check_references(&mut self) {
        let schema = self.schema;
        let mut has_owner = false;
        for (n, key) in schema.foreign_keys.iter().enumerate() {
            let path = format!("foreignKeys[{n}]");
            for (m, name) in key.matching.iter().enumerate() {
                self.find(&format!("{path}.matching[{m}]"), name);
            }
            if key.dependent {
                if schema.on_existing != OnExisting::Append {
                    let message =
                        "records that belong to others have no key of their own: set onExisting to append";
                    self.report(format!("{path}.dependent"), message);
                }
                if std::mem::replace(&mut has_owner, true) {
                    let message = "records belong to one other record, not to several";
                    self.report(format!("{path}.dependent"), message);
                }
                if schema.records.is_some() {
                    let message = "records that belong to others need a scope of their own";
                    self.report(format!("{path}.dependent"), message);
                }
            }
            if key.claims.is_some() && schema.on_existing != OnExisting::Keep {
                let message = "a changed claim would never be released: set onExisting to keep";
                self.report(format!("{path}.claims"), message);
            }
            if let Some(column) = &key.claims {
                self.check_name(&format!("{path}.claims"), column);
            }
        }
        if schema.gives_way_to.is_some() && schema.on_existing == OnExisting::Append {
            self.report("givesWayTo", "records that are only added have no key to give way to");
        }
        if schema.gives_way_to.is_some() && schema.records.is_some() {
            self.report("givesWayTo", "records that give way need a scope of their own");
        }
    }

    /// What a line does must fit what else is said of it.
    fn check_effect(&mut self) {
        let schema = self.schema;
        match (schema.row, &schema.adjusts) {
            (RowEffect::Adjust, None) => {
                let mistake = Mistake::new("adjusts", "a scope whose lines adjust records needs `adjusts`");
                self.mistakes.push(mistake.with_hint("add `adjusts`, or remove `row`"));
            }
            (RowEffect::Upsert | RowEffect::Delete, Some(_)) => {
                self.report("row", "a scope with `adjusts` has the row effect `adjust`");
            }
            _ => {}
        }
        if schema.row != RowEffect::Delete {
            return;
        }
        if schema.on_existing == OnExisting::Append {
            self.report("onExisting", "lines that delete records need the key of the record");
        }
        let nothing_made = "lines that delete records generate no key";
        if schema.generated.is_some() {
            self.report("generated", nothing_made);
        }
        if schema.gives_way_to.is_some() {
            self.report("givesWayTo", nothing_made);
        }
        for (n, _) in schema.foreign_keys.iter().enumerate().filter(|(_, key)| key.claims.is_some()) {
            self.report(format!("foreignKeys[{n}].claims"), nothing_made);
        }
    }

    fn check_adjusts(&mut self, adjusts: &Adjusts) {
        let schema = self.schema;
        let mut leading = schema.foreign_keys.iter().filter(|key| {
            key.reference.resource == adjusts.resource || key.reference.or_in.contains(&adjusts.resource)
        });
        // One record is adjusted, and it is clear in which scope.
        match (leading.next(), leading.next()) {
            (Some(only), None) if only.reference.or_in.is_empty() => {}
            (Some(_), None) => {
                let message =
                    format!("the foreign key must refer to {:?} alone, without orIn", adjusts.resource);
                self.report("adjusts.resource", message);
            }
            _ => {
                let message = format!("one foreign key must refer to {:?}", adjusts.resource);
                self.report("adjusts.resource", message);
            }
        }
        if adjusts.add.is_empty() && adjusts.set.is_empty() {
            self.report("adjusts", "it adds nothing and sets nothing");
        }
        if !adjusts.add.is_empty() && !matches!(schema.on_existing, OnExisting::Append | OnExisting::Keep) {
            self.report("adjusts.add", "added amounts cannot be changed: set onExisting to append or keep");
        }
        for name in adjusts.add.keys() {
            let path = format!("adjusts.add.{name}");
            if self.find(&path, name).is_some_and(|field| field.kind != FieldType::Integer) {
                self.report(&path, format!("`{name}` is not a column of whole numbers"));
            }
        }
        for name in adjusts.set.keys() {
            let path = format!("adjusts.set.{name}");
            if self.find(&path, name).is_some_and(|field| field.merge == Merge::Lists) {
                self.report(&path, format!("`{name}` contains lists and cannot be set"));
            }
        }
        let mut written = BTreeSet::new();
        for (part, columns) in [("add", &adjusts.add), ("set", &adjusts.set)] {
            for (here, there) in columns {
                self.check_name(&format!("adjusts.{part}.{here}"), there);
                if !written.insert(there) {
                    let message = format!("`{there}` is named twice");
                    self.report(format!("adjusts.{part}.{here}"), message);
                }
            }
        }
        if let Some(latest) = &adjusts.latest {
            self.check_latest(adjusts, latest);
        }
    }

    fn check_latest(&mut self, adjusts: &Adjusts, latest: &str) {
        const PATH: &str = "adjusts.latest";
        if !adjusts.set.contains_key(latest) {
            self.report(PATH, format!("`{latest}` is not among the columns of `set`"));
        } else if let Some(field) = self.field(latest) {
            let is_date = matches!(
                field.kind,
                FieldType::Date | FieldType::Datetime | FieldType::Year | FieldType::Yearmonth
            );
            if !is_date {
                self.report(PATH, format!("`{latest}` is not a column of dates"));
            }
            if !field.constraints.required {
                let message = format!("`{latest}` is not required, so a line may lack the date that decides");
                self.report(PATH, message);
            }
        }
    }
}
