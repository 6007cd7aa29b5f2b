//! What one worker lands of one file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Landed, Layout, Plan};
use tokio::sync::OwnedMutexGuard;

use super::answers::{answer, answered, forget, is_closed};
use super::session::{Inside, Session, State};
use super::staged::{SORTED_FROM, Staged};
use super::stored::Unfit;
use super::tables;
use super::tx::{self, TablesTx};
use super::universe::Universe;
use super::{feed, read, unfit};
use crate::sqlite::{from_json, to_json};
use tidewaiter_engine::ports::{
    Answer, Applied, Batch, BatchNumber, Cargo, Landing, Pruned, Pruning, Settled, Stays, StoredRecord,
};
use tidewaiter_engine::{Error, Result};

/// A smaller file is landed on the thread that asks, in bytes.
const BRIEF: u64 = 64 << 10;

/// The share under which the answers to prunings are kept.
const PRUNINGS: i64 = -1;

/// What one worker lands of one file.
///
/// Its transaction is rolled back when it is dropped without being kept, and when a part of it fails.
#[derive(Debug)]
pub struct SqliteLanding {
    session: Arc<Session>,
    plan: Arc<Plan>,
    /// True if its work takes less time than handing it to another thread.
    is_brief: bool,
}

impl SqliteLanding {
    /// Begins. Without a turn to change the universe, each batch is committed for itself.
    pub(super) async fn begin(
        universe: &Universe,
        cargo: Cargo<'_>,
        turn: Option<OwnedMutexGuard<()>>,
        forgotten: Vec<ImportId>,
        keep_changes_days: u32,
    ) -> Result<Self> {
        let Some(database) = universe.writer.clone() else {
            let (what, reason) = ("loading records".to_owned(), "the folder is only looked at".to_owned());
            return Err(Error::Refused { what, reason });
        };
        let is_shared = turn.is_some() && database.is_shared();
        if is_shared && !database.has_shared() {
            database.begin_shared("landing files together")?;
        }
        let session = Session {
            is_shared,
            universe: cargo.universe.to_owned(),
            import: cargo.import,
            file: cargo.file.to_owned(),
            database,
            sorts_in: sorts_in(universe, &cargo).filter(|_| turn.is_some()),
            state: Mutex::new(State::new(keep_changes_days > 0, cargo.plan.quiet)),
            turn,
        };
        let is_brief = cargo.bytes < BRIEF;
        let landing = Self { session: Arc::new(session), plan: Arc::clone(cargo.plan), is_brief };
        let plan = Arc::clone(cargo.plan);
        let prepared = landing.run("preparing tables", move |inside| {
            forget(inside.sql, &forgotten)?;
            feed::expire(inside.sql, keep_changes_days)?;
            prepare(inside.sql, &plan)
        });
        match prepared.await? {
            Ok(()) => Ok(landing),
            Err(why) => Err(unfit(why)),
        }
    }

    /// Does a part of the work: that of a large file on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(Inside<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.is_brief {
            // As on a thread of its own, a panic is an error of this file, and of no other.
            let done = catch_unwind(AssertUnwindSafe(|| self.session.now(what, work)));
            return done.unwrap_or_else(|_| Err(Error::Task(format!("{what} panicked"))));
        }
        let session = Arc::clone(&self.session);
        let done = tokio::task::spawn_blocking(move || session.now(what, work));
        done.await.map_err(|e| Error::Task(e.to_string()))?
    }
}

/// Where the lines of a file are sorted, if that pays: it is large, and lines of different records do not see each other.
fn sorts_in(universe: &Universe, cargo: &Cargo<'_>) -> Option<PathBuf> {
    let is_large = cargo.bytes >= SORTED_FROM;
    (is_large && cargo.plan.splits() && cargo.plan.adjusts.is_none()).then(|| universe.folder.clone())
}

/// Brings the tables that lines write to what the configuration says.
fn prepare(sql: &Connection, plan: &Plan) -> rusqlite::Result<std::result::Result<(), Unfit>> {
    for table in &plan.tables {
        if let Err(unfit) = tables::prepare(sql, table)? {
            return Ok(Err(unfit));
        }
    }
    for (scope, column) in plan.indexes() {
        tx::index_by(sql, scope, column)?;
    }
    Ok(Ok(()))
}

