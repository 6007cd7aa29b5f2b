//! Heartbeats of long-running work, so that a reconciliation does not dispatch the file again.
//!
//! Correctness does not rely on them: dispatching a file twice only costs time, and a file whose last heartbeat is
//! old is dispatched. Small files end before the first heartbeat.

use jiff::SignedDuration;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;

use crate::Result;
use crate::capabilities::{Clock, HasMarks};
use crate::ports::Marks;

/// How often a sign is given.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How long a sign is believed: one may be late, or fail.
const BELIEVED: SignedDuration = SignedDuration::from_secs(180);

fn key(repository: &Repository) -> String {
    format!("at work/{repository}")
}

/// Gives signs of life while a file of a repository is worked on.
pub(crate) struct Pulse<'a, D> {
    deployment: &'a D,
    repository: &'a Repository,
    last: Timestamp,
}

impl<'a, D: HasMarks + Clock> Pulse<'a, D> {
    pub(crate) fn new(deployment: &'a D, repository: &'a Repository) -> Self {
        Self { deployment, repository, last: deployment.now() }
    }

    /// Called often; gives a sign now and then.
    pub(crate) async fn beat(&mut self) {
        let now = self.deployment.now();
        if now.duration_since(self.last) < EVERY {
            return;
        }
        self.last = now;
        if let Err(error) = self.deployment.marks().put(&key(self.repository), now).await {
            tracing::warn!(%error, "a reconciliation may dispatch the file again");
        }
    }
}

/// True if the last heartbeat is recent.
pub(crate) async fn is_alive<D: HasMarks + Clock>(deployment: &D, repository: &Repository) -> Result<bool> {
    let last = deployment.marks().get(&key(repository)).await?;
    // A sign from the future is one of a clock that is wrong: it would be believed for too long.
    Ok(last.is_some_and(|last| deployment.now().duration_since(last).abs() < BELIEVED))
}
