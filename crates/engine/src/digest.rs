//! Digests: the reports of many files in one mail.
//!
//! A report that goes into a digest waits for it in the state, as one does that is mailed by itself. When the time
//! of a digest is over, a reconciliation asks for its mail. Which reports it tells of is fixed before it is sent, and stays so
//! until all of them are noted as told: stopped anywhere, the next try sends the same mail, or none.

use jiff::SignedDuration;
use mail_builder::MessageBuilder;
use tidewaiter::config::Digest;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::render::{Html, Renderer, Subject, Text};
use tidewaiter::report::digest::{self as core, File};
use tidewaiter::report::moment;

use crate::capabilities::{Clock, HasMailer, HasObjects, HasOutbox, HasQueue, HasRuns};
use crate::ports::{
    Conclusion, Delivery, DigestPlace, Gathered, ImportRun, Mail, Mailer, Message, Outbox, Progress, Queue,
    RunLedger,
};
use crate::report::{self, SendsReports, is_refused, post};
use crate::{Error, Result, conclude};

/// How many reports one mail tells of. What is beyond is told by another one.
const MOST: usize = 5_000;
/// How many imports are read at a time.
const PAGE: usize = 100;
/// How long the first report of a run waits at most, where there is always something to do.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(1);

/// Asks for the mail of each digest of a repository whose time is over; how many. `is_idle`: the repository has
/// nothing left to do, so that its run is over.
pub async fn ask<D: HasRuns + HasOutbox + HasQueue + Clock>(
    deployment: &D,
    repository: &Repository,
    is_idle: bool,
) -> Result<usize> {
    let (mut asked, now) = (0, deployment.now());
    for waiting in deployment.outbox().digests(repository).await? {
        if is_refused(waiting.trouble.as_ref(), now) {
            continue;
        }
        let import = deployment.runs().run(waiting.first).await?;
        let is_due = match import.as_ref().and_then(place) {
            Some((place, conclusion)) => {
                mailed_at(place, conclusion.finished) <= now || is_idle && is_run(place)
            }
            None => true,
        };
        if is_due {
            let message = Message::Digest { repository: repository.clone(), digest: waiting.digest };
            deployment.queue().send(message, None).await?;
            asked += 1;
        }
    }
    Ok(asked)
}

/// The digest that the report of an import goes into, or went.
pub fn place(import: &ImportRun) -> Option<(&DigestPlace, &Conclusion)> {
    let conclusion = import.conclusion()?;
    Some((conclusion.digest.as_ref()?, conclusion))
}

fn is_run(place: &DigestPlace) -> bool {
    place.every == Digest::Run
}

/// From when on a digest is mailed, whose first file ended at `finished`; that of a run may be mailed sooner.
pub fn mailed_at(place: &DigestPlace, finished: Timestamp) -> Timestamp {
    let (from, long) = match (place.from, conclude::length(place.every)) {
        (Some(from), Some(long)) => (from, long),
        _ => (finished, LONGEST_RUN),
    };
    from.checked_add(long).unwrap_or(Timestamp::MAX)
}

/// The time that a digest is about, for people; `ended` is when its first and its last file did.
pub fn span(place: &DigestPlace, ended: Option<(Timestamp, Timestamp)>) -> String {
    match (place.every, place.from) {
        (Digest::Hour, Some(from)) => {
            let until = mailed_at(place, from);
            format!("{}–{} UTC", from.strftime("%Y-%m-%d %H:%M"), until.strftime("%H:%M"))
        }
        (Digest::Day, Some(from)) => from.strftime("%Y-%m-%d (UTC)").to_string(),
        _ => match ended {
            Some((first, last)) if first.as_second() == last.as_second() => moment(first),
            Some((first, last)) => {
                format!("{} to {}", moment(first), moment(last))
            }
            None => "this run".to_owned(),
        },
    }
}

/// Mails a digest, as often as it takes to tell of all reports that wait for it.
///
/// # Errors
/// If a mail could not be sent, and may be later. If it is the platform that refuses it, the digest says so.
pub async fn digest<D: SendsReports>(deployment: &D, repository: &Repository, digest: &str) -> Result<()> {
    while let Some(gathered) = deployment.outbox().gather(repository, digest, MOST).await? {
        if let Some(error) = tell(deployment, repository, &gathered).await? {
            return Err(error);
        }
    }
    Ok(())
}

/// What a mail tells of.
struct Told {
    place: DigestPlace,
    files: Vec<File>,
    /// When the first and the last of them ended.
    ended: (Timestamp, Timestamp),
}

/// Mails what is gathered, unless that was done. The error if the platform refuses it.
async fn tell<D: SendsReports>(
    deployment: &D,
    repository: &Repository,
    gathered: &Gathered,
) -> Result<Option<Error>> {
    let (delivery, refused) = match read(deployment, gathered).await? {
        None => (Delivery::Sent, None),
        Some(told) => {
            let since = told.ended.0;
            let mail = mail(deployment, repository, gathered, told).await?;
            post(deployment, &mail, since).await?
        }
    };
    deployment.outbox().digested(repository, gathered, &delivery).await?;
    Ok(refused)
}

/// Reads what is to be told. None if one of the imports does not wait any more: then the mail was sent.
async fn read<D: HasRuns>(deployment: &D, gathered: &Gathered) -> Result<Option<Told>> {
    let mut told: Option<Told> = None;
    for ids in gathered.imports.chunks(PAGE) {
        for import in deployment.runs().runs(ids).await? {
            let Some((place, conclusion)) = place(&import) else { continue };
            if !place.due {
                return Ok(None);
            }
            let at = conclusion.finished;
            let told =
                told.get_or_insert_with(|| Told { place: place.clone(), files: Vec::new(), ended: (at, at) });
            told.ended = (told.ended.0.min(at), told.ended.1.max(at));
            told.files.push(File {
                import: import.id,
                name: import.file.clone(),
                finished: at,
                outcome: conclusion.outcome,
                counts: conclusion.counts,
                needs_attention: conclusion.needs_attention(),
                report: None,
            });
        }
    }
    Ok(told)
}

/// The mail of a digest. Reports are read of those files only that are told of in full.
async fn mail<D: HasRuns + HasObjects + HasMailer>(
    deployment: &D,
    repository: &Repository,
    gathered: &Gathered,
    told: Told,
) -> Result<Mail> {
    let Told { place, files, ended } = told;
    let mut digest = core::Digest::new(repository.as_str(), span(&place, Some(ended)), files);
    for file in digest.to_detail() {
        let id = file.import;
        if let Some(import) = deployment.runs().run(id).await?
            && let Progress::Done(conclusion) = &import.progress
        {
            let report = report::kept(deployment, id, conclusion).await?;
            file.report = report.map(|report| Box::new(report::as_of_now(report, conclusion)));
        }
    }
    let first = gathered.imports.first().map(ToString::to_string).unwrap_or_default();
    // Of an import there is a mail of its own beside it; the point keeps their files apart.
    let id = format!("{first}.digest");
    let message = MessageBuilder::new()
        .from(deployment.mailer().sender())
        .to(place.recipients.clone())
        .subject(Subject.render(&digest))
        .message_id(format!("{id}@tidewaiter"))
        .references(format!("{repository}.digest@tidewaiter"))
        .date(ended.1.as_second())
        .text_body(Text.render(&digest))
        .html_body(Html.render(&digest))
        .write_to_vec()
        .map_err(|source| Error::Mail { id: id.clone(), source })?;
    Ok(Mail { id, name: repository.to_string(), recipients: place.recipients, message })
}
