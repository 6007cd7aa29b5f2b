//! What one worker lands of one file: a transaction that is open from the first batch until it is kept.
//!
//! Readers see a file as a whole, and a worker that stops leaves nothing behind. While the transaction is open
//! it holds the lock of the universe, so files are landed one after the other, and the tables are as they were read.

use std::sync::Arc;

use tidewaiter::id::ImportId;
use tidewaiter::record::Plan;
use tidewaiter_engine::ports::{Answer, Batch, Cargo, Landing, Pruned, Pruning, StoredRecord};
use tidewaiter_engine::{Error, Result};

use crate::catalog::{self, import_lock, universe_lock};
use crate::changes::{Feed, Place as Noted};
use crate::connections::{Connections, Place};
use crate::failure::broken;
use crate::land::Ground;
use crate::names::table;
use crate::row::{Runs, from_json, to_json};
use crate::session::{Session, value};
use crate::stored::Catalog;
use crate::{migrate, prune, read};

const LANDING: &str = "loading records";
const KEEPING: &str = "keeping records";
/// The share under which the answers to prunings are kept.
const PRUNINGS: i32 = -1;

/// What one worker lands of one file.
pub struct PostgresLanding {
    import: ImportId,
    universe: String,
    file: String,
    connections: Arc<Connections>,
    state: tokio::sync::Mutex<Option<State>>,
}

struct State {
    session: Arc<Session>,
    catalog: Catalog,
    runs: Runs,
    feed: Feed,
    /// True while a call is at work. If it is left in between, nothing may be kept.
    is_torn: bool,
    _place: Place,
}

impl std::fmt::Debug for PostgresLanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLanding").field("import", &self.import).finish_non_exhaustive()
    }
}

/// Begins a transaction that changes a universe, when it is its turn.
async fn begin(session: &Session, universe: &str) -> Result<()> {
    let lock = universe_lock(universe);
    session.run(LANDING, &format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await
}

/// The schema of a universe, made if there is none. Then it is committed: from here on no other deployment may take it.
async fn made(connections: &Connections, session: &Session, universe: &str) -> Result<String> {
    if let Some(schema) = connections.schema_of(session, universe).await? {
        return Ok(schema);
    }
    let schema = catalog::make(session, universe, connections.deployment()).await?;
    session.run(LANDING, "COMMIT").await?;
    begin(session, universe).await?;
    Ok(schema)
}

/// The tables of a universe, once they fit an import.
///
/// Other clients wait for whoever changes the columns of a table, so these changes are committed at once, and not with the
/// file. Another file may have its turn in between: nothing of this one was landed.
async fn fitting(session: &Session, universe: &str, schema: &str, plan: &Plan) -> Result<Catalog> {
    let mut catalog = catalog::read(session, schema).await?;
    while !migrate::fits(&catalog, plan) {
        migrate::fit(session, &mut catalog, plan).await?;
        session.run(LANDING, "COMMIT").await?;
        begin(session, universe).await?;
        catalog = catalog::read(session, schema).await?;
    }
    Ok(catalog)
}

/// Drops answers of landings that began 30 days ago or earlier, some of those with the oldest imports at a time: so it
/// costs each landing little, however many there are.
async fn drop_old_answers(session: &Session, schema: &str) -> Result<()> {
    let (applied, runs) = (table(schema, "_applied"), table(schema, "_runs"));
    let sql = format!(
        "DELETE FROM {applied} WHERE (import, share, number) IN (
           SELECT a.import, a.share, a.number
           FROM (SELECT import, share, number FROM {applied} ORDER BY import, share, number LIMIT 200) a
           JOIN {runs} r ON r.import = a.import WHERE r.landed < now() - interval '30 days')"
    );
    session.execute("dropping old answers", &sql, &[]).await.map(|_| ())
}

impl PostgresLanding {
    /// Begins to land a file.
    pub(crate) async fn begin(connections: Arc<Connections>, cargo: Cargo<'_>) -> Result<Self> {
        let universe = cargo.universe;
        // In this order: a landing that waits for its universe must not keep a connection from others.
        let place = connections.place(universe).await?;
        let session = connections.session().await?;
        begin(&session, universe).await?;
        let schema = made(&connections, &session, universe).await?;
        let catalog = fitting(&session, universe, &schema, cargo.plan).await?;
        if let Some(registry) = &connections.options.registry {
            registry.made(universe)?;
        }
        if connections.options.answers_expire {
            drop_old_answers(&session, &schema).await?;
        }
        let feed = Feed::new(connections.options.keep_changes_days, cargo.plan.quiet);
        let state = State { session, catalog, runs: Runs::default(), feed, is_torn: false, _place: place };
        Ok(Self {
            import: cargo.import,
            universe: universe.to_owned(),
            file: cargo.file.to_owned(),
            connections,
            state: tokio::sync::Mutex::new(Some(state)),
        })
    }

    fn gone(&self) -> Error {
        broken(LANDING, format!("the landing of {} was left before it was kept", self.import))
    }

    /// Runs a call on the state; one that is left in between, or fails, leaves nothing to be kept.
    async fn working<T>(&self, work: impl AsyncFnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.state.lock().await;
        let open = state.as_mut().filter(|state| !state.is_torn).ok_or_else(|| self.gone())?;
        open.is_torn = true;
        let done = work(open).await?;
        open.is_torn = false;
        Ok(done)
    }

