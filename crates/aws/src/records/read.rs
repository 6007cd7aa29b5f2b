//! What is asked of the records without changing them.
//!
//! A scope lies in several partitions, each in the order of its keys. Read together, they give the order of the
//! whole scope: of each the first record that has not been given yet is held.

use std::collections::{HashSet, VecDeque};

use tidewaiter::record::KEY_SEPARATOR;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::StoredRecord;

use super::keys::{self, PARTITIONS};
use super::write::{GONE, record_of};
use crate::table::{At, Item, Part, Table, broken, start_after, text_of};

const READING: &str = "reading records";

/// The universes in which there are records of a scope.
async fn universes(table: &Table, scope: &str) -> Result<Vec<String>> {
    let prefix = format!("{scope}{KEY_SEPARATOR}");
    let part = Part { prefix: &prefix, ..Part::default() };
    let items = table.query("reading scopes", keys::COLLECTIONS, part, usize::MAX).await?;
    let universe = |item: &Item| Some(text_of(item, "sk")?.strip_prefix(&prefix)?.to_owned());
    items.iter().map(universe).collect::<Option<_>>().ok_or_else(|| broken("reading scopes"))
}

pub(super) async fn exist(table: &Table, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
    let ats: Vec<At> = records.iter().map(|(scope, key)| keys::record(universe, scope, key)).collect();
    let unique: HashSet<&At> = ats.iter().collect();
    let asked: Vec<At> = unique.into_iter().cloned().collect();
    let found = table.get_all("looking records up", &asked).await?;
    let found: HashSet<(Option<&str>, Option<&str>)> = (found.iter())
        .filter(|item| !item.contains_key(GONE))
        .map(|item| (text_of(item, "pk"), text_of(item, "sk")))
        .collect();
    Ok(ats.iter().map(|at| found.contains(&(Some(&at.pk), Some(&at.sk)))).collect())
}

pub(super) async fn find(table: &Table, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
    let mut found = Vec::new();
    for universe in universes(table, scope).await? {
        let stored = |(key, record)| StoredRecord { universe: universe.clone(), key, record };
        if let Some(own) = table.get(READING, &keys::record(&universe, scope, key)).await? {
            found.extend(record_of(&own)?.map(stored));
        }
        let at = keys::owned(&universe, scope, key);
        let part = Part { prefix: &at.sk, ..Part::default() };
        let mut after = None;
        // Some items hold no record any more.
        while found.len() < limit {
            let (items, more) = table.page(READING, &at.pk, part, after, limit).await?;
            for item in &items {
                found.extend(record_of(item)?.map(stored));
            }
            if more.is_none() {
                break;
            }
            after = more;
        }
    }
    found.truncate(limit);
    Ok(found)
}

pub(super) async fn scan(
    table: &Table,
    scope: &str,
    after: Option<(&str, &str)>,
    limit: usize,
) -> Result<Vec<StoredRecord>> {
    let mut found = Vec::new();
    for universe in universes(table, scope).await? {
        let behind = match after {
            Some((first, _)) if universe.as_str() < first => continue,
            Some((first, key)) if universe == first => Some(key),
            _ => None,
        };
        let records = page(table, &universe, scope, behind, limit - found.len()).await?;
        found.extend(records.into_iter().map(|(key, record, _)| StoredRecord {
            universe: universe.clone(),
            key,
            record,
        }));
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// A record with its key and its item.
pub(super) type Found = (String, tidewaiter::record::Record, Item);

/// A page of one universe's records, in the order of their keys.
pub(super) async fn page(
    table: &Table,
    universe: &str,
    scope: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Found>> {
    let mut streams = Vec::new();
    for number in 0..PARTITIONS {
        let pk = keys::partition(universe, scope, number);
        let start = after.filter(|key| !key.is_empty()).map(|key| start_after(&pk, &keys::sort(key)));
        let mut stream = Stream { pk, items: VecDeque::new(), next: start, ended: false };
        stream.fill(table, limit).await?;
        streams.push(stream);
    }
    let mut found = Vec::new();
    while found.len() < limit {
        let first = streams.iter().enumerate().filter_map(|(n, stream)| Some((stream.first()?, n))).min();
        let Some((_, number)) = first else { break };
        let Some(stream) = streams.get_mut(number) else { break };
        if let Some(item) = stream.items.pop_front()
            && let Some((key, record)) = record_of(&item)?
        {
            found.push((key, record, item));
        }
        stream.fill(table, limit - found.len()).await?;
    }
    Ok(found)
}

/// One partition of a scope, read from front to back.
struct Stream {
    pk: String,
    items: VecDeque<Item>,
    next: Option<Item>,
    ended: bool,
}

impl Stream {
    fn first(&self) -> Option<&str> {
        self.items.front().and_then(|item| text_of(item, "sk"))
    }

    /// Reads on if nothing is held and there is more.
    async fn fill(&mut self, table: &Table, wanted: usize) -> Result<()> {
        while self.items.is_empty() && !self.ended && wanted > 0 {
            // Each partition has its share of what is wanted, and a little more.
            let limit = wanted / PARTITIONS as usize + 25;
            let (items, next) =
                table.page(READING, &self.pk, Part::default(), self.next.take(), limit).await?;
            self.ended = next.is_none();
            self.next = next;
            self.items.extend(items);
        }
        Ok(())
    }
}

pub(super) async fn has_records(table: &Table) -> Result<bool> {
    Ok(!table.query("looking for records", keys::COLLECTIONS, Part::default(), 1).await?.is_empty())
}

pub(super) async fn counts(table: &Table) -> Result<Vec<(String, String, u64)>> {
    let mut counts = Vec::new();
    for item in table.query("reading scopes", keys::COLLECTIONS, Part::default(), usize::MAX).await? {
        let names = text_of(&item, "sk").and_then(|sk| sk.split_once(KEY_SEPARATOR));
        let (scope, universe) = names.ok_or_else(|| broken("reading scopes"))?;
        let mut count = 0;
        for number in 0..PARTITIONS {
            let pk = keys::partition(universe, scope, number);
            count += table.count_without("counting records", &pk, GONE).await?;
        }
        if count > 0 {
            counts.push((universe.to_owned(), scope.to_owned(), count));
        }
    }
    counts.sort();
    Ok(counts)
}
