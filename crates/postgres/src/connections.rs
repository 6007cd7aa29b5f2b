//! The connections of a process: one for questions, and one for each file that is being landed, up to a limit. Or one for
//! all, in a process that does one thing after the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tidewaiter_engine::Result;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::catalog;
use crate::failure::broken;
use crate::login::Login;
use crate::options::Options;
use crate::session::Session;

/// How long a connection that was left alone may take to answer.
const PROMPT: Duration = Duration::from_secs(2);
/// How long the undoing of landings is waited for.
const UNDONE: Duration = Duration::from_secs(10);

/// What the end of a connection that was given up may take.
const CLOSED: Duration = Duration::from_millis(5);

/// The connections of a process.
pub(crate) struct Connections {
    login: Arc<dyn Login>,
    pub(crate) options: Options,
    /// For questions: they are answered one after the other on one connection.
    asked: tokio::sync::Mutex<Option<Arc<Session>>>,
    /// Of landings that ended.
    idle: Mutex<Vec<Arc<Session>>>,
    landings: Arc<Semaphore>,
    /// Landings that are being undone.
    undoing: Mutex<Vec<JoinHandle<()>>>,
    /// True if the process may have stood still since the last question.
    was_at_rest: AtomicBool,
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

/// The right to land a file in a universe.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _turn: OwnedMutexGuard<()>,
}

impl Connections {
    pub(crate) fn new(login: Arc<dyn Login>, options: Options) -> Self {
        let landings = Arc::new(Semaphore::new(options.landings.max(1)));
        Self {
            login,
            options,
            asked: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            landings,
            undoing: Mutex::default(),
            was_at_rest: AtomicBool::new(false),
            turns: Mutex::default(),
        }
    }

    /// Waits until a file may be landed in a universe, as far as this process is concerned.
    pub(crate) async fn place(&self, universe: &str) -> Result<Place> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(universe).and_then(Weak::upgrade).unwrap_or_default();
            turns.insert(universe.to_owned(), Arc::downgrade(&turn));
            turn
        };
        let turn = turn.lock_owned().await;
        let permit = Arc::clone(&self.landings).acquire_owned().await;
        let permit = permit.map_err(|error| broken("loading records", error.to_string()))?;
        Ok(Place { _permit: permit, _turn: turn })
    }

    /// A connection for a landing, or for a long answer.
    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        if self.options.shares_connection
            && let Some(session) = self.asked.lock().await.take()
            && self.is_there(&session).await
        {
            return Ok(session);
        }
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(session) if session.client.is_closed() => {}
                Some(session) => return Ok(session),
                None => {
                    let session = self.open().await?;
                    catalog::prepare(&session, self.options.is_looked).await?;
                    return Ok(session);
                }
            }
        }
    }

    /// Keeps a connection without a transaction for what comes next.
    pub(crate) fn give_back(&self, session: Arc<Session>) {
        if session.client.is_closed() {
            return;
        }
        if !self.options.shares_connection {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        } else if let Ok(mut asked) = self.asked.try_lock()
            && asked.is_none()
        {
            *asked = Some(session);
        }
    }

    /// The connection for questions. The tables that it asks are there, unless nothing is to be written.
    pub(crate) async fn asked(&self) -> Result<Arc<Session>> {
        let mut asked = self.asked.lock().await;
        if let Some(session) = asked.as_ref()
            && self.is_there(session).await
        {
            if !session.has_tables.load(Ordering::Relaxed) {
                catalog::prepare(session, self.options.is_looked).await?;
            }
            return Ok(Arc::clone(session));
        }
        let session = self.open().await?;
        catalog::prepare(&session, self.options.is_looked).await?;
        Ok(Arc::clone(asked.insert(session)))
    }

    /// True if a connection can be used. After a rest the server is asked: the connection may be gone without a word.
    async fn is_there(&self, session: &Session) -> bool {
        !session.client.is_closed()
            && (!self.was_at_rest.swap(false, Ordering::Relaxed) || session.answers(PROMPT).await)
    }

    async fn open(&self) -> Result<Arc<Session>> {
        let settings = match self.options.patience {
            Some(patience) => format!("SET lock_timeout = {};", patience.as_millis()),
            None => String::new(),
        };
        let reading = if self.options.is_looked { "SET default_transaction_read_only = on;" } else { "" };
        Session::open(&*self.login, &format!("{settings}{reading}")).await.map(Arc::new)
    }

    /// Notes that a landing is being undone.
    pub(crate) fn undoes(&self, undoing: JoinHandle<()>) {
        let mut all = self.undoing.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|undoing| !undoing.is_finished());
        all.push(undoing);
    }

    /// Waits until what is being undone is undone, for a while. Whatever is asked next makes sure that its connection is
    /// still there.
    pub(crate) async fn rest(&self) {
        let undoing = std::mem::take(&mut *self.undoing.lock().unwrap_or_else(PoisonError::into_inner));
        let undone = async {
            let is_any = !undoing.is_empty();
            for one in undoing {
                let _ = one.await;
            }
            // A connection that was given up ends in a task of its own.
            if is_any {
                tokio::time::sleep(CLOSED).await;
            }
        };
        if tokio::time::timeout(UNDONE, undone).await.is_err() {
            tracing::warn!("a landing is not undone yet; the server ends it when it misses its client");
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.was_at_rest.store(true, Ordering::Relaxed);
    }
}
