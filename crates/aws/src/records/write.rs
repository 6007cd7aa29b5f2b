//! Records as items, and what is written when they change.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::record::{Plan, Record, Source};
use tidewaiter_engine::{Error, Result};

use super::keys;
use super::overlay::{Held, Name};
use crate::table::{Item, When, Write, broken, number, number_of, text, text_of};

const READING: &str = "reading a record";

/// The attribute that changes with each write.
pub(super) const REVISION: &str = "revision";

/// The largest record that is kept, in bytes: an item may have 400 KB, and a name for everything.
pub(super) const RECORD_BYTES: usize = 350_000;

/// How much an item takes, more or less.
pub(super) fn bytes_of(record: &Record) -> usize {
    record.values.iter().map(|(column, value)| 2 * column.len() + value.text.len() + 60).sum()
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<AttributeValue> {
    let text = serde_json::to_string(value);
    Ok(AttributeValue::S(text.map_err(|e| Error::Store { what: "writing a record", source: Box::new(e) })?))
}

/// The attributes of a record.
fn attributes(key: &str, record: &Record, revision: &str) -> Result<Vec<(&'static str, AttributeValue)>> {
    let (texts, earlier) = record.apart();
    let mut attributes = vec![
        ("key", text(key)),
        ("value", json(&texts)?),
        ("import", text(record.changed.import.to_string())),
        ("line", number(record.changed.line)),
        (REVISION, text(revision)),
    ];
    if !earlier.is_empty() {
        attributes.push(("earlier", json(&earlier)?));
    }
    Ok(attributes)
}

/// A record from its item, with its key.
pub(super) fn record_of(item: &Item) -> Result<(String, Record)> {
    let parse = || -> Option<(String, Record)> {
        let changed =
            Source { import: text_of(item, "import")?.parse().ok()?, line: number_of(item, "line")? };
        let texts: BTreeMap<String, String> = serde_json::from_str(text_of(item, "value")?).ok()?;
        let earlier: BTreeMap<String, Source> = match text_of(item, "earlier") {
            Some(earlier) => serde_json::from_str(earlier).ok()?,
            None => BTreeMap::new(),
        };
        Some((text_of(item, "key")?.to_owned(), Record::of(texts, &earlier, changed)))
    };
    parse().ok_or_else(|| broken(READING))
}

/// What is written when a record becomes another one, or none: the item, and where it can be matched.
pub(super) fn change(
    universe: &str,
    plan: &Plan,
    (scope, key): &Name,
    held: &Held,
    record: Option<&Record>,
    revision: &str,
) -> Result<Vec<Write>> {
    let at = keys::record(universe, scope, key);
    let when = match &held.revision {
        Some(revision) => When::Is(REVISION, text(revision)),
        None => When::New,
    };
    let mut writes = Vec::new();
    match record {
        Some(record) => writes.push(Write::Put(at, attributes(key, record, revision)?, when)),
        None if held.revision.is_some() => writes.push(Write::Delete(at, when)),
        None => {}
    }
    for column in plan.alternate_keys.get(scope).into_iter().flatten() {
        let before = held.record.as_ref().and_then(|record| record.text(column));
        let after = record.and_then(|record| record.text(column));
        if before == after {
            continue;
        }
        if let Some(value) = before {
            writes.push(Write::Delete(keys::matched(universe, scope, column, value, key), When::Always));
        }
        if let Some(value) = after {
            let attributes = vec![("key", text(key))];
            writes.push(Write::Put(
                keys::matched(universe, scope, column, value, key),
                attributes,
                When::Always,
            ));
        }
    }
    Ok(writes)
}
