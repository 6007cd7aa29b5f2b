//! The page of a day: gathered from the ledger, rendered by the core.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use tidewaiter::finding::Code;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::render::{Html, Renderer};
use tidewaiter::report::TOOL_FILE;
use tidewaiter::report::day::{Column, Day, File, Page, Problem, Waiting};
use tidewaiter_engine::ports::{Conclusion, GroupQueue, HistoryFilter, ImportRun, Kind, RunLedger};
use tidewaiter_engine::report;

use crate::Result;
use crate::deployment::{Deployed, Deployment, repositories, with_deployed};
use crate::problems;

/// How many files of a repository's day are shown at most, the latest ones.
const MOST: usize = 100_000;

/// Counts of a kind of finding, and the files that have it.
type Kinds = BTreeMap<(String, String, Code), (u64, BTreeSet<ImportId>)>;

/// What happened on a day (UTC) in the repository that is named, or in all of them. Only files that ended on that day are
/// read, however many the ledger has.
///
/// # Errors
/// If the deployment cannot be read, or there is no such repository.
pub async fn days(deployment: &Deployment, repository: Option<&Repository>, date: Date) -> Result<Vec<Day>> {
    with_deployed!(deployment, deployed => {
        let mut days = Vec::new();
        for repository in repositories(deployed, repository).await? {
            days.push(day(deployed, repository, date).await?);
        }
        Ok(days)
    })
}

/// The page of a day (UTC): one HTML file that needs nothing else.
///
/// # Errors
/// As [`days`].
pub async fn page(deployment: &Deployment, repository: Option<&Repository>, date: Date) -> Result<String> {
    let days = days(deployment, repository, date).await?;
    Ok(Html.render(&Page { date, made: deployment.now(), days }))
}

/// When a day begins in UTC; None if that is before or after all time.
pub fn begin(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()
}

/// The day in UTC. The last day that there is ends with time itself.
fn range(date: Date) -> Range<Timestamp> {
    let end = date.tomorrow().ok().and_then(begin);
    begin(date).unwrap_or(Timestamp::MIN)..end.unwrap_or(Timestamp::MAX)
}

async fn day(deployed: &impl Deployed, repository: Repository, date: Date) -> Result<Day> {
    let filter = HistoryFilter {
        repository: Some(repository.clone()),
        finished: Some(range(date)),
        limit: MOST,
        ..HistoryFilter::default()
    };
    let of_day = deployed.state().history(&filter).await?;
    let looked_at = (of_day.len() >= MOST).then_some(MOST as u64);
    let ended = |import: ImportRun| import.conclusion().cloned().map(|conclusion| (import, conclusion));
    let mut ended: Vec<(ImportRun, Conclusion)> = of_day.into_iter().filter_map(ended).collect();
    ended.sort_by_key(|(import, conclusion)| (conclusion.finished, import.id));
    let (mut files, mut kinds) = (Vec::new(), Kinds::new());
    // What tools left beside data would hide what a partner sent.
    let is_sent = |conclusion: &Conclusion| conclusion.code.as_deref() != Some(TOOL_FILE);
    for (import, conclusion) in ended.into_iter().filter(|(_, conclusion)| is_sent(conclusion)) {
        files.push(file(deployed, import, &conclusion, &mut kinds).await?);
    }
    let mut columns: Vec<Column> = (kinds.into_iter())
        .map(|((scope, column, code), (count, files))| Column {
            scope,
            column,
            code,
            count,
            files: files.len() as u64,
        })
        .collect();
    // Equal counts stay in the order of scope and column.
    columns.sort_by_key(|column| std::cmp::Reverse(column.count));
    let waiting = deployed.state().waiting(&repository).await?.into_iter().map(|waiting| Waiting {
        group: waiting.group.id,
        last: waiting.group.last,
        missing: waiting.missing,
        files: waiting.files.len() as u64,
        since: waiting.since,
    });
    let waiting = waiting.collect();
    let problems = problems::open(deployed, &repository).await?.into_iter().map(|open| Problem {
        name: open.file,
        outcome: open.outcome,
        read: open.read,
        rejected: open.rejected,
        reason: open.reason,
        since: open.since,
    });
    let problems = problems.collect();
    Ok(Day { repository: repository.to_string(), files, waiting, problems, columns, looked_at })
}

async fn file(
    deployed: &impl Deployed,
    import: ImportRun,
    conclusion: &Conclusion,
    kinds: &mut Kinds,
) -> Result<File> {
    let report = report::kept(deployed, import.id, conclusion).await?;
    let scope = match &import.kind {
        Kind::Data { name, .. } => name.scope.clone(),
        Kind::Unresolved { .. } | Kind::Archive | Kind::Configuration { .. } | Kind::Refused(_) => {
            String::new()
        }
    };
    for kind in report.iter().flat_map(|report| &report.kinds) {
        let key = (scope.clone(), kind.field.clone().unwrap_or_default(), kind.code);
        let (count, files) = kinds.entry(key).or_default();
        *count += kind.count;
        files.insert(import.id);
    }
    let time = TimeZone::UTC.to_datetime(conclusion.finished).time();
    let reason = report.and_then(|report| report.reason).map(|reason| reason.message);
    Ok(File {
        name: import.file,
        minute: u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default(),
        outcome: conclusion.outcome,
        counts: conclusion.counts,
        has_findings: !conclusion.findings.is_empty(),
        reason: reason.or_else(|| conclusion.code.clone()),
    })
}
