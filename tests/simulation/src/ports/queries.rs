//! The states of queries: those of a folder, in memory. And the databases that they read, call by call.

use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    ConnectionError, Connections, DataSource, Fault, Form, ImportRun, Query, QueryState, QueryStates,
    RowBatch, SourceColumn, SourceError, SourceRows,
};

use super::Ports;
use crate::gate::Verdict;
use crate::table::{Asked, COLUMNS, Row};

/// How many rows come at a time.
const BATCH: usize = 2;

impl QueryStates for Ports {
    async fn query(&self, repository: &Repository, entry: &Entry) -> Result<Option<(QueryState, u64)>> {
        self.table("state.query", || entry.to_string(), self.world.state.query(repository, entry)).await
    }

    async fn put_query(
        &self,
        repository: &Repository,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        let put = async {
            let won = self.world.state.put_query(repository, entry, state, version).await?;
            if won {
                self.seen(|inner| inner.watch.query_put(self.process, repository, state));
            }
            Ok(won)
        };
        self.table("state.put_query", || told(entry, state, version), put).await
    }

    async fn register_fetched(
        &self,
        run: &ImportRun,
        entry: &Entry,
        state: &QueryState,
        version: u64,
    ) -> Result<bool> {
        let register = async {
            let won = self.world.state.register_fetched(run, entry, state, version).await?;
            if won {
                self.seen(|inner| {
                    let bytes = inner.bucket.content(&run.source.key, None).unwrap_or_default();
                    inner.watch.fetched(self.process, run, &bytes);
                    inner.watch.query_put(self.process, &run.repository, state);
                });
                self.remember_current(run.id).await?;
            }
            Ok(won)
        };
        self.table("state.register_fetched", || told(entry, state, version), register).await
    }
}

fn told(entry: &Entry, state: &QueryState, version: u64) -> String {
    let mut state = state.clone();
    state.ended.clear();
    format!("{entry} from {version}: {}", serde_json::to_string(&state).unwrap_or_default())
}

/// The database of a repository.
pub struct Source {
    ports: Ports,
    /// The number of its partner.
    partner: usize,
}

/// The rows of an answer.
pub struct Rows {
    ports: Ports,
    partner: usize,
    columns: Vec<SourceColumn>,
    left: std::vec::IntoIter<Row>,
}

impl Connections for Ports {
    type Source = Source;

    async fn max_reads(
        &self,
        _name: &str,
        _repository: &Repository,
    ) -> std::result::Result<u32, ConnectionError> {
        Ok(1)
    }

    async fn connection(
        &self,
        name: &str,
        repository: &Repository,
    ) -> std::result::Result<Source, ConnectionError> {
        let partner = self.seen(|inner| inner.watch.partner_called(repository));
        let partner = partner.ok_or_else(|| ConnectionError::unknown(name, repository, []))?;
        Ok(Source { ports: self.clone(), partner })
    }
}

impl Ports {
    /// A call of the database. It changes nothing there, whenever it fails.
    async fn ask(
        &self,
        name: &'static str,
        about: impl FnOnce() -> String,
    ) -> std::result::Result<(), SourceError> {
        match self.lane.ask(self.announce(name, about)).await {
            Verdict::Go => Ok(()),
            Verdict::FailBefore | Verdict::FailAfter => Err(SourceError::new(Fault::Passing, "simulated")),
            Verdict::DieAfter => self.lane.end().await,
        }
    }
}

impl DataSource for Source {
    type Rows = Rows;

    async fn open(&self, query: &Query) -> std::result::Result<Rows, SourceError> {
        let last = query.last.as_ref().map(|last| last.text.clone());
        self.ports.ask("source.open", || format!("{} with {last:?}", query.sql)).await?;
        let (ports, partner) = (self.ports.clone(), self.partner);
        let answer = ports.seen(|inner| {
            let asked = Asked::read(&query.sql);
            let begin = asked.by.zip(query.last.as_ref()).and_then(|(by, last)| by.read(last));
            let table = inner.tables.entry(partner).or_default();
            if let Some(fault) = table.broken {
                return Err(SourceError::new(fault, "the database is broken"));
            }
            let answer = table.answer(asked, begin, &mut inner.chance);
            inner.watch.opened(ports.process, partner, asked, begin, answer.clone());
            Ok(answer)
        })?;
        let form = |name: &str| match name {
            "at" => Form::Moment,
            "card_code" | "points" => Form::Text,
            _ => Form::Integer,
        };
        let column =
            |name: &&str| SourceColumn { name: (*name).to_owned(), kind: "any".to_owned(), form: form(name) };
        Ok(Rows { ports, partner, columns: COLUMNS.iter().map(column).collect(), left: answer.into_iter() })
    }
}

impl SourceRows for Rows {
    fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    async fn next(&mut self, batch: &mut RowBatch) -> std::result::Result<bool, SourceError> {
        self.ports.ask("source.next", || format!("{} rows are left", self.left.len())).await?;
        batch.clear(COLUMNS.len());
        let rows: Vec<Row> = self.left.by_ref().take(BATCH).collect();
        for value in rows.iter().flat_map(Row::values) {
            match value {
                Some(value) => batch.push(value.as_bytes()),
                None => batch.push_null(),
            }
        }
        self.ports.seen(|inner| inner.watch.delivered(self.ports.process, self.partner, rows.len()));
        Ok(!rows.is_empty())
    }
}
