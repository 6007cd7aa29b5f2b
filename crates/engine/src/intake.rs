//! Takes in what was dropped: tells configurations, archives and data files apart, extracts archives,
//! and registers files for their turn. An archive that holds one data file is handled as that file, and a workbook as a
//! file with what its sheet shows. An encrypted file is decrypted first, and what it holds is handled as if that had been
//! dropped.

mod configure;
mod encrypted;
mod extract;
mod lone;
mod members;
mod unresolved;
mod workbook;

pub use encrypted::{ContentStopped, no_key, write_content};
pub use extract::{ignored_note, limits as archive_limits, not_grouped};
pub use lone::is_lone;
pub use members::refused as refused_archive;
pub use workbook::{SheetForm, SheetStopped, write_sheet};

use tidewaiter::name::DroppedName;

use crate::capabilities::{HasConfigs, HasDecryptionKeys, HasGroups, HasQueue, trait_alias};
use crate::conclude::{self, Concludes, Findings};
use crate::lost::Lost;
use crate::ports::{DroppedObject, ImportRun, Kind, Message, News, Queue};
use crate::register::{Registers, register};
use crate::{Error, Result};

trait_alias! {
    /// What taking in a dropped object needs.
    pub trait TakesIn = Registers + Concludes + HasGroups + HasConfigs + HasDecryptionKeys
}

/// Takes in one dropped object. Called again with the same one, it goes on where it stopped.
pub async fn intake<D: TakesIn>(deployment: &D, dropped: &DroppedObject) -> Result<()> {
    let import = register(deployment, dropped).await?;
    tracing::debug!(repository = %import.repository, import = %import.id, bytes = import.bytes, "registered");
    take_in(deployment, &import).await
}

/// Goes on with a registered object, also with what it turns out to be.
pub async fn take_in<D: TakesIn>(deployment: &D, import: &ImportRun) -> Result<()> {
    let mut turned_out = go_on(deployment, import).await?;
    while let Some(import) = turned_out {
        turned_out = go_on(deployment, &import).await?;
    }
    Ok(())
}

/// Does what a run is due by its kind. The answer is the run as it is then, if it turned out to be something else:
/// an unresolved file that has found its import, or an archive with one file in it.
///
/// The long ways are boxed: without that, each caller up to the thread carries the largest of them on its stack.
async fn go_on<D: TakesIn>(deployment: &D, import: &ImportRun) -> Result<Option<ImportRun>> {
    if let Some(conclusion) = import.conclusion() {
        conclude::carry_out(deployment, import, conclusion).await?;
        return Ok(None);
    }
    match &import.kind {
        Kind::Data { settle_seconds, .. } => arrived(deployment, import, *settle_seconds).await?,
        Kind::Refused(refusal) => {
            conclude::conclude(deployment, import, Findings::refused(refusal.clone())).await?;
        }
        Kind::Unresolved { .. } => return Box::pin(unresolved::look_again(deployment, import)).await,
        Kind::Configuration { universe } => {
            Box::pin(configure::configure(deployment, import, universe)).await?;
        }
        Kind::Archive if DroppedName::decrypted(&import.file) == DroppedName::Workbook => {
            return Box::pin(workbook::extract(deployment, import)).await;
        }
        Kind::Archive => return Box::pin(extract::extract(deployment, import)).await,
    }
    Ok(None)
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
