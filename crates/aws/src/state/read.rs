//! What is asked of the state, without changing it.

use std::collections::HashMap;

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::name::DataName;
use tidewaiter::sequence::{GroupRef, Ready};
use tidewaiter_engine::ports::{Configurations, HistoryFilter, ImportRun, Kind, Turn, WaitingGroup};
use tidewaiter_engine::{Error, Result};

use super::imports::{
    CONCLUDED, DOCUMENT, FIRST_REVISION, IMPORT, REGISTERED, REVISION, document, find_all, import_of,
};
use super::keys;
use super::register::generations;
use super::run_cache::RunCache;
use crate::table::{Item, Part, Table, broken, number_of, start_after, text_of};

/// How many entries are read at a time where it is not known how many are needed.
const PAGE: usize = 100;

/// The state of the sequencer and the first pieces of ready work: one request, however many wait.
pub(super) async fn turn(table: &Table, known: &RunCache, repository: &Repository) -> Result<Turn> {
    const WHAT: &str = "reading a turn";
    let (found, _) = table.page(WHAT, &keys::ready(repository), Part::default(), None, 4).await?;
    let at = |sk| found.iter().find(|item| text_of(item, "sk") == Some(sk));
    let sequence = at(keys::SEQUENCE);
    let (state, version) = sequence.map(|item| document(item, WHAT)).transpose()?.unwrap_or_default();
    let configurations = at(keys::CONFIGURATIONS).map(configurations).unwrap_or_default();
    let mut ready = Vec::new();
    for item in found.iter().filter(|item| is_ready(item)).take(2) {
        ready.push(ready_work(item, WHAT)?);
        // A file as it was when it became ready; many a one has not changed since.
        if let Some(import) = text_of(item, DOCUMENT).and_then(|json| serde_json::from_str(json).ok()) {
            known.put(&import, number_of(item, REVISION).unwrap_or(FIRST_REVISION));
        }
    }
    Ok(Turn { state, version, ready, configurations })
}

fn configurations(item: &Item) -> Configurations {
    let number = |name| number_of(item, name).unwrap_or_default();
    Configurations { registered: number(REGISTERED), concluded: number(CONCLUDED) }
}

fn is_ready(item: &Item) -> bool {
    !matches!(text_of(item, "sk"), Some(keys::SEQUENCE | keys::CONFIGURATIONS))
}

/// The files of a repository that are unresolved.
pub(super) async fn unresolved(table: &Table, repository: &Repository) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "finding unresolved files";
    let ids = named(table, WHAT, &keys::unfinished(repository), range(keys::UNRESOLVED)).await?;
    let mut imports = find_all(table, WHAT, &ids).await?;
    imports.retain(|import| matches!(import.kind, Kind::Unresolved { .. }));
    Ok(imports)
}

/// The runs of a repository that are listed with an open problem.
pub(super) async fn problems(table: &Table, repository: &Repository) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "finding open problems";
    let ids = named(table, WHAT, &keys::problems(repository), Part::default()).await?;
    find_all(table, WHAT, &ids).await
}

fn ready_work(item: &Item, what: &'static str) -> Result<Ready> {
    match group_of(item, what)? {
        Some(group) => {
            let Some(rule) = text_of(item, "rule") else { return Ok(Ready::Expired(group)) };
            let rule = serde_json::from_str(rule).map_err(|e| Error::Store { what, source: Box::new(e) })?;
            Ok(Ready::Group(group, rule))
        }
        None => import_of(item, what).map(Ready::File),
    }
}

fn group_of(item: &Item, what: &'static str) -> Result<Option<GroupRef>> {
    let json = text_of(item, "group");
    json.map(serde_json::from_str).transpose().map_err(|e| Error::Store { what, source: Box::new(e) })
}

fn range(prefix: &str) -> Part<'_> {
    Part { prefix, descending: false }
}

