//! Takes in what was dropped: tells configurations, archives and data files apart, extracts archives,
//! and registers files for their turn.

mod configure;
mod extract;
mod members;
mod unresolved;

pub use extract::{limits as archive_limits, not_grouped};

use tidewaiter::report::{Outcome, Reason};

use crate::capabilities::{HasConfigs, HasGroups, HasQueue, trait_alias};
use crate::conclude::{self, Concludes, Findings, GONE};
use crate::ports::{DroppedObject, ImportRun, Kind, Message, News, Progress, Queue, Refusal};
use crate::register::{Registers, register};
use crate::{Error, Result};

trait_alias! {
    /// What taking in a dropped object needs.
    pub trait TakesIn = Registers + Concludes + HasGroups + HasConfigs
}

/// Takes in one dropped object. Called again with the same one, it goes on where it stopped.
pub async fn unpack<D: TakesIn>(deployment: &D, dropped: &DroppedObject) -> Result<()> {
    let import = register(deployment, dropped).await?;
    take_in(deployment, &import).await
}

/// Goes on with a registered object.
pub async fn take_in<D: TakesIn>(deployment: &D, import: &ImportRun) -> Result<()> {
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
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

/// A file that its sender locked, or that was removed, is not imported. Any other error stays one: a permission of
/// ours that is missing is no partner's outcome.
///
/// `has_begun` if some of its lines may be records.
pub(crate) async fn cannot_open<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    error: Error,
    has_begun: bool,
) -> Result<()> {
    let (code, hint) = match &error {
        Error::Unreadable { key, .. } if *key == import.source.key => {
            ("cannot-open", "make it readable for tidewaiter, then drop it again")
        }
        Error::NotFound { key } if *key == import.source.key => {
            (GONE, "the file was removed after it was registered; drop it again to import it")
        }
        _ => return Err(error),
    };
    let reason = Reason::new(code, format!("can't open file \"{}\": {error}", import.file))
        .with_hint(Some(hint.to_owned()));
    let notes = has_begun.then(|| "loading had started: some of its lines may be records".to_owned());
    let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
    let findings = Findings { notes: notes.into_iter().collect(), ..Findings::refused(refusal) };
    conclude::conclude(deployment, import, findings).await
}
