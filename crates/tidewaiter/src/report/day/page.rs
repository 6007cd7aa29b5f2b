//! The page of a day.

use std::fmt::{Result, Write};

use super::style::STYLE;
use super::{COLUMNS, Column, Day, FILES, File, Waiting, chart};
use crate::report::html::text::{escape, rich};
use crate::report::{Counts, Outcome, number, plural};

/// The page of a day, one part for each repository. `made` is when, for people.
pub fn page(date: &str, made: &str, days: &[Day]) -> String {
    let mut out = String::new();
    write_page(&mut out, date, made, days).unwrap_or_default();
    out
}

fn write_page(out: &mut String, date: &str, made: &str, days: &[Day]) -> Result {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{0}</title><style>{STYLE}</style></head>\n<body><main>\n",
        escape(date)
    )?;
    if days.is_empty() {
        writeln!(out, "<h1>{}</h1><p class=\"sub\">There is no repository.</p>", escape(date))?;
    }
    for day in days {
        writeln!(
            out,
            "<article class=\"repo\"><h1>{}</h1><p class=\"sub\">{} (UTC), as of {}</p>",
            escape(&day.repository),
            escape(date),
            escape(made)
        )?;
        write_day(out, day)?;
        writeln!(out, "</article>")?;
    }
    writeln!(out, "</main></body></html>")
}

fn write_day(out: &mut String, day: &Day) -> Result {
    if let Some(files) = day.looked_at {
        writeln!(
            out,
            "<p class=\"card\"><b>Not all of it:</b> only the latest {} of this repository were looked at; what ended on \
             this day before them is missing here.</p>",
            plural(files, "file")
        )?;
    }
    write_tiles(out, day)?;
    chart::write(out, day)?;
    write!(out, "<div class=\"two\">")?;
    write_waiting(out, &day.waiting)?;
    write_columns(out, &day.columns)?;
    write!(out, "</div>")?;
    let (look, fine): (Vec<&File>, Vec<&File>) = day.files.iter().partition(|file| file.needs_attention());
    write!(out, "<section class=\"card\"><h2>To look at</h2>")?;
    if day.files.is_empty() {
        write!(out, "<p class=\"dim\" style=\"margin:0\">No file ended on this day.</p>")?;
    } else if look.is_empty() {
        write!(out, "<p class=\"dim\" style=\"margin:0\">Nothing: every file was taken whole.</p>")?;
    } else {
        write_files(out, &look)?;
    }
    write!(out, "</section>")?;
    if !fine.is_empty() {
        let files = plural(fine.len() as u64, "file");
        write!(out, "<section class=\"card\"><details><summary>{files} without a finding</summary>")?;
        write_files(out, &fine)?;
        write!(out, "</details></section>")?;
    }
    Ok(())
}

fn write_tiles(out: &mut String, day: &Day) -> Result {
    let count = |is: fn(&File) -> bool| day.files.iter().filter(|file| is(file)).count() as u64;
    let lines = |of: fn(&Counts) -> u64| day.files.iter().map(|file| of(&file.counts)).sum::<u64>();
    write!(out, "<section class=\"card\"><div class=\"tiles\">")?;
    tile(out, day.files.len() as u64, "files", None)?;
    let whole = |file: &File| !file.needs_attention();
    tile(out, count(whole), "taken whole", Some("--good"))?;
    let part = |file: &File| file.outcome == Outcome::Imported && file.counts.rejected > 0;
    tile(out, count(part), "taken in part", Some("--some"))?;
    let remarked =
        count(|file| file.outcome == Outcome::Imported && file.has_findings && file.counts.rejected == 0);
    if remarked > 0 {
        tile(out, remarked, "with a remark", Some("--some"))?;
    }
    tile(out, count(|file| file.outcome == Outcome::Bogus), "bogus", Some("--bad"))?;
    tile(out, count(|file| file.outcome == Outcome::NotProcessed), "not processed", Some("--held"))?;
    tile(out, day.waiting.len() as u64, "groups wait now", Some("--quiet"))?;
    tile(out, lines(|c| c.read), "lines read", None)?;
    tile(out, lines(|c| c.imported), "imported", None)?;
    tile(out, lines(|c| c.unchanged), "unchanged", None)?;
    tile(out, lines(|c| c.superseded), "superseded", None)?;
    tile(out, lines(|c| c.rejected), "rejected", None)?;
    tile(out, lines(|c| c.removed), "records removed", None)?;
    write!(out, "</div></section>")
}

fn tile(out: &mut String, count: u64, name: &str, colour: Option<&str>) -> Result {
    let dot = colour.map_or_else(String::new, |colour| {
        format!("<i class=\"dot\" style=\"background:var({colour})\"></i>")
    });
    write!(out, "<div class=\"tile\"><b>{}</b><span>{dot}{name}</span></div>", number(count))
}

