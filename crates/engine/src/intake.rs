//! Takes in what was dropped: tells configurations, archives and data files apart, extracts archives,
//! and registers files for their turn. An archive that holds one data file is handled as that file.

mod configure;
mod extract;
mod lone;
mod members;
mod unresolved;

pub use extract::{ignored_note, limits as archive_limits, not_grouped};
pub use lone::is_lone;
pub use members::refused as refused_archive;

use crate::capabilities::{HasConfigs, HasGroups, HasQueue, trait_alias};
use crate::conclude::{self, Concludes, Findings};
use crate::lost::Lost;
use crate::ports::{DroppedObject, ImportRun, Kind, Message, News, Queue};
use crate::register::{Registers, register};
use crate::{Error, Result};

trait_alias! {
    /// What taking in a dropped object needs.
    pub trait TakesIn = Registers + Concludes + HasGroups + HasConfigs
}

/// Takes in one dropped object. Called again with the same one, it goes on where it stopped.
pub async fn intake<D: TakesIn>(deployment: &D, dropped: &DroppedObject) -> Result<()> {
    let import = register(deployment, dropped).await?;
    tracing::debug!(repository = %import.repository, import = %import.id, bytes = import.bytes, "registered");
    take_in(deployment, &import).await
}

/// Goes on with a registered object.
pub async fn take_in<D: TakesIn>(deployment: &D, import: &ImportRun) -> Result<()> {
    if let Some(conclusion) = import.conclusion() {
        return conclude::carry_out(deployment, import, conclusion).await;
    }
    match &import.kind {
        Kind::Data { settle_seconds, .. } => arrived(deployment, import, *settle_seconds).await,
        Kind::Refused(refusal) => {
            conclude::conclude(deployment, import, Findings::refused(refusal.clone())).await
        }
        Kind::Unresolved { .. } => match unresolved::look_again(deployment, import).await? {
            Some(resolved) => Box::pin(take_in(deployment, &resolved)).await,
            None => Ok(()),
        },
        Kind::Configuration { universe } => configure::configure(deployment, import, universe).await,
        Kind::Archive => extract::extract(deployment, import).await,
    }
}

/// Tells the sequencer that there is something new.
async fn arrived<D: HasQueue>(deployment: &D, import: &ImportRun, settle_seconds: i64) -> Result<()> {
    let message = Message::news(&import.repository, News::Arrived { settle_seconds });
    deployment.queue().send(message, None).await
}

/// Ends a run whose file cannot be read.
async fn lose<D: Concludes>(deployment: &D, run: &ImportRun, error: Error) -> Result<()> {
    let findings = Lost::of(error, run)?.findings(run, false);
    conclude::conclude(deployment, run, findings).await
}
