//! A record with where each of its values came from, and the records that belong to it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use tidewaiter::config::Config;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::schema::{Scopes, TableSchema, catalogue};
use tidewaiter_engine::ports::{Progress, Records, RunLedger, StoredRecord};

use super::key::Keys;
use super::{active, is_asked_for};
use crate::Result;
use crate::deployment::{Deployed, Deployment, with_deployed};

/// A record, and what belongs to it.
#[derive(Debug)]
pub struct Traced {
    /// The records of the key, then those that belong to them, scope by scope.
    pub records: Vec<TracedRecord>,
    /// True if there are more of a scope than were asked for.
    pub more: bool,
}

/// A record with where each of its values came from.
#[derive(Debug, Serialize)]
pub struct TracedRecord {
    /// Its universe.
    pub universe: String,
    /// Its scope.
    pub scope: String,
    /// Its key, as it is kept.
    pub key: String,
    /// Its values, by column.
    pub values: BTreeMap<String, Cell>,
}

/// A value and where it came from.
#[derive(Debug, Serialize)]
pub struct Cell {
    /// The value.
    pub value: String,
    /// The import it came from.
    pub import: ImportId,
    /// The file; none if the ledger does not know the import (any more).
    pub file: Option<String>,
    /// The line, counted from 1, the header's; 0 for what the file as a whole did.
    pub line: u64,
    /// When it was imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The records of a scope that a key names as files may write it, at most `limit`.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn find(
    deployment: &Deployment,
    scope: &str,
    key: &str,
    universe: Option<&str>,
    limit: usize,
) -> Result<Vec<StoredRecord>> {
    with_deployed!(deployment, deployed => {
        let keys = Keys::new(&active(deployed, universe).await?, scope, key);
        Search { deployed, universe, keys: &keys, limit, more: false }.find(scope).await
    })
}

/// The records that a key names, and those that belong to them, at most `limit` of each scope.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn trace(
    deployment: &Deployment,
    scope: &str,
    key: &str,
    universe: Option<&str>,
    limit: usize,
) -> Result<Traced> {
    with_deployed!(deployment, deployed => {
        let configs = active(deployed, universe).await?;
        let keys = Keys::new(&configs, scope, key);
        let mut search = Search { deployed, universe, keys: &keys, limit, more: false };
        let mut tracer = Tracer { deployed, imports: BTreeMap::new(), traced: Vec::new() };
        for scope in std::iter::once(scope.to_owned()).chain(belonging(&configs, scope)) {
            let found = search.find(&scope).await?;
            tracer.trace(&scope, found).await?;
        }
        Ok(Traced { records: tracer.traced, more: search.more })
    })
}

/// The scopes whose records may belong to one of this scope: under its key.
fn belonging(configs: &[Arc<Config>], scope: &str) -> BTreeSet<String> {
    let belongs = |schema: &TableSchema| {
        let adjusts = schema.adjusts.as_ref().is_some_and(|adjusts| adjusts.resource == scope);
        adjusts
            || schema.foreign_keys.iter().any(|key| {
                let there = &key.reference;
                key.dependent && (there.resource == scope || there.or_in.iter().any(|other| other == scope))
            })
    };
    let of = |scopes: &Scopes| -> Vec<String> {
        let belonging = scopes.iter().filter(|(name, schema)| *name != scope && belongs(schema));
        belonging.map(|(name, _)| name.clone()).collect()
    };
    configs.iter().flat_map(|config| of(config.scopes())).chain(of(catalogue::scopes())).collect()
}

/// Looks for the records of a key.
struct Search<'a, D> {
    deployed: &'a D,
    universe: Option<&'a str>,
    keys: &'a Keys,
    limit: usize,
    /// There were more than are shown.
    more: bool,
}

impl<D: Deployed> Search<'_, D> {
    async fn find(&mut self, scope: &str) -> Result<Vec<StoredRecord>> {
        // One more than is shown tells whether there are more.
        let limit = self.limit.saturating_add(1).min(i32::MAX as usize);
        let mut found = Vec::new();
        for key in self.keys.all() {
            let mut records = self.deployed.records().find(scope, key, limit).await?;
            records.retain(|record| {
                is_asked_for(self.universe, &record.universe) && self.keys.names(&record.universe, key)
            });
            found.extend(records);
        }
        self.more |= found.len() > self.limit;
        found.truncate(self.limit);
        Ok(found)
    }
}

/// Where something came from, for people: the file, and when that was imported.
type Origin = (String, Timestamp);

/// Finds out where the values of records came from.
struct Tracer<'a, D> {
    deployed: &'a D,
    imports: BTreeMap<ImportId, Option<Origin>>,
    traced: Vec<TracedRecord>,
}

impl<D: Deployed> Tracer<'_, D> {
    async fn trace(&mut self, scope: &str, records: Vec<StoredRecord>) -> Result<()> {
        for StoredRecord { universe, key, record } in records {
            let mut values = BTreeMap::new();
            for (name, value) in record.values {
                let (file, at) = self.origin(value.source.import).await?.unzip();
                let (import, line) = (value.source.import, value.source.line);
                values.insert(name, Cell { value: value.text, import, file, line, at });
            }
            self.traced.push(TracedRecord { universe, scope: scope.to_owned(), key, values });
        }
        Ok(())
    }

    async fn origin(&mut self, import: ImportId) -> Result<Option<Origin>> {
        match self.imports.entry(import) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(free) => {
                let import = self.deployed.state().run(import).await?;
                let origin = import.map(|import| {
                    let at = match &import.progress {
                        Progress::Registered => import.arrived,
                        Progress::Started(pinned) => pinned.at,
                        Progress::Concluding(end) | Progress::Done(end) => end.finished,
                    };
                    (import.file, at)
                });
                Ok(free.insert(origin).clone())
            }
        }
    }
}