/// The first member of a group that is not checked, or not done: one request.
pub(super) async fn next_member(
    table: &Table,
    repository: &Repository,
    group: &GroupRef,
    checking: bool,
) -> Result<Option<ImportId>> {
    const WHAT: &str = "finding a member";
    let part = range(if checking { keys::UNCHECKED } else { keys::OPEN });
    let (found, _) = table.page(WHAT, &keys::members(repository, group), part, None, 1).await?;
    found.first().map(|item| import_of(item, WHAT)).transpose()
}

/// The members of a group that are not done, in their order.
pub(super) async fn group_members(
    table: &Table,
    repository: &Repository,
    group: &GroupRef,
) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "reading a group";
    let ids = named(table, WHAT, &keys::members(repository, group), range(keys::OPEN)).await?;
    in_order(table, WHAT, &ids).await
}

/// The latest date behind that of a file that was imported before a moment.
pub(super) async fn later_date(
    table: &Table,
    repository: &Repository,
    name: &DataName,
    before: Timestamp,
) -> Result<Option<Date>> {
    const WHAT: &str = "looking for a later date";
    let (partition, part) = (keys::dates(repository, name), Part { prefix: "", descending: true });
    let mut after = None;
    loop {
        let (found, more) = table.page(WHAT, &partition, part, after, PAGE).await?;
        for item in &found {
            let date: Date =
                text_of(item, "sk").and_then(|date| date.parse().ok()).ok_or_else(|| broken(WHAT))?;
            if date <= name.date {
                return Ok(None);
            }
            if number_of::<i64>(item, "finished").is_some_and(|at| at < before.as_millisecond()) {
                return Ok(Some(date));
            }
        }
        if more.is_none() {
            return Ok(None);
        }
        after = more;
    }
}

pub(super) async fn repositories(table: &Table) -> Result<Vec<Repository>> {
    const WHAT: &str = "listing repositories";
    let found = table.query(WHAT, keys::REPOSITORIES, Part::default(), usize::MAX).await?;
    found
        .iter()
        .map(|item| text_of(item, "sk").and_then(|name| name.parse().ok()).ok_or_else(|| broken(WHAT)))
        .collect()
}

async fn named(table: &Table, what: &'static str, partition: &str, part: Part<'_>) -> Result<Vec<ImportId>> {
    let found = table.query(what, partition, part, usize::MAX).await?;
    found.iter().map(|item| import_of(item, what)).collect()
}

pub(super) async fn unfinished(table: &Table) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "finding unfinished work";
    let mut ids = Vec::new();
    for repository in repositories(table).await? {
        ids.extend(named(table, WHAT, &keys::unfinished(&repository), Part::default()).await?);
    }
    find_all(table, WHAT, &ids).await
}

pub(super) async fn unmailed(table: &Table) -> Result<Vec<ImportId>> {
    let mut ids = Vec::new();
    for repository in repositories(table).await? {
        let partition = keys::unmailed(&repository);
        ids.extend(named(table, "finding due mails", &partition, Part::default()).await?);
    }
    ids.sort();
    Ok(ids)
}

/// What is registered and not done, in treatment order.
pub(super) async fn queued(table: &Table, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "listing the queue";
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let (found, more) = table
            .page(WHAT, &keys::ready(repository), Part::default(), after, PAGE.min(limit.saturating_add(2)))
            .await?;
        for item in found.iter().filter(|item| is_ready(item)) {
            match ready_work(item, WHAT)? {
                Ready::File(id) => ids.push(id),
                Ready::Group(group, _) | Ready::Expired(group) => {
                    let partition = keys::members(repository, &group);
                    ids.extend(named(table, WHAT, &partition, range(keys::OPEN)).await?);
                }
            }
        }
        if more.is_none() || ids.len() >= limit {
            break;
        }
        after = more;
    }
    ids.truncate(limit);
    let mut imports = in_order(table, WHAT, &ids).await?;
    imports.retain(|import| !import.is_done());
    Ok(imports)
}

