//! What one worker lands of one file: a transaction on the database of its universe.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Landed, Layout, Plan, land};
use tokio::sync::OwnedMutexGuard;

use super::answers::{answer, answered, is_closed};
use super::known_keys::KnownKeys;
use super::tables::{self, Unfit};
use super::tx::{self, TablesTx};
use super::universe::Universe;
use super::{read, unfit};
use crate::sqlite::{Database, from_json, overtaken, to_json};
use tidewaiter_engine::ports::{
    Applied, Batch, BatchNumber, Cargo, Landing, Pruned, Pruning, Stays, StoredRecord,
};
use tidewaiter_engine::{Error, Result};

/// The share under which the answers to prunings are kept.
const PRUNINGS: i64 = -1;

/// What one worker lands of one file.
///
/// Its transaction is rolled back when it is dropped without being kept, and when a part of it fails.
#[derive(Debug)]
pub struct SqliteLanding {
    session: Arc<Session>,
}

/// A transaction, as long as anything is done in it: also on another thread, for a worker that is gone.
#[derive(Debug)]
struct Session {
    universe: String,
    import: ImportId,
    file: String,
    database: Database,
    state: Mutex<State>,
    /// Where each batch is committed for itself there is no turn to wait for.
    turn: Option<OwnedMutexGuard<()>>,
}

#[derive(Debug, Default)]
struct State {
    is_open: bool,
    has_failed: bool,
    known: KnownKeys,
}

impl Drop for Session {
    /// Before the next one has its turn.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.is_open {
            self.database.roll_back();
        }
    }
}

impl SqliteLanding {
    /// Begins. Without a turn to change the universe, each batch is committed for itself.
    pub(super) async fn begin(
        universe: &Universe,
        cargo: Cargo<'_>,
        turn: Option<OwnedMutexGuard<()>>,
        forgotten: Vec<ImportId>,
    ) -> Result<Self> {
        let Some(database) = universe.writer.clone() else {
            let (what, reason) = ("loading records".to_owned(), "the folder is only looked at".to_owned());
            return Err(Error::Refused { what, reason });
        };
        let session = Arc::new(Session {
            universe: cargo.universe.to_owned(),
            import: cargo.import,
            file: cargo.file.to_owned(),
            database,
            state: Mutex::default(),
            turn,
        });
        let landing = Self { session };
        let plan = Arc::clone(cargo.plan);
        let prepared = landing.run("preparing tables", move |sql, _, _| {
            for import in &forgotten {
                sql.prepare_cached("DELETE FROM _applied WHERE import = ?1")?
                    .execute([import.to_string()])?;
            }
            prepare(sql, &plan)
        });
        match prepared.await? {
            Ok(()) => Ok(landing),
            Err(why) => Err(unfit(why)),
        }
    }

    /// Does a part of it. If that fails, all of it is rolled back, and nothing more is done.
    async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection, &Session, &mut KnownKeys) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = Arc::clone(&self.session);
        let done = tokio::task::spawn_blocking(move || session.now(what, work));
        done.await.map_err(|e| Error::Task(e.to_string()))?
    }
}

/// Brings the tables that lines write to what the configuration says.
fn prepare(sql: &Connection, plan: &Plan) -> rusqlite::Result<std::result::Result<(), Unfit>> {
    for table in &plan.tables {
        if let Err(unfit) = tables::prepare(sql, table)? {
            return Ok(Err(unfit));
        }
    }
    if let Some(column) = &plan.match_by {
        tx::index_by(sql, &plan.records, column)?;
    }
    Ok(Ok(()))
}

impl Session {
    fn now<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection, &Self, &mut KnownKeys) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { is_open, has_failed, known } = &mut *state;
        let done = self.database.now(what, |sql| {
            if *has_failed {
                return Err(overtaken("an earlier part of the file could not be loaded".to_owned()));
            }
            // What fails from here on is rolled back, also by a panic.
            *has_failed = true;
            if !*is_open {
                sql.execute_batch("BEGIN IMMEDIATE")?;
                *is_open = true;
            }
            let value = work(sql, self, known)?;
            if self.turn.is_none() {
                sql.execute_batch("COMMIT")?;
                *is_open = false;
                *known = KnownKeys::default();
            }
            *has_failed = false;
            Ok(value)
        });
        if *has_failed && *is_open {
            self.database.roll_back();
            *is_open = false;
        }
        done
    }

    fn closed(&self) -> Error {
        Error::Closed { id: self.import.to_string() }
    }
}

