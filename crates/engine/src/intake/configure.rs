//! Takes a dropped configuration: it becomes active as a whole, or not at all.

use tidewaiter::config::CONFIGURATION_BYTES;
use tidewaiter::mistake::Mistake;
use tidewaiter::report::{Outcome, Reason};

use super::lose;
use crate::capabilities::HasRuns;
use crate::conclude::{self, Findings};
use crate::configs::{Activation, Candidate, activate};
use crate::intake::TakesIn;
use crate::ports::{Author, ImportRun, Objects, Refusal, RunLedger};
use crate::{Error, Result};

/// What to do about a configuration that was refused.
const STAYS: &str = "the previous configuration stays active; fix this one and drop it again";

/// Checks a dropped configuration, activates it, and gives it its outcome.
pub(super) async fn configure<D: TakesIn>(deployment: &D, import: &ImportRun, universe: &str) -> Result<()> {
    if !deployment.partners_activate() {
        let reason = Reason::new("operator-activates", "only an operator activates configurations here")
            .with_hint(Some("ask the operator of this deployment to activate it".to_owned()));
        let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
        return conclude::conclude(deployment, import, Findings::refused(refusal)).await;
    }
    let read = deployment.objects().read(&import.source, 0..CONFIGURATION_BYTES as u64 + 1).await;
    let document = match read {
        Err(error) => return lose(deployment, import, error).await,
        Ok(document) => document,
    };
    let by = Author::Dropped { file: import.file.clone() };
    let candidate =
        Candidate { repository: &import.repository, universe, id: import.id, document, by, restores: None };
    let findings = match activate(deployment, &candidate, is_undecided(deployment, import)).await? {
        Activation::Active => {
            let notes = vec![format!("it is now the active configuration of universe {universe}")];
            Findings { notes, ..Findings::outcome(Outcome::Activated) }
        }
        // As if it had been active until the later one replaced it: whichever was told of first.
        Activation::Superseded => {
            let note = format!("a newer configuration of universe {universe} is already active");
            Findings { notes: vec![note], ..Findings::outcome(Outcome::Activated) }
        }
        Activation::NotOwned => {
            let message = format!("universe {universe:?} belongs to another repository");
            let hint = "ask the operator of this deployment to share the universe, then drop it again";
            let reason = Reason::new("universe", message).with_hint(Some(hint.to_owned()));
            Findings::refused(Refusal { outcome: Outcome::Bogus, reason })
        }
        Activation::Wrong(mistakes) => wrong(mistakes),
    };
    conclude::conclude(deployment, import, findings).await
}

fn wrong(mistakes: Vec<Mistake>) -> Findings {
    let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
    let more = match mistakes.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let reason = Reason::new("configuration", format!("{first}{more}")).with_hint(Some(STAYS.to_owned()));
    Findings { reason: Some(reason), mistakes, ..Findings::outcome(Outcome::Bogus) }
}

/// A worker so slow that another one has activated this configuration meanwhile, and perhaps the next one too, begins
/// again.
async fn is_undecided<D: HasRuns>(deployment: &D, import: &ImportRun) -> Result<()> {
    let now = deployment.runs().run(import.id).await?;
    let is_decided = now.is_some_and(|now| now.conclusion().is_some());
    if is_decided { Err(Error::Changed { key: import.source.key.clone() }) } else { Ok(()) }
}
