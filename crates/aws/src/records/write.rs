//! Records as items, and what is written when they change.
//!
//! A record that is removed leaves an item without values for a day. So a process that was delayed, and took it for a
//! record that never was, cannot bring it back.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::id::ImportId;
use tidewaiter::record::{Effect, Plan, Record, Source};
use tidewaiter_engine::{Error, Result};

use super::keys;
use super::overlay::{Held, Name};
use crate::table::{At, Item, When, Whole, Write, broken, number, number_of, text, text_of};

const READING: &str = "reading a record";

/// The attribute that changes with each write, and never becomes again what it was.
pub(super) const REVISION: &str = "revision";
/// The attribute of an item that holds no record any more.
pub(super) const GONE: &str = "gone";
/// The attribute that says when an item is not needed any more.
pub(super) const EXPIRES: &str = "expires";
/// How long a removed record leaves an item, in seconds: far longer than any process of ours lives.
const GONE_KEPT: i64 = 24 * 3600;

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

/// A text that was never made before.
pub(super) fn unique() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

/// A moment so many seconds from now, as DynamoDB wants it.
pub(super) fn seconds_from_now(seconds: i64) -> AttributeValue {
    number(jiff::Timestamp::now().as_second() + seconds)
}

/// What lines of an import did to one record: their numbers and effects, in their order.
pub(super) type Told = (ImportId, Vec<(u64, Effect)>);

/// The attributes of a record. What its lines did is left out where it follows from the rest.
fn attributes(
    key: &str,
    record: &Record,
    revision: &str,
    told: Option<&Told>,
) -> Result<Vec<(&'static str, AttributeValue)>> {
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
    if let Some(told) = told
        && (told.0 != record.changed.import || told.1 != [(record.changed.line, Effect::Imported)])
    {
        attributes.push(("told", json(told)?));
    }
    Ok(attributes)
}

/// The attributes of an item that holds no record any more.
pub(super) fn gone(revision: &str, told: Option<&Told>) -> Result<Vec<(&'static str, AttributeValue)>> {
    let expires = (EXPIRES, seconds_from_now(GONE_KEPT));
    let mut attributes = vec![(GONE, number(1)), (REVISION, text(revision)), expires];
    if let Some(told) = told {
        attributes.push(("told", json(told)?));
    }
    Ok(attributes)
}

/// A record from its item, with its key; None if it is gone.
pub(super) fn record_of(item: &Item) -> Result<Option<(String, Record)>> {
    if item.contains_key(GONE) {
        return Ok(None);
    }
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
    parse().map(Some).ok_or_else(|| broken(READING))
}

/// A record as its item has it.
pub(super) fn held(item: &Item) -> Result<Held> {
    let told = match text_of(item, "told") {
        Some(told) => Some(serde_json::from_str(told).map_err(|_| broken(READING))?),
        None => None,
    };
    let revision = text_of(item, REVISION).map(str::to_owned);
    Ok(Held { record: record_of(item)?.map(|(_, record)| record), revision, told })
}

/// A record that becomes another one, or none.
pub(super) struct Becomes<'a> {
    pub(super) name: &'a Name,
    pub(super) held: &'a Held,
    pub(super) record: Option<&'a Record>,
    /// What the lines of its part did to it, as far as the answer to the part does not say so at the same moment.
    pub(super) told: Option<&'a Told>,
}

impl Becomes<'_> {
    /// Its item, and under which condition it is written; nothing where there is nothing to remove.
    pub(super) fn item(&self, universe: &str, revision: &str) -> Result<Option<(Whole, When)>> {
        let (scope, key) = self.name;
        let when = match &self.held.revision {
            Some(revision) => When::Is(REVISION, text(revision)),
            None => When::New,
        };
        let attributes = match self.record {
            Some(record) => attributes(key, record, revision, self.told)?,
            None if self.held.revision.is_some() => gone(revision, self.told)?,
            None => return Ok(None),
        };
        Ok(Some(((keys::record(universe, scope, key), attributes), when)))
    }

    /// The columns that it can be matched by whose values change: before and after.
    fn matched<'a>(
        &'a self,
        plan: &'a Plan,
    ) -> impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a str>)> {
        plan.alternate_keys.get(&self.name.0).into_iter().flatten().filter_map(|column| {
            let before = self.held.record.as_ref().and_then(|record| record.text(column));
            let after = self.record.and_then(|record| record.text(column));
            (before != after).then_some((column.as_str(), before, after))
        })
    }

    /// True if it loses no value that it can be matched by.
    pub(super) fn stays_matched(&self, plan: &Plan) -> bool {
        self.matched(plan).all(|(_, before, _)| before.is_none())
    }

    /// The notes of the values that it can be matched by from now on.
    pub(super) fn notes(&self, universe: &str, plan: &Plan) -> Vec<Whole> {
        let (scope, key) = self.name;
        let note = |(column, _, after): (&str, _, Option<&str>)| {
            Some((keys::matched(universe, scope, column, after?, key), vec![("key", text(key))]))
        };
        self.matched(plan).filter_map(note).collect()
    }

    /// All that is written in a transaction: the item, and where it can be matched.
    pub(super) fn writes(&self, universe: &str, plan: &Plan, revision: &str) -> Result<Vec<Write>> {
        let (scope, key) = self.name;
        let put = |((at, attributes), when): (Whole, When)| Write::Put(at, attributes, when);
        let mut writes: Vec<Write> = self.item(universe, revision)?.map(put).into_iter().collect();
        let lost = |(column, before, _): (&str, Option<&str>, _)| {
            let at: At = keys::matched(universe, scope, column, before?, key);
            Some(Write::Delete(at, When::Always))
        };
        writes.extend(self.matched(plan).filter_map(lost));
        writes.extend(self.notes(universe, plan).into_iter().map(|whole| put((whole, When::Always))));
        Ok(writes)
    }
}
