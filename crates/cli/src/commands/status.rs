//! `tidewaiter status`: what is being done, what waits, and what it waits for.

mod mails;

use std::path::PathBuf;

use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::sequence::{Running, Stage, Unsettled};
use tidewaiter_pipeline::configs;
use tidewaiter_pipeline::local::Untaken;
use tidewaiter_pipeline::ports::{Group, ImportRun, Kind, Objects, Progress, State, WaitingGroup};

use self::mails::Mails;
use super::{repositories, waiting};
use crate::args::Format;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::{Line, Printer, style};
use crate::text::{ago, number, plural, size};
use crate::{Result, Status};

/// How many files of a queue are named.
const NAMED: usize = 10;

/// What to look at.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
    /// Only this repository.
    pub repository: Option<Repository>,
    /// How to write it.
    pub format: Format,
}

/// A repository as it is now.
#[derive(Debug, Serialize)]
struct Standing {
    repository: Repository,
    /// The universes that have an active configuration.
    universes: Vec<String>,
    /// What is being done.
    running: Option<Work>,
    /// When files arrived last, if it is still waited for more of them.
    unsettled: Option<Unsettled>,
    queued: Queued,
    /// Configurations that have no outcome yet: nothing begins before they have.
    configurations: Vec<String>,
    /// Files whose names no active configuration knows yet.
    unresolved: Vec<Item>,
    /// Groups that are not complete.
    waiting: Vec<WaitingGroup>,
    /// Files in the drop zone that were not taken in.
    dropped: Vec<Dropped>,
    /// Files that were taken in and could not be registered.
    unregistered: Vec<String>,
    /// Why nothing can be imported, if the active configuration cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    /// True if a process works on the folder, or a function of the stack; none if that cannot be told.
    at_work: Option<bool>,
    #[serde(flatten)]
    mails: Mails,
}

#[derive(Debug, Serialize)]
struct Work {
    /// A file that is being imported, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Item>,
    /// The group that is being treated.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<tidewaiter::sequence::GroupRef>,
    /// How far the group is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<Stage>,
}

#[derive(Debug, Serialize)]
struct Queued {
    /// How many files are ready, including the current one.
    count: u64,
    /// The first of them, in the order of treatment.
    next: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    import: ImportId,
    file: String,
    bytes: u64,
    arrived: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Group>,
}

#[derive(Debug, Serialize)]
struct Dropped {
    file: String,
    bytes: u64,
    changed: Option<Timestamp>,
    /// True if its name says that it is still being sent.
    unfinished: bool,
}

impl From<ImportRun> for Item {
    fn from(import: ImportRun) -> Self {
        let started = match &import.progress {
            Progress::Started(pinned) => Some(pinned.at),
            _ => None,
        };
        let group = match import.kind {
            Kind::Data { group, .. } => group,
            _ => None,
        };
        Self {
            import: import.id,
            file: import.file,
            bytes: import.bytes,
            arrived: import.arrived,
            started,
            group,
        }
    }
}

/// Shows how things stand. That something waits is no finding.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    let repository = deployed::asked(&options.dir, options.repository)?;
    with_deployed!(deployed::look(&options.dir).await?, deployed => {
        show(deployed, repository, options.format, printer).await
    })
}

async fn show(
    deployed: &impl Deployed,
    repository: Option<Repository>,
    format: Format,
    printer: &Printer,
) -> Result<Status> {
    let repositories = repositories(deployed, repository).await?;
    let untaken = deployed.untaken(&repositories).await?;
    let unregistered = deployed.unregistered().await?;
    let configurations = configurations(deployed).await?;
    let mut standings = Vec::new();
    for repository in repositories {
        standings.push(
            standing(deployed, repository, &untaken.found, &unregistered.found, &configurations).await?,
        );
    }
    let failures: Vec<_> = untaken.failures.into_iter().chain(unregistered.failures).collect();
    match format {
        Format::Json => printer.json(&standings)?,
        Format::Text if standings.is_empty() => {
            printer.line("there is no repository; `tidewaiter init` makes one")?;
        }
        Format::Text => {
            for standing in &standings {
                tell(standing, deployed.now(), printer)?;
            }
            for (queue, count) in Deployed::dead_letters(deployed).await {
                let count = plural(count, "dead letter");
                let text = format!("{queue} has {count}: `tidewaiter replay --dry-run` lists them");
                printer.line(Line::new().styled(style::BAD, text))?;
            }
            for path in deployed.strays().await? {
                let stray = format!("{path} is in no repository and is not imported");
                printer.line(Line::new().styled(style::WARN, stray))?;
            }
        }
    }
    for (_, error) in &failures {
        printer.error(&Line::new().styled(style::BAD, "failed").text(format!(": {error}")));
    }
    Ok(if failures.is_empty() { Status::Clean } else { Status::Failure })
}

