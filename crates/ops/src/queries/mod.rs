//! Queries: where they go on, when they are read next, what their last reads came to; and changing that.

mod preview;

use serde::Serialize;
use tidewaiter::config::{ImportOptions, QueryOptions};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::item::{Form, LastItem};
use tidewaiter::keys::Repository;
use tidewaiter::name::{Entry, did_you_mean};
use tidewaiter::run::{Ended, Phase, QueryState, Reading};
use tidewaiter_engine::capabilities::HasQueries;
use tidewaiter_engine::ports::{QueryStates, RunLedger};
use tidewaiter_engine::{configs, fetch};

pub use self::preview::{ColumnPreview, Preview, preview};
pub use crate::configurations::Reads;
use crate::deployment::{Deployed, Deployment, one_repository, repositories, with_deployed};
use crate::{Error, Result};

/// How often a change is tried again that another process was faster than.
const TRIES: u32 = 20;

/// A query as it is now.
#[derive(Debug, Serialize)]
pub struct QueryStatus {
    /// Its repository.
    pub repository: Repository,
    /// Its import, as `universe.scope.name`.
    pub import: String,
    /// From where and when it is read.
    #[serde(flatten)]
    pub reads: Reads,
    /// The column of the last item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Where the next read begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_item: Option<LastItem>,
    /// What is in hand.
    pub doing: Doing,
    /// Who asked for a read that has not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The last reads, and what people did, the newest last.
    pub ended: Vec<Past>,
}

/// What is in hand of a query.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Nothing.
    Nothing,
    /// It is read.
    Reading {
        /// Since when.
        since: Timestamp,
    },
    /// It could not be read, and is tried again.
    Failing {
        /// Since when.
        since: Timestamp,
        /// When it is tried again, at the earliest.
        again: Timestamp,
        /// What is wrong.
        message: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// Its file is imported.
    Importing {
        /// The run of the file.
        import: ImportId,
    },
}

/// A read that ended, with what its file came to.
#[derive(Debug, Serialize)]
pub struct Past {
    /// The read.
    #[serde(flatten)]
    pub read: Ended,
    /// The file, if one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How many of its lines were imported, changed nothing, or were superseded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// How many of its lines were rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<u64>,
    /// Where its rejected lines are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badlines: Option<String>,
}

/// The queries of a repository, or of all; or the one that is named.
///
/// # Errors
/// If the deployment cannot be read, or there is no such repository or query.
pub async fn queries(
    deployment: &Deployment,
    repository: Option<&Repository>,
    name: Option<&str>,
    last: usize,
) -> Result<Vec<QueryStatus>> {
    with_deployed!(deployment, deployed => {
        let mut found = Vec::new();
        for repository in repositories(deployed, repository).await? {
            found.extend(of(deployed, &repository, name, last).await?);
        }
        match name {
            Some(name) if found.is_empty() => {
                Err(Error::NoQuery { name: name.to_owned(), hint: None })
            }
            _ => Ok(found),
        }
    })
}

/// The queries of a repository, or those that a name means. Configurations that cannot be used have none; the status of the
/// repository says why.
pub(crate) async fn of(
    deployed: &impl Deployed,
    repository: &Repository,
    name: Option<&str>,
    last: usize,
) -> Result<Vec<QueryStatus>> {
    let Ok(active) = configs::active(deployed, repository).await else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (entry, _, query) in fetch::queries(&active) {
        if name.is_none_or(|name| is_named(&entry, name)) {
            found.push(status(deployed, repository, &entry, query, last).await?);
        }
    }
    Ok(found)
}

