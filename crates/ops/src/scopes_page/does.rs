//! What a line of a scope does, in sentences worked out from the schema.

use std::fmt::Write;

use super::{linked, listed};
use tidewaiter::schema::{Adjusts, ForeignKey, Merge, OnExisting, RowEffect, Scopes, TableSchema};

/// The sentences about a scope.
pub(super) fn sentences(name: &str, schema: &TableSchema, scopes: &Scopes) -> Vec<String> {
    let records = schema.records.as_deref().unwrap_or(name);
    let mut said = vec![effect(name, records, schema)];
    said.extend(key(schema));
    said.extend(require_any(schema));
    said.extend(generated(schema));
    said.extend(existing(schema));
    said.extend(matching(schema));
    said.extend(lists(schema));
    said.extend(schema.foreign_keys.iter().map(|key| reference(schema, key)));
    said.extend(schema.adjusts.as_ref().map(adjusts));
    said.extend(gives_way(schema));
    if records == name {
        said.extend(others(name, scopes));
    } else if schema.row == RowEffect::Delete {
        said.extend(dependents(records, scopes));
    }
    said
}

/// What a line does, in one sentence.
fn effect(name: &str, records: &str, schema: &TableSchema) -> String {
    let of = if records == name { String::new() } else { format!(" of {}", linked(records)) };
    match (schema.row, schema.on_existing) {
        (RowEffect::Delete, _) => format!(
            "A line deletes a record{of}. If there is no such record, nothing happens, and the report counts the line as \
             unknown."
        ),
        (_, OnExisting::Append) => format!("A line adds a record{of}."),
        (_, OnExisting::Keep) => format!("A line creates a record{of}."),
        (_, OnExisting::Merge) => format!("A line creates a record{of}, or changes the existing one."),
        (_, OnExisting::Replace) => {
            format!("A line creates a record{of}, or replaces the existing one.")
        }
    }
}

fn key(schema: &TableSchema) -> Option<String> {
    let sentence = match (&schema.primary_key[..], &schema.identified_by[..]) {
        ([], []) => return None,
        ([], [only]) | ([only], _) => format!("Its key is `{only}`."),
        ([], columns) => {
            format!("Its key is the first of {} that has a value on the line.", listed(columns, "and"))
        }
        (columns, _) => format!("Its key is {} together.", listed(columns, "and")),
    };
    Some(sentence)
}

fn require_any(schema: &TableSchema) -> Vec<String> {
    let sentence = |columns: &Vec<String>| {
        let both = if columns.len() == 2 { ", or in both" } else { "" };
        format!("Each line has a value in {}{both}.", listed(columns, "or"))
    };
    schema.require_any.iter().map(sentence).collect()
}

fn generated(schema: &TableSchema) -> Option<String> {
    let rule = schema.generated.as_ref()?;
    Some(format!(
        "A line without `{}` gets one: an EAN-13 in the range for use inside a company (it begins with 2), made from \
         `{}`. The same `{}` always gets the same one.",
        rule.field, rule.from, rule.from
    ))
}

/// What happens to a record that is there.
fn existing(schema: &TableSchema) -> Option<String> {
    if schema.row == RowEffect::Delete {
        return None;
    }
    let sentence = match schema.on_existing {
        OnExisting::Merge => {
            "Columns that the file lacks and empty cells leave the values of the record; with \
             `\"empty\": \"clear\"`, an empty cell removes the value. If several lines of a file have the same key, the last one \
             with a value wins, column by column."
        }
        OnExisting::Replace => {
            "None of the earlier values are kept. If several lines of a file have the same key, the last \
             one wins."
        }
        OnExisting::Keep => {
            "An existing record stays unchanged, and the report counts the line as existing. If \
             several lines of a file have the same key, the first one wins."
        }
        OnExisting::Append => {
            "Records of this scope have no key: a line that is sent again in another file is another record. An interrupted import that starts again adds each line once; a file that is dropped again is another file."
        }
    };
    Some(sentence.to_owned())
}

fn matching(schema: &TableSchema) -> Option<String> {
    let by = &schema.alternate_keys;
    (!by.is_empty())
        .then(|| format!("A configuration may match records by {} instead (`match_by`).", listed(by, "or")))
}

fn lists(schema: &TableSchema) -> Option<String> {
    let lists = schema.fields.iter().filter(|field| field.merge == Merge::Lists);
    let columns: Vec<&String> = lists.map(|field| &field.name).collect();
    (!columns.is_empty()).then(|| {
        format!(
            "The value in {} is merged with the value of the record: `5 -2` adds the record to list 5 and removes it from list 2. \
             List 0 is a list like any other.",
            listed(columns, "and")
        )
    })
}

