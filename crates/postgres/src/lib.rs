//! Records of tidewaiter in PostgreSQL.
//!
//! A universe is a schema, a scope a table, a field a column of its type; so records are what any client reads. A file
//! is landed in one transaction, which readers see when all of the file is in it. The lines of a batch are landed in
//! memory, by the same function as in every store, on what was fetched for all of them; what changed is written as a set.
//!
//! * [`Address`] says where the database is, without a password. [`Login`] is asked for one whenever a connection is made.
//! * [`PostgresRecords`] is the store.

mod address;
mod catalog;
mod changes;
mod connections;
mod copy;
mod exports;
mod failure;
mod fetch;
mod filter;
mod fresh;
mod kind;
mod land;
mod landing;
mod login;
mod migrate;
mod names;
mod options;
mod overlay;
mod prune;
mod read;
mod retype;
mod row;
mod session;
mod stored;
mod universes;
mod wanted;
mod wide;
mod write;

use std::sync::Arc;

use tidewaiter::id::ImportId;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Cargo, ChangeFeed, ChangePage, Records, StoredRecord};

pub use address::{Address, Secret};
pub use failure::Failure;
pub use landing::PostgresLanding;
pub use login::{Login, Told};
pub use options::{Options, Registry};

use catalog::import_lock;
use connections::Connections;
use names::{literal, table};
use session::Session;

const ASKING: &str = "looking for batches";

/// Records in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresRecords {
    connections: Arc<Connections>,
}

impl std::fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRecords").finish_non_exhaustive()
    }
}

impl PostgresRecords {
    /// The records at an address. A connection is made when the first question is asked.
    pub fn new(address: Address) -> Self {
        Self::with(address, Options::default())
    }

    /// The same, with options.
    pub fn with(address: Address, options: Options) -> Self {
        Self::by_login(Arc::new(address), options)
    }

    /// The records at the address that a login tells.
    pub fn by_login(login: Arc<dyn Login>, options: Options) -> Self {
        Self { connections: Arc::new(Connections::new(login, options)) }
    }

    /// Brings what goes on in the background to its end, before the process may be made to stand still: a transaction that
    /// is left open would keep others from its universe. Connections that may be gone when it goes on are tried first.
    pub async fn rest(&self) {
        self.connections.rest().await;
    }
}

impl PostgresRecords {
    /// The connection for questions, and the universes.
    async fn all(&self) -> Result<(Arc<Session>, Vec<(String, String)>)> {
        let session = self.connections.asked().await?;
        let universes = self.connections.universes(&session).await?;
        Ok((session, universes))
    }
}

impl ChangeFeed for PostgresRecords {
    async fn changes(&self, universe: &str, after: u64, limit: usize) -> Result<ChangePage> {
        let session = self.connections.asked().await?;
        match self.connections.schema_of(&session, universe).await? {
            Some(schema) => {
                let place = changes::Place { universe, schema: &schema };
                changes::read(&session, place, after, limit).await
            }
            None => Ok(ChangePage::default()),
        }
    }

    async fn changed_universes(&self) -> Result<Vec<String>> {
        let (_, universes) = self.all().await?;
        Ok(universes.into_iter().map(|(universe, _)| universe).collect())
    }
}

impl Records for PostgresRecords {
    type Landing = PostgresLanding;

    async fn begin(&self, cargo: Cargo<'_>) -> Result<PostgresLanding> {
        let connections = Arc::clone(&self.connections);
        PostgresLanding::begin(connections, cargo).await
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        let session = self.connections.asked().await?;
        let Some(schema) = self.connections.schema_of(&session, universe).await? else { return Ok(false) };
        let sql = format!("SELECT 1 FROM {} WHERE import = $1 LIMIT 1", table(&schema, "_applied"));
        Ok(session.row(ASKING, &sql, &[&import.to_string()]).await?.is_some())
    }

    /// A worker that keeps what it landed at this moment is waited for; one that does so later is told.
    async fn close(&self, universe: &str, import: ImportId, _loaders: u32) -> Result<bool> {
        let session = self.connections.asked().await?;
        let id = import.to_string();
        // Statements that are sent together are one transaction.
        let sql = format!(
            "SELECT pg_advisory_xact_lock({});
             INSERT INTO tidewaiter.closed (universe, import) VALUES ({}, {}) ON CONFLICT DO NOTHING",
            import_lock(universe, &id),
            literal(universe),
            literal(&id),
        );
        session.run("closing an import", &sql).await?;
        self.has_begun(universe, import).await
    }

    async fn forget(&self, universe: &str, import: ImportId) -> Result<()> {
        let session = self.connections.asked().await?;
        let id = import.to_string();
        let closed = "DELETE FROM tidewaiter.closed WHERE universe = $1 AND import = $2";
        session.execute("forgetting batches", closed, &[&universe, &id]).await?;
        let Some(schema) = self.connections.schema_of(&session, universe).await? else { return Ok(()) };
        let sql = format!("DELETE FROM {} WHERE import = $1", table(&schema, "_applied"));
        session.execute("forgetting batches", &sql, &[&id]).await.map(|_| ())
    }

    fn lands_whole(&self) -> bool {
        true
    }

    /// Each batch costs a few questions, whatever it holds.
    fn batch_lines(&self) -> usize {
        10_000
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        let session = self.connections.asked().await?;
        match self.connections.schema_of(&session, universe).await? {
            Some(schema) => read::exist(&session, &schema, records).await,
            None => Ok(vec![false; records.len()]),
        }
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        let (session, universes) = self.all().await?;
        read::find(&session, &universes, scope, key, limit).await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let (session, universes) = self.all().await?;
        read::scan(&session, &universes, scope, after, limit).await
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        let (session, universes) = self.all().await?;
        read::counts(&session, &universes).await
    }
}
