//! `tidewaiter history`: what became of files.

use std::path::PathBuf;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::report::{Counts, Outcome, Reason};
use tidewaiter_pipeline::ports::{
    Conclusion, DigestPlace, Group, HistoryFilter, ImportRun, KeptReport, Kind, Progress, State, Trouble,
};
use tidewaiter_pipeline::report;

use super::events::word;
use crate::args::Format;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::{Line, Printer, style};
use crate::text::{Align, Table, left_alone, moment, number, shortened};
use crate::{Result, Status};

/// How much of a name a row shows.
const FILE_COLUMNS: usize = 64;

/// What to show.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
    /// Only this repository.
    pub repository: Option<Repository>,
    /// Only files whose name contains this.
    pub file: Option<String>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only files with this content: how its SHA-256 begins.
    pub sha256: Option<String>,
    /// Only files that arrived on this day (UTC) or later.
    pub since: Option<Date>,
    /// At most so many, the latest ones.
    pub limit: usize,
    /// How to write it.
    pub format: Format,
}

/// A file in the ledger. What is not known (yet) is left out.
#[derive(Debug, Serialize)]
struct Entry {
    import: ImportId,
    repository: Repository,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    universe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subsection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Group>,
    bytes: u64,
    arrived: Timestamp,
    state: Stage,
    #[serde(flatten)]
    ended: Option<Ended>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Waiting,
    /// No active configuration knows its name yet.
    Unresolved,
    Started,
    Concluding,
    Done,
}

#[derive(Debug, Serialize)]
struct Ended {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    counts: Counts,
    /// The kinds of findings.
    findings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    finished: Timestamp,
    place: Key,
    log: Key,
    /// Where its report is, if it is too large for the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    badlines: Option<Key>,
    mail_due: bool,
    /// What is wrong with its mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_trouble: Option<Trouble>,
    /// The digest that its report goes into.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<DigestPlace>,
}

/// Shows the latest files, the last one at the end. What they came to was told by their import: it is no
/// finding of this command.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    with_deployed!(deployed::look(&options.dir).await?, deployed => show(deployed, options, printer).await)
}

async fn show(deployed: &impl Deployed, options: Options, printer: &Printer) -> Result<Status> {
    let Options { dir, repository, file, outcome, sha256, since, limit, format } = options;
    let since = since.and_then(|day| TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok());
    let repository = deployed::asked(&dir, repository)?;
    if repository.is_some() {
        super::repositories(deployed, repository.clone()).await?;
    }
    let filter = HistoryFilter { repository, file, outcome, sha256, since, limit };
    let mut entries = Vec::new();
    for import in deployed.state().history(&filter).await? {
        entries.push(entry(deployed, import).await);
    }
    entries.reverse();
    match format {
        Format::Json => printer.json(&entries)?,
        Format::Text if entries.is_empty() => printer.line("no such file was registered")?,
        Format::Text => {
            let latest = entries.len() == limit;
            table(entries).print(printer)?;
            if latest {
                printer.line(
                    Line::new().styled(style::DIM, format!("the latest {limit}; --limit shows more")),
                )?;
            }
        }
    }
    Ok(Status::Clean)
}

async fn entry(deployed: &impl Deployed, import: ImportRun) -> Entry {
    let waits =
        if matches!(import.kind, Kind::Unresolved { .. }) { Stage::Unresolved } else { Stage::Waiting };
    let (name, group) = match import.kind {
        Kind::Data { name, group, .. } => (Some(name), group),
        _ => (None, None),
    };
    let (state, conclusion) = match import.progress {
        Progress::Registered => (waits, None),
        Progress::Started(_) => (Stage::Started, None),
        Progress::Concluding(conclusion) => (Stage::Concluding, Some(conclusion)),
        Progress::Done(conclusion) => (Stage::Done, Some(conclusion)),
    };
    let ended = match conclusion {
        Some(conclusion) => Some(ended(deployed, import.id, conclusion).await),
        None => None,
    };
    Entry {
        import: import.id,
        repository: import.repository,
        file: import.file,
        archive: import.archive.map(|(_, file)| file),
        universe: name.as_ref().map(|name| name.universe.clone()),
        scope: name.as_ref().map(|name| name.scope.clone()),
        subsection: name.as_ref().map(|name| name.subsection.clone()),
        date: name.as_ref().map(|name| name.date.to_string()),
        group,
        bytes: import.bytes,
        arrived: import.arrived,
        state,
        ended,
    }
}

