//! Registers dropped objects: resolves their names, and gives each one an import run in the ledger.

use tidewaiter::config::Active;
use tidewaiter::id::day_of;
use tidewaiter::keys::{SLASH, clean_name};
use tidewaiter::name::{DataName, DroppedName, NameError, is_tool_file, packed_name};
use tidewaiter::order::scope_rank;
use tidewaiter::report::{Outcome, Reason, TOOL_FILE};
use tidewaiter::sequence::GroupRef;

use crate::capabilities::{HasConfigCache, HasObjects, HasRuns, IntakePolicy, trait_alias};
use crate::ports::{DroppedObject, Group, ImportRun, Kind, Nature, Progress, Refusal, RunLedger, Unpacked};
use crate::{Error, Result, configs};

trait_alias! {
    /// What registering a dropped object needs.
    pub trait Registers = HasObjects + HasRuns + HasConfigCache + IntakePolicy
}

/// Registers what was dropped. What is registered already stays as it is, and is the answer.
pub(crate) async fn register<D: Registers>(deployment: &D, dropped: &DroppedObject) -> Result<ImportRun> {
    let kind = kind_of(deployment, dropped, &clean_name(&dropped.file)).await?;
    register_as(deployment, dropped, kind).await
}

/// The same for an object of which is known what it is, whatever its name says.
///
/// # Errors
/// If the state cannot be written.
pub async fn register_as<D: HasRuns>(
    deployment: &D,
    dropped: &DroppedObject,
    kind: Kind,
) -> Result<ImportRun> {
    let import = ImportRun {
        id: dropped.import,
        repository: dropped.repository.clone(),
        kind,
        file: clean_name(&dropped.file),
        source: dropped.source.clone(),
        archive: None,
        fetched: None,
        bytes: dropped.bytes,
        arrived: dropped.arrived,
        progress: Progress::Registered,
    };
    let registered = deployment.runs().register(&[import]).await?.pop();
    registered.ok_or_else(|| Error::UnknownImport { id: dropped.import.to_string() })
}

async fn kind_of<D: Registers>(deployment: &D, dropped: &DroppedObject, file: &str) -> Result<Kind> {
    let illegal = |code: &str, message: &str, hint: &str| {
        let reason = Reason::new(code, message).with_hint(Some(hint.to_owned()));
        Ok(Kind::Refused(Refusal { outcome: Outcome::Bogus, reason }))
    };
    match dropped.nature {
        Nature::Folder => {
            return illegal("folder", "this is a folder", "drop files, or an archive of grouped files");
        }
        Nature::Special => {
            return illegal(
                "special-file",
                "this is not a regular file",
                "drop the file itself, not a link to it",
            );
        }
        Nature::File => {}
    }
    // Also in a subfolder: nothing that its sender meant to be taken is lost.
    if is_tool_file(&file.replace(SLASH, "/"), dropped.bytes) {
        return Ok(Kind::Refused(tool_file()));
    }
    if file.contains(SLASH) {
        return illegal(
            "folder",
            "the file is in a subfolder",
            "drop files directly into the repository, not into a subfolder",
        );
    }
    match DroppedName::of(file) {
        DroppedName::Configuration { universe } => Ok(Kind::Configuration { universe: universe.to_owned() }),
        DroppedName::Archive => Ok(Kind::Archive),
        DroppedName::Encrypted { content } if DroppedName::of(content) != DroppedName::Workbook => {
            Ok(encrypted(content).map_or(Kind::Archive, Kind::Refused))
        }
        DroppedName::Data | DroppedName::Other | DroppedName::Workbook | DroppedName::Encrypted { .. } => {
            let sheet = packed_name(file);
            let named = sheet.as_deref().unwrap_or(file);
            let (active, name) =
                configs::resolve(deployment, &dropped.repository, named, day_of(dropped.arrived)).await?;
            Ok(match name {
                Ok(_) if sheet.is_some() => Kind::Archive,
                Ok(name) => data_kind(deployment, &active, name, None),
                Err(error) if !error.may_be_configured() => Kind::Refused(refused_name(&error)),
                Err(_) => unresolved(deployment, &active, None),
            })
        }
    }
}

/// A data file with its place in the order, and where its content is if it came packed. The generation of its group is
/// given by the state.
///
/// What the sequencer has to know of the configuration is written down with it: so that it need not read any.
pub(crate) fn data_kind<D: IntakePolicy>(
    deployment: &D,
    active: &Active,
    name: DataName,
    unpacked: Option<Unpacked>,
) -> Kind {
    let settings = active.settings();
    let rank = scope_rank(&name.scope, &settings.scope_order);
    let settle_seconds = deployment.quiet_period(settings.settle_seconds);
    let group = name.group.as_ref().map(|tag| Group {
        group: GroupRef { id: tag.id.clone(), last: tag.last, generation: 0 },
        slot: tag.slot,
        rule: settings.group_policy,
        late: false,
    });
    Kind::Data { name, rank, settle_seconds, group, unpacked: unpacked.map(Box::new) }
}

/// A file that a configuration may still come for.
pub(crate) fn unresolved<D: IntakePolicy>(
    deployment: &D,
    active: &Active,
    unpacked: Option<Unpacked>,
) -> Kind {
    let settle_seconds = deployment.quiet_period(active.settings().settle_seconds);
    Kind::Unresolved { settle_seconds, unpacked: unpacked.map(Box::new) }
}

/// What becomes of an encrypted file whose content, going by its name, is nothing that comes encrypted. None if it is
/// decrypted.
pub fn encrypted(content: &str) -> Option<Refusal> {
    let (message, hint) = match DroppedName::of(content) {
        DroppedName::Configuration { .. } => {
            ("a configuration cannot come encrypted", format!("drop it as {content}: it says nothing secret"))
        }
        DroppedName::Encrypted { .. } => (
            "the file is encrypted twice",
            "encrypt the file once, for the key of this deployment".to_owned(),
        ),
        _ => return None,
    };
    Some(Refusal { outcome: Outcome::Bogus, reason: Reason::new("name", message).with_hint(Some(hint)) })
}

/// What becomes of a file that a tool left beside data.
pub fn tool_file() -> Refusal {
    let reason = Reason::new(TOOL_FILE, "a tool left this file beside the data; it needs no attention");
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// An illegal name is bogus; a legal one that nothing is configured for is not taken up.
pub fn refused_name(error: &NameError) -> Refusal {
    let (outcome, code) =
        if error.is_illegal() { (Outcome::Bogus, "name") } else { (Outcome::NotProcessed, "not-configured") };
    let reason = Reason::new(code, error.reason()).with_hint(error.hint().map(ToOwned::to_owned));
    Refusal { outcome, reason }
}