async fn status(
    deployed: &impl Deployed,
    repository: &Repository,
    entry: &Entry,
    query: &QueryOptions,
    last: usize,
) -> Result<QueryStatus> {
    let (state, _) = fetch::state_of(deployed, repository, entry).await?;
    let start = || query.last_item.as_ref().map(|options| options.start.clone());
    let begin = state.ended.len().saturating_sub(last);
    let mut ended = Vec::new();
    for read in state.ended.iter().skip(begin) {
        ended.push(past(deployed, read.clone()).await?);
    }
    Ok(QueryStatus {
        repository: repository.clone(),
        import: entry.to_string(),
        reads: Reads::of(query, deployed.now()),
        column: query.last_item.as_ref().map(|options| options.column.clone()),
        last_item: state.position.last.clone().or_else(start),
        doing: doing(&state),
        asked: state.asked,
        ended,
    })
}

fn doing(state: &QueryState) -> Doing {
    match &state.phase {
        Phase::Idle => Doing::Nothing,
        Phase::Landing(landing) => Doing::Importing { import: landing.run },
        Phase::Reading(Reading { at, until, trouble: Some(trouble), .. }) => Doing::Failing {
            since: *at,
            again: *until,
            message: trouble.message.clone(),
            hint: trouble.hint.clone(),
        },
        Phase::Reading(reading) => Doing::Reading { since: reading.at },
    }
}

async fn past(deployed: &impl Deployed, read: Ended) -> Result<Past> {
    let run = match read.run {
        Some(run) => deployed.state().run(run).await?,
        None => None,
    };
    let conclusion = run.as_ref().and_then(|run| run.conclusion());
    let counts = conclusion.map(|conclusion| conclusion.counts);
    Ok(Past {
        accepted: counts.map(|counts| counts.read.saturating_sub(counts.rejected)),
        rejected: counts.map(|counts| counts.rejected),
        badlines: conclusion.and_then(|conclusion| conclusion.badlines.as_ref().map(ToString::to_string)),
        file: run.map(|run| run.file),
        read,
    })
}

/// True if a name means an import: `universe.scope.name`, or the end of that.
fn is_named(entry: &Entry, name: &str) -> bool {
    let whole = entry.to_string();
    whole == name || whole.strip_suffix(name).is_some_and(|before| before.ends_with('.'))
}

/// A query that is meant by a name.
#[derive(Debug)]
pub struct Meant {
    /// Its repository.
    pub repository: Repository,
    /// Its import.
    pub entry: Entry,
    /// The options of the import.
    pub options: ImportOptions,
    /// The query.
    pub query: QueryOptions,
}

/// The query that is meant by a name, among the active ones.
async fn meant(
    deployment: &Deployment,
    deployed: &impl Deployed,
    repository: Option<&Repository>,
    name: &str,
) -> Result<Meant> {
    let repository = one_repository(deployment, deployed, repository).await?;
    let active = configs::active(deployed, &repository).await?;
    let known: Vec<_> = fetch::queries(&active).collect();
    pick(repository, &known, name)
}

/// The query that is meant by a name, among those that are known.
fn pick(
    repository: Repository,
    known: &[(Entry, &ImportOptions, &QueryOptions)],
    name: &str,
) -> Result<Meant> {
    let mut found = known.iter().filter(|(entry, ..)| is_named(entry, name));
    let unclear = |hint: Option<String>| Err(Error::NoQuery { name: name.to_owned(), hint });
    match (found.next(), found.next()) {
        (Some((entry, options, query)), None) => Ok(Meant {
            repository,
            entry: entry.clone(),
            options: (*options).clone(),
            query: (*query).clone(),
        }),
        (Some(_), Some(_)) => {
            unclear(Some("several end like this: name the whole of it, universe.scope.name".to_owned()))
        }
        (None, _) => {
            let names: Vec<String> = known.iter().map(|(entry, ..)| entry.to_string()).collect();
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            let known = if names.is_empty() {
                "no import has a query".to_owned()
            } else {
                format!("there is {}", names.join(", "))
            };
            unclear(Some(hint.unwrap_or(known)))
        }
    }
}

/// What came of changing a query.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// Its repository.
    pub repository: Repository,
    /// Its import, as `universe.scope.name`.
    pub import: String,
    /// Where the next read begins now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_item: Option<LastItem>,
}

