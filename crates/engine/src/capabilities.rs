//! Capabilities: what a use case asks of the deployment that it works on.
//!
//! A use case names in its bounds the capabilities it needs, and reaches nothing else. A deployment implements those
//! that it has. The function that orders files has no store of records, so a use case that needs one does not compile
//! for it. Each use case with many needs has a name for them: [`Concludes`](crate::conclude::Concludes),
//! [`TakesIn`](crate::intake::TakesIn), [`Sequences`](crate::sequence::Sequences),
//! [`Processes`](crate::process::Processes), [`SendsReports`](crate::report::SendsReports),
//! [`WatchesOver`](crate::watch::WatchesOver), [`Reconciles`](crate::reconcile::Reconciles).
//!
//! A deployment keeps all state in one store, [`HasState`], and has every capability of state that the store has. No use
//! case asks for [`HasState`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::Locate;

pub use tidewaiter_pgp::{KeyError, Keys};

use crate::Result;
use crate::config_cache::Cache;
use crate::ports::{
    ConfigStore, Connections, GroupQueue, KeyClaims, Mailer, Marks, Objects, Observation, Outbox, Postponed,
    QueryStates, Queue, Records, RunLedger,
};

/// Names a list of capabilities, as the trait aliases do that Rust does not have yet.
macro_rules! trait_alias {
    ($(#[$doc:meta])* $vis:vis trait $name:ident = $($capabilities:tt)+) => {
        $(#[$doc])*
        $vis trait $name: $($capabilities)+ {}
        impl<D: $($capabilities)+> $name for D {}
    };
}
pub(crate) use trait_alias;

/// Has an object store.
pub trait HasObjects {
    /// The object store.
    type Objects: Objects;
    /// The object store.
    fn objects(&self) -> &Self::Objects;
}

/// Has one store for all state: every capability of state follows from it.
pub trait HasState {
    /// The store.
    type State;
    /// The store.
    fn state(&self) -> &Self::State;
}

/// Has a ledger of import runs.
pub trait HasRuns: HasState<State: RunLedger> {
    /// The ledger.
    fn runs(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: RunLedger>> HasRuns for D {}

/// Has a queue of groups, with the turn of each repository.
pub trait HasGroups: HasState<State: GroupQueue> {
    /// The queue.
    fn groups(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: GroupQueue>> HasGroups for D {}

/// Has claims on keys.
pub trait HasClaims: HasState<State: KeyClaims> {
    /// The claims.
    fn claims(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: KeyClaims>> HasClaims for D {}

/// Has an outbox of due mails and digests.
pub trait HasOutbox: HasState<State: Outbox> {
    /// The outbox.
    fn outbox(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: Outbox>> HasOutbox for D {}

/// Has a store of configurations.
pub trait HasConfigs: HasState<State: ConfigStore> {
    /// The store.
    fn configs(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: ConfigStore>> HasConfigs for D {}

/// Has the states of queries.
pub trait HasQueries: HasState<State: QueryStates> {
    /// The states.
    fn queries(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: QueryStates>> HasQueries for D {}

/// Has marks.
pub trait HasMarks: HasState<State: Marks> {
    /// The marks.
    fn marks(&self) -> &Self::State {
        self.state()
    }
}
impl<D: HasState<State: Marks>> HasMarks for D {}

/// Has a cache of the configurations that this process has read.
pub trait HasConfigCache {
    /// The cache.
    fn config_cache(&self) -> &Cache;
}

/// Has a store of records.
pub trait HasRecords {
    /// The store of records.
    type Records: Records;
    /// The store of records.
    fn records(&self) -> &Self::Records;
}

/// Has the connections that the operator made.
pub trait HasConnections {
    /// The connections.
    type Connections: Connections;
    /// The connections.
    fn connections(&self) -> &Self::Connections;
}

/// Reads databases: gives out what a read is known by.
pub trait Reader {
    /// Returns a new id for the run of a file.
    fn new_run(&self) -> ImportId;
    /// Returns the name of this process. Two processes that can be alive at the same time have different names.
    fn reader(&self) -> String;
    /// Returns for how long a read belongs to the process that claimed it, in seconds. It has ended by then.
    fn read_seconds(&self) -> u32;
}

/// Has a mailer.
pub trait HasMailer {
    /// The mailer.
    type Mailer: Mailer;
    /// The mailer.
    fn mailer(&self) -> &Self::Mailer;
}

/// Has a queue of messages.
pub trait HasQueue {
    /// The queue.
    type Queue: Queue;
    /// The queue.
    fn queue(&self) -> &Self::Queue;
}

/// Knows the time.
pub trait Clock {
    /// Returns the time now.
    fn now(&self) -> Timestamp;
}

/// Decides how dropped files are taken in.
pub trait IntakePolicy {
    /// Returns how long a repository must have been quiet before its files are ordered, in seconds. `configured` is
    /// what its configuration asks for.
    fn quiet_period(&self, configured: u64) -> i64 {
        i64::try_from(configured).unwrap_or(i64::MAX)
    }
    /// Returns whether a dropped configuration takes effect. If not, only an operator activates configurations.
    fn partners_activate(&self) -> bool {
        true
    }
}

/// Has the keys with which encrypted files are decrypted.
pub trait HasDecryptionKeys {
    /// Returns the keys, or None if none is configured. A key that is configured and cannot be read or used is an error:
    /// its files wait until an operator has fixed it.
    fn decryption_keys(&self) -> impl Future<Output = Result<Option<Arc<Keys>>>> + Send {
        async { Ok(None) }
    }
}

/// Has a database of where addresses on the internet are.
pub trait HasLocator {
    /// Returns the database, or None if none is configured. One that is configured and cannot be read or used is an error:
    /// the files that need it wait until an operator has fixed it.
    fn locator(&self) -> impl Future<Output = Result<Option<Arc<dyn Locate>>>> + Send {
        async { Ok(None) }
    }
}

/// Knows how much work one process takes on.
pub trait Capacity {
    /// Returns how many loaders share the lines of a file of this size, in bytes.
    fn loaders(&self, _bytes: u64) -> u32 {
        1
    }
    /// Returns true if this process is about to be stopped. It then leaves the rest of a file to another one.
    fn time_is_up(&self) -> bool {
        false
    }
    /// Returns how long this process may wait for something; None if nothing stops it.
    fn time_left(&self) -> Option<Duration> {
        None
    }
}

/// Observes what goes on, for progress bars and metrics.
pub trait Observes {
    /// Is called with each observation.
    fn observe(&self, _progress: &Observation<'_>) {}
}

/// Lets outcomes wait until several of them are durable together.
///
/// A deployment where each write is durable when it is answered has nothing to postpone, and takes over no outcome.
pub trait Postpones {
    /// Takes over an outcome that is decided, to carry it out when it is durable: by
    /// [`carry_out_postponed`](crate::conclude::carry_out_postponed) and then
    /// [`finish_postponed`](crate::conclude::finish_postponed). Returns false if it does not. Then the outcome is
    /// carried out at once.
    ///
    /// # Errors
    /// If the state cannot be written. Then the outcome is not taken over.
    fn postpone(&self, _outcome: &Arc<Postponed>) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(false) }
    }
    /// Returns true if the outcome of a run was taken over and is not carried out yet. Who carries it out marks the run
    /// done.
    fn is_postponed(&self, _run: ImportId) -> bool {
        false
    }
}

/// Cleans up after a run that has its outcome.
pub trait CleansUp {
    /// Drops the answers to the batches of a run: its batches do not come again. A store whose answers expire needs no
    /// call.
    fn forget_batches(&self, _universe: &str, _run: ImportId) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}
