//! The ports of one process: each call stops at the gate, and may fail, before it is made or after.
//!
//! State and records are the adapters of a folder, in memory: the conditions that are attacked are those that
//! are used. What a process remembers of imports, and of the object that it read last, is as in the adapters for the
//! cloud. Objects are a bucket with versions, request by request as the adapter for S3 makes them.

mod groups;
mod known;
mod objects;
mod queries;
mod records;
mod runs;
mod state;

use std::io;
use std::sync::Arc;

use tidewaiter::id::Timestamp;
use tidewaiter_engine::ports::{Mail, Mailer, Message, Queue, Undelivered};
use tidewaiter_engine::{Error, Result};

pub use known::Memory;
pub use objects::{Held, Reader, Writing};

use crate::gate::{Call, Lane, Verdict};
use crate::messages::Body;
use crate::world::{Inner, World};

/// The ports of one process.
#[derive(Clone)]
pub struct Ports {
    /// What they lead to.
    pub world: Arc<World>,
    /// Where their calls stop.
    pub lane: Lane,
    /// The number of the process.
    pub process: u64,
    /// What it remembers of imports.
    pub memory: Memory,
    /// The small object that it read last.
    pub held: Held,
}

impl Ports {
    fn announce(&self, name: &'static str, about: impl FnOnce() -> String) -> Call {
        let is_traced = self.world.with(|inner| inner.trace.is_some());
        Call { name, about: if is_traced { about() } else { String::new() }, is_end: false }
    }

    /// Makes a call, or what becomes of it.
    async fn call<T>(
        &self,
        name: &'static str,
        about: impl FnOnce() -> String,
        failure: impl Fn() -> Error,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.lane.ask(self.announce(name, about)).await {
            Verdict::Go => self.lane.make(work).await,
            Verdict::FailBefore => Err(failure()),
            Verdict::FailAfter => {
                self.lane.make(work).await?;
                Err(failure())
            }
            Verdict::DieAfter => {
                let _ = self.lane.make(work).await;
                self.lane.end().await
            }
        }
    }

    /// A call of a table. Its name begins with that of the table, not of the port: a table is throttled as a whole.
    async fn table<T>(
        &self,
        name: &'static str,
        about: impl FnOnce() -> String,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.call(name, about, || Error::Store { what: name, source: Box::new(simulated()) }, work).await
    }

    /// Tells the watch what took effect.
    fn seen<T>(&self, tell: impl FnOnce(&mut Inner) -> T) -> T {
        self.world.with(tell)
    }
}

/// What a port says when a failure was injected.
fn simulated() -> io::Error {
    io::Error::other("simulated")
}

impl Queue for Ports {
    async fn send(&self, message: Message, at: Option<Timestamp>) -> Result<()> {
        let about = || serde_json::to_string(&message).unwrap_or_default();
        let send = async {
            self.seen(|inner| {
                // As SQS does: no longer than 15 minutes, and on its own clock.
                let visible = at.map_or(inner.now, jiff::Timestamp::as_millisecond);
                let visible = visible.clamp(inner.now, inner.now + 15 * 60 * 1_000);
                inner.send(Body::Message(message.clone()), visible);
            });
            Ok(())
        };
        self.table("queue.send", about, send).await
    }
}

impl Mailer for Ports {
    async fn send(&self, mail: &Mail) -> Result<Vec<Undelivered>> {
        let failure = || Error::Mail { id: mail.id.clone(), source: simulated() };
        let send = async {
            self.seen(|inner| inner.watch.mailed(self.process, mail));
            Ok(Vec::new())
        };
        self.call("mailer.send", || mail.id.clone(), failure, send).await
    }
}
