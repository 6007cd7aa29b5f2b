//! Queries: each is read in a task of its own, beside the files.

use std::collections::BTreeMap;
use std::time::Duration;

use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{About, Runner};
use crate::disk::on_behalf_of;
use crate::troubles::{Task, Unit};
use tidewaiter_engine::capabilities::{HasConnections, HasObjects};
use tidewaiter_engine::fetch::{self, DueQuery};
use tidewaiter_engine::ports::{Connections, Objects};
use tidewaiter_engine::{Error, Result};

/// How often it is looked for queries that are due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many times as long as the look itself it is waited for the next one, at least: many repositories are not looked at
/// all the time.
const SHARE: u32 = 20;

/// A query, by its repository and its import.
type Name = (Repository, Entry);

/// The reads that are under way.
#[derive(Debug, Default)]
pub(super) struct Reads {
    tasks: JoinSet<(Name, Result<()>)>,
    /// The connections that they read from; None where only a file that has its outcome is looked at.
    running: BTreeMap<Name, Option<String>>,
    /// When it is looked again; None: at once.
    next_look: Option<Instant>,
}

impl Runner {
    /// Looks for queries when it is looked next, however little time has passed.
    pub(super) fn look_for_queries_now(&mut self) {
        self.reads.next_look = None;
    }

    /// Does everything that is due of queries, and what follows from it, until there is nothing left.
    pub(super) async fn fetch_all(&mut self) {
        loop {
            self.look_for_queries_now();
            self.fetch_due().await;
            let Some(ended) = self.reads.tasks.join_next().await else { return };
            self.note(ended).await;
            self.exhaust().await;
        }
    }

    /// Starts what is due of queries, and notes what has ended.
    pub(super) async fn fetch_due(&mut self) {
        while let Some(ended) = self.reads.tasks.try_join_next() {
            self.note(ended).await;
        }
        let begun = Instant::now();
        if self.reads.next_look.is_some_and(|next| begun < next) {
            return;
        }
        self.look().await;
        let took = begun.elapsed();
        self.reads.next_look = Some(begun + LOOK_EVERY.max(took.saturating_mul(SHARE)));
    }

    /// Looks at all repositories, and starts what is due.
    async fn look(&mut self) {
        // What cannot be listed now is told by the reconciliation.
        let Ok(repositories) = self.local.objects().configured().await else { return };
        for repository in repositories {
            let unit = Unit::Queries(repository.clone());
            if !self.may_try(&unit) {
                continue;
            }
            match fetch::due(&*self.local, &repository).await {
                Ok(due) => {
                    for query in due {
                        self.start(&repository, query).await;
                    }
                    self.troubles.solved(&unit);
                }
                Err(error) => {
                    let about = about(&repository, None);
                    self.failed(unit, about, Task::Queries, &error).await;
                }
            }
        }
    }

    /// Starts a task for a query, unless it has one, or its connection is in use as often as it may be.
    async fn start(&mut self, repository: &Repository, query: DueQuery) {
        let DueQuery { entry, connection, reads } = query;
        let name = (repository.clone(), entry);
        if self.reads.running.contains_key(&name) || !self.may_try(&unit_of(&name)) {
            return;
        }
        let connection = reads.then_some(connection);
        if let Some(connection) = &connection {
            // One that cannot be used is read, which tells why.
            let most = self.local.connections().max_reads(connection, repository).await.unwrap_or(1);
            let in_use = self.reads.running.values().flatten().filter(|used| *used == connection).count();
            if in_use >= usize::try_from(most).unwrap_or(usize::MAX) {
                return;
            }
        }
        self.reads.running.insert(name.clone(), connection);
        let local = self.local.clone();
        self.reads.tasks.spawn(async move {
            let (repository, entry) = &name;
            let read =
                on_behalf_of(Some(repository.clone()), Box::pin(fetch::fetch(&*local, repository, entry)))
                    .await;
            (name, read.map(|_| ()))
        });
    }

    async fn note(&mut self, ended: std::result::Result<(Name, Result<()>), tokio::task::JoinError>) {
        match ended {
            Ok((name, read)) => {
                self.reads.running.remove(&name);
                self.look_for_queries_now();
                let unit = unit_of(&name);
                match read {
                    Ok(()) => self.troubles.solved(&unit),
                    Err(error) => {
                        let about = about(&name.0, Some(&name.1));
                        self.failed(unit, about, Task::Queries, &error).await;
                    }
                }
            }
            Err(error) => {
                // Which of them it was is not known: those that still run are found again by their tasks.
                self.reads.running.clear();
                let about = (None, "reading queries".to_owned());
                self.failed(Unit::State, about, Task::Reconcile, &Error::Task(error.to_string())).await;
            }
        }
    }
}

fn unit_of((repository, entry): &Name) -> Unit {
    Unit::Query(repository.clone(), entry.clone())
}

fn about(repository: &Repository, entry: Option<&Entry>) -> About {
    let what = match entry {
        Some(entry) => format!("reading the query {entry} of {repository}"),
        None => format!("looking for queries of {repository}"),
    };
    (Some(repository.clone()), what)
}
