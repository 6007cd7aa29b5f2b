//! `tidewaiter run`: everything that is ready, then stop.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tidewaiter_engine::capabilities::{Clock, HasState};
use tidewaiter_engine::ports::{GroupQueue, WaitingGroup};
use tidewaiter_folder::{Local, RunSummary, Runner};
use tidewaiter_ops::open_folder;

use super::events::{self, Teller};
use super::{only_folder, relative, waiting};
use crate::args::RunArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::plural;
use crate::{Result, Status};

/// Imports what is there, telling of each file as it is done, and says what is left.
pub async fn run(args: RunArgs, printer: &Printer) -> Result<Status> {
    let RunArgs { deployment, quiet_for, patience, format } = args;
    let dir = only_folder(deployment, "`run`", super::RUNS_BY_ITSELF)?;
    let teller = Arc::new(Teller::new(printer, format));
    let observer = teller.clone();
    let local =
        open_folder(&dir)?.without_settling().observed_by(move |observation| observer.observe(observation));
    let mut runner = Runner::new(local, quiet_for)?;
    let summary = Box::pin(runner.run(patience)).await;
    for failure in &summary.failures {
        teller.failed(failure);
    }
    let waiting = waiting_groups(runner.local()).await?;
    match format {
        Format::Text => tell(runner.local(), &teller, &summary, &waiting, printer)?,
        Format::Json => tell_json(runner.local(), &teller, &summary, &waiting, printer)?,
    }
    Ok(if summary.failures.is_empty() { teller.tally().status() } else { Status::Failure })
}

async fn waiting_groups(local: &Local) -> Result<Vec<WaitingGroup>> {
    let mut groups = Vec::new();
    for repository in local.state().repositories().await? {
        groups.extend(local.state().waiting(&repository).await?);
    }
    Ok(groups)
}

fn tell(
    local: &Local,
    teller: &Teller,
    summary: &RunSummary,
    waiting: &[WaitingGroup],
    printer: &Printer,
) -> Result<()> {
    let tally = teller.tally();
    // After failures, "nothing to do" would mislead.
    if !tally.files.is_empty() || summary.failures.is_empty() {
        printer.line(tally.sentence())?;
    }
    for group in waiting {
        let sentence = waiting::sentence(group, local.now());
        printer.line(Line::from(format!("{}: ", group.repository)).then(sentence))?;
    }
    for path in &summary.still_writing.changing {
        let path = relative(local.root(), path);
        printer.line(format!("skipped, it is still being written: {}", path.display()))?;
    }
    for path in &summary.still_writing.unfinished {
        let path = relative(local.root(), path);
        printer.line(format!("skipped, its name is that of an unfinished upload: {}", path.display()))?;
    }
    if let Some(sentence) = events::strays(local.root(), &summary.strays) {
        printer.line(Line::new().styled(style::WARN, sentence))?;
    }
    if !summary.failures.is_empty() {
        let failures = plural(summary.failures.len() as u64, "failure");
        printer.line(Line::new().styled(style::BAD, failures).text("; the next run retries it"))?;
    }
    Ok(())
}

fn tell_json(
    local: &Local,
    teller: &Teller,
    summary: &RunSummary,
    waiting: &[WaitingGroup],
    printer: &Printer,
) -> Result<()> {
    let tally = teller.tally();
    let below = |path: &PathBuf| relative(local.root(), path).to_string_lossy().into_owned();
    let still_writing: Vec<String> = summary.still_writing.all().map(below).collect();
    let strays: Vec<String> = summary.strays.iter().map(below).collect();
    printer.json_line(&json!({
        "event": "summary",
        "files": tally.files,
        "lines": tally.lines,
        "need_attention": tally.need_attention,
        "failures": summary.failures.len(),
        "waiting": waiting,
        "still_writing": still_writing,
        "strays": strays,
    }))
}
