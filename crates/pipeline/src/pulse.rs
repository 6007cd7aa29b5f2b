//! Signs of life of who works on a file for long, so that a reconciliation does not hand it out once more.
//!
//! Nothing relies on them: to hand out a file twice only costs time, and a file whose last sign is old is handed
//! out. Small files are over before the first one.

use jiff::SignedDuration;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;

use crate::Result;
use crate::ports::{Platform, State};

/// How often a sign is given.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How long a sign is believed: one may be late, or fail.
const BELIEVED: SignedDuration = SignedDuration::from_secs(180);

fn key(repository: &Repository) -> String {
    format!("at work/{repository}")
}

/// Gives signs of life while a file of a repository is worked on.
pub(crate) struct Pulse<'a, P> {
    platform: &'a P,
    repository: &'a Repository,
    last: Timestamp,
}

impl<'a, P: Platform> Pulse<'a, P> {
    pub(crate) fn new(platform: &'a P, repository: &'a Repository) -> Self {
        Self { platform, repository, last: platform.now() }
    }

    /// Called often; gives a sign now and then.
    pub(crate) async fn beat(&mut self) {
        let now = self.platform.now();
        if now.duration_since(self.last) < EVERY {
            return;
        }
        self.last = now;
        if let Err(error) = self.platform.state().renew(&key(self.repository), now).await {
            tracing::warn!(%error, "a reconciliation may dispatch the file again");
        }
    }
}

/// True if somebody has given a sign of life a short while ago.
pub(crate) async fn is_alive<P: Platform>(platform: &P, repository: &Repository) -> Result<bool> {
    let last = platform.state().noticed(&key(repository)).await?;
    // A sign from the future is one of a clock that is wrong: it would be believed for too long.
    Ok(last.is_some_and(|last| platform.now().duration_since(last).abs() < BELIEVED))
}