fn reference(schema: &TableSchema, key: &ForeignKey) -> String {
    let fields = listed(&key.fields, "and");
    let mut targets = linked(&key.reference.resource);
    for other in &key.reference.or_in {
        targets = format!("{targets} or {}", linked(other));
    }
    let required =
        |name: &String| schema.fields.iter().any(|field| field.name == *name && field.constraints.required);
    let when = if key.fields.iter().all(required) { "" } else { ", if it has a value," };
    let mut sentence =
        format!("{fields}{when} must name an existing record of {targets}, or the line is rejected.");
    if !key.matching.is_empty() {
        let _ = write!(sentence, " Both must have the same value in {}.", listed(&key.matching, "and"));
    }
    if let Some(column) = &key.claims {
        let _ = write!(
            sentence,
            " That record can be claimed once: its `{column}` then contains the key of this one, and any other line that names it is rejected."
        );
    }
    if key.dependent {
        sentence.push_str(
            " The line belongs to that record, and is removed when that record is replaced or removed.",
        );
    }
    sentence
}

fn adjusts(adjusts: &Adjusts) -> String {
    let mut done: Vec<String> = Vec::new();
    for (here, there) in &adjusts.add {
        done.push(format!("adds `{here}` to its `{there}`"));
    }
    let set: Vec<String> =
        adjusts.set.iter().map(|(here, there)| format!("`{here}` as its `{there}`")).collect();
    if !set.is_empty() {
        let condition = adjusts.latest.as_ref().and_then(|here| adjusts.set.get(here));
        let condition =
            condition.map(|there| format!(", unless the existing `{there}` is later")).unwrap_or_default();
        done.push(format!("sets {}{condition}", set.join(" and ")));
    }
    format!(
        "A line also changes the record of {} that it refers to: it {}. It does so once, however often its import starts.",
        linked(&adjusts.resource),
        done.join(", and ")
    )
}

fn gives_way(schema: &TableSchema) -> Option<String> {
    let other = schema.gives_way_to.as_deref()?;
    Some(format!(
        "A record gives way to the one of {} with the same key: it is removed when that one is created, and if that one exists, the line does nothing and counts as unchanged.",
        linked(other)
    ))
}

/// What lines of other scopes do to records of this one.
fn others(name: &str, scopes: &Scopes) -> Vec<String> {
    let mut said: Vec<String> = dependents(name, scopes).collect();
    for (other, schema) in scopes {
        if schema.gives_way_to.as_deref() == Some(name) {
            said.push(format!(
                "Creating a record removes the record of {} with the same key.",
                linked(other)
            ));
        }
        if schema.records.as_deref() == Some(name) && schema.row == RowEffect::Delete {
            said.push(format!("Lines of {} delete records of this scope.", linked(other)));
        }
        if let Some(adjusts) = schema.adjusts.as_ref().filter(|adjusts| adjusts.resource == name) {
            let columns: Vec<&String> = adjusts.add.values().chain(adjusts.set.values()).collect();
            said.push(format!(
                "Lines of {} change {} of the record they refer to.",
                linked(other),
                listed(columns, "and")
            ));
        }
        let claims = schema.foreign_keys.iter().filter(|key| leads(key, name));
        for column in claims.filter_map(|key| key.claims.as_ref()) {
            said.push(format!(
                "Lines of {} record in `{column}` which record claimed this one.",
                linked(other)
            ));
        }
    }
    said
}

/// What goes with a record of this scope.
fn dependents(name: &str, scopes: &Scopes) -> impl Iterator<Item = String> {
    let belongs =
        |schema: &TableSchema| schema.foreign_keys.iter().any(|key| key.dependent && leads(key, name));
    let found: Vec<String> =
        scopes.iter().filter(|(_, schema)| belongs(schema)).map(|(other, _)| linked(other)).collect();
    let replaces = scopes.get(name).is_some_and(|schema| schema.on_existing == OnExisting::Replace);
    let when = if replaces { "replaced or removed" } else { "removed" };
    found.into_iter().map(move |other| {
        format!("The records of {other} that belong to a record are removed when it is {when}.")
    })
}

fn leads(key: &ForeignKey, scope: &str) -> bool {
    key.reference.resource == scope || key.reference.or_in.iter().any(|other| other == scope)
}