/// The configurations that are registered and have no outcome yet.
async fn configurations(deployed: &impl Deployed) -> Result<Vec<ImportRun>> {
    let mut unfinished = deployed.state().unfinished().await?;
    unfinished.retain(|import| {
        let is_open = matches!(import.progress, Progress::Registered | Progress::Started(_));
        is_open && matches!(import.kind, Kind::Configuration { .. })
    });
    Ok(unfinished)
}

async fn standing(
    deployed: &impl Deployed,
    repository: Repository,
    untaken: &[Untaken],
    unregistered: &[tidewaiter_pipeline::ports::DroppedObject],
    configurations: &[ImportRun],
) -> Result<Standing> {
    let state = deployed.state();
    let sequence = state.turn(&repository).await?.state;
    let running = match sequence.running {
        None => None,
        Some(Running::File { import }) => {
            let file = item(deployed, import).await?;
            file.map(|item| Work { file: Some(item), group: None, stage: None })
        }
        Some(Running::Group { group, stage, member }) => {
            let file = match member {
                Some(member) => item(deployed, member).await?,
                None => None,
            };
            Some(Work { file, group: Some(group), stage: Some(stage) })
        }
    };
    let at_work = deployed.is_at_work(running.is_some());
    let next = state.queued(&repository, NAMED).await?.into_iter().map(Item::from).collect();
    let universes = deployed.objects().list(&Key::configs(&repository)).await?;
    let universes =
        universes.iter().filter_map(|listed| listed.key.file_name().strip_suffix(".json")).map(str::to_owned);
    Ok(Standing {
        universes: universes.collect(),
        running,
        unsettled: sequence.unsettled.filter(|unsettled| unsettled.is_waited_for(deployed.now())),
        queued: Queued { count: deployed.queued_count(&repository).await?, next },
        configurations: (configurations.iter().filter(|import| import.repository == repository))
            .map(|import| import.file.clone())
            .chain(super::dropped_configurations(untaken, &repository))
            .collect(),
        unresolved: state.unresolved(&repository).await?.into_iter().map(Item::from).collect(),
        waiting: state.waiting(&repository).await?,
        dropped: untaken.iter().filter(|file| file.repository == repository).map(Dropped::from).collect(),
        unregistered: (unregistered.iter().filter(|file| file.repository == repository))
            .map(|file| file.file.clone())
            .collect(),
        broken: configs::active(deployed, &repository).await.err().map(|error| error.to_string()),
        at_work,
        mails: Mails::find(deployed, &repository).await?,
        repository,
    })
}

impl From<&Untaken> for Dropped {
    fn from(file: &Untaken) -> Self {
        let Untaken { file, bytes, changed, unfinished, .. } = file.clone();
        Self { file, bytes, changed, unfinished }
    }
}

/// A file that is being imported; None if it is done, and only the order does not know it yet.
async fn item(deployed: &impl Deployed, import: ImportId) -> Result<Option<Item>> {
    let import = deployed.state().import(import).await?;
    Ok(import.filter(|import| !matches!(import.progress, Progress::Done(_))).map(Item::from))
}

