//! Takes in what was dropped: tells configurations, archives and data files apart, extracts archives,
//! and registers files for their turn.

mod configure;
mod extract;
mod members;
mod unresolved;

pub use extract::{limits as archive_limits, not_grouped};

use tidewaiter::config::Active;
use tidewaiter::keys::{SLASH, clean_name};
use tidewaiter::name::{DataName, DroppedName, NameError};
use tidewaiter::order::scope_rank;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::GroupRef;

use crate::conclude::{self, Findings, GONE};
use crate::ports::{
    DroppedObject, Group, ImportRun, Kind, Message, Nature, News, Platform, Progress, Queue, Refusal, State,
};
use crate::{Error, Result, configs};

/// Takes in one dropped object. Called again with the same one, it goes on where it stopped.
pub async fn unpack<P: Platform>(platform: &P, dropped: &DroppedObject) -> Result<()> {
    let import = register(platform, dropped).await?;
    take_in(platform, &import).await
}

/// Goes on with a registered object.
pub async fn take_in<P: Platform>(platform: &P, import: &ImportRun) -> Result<()> {
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
        return conclude::carry_out(platform, import, conclusion).await;
    }
    match &import.kind {
        Kind::Data { settle_seconds, .. } => arrived(platform, import, *settle_seconds).await,
        Kind::Refused(refusal) => {
            conclude::conclude(platform, import, Findings::refused(refusal.clone())).await
        }
        Kind::Unresolved { .. } => match unresolved::look_again(platform, import).await? {
            Some(resolved) => Box::pin(take_in(platform, &resolved)).await,
            None => Ok(()),
        },
        Kind::Configuration { universe } => configure::configure(platform, import, universe).await,
        Kind::Archive => extract::extract(platform, import).await,
    }
}

/// Tells the sequencer that there is something new.
async fn arrived<P: Platform>(platform: &P, import: &ImportRun, settle_seconds: i64) -> Result<()> {
    let message = Message::news(&import.repository, News::Arrived { settle_seconds });
    platform.queue().send(message, None).await
}

/// Registers what was dropped. What is registered already stays as it is, and is the answer.
pub(crate) async fn register<P: Platform>(platform: &P, dropped: &DroppedObject) -> Result<ImportRun> {
    let file = clean_name(&dropped.file);
    let import = ImportRun {
        id: dropped.import,
        repository: dropped.repository.clone(),
        kind: kind_of(platform, dropped, &file).await?,
        file,
        source: dropped.source.clone(),
        archive: None,
        bytes: dropped.bytes,
        arrived: dropped.arrived,
        progress: Progress::Registered,
    };
    let registered = platform.state().register(&[import]).await?.pop();
    registered.ok_or_else(|| Error::UnknownImport { id: dropped.import.to_string() })
}

async fn kind_of<P: Platform>(platform: &P, dropped: &DroppedObject, file: &str) -> Result<Kind> {
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
        DroppedName::Data | DroppedName::Other => {
            let (active, name) = configs::resolve(platform, &dropped.repository, file).await?;
            Ok(match name {
                Ok(name) => data_kind(platform, &active, name),
                Err(error) if error.is_illegal() => Kind::Refused(refused_name(&error)),
                Err(_) => unresolved(platform, &active),
            })
        }
    }
}

/// A data file with its place in the order. The generation of its group is given by the state.
///
/// What the sequencer has to know of the configuration is written down with it: so that it need not read any.
fn data_kind<P: Platform>(platform: &P, active: &Active, name: DataName) -> Kind {
    let settings = active.settings();
    let rank = scope_rank(&name.scope, &settings.scope_order);
    let settle_seconds = platform.quiet_period(settings.settle_seconds);
    let group = name.group.as_ref().map(|tag| Group {
        group: GroupRef { id: tag.id.clone(), last: tag.last, generation: 0 },
        slot: tag.slot,
        rule: settings.group_policy,
        late: false,
    });
    Kind::Data { name, rank, settle_seconds, group }
}

/// A file that a configuration may still come for.
fn unresolved<P: Platform>(platform: &P, active: &Active) -> Kind {
    Kind::Unresolved { settle_seconds: platform.quiet_period(active.settings().settle_seconds) }
}

/// An illegal name is bogus; a legal one that nothing is configured for is not taken up.
pub fn refused_name(error: &NameError) -> Refusal {
    let (outcome, code) =
        if error.is_illegal() { (Outcome::Bogus, "name") } else { (Outcome::NotProcessed, "not-configured") };
    let reason = Reason::new(code, error.reason()).with_hint(error.hint().map(ToOwned::to_owned));
    Refusal { outcome, reason }
}

/// A file whose sender does not let us read it, or that somebody removed, is not taken up. Any other error stays one: a
/// permission of ours that is missing is no partner's outcome.
///
/// `has_begun` if some of its lines may be records.
pub(crate) async fn cannot_open<P: Platform>(
    platform: &P,
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
    conclude::conclude(platform, import, findings).await
}
