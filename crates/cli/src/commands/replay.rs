//! `tidewaiter replay`: dead letters of a deployed stack go back to their queues.

use tidewaiter_ops::replay::{Choice, Found, Queue, replay};
use tidewaiter_ops::{Deployment, Location};

use crate::args::{QueueName, ReplayArgs};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::{moment, plural};
use crate::{Result, Status};

/// Sends dead letters back. That there were some is no finding of this command.
pub async fn run(args: ReplayArgs, printer: &Printer) -> Result<Status> {
    let ReplayArgs { stack, queues, only, dry_run, format } = args;
    let location = Location::of(stack)?;
    if let Location::Folder(dir) = location {
        return Err(tidewaiter_ops::Error::OnlyStacks(dir).into());
    }
    let deployment = Deployment::look(&location).await?;
    let queues = queues.into_iter().map(|name| match name {
        QueueName::Unpack => Queue::Unpack,
        QueueName::Sequence => Queue::Sequence,
        QueueName::Validate => Queue::Validate,
        QueueName::Report => Queue::Report,
        QueueName::Fetch => Queue::Fetch,
    });
    let repository = location.repository(None)?;
    let choice = Choice { queues: queues.collect(), repository, only, dry_run };
    let replayed = replay(&deployment, &choice).await?;
    match format {
        Format::Json => {
            let letters = replayed.queues.iter().flat_map(|found| &found.letters);
            printer.json(&letters.collect::<Vec<_>>())?;
        }
        Format::Text => tell(&replayed.queues, &choice, &location, printer)?,
    }
    replayed.failure.map_or(Ok(Status::Clean), |error| Err(error.into()))
}

fn tell(all: &[Found], choice: &Choice, location: &Location, printer: &Printer) -> Result<()> {
    for found in all {
        let name = found.queue.as_str();
        if !found.letters.is_empty() {
            let count = found.letters.len();
            let went = found.letters.iter().filter(|row| row.replayed).count();
            let what = match (choice.dry_run, count == went) {
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
        let such = if choice.only.is_some() || choice.repository.is_some() { "such " } else { "" };
        let of = match all {
            [only] => format!(" of {}", only.queue.as_str()),
            _ => String::new(),
        };
        return printer.line(format!("there are no {such}dead letters{of}"));
    }
    if rows().any(|row| row.replayed) {
        let next = format!("they are retried; `tidewaiter status {location}` shows the outcome");
        printer.line(Line::new().styled(style::DIM, next))?;
    }
    Ok(())
}
