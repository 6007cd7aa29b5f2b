//! The records of a scope, page by page.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::record::Source;
use tidewaiter::schema::catalogue;
use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{Records, StoredRecord};

use super::{active, is_asked_for};
use crate::Result;
use crate::deployment::{Deployment, with_deployed};

/// How many records are held at a time; fewer if they are wide.
const PAGE: usize = 500;

/// The columns of a scope in the order of its schema, then those that only records have, which are all read for that.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn columns(
    deployment: &Deployment,
    scope: &str,
    universe: Option<&str>,
    limit: Option<u64>,
) -> Result<Vec<String>> {
    let mut columns = known_columns(deployment, scope, universe).await?;
    let mut unknown = BTreeSet::new();
    let mut pages = Pages::new(deployment, scope, universe, limit);
    while let Some(page) = pages.next().await? {
        add_unknown(&mut unknown, &columns, &page);
    }
    columns.extend(unknown);
    Ok(columns)
}

/// The columns of these records, in the same order.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn columns_of(
    deployment: &Deployment,
    scope: &str,
    universe: Option<&str>,
    records: &[StoredRecord],
) -> Result<Vec<String>> {
    let mut columns = known_columns(deployment, scope, universe).await?;
    let mut unknown = BTreeSet::new();
    add_unknown(&mut unknown, &columns, records);
    columns.extend(unknown);
    Ok(columns)
}

fn add_unknown(unknown: &mut BTreeSet<String>, columns: &[String], records: &[StoredRecord]) {
    let names = records.iter().flat_map(|stored| stored.record.values.keys());
    unknown.extend(names.filter(|name| !columns.contains(name)).cloned());
}

async fn known_columns(deployment: &Deployment, scope: &str, universe: Option<&str>) -> Result<Vec<String>> {
    let configs = with_deployed!(deployment, deployed => active(deployed, universe).await?);
    let schemas = configs.iter().filter_map(|config| config.scopes().get(scope));
    let mut columns: Vec<String> = Vec::new();
    for field in catalogue::scopes().get(scope).into_iter().chain(schemas).flat_map(|schema| &schema.fields) {
        if !columns.contains(&field.name) {
            columns.push(field.name.clone());
        }
    }
    Ok(columns)
}

/// Records of a scope, page by page, as far as they were asked for.
#[derive(Debug)]
pub struct Pages<'a> {
    deployment: &'a Deployment,
    scope: &'a str,
    universe: Option<&'a str>,
    left: u64,
    after: Option<(String, String)>,
}

impl<'a> Pages<'a> {
    /// The records of a scope by universe and key; of one universe if it is named, and at most so many.
    pub fn new(
        deployment: &'a Deployment,
        scope: &'a str,
        universe: Option<&'a str>,
        limit: Option<u64>,
    ) -> Self {
        // No record has an empty key: all of the universe lie behind it.
        let after = universe.map(|universe| (universe.to_owned(), String::new()));
        Self { deployment, scope, universe, left: limit.unwrap_or(u64::MAX), after }
    }

    /// The next page; none when there are no more records.
    ///
    /// # Errors
    /// If the deployment cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredRecord>>> {
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
        if limit == 0 {
            return Ok(None);
        }
        let after = self.after.as_ref().map(|(universe, key)| (universe.as_str(), key.as_str()));
        let mut page = with_deployed!(self.deployment, deployed => {
            deployed.records().scan(self.scope, after, limit).await?
        });
        page.retain(|record| is_asked_for(self.universe, &record.universe));
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some((last.universe.clone(), last.key.clone()));
        self.left = self.left.saturating_sub(page.len() as u64);
        Ok(Some(page))
    }
}

/// A record of a listing, for programs.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// Its universe.
    pub universe: &'a str,
    /// Its key, as it is kept.
    pub key: &'a str,
    /// Its values, by column.
    pub values: BTreeMap<&'a str, &'a str>,
    /// Where each value came from, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeMap<&'a str, Source>>,
    /// The import that last changed it.
    pub import: ImportId,
    /// The line of it; 0 for the file as a whole.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// A record, with where each value came from or without.
    pub fn of(stored: &'a StoredRecord, with_sources: bool) -> Self {
        let StoredRecord { universe, key, record } = stored;
        let values = record.values.iter().map(|(name, value)| (name.as_str(), value.text.as_str()));
        let sources = record.values.iter().map(|(name, value)| (name.as_str(), value.source));
        Self {
            universe,
            key,
            values: values.collect(),
            sources: with_sources.then(|| sources.collect()),
            import: record.changed.import,
            line: record.changed.line,
        }
    }
}