/// The imports with these ids, in this order.
async fn in_order(table: &Table, what: &'static str, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
    let mut found: HashMap<ImportId, ImportRun> =
        find_all(table, what, ids).await?.into_iter().map(|import| (import.id, import)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The groups that are not complete.
pub(super) async fn waiting(table: &Table, repository: &Repository) -> Result<Vec<WaitingGroup>> {
    const WHAT: &str = "listing waiting groups";
    let mut waiting = Vec::new();
    for item in table.query(WHAT, &keys::waiting(repository), Part::default(), usize::MAX).await? {
        let group = group_of(&item, WHAT)?.ok_or_else(|| broken(WHAT))?;
        let (generations, _) = generations(table, WHAT, repository, &group).await?;
        let group = GroupRef { generation: generations.open, ..group };
        let members =
            table.query(WHAT, &keys::members(repository, &group), range(keys::OPEN), usize::MAX).await?;
        let files = members.iter().filter_map(|item| text_of(item, "file")).map(ToOwned::to_owned).collect();
        let arrivals = members.iter().filter_map(|item| text_of(item, "arrived")?.parse::<Timestamp>().ok());
        let missing = generations.missing(group.last);
        if let Some(since) = arrivals.min()
            && !missing.is_empty()
        {
            waiting.push(WaitingGroup { repository: repository.clone(), group, missing, files, since });
        }
    }
    Ok(waiting)
}

/// The ledger, the latest first: repository by repository, each only as far as it is needed.
pub(super) async fn history(table: &Table, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
    let repositories = match &filter.repository {
        Some(repository) => vec![repository.clone()],
        None => repositories(table).await?,
    };
    let mut all = Vec::new();
    for repository in repositories {
        all.extend(history_of(table, &repository, filter).await?);
    }
    all.sort_by_key(|import: &ImportRun| {
        let ended = filter.finished.as_ref().and_then(|_| import.conclusion());
        std::cmp::Reverse((ended.map(|ended| ended.finished.as_millisecond()), import.id))
    });
    all.truncate(filter.limit);
    Ok(all)
}

/// True if a line of the ledger is older than asked for.
fn is_before(item: &Item, filter: &HistoryFilter) -> bool {
    let id = text_of(item, IMPORT).and_then(|id| id.parse::<ImportId>().ok());
    filter.since.is_some_and(|since| id.is_some_and(|id| id < ImportId::new(since, 0)))
}

async fn history_of(
    table: &Table,
    repository: &Repository,
    filter: &HistoryFilter,
) -> Result<Vec<ImportRun>> {
    const WHAT: &str = "reading the ledger";
    let part = Part { prefix: "", descending: true };
    let (partition, mut after) = match &filter.finished {
        None => (keys::ledger(repository), None),
        // Sort keys go on behind the time: none is the end itself, and all before it are smaller.
        Some(range) => {
            let partition = keys::ended(repository);
            let end = start_after(&partition, &keys::ended_at(range.end));
            (partition, Some(end))
        }
    };
    let is_past = |item: &Item| match &filter.finished {
        None => is_before(item, filter),
        Some(range) => text_of(item, "sk").is_some_and(|sk| sk < keys::ended_at(range.start).as_str()),
    };
    let is_wanted = |item: &&Item| {
        let file = text_of(item, "file").unwrap_or_default();
        filter.file.as_ref().is_none_or(|wanted| file.contains(wanted))
            && !is_before(item, filter)
            && !is_past(item)
    };
    let mut imports = Vec::new();
    while imports.len() < filter.limit {
        let (found, more) = table.page(WHAT, &partition, part, after, PAGE).await?;
        let ids: Result<Vec<ImportId>> =
            found.iter().filter(is_wanted).map(|item| import_of(item, WHAT)).collect();
        let mut page = find_all(table, WHAT, &ids?).await?;
        page.retain(|import| {
            filter.outcome.is_none_or(|wanted| import.conclusion().is_some_and(|c| c.outcome == wanted))
                && filter.sha256.as_ref().is_none_or(|wanted| {
                    let sha256 = import.conclusion().and_then(|c| c.sha256.as_ref());
                    sha256.is_some_and(|sha256| sha256.starts_with(wanted))
                })
        });
        imports.extend(page.into_iter().rev());
        // What comes now is older: ids sort by arrival, and sort keys of outcomes by their time.
        if more.is_none() || found.last().is_some_and(is_past) {
            break;
        }
        after = more;
    }
    Ok(imports)
}
