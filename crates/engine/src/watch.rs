//! Watches over what does not happen: groups that stay incomplete, files that do not come, queries that cannot be read.
//!
//! A reconciliation looks at each repository, as its configuration asks. It sends a message for each finding, and the
//! function that mails it marks that in the state, so that people get it once.

mod unread;

use jiff::SignedDuration;
use mail_builder::MessageBuilder;
use tidewaiter::config::{Active, Config, Expected, Window};
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::notice::{Expectation, Notice, What};
use tidewaiter::render::{Html, Renderer, Subject, Text};

use crate::capabilities::{
    Clock, HasConfigCache, HasGroups, HasMailer, HasMarks, HasObjects, HasQueries, HasQueue, HasRuns,
    trait_alias,
};
use crate::ports::{
    GroupQueue, HistoryFilter, ImportRun, Kind, Mail, Mailer, Marks, Message, News, Queue, RunLedger,
    WaitingGroup,
};
use crate::{Error, Result, conclude, configs, report};

trait_alias! {
    /// What watching over a repository needs.
    pub trait WatchesOver =
        HasObjects + HasRuns + HasGroups + HasQueries + HasConfigCache + HasMarks + HasQueue + Clock
}

/// How many arrivals are looked at to find one of an import.
const ARRIVALS: usize = 1_000;

/// Looks at a repository: groups that have been incomplete for too long expire, and what is to be told is
/// handed on.
pub(crate) async fn watch_over<D: WatchesOver>(deployment: &D, repository: &Repository) -> Result<()> {
    let active = configs::active(deployment, repository).await?;
    let now = deployment.now();
    let mut due = waiting(deployment, repository, &active, now).await?;
    due.extend(expected(deployment, repository, &active, now).await?);
    due.extend(unread::notices(deployment, repository, &active, now).await?);
    for notice in due {
        if deployment.marks().get(&notice.key()).await?.is_none() {
            deployment.queue().send(Message::Notice { notice }, None).await?;
        }
    }
    Ok(())
}

/// Mails a notice, unless that was done.
pub async fn tell<D: HasObjects + HasConfigCache + HasMarks + HasMailer + Clock>(
    deployment: &D,
    notice: &Notice,
) -> Result<()> {
    let key = notice.key();
    if deployment.marks().get(&key).await?.is_some() {
        return Ok(());
    }
    let repository = notice.repository.parse().map_err(Error::Task)?;
    let active = configs::active(deployment, &repository).await?;
    let recipients = audience(&active, &notice.what);
    if !recipients.is_empty() {
        let mail = mail(notice, recipients, deployment)?;
        // What happens now is not given up: it may still be mended in time.
        let (_, refused) = report::post(deployment, &mail, deployment.now()).await?;
        if let Some(error) = refused {
            return Err(error);
        }
    }
    deployment.marks().put_if_absent(&key, deployment.now()).await.map(|_| ())
}

/// Those who get alerts: of the repository, or of the import that waits for a file or cannot be read.
fn audience(active: &Active, what: &What) -> Vec<String> {
    let (universe, scope, subsection) = match what {
        What::Waiting { .. } => return conclude::addresses(&active.settings().alert_recipients),
        What::Missed(expected) | What::Came { expected, .. } => {
            (&expected.universe, &expected.scope, &expected.subsection)
        }
        What::Unread(unread) | What::ReadAgain { unread, .. } => {
            (&unread.universe, &unread.scope, &unread.subsection)
        }
    };
    let options = active.config(universe).and_then(|config| config.subsection(scope, subsection));
    let alerts = options.map(|options| &options.alert_recipients);
    conclude::addresses(alerts.map(Vec::as_slice).unwrap_or_default())
}

fn mail<D: HasMailer + Clock>(notice: &Notice, recipients: Vec<String>, deployment: &D) -> Result<Mail> {
    let id: String =
        notice.key().chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '.' }).collect();
    let message = MessageBuilder::new()
        .from(deployment.mailer().sender())
        .to(recipients.clone())
        .subject(Subject.render(notice))
        .message_id(format!("{id}@tidewaiter"))
        .date(deployment.now().as_second())
        .text_body(Text.render(notice))
        .html_body(Html.render(notice))
        .write_to_vec()
        .map_err(|source| Error::Mail { id: id.clone(), source })?;
    Ok(Mail { name: notice.repository.clone(), id, recipients, message })
}

