//! The connections of a process: one for questions, and one for each file that is being landed, up to a limit.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tidewaiter_engine::Result;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::address::Address;
use crate::catalog;
use crate::failure::broken;
use crate::options::{Options, Registry};
use crate::session::Session;

/// The connections of a process.
pub(crate) struct Connections {
    address: Address,
    /// For questions: they are answered one after the other on one connection.
    asked: tokio::sync::Mutex<Option<Arc<Session>>>,
    /// Of landings that ended.
    idle: Mutex<Vec<Arc<Session>>>,
    landings: Arc<Semaphore>,
    /// For how many days changes are kept; 0 keeps none.
    pub(crate) keep_changes_days: u32,
    is_looked: bool,
    pub(crate) registry: Option<Arc<dyn Registry>>,
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

/// The right to land a file in a universe.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _turn: OwnedMutexGuard<()>,
}

impl Connections {
    pub(crate) fn new(address: Address, options: Options) -> Self {
        let Options { landings, keep_changes_days, is_looked, registry } = options;
        Self {
            address,
            asked: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            landings: Arc::new(Semaphore::new(landings.max(1))),
            keep_changes_days,
            is_looked,
            registry,
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
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(session) if session.client.is_closed() => {}
                Some(session) => return Ok(session),
                None => {
                    let session = Session::connect(&self.address, self.is_looked).await?;
                    catalog::prepare(&session, self.is_looked).await?;
                    return Ok(Arc::new(session));
                }
            }
        }
    }

    /// Keeps a connection without a transaction for the next landing.
    pub(crate) fn give_back(&self, session: Arc<Session>) {
        if !session.client.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }

    /// The connection for questions. The tables that it asks are there, unless nothing is to be written.
    pub(crate) async fn asked(&self) -> Result<Arc<Session>> {
        let mut asked = self.asked.lock().await;
        if let Some(session) = asked.as_ref().filter(|session| !session.client.is_closed()) {
            if !session.has_tables.load(Ordering::Relaxed) {
                catalog::prepare(session, self.is_looked).await?;
            }
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::connect(&self.address, self.is_looked).await?);
        catalog::prepare(&session, self.is_looked).await?;
        Ok(Arc::clone(asked.insert(session)))
    }
}
