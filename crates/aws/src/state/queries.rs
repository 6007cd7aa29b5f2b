//! The states of queries in DynamoDB.
//!
//! A state is one item: its JSON, and beside it the hashes of rows, which are the most of it, as bytes. An item holds 400 KB.
//! The hashes of two positions are up to 160 KB, and the rest has to fit beside them.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::run::SeenRows;
use tidewaiter_engine::ports::{ImportRun, Phase, Position, QueryState, QueryStates};
use tidewaiter_engine::{Error, Result};

use super::imports::{self, DOCUMENT, FIRST_REVISION, REVISION, document};
use super::{StateTable, keys, register};
use crate::table::{
    At, Item, Part, Table, Tries, When, Write, Written, broken, number, number_of, text, text_of,
};

/// The attribute with the hashes of the position.
const SEEN: &str = "seen";
/// The attribute with the hashes of the position before the file in hand.
const BACK: &str = "back";
/// How many bytes the JSON may have beside the hashes.
const ROOM: usize = 220_000;

impl QueryStates for StateTable {
    async fn query(&self, repository: &Repository, entry: &Entry) -> Result<Option<(QueryState, u64)>> {
        const WHAT: &str = "reading the state of a query";
        let found = self.table.get(WHAT, &keys::query(repository, entry)).await?;
        found.map(|item| state_of(&item, WHAT)).transpose()
    }

    async fn put_query(
        &self,
        repository: &Repository,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        const WHAT: &str = "keeping the state of a query";
        let put = Put::new(repository, entry, state, version, WHAT)?;
        let mut tries = Tries::new(WHAT);
        loop {
            if let Written::Done = self.table.write(WHAT, put.writes()).await? {
                return Ok(true);
            }
            match put.found(&self.table, WHAT).await? {
                Found::Ours => return Ok(true),
                Found::Other => return Ok(false),
                Found::AsRead => tries.again().await?,
            }
        }
    }

    async fn register_fetched(
        &self,
        run: &ImportRun,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        const WHAT: &str = "registering the file of a query";
        self.note(&run.repository).await?;
        let put = Put::new(&run.repository, entry, state, version, WHAT)?;
        let mut tries = Tries::new(WHAT);
        loop {
            let mut writes = put.writes();
            let is_registered = imports::find(&self.table, WHAT, run.id).await?.is_some();
            let mut fresh = None;
            if !is_registered {
                let (registers, run) = register::writes_of(&self.table, run).await?;
                writes.extend(registers);
                fresh = Some(run);
            }
            if let Written::Done = self.table.write(WHAT, writes).await? {
                if let Some(run) = fresh {
                    self.known.put(&run, FIRST_REVISION);
                }
                return Ok(true);
            }
            match put.found(&self.table, WHAT).await? {
                Found::Ours => return Ok(true),
                Found::Other => return Ok(false),
                Found::AsRead => tries.again().await?,
            }
        }
    }
}

impl StateTable {
    /// The repositories of which the state of a query is kept: one small request, however many repositories there are.
    ///
    /// # Errors
    /// If the table cannot be asked.
    pub async fn repositories_with_queries(&self) -> Result<Vec<Repository>> {
        const WHAT: &str = "listing repositories with queries";
        let found = self.table.query(WHAT, keys::QUERIES, Part::default(), usize::MAX).await?;
        let name = |item: &Item| text_of(item, "sk").and_then(|name| name.parse().ok());
        found.iter().map(|item| name(item).ok_or_else(|| broken(WHAT))).collect()
    }
}

/// A state that takes the place of the one that was read as a version.
struct Put {
    at: At,
    attributes: Vec<(&'static str, AttributeValue)>,
    version: u64,
    /// Written with the first state of a query: the repository has one.
    marker: Option<At>,
}

/// What lies where a state was not written.
enum Found {
    /// The state that was to be written: an earlier try did it, and its answer was lost.
    Ours,
    /// The one that was read. Another condition did not hold, or another transaction was under way.
    AsRead,
    /// What another process wrote.
    Other,
}

impl Put {
    fn new(
        repository: &Repository,
        entry: &Entry,
        state: &QueryState,
        version: u64,
        what: &'static str,
    ) -> Result<Self> {
        let mut state = state.clone();
        let seen = take_rows(Some(&mut state.position));
        let back = take_rows(back_of(&mut state));
        let revision = (REVISION, number(version.saturating_add(1)));
        let attributes = vec![(DOCUMENT, text(json(state, what)?)), (SEEN, seen), (BACK, back), revision];
        let marker = (version == 0).then(|| keys::has_queries(repository));
        Ok(Self { at: keys::query(repository, entry), attributes, version, marker })
    }

    fn writes(&self) -> Vec<Write> {
        let when = if self.version == 0 { When::New } else { When::Is(REVISION, number(self.version)) };
        let state = Write::Put(self.at.clone(), self.attributes.clone(), when);
        let marker = self.marker.clone().map(|at| Write::Put(at, Vec::new(), When::Always));
        std::iter::once(state).chain(marker).collect()
    }

    async fn found(&self, table: &Table, what: &'static str) -> Result<Found> {
        let Some(item) = table.get(what, &self.at).await? else {
            return Ok(if self.version == 0 { Found::AsRead } else { Found::Other });
        };
        if number_of(&item, REVISION) == Some(self.version) {
            return Ok(Found::AsRead);
        }
        let is_ours = self.attributes.iter().all(|(name, value)| item.get(*name) == Some(value));
        Ok(if is_ours { Found::Ours } else { Found::Other })
    }
}

/// The state without its hashes, as JSON. The oldest of the reads that ended are left out if there is no room for all.
fn json(mut state: QueryState, what: &'static str) -> Result<String> {
    loop {
        let json = serde_json::to_string(&state).map_err(|e| Error::Store { what, source: Box::new(e) })?;
        if json.len() <= ROOM || state.ended.is_empty() {
            return Ok(json);
        }
        let surplus = state.ended.len().div_ceil(10);
        state.ended.drain(..surplus);
    }
}

/// Where `{lastItem}` goes back to if the file in hand is refused.
fn back_of(state: &mut QueryState) -> Option<&mut Position> {
    match &mut state.phase {
        Phase::Landing(landing) => Some(&mut landing.back),
        Phase::Idle | Phase::Reading(_) => None,
    }
}

fn take_rows(position: Option<&mut Position>) -> AttributeValue {
    let seen = position.map(|position| std::mem::take(&mut position.seen)).unwrap_or_default();
    AttributeValue::B(Blob::new(seen.to_bytes()))
}

/// A state and its version.
fn state_of(item: &Item, what: &'static str) -> Result<(QueryState, u64)> {
    let rows = |name: &str| {
        let bytes = item.get(name).and_then(|value| value.as_b().ok());
        bytes.and_then(|bytes| SeenRows::from_bytes(bytes.as_ref())).ok_or_else(|| broken(what))
    };
    let (mut state, version) = document::<QueryState>(item, what)?;
    state.position.seen = rows(SEEN)?;
    if let Some(back) = back_of(&mut state) {
        back.seen = rows(BACK)?;
    }
    Ok((state, version))
}
