//! The mail as HTML: what happened first, then what to do, readable on a phone and in the dark.
//!
//! Styles are inline or in one `<style>` block, there is nothing to load, and every text that came
//! from a partner is escaped.

use std::fmt::Write;

use super::summary::more_mistakes;
use super::{Counts, Outcome, Report, gone_along, headline, left_alone, plural};
use crate::finding::Finding;

/// How many findings, and how many mistakes of a configuration, a mail shows; the log shows more, and the report has what is kept.
const SHOWN: usize = 20;

const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
body{margin:0;padding:16px;background:#f4f5f7;color:#1c2430;font:16px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\
.card{max-width:640px;margin:0 auto;background:#fff;border-radius:10px;overflow:hidden}\
.bar{height:6px}.good{background:#1a7f4b}.some{background:#b7791f}.bad{background:#b42318}\
.in{padding:20px 22px}h1{font-size:20px;line-height:1.3;margin:0 0 4px}\
.file{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;overflow-wrap:anywhere;color:#5a6573;margin:0}\
.hint{background:#fff7e6;border-left:3px solid #b7791f;padding:8px 12px;margin:14px 0 0;font-size:14px}\
table{border-collapse:collapse;width:100%;font-size:14px;margin:16px 0 0}\
th{text-align:left;font-weight:600;color:#5a6573;white-space:nowrap;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid #e2e6eb}\
td{vertical-align:top;padding:6px 8px 6px 0;border-bottom:1px solid #e2e6eb;overflow-wrap:anywhere}\
td.n,th.n{text-align:right;white-space:nowrap}\
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px;background:#eef0f3;border-radius:4px;padding:1px 4px;overflow-wrap:anywhere}\
.dim{color:#5a6573;font-size:13px}\
@media (prefers-color-scheme:dark){body{background:#11151b;color:#e6e9ee}.card{background:#1a2029}\
.file,.dim,th{color:#9aa6b4}td,th{border-color:#2c3541}code{background:#2a323d}.hint{background:#33290f}}";

/// The report as an HTML document.
pub fn html(report: &Report) -> String {
    let mut out = String::new();
    write_html(&mut out, report).unwrap_or_default();
    out
}

fn write_html(out: &mut String, report: &Report) -> std::fmt::Result {
    let tone = match report.outcome {
        Outcome::Bogus | Outcome::NotProcessed => "bad",
        _ if report.counts.rejected > 0 => "some",
        _ => "good",
    };
    write!(out, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    write!(out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")?;
    write!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    write!(out, "<title>{}</title><style>{STYLE}</style></head><body>", escape(&headline(report)))?;
    write!(out, "<div class=\"card\"><div class=\"bar {tone}\"></div><div class=\"in\">")?;
    write!(out, "<h1>{}</h1>", escape(&capitalised(&headline(report))))?;
    write!(out, "<p class=\"file\">{}</p>", escape(&report.file))?;
    if let Some(hint) = report.reason.as_ref().and_then(|r| r.hint.as_ref()) {
        write!(out, "<p class=\"hint\">{}</p>", rich(hint))?;
    }
    if let Some(badlines) = &report.badlines {
        write!(
            out,
            "<p class=\"hint\">The rejected lines are in <code>{}</code>. Mend them there and drop that \
             file again under the same name: it holds nothing else.</p>",
            escape(badlines)
        )?;
    }
    write_facts(out, report)?;
    write_kinds(out, report)?;
    write_findings(out, report)?;
    write_mistakes(out, report)?;
    write!(out, "<p class=\"dim\">Import {} · log <code>{}</code></p>", report.import, escape(&report.log))?;
    write!(out, "</div></div></body></html>")
}

fn write_facts(out: &mut String, report: &Report) -> std::fmt::Result {
    write!(out, "<table>")?;
    write_counts(out, &report.counts)?;
    if let Some(group) = &report.group {
        row(out, "Group", &format!("{} {:02} of {:02}", group.id, group.slot, group.last))?;
    }
    if let Some(archive) = &report.archive {
        row(out, "From archive", archive)?;
    }
    for note in &report.notes {
        row(out, "Note", note)?;
    }
    row(out, "Now at", &report.place)?;
    write!(out, "</table>")
}

fn write_counts(out: &mut String, counts: &Counts) -> std::fmt::Result {
    if counts.read > 0 {
        row(out, "Lines read", &counts.read.to_string())?;
        row(out, "Imported", &counts.imported.to_string())?;
        let of_which = left_alone(counts).map(|words| format!(", of which {words}")).unwrap_or_default();
        row(out, "Unchanged", &format!("{}{of_which}", counts.unchanged))?;
        if counts.superseded > 0 {
            let superseded = counts.superseded;
            row(
                out,
                "Superseded",
                &format!("{superseded}, by later lines of the file about the same records"),
            )?;
        }
        row(out, "Rejected", &counts.rejected.to_string())?;
    }
    match gone_along(counts) {
        Some(sentence) => row(out, "Removed", &sentence),
        None => Ok(()),
    }
}

fn row(out: &mut String, name: &str, value: &str) -> std::fmt::Result {
    write!(out, "<tr><th>{name}</th><td>{}</td></tr>", escape(value))
}

fn write_kinds(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.kinds.is_empty() {
        return Ok(());
    }
    write!(out, "<table><tr><th>What was wrong</th><th>Column</th><th class=\"n\">Times</th></tr>")?;
    for kind in report.kinds.iter().take(SHOWN) {
        let field = escape(kind.field.as_deref().unwrap_or("—"));
        write!(out, "<tr><td>{}</td><td>{field}</td><td class=\"n\">{}</td></tr>", kind.code, kind.count)?;
    }
    write!(out, "</table>")
}

fn write_findings(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    write!(out, "<table><tr><th class=\"n\">Line</th><th>Finding</th></tr>")?;
    for finding in report.findings.iter().take(SHOWN) {
        write_finding(out, finding)?;
    }
    write!(out, "</table>")?;
    let more = report.findings_total.saturating_sub(report.findings.len().min(SHOWN) as u64);
    if more > 0 {
        write!(
            out,
            "<p class=\"dim\">… and {} more; the log shows the first of each kind.</p>",
            plural(more, "finding")
        )?;
    }
    Ok(())
}

fn write_mistakes(out: &mut String, report: &Report) -> std::fmt::Result {
    for mistake in report.mistakes.iter().take(SHOWN) {
        write!(out, "<p><code>{}</code> {}</p>", escape(&mistake.path), rich(&mistake.message))?;
    }
    match report.mistakes_beyond(SHOWN) {
        0 => Ok(()),
        more => write!(out, "<p class=\"dim\">… and {}.</p>", more_mistakes(more)),
    }
}

fn write_finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let line = finding.line.map(|l| l.to_string()).unwrap_or_default();
    write!(out, "<tr><td class=\"n\">{line}</td><td>")?;
    if let Some(field) = finding.field.as_ref().filter(|f| !f.name.is_empty()) {
        write!(out, "<b>{}</b>: ", escape(&field.name))?;
    }
    write!(out, "{}", rich(&finding.message))?;
    if let Some(value) = &finding.value {
        write!(out, ", found <code>{}</code>", escape(value))?;
    }
    if let Some(hint) = &finding.hint {
        write!(out, "<br><span class=\"dim\">{}</span>", rich(hint))?;
    }
    write!(out, "</td></tr>")
}

/// A text of ours, in which what stands between backticks is code. An odd backtick stays one.
fn rich(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escape).collect();
    let paired = parts.len() % 2 == 1;
    let mut html = String::new();
    for (n, part) in parts.iter().enumerate() {
        match n {
            0 => {}
            _ if !paired => html.push('`'),
            _ if n % 2 == 1 => html.push_str("<code>"),
            _ => html.push_str("</code>"),
        }
        html.push_str(part);
    }
    html
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
