//! `tidewaiter explain`: one file from drop to outcome, step by step.

mod story;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::Running;
use tidewaiter_pipeline::ports::{ImportRun, Kind, Progress, State};
use tidewaiter_pipeline::report;

use self::story::{Around, Name, Step, story};
use super::lookup::imports_of;
use crate::args::Format;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::{Line, Printer, style};
use crate::text::moment;
use crate::{Error, Result, Status};

/// How far down the queue a file's place is told.
const QUEUE: usize = 10_000;

/// What to explain.
#[derive(Debug)]
pub struct Options {
    /// The deployment.
    pub dir: PathBuf,
    /// The file, or the id of its import.
    pub file: String,
    /// Only this repository.
    pub repository: Option<Repository>,
    /// How to write it.
    pub format: Format,
}

/// A file and its way.
#[derive(Debug, Serialize)]
struct Explained {
    repository: Repository,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportId>,
    steps: Vec<Step>,
}

/// Explains every file of the name. That something is wrong with it was told by its import.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    with_deployed!(deployed::look(&options.dir).await?, deployed => explain(deployed, options, printer).await)
}

async fn explain(deployed: &impl Deployed, mut options: Options, printer: &Printer) -> Result<Status> {
    options.repository = deployed::asked(&options.dir, options.repository)?;
    if options.repository.is_some() {
        super::repositories(deployed, options.repository.clone()).await?;
    }
    let mut explained = Vec::new();
    let found = match imports_of(deployed, options.repository.clone(), &options.file).await {
        Err(Error::NoSuchFile { .. }) => Vec::new(),
        found => found?,
    };
    for import in found {
        let steps = story(&import, &around(deployed, &import).await?);
        let ImportRun { repository, file, id, .. } = import;
        explained.push(Explained { repository, file, import: Some(id), steps });
    }
    explained.extend(outside(deployed, &options).await?);
    if explained.is_empty() {
        return Err(Error::NoSuchFile { file: options.file });
    }
    match options.format {
        Format::Json => printer.json(&explained)?,
        Format::Text => explained.iter().try_for_each(|explained| tell(explained, printer))?,
    }
    Ok(Status::Clean)
}

async fn around(deployed: &impl Deployed, import: &ImportRun) -> Result<Around> {
    let state = deployed.state();
    let turn = state.turn(&import.repository).await?;
    let (sequence, in_flight) = (turn.state, turn.configurations.in_flight());
    let at_work = deployed.is_at_work(sequence.running.is_some()) != Some(false);
    let mut around = Around { in_flight, at_work, ..Around::default() };
    match &import.progress {
        Progress::Registered => {
            let of = std::slice::from_ref(&import.repository);
            let untaken = deployed.untaken(of).await?;
            around.in_flight |=
                super::dropped_configurations(&untaken.found, &import.repository).next().is_some();
            if let Kind::Data { group: Some(group), .. } = &import.kind {
                let waiting = state.waiting(&import.repository).await?;
                around.waiting = waiting.into_iter().find(|waiting| waiting.group == group.group);
            }
            let queued = state.queued(&import.repository, QUEUE).await?;
            around.before = queued.iter().position(|other| other.id == import.id).map(|n| n as u64);
            around.in_hand = match sequence.running {
                Some(Running::File { import: running }) => running == import.id,
                Some(Running::Group { member, .. }) => member == Some(import.id),
                None => false,
            };
        }
        Progress::Started(_) => {}
        Progress::Concluding(conclusion) | Progress::Done(conclusion) => {
            around.report = report::kept(deployed, import.id, conclusion).await?;
            if let Some(place) = conclusion.digest.as_ref().filter(|place| place.due) {
                let digests = state.digests(&import.repository).await?;
                let ours = digests.into_iter().find(|waiting| waiting.digest == place.key());
                around.digest_trouble = ours.and_then(|waiting| waiting.trouble);
            }
        }
    }
    if let Kind::Archive = import.kind {
        around.members = state.members(import.id).await?.into_iter().map(|member| member.file).collect();
    }
    Ok(around)
}

/// Files of the name that the ledger does not know yet.
async fn outside(deployed: &impl Deployed, options: &Options) -> Result<Vec<Explained>> {
    let name = options.file.rsplit('/').next().unwrap_or(&options.file);
    let meant = |repository: &Repository, file: &str| {
        (file == name || file == options.file) && options.repository.as_ref().is_none_or(|r| r == repository)
    };
    let mut explained = Vec::new();
    let repositories = super::repositories(deployed, options.repository.clone()).await?;
    for file in deployed.untaken(&repositories).await?.found {
        if meant(&file.repository, &file.file) {
            let text = if file.unfinished {
                "it is in the drop zone and is skipped: its name is one that transfer programs give to \
                 unfinished uploads; rename it when it is complete"
            } else {
                "it is in the drop zone and is not registered yet: the next run registers it once it has not \
                 changed for a while"
            };
            let step = Step { at: file.changed, name: Name::Waits, text: text.to_owned() };
            explained.push(Explained {
                repository: file.repository,
                file: file.file,
                import: None,
                steps: vec![step],
            });
        }
    }
    for dropped in deployed.unregistered().await?.found {
        if meant(&dropped.repository, &dropped.file) {
            let text = "it is registered; the next run processes it".to_owned();
            let steps = vec![Step { at: Some(dropped.arrived), name: Name::Waits, text }];
            let (repository, file) = (dropped.repository, dropped.file);
            explained.push(Explained { repository, file, import: Some(dropped.import), steps });
        }
    }
    Ok(explained)
}

fn tell(explained: &Explained, printer: &Printer) -> Result<()> {
    let head = Line::new().styled(style::BOLD, &explained.file);
    let import = explained.import.map(|id| format!(", import {id}")).unwrap_or_default();
    printer.line(head.styled(style::DIM, format!("  in {}{import}", explained.repository)))?;
    for step in &explained.steps {
        let at = step.at.map(moment).unwrap_or_default();
        let word = match step.name {
            Name::Arrived => "arrived",
            Name::Named => "name",
            Name::Waits => "now",
            Name::Begun => "begun",
            Name::Outcome => "outcome",
            Name::Place => "place",
            Name::Mail => "mail",
            Name::Next => "next",
        };
        printer.line(
            Line::from("  ")
                .then(Line::new().styled(style::DIM, at).padded(20))
                .text("  ")
                .then(Line::new().styled(style::BOLD, word).padded(9))
                .text(&step.text),
        )?;
    }
    printer.blank()
}
