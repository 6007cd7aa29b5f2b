//! `init --from`: shows what was inferred, and what the check says of the files.

use std::path::{Path, PathBuf};

use tidewaiter::report::Outcome;
use tidewaiter_ops::infer::{Inferred, Proposal, Sample, infer};
use tidewaiter_ops::preflight::{Advice, Checks, Judge, Preflight, file_name};

use crate::commands::config::tell_mistakes;
use crate::printer::{Line, Printer, style};
use crate::progress::Progress;
use crate::text::{number, plural};
use crate::{Error, Result, Status};

/// How many findings of a file are shown.
const SHOWN: usize = 3;

/// Files are judged by the configuration that was inferred, so nothing has to be told.
const ADVICE: Advice = Advice { which_scope: "", whatever_the_name: "", encrypted: "" };

/// Looks at files, and infers a configuration.
pub(super) fn read(universe: &str, files: &[PathBuf]) -> Proposal {
    let (mut samples, mut unusable) = (Vec::new(), Vec::new());
    for file in files {
        match Sample::open(file) {
            Ok(sample) => samples.push(sample),
            Err(why) => unusable.push(why),
        }
    }
    let mut proposal = infer(universe, &samples);
    unusable.append(&mut proposal.unusable);
    Proposal { unusable, ..proposal }
}

/// True if a configuration could be inferred. Otherwise it says why there is none.
pub(super) fn is_usable(proposal: &Proposal, printer: &Printer) -> Result<bool> {
    if proposal.document.is_empty() {
        tell_unusable(proposal, &mut |line| printer.line(line))?;
        printer.line("       no configuration was written: none of the files can be used")?;
        return Ok(false);
    }
    if let Err(mistakes) = proposal.active() {
        printer.line("       no configuration was written: what was inferred contradicts itself")?;
        tell_mistakes(&mistakes, printer)?;
        return Ok(false);
    }
    Ok(true)
}

/// Prints the document to standard output, and what was chosen to standard error.
pub(super) fn print(proposal: &Proposal, files: &[PathBuf], printer: &Printer) -> Result<Status> {
    let mut out = |line: Line| {
        printer.error(&line);
        Ok(())
    };
    if proposal.document.is_empty() {
        tell_unusable(proposal, &mut out)?;
        return Ok(Status::Failure);
    }
    printer.raw(proposal.document.as_bytes())?;
    report(proposal, files, &mut out, printer)
}

/// Says what was chosen and what lands.
pub(super) fn tell(proposal: &Proposal, files: &[PathBuf], printer: &Printer) -> Result<Status> {
    report(proposal, files, &mut |line| printer.line(line), printer)
}

fn report(
    proposal: &Proposal,
    files: &[PathBuf],
    out: &mut impl FnMut(Line) -> Result<()>,
    printer: &Printer,
) -> Result<Status> {
    for import in &proposal.imports {
        out(Line::new())?;
        tell_import(import, out)?;
    }
    if !proposal.unusable.is_empty() {
        out(Line::new())?;
        tell_unusable(proposal, out)?;
    }
    out(Line::new())?;
    let mut all_land = proposal.unusable.is_empty();
    let checked = proposal.active().map(|active| Judge::new(Some(active), None, None, ADVICE));
    let judge = match checked {
        Ok(judge) => judge?,
        Err(mistakes) => {
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            out(Line::new()
                .styled(style::BAD, "wrong")
                .text(format!("  the document contradicts itself: {first}")))?;
            return Ok(Status::Failure);
        }
    };
    let checks = Checks::new(judge, false);
    let progress = Progress::new(printer);
    out(Line::new().styled(style::BOLD, "The whole files, checked as an import would"))?;
    for file in files.iter().filter(|file| is_used(proposal, file)) {
        let done = checks.file(file, &progress, |preflight| {
            progress.clear();
            all_land &= preflight.outcome == Outcome::Imported && preflight.counts.rejected == 0;
            tell_preflight(preflight, out)
        });
        progress.clear();
        match done {
            Ok(()) => {}
            Err(error @ Error::Output(_)) => return Err(error),
            Err(error) => {
                all_land = false;
                out(Line::from("  ").text(file_name(file)).text(format!(": {error}")))?;
            }
        }
    }
    Ok(if all_land { Status::Clean } else { Status::Findings })
}

fn is_used(proposal: &Proposal, file: &Path) -> bool {
    let name = file_name(file);
    !proposal.unusable.iter().any(|unusable| unusable.file == name)
}

fn tell_unusable(proposal: &Proposal, out: &mut impl FnMut(Line) -> Result<()>) -> Result<()> {
    for unusable in &proposal.unusable {
        let name = Line::new().styled(style::BOLD, &unusable.file);
        out(name.text(" ").styled(style::WARN, &unusable.why))?;
    }
    Ok(())
}

fn tell_import(import: &Inferred, out: &mut impl FnMut(Line) -> Result<()>) -> Result<()> {
    let Inferred { scope, import: name, files, remarks } = import;
    out(Line::new().styled(style::BOLD, format!("{scope}.{name}")))?;
    for looked in files {
        let rows = plural(looked.rows as u64, "row");
        out(Line::from(format!("  from {}: {rows} read, {}", looked.file, looked.extent)))?;
    }
    for remark in remarks {
        let word = if remark.is_doubt {
            Line::from("  ").styled(style::WARN, "doubt ")
        } else {
            Line::from("  ").styled(style::DIM, "chosen")
        };
        out(word.text("  ").text(&remark.text))?;
    }
    Ok(())
}

fn tell_preflight(preflight: &Preflight, out: &mut impl FnMut(Line) -> Result<()>) -> Result<()> {
    let counts = &preflight.counts;
    let line = Line::from("  ").text(&preflight.file).text(": ");
    if preflight.outcome != Outcome::Imported {
        let why = preflight.reason.as_ref().map(|reason| reason.message.as_str()).unwrap_or_default();
        return out(line.styled(style::BAD, "would not land").text(format!(": {why}")));
    }
    let how = if counts.rejected == 0 { style::GOOD } else { style::WARN };
    let rows = plural(counts.read, "row");
    let verb = if counts.read == 1 { "lands" } else { "land" };
    out(line.styled(how, format!("{} of {rows} {verb}", number(counts.accepted))))?;
    for finding in preflight.findings.iter().take(SHOWN) {
        let place = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let column = finding.field.as_ref().map(|field| format!("{}: ", field.name)).unwrap_or_default();
        let value = finding.value.as_ref().filter(|value| !value.is_empty());
        let value = value.map(|value| format!(", found `{value}`")).unwrap_or_default();
        out(Line::from("    ").text(format!("{place}{column}{}{value}", finding.message)))?;
    }
    let hidden = preflight.findings_total.saturating_sub(preflight.findings.len().min(SHOWN) as u64);
    if hidden > 0 {
        let noun = plural(hidden, "finding");
        out(Line::from("    ")
            .styled(style::DIM, format!("… and {noun} more; `tidewaiter check` shows them")))?;
    }
    Ok(())
}
