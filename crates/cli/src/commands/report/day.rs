//! The page of a day: gathered from the ledger, rendered by the core.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tidewaiter::finding::Code;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::render::{Html, Renderer};
use tidewaiter::report::day::{Column, Day, File, Page, Waiting};
use tidewaiter_pipeline::ports::{Conclusion, HistoryFilter, ImportRun, Kind, Progress, State};
use tidewaiter_pipeline::report;

use crate::Result;
use crate::commands::repositories;
use crate::deployed::Deployed;
use crate::printer::Printer;

/// How many of the latest files of a repository are looked at.
const MOST: usize = 100_000;

/// Counts of a kind of finding, and the files that have it.
type Kinds = BTreeMap<(String, String, Code), (u64, BTreeSet<ImportId>)>;

pub(super) async fn page(
    deployed: &impl Deployed,
    repository: Option<Repository>,
    date: Date,
    printer: &Printer,
) -> Result<()> {
    let mut days = Vec::new();
    for repository in repositories(deployed, repository).await? {
        days.push(day(deployed, repository, date).await?);
    }
    let page = Page { date, made: deployed.now(), days };
    printer.raw(Html.render(&page).as_bytes())
}

async fn day(deployed: &impl Deployed, repository: Repository, date: Date) -> Result<Day> {
    let filter =
        HistoryFilter { repository: Some(repository.clone()), limit: MOST, ..HistoryFilter::default() };
    let mut ended: Vec<(ImportRun, Conclusion)> = Vec::new();
    let latest = deployed.state().history(&filter).await?;
    let looked_at = (latest.len() >= MOST).then_some(MOST as u64);
    for import in latest {
        if let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &import.progress {
            let conclusion = conclusion.clone();
            if TimeZone::UTC.to_datetime(conclusion.finished).date() == date {
                ended.push((import, conclusion));
            }
        }
    }
    ended.sort_by_key(|(import, conclusion)| (conclusion.finished, import.id));
    let (mut files, mut kinds) = (Vec::new(), Kinds::new());
    for (import, conclusion) in ended {
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
    Ok(Day { repository: repository.to_string(), files, waiting: waiting.collect(), columns, looked_at })
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
