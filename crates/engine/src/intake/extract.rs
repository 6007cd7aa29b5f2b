//! Extracts an archive: all members are written and found good before one of them is registered.

use tidewaiter::config::Active;
use tidewaiter::id::day_of;
use tidewaiter::keys::clean_name;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::Limits;

use super::members::{Member, Stopped, Written, write_members};
use super::{arrived, lone, lose, unresolved};
use crate::capabilities::{HasObjects, IntakePolicy};
use crate::conclude::{self, Findings};
use crate::intake::TakesIn;
use crate::ports::{ImportRun, Kind, Objects, Pinned, Progress, Refusal, RunLedger};
use crate::register::{self, data_kind, refused_name};
use crate::{Result, configs};

/// How many members a report names.
const NAMED_MEMBERS: usize = 20;

/// Extracts an archive, registers its members, and gives the archive its outcome. An archive of one data file is
/// that file from then on, which is the answer.
pub(super) async fn extract<D: TakesIn>(deployment: &D, archive: &ImportRun) -> Result<Option<ImportRun>> {
    let mut members = deployment.runs().members(archive.id).await?;
    let mut ignored = match &archive.progress {
        Progress::Started(pinned) => pinned.notes.clone(),
        _ => Vec::new(),
    };
    // Members that are registered may be imported and gone already: they are not written again.
    if members.is_empty() {
        let active = configs::active(deployment, &archive.repository).await?;
        let (written, result) = write_members(deployment, archive, &limits(&active)).await;
        let Written { summary, notes } = match result {
            Ok(written) => written,
            Err(Stopped::Refused(refusal)) => {
                for member in &written {
                    deployment.objects().discard(&member.key).await?;
                }
                conclude::conclude(deployment, archive, Findings::refused(refusal)).await?;
                return Ok(None);
            }
            // Another worker with this archive may have come further, and registered what is written: only what is
            // refused is refused for everybody.
            Err(Stopped::Failed(error)) => {
                lose(deployment, archive, error).await?;
                return Ok(None);
            }
        };
        if let [only] = &written[..]
            && lone::is_lone(&only.name, summary.members)
            // An earlier version may have begun to register its member.
            && matches!(archive.progress, Progress::Registered)
        {
            return lone::treat_as_file(deployment, archive, &active, only, notes).await.map(Some);
        }
        ignored = summary.ignored.paths.iter().map(|path| ignored_note(path)).chain(notes).collect();
        let registered: Vec<ImportRun> =
            (0..).zip(&written).map(|(n, member)| child(deployment, archive, &active, n, member)).collect();
        // Kept, since an archive that is taken up again is not read again.
        let pin = Pinned {
            at: deployment.now(),
            config: String::new(),
            loaders: 1,
            notes: ignored.clone(),
            checked: false,
            content: None,
        };
        deployment.runs().start(archive.id, &pin).await?;
        members = deployment.runs().register(&registered).await?;
    }
    let (members, wait) = unresolved::resolve(deployment, &archive.repository, members).await?;
    // Told before the archive has its outcome: what is done is not told again.
    let settle_seconds = members.iter().map(|member| match member.kind {
        Kind::Data { settle_seconds, .. } => settle_seconds,
        _ => 0,
    });
    arrived(deployment, archive, settle_seconds.max().unwrap_or_default()).await?;
    for member in &members {
        if let Kind::Refused(refusal) = &member.kind {
            conclude::conclude(deployment, member, Findings::refused(refusal.clone())).await?;
        }
    }
    // Its report says of each member what it is.
    if let Some(wait) = wait {
        unresolved::call_again(deployment, archive, wait).await?;
        return Ok(None);
    }
    conclude::conclude(deployment, archive, unpacked(&members, &ignored)).await?;
    Ok(None)
}

/// What an archive may hold under the settings of a repository.
pub fn limits(active: &Active) -> Limits {
    let configured = &active.settings().limits.archive;
    Limits {
        members: configured.max_members,
        member_bytes: configured.max_member_bytes,
        total_bytes: configured.max_total_bytes,
        ratio: configured.max_ratio,
    }
}

fn child<D: HasObjects + IntakePolicy>(
    deployment: &D,
    archive: &ImportRun,
    active: &Active,
    n: u64,
    member: &Member,
) -> ImportRun {
    let kind = match active.resolve(&member.name, day_of(archive.arrived)) {
        Ok(name) if name.group.is_some() => data_kind(deployment, active, name, None),
        Ok(_) => Kind::Refused(not_grouped()),
        Err(error) if !error.may_be_configured() => {
            let Refusal { reason, .. } = refused_name(&error);
            Kind::Refused(Refusal { outcome: Outcome::NotProcessed, reason })
        }
        Err(_) => register::unresolved(deployment, active, None),
    };
    ImportRun {
        id: archive.id.member(n),
        repository: archive.repository.clone(),
        file: clean_name(&member.name),
        source: deployment.objects().source(&member.key),
        archive: Some((archive.id, archive.file.clone())),
        fetched: None,
        bytes: member.bytes,
        arrived: archive.arrived,
        kind,
        progress: Progress::Registered,
    }
}

/// What becomes of a file that belongs to no group, and came in an archive with others.
pub fn not_grouped() -> Refusal {
    let reason = Reason::new(
        "not-grouped",
        "the files of an archive with several must be grouped, but this one is not",
    )
    .with_hint(Some("start its name with `<group>.<YY>-<ZZ>_`, or drop it outside an archive".to_owned()));
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// What is said of a member that is no file of the sender.
pub fn ignored_note(path: &str) -> String {
    format!("ignored {path}: a tool added it")
}

fn unpacked(children: &[ImportRun], ignored: &[String]) -> Findings {
    let mut notes: Vec<String> = children
        .iter()
        .take(NAMED_MEMBERS)
        .map(|child| match &child.kind {
            Kind::Refused(refusal) => {
                format!("member {} not processed: {}", child.file, refusal.reason.message)
            }
            _ => format!("member {}", child.file),
        })
        .collect();
    if children.len() > NAMED_MEMBERS {
        notes.push(format!("and {} more members", children.len() - NAMED_MEMBERS));
    }
    notes.extend_from_slice(ignored);
    Findings { notes, ..Findings::outcome(Outcome::Unpacked) }
}