/// Moves `{lastItem}` of a query; None: to the start that the configuration names. `by` says who does that.
///
/// # Errors
/// [`Error::NoQuery`] if there is no such query; [`Error::QueryBusy`] if it is read, or its file is imported just now;
/// [`Error::NoLastItem`] if it has none, or the value is none of its kind.
pub async fn move_to(
    deployment: &Deployment,
    repository: Option<&Repository>,
    name: &str,
    to: Option<&str>,
    by: &str,
) -> Result<Changed> {
    with_deployed!(deployment, deployed => {
        let Meant { repository, entry, query, .. } = meant(deployment, deployed, repository, name).await?;
        let Some(options) = &query.last_item else {
            return Err(Error::NoLastItem { import: entry.to_string(), why: "its configuration has no `last_item`".to_owned() });
        };
        let state = change(deployed, &repository, &entry, |state, now| {
            let form = state.position.last.as_ref().map_or(options.start.form, |last| last.form);
            let last = to.map(|text| LastItem { text: text.to_owned(), form: form_of(text, form) });
            if let Some(last) = &last && last.form.compare(&last.text, &last.text).is_err() {
                let like = state.position.last.as_ref().map_or_else(|| example(last.form), |last| &last.text);
                let why = format!("the value is none of column `{}`: it is written like {like}", options.column);
                return Err(Error::NoLastItem { import: entry.to_string(), why });
            }
            Ok(state.move_to(last, Some(&options.column), by, now))
        }).await?;
        let last_item = state.position.last.or_else(|| Some(options.start.clone()));
        Ok(Changed { repository, import: entry.to_string(), last_item })
    })
}

/// The form of a value that a person writes, beside one of this form. A column of moments may begin at a date.
fn form_of(text: &str, beside: Form) -> Form {
    let is_date = matches!(beside, Form::Date | Form::Datetime | Form::Moment);
    Form::of_date(text).filter(|_| is_date).unwrap_or(beside)
}

/// How values of a form are written.
fn example(form: Form) -> &'static str {
    match form {
        Form::Boolean => "true",
        Form::Integer => "42",
        Form::Number => "12.50",
        Form::Date => "2026-01-31",
        Form::Time => "13:45:00",
        Form::Datetime => "2026-01-31T13:45:00",
        Form::Moment => "2026-01-31T13:45:00Z",
        Form::Text => "any text",
    }
}

/// Asks for a read of a query, at the next moment that it can be read. `by` says who does that.
///
/// # Errors
/// [`Error::NoQuery`] if there is no such query; [`Error::NoFetch`] if the stack has no connections.
pub async fn ask(
    deployment: &Deployment,
    repository: Option<&Repository>,
    name: &str,
    by: &str,
) -> Result<Changed> {
    with_deployed!(deployment, deployed => {
        let Meant { repository, entry, .. } = meant(deployment, deployed, repository, name).await?;
        deployed.reads_queries()?;
        let state = change(deployed, &repository, &entry, |state, _| {
            state.asked = Some(by.to_owned());
            Ok(true)
        }).await?;
        deployed.ask_for_fetch(&repository, &entry).await?;
        Ok(Changed { repository, import: entry.to_string(), last_item: state.position.last })
    })
}

/// Changes the state of a query, on the condition that no other process does at the same time.
async fn change(
    deployed: &impl Deployed,
    repository: &Repository,
    entry: &Entry,
    edit: impl Fn(&mut QueryState, Timestamp) -> Result<bool>,
) -> Result<QueryState> {
    for _ in 0..TRIES {
        let (mut state, version) = fetch::state_of(deployed, repository, entry).await?;
        if !edit(&mut state, deployed.now())? {
            break;
        }
        if deployed.queries().put_query(repository, entry, &state, version).await? {
            return Ok(state);
        }
    }
    Err(Error::QueryBusy(entry.to_string()))
}