async fn ended(deployed: &impl Deployed, import: ImportId, conclusion: Conclusion) -> Ended {
    let reason = match &conclusion.code {
        Some(code) => Some(reason(deployed, import, code, &conclusion).await),
        None => None,
    };
    Ended {
        outcome: conclusion.outcome,
        reason,
        counts: conclusion.counts,
        findings: conclusion.findings,
        sha256: conclusion.sha256,
        finished: conclusion.finished,
        place: conclusion.place,
        log: conclusion.log,
        report: match conclusion.report {
            KeptReport::Here(_) => None,
            KeptReport::At(key) => Some(key),
        },
        badlines: conclusion.badlines,
        mail_due: conclusion.mail_due,
        mail_trouble: conclusion.mail_trouble,
        digest: conclusion.digest,
    }
}

/// The reason in words, from the report; from the ledger alone if somebody took the report away.
async fn reason(deployed: &impl Deployed, import: ImportId, code: &str, conclusion: &Conclusion) -> Reason {
    let report = report::kept(deployed, import, conclusion).await.ok().flatten();
    report.and_then(|report| report.reason).unwrap_or_else(|| Reason::new(code, code))
}

/// The heading of a column, and what stands below it.
type Rare = (&'static str, fn(&Counts) -> u64);

/// The columns that are there only if a file has something to show in them.
const RARE: [Rare; 2] = [("SUPERSEDED", |counts| counts.superseded), ("REMOVED", |counts| counts.removed)];

fn table(entries: Vec<Entry>) -> Table {
    let any = |of: fn(&Counts) -> u64| {
        entries.iter().filter_map(|entry| entry.ended.as_ref()).any(|ended| of(&ended.counts) > 0)
    };
    let [superseded, removed] = RARE.map(|(heading, of)| any(of).then_some((heading, of)));
    let heading = |(name, _)| (name, Align::Right);
    let mut columns = vec![
        ("FINISHED", Align::Left),
        ("OUTCOME", Align::Left),
        ("FILE", Align::Left),
        ("READ", Align::Right),
        ("IMPORTED", Align::Right),
        ("UNCHANGED", Align::Right),
    ];
    columns.extend(superseded.map(heading));
    columns.push(("REJECTED", Align::Right));
    columns.extend(removed.map(heading));
    columns.push(("REASON", Align::Left));
    let mut table = Table::new(columns);
    for entry in entries {
        let file = Line::from(shortened(&format!("{}/{}", entry.repository, entry.file), FILE_COLUMNS));
        let Some(ended) = entry.ended else {
            let word = match entry.state {
                Stage::Started => "started",
                Stage::Unresolved => "waiting for a configuration",
                Stage::Waiting | Stage::Concluding | Stage::Done => "waiting",
            };
            table.row([Line::new(), Line::new().styled(style::DIM, word), file]);
            continue;
        };
        let (style, word) = word(ended.outcome);
        let counts = ended.counts;
        let has_lines = ended.outcome == Outcome::Imported || counts.read > 0;
        let cell = |style, count: u64, more: &str| {
            if has_lines {
                Line::new().styled(style, format!("{}{more}", number(count)))
            } else {
                Line::new()
            }
        };
        let plain = |count| cell(style::PLAIN, count, "");
        let of_which = left_alone(&counts).map(|words| format!(" ({words})")).unwrap_or_default();
        let mut row = vec![
            Line::from(moment(ended.finished)),
            Line::new().styled(style, word),
            file,
            plain(counts.read),
            plain(counts.imported),
            cell(style::PLAIN, counts.unchanged, &of_which),
        ];
        row.extend(superseded.map(|(_, of)| plain(of(&counts))));
        let tone = if counts.rejected > 0 { style::WARN } else { style::PLAIN };
        row.push(cell(tone, counts.rejected, ""));
        row.extend(removed.map(|(_, of)| plain(of(&counts))));
        row.push(ended.reason.map_or_else(Line::new, |reason| Line::from(reason.message)));
        table.row(row);
    }
    table
}
