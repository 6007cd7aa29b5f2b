//! Files whose names no configuration knew when they came.
//!
//! That a name is unknown is an outcome only when no configuration can come any more that was dropped before the
//! file or together with it. So the file is registered as unresolved. It is looked at again when a configuration of
//! its repository has its outcome, when the time is over in which one may come after it, and by the reconciliation.

use jiff::SignedDuration;
use tidewaiter::config::Active;
use tidewaiter::id::{Timestamp, day_of};
use tidewaiter::keys::Repository;
use tidewaiter::name::{DataName, DroppedName, NameError, packed_name};
use tidewaiter::report::Outcome;

use super::not_grouped;
use crate::capabilities::{Clock, HasQueue, HasRuns};
use crate::conclude::{self, Findings};
use crate::in_flight::{self, Wait};
use crate::intake::TakesIn;
use crate::ports::{GroupQueue, ImportRun, Kind, Message, Queue, Refusal, RunLedger};
use crate::register::{Registers, data_kind, refused_name};
use crate::{Error, Result, configs};

/// How often configurations may be registered while it is looked for them, before that is left to another try.
const MOST_ROUNDS: u32 = 10;

/// Looks at an unresolved file again. What it is now, or None if it still waits: then a message asks for another
/// look. None, too, if it has its outcome.
pub(super) async fn look_again<D: TakesIn>(deployment: &D, import: &ImportRun) -> Result<Option<ImportRun>> {
    let (imports, wait) = resolve(deployment, &import.repository, vec![import.clone()]).await?;
    match wait {
        Some(wait) => {
            call_again(deployment, import, wait).await?;
            Ok(None)
        }
        // One that came packed has its outcome.
        None => Ok(imports.into_iter().next().filter(|import| import.conclusion().is_none())),
    }
}

/// Has a file, or an archive with unresolved members, looked at again when it is time.
pub(super) async fn call_again<D: HasQueue>(deployment: &D, import: &ImportRun, wait: Wait) -> Result<()> {
    match wait {
        Wait::Outcome => Ok(()),
        Wait::Until(at) => deployment.queue().send(Message::TakeIn { import: import.id }, Some(at)).await,
    }
}

/// Says of the unresolved among these files what they are, as far as that can be known now. The answer is all of them
/// as they are then, and how those that are unresolved still are waited for.
pub(super) async fn resolve<D: TakesIn>(
    deployment: &D,
    repository: &Repository,
    mut imports: Vec<ImportRun>,
) -> Result<(Vec<ImportRun>, Option<Wait>)> {
    let groups = deployment.groups();
    for _ in 0..MOST_ROUNDS {
        if !imports.iter().any(is_unresolved) {
            return Ok((imports, None));
        }
        let before = groups.turn(repository).await?.configurations;
        let active = configs::active(deployment, repository).await?;
        for import in imports.iter_mut().filter(|import| is_unresolved(import)) {
            match name_of(&active, import) {
                Ok(name) => {
                    let must_be_grouped = import.archive.is_some() && name.group.is_none();
                    let kind = if is_workbook(import) {
                        Kind::Archive
                    } else if must_be_grouped {
                        Kind::Refused(not_grouped())
                    } else {
                        data_kind(deployment, &active, name, import.unpacked().cloned())
                    };
                    become_kind(deployment, import, &kind).await?;
                }
                Err(error) if !error.may_be_configured() => refuse(deployment, import, &error).await?,
                Err(_) => {}
            }
        }
        if let Some(wait) = waits(deployment, repository, &imports, before.in_flight()).await? {
            return Ok((imports, Some(wait)));
        }
        // In this order: a configuration that was not in the drop zone any more and not in the state yet is now.
        if groups.turn(repository).await?.configurations != before {
            continue;
        }
        for import in imports.iter_mut().filter(|import| is_unresolved(import)) {
            let Err(error) = name_of(&active, import) else { continue };
            refuse(deployment, import, &error).await?;
        }
        return Ok((imports, None));
    }
    Err(Error::Changed { key: format!("the configurations of {repository}") })
}

fn is_unresolved(import: &ImportRun) -> bool {
    matches!(import.kind, Kind::Unresolved { .. }) && import.conclusion().is_none()
}

fn name_of(active: &Active, import: &ImportRun) -> std::result::Result<DataName, NameError> {
    let arrived = day_of(import.arrived);
    if let Some(unpacked) = import.unpacked() {
        return active.resolve_packed(&import.file, &unpacked.file, arrived);
    }
    let sheet = packed_name(&import.file).filter(|_| is_workbook(import));
    active.resolve(sheet.as_ref().unwrap_or(&import.file), arrived)
}

/// True for a workbook, encrypted or not, of which no sheet was read yet: which one is read, its import says.
fn is_workbook(import: &ImportRun) -> bool {
    import.unpacked().is_none()
        && import.archive.is_none()
        && DroppedName::decrypted(&import.file) == DroppedName::Workbook
}

/// Refuses a file for its name. One that came packed gets its outcome here, and as what it is: the run still says where
/// its content is, which is removed with the outcome.
async fn refuse<D: TakesIn>(deployment: &D, import: &mut ImportRun, error: &NameError) -> Result<()> {
    let Refusal { outcome, reason } = refused_name(error);
    let outcome = if import.archive.is_some() { Outcome::NotProcessed } else { outcome };
    let refusal = Refusal { outcome, reason };
    if import.unpacked().is_none() {
        return become_kind(deployment, import, &Kind::Refused(refusal)).await;
    }
    conclude::conclude(deployment, import, Findings::refused(refusal)).await?;
    let concluded = deployment.runs().run(import.id).await?;
    *import = concluded.ok_or_else(|| Error::UnknownImport { id: import.id.to_string() })?;
    Ok(())
}

async fn become_kind<D: HasRuns>(deployment: &D, import: &mut ImportRun, kind: &Kind) -> Result<()> {
    let resolved = deployment.runs().resolve(import.id, kind).await?;
    *import = resolved.ok_or_else(|| Error::UnknownImport { id: import.id.to_string() })?;
    Ok(())
}

/// How the unresolved among these files are waited for, if they are.
async fn waits<D: Registers + HasQueue + Clock>(
    deployment: &D,
    repository: &Repository,
    imports: &[ImportRun],
    in_flight: bool,
) -> Result<Option<Wait>> {
    let unresolved = || imports.iter().filter(|import| is_unresolved(import));
    if unresolved().next().is_none() {
        return Ok(None);
    }
    if in_flight {
        return Ok(Some(Wait::Outcome));
    }
    let settled = unresolved().filter_map(settled_at).max();
    if let Some(at) = settled.filter(|at| *at > deployment.now()) {
        return Ok(Some(Wait::Until(at)));
    }
    in_flight::look_for_any(deployment, repository).await
}

/// When the time of a file is over in which a configuration may come after it.
fn settled_at(import: &ImportRun) -> Option<Timestamp> {
    let Kind::Unresolved { settle_seconds, .. } = import.kind else { return None };
    Some(import.arrived.checked_add(SignedDuration::from_secs(settle_seconds)).unwrap_or(Timestamp::MAX))
}
