//! An archive that holds one data file and nothing else: a `.csv.gz`, or a `.zip` with one file. It is handled as if that
//! file had been dropped. It has one run, one outcome and one report. The run reads what was extracted, and moves the
//! archive to the place of its outcome as it came.

use tidewaiter::config::Active;
use tidewaiter::id::day_of;
use tidewaiter::keys::clean_name;
use tidewaiter::name::DroppedName;

use super::members::Member;
use crate::intake::TakesIn;
use crate::ports::{ImportRun, Kind, Objects, RunLedger, Unpacked};
use crate::register::{data_kind, unresolved};
use crate::{Error, Result};

/// True if an archive of so many members, one of this name, is handled as that file. What tools left is no member.
pub fn is_lone(member: &str, members: u64) -> bool {
    members == 1 && matches!(DroppedName::of(member), DroppedName::Data | DroppedName::Other)
}

/// Makes the run of an archive that of the only file in it; the run as it is then.
///
/// A crash before the run is changed leaves an archive, which is extracted again to the same key. The ledger changes
/// the run once: a second worker gets what the first one wrote.
pub(super) async fn treat_as_file<D: TakesIn>(
    deployment: &D,
    archive: &ImportRun,
    active: &Active,
    member: &Member,
    notes: Vec<String>,
) -> Result<ImportRun> {
    let unpacked = Unpacked {
        file: clean_name(&member.name),
        source: deployment.objects().source(&member.key),
        bytes: member.bytes,
        notes,
    };
    let kind = match active.resolve_packed(&archive.file, &unpacked.file, day_of(archive.arrived)) {
        Ok(name) => data_kind(deployment, active, name, Some(unpacked)),
        Err(_) => unresolved(deployment, active, Some(unpacked)),
    };
    let resolved = deployment.runs().resolve(archive.id, &kind).await?;
    let run = resolved.ok_or_else(|| Error::UnknownImport { id: archive.id.to_string() })?;
    if matches!(run.kind, Kind::Archive) && run.conclusion().is_none() {
        return Err(Error::Changed { key: archive.source.key.clone() });
    }
    // The run has ended meanwhile and removed what it had read: nothing else would remove this copy.
    if run.conclusion().is_some() {
        deployment.objects().discard(&member.key).await?;
    }
    Ok(run)
}
