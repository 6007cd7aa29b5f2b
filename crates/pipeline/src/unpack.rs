//! Takes in what was dropped: tells configurations, archives and data files apart, extracts archives,
//! and registers files for their turn.

mod extract;
mod members;

pub use extract::{limits as archive_limits, not_grouped};

use tidewaiter::config::{Active, CONFIGURATION_BYTES, Config};
use tidewaiter::keys::{Key, SLASH, clean_name};
use tidewaiter::name::{DataName, Dropped, NameError};
use tidewaiter::order::scope_rank;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::GroupRef;

use crate::conclude::{self, Findings, GONE};
use crate::ports::{
    Drop, Group, Import, Kind, Message, Nature, News, Objects, Platform, Progress, Queue, Refusal, State,
};
use crate::{Error, Result, configs, displace};

/// Takes in one dropped object. Called again with the same one, it goes on where it stopped.
pub async fn unpack<P: Platform>(platform: &P, dropped: &Drop) -> Result<()> {
    let import = register(platform, dropped).await?;
    take_in(platform, &import).await
}

/// Goes on with a registered object.
pub async fn take_in<P: Platform>(platform: &P, import: &Import) -> Result<()> {
    if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
        return conclude::carry_out(platform, import, conclusion).await;
    }
    match &import.kind {
        Kind::Data { settle_seconds, .. } => arrived(platform, import, *settle_seconds).await,
        Kind::Refused(refusal) => {
            conclude::conclude(platform, import, Findings::refused(refusal.clone())).await
        }
        Kind::Configuration { universe } => configure(platform, import, universe).await,
        Kind::Archive => extract::extract(platform, import).await,
    }
}

/// Tells the sequencer that there is something new.
async fn arrived<P: Platform>(platform: &P, import: &Import, settle_seconds: i64) -> Result<()> {
    let message = Message::news(&import.repository, News::Arrived { settle_seconds });
    platform.queue().send(message, None).await
}

/// Registers what was dropped. What is registered already stays as it is, and is the answer.
async fn register<P: Platform>(platform: &P, dropped: &Drop) -> Result<Import> {
    let file = clean_name(&dropped.file);
    let import = Import {
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

async fn kind_of<P: Platform>(platform: &P, dropped: &Drop, file: &str) -> Result<Kind> {
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
            "the file lies in a folder of its own",
            "drop files directly into the repository, not into a folder there",
        );
    }
    match Dropped::of(file) {
        Dropped::Configuration { universe } => Ok(Kind::Configuration { universe: universe.to_owned() }),
        Dropped::Archive => Ok(Kind::Archive),
        Dropped::Data | Dropped::Other => {
            let (active, name) = configs::resolve(platform, &dropped.repository, file).await?;
            Ok(match name {
                Ok(name) => data_kind(platform, &active, name),
                Err(error) => Kind::Refused(refused_name(&error)),
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
    let settle_seconds = platform.settle_seconds(settings.settle_seconds);
    let group = name.group.as_ref().map(|tag| Group {
        group: GroupRef { id: tag.id.clone(), last: tag.last, generation: 0 },
        slot: tag.slot,
        rule: settings.group_policy,
        late: false,
    });
    Kind::Data { name, rank, settle_seconds, group }
}

/// An illegal name is bogus; a legal one that nothing is configured for is not taken up.
pub fn refused_name(error: &NameError) -> Refusal {
    let (outcome, code) =
        if error.is_illegal() { (Outcome::Bogus, "name") } else { (Outcome::NotProcessed, "not-configured") };
    let reason = Reason::new(code, error.reason()).with_hint(error.hint().map(ToOwned::to_owned));
    Refusal { outcome, reason }
}

/// Checks an uploaded configuration and activates it as a whole, or not at all.
async fn configure<P: Platform>(platform: &P, import: &Import, universe: &str) -> Result<()> {
    let read = platform.objects().read(&import.source, 0..CONFIGURATION_BYTES as u64 + 1).await;
    let document = match read {
        Err(error) => return cannot_open(platform, import, error, false).await,
        Ok(document) => document,
    };
    let others = configs::active_but(platform, &import.repository, universe).await?;
    let checked = Config::parse(universe, &document).and_then(|config| others.with(config).map(|_| ()));
    let findings = match checked {
        Ok(()) => {
            let key = Key::config(&import.repository, universe);
            let replaced = Key::replaced_config(&import.repository, universe, import.id);
            if !platform.objects().put_new(&key, document.clone()).await? {
                let is_ours = is_undecided(platform, import);
                displace::write_over(platform, &key, document, Some(&replaced), is_ours).await?;
            }
            let notes = vec![format!("it is the active configuration of universe {universe} now")];
            Findings { notes, ..Findings::outcome(Outcome::Activated) }
        }
        Err(mistakes) => {
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            let more = match mistakes.len() {
                0 | 1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let reason = Reason::new("configuration", format!("{first}{more}")).with_hint(Some(
                "the configuration that was active stays so; mend this one and drop it again".to_owned(),
            ));
            Findings { reason: Some(reason), mistakes, ..Findings::outcome(Outcome::Bogus) }
        }
    };
    conclude::conclude(platform, import, findings).await
}

/// Whoever was so slow that somebody else has activated this configuration meanwhile, and perhaps the next one too,
/// begins again.
async fn is_undecided<P: Platform>(platform: &P, import: &Import) -> Result<()> {
    let now = platform.state().import(import.id).await?.map(|import| import.progress);
    match now {
        Some(Progress::Concluding(_) | Progress::Done(_)) => {
            Err(Error::Changed { key: import.source.key.clone() })
        }
        _ => Ok(()),
    }
}

/// A file whose sender does not let us read it, or that somebody removed, is not taken up. Any other error stays one: a
/// permission of ours that is missing is no partner's outcome.
///
/// `has_begun` if some of its lines may be records.
pub(crate) async fn cannot_open<P: Platform>(
    platform: &P,
    import: &Import,
    error: Error,
    has_begun: bool,
) -> Result<()> {
    let (code, hint) = match &error {
        Error::Unreadable { key, .. } if *key == import.source.key => {
            ("cannot-open", "make it readable for tidewaiter, then drop it again")
        }
        Error::NotFound { key } if *key == import.source.key => {
            (GONE, "somebody removed it after it was taken in; drop it again if it is still to be imported")
        }
        _ => return Err(error),
    };
    let reason = Reason::new(code, format!("can't open file \"{}\": {error}", import.file))
        .with_hint(Some(hint.to_owned()));
    let notes = has_begun.then(|| "its loading had begun: some of its lines may be records".to_owned());
    let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
    let findings = Findings { notes: notes.into_iter().collect(), ..Findings::refused(refusal) };
    conclude::conclude(platform, import, findings).await
}