impl Landing for SqliteLanding {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        let work = Work {
            number: batch.number,
            plan: Arc::clone(batch.plan),
            layout: batch.layout.clone(),
            changes: Arc::clone(batch.changes),
        };
        let answer = self.run("loading records", move |inside| work.run(inside)).await?;
        answer.ok_or_else(|| self.session.closed())
    }

    async fn settle(&self) -> Result<Settled> {
        let plan = Arc::clone(&self.plan);
        self.run("loading records", move |Inside { sql, session, known, feed, staged }| match staged.take() {
            Some(staged) => staged.settle(sql, session, (known, feed), &plan),
            None => Ok(Settled::default()),
        })
        .await
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        let clearing = Clearing {
            page: pruning.page,
            after: pruning.after.map(str::to_owned),
            limit: pruning.limit,
            plan: Arc::clone(pruning.plan),
            stays: Arc::clone(&pruning.stays),
        };
        let pruned = self.run("removing records", move |inside| clearing.run(inside)).await?;
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
        let scan = move |inside: Inside<'_>| {
            let mut bytes = read::PAGE_BYTES;
            read::page_within(inside.sql, &scope, after.as_deref(), limit, &mut bytes)
        };
        let records = self.run("reading records", scan).await?;
        let stored = |(key, record)| StoredRecord { universe: universe.clone(), key, record };
        Ok(records.into_iter().map(stored).collect())
    }

    async fn keep(self) -> Result<()> {
        if self.is_brief {
            return self.session.keep();
        }
        let session = Arc::clone(&self.session);
        let kept = tokio::task::spawn_blocking(move || session.keep());
        kept.await.map_err(|e| Error::Task(e.to_string()))?
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
    fn run(&self, inside: Inside<'_>) -> rusqlite::Result<Option<Answer>> {
        let Inside { sql, session, known, feed, staged } = inside;
        let (import, number) = (session.import, (i64::from(self.number.share), self.number.batch));
        if is_closed(sql, import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, import, number)? {
            return from_json(&before).map(|applied| Some(Answer::Landed(applied)));
        }
        if let Some(directory) = &session.sorts_in {
            let put_off = staged.get_or_insert_with(|| Staged::new(directory, &self.layout));
            put_off.push(self.number, &self.changes)?;
            if put_off.is_full()
                && let Some(full) = staged.take()
            {
                full.settle(sql, session, (known, feed), &self.plan)?;
            }
            return Ok(Some(Answer::PutOff));
        }
        let mut store = TablesTx::new(sql, (known, feed), (import, &session.file));
        let mut landed: Vec<Option<Landed>> = vec![None; self.changes.len()];
        for at in self.order() {
            if let (Some(change), Some(landed)) = (self.changes.get(at), landed.get_mut(at)) {
                *landed = Some(store.land(&self.plan, &self.layout, change)?);
            }
        }
        let mut applied = Applied::default();
        landed.into_iter().flatten().for_each(|landed| applied.push(landed));
        answer(sql, import, number, &to_json(&applied)?)?;
        Ok(Some(Answer::Landed(applied)))
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
    fn run(&self, Inside { sql, session, known, feed, .. }: Inside<'_>) -> rusqlite::Result<Option<Pruned>> {
        let (import, number) = (session.import, (PRUNINGS, self.page));
        if is_closed(sql, import)? {
            return Ok(None);
        }
        if let Some(before) = answered(sql, import, number)? {
            return from_json(&before).map(Some);
        }
        let mut store = TablesTx::new(sql, (known, feed), (import, &session.file));
        let page = read::page(sql, &self.plan.records, self.after.as_deref(), self.limit)?;
        let mut pruned = Pruned::default();
        for (key, record) in &page {
            if !self.plan.is_replaced(record) || (self.stays)(key, record) {
                continue;
            }
            pruned.removed += 1;
            pruned.dependents += store.leave_out(&self.plan, key, record)?;
        }
        if page.len() >= self.limit {
            pruned.next = page.last().map(|(key, _)| key.clone());
        }
        answer(sql, import, number, &to_json(&pruned)?)?;
        Ok(Some(pruned))
    }
}
