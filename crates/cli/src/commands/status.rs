//! `tidewaiter status`: what is being done, what waits, and what it waits for.

mod mails;

use tidewaiter::id::Timestamp;
use tidewaiter::sequence::Stage;
use tidewaiter_engine::ports::Untaken;
use tidewaiter_ops::problems::OpenProblem;
use tidewaiter_ops::status::{self, Item, NAMED, Queued, Standing, Work};

use super::{look, query, waiting};
use crate::args::StatusArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::{ago, number, plural, size};
use crate::{Result, Status};

/// Shows how things stand. That something waits is no finding.
pub async fn run(args: StatusArgs, printer: &Printer) -> Result<Status> {
    let StatusArgs { deployment, repository, format } = args;
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let status = status::status(&deployment, repository.as_ref()).await?;
    match format {
        Format::Json => printer.json(&status.repositories)?,
        Format::Text if status.repositories.is_empty() => {
            printer.line("there is no repository; `tidewaiter init` makes one")?;
        }
        Format::Text => {
            for standing in &status.repositories {
                tell(standing, deployment.now(), printer)?;
            }
            tell_outside(&status::outside(&deployment).await?, printer)?;
        }
    }
    for error in &status.failures {
        printer.error(&Line::new().styled(style::BAD, "failed").text(format!(": {error}")));
    }
    Ok(if status.failures.is_empty() { Status::Clean } else { Status::Failure })
}

fn tell_outside(outside: &status::Outside, printer: &Printer) -> Result<()> {
    for (queue, count) in &outside.dead_letters {
        let count = plural(*count, "dead letter");
        let text = format!("{queue} has {count}: `tidewaiter replay --dry-run` lists them");
        printer.line(Line::new().styled(style::BAD, text))?;
    }
    for path in &outside.strays {
        let stray = format!("{path} is in no repository and is not imported");
        printer.line(Line::new().styled(style::WARN, stray))?;
    }
    Ok(())
}

fn tell(standing: &Standing, now: Timestamp, printer: &Printer) -> Result<()> {
    let Standing {
        repository,
        universes,
        running,
        unsettled,
        queued,
        waiting,
        dropped,
        problems,
        queries,
        mails,
        ..
    } = standing;
    printer.line(Line::new().styled(style::BOLD, repository))?;
    if universes.is_empty() {
        printer
            .line(Line::from("  ").styled(style::WARN, "no configuration is active: no file is imported"))?;
    }
    if let Some(broken) = &standing.broken {
        printer.line(Line::from("  ").styled(style::BAD, format!("nothing is imported: {broken}")))?;
    }
    if let Some(work) = running {
        printer.line(Line::from("  ").then(sentence(work, now)))?;
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
    for query in queries {
        printer.line(Line::from("  ").then(query::line(query, now)))?;
    }
    tell_problems(problems, now, printer)?;
    mails::tell(mails, printer)?;
    if standing.is_idle() {
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

fn tell_dropped(dropped: &[Untaken], now: Timestamp, printer: &Printer) -> Result<()> {
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

fn tell_problems(problems: &[OpenProblem], now: Timestamp, printer: &Printer) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let count = plural(problems.len() as u64, "open problem");
    let ends = ", until a corrected file is imported or `tidewaiter dismiss` ends it:";
    printer.line(Line::from("  ").styled(style::WARN, count).text(ends))?;
    for problem in problems.iter().take(NAMED) {
        let about = format!("  {}, {}", fault(problem), ago(now, problem.since));
        printer.line(Line::from("    ").text(&problem.file).styled(style::DIM, about))?;
        printer.line(Line::from("      ").styled(style::DIM, format!("at {}", problem.place)))?;
    }
    if problems.len() > NAMED {
        printer.line(format!("    and {} earlier", number((problems.len() - NAMED) as u64)))?;
    }
    Ok(())
}

fn fault(problem: &OpenProblem) -> String {
    match &problem.reason {
        Some(reason) => format!("{}: {reason}", problem.outcome.word()),
        None => format!("{} of {} rejected", number(problem.rejected), plural(problem.read, "line")),
    }
}

/// What a repository is doing, in a sentence.
fn sentence(work: &Work, now: Timestamp) -> Line {
    let since =
        |item: &Item| item.started.map(|at| format!(", started {}", ago(now, at))).unwrap_or_default();
    let file = match &work.file {
        Some(item) => Line::new().styled(style::GOOD, &item.file).text(since(item)),
        None => Line::from("between two files"),
    };
    let Some(group) = &work.group else { return Line::from("importing ").then(file) };
    let doing = match &work.stage {
        Some(Stage::Checking) => "being checked before anything is loaded",
        Some(Stage::SettingAside { .. }) => "being moved to notprocessed/: one of its files was rejected",
        Some(Stage::Expiring) => "being moved to notprocessed/: it was incomplete for too long",
        Some(Stage::Importing | Stage::Closing) | None => "being imported",
    };
    Line::from("group ").styled(style::BOLD, &group.id).text(format!(" is {doing}: ")).then(file)
}