async fn waiting<D: HasGroups + HasQueue>(
    deployment: &D,
    repository: &Repository,
    active: &Active,
    now: Timestamp,
) -> Result<Vec<Notice>> {
    let limits = &active.settings().waiting;
    let mut notices = Vec::new();
    if limits.alert_after_hours.is_none() && limits.expire_after_hours.is_none() {
        return Ok(notices);
    }
    for waiting in deployment.groups().waiting(repository).await? {
        let after = |hours: Option<u64>| hours.map(|hours| later(waiting.since, hours));
        let (alert, expires) = (after(limits.alert_after_hours), after(limits.expire_after_hours));
        if expires.is_some_and(|at| at <= now)
            && deployment.groups().expire(repository, &waiting.group).await?
        {
            let message = Message::news(repository, News::Poke);
            deployment.queue().send(message, None).await?;
        } else if alert.is_some_and(|at| at <= now) {
            notices.push(incomplete(waiting, expires));
        }
    }
    Ok(notices)
}

fn later(at: Timestamp, hours: u64) -> Timestamp {
    let hours = SignedDuration::from_hours(i64::try_from(hours).unwrap_or(i64::MAX / 3600));
    at.checked_add(hours).unwrap_or(Timestamp::MAX)
}

fn incomplete(waiting: WaitingGroup, expires: Option<Timestamp>) -> Notice {
    let WaitingGroup { repository, group, missing, files, since } = waiting;
    let what = What::Waiting {
        group: group.id,
        last: group.last,
        generation: group.generation,
        missing,
        files,
        since,
        expires,
    };
    Notice { repository: repository.to_string(), what }
}

async fn expected<D: HasRuns + HasMarks>(
    deployment: &D,
    repository: &Repository,
    active: &Active,
    now: Timestamp,
) -> Result<Vec<Notice>> {
    let mut notices = Vec::new();
    for config in active.configs() {
        for (entry, expected) in expectations(config) {
            let Some(window) = expected.last(now) else { continue };
            let expectation = Expectation {
                universe: entry.universe,
                scope: entry.scope,
                subsection: entry.subsection,
                by: expected.to_string(),
                deadline: window.until,
            };
            let what = missing(deployment, repository, expectation, window, now).await?;
            notices.extend(what.map(|what| Notice { repository: repository.to_string(), what }));
        }
    }
    Ok(notices)
}

fn expectations(config: &Config) -> impl Iterator<Item = (Entry, &Expected)> {
    config.entries().filter_map(|(entry, options)| Some((entry, options.expected.as_ref()?)))
}

/// What is to be told of an import whose file was expected in a window.
async fn missing<D: HasRuns + HasMarks>(
    deployment: &D,
    repository: &Repository,
    expectation: Expectation,
    window: Window,
    now: Timestamp,
) -> Result<Option<What>> {
    let Expectation { universe, scope, subsection, by, .. } = &expectation;
    // A deadline that was over before the first look raises no notice.
    let asked = format!("expected/{repository}/{universe}/{scope}/{subsection}/{by}");
    if deployment.marks().put_if_absent(&asked, now).await? >= window.until {
        return Ok(None);
    }
    let came = arrival(deployment, repository, &expectation, window.from).await?;
    if came.as_ref().is_some_and(|import| import.arrived <= window.until) {
        return Ok(None);
    }
    let Some(import) = came else { return Ok(Some(What::Missed(expectation))) };
    // Send an all-clear only after an alarm.
    let missed = Notice { repository: repository.to_string(), what: What::Missed(expectation.clone()) };
    let was_missed = deployment.marks().get(&missed.key()).await?.is_some();
    Ok(was_missed.then_some(What::Came { expected: expectation, file: import.file, at: import.arrived }))
}

/// The first file of an import that came after a time.
async fn arrival<D: HasRuns>(
    deployment: &D,
    repository: &Repository,
    expectation: &Expectation,
    after: Timestamp,
) -> Result<Option<ImportRun>> {
    let Expectation { universe, scope, subsection, .. } = expectation;
    let filter = HistoryFilter {
        repository: Some(repository.clone()),
        file: Some(format!("{universe}_{scope}_{subsection}_")),
        since: Some(after),
        limit: ARRIVALS,
        ..HistoryFilter::default()
    };
    let is_it = |import: &ImportRun| match &import.kind {
        Kind::Data { name, .. } => {
            (&name.universe, &name.scope, &name.subsection) == (universe, scope, subsection)
                && import.arrived > after
        }
        _ => false,
    };
    Ok(deployment.runs().history(&filter).await?.into_iter().rev().find(is_it))
}