impl Landing for SqliteLanding {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Applied> {
        let work = Work {
            number: batch.number,
            plan: Arc::clone(batch.plan),
            layout: batch.layout.clone(),
            changes: Arc::clone(batch.changes),
        };
        let applied =
            self.run("loading records", move |sql, session, known| work.run(sql, session, known)).await?;
        applied.ok_or_else(|| self.session.closed())
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let clearing = Clearing {
            page: pruning.page,
            after: pruning.after.map(str::to_owned),
            limit: pruning.limit,
            plan: Arc::clone(pruning.plan),
            stays: Arc::clone(&pruning.stays),
        };
        let pruned = self
            .run("removing records", move |sql, session, known| clearing.run(sql, session, known))
            .await?;
        pruned.ok_or_else(|| self.session.closed())
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let (scope, universe) = (scope.to_owned(), self.session.universe.clone());
        let after = after.filter(|(before, _)| *before == universe).map(|(_, key)| key.to_owned());
        let scan = move |sql: &Connection, _: &Session, _: &mut KnownKeys| {
            let mut bytes = read::PAGE_BYTES;
            read::page_within(sql, &scope, after.as_deref(), limit, &mut bytes)
        };
        let records = self.run("reading records", scan).await?;
        Ok(records
            .into_iter()
            .map(|(key, record)| StoredRecord { universe: universe.clone(), key, record })
            .collect())
    }

    async fn keep(self) -> Result<()> {
        let session = Arc::clone(&self.session);
        let keep = move || {
            let mut state = session.state.lock().unwrap_or_else(PoisonError::into_inner);
            let State { is_open, has_failed, .. } = &mut *state;
            session.database.now("keeping records", |sql| {
                if *has_failed {
                    return Err(overtaken("a part of the file could not be loaded".to_owned()));
                }
                if *is_open {
                    // One that fails is rolled back with the session.
                    sql.execute_batch("COMMIT")?;
                    *is_open = false;
                }
                Ok(())
            })
        };
        tokio::task::spawn_blocking(keep).await.map_err(|e| Error::Task(e.to_string()))?
    }
}

/// A batch that can go to another thread.
struct Work {
    number: BatchNumber,
    plan: Arc<Plan>,
    layout: Layout,
    changes: Arc<Vec<Change>>,
}

impl Work {
    /// In which order the lines are landed. Where lines of different records do not see each other it is that of the
    /// keys: then the pages of the table are visited one after the other, and not back and forth.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.changes.len()).collect();
        if self.plan.splits() && self.plan.adjusts.is_none() {
            let key = |at: &usize| self.changes.get(*at).map(|change| change.subject.name());
            order.sort_by(|one, other| key(one).cmp(&key(other)));
        }
        order
    }

    /// None if nothing of the import is loaded any more.
    fn run(
        &self,
        sql: &Connection,
        session: &Session,
        known: &mut KnownKeys,
    ) -> rusqlite::Result<Option<Applied>> {
        let (import, number) = (session.import, (i64::from(self.number.share), self.number.batch));
        if is_closed(sql, import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, import, number)? {
            return from_json(&before).map(Some);
        }
        let mut store = TablesTx::new(sql, known, &session.file);
        let mut landed: Vec<Option<Landed>> = vec![None; self.changes.len()];
        for at in self.order() {
            if let (Some(change), Some(landed)) = (self.changes.get(at), landed.get_mut(at)) {
                *landed = Some(land(&mut store, &self.plan, &self.layout, change, import)?);
            }
        }
        let mut applied = Applied::default();
        landed.into_iter().flatten().for_each(|landed| applied.push(landed));
        answer(sql, import, number, &to_json(&applied)?)?;
        Ok(Some(applied))
    }
}

/// A pruning that can go to another thread.
struct Clearing {
    page: u64,
    after: Option<String>,
    limit: usize,
    plan: Arc<Plan>,
    stays: Arc<Stays>,
}

impl Clearing {
    /// None if nothing of the import is pruned any more.
    fn run(
        &self,
        sql: &Connection,
        session: &Session,
        known: &mut KnownKeys,
    ) -> rusqlite::Result<Option<Pruned>> {
        let (import, number) = (session.import, (PRUNINGS, self.page));
        if is_closed(sql, import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, import, number)? {
            return from_json(&before).map(Some);
        }
        let mut store = TablesTx::new(sql, known, &session.file);
        let page = read::page(sql, &self.plan.records, self.after.as_deref(), self.limit)?;
        let mut pruned = Pruned::default();
        for (key, record) in &page {
            if !self.plan.is_replaced(record) || (self.stays)(key, record) {
                continue;
            }
            pruned.removed += 1;
            pruned.dependents += store.leave_out(&self.plan, key, record, import)?;
        }
        if page.len() >= self.limit {
            pruned.next = page.last().map(|(key, _)| key.clone());
        }
        answer(sql, import, number, &to_json(&pruned)?)?;
        Ok(Some(pruned))
    }
}
