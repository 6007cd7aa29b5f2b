//! What lines write into the records they refer to: claims and adjustments. They must stay there, and be
//! nothing that another file could forge or spoil.

use std::collections::BTreeMap;

use tidewaiter_model::mistake::Mistake;

use super::{Web, below, field, key};
use crate::{Adjusts, FieldType, ForeignKey, Merge, OnExisting, TableSchema};

/// Which lines write into which columns of which records, by claims and adjustments.
#[derive(Default)]
pub(super) struct Written<'a> {
    /// By scope and column of the record: the scope of the lines, and the number of the claim if it is one.
    writers: BTreeMap<(&'a str, &'a str), Vec<Writer<'a>>>,
}

type Writer<'a> = (&'a str, Option<usize>);

impl<'a> Written<'a> {
    pub(super) fn of(web: &'a Web<'_>) -> Self {
        let mut written = Self::default();
        for (scope, schema) in web.scopes {
            for (n, key) in schema.foreign_keys.iter().enumerate() {
                let Some(column) = &key.claims else { continue };
                for (target, _) in web.targets(key) {
                    written.add(target, column, (scope, Some(n)));
                }
            }
            if let Some(adjusts) = &schema.adjusts {
                columns_there(adjusts).for_each(|there| written.add(&adjusts.resource, there, (scope, None)));
            }
        }
        written
    }

    fn add(&mut self, target: &'a str, column: &'a str, writer: Writer<'a>) {
        self.writers.entry((target, column)).or_default().push(writer);
    }

    /// The scope of other lines that write into a column.
    fn also(&self, target: &str, column: &str, writer: Writer<'_>) -> Option<&'a str> {
        let others = self.writers.get(&(target, column))?;
        others.iter().find(|other| **other != writer).map(|(scope, _)| *scope)
    }
}

impl Web<'_> {
    /// A claim is noted where no file can write, where it stays, and where nothing else is noted.
    /// `at` is the reference in the document, if it stands there.
    pub(super) fn check_claims(
        &self,
        scope: &str,
        at: Option<&str>,
        number: usize,
        foreign: &ForeignKey,
        written: &Written<'_>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let Some(column) = &foreign.claims else { return };
        let at = at.map(|at| format!("{at}.claims"));
        for (name, target) in self.targets(foreign) {
            if field(target, column).is_some() {
                let path = at.clone().unwrap_or_else(|| self.field_path(name, target, column, "name"));
                let message = format!("`{column}` of {name:?} says which of {scope:?} claims a record");
                let hint = "files may not set it: give the column and the field different names";
                mistakes.push(Mistake::new(path, message).with_hint(hint));
            }
            let Some(at) = &at else { continue };
            check_kept(at, name, target, mistakes);
            if let Some(other) = written.also(name, column, (scope, Some(number))) {
                let message = format!("lines of {other:?} already write to `{column}` of {name:?}");
                mistakes.push(Mistake::new(at, message));
            }
        }
    }

    /// What is adjusted must stay, fit the column it is put into, and leave alone what a record is found by.
    /// `at` is the place in the document, if it stands there.
    pub(super) fn check_adjusts(
        &self,
        schema: &TableSchema,
        at: Option<&str>,
        adjusts: &Adjusts,
        mistakes: &mut Vec<Mistake>,
    ) {
        let name = &adjusts.resource;
        if let Some(at) = at
            && self.scopes.get(name).is_some_and(|target| std::ptr::eq(target, schema))
        {
            let message =
                "records of one scope cannot adjust each other: the effect of a file could not be told apart";
            mistakes.push(Mistake::new(format!("{at}.resource"), message));
            return;
        }
        // A reference that leads there is judged as a reference.
        let referred = schema.foreign_keys.iter().any(|key| key.reference.resource == *name);
        if let (Some(at), false) = (at, referred) {
            self.find(&format!("{at}.resource"), name, mistakes);
        }
        let Some(target) = self.scopes.get(name).filter(|_| !self.unsound.contains(name.as_str())) else {
            return;
        };
        if let Some(at) = at {
            check_kept(&format!("{at}.resource"), name, target, mistakes);
        }
        for (part, columns) in [("add", &adjusts.add), ("set", &adjusts.set)] {
            for (here, there) in columns {
                let own = at.map(|at| below(&format!("{at}.{part}"), here));
                if let (Some(path), true) = (&own, identifies(target, there)) {
                    let message =
                        format!("records of {name:?} are found by `{there}`: it cannot be adjusted");
                    mistakes.push(Mistake::new(path, message));
                    continue;
                }
                let (Some(known), Some(given)) = (field(target, there), field(schema, here)) else {
                    continue;
                };
                let fits = match part {
                    "add" => known.kind == FieldType::Integer,
                    _ => known.kind == given.kind && known.format == given.format,
                };
                if !fits || known.merge == Merge::Lists {
                    let path = own.unwrap_or_else(|| self.field_path(name, target, there, "type"));
                    let message = format!("`{here}` does not fit `{there}` of {name:?}");
                    let hint = match part {
                        "add" => "sums are whole numbers: the type is integer",
                        _ => "both must have the same type and format",
                    };
                    mistakes.push(Mistake::new(path, message).with_hint(hint));
                }
            }
        }
    }

    /// The path of a field that the document added.
    fn field_path(&self, scope: &str, schema: &TableSchema, column: &str, leaf: &str) -> String {
        let before = self.document.get(scope).map_or(0, |shipped| shipped.fields);
        let at = schema.fields.iter().position(|field| field.name == *column).unwrap_or_default();
        format!("{}.fields[{}].{leaf}", below("scopes", scope), at.saturating_sub(before))
    }
}

/// What lines write into a record must outlive the next line about it.
fn check_kept(at: &str, name: &str, target: &TableSchema, mistakes: &mut Vec<Mistake>) {
    if target.on_existing == OnExisting::Replace {
        let message = format!("records of {name:?} are replaced as a whole, so the note would be lost");
        mistakes.push(Mistake::new(at, message));
    }
}

fn columns_there(adjusts: &Adjusts) -> impl Iterator<Item = &String> {
    adjusts.add.values().chain(adjusts.set.values())
}

/// True if a record is found by this column, or its key made from it.
fn identifies(schema: &TableSchema, column: &String) -> bool {
    let from = schema.generated.iter().any(|rule| rule.from == *column);
    from || key(schema).contains(column) || schema.alternate_keys.contains(column)
}
