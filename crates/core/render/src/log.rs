//! The log for people: plain text, the outcome first, then each finding with its place.

use std::fmt::Write;

use tidewaiter_model::finding::{Code, Finding};
use tidewaiter_model::report::{Counts, Report};

use super::phrases::more_mistakes;
use super::{Headline, Renderer};
use crate::words::{gone_along, left_alone, number, plural};

/// The log of a file: text ending in a line break, the outcome first, then each finding with its place.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl Renderer<Report> for Log {
    fn render(&self, report: &Report) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        write_log(&mut text, report).unwrap_or_default();
        text
    }
}

fn write_log(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "{}", Headline.render(report))?;
    if let Some(hint) = report.reason.as_ref().and_then(|r| r.hint.as_ref()) {
        writeln!(out, "hint: {hint}")?;
    }
    writeln!(out)?;
    fact(out, "file", &report.file)?;
    fact(out, "archive", report.archive.as_deref().unwrap_or_default())?;
    fact(out, "import", &report.import.to_string())?;
    fact(out, "arrived", &report.arrived.to_string())?;
    fact(out, "started", &report.began.map(|at| at.to_string()).unwrap_or_default())?;
    fact(out, "finished", &report.finished.to_string())?;
    if let Some(group) = &report.group {
        let slot = format!("{} {:02} of {:02}", group.id, group.slot, group.last);
        fact(out, "group", &format!("{slot}, generation {}", group.generation))?;
    }
    fact(out, "bytes", &report.bytes.to_string())?;
    fact(out, "sha256", report.sha256.as_deref().unwrap_or_default())?;
    write_counts(out, &report.counts)?;
    fact(out, "now at", &report.place)?;
    fact(out, "badlines", report.badlines.as_deref().unwrap_or_default())?;
    for note in &report.notes {
        writeln!(out, "{:<10}{note}", "note")?;
    }
    for mistake in &report.mistakes {
        writeln!(out, "{:<10}{mistake}", "mistake")?;
    }
    let more = report.mistakes_beyond(report.mistakes.len());
    if more > 0 {
        writeln!(out, "… and {}", more_mistakes(more))?;
    }
    if report.findings_total > 0 {
        write_findings(out, report)?;
    }
    Ok(())
}

fn write_counts(out: &mut String, counts: &Counts) -> std::fmt::Result {
    if counts.read > 0 {
        let superseded = match counts.superseded {
            0 => String::new(),
            count => format!(" + {count} superseded"),
        };
        let Counts { read, imported, unchanged, rejected, .. } = counts;
        let sum = format!(
            "{read} read = {imported} imported + {unchanged} unchanged{superseded} + {rejected} rejected"
        );
        fact(out, "lines", &sum)?;
    }
    if let Some(left_alone) = left_alone(counts) {
        fact(out, "", &format!("{left_alone} among the {} unchanged", number(counts.unchanged)))?;
    }
    fact(out, "", &gone_along(counts).unwrap_or_default())
}

fn fact(out: &mut String, name: &str, value: &str) -> std::fmt::Result {
    if value.is_empty() { Ok(()) } else { writeln!(out, "{name:<10}{value}") }
}

fn write_findings(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out)?;
    for finding in &report.findings {
        writeln!(out, "{}", line(&report.file, finding))?;
    }
    if report.not_shown() > 0 {
        writeln!(out, "… and {} not shown; all are counted below", plural(report.not_shown(), "finding"))?;
    }
    writeln!(out)?;
    for kind in &report.kinds {
        let column = kind.field.as_deref().map(|f| format!(" in column {f}")).unwrap_or_default();
        let shown = match kind.kept {
            kept if kept < kind.count => format!(", {kept} shown"),
            _ => String::new(),
        };
        writeln!(out, "{:>10}  {}{column}{shown}", kind.count, kind.code)?;
    }
    Ok(())
}

/// One finding as one line of the log: `(<file>:<line>) can't parse line: …`, `can't parse file header: …`.
fn line(file: &str, finding: &Finding) -> String {
    let mut text = match finding.line {
        Some(line) if line > 1 => {
            let last = line + finding.lines.saturating_sub(1);
            let at = if finding.lines > 1 { format!("{line}-{last}") } else { line.to_string() };
            format!("({file}:{at}) {}", what_failed(finding.code))
        }
        _ => what_failed_in_file(finding.code).to_owned(),
    };
    let _ = write!(text, ": {}", finding.code);
    if let Some(field) = &finding.field {
        let _ = write!(text, " in field {}", field.number);
        if !field.name.is_empty() {
            let _ = write!(text, " ({})", field.name);
        }
    }
    let _ = write!(text, ": {}", finding.message);
    if let Some(value) = &finding.value {
        let _ = write!(text, ", found `{value}`");
    }
    if let Some(hint) = &finding.hint {
        let _ = write!(text, ". Hint: {hint}");
    }
    text
}

/// A line that cannot be read, or one that can and is refused.
fn what_failed(code: Code) -> &'static str {
    match code {
        Code::ForeignKey | Code::UniqueError | Code::SumError => "can't load line",
        _ => "can't parse line",
    }
}

fn what_failed_in_file(code: Code) -> &'static str {
    match code {
        Code::FileChanged => "can't read file to its end",
        Code::PolicyExceeded | Code::RemovalExceeded => "can't import file",
        Code::SourceChanged => "the source has changed",
        Code::EmptyFile | Code::FormatError => "can't parse file",
        _ => "can't parse file header",
    }
}
