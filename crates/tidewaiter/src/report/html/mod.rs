//! The mail as HTML: what happened first, then what to do, then what was wrong, the worst first.
//!
//! Its size is bounded whatever the report holds: see [`KINDS`] and [`EXAMPLES`].

mod findings;
pub(crate) mod frame;
pub(crate) mod style;
pub(crate) mod text;

use std::fmt::{Result, Write};

use self::frame::{aside, end_table, fact, facts, heading, tile, todo};
use self::style::{SHARES, tone};
use self::text::{capitalised, escape, rich};
use super::{Counts, Outcome, Report, gone_along, headline, left_alone, number, waited};
use crate::id::Timestamp;

/// How many kinds of findings a mail shows.
const KINDS: usize = 8;
/// How many lines show a kind.
const EXAMPLES: usize = 3;
/// How many mistakes of a configuration a mail shows.
const MISTAKES: usize = 20;

/// The report as an HTML document.
pub fn html(report: &Report) -> String {
    let mut out = String::new();
    write_html(&mut out, report).unwrap_or_default();
    out
}

fn write_html(out: &mut String, report: &Report) -> Result {
    let told = headline(report);
    frame::begin(out, &told, &report.file)?;
    write_outcome(out, report, &told)?;
    write_advice(out, report)?;
    write_counts(out, &report.counts)?;
    findings::write(out, report)?;
    write_mistakes(out, report)?;
    write_facts(out, report)?;
    let Report { import, repository, .. } = report;
    frame::end(out, &format!("ImportRun {import} in {repository}. The log shows every finding that is kept."))
}

/// The outcome, on its colour: a word, what happened, and to which file.
fn write_outcome(out: &mut String, report: &Report, told: &str) -> Result {
    let (word, rest) = match (report.outcome, told.split_once(": ")) {
        (Outcome::Unpacked, _) => ("unpacked", "the files of the archive are on their way"),
        (Outcome::Activated, _) => ("activated", "this is the active configuration now"),
        (_, Some((word, rest))) => (word, rest),
        (_, None) => (report.outcome.as_str(), told),
    };
    let tone = tone(report.outcome, &report.counts);
    frame::banner(out, tone, word, &capitalised(rest), &report.file)
}

/// What the reader is to do.
fn write_advice(out: &mut String, report: &Report) -> Result {
    let mut advice = String::new();
    if let Some(hint) = report.reason.as_ref().and_then(|reason| reason.hint.as_ref()) {
        write!(advice, "{}.", rich(&capitalised(hint)))?;
    }
    if let Some(badlines) = &report.badlines {
        write!(
            advice,
            "The rejected lines, and nothing else, are in <code>{}</code>. Mend them there and drop that file \
             again under the same name.",
            escape(badlines)
        )?;
    }
    if advice.is_empty() {
        return Ok(());
    }
    todo(out, &advice)
}

fn write_counts(out: &mut String, counts: &Counts) -> Result {
    if counts.read > 0 {
        write!(
            out,
            "<tr><td class=\"pad\" style=\"padding:20px 28px 0\">\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>"
        )?;
        let shares = [counts.imported, counts.unchanged, counts.superseded, counts.rejected];
        let names = ["imported", "unchanged", "superseded", "rejected"];
        tile(out, &number(counts.read), "lines read", None)?;
        for ((count, name), colour) in shares.into_iter().zip(names).zip(SHARES) {
            // Few files have lines that supersede each other: none of them is no news.
            if count > 0 || name != "superseded" {
                tile(out, &number(count), name, Some(colour))?;
            }
        }
        write!(
            out,
            "</tr></table><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
             style=\"margin-top:10px;border-radius:4px;overflow:hidden\"><tr>"
        )?;
        for (count, colour) in shares.into_iter().zip(SHARES).filter(|(count, _)| *count > 0) {
            // A share that can be seen at all is seen: one line of a million too.
            let percent = (u128::from(count) * 100 / u128::from(counts.read)).max(1);
            write!(
                out,
                "<td width=\"{percent}%\" style=\"background:{colour};height:8px;font-size:0;line-height:0\">&nbsp;</td>"
            )?;
        }
        write!(out, "</tr></table>")?;
        if let Some(words) = left_alone(counts) {
            aside(out, &format!("Of the lines unchanged: {words}."))?;
        }
        if counts.superseded > 0 {
            aside(out, "Superseded lines are about records that a later line of the file names again.")?;
        }
        writeln!(out, "</td></tr>")?;
    }
    Ok(())
}

fn write_mistakes(out: &mut String, report: &Report) -> Result {
    if report.mistakes.is_empty() {
        return Ok(());
    }
    heading(out, "What is wrong with the configuration")?;
    write!(out, "<tr><td class=\"pad\" style=\"padding:4px 28px 0\">")?;
    for mistake in report.mistakes.iter().take(MISTAKES) {
        let (path, message) = (escape(&mistake.path), rich(&mistake.message));
        write!(out, "<p style=\"margin:8px 0 0\"><code>{path}</code> {message}</p>")?;
    }
    match report.mistakes_beyond(MISTAKES) {
        0 => {}
        more => aside(out, &format!("… and {}.", super::summary::more_mistakes(more)))?,
    }
    writeln!(out, "</td></tr>")
}

/// Where things are, and how the file came.
fn write_facts(out: &mut String, report: &Report) -> Result {
    heading(out, "The file")?;
    facts(out)?;
    fact(out, "Now at", &report.place)?;
    fact(out, "Rejected lines", report.badlines.as_deref().unwrap_or_default())?;
    fact(out, "Log", &report.log)?;
    fact(out, "From archive", report.archive.as_deref().unwrap_or_default())?;
    if let Some(group) = &report.group {
        fact(out, "Group", &format!("{}, slot {:02} of {:02}", group.id, group.slot, group.last))?;
    }
    fact(out, "Waited", &waited(report).unwrap_or_default())?;
    fact(out, "Arrived", &moment(&report.arrived))?;
    fact(out, "Finished", &moment(&report.finished))?;
    fact(out, "Removed", &gone_along(&report.counts).unwrap_or_default())?;
    for note in &report.notes {
        fact(out, "Note", note)?;
    }
    end_table(out)
}

/// A moment to the second, as people read it; as it is if it is none.
pub fn moment(at: &str) -> String {
    at.parse::<Timestamp>()
        .map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