fn write_waiting(out: &mut String, waiting: &[Waiting]) -> Result {
    write!(out, "<section class=\"card\"><h2>Groups that wait now</h2>")?;
    if waiting.is_empty() {
        write!(out, "<p class=\"dim\" style=\"margin:0\">None.</p>")?;
    } else {
        write!(out, "<table><tr><th>Group</th><th>Missing</th><th>Since</th></tr>")?;
        for group in waiting {
            let missing: Vec<String> = group.missing.iter().map(|slot| format!("{slot:02}")).collect();
            write!(
                out,
                "<tr><td class=\"name\"><b>{}</b><div class=\"dim\">{} of {} there</div></td><td>{}</td>\
                 <td>{}<div class=\"dim\">{}</div></td></tr>",
                escape(&group.group),
                u64::from(group.last).saturating_sub(group.missing.len() as u64),
                group.last,
                missing.join(", "),
                escape(&group.ago),
                escape(&group.since)
            )?;
        }
        write!(out, "</table>")?;
    }
    write!(out, "</section>")
}

fn write_columns(out: &mut String, columns: &[Column]) -> Result {
    write!(out, "<section class=\"card\"><h2>Worst columns</h2>")?;
    if columns.is_empty() {
        write!(out, "<p class=\"dim\" style=\"margin:0\">No findings.</p>")?;
    } else {
        let most = columns.iter().map(|column| column.count).max().unwrap_or(1).max(1);
        write!(
            out,
            "<table><tr><th>Column</th><th class=\"n\">Findings</th><th class=\"n\">Files</th></tr>"
        )?;
        for column in columns.iter().take(COLUMNS) {
            let name = match (column.scope.as_str(), column.column.as_str()) {
                ("", "") => "a file as a whole".to_owned(),
                (scope, "") => format!("<code>{}</code>", escape(scope)),
                ("", name) => format!("<code>{}</code>", escape(name)),
                (scope, name) => format!("<code>{}.{}</code>", escape(scope), escape(name)),
            };
            let percent = (u128::from(column.count) * 100 / u128::from(most)).max(2);
            write!(
                out,
                "<tr><td class=\"name\">{name}<div class=\"dim\">{}</div><div class=\"meter\" style=\"width:{percent}%\"></div></td>\
                 <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                column.code.title(),
                number(column.count),
                number(column.files)
            )?;
        }
        write!(out, "</table>")?;
        if columns.len() > COLUMNS {
            let more = plural((columns.len() - COLUMNS) as u64, "other kind");
            write!(out, "<p class=\"dim\" style=\"margin:8px 0 0\">… and {more}.</p>")?;
        }
    }
    write!(out, "</section>")
}

fn write_files(out: &mut String, files: &[&File]) -> Result {
    write!(
        out,
        "<table><tr><th>At</th><th>File</th><th class=\"n wide\">Lines</th><th class=\"n\">Rejected</th></tr>"
    )?;
    // The latest first: what has just gone wrong is what somebody is looking for.
    for file in files.iter().rev().take(FILES) {
        let (colour, word) = match file.outcome {
            Outcome::Bogus => ("--bad", "bogus"),
            Outcome::NotProcessed => ("--held", "not processed"),
            Outcome::Imported if file.counts.rejected > 0 => ("--some", "in part"),
            Outcome::Imported if file.has_findings => ("--some", "with a remark"),
            Outcome::Imported => ("--good", "imported"),
            Outcome::Unpacked => ("--good", "unpacked"),
            Outcome::Activated => ("--good", "activated"),
        };
        let reason =
            file.reason.as_ref().map(|reason| format!(" <span class=\"dim\">{}</span>", rich(reason)));
        write!(
            out,
            "<tr><td class=\"t dim\">{:02}:{:02}</td><td class=\"name\">{}<div><span class=\"chip\" \
             style=\"background:var({colour})\">{word}</span>{}</div></td><td class=\"n wide\">{}</td><td class=\"n\">{}</td></tr>",
            file.minute / 60,
            file.minute % 60,
            escape(&file.name),
            reason.unwrap_or_default(),
            number(file.counts.read),
            number(file.counts.rejected)
        )?;
    }
    write!(out, "</table>")?;
    if files.len() > FILES {
        let more = plural((files.len() - FILES) as u64, "earlier file");
        write!(
            out,
            "<p class=\"dim\" style=\"margin:8px 0 0\">… and {more}; `tidewaiter history` lists them.</p>"
        )?;
    }
    Ok(())
}
