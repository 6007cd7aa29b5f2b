//! `tidewaiter replay`: dead letters of a deployed stack go back to their queues.

use tidewaiter_ops::replay::{Choice, Found, Queue, replay};
use tidewaiter_ops::{Deployment, Location};

use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::{moment, plural};
use crate::{Result, Status};

/// What to send back.
#[derive(Debug)]
pub struct Options {
    /// The address of the stack.
    pub location: Location,
    /// The queues whose dead letters are meant.
    pub queues: Vec<Queue>,
    /// Only those that are about something with this text.
    pub only: Option<String>,
    /// Show them, and leave them.
    pub dry_run: bool,
    /// How to write it.
    pub format: Format,
}

/// Sends dead letters back. That there were some is no finding of this command.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    if let Location::Folder(dir) = &options.location {
        return Err(tidewaiter_ops::Error::OnlyStacks(dir.clone()).into());
    }
    let Options { location, queues, only, dry_run, .. } = &options;
    let deployment = Deployment::look(location).await?;
    let choice = Choice {
        queues: queues.clone(),
        repository: location.repository(None)?,
        only: only.clone(),
        dry_run: *dry_run,
    };
    let replayed = replay(&deployment, &choice).await?;
    match options.format {
        Format::Json => {
            let letters = replayed.queues.iter().flat_map(|found| &found.letters);
            printer.json(&letters.collect::<Vec<_>>())?;
        }
        Format::Text => tell(&replayed.queues, &options, printer)?,
    }
    replayed.failure.map_or(Ok(Status::Clean), |error| Err(error.into()))
}

fn tell(all: &[Found], options: &Options, printer: &Printer) -> Result<()> {
    for found in all {
        let name = found.queue.as_str();
        if !found.letters.is_empty() {
            let count = found.letters.len();
            let went = found.letters.iter().filter(|row| row.replayed).count();
            let what = match (options.dry_run, count == went) {
                (true, _) => format!(": {}, not moved", plural(count as u64, "dead letter")),
                (false, true) => format!(": {} sent back", plural(count as u64, "dead letter")),
                (false, false) => format!(": {went} of {} sent back", plural(count as u64, "dead letter")),
            };
            printer.line(Line::new().styled(style::BOLD, name).text(what))?;
        }
        for row in &found.letters {
            let tone = if row.about.in_vain { style::WARN } else { style::PLAIN };
            let sent = row.sent.map(|at| format!("  first sent {}", moment(at))).unwrap_or_default();
            let line = Line::from("  ").styled(tone, &row.about.words).styled(style::DIM, sent);
            printer.line(line)?;
        }
        if found.in_hand > 0 {
            let held = plural(found.in_hand, "dead letter");
            let text = format!(
                "{name}: {held} in use by another process; they become visible again in five minutes"
            );
            printer.line(Line::new().styled(style::DIM, text))?;
        }
    }
    let rows = || all.iter().flat_map(|found| &found.letters);
    if rows().next().is_none() {
        let such =
            if options.only.is_some() || options.location.repository(None)?.is_some() { "such " } else { "" };
        let of = match all {
            [only] => format!(" of {}", only.queue.as_str()),
            _ => String::new(),
        };
        return printer.line(format!("there are no {such}dead letters{of}"));
    }
    if rows().any(|row| row.replayed) {
        let dir = &options.location;
        let next = format!("they are retried; `tidewaiter status {dir}` shows the outcome");
        printer.line(Line::new().styled(style::DIM, next))?;
    }
    Ok(())
}
