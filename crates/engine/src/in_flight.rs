//! Configurations in flight: dropped, and without their outcome.
//!
//! A data file waits for every configuration of its repository that was dropped before it or together with it, in
//! whatever order the events come. It shows in two places. The state counts a registered configuration until it has
//! its outcome, and the count is read with the turn of the repository. An unregistered one lies in the drop zone, and
//! the engine looks for it there before a file begins and before a name is called unknown.
//!
//! The state is read first and the drop zone after it. A configuration that was registered in between is in neither
//! answer, so every write that relies on the answers has the condition that none was registered since.

use jiff::SignedDuration;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;

use crate::Result;
use crate::capabilities::{Clock, HasQueue};
use crate::ports::{InDropZone, Message, Objects, Queue, RunLedger};
use crate::register::{Registers, register};

/// How long a configuration that is still being written is waited for before it is looked at again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// How a configuration is waited for. Of several, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wait {
    /// Until it has its outcome: the step that gives it one sends a message.
    Outcome,
    /// Until then; after that it is looked at again.
    Until(Timestamp),
}

/// Looks whether a configuration of a universe lies in the drop zone that is not registered yet. If one does, it is
/// registered, so that the state counts it, and unpack is asked to continue with it, because its event may be lost.
pub(crate) async fn look<D: Registers + HasQueue + Clock>(
    deployment: &D,
    repository: &Repository,
    universe: &str,
) -> Result<Option<Wait>> {
    match deployment.objects().dropped_configuration(repository, universe).await? {
        None => Ok(None),
        Some(found) => wait_for(deployment, repository, found).await,
    }
}

/// As [`look`], for the configurations of all universes: any of them may have a pattern that fits a file.
pub(crate) async fn look_for_any<D: Registers + HasQueue + Clock>(
    deployment: &D,
    repository: &Repository,
) -> Result<Option<Wait>> {
    let mut wait = None;
    for found in deployment.objects().dropped_configurations(repository).await? {
        wait = wait.max(wait_for(deployment, repository, found).await?);
    }
    Ok(wait)
}

async fn wait_for<D: Registers + HasQueue + Clock>(
    deployment: &D,
    repository: &Repository,
    found: InDropZone,
) -> Result<Option<Wait>> {
    match found {
        InDropZone::Unfinished => {
            let at = deployment.now().checked_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
            Ok(Some(Wait::Until(at)))
        }
        InDropZone::Version(dropped) => {
            let Some(dropped) = deployment.runs().unregistered(vec![*dropped]).await?.pop() else {
                return Ok(None);
            };
            tracing::info!(%repository, file = %dropped.file, import = %dropped.import, "waiting for a configuration whose event has not arrived");
            let import = register(deployment, &dropped).await?;
            deployment.queue().send(Message::TakeIn { import: import.id }, None).await?;
            Ok(Some(Wait::Outcome))
        }
    }
}