    /// What was answered to a batch or a pruning, if it was landed before.
    async fn answered(&self, state: &mut State, (share, number): (i32, i64)) -> Result<Option<String>> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM tidewaiter.closed WHERE universe = $1 AND import = $2),
               (SELECT answer FROM {} WHERE import = $2 AND share = $3 AND number = $4)",
            table(&state.catalog.schema, "_applied")
        );
        let import = self.import.to_string();
        let row = state.session.row(LANDING, &sql, &[&self.universe, &import, &share, &number]).await?;
        let row = row.ok_or_else(|| broken(LANDING, "no answer"))?;
        if value(LANDING, &row, 0)? {
            return Err(Error::Closed { id: import });
        }
        value(LANDING, &row, 1)
    }

    async fn answer(&self, state: &State, (share, number): (i32, i64), answer: &str) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} (import, share, number, answer) VALUES ($1, $2, $3, $4)",
            table(&state.catalog.schema, "_applied")
        );
        let import = self.import.to_string();
        state.session.execute(LANDING, &sql, &[&import, &share, &number, &answer]).await.map(|_| ())
    }

    /// Writes the changes that fill blocks.
    async fn note(&self, state: &mut State) -> Result<()> {
        let place = Noted { universe: &self.universe, schema: &state.catalog.schema };
        state.feed.write(&state.session, place, state.runs.number(self.import)?).await
    }

    /// Gives the run its number.
    async fn number(&self, state: &mut State) -> Result<()> {
        if state.runs.number(self.import).is_ok() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO {} (import, file) VALUES ($1, $2)
             ON CONFLICT (import) DO UPDATE SET file = excluded.file RETURNING id",
            table(&state.catalog.schema, "_runs")
        );
        let row = state.session.row(LANDING, &sql, &[&self.import.to_string(), &self.file]).await?;
        let row = row.ok_or_else(|| broken(LANDING, "a run has no number"))?;
        state.runs.note(value(LANDING, &row, 0)?, self.import);
        Ok(())
    }
}

impl Landing for PostgresLanding {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        let share = i32::try_from(batch.number.share).unwrap_or(i32::MAX);
        let number = (share, i64::try_from(batch.number.batch).unwrap_or(i64::MAX));
        self.working(async |state: &mut State| {
            if let Some(before) = self.answered(state, number).await? {
                return from_json(&before).map(Answer::Landed);
            }
            self.number(state).await?;
            let State { session, catalog, runs, feed, .. } = state;
            let applied = Ground { session, catalog, runs, feed }.land(batch).await?;
            self.note(state).await?;
            self.answer(state, number, &to_json(&applied)?).await?;
            Ok(Answer::Landed(applied))
        })
        .await
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let number = (PRUNINGS, i64::try_from(pruning.page).unwrap_or(i64::MAX));
        self.working(async |state: &mut State| {
            if let Some(before) = self.answered(state, number).await? {
                return from_json(&before);
            }
            self.number(state).await?;
            let State { session, catalog, runs, feed, .. } = state;
            let pruned = prune::prune(&mut Ground { session, catalog, runs, feed }, pruning).await?;
            self.note(state).await?;
            self.answer(state, number, &to_json(&pruned)?).await?;
            Ok(pruned)
        })
        .await
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        self.working(async |state: &mut State| {
            let own = [(self.universe.clone(), state.catalog.schema.clone())];
            read::scan(&state.session, &own, scope, after, limit).await
        })
        .await
    }

    /// The lock of the import is held from before the question whether it is closed until the transaction is committed. So
    /// whoever closes it either comes first, and is seen here, or waits these moments and finds what was kept.
    async fn keep(self) -> Result<()> {
        let mut state =
            self.state.lock().await.take().filter(|state| !state.is_torn).ok_or_else(|| self.gone())?;
        state.is_torn = true;
        let import = self.import.to_string();
        let lock = import_lock(&self.universe, &import);
        let done = async {
            let session = &state.session;
            session.run(KEEPING, &format!("SELECT pg_advisory_xact_lock_shared({lock})")).await?;
            let sql = "SELECT 1 FROM tidewaiter.closed WHERE universe = $1 AND import = $2";
            if session.row(KEEPING, sql, &[&self.universe, &import]).await?.is_some() {
                return Err(Error::Closed { id: import });
            }
            let place = Noted { universe: &self.universe, schema: &state.catalog.schema };
            let run = state.runs.number(self.import).unwrap_or_default();
            let last = state.feed.finish(session, place, run).await?;
            session.run(KEEPING, &format!("{last} COMMIT")).await
        };
        // If it fails, the transaction ends with its connection, whatever state it is in.
        done.await?;
        self.connections.give_back(state.session);
        Ok(())
    }
}

impl Drop for PostgresLanding {
    /// Undoes what was not kept. Without a runtime that can wait for that, it closes the connection, which undoes it, too.
    fn drop(&mut self) {
        let Some(state) = self.state.get_mut().take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let connections = Arc::clone(&self.connections);
        let undoing = runtime.spawn(async move {
            if !state.is_torn && state.session.run(LANDING, "ROLLBACK").await.is_ok() {
                connections.give_back(state.session);
            }
        });
        self.connections.undoes(undoing);
    }
}
