//! What was wrong, by kind: the worst first, a few lines that show it, and the hint that mends it.

use std::fmt::{Result, Write};

use super::frame::{aside, heading, tip};
use super::text::{self, in_column, rich};
use super::{EXAMPLES, KINDS};
use crate::finding::Finding;
use crate::report::summary::times;
use crate::report::{Report, Worst, number, plural, worst};

pub(super) fn write(out: &mut String, report: &Report) -> Result {
    if report.findings_total == 0 {
        return Ok(());
    }
    heading(out, "What was wrong")?;
    let kinds = worst(report, KINDS, EXAMPLES);
    let advice = report.reason.as_ref().and_then(|reason| reason.hint.as_deref());
    for kind in &kinds {
        write_kind(out, kind, advice)?;
    }
    let shown: u64 = kinds.iter().map(|kind| kind.kind.count).sum();
    let more = report.findings_total.saturating_sub(shown);
    if more > 0 {
        let others = plural(report.kinds.len().saturating_sub(kinds.len()) as u64, "other kind");
        write!(out, "<tr><td class=\"pad\" style=\"padding:6px 28px 0\">")?;
        aside(out, &format!("… and {} of {others}; the log counts each.", plural(more, "finding")))?;
        writeln!(out, "</td></tr>")?;
    }
    Ok(())
}

fn write_kind(out: &mut String, worst: &Worst<'_>, told: Option<&str>) -> Result {
    let kind = worst.kind;
    let column = in_column(kind);
    write!(
        out,
        "<tr><td class=\"pad\" style=\"padding:12px 28px 0\">\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>\
         <td class=\"rule\" valign=\"top\" style=\"border-top:1px solid #e3e8ee;padding-top:10px\">\
         <b>{}</b>{column} <span class=\"dim\" style=\"font-size:13px;color:#5a6878;white-space:nowrap\">{}</span></td>\
         <td class=\"rule\" valign=\"top\" align=\"right\" style=\"border-top:1px solid #e3e8ee;padding:10px 0 0 12px;\
         white-space:nowrap;font-weight:700\">{}</td></tr></table>",
        kind.code.title(),
        kind.code,
        times(kind.count),
    )?;
    let message = worst.message();
    if let Some(message) = message {
        write!(out, "<div style=\"padding-top:2px\">{}</div>", rich(&super::capitalised(message)))?;
    }
    let hint = worst.hint();
    write!(
        out,
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin-top:4px\">"
    )?;
    for finding in &worst.examples {
        let said = (message.is_none(), hint.is_none());
        write_example(out, finding, said)?;
    }
    write!(out, "</table>")?;
    if worst.beyond() > 0 {
        aside(out, &format!("… and {} more like this.", number(worst.beyond())))?;
    }
    if let Some(hint) = hint.filter(|hint| Some(*hint) != told) {
        tip(out, hint)?;
    }
    writeln!(out, "</td></tr>")
}

/// A line that shows it, with the words that are not common to all examples.
fn write_example(out: &mut String, finding: &Finding, (message, hint): (bool, bool)) -> Result {
    let mut parts = Vec::new();
    if message {
        parts.push(rich(&finding.message));
    }
    if let Some(found) = &finding.value {
        parts.push(text::found(found));
    }
    if hint && let Some(hint) = &finding.hint {
        parts.push(rich(hint));
    }
    let place = match finding.line {
        Some(line) if finding.lines > 1 => format!("lines {line}–{}", line + finding.lines - 1),
        Some(line) => format!("line {line}"),
        None if parts.is_empty() => return Ok(()),
        None => "the file".to_owned(),
    };
    write!(
        out,
        "<tr><td class=\"dim\" valign=\"top\" style=\"padding:3px 12px 3px 0;color:#5a6878;font-size:14px;\
         white-space:nowrap\">{place}</td><td valign=\"top\" style=\"padding:3px 0;font-size:14px;\
         overflow-wrap:anywhere;word-break:break-word\">{}</td></tr>",
        parts.join(" · ")
    )
}
