//! `tidewaiter config try`: what a configuration would change.

use tidewaiter::report::Outcome;
use tidewaiter_ops::trial::{Change, Trial, Tried, ValueChange, Verdict, try_configuration};

use super::check::render;
use super::config::{Read, read, tell_wrong};
use super::look;
use crate::args::ConfigTryArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::{number, plural, shortened};
use crate::{Result, Status};

/// How much of a value is shown.
const VALUE_COLUMNS: usize = 40;

/// Tries a configuration on the files that came last.
pub async fn run(args: ConfigTryArgs, printer: &Printer) -> Result<Status> {
    let ConfigTryArgs { deployment, document, repository, last, format } = args;
    let Read { file, universe, content } = read(document)?;
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let trial = try_configuration(&deployment, repository.as_ref(), &universe, &content, last).await?;
    match format {
        Format::Json => printer.json(&trial)?,
        Format::Text if !trial.mistakes.is_empty() => {
            tell_wrong(&file, &trial.mistakes, printer)?;
        }
        Format::Text => tell(&trial, printer)?,
    }
    let is_fine = trial.mistakes.is_empty() && !trial.is_worse();
    Ok(if is_fine { Status::Clean } else { Status::Findings })
}

fn tell(trial: &Trial, printer: &Printer) -> Result<()> {
    if trial.files.is_empty() {
        return printer.line(format!("no file of universe {} has come yet", trial.universe));
    }
    for file in &trial.files {
        tell_file(file, printer)?;
    }
    let count = |wanted| trial.files.iter().filter(|file| file.change() == wanted).count() as u64;
    let mut summed = vec![plural(trial.files.len() as u64, "file")];
    for (change, words) in [
        (Change::Better, "better"),
        (Change::Worse, "worse"),
        (Change::Other, "otherwise"),
        (Change::Same, "as before"),
        (Change::Gone, "not there any more"),
    ] {
        if count(change) > 0 {
            summed.push(format!("{} {words}", number(count(change))));
        }
    }
    printer.line(summed.join(", "))?;
    for kind in &trial.kinds {
        let column = kind.field.as_deref().map(|field| format!(" in column {field}")).unwrap_or_default();
        let (before, after) = (number(kind.before), number(kind.after));
        printer.line(format!("  {}{column}: {before} now, {after} then", kind.code))?;
    }
    printer.line("nothing was imported")
}

fn tell_file(file: &Tried, printer: &Printer) -> Result<()> {
    let (word, style) = match file.change() {
        Change::Better => ("better", style::GOOD),
        Change::Worse => ("worse", style::BAD),
        Change::Other => ("otherwise", style::WARN),
        Change::Same => ("as before", style::DIM),
        Change::Gone => ("gone", style::DIM),
    };
    let line = Line::new().styled(style, format!("{word:<9}")).text(format!("  {}", file.file));
    let (Some(before), Some(after)) = (&file.before, &file.after) else { return printer.line(line) };
    let (now, then) = (told(before), told(after));
    let verdicts = if now == then { now } else { format!("now {now}; then {then}") };
    printer.line(line.text(format!("  {verdicts}")))?;
    for finding in &file.examples {
        printer.line(Line::from("         ").then(render::line(finding)))?;
    }
    for change in &file.values {
        let ValueChange { field, count, line, before, after } = change;
        let shown = |value: &Option<String>| {
            value.as_ref().map_or_else(
                || "nothing".to_owned(),
                |value| format!("`{}`", shortened(value, VALUE_COLUMNS)),
            )
        };
        let (was, is) = (shown(before), shown(after));
        let count = plural(*count, "value");
        printer.line(format!(
            "           column {field}: {count} read otherwise, such as {was} as {is} in line {line}"
        ))?;
    }
    Ok(())
}

fn told(verdict: &Verdict) -> String {
    let counts = &verdict.counts;
    match (&verdict.reason, verdict.outcome) {
        (Some(reason), _) => format!("{}: {}", verdict.outcome.word(), reason.message),
        (None, Outcome::Imported) => {
            format!("{} of {}", number(counts.accepted), plural(counts.read, "line"))
        }
        (None, outcome) => outcome.word().to_owned(),
    }
}
