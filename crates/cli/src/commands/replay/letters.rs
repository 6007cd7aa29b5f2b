//! Goes through the dead letters, queue by queue.

use serde::Serialize;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter_aws::operator::tags::Function;
use tidewaiter_aws::operator::{DeadLetters, Stack, subject};

use super::Options;
use super::messages::{About, about};
use crate::args::{Format, Queue};
use crate::printer::{Line, Printer, style};
use crate::text::{moment, plural};
use crate::{Result, Status, deployed};

/// A dead letter as it is shown.
#[derive(Debug, Serialize)]
struct Row {
    queue: &'static str,
    message: String,
    #[serde(flatten)]
    about: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Timestamp>,
    /// True if it went back.
    replayed: bool,
}

/// What was found of one queue.
#[derive(Debug)]
struct Found {
    function: Function,
    rows: Vec<Row>,
    /// How many there are that others hold.
    in_hand: u64,
}

pub(super) async fn replay(stack: &Stack, options: &Options, printer: &Printer) -> Result<Status> {
    let repository = deployed::asked(&options.dir, None)?;
    let chosen =
        Function::ALL.into_iter().filter(|one| options.queues.iter().any(|named| function(*named) == *one));
    // All of them first: a tag that is missing is to be told before anything is done.
    let queues: std::result::Result<Vec<DeadLetters>, _> =
        chosen.map(|one| stack.dead_letters(one)).collect();
    let (mut all, mut done) = (Vec::new(), Ok(()));
    for mut letters in queues? {
        let mut found = Found { function: letters.function(), rows: Vec::new(), in_hand: 0 };
        done = one_queue(stack, &mut letters, &mut found, options, repository.as_ref()).await;
        // Also after a failure: what was left is for others to see.
        let shown = letters.finish().await;
        done = done.and(shown.map_err(Into::into));
        all.push(found);
        if done.is_err() {
            break;
        }
    }
    match options.format {
        Format::Json => printer.json(&all.iter().flat_map(|found| &found.rows).collect::<Vec<_>>())?,
        Format::Text => tell(&all, options, printer)?,
    }
    done.map(|()| Status::Clean)
}

async fn one_queue(
    stack: &Stack,
    letters: &mut DeadLetters,
    found: &mut Found,
    options: &Options,
    repository: Option<&Repository>,
) -> Result<()> {
    found.in_hand = letters.in_hand().await?;
    loop {
        let batch = letters.next().await?;
        if batch.is_empty() {
            return Ok(());
        }
        // One that cannot be handled keeps the rest of the batch from being lost sight of.
        let mut done = Ok(());
        for letter in batch {
            let subject = subject(found.function, &letter.body, stack.bucket());
            let about = match about(stack, found.function, &subject).await {
                Ok(about) => about,
                Err(error) => {
                    letters.leave(letter);
                    done = done.and(Err(error));
                    continue;
                }
            };
            let wanted = about.is_of(repository) && about.says(options.only.as_deref());
            let (message, sent) = (letter.id.clone(), letter.sent);
            if !wanted || options.dry_run || done.is_err() {
                letters.leave(letter);
            } else {
                done = letters.replay(letter).await.map_err(Into::into);
            }
            if wanted {
                let replayed = !options.dry_run && done.is_ok();
                found.rows.push(Row { queue: found.function.as_str(), message, about, sent, replayed });
            }
        }
        done?;
    }
}

fn tell(all: &[Found], options: &Options, printer: &Printer) -> Result<()> {
    for found in all {
        let name = found.function.as_str();
        if !found.rows.is_empty() {
            let count = found.rows.len();
            let went = found.rows.iter().filter(|row| row.replayed).count();
            let what = match (options.dry_run, count == went) {
                (true, _) => format!(": {}, not moved", plural(count as u64, "dead letter")),
                (false, true) => format!(": {} sent back", plural(count as u64, "dead letter")),
                (false, false) => format!(": {went} of {} sent back", plural(count as u64, "dead letter")),
            };
            printer.line(Line::new().styled(style::BOLD, name).text(what))?;
        }
        for row in &found.rows {
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
    let rows = || all.iter().flat_map(|found| &found.rows);
    if rows().next().is_none() {
        let such = if options.only.is_some() || deployed::asked(&options.dir, None)?.is_some() {
            "such "
        } else {
            ""
        };
        let of = match all {
            [only] => format!(" of {}", only.function.as_str()),
            _ => String::new(),
        };
        return printer.line(format!("there are no {such}dead letters{of}"));
    }
    if rows().any(|row| row.replayed) {
        let dir = options.dir.display();
        let next = format!("they are retried; `tidewaiter status {dir}` shows the outcome");
        printer.line(Line::new().styled(style::DIM, next))?;
    }
    Ok(())
}

fn function(queue: Queue) -> Function {
    match queue {
        Queue::Unpack => Function::Unpack,
        Queue::Sequence => Function::Sequence,
        Queue::Validate => Function::Validate,
        Queue::Report => Function::Report,
    }
}
