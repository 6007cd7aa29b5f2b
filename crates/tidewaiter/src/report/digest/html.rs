//! The digest as HTML, in the look of the mail about one file.

use std::fmt::{Result, Write};

use super::text::{fine, other_kinds};
use super::{Digest, FINE, File, KINDS, LOOK};
use crate::report::html::frame::{aside, banner, begin, end, end_table, fact, facts, heading, tile, tip};
use crate::report::html::style::{BAD, GOOD, HELD, SHARES, SOME, tone};
use crate::report::html::text::{escape, found, in_column, rich};
use crate::report::summary::times;
use crate::report::{Counts, Outcome, Worst, number, worst};

/// The digest as an HTML document.
pub fn html(digest: &Digest) -> String {
    let mut out = String::new();
    write_html(&mut out, digest).unwrap_or_default();
    out
}

fn write_html(out: &mut String, digest: &Digest) -> Result {
    let headline = digest.headline();
    let (first, rest) = headline.split_once(": ").unwrap_or((&headline, ""));
    begin(out, &headline, &digest.span)?;
    let about =
        [rest, &digest.span].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    banner(out, worst_tone(digest), &digest.repository, first, &about)?;
    write_tiles(out, digest)?;
    if digest.look > 0 {
        heading(out, "To look at")?;
        digest.look().iter().take(LOOK).try_for_each(|file| write_look(out, file))?;
        more(out, digest.beyond_look())?;
    }
    if !digest.fine().is_empty() {
        heading(out, "Taken whole")?;
        facts(out)?;
        for file in digest.fine().iter().take(FINE) {
            fact(out, &fine(file), &file.name)?;
        }
        end_table(out)?;
        more(out, digest.beyond_fine())?;
    }
    let files = number(digest.files.len() as u64);
    end(
        out,
        &format!(
            "A digest of {files} of {}. The log of a file shows every finding that is kept.",
            digest.repository
        ),
    )
}

/// The colour of the worst that happened.
fn worst_tone(digest: &Digest) -> &'static str {
    let ends = digest.ends();
    match (ends.bogus, ends.not_processed, ends.part + ends.remarked) {
        (1.., ..) => BAD,
        (0, 1.., _) => HELD,
        (0, 0, 1..) => SOME,
        (0, 0, 0) => GOOD,
    }
}

fn more(out: &mut String, text: Option<String>) -> Result {
    let Some(text) = text else { return Ok(()) };
    write!(out, "<tr><td class=\"pad\" style=\"padding:2px 28px 0\">")?;
    aside(out, &text.replace('`', ""))?;
    writeln!(out, "</td></tr>")
}

fn write_tiles(out: &mut String, digest: &Digest) -> Result {
    let ends = digest.ends();
    row(out, |out| {
        tile(out, &number(digest.files.len() as u64), "files", None)?;
        for (count, name, colour) in [
            (ends.whole, "taken whole", GOOD),
            (ends.part, "in part", SOME),
            (ends.remarked, "with a remark", SOME),
            (ends.bogus, "bogus", BAD),
            (ends.not_processed, "not processed", HELD),
        ] {
            // How many were taken is always told, also if none was.
            if count > 0 || colour == GOOD {
                tile(out, &number(count), name, Some(colour))?;
            }
        }
        Ok(())
    })?;
    let Counts { read, imported, unchanged, superseded, rejected, .. } = digest.counts();
    if read == 0 {
        return Ok(());
    }
    row(out, |out| {
        tile(out, &number(read), "lines read", None)?;
        let shares = [imported, unchanged, superseded, rejected];
        let names = ["imported", "unchanged", "superseded", "rejected"];
        for ((count, name), colour) in shares.into_iter().zip(names).zip(SHARES) {
            if count > 0 || name != "superseded" {
                tile(out, &number(count), name, Some(colour))?;
            }
        }
        Ok(())
    })
}

fn row(out: &mut String, tiles: impl FnOnce(&mut String) -> Result) -> Result {
    write!(
        out,
        "<tr><td class=\"pad\" style=\"padding:20px 28px 0\">\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>"
    )?;
    tiles(out)?;
    writeln!(out, "</tr></table></td></tr>")
}

/// A file that needs somebody: how it ended, what is worst about it, and where things are.
fn write_look(out: &mut String, file: &File) -> Result {
    let colour = match file.outcome {
        Outcome::Bogus | Outcome::NotProcessed => tone(file.outcome, &file.counts),
        _ => SOME,
    };
    write!(
        out,
        "<tr><td class=\"pad\" style=\"padding:12px 28px 0\">\
         <div class=\"rule\" style=\"border-top:1px solid #e3e8ee;padding-top:12px\">\
         <div style=\"border-left:4px solid {colour};padding-left:12px\">\
         <div style=\"font-weight:700;overflow-wrap:anywhere;word-break:break-word\">{}</div>\
         <div style=\"overflow-wrap:anywhere\">{}</div>",
        escape(&file.name),
        rich(&file.headline())
    )?;
    if let Some(report) = &file.report {
        let advice = report.reason.as_ref().and_then(|reason| reason.hint.as_deref());
        if let Some(hint) = advice {
            tip(out, hint)?;
        }
        for kind in worst(report, KINDS, 1) {
            write_kind(out, &kind, advice)?;
        }
        if let Some(more) = other_kinds(report.kinds.len()) {
            aside(out, &more)?;
        }
        let badlines = report.badlines.as_ref().map(|key| format!("Rejected lines: {key}"));
        for place in
            badlines.into_iter().chain([format!("Now at: {}", report.place), format!("Log: {}", report.log)])
        {
            write!(
                out,
                "<div class=\"dim\" style=\"font-size:13px;color:#5a6878;padding-top:2px;overflow-wrap:anywhere;\
                 word-break:break-word\">{}</div>",
                escape(&place)
            )?;
        }
    }
    writeln!(out, "</div></div></td></tr>")
}

fn write_kind(out: &mut String, worst: &Worst<'_>, told: Option<&str>) -> Result {
    let kind = worst.kind;
    let column = in_column(kind);
    write!(
        out,
        "<div style=\"padding-top:8px\"><b>{}</b>{column} \
         <span class=\"dim\" style=\"font-size:13px;color:#5a6878\">{}, {}</span></div>",
        kind.code.title(),
        kind.code,
        times(kind.count)
    )?;
    let Some(example) = worst.examples.first() else { return Ok(()) };
    let mut parts = vec![rich(&example.message)];
    parts.extend(example.line.map(|line| format!("line {line}")));
    parts.extend(example.value.as_deref().map(found));
    write!(
        out,
        "<div style=\"font-size:14px;overflow-wrap:anywhere;word-break:break-word\">{}</div>",
        parts.join(" · ")
    )?;
    match example.hint.as_deref().filter(|hint| Some(*hint) != told) {
        Some(hint) => tip(out, hint),
        None => Ok(()),
    }
}