fn tell(standing: &Standing, now: Timestamp, printer: &Printer) -> Result<()> {
    let Standing { repository, universes, running, unsettled, queued, waiting, dropped, mails, .. } =
        standing;
    printer.line(Line::new().styled(style::BOLD, repository))?;
    if universes.is_empty() {
        printer
            .line(Line::from("  ").styled(style::WARN, "no configuration is active: no file is imported"))?;
    }
    if let Some(broken) = &standing.broken {
        printer.line(Line::from("  ").styled(style::BAD, format!("nothing is imported: {broken}")))?;
    }
    if let Some(work) = running {
        printer.line(Line::from("  ").then(work.sentence(now)))?;
        if standing.at_work == Some(false) {
            printer.line(
                "    no process is working on it: it was interrupted or failed, and the next run continues",
            )?;
        }
    }
    for file in &standing.unregistered {
        printer.line(Line::from("  ").text(file).text(" is registered; the next run processes it"))?;
    }
    for file in &standing.configurations {
        let begins = " is not active yet: no other file or group starts until it is active or refused";
        printer.line(Line::from("  ").styled(style::WARN, file).text(begins))?;
    }
    tell_unresolved(&standing.unresolved, printer)?;
    tell_queue(queued, running.is_some(), now, printer)?;
    if let Some(unsettled) = unsettled {
        printer.line(format!(
            "  the last file arrived {}; the order is fixed when no more files arrive",
            ago(now, unsettled.last)
        ))?;
    }
    for group in waiting {
        printer.line(Line::from("  ").then(waiting::sentence(group, now)))?;
        for file in group.files.iter().take(NAMED) {
            printer.line(Line::from("    has ").text(file))?;
        }
        if group.files.len() > NAMED {
            printer.line(format!("    and {} more", number((group.files.len() - NAMED) as u64)))?;
        }
    }
    tell_dropped(dropped, now, printer)?;
    mails.tell(printer)?;
    let idle = running.is_none()
        && queued.count == 0
        && standing.configurations.is_empty()
        && standing.unresolved.is_empty()
        && waiting.is_empty()
        && dropped.is_empty()
        && standing.unregistered.is_empty();
    if idle && mails.none_waits() {
        printer.line("  nothing is waiting")?;
    }
    Ok(())
}

fn tell_unresolved(unresolved: &[Item], printer: &Printer) -> Result<()> {
    for item in unresolved.iter().take(NAMED) {
        let waits = " waits for a configuration: no active one knows its name";
        printer.line(Line::from("  ").text(&item.file).text(waits))?;
    }
    if unresolved.len() > NAMED {
        printer.line(format!("  and {} more", plural((unresolved.len() - NAMED) as u64, "file")))?;
    }
    Ok(())
}

fn tell_queue(queued: &Queued, running: bool, now: Timestamp, printer: &Printer) -> Result<()> {
    if queued.count == 0 {
        return Ok(());
    }
    let which = if running { ", including the current one" } else { "" };
    let verb = if queued.count == 1 { "is" } else { "are" };
    printer.line(format!(
        "  {} {verb} ready to be imported{which}, in this order:",
        plural(queued.count, "file")
    ))?;
    for item in &queued.next {
        let about = format!("  {}, arrived {}", size(item.bytes), ago(now, item.arrived));
        printer.line(Line::from("    ").text(&item.file).styled(style::DIM, about))?;
    }
    let more = queued.count.saturating_sub(queued.next.len() as u64);
    if more > 0 {
        printer.line(format!("    and {} more", number(more)))?;
    }
    Ok(())
}

fn tell_dropped(dropped: &[Dropped], now: Timestamp, printer: &Printer) -> Result<()> {
    if dropped.is_empty() {
        return Ok(());
    }
    let verb = if dropped.len() == 1 { "was" } else { "were" };
    let files = plural(dropped.len() as u64, "file");
    printer.line(format!("  {files} in the drop zone {verb} not registered yet:"))?;
    for file in dropped.iter().take(NAMED) {
        let changed = file.changed.map(|at| format!(", changed {}", ago(now, at))).unwrap_or_default();
        let why = if file.unfinished { ", its name is that of an unfinished upload" } else { "" };
        let about = format!("  {}{changed}{why}", size(file.bytes));
        printer.line(Line::from("    ").text(&file.file).styled(style::DIM, about))?;
    }
    if dropped.len() > NAMED {
        printer.line(format!("    and {} more", number((dropped.len() - NAMED) as u64)))?;
    }
    Ok(())
}

impl Work {
    fn sentence(&self, now: Timestamp) -> Line {
        let since =
            |item: &Item| item.started.map(|at| format!(", started {}", ago(now, at))).unwrap_or_default();
        let file = match &self.file {
            Some(item) => Line::new().styled(style::GOOD, &item.file).text(since(item)),
            None => Line::from("between two files"),
        };
        let Some(group) = &self.group else { return Line::from("importing ").then(file) };
        let doing = match &self.stage {
            Some(Stage::Checking) => "being checked before anything is loaded",
            Some(Stage::SettingAside { .. }) => "being moved to notprocessed/: one of its files was rejected",
            Some(Stage::Expiring) => "being moved to notprocessed/: it was incomplete for too long",
            Some(Stage::Importing | Stage::Closing) | None => "being imported",
        };
        Line::from("group ").styled(style::BOLD, &group.id).text(format!(" is {doing}: ")).then(file)
    }
}
