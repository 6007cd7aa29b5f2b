//! `tidewaiter history`: what became of files.

use tidewaiter::report::{Counts, Outcome};
use tidewaiter_ops::day;
use tidewaiter_ops::history::{Entry, Search, Stage, history};

use super::events::word;
use super::{look, query};
use crate::args::HistoryArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::{left_alone, moment, number, shortened};
use crate::{Result, Status};

/// How many files are shown unless a number is given.
const FILES: usize = 50;
/// How many reads of a query are shown unless a number is given.
const READS: usize = 10;
/// How much of a name a row shows.
const FILE_COLUMNS: usize = 64;

/// Shows the latest files, the last one at the end. What they came to was told by their import: it is no
/// finding of this command.
pub async fn run(args: HistoryArgs, printer: &Printer) -> Result<Status> {
    let HistoryArgs { deployment, repository, file, import, outcome, sha256, since, limit, format } = args;
    if let Some(name) = import {
        return query::history(deployment, repository, &name, limit.unwrap_or(READS), format, printer).await;
    }
    let limit = limit.unwrap_or(FILES);
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let since = since.and_then(day::begin);
    let search = Search { repository, file, outcome, sha256, since, finished: None, limit };
    let entries = history(&deployment, search).await?;
    match format {
        Format::Json => printer.json(&entries)?,
        Format::Text if entries.is_empty() => printer.line("no such file was registered")?,
        Format::Text => {
            let latest = entries.len() == limit;
            table(entries).print(printer)?;
            if latest {
                printer.line(
                    Line::new().styled(style::DIM, format!("the latest {limit}; --limit shows more")),
                )?;
            }
        }
    }
    Ok(Status::Clean)
}

/// The heading of a column, and what stands below it.
type Rare = (&'static str, fn(&Counts) -> u64);

/// The columns that are there only if a file has something to show in them.
const RARE: [Rare; 2] = [("SUPERSEDED", |counts| counts.superseded), ("REMOVED", |counts| counts.removed)];

fn table(entries: Vec<Entry>) -> Table {
    let any = |of: fn(&Counts) -> u64| {
        entries.iter().filter_map(|entry| entry.ended.as_ref()).any(|ended| of(&ended.counts) > 0)
    };
    let [superseded, removed] = RARE.map(|(heading, of)| any(of).then_some((heading, of)));
    let heading = |(name, _)| (name, Align::Right);
    let mut columns = vec![
        ("FINISHED", Align::Left),
        ("OUTCOME", Align::Left),
        ("FILE", Align::Left),
        ("READ", Align::Right),
        ("IMPORTED", Align::Right),
        ("UNCHANGED", Align::Right),
    ];
    columns.extend(superseded.map(heading));
    columns.push(("REJECTED", Align::Right));
    columns.extend(removed.map(heading));
    columns.push(("REASON", Align::Left));
    let mut table = Table::new(columns);
    for entry in entries {
        let file = Line::from(shortened(&format!("{}/{}", entry.repository, entry.file), FILE_COLUMNS));
        let Some(ended) = entry.ended else {
            let word = match entry.state {
                Stage::Started => "started",
                Stage::Unresolved => "waiting for a configuration",
                Stage::Waiting | Stage::Concluding | Stage::Done => "waiting",
            };
            table.row([Line::new(), Line::new().styled(style::DIM, word), file]);
            continue;
        };
        let (style, word) = word(ended.outcome);
        let counts = ended.counts;
        let has_lines = ended.outcome == Outcome::Imported || counts.read > 0;
        let cell = |style, count: u64, more: &str| {
            if has_lines {
                Line::new().styled(style, format!("{}{more}", number(count)))
            } else {
                Line::new()
            }
        };
        let plain = |count| cell(style::PLAIN, count, "");
        let of_which = left_alone(&counts).map(|words| format!(" ({words})")).unwrap_or_default();
        let mut row = vec![
            Line::from(moment(ended.finished)),
            Line::new().styled(style, word),
            file,
            plain(counts.read),
            plain(counts.imported),
            cell(style::PLAIN, counts.unchanged, &of_which),
        ];
        row.extend(superseded.map(|(_, of)| plain(of(&counts))));
        let tone = if counts.rejected > 0 { style::WARN } else { style::PLAIN };
        row.push(cell(tone, counts.rejected, ""));
        row.extend(removed.map(|(_, of)| plain(of(&counts))));
        row.push(ended.reason.map_or_else(Line::new, |reason| Line::from(reason.message)));
        table.row(row);
    }
    table
}
