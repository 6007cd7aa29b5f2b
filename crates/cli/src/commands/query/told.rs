//! Queries, as they are told on a terminal.

use tidewaiter::id::Timestamp;
use tidewaiter::run::{ReadEnd, Why};
use tidewaiter_ops::queries::{Doing, Past, QueryStatus};

use crate::Result;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::{ago, moment, number, plural, shortened};

/// How much of a text a row shows.
const TEXT_COLUMNS: usize = 40;

/// A row for each query.
pub(super) fn all(queries: &[QueryStatus], now: Timestamp, printer: &Printer) -> Result<()> {
    let mut table = Table::new(vec![
        ("QUERY", Align::Left),
        ("CONNECTION", Align::Left),
        ("LAST ITEM", Align::Left),
        ("LAST READ", Align::Left),
        ("ROWS", Align::Right),
        ("NEXT", Align::Left),
    ]);
    for query in queries {
        let last = query.ended.last();
        table.row([
            Line::from(format!("{}/{}", query.repository, query.import)),
            Line::from(&query.reads.connection),
            Line::from(shortened(last_item(query), TEXT_COLUMNS)),
            standing(query, now),
            last.map_or_else(Line::new, |past| Line::from(number(past.read.rows))),
            next(query),
        ]);
    }
    table.print(printer)
}

fn last_item(query: &QueryStatus) -> &str {
    query.last_item.as_ref().map_or("", |last| last.text.as_str())
}

fn next(query: &QueryStatus) -> Line {
    match (query.reads.next.first(), &query.asked) {
        (_, Some(by)) => Line::from(format!("as soon as possible: {by} asked for it")),
        (Some(next), None) => Line::from(next),
        (None, None) if query.reads.schedule.is_some() => {
            Line::new().styled(style::DIM, "its schedule is over")
        }
        (None, None) => Line::new().styled(style::DIM, "when it is asked for"),
    }
}

fn standing(query: &QueryStatus, now: Timestamp) -> Line {
    match &query.doing {
        Doing::Reading { since } => Line::from(format!("reading, begun {}", ago(now, *since))),
        Doing::Failing { .. } => Line::new().styled(style::BAD, "cannot be read"),
        Doing::Importing { .. } => Line::from("its file is imported"),
        Doing::Nothing => match query.ended.last() {
            None => Line::new().styled(style::DIM, "never"),
            Some(past) if matches!(past.read.end, ReadEnd::Failed(_)) => {
                Line::new().styled(style::BAD, format!("failed {}", ago(now, past.read.at)))
            }
            Some(past) => Line::from(ago(now, past.read.at)),
        },
    }
}

/// All that is known of a query.
pub(super) fn whole(query: &QueryStatus, now: Timestamp, printer: &Printer) -> Result<()> {
    let name = format!("{}/{}", query.repository, query.import);
    printer.line(
        Line::new().styled(style::BOLD, name).text(format!(": reads connection {}", query.reads.connection)),
    )?;
    let schedule = query.reads.schedule.as_deref().unwrap_or("none: it is read when it is asked for");
    printer.line(format!("  schedule   {schedule}"))?;
    for (n, next) in query.reads.next.iter().enumerate() {
        printer.line(format!("  {}       {next}", if n == 0 { "next" } else { "    " }))?;
    }
    if let Some(column) = &query.column {
        printer.line(format!("  last item  {} in column {column}", last_item(query)))?;
    }
    if let Some(by) = &query.asked {
        printer.line(format!("  {by} asked for a read that has not begun"))?;
    }
    match &query.doing {
        Doing::Nothing => {}
        Doing::Failing { .. } => drop(trouble(query, now, printer)?),
        Doing::Reading { .. } | Doing::Importing { .. } => {
            printer.line(Line::from("  now        ").then(standing(query, now)))?;
        }
    }
    if query.ended.is_empty() {
        return Ok(());
    }
    reads(&query.ended.iter().collect::<Vec<_>>(), printer)
}

/// A row for each read.
pub(super) fn reads(reads: &[&Past], printer: &Printer) -> Result<()> {
    let mut table = Table::new(vec![
        ("WHEN", Align::Left),
        ("WHY", Align::Left),
        ("ROWS", Align::Right),
        ("IMPORTED", Align::Right),
        ("REJECTED", Align::Right),
        ("SECONDS", Align::Right),
        ("LAST ITEM BEFORE", Align::Left),
        ("AFTER", Align::Left),
        ("END", Align::Left),
    ]);
    for past in reads {
        table.row(row(past));
    }
    table.print(printer)
}

fn row(past: &Past) -> Vec<Line> {
    let read = &past.read;
    let is_read = read.run.is_some();
    let count = |count: Option<u64>| count.map_or_else(Line::new, |count| Line::from(number(count)));
    let item = |item: &Option<tidewaiter::item::LastItem>| {
        item.as_ref().map_or_else(Line::new, |item| Line::from(shortened(&item.text, TEXT_COLUMNS)))
    };
    let rejected = past.rejected.filter(|rejected| *rejected > 0);
    vec![
        Line::from(moment(read.at)),
        Line::from(why(past)),
        count(is_read.then_some(read.rows)),
        count(past.accepted),
        rejected.map_or_else(
            || count(past.rejected),
            |rejected| Line::new().styled(style::WARN, number(rejected)),
        ),
        if is_read { Line::from(format!("{:.1}", seconds(read.millis))) } else { Line::new() },
        item(&read.before),
        item(&read.after),
        end(past),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "no read takes 2^53 milliseconds")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

fn why(past: &Past) -> String {
    let which = if past.read.part > 1 { format!(", part {}", past.read.part) } else { String::new() };
    match &past.read.why {
        Some(Why::Scheduled { .. }) => format!("schedule{which}"),
        Some(Why::Asked { by }) => format!("asked by {by}{which}"),
        Some(Why::Changed) => format!("new or changed{which}"),
        None => String::new(),
    }
}

fn end(past: &Past) -> Line {
    match &past.read.end {
        ReadEnd::File => {
            Line::from(past.badlines.as_deref().or(past.file.as_deref()).unwrap_or("its file is gone"))
        }
        ReadEnd::WentBack => Line::new()
            .styled(style::BAD, "refused")
            .text(format!(": {}", past.file.as_deref().unwrap_or_default())),
        ReadEnd::Nothing if past.read.left_out > 0 => {
            Line::from(format!("nothing new; {} left out", plural(past.read.left_out, "row")))
        }
        ReadEnd::Nothing => Line::from("nothing new"),
        ReadEnd::Failed(trouble) => {
            Line::new().styled(style::BAD, "failed").text(format!(": {}", trouble.message))
        }
        ReadEnd::Moved { by: Some(by) } => Line::from(format!("moved by {by}")),
        ReadEnd::Moved { by: None } => Line::from("another column in the configuration: begins anew"),
    }
}

/// A line for a query among other things of its repository.
pub(in crate::commands) fn line(query: &QueryStatus, now: Timestamp) -> Line {
    let standing = match &query.doing {
        Doing::Failing { message, .. } => {
            Line::new().styled(style::BAD, format!("cannot be read: {message}"))
        }
        _ => Line::from("last read ").then(standing(query, now)),
    };
    Line::from(format!("query {} of {}: ", query.import, query.reads.connection))
        .then(standing)
        .text("; next ")
        .then(next(query))
}

/// Tells why a query cannot be read, if its last try failed. Answers whether it did.
pub(super) fn trouble(query: &QueryStatus, now: Timestamp, printer: &Printer) -> Result<bool> {
    let (message, hint, again) = match (&query.doing, query.ended.last().map(|past| &past.read.end)) {
        (Doing::Failing { message, hint, again, .. }, _) => (message, hint, Some(*again)),
        (Doing::Nothing, Some(ReadEnd::Failed(trouble))) => (&trouble.message, &trouble.hint, None),
        _ => return Ok(false),
    };
    let name = format!("{}: ", query.import);
    printer.line(Line::from(name).styled(style::BAD, "cannot be read").text(format!(": {message}")))?;
    if let Some(hint) = hint {
        printer.line(Line::from("  ").styled(style::DIM, format!("hint: {hint}")))?;
    }
    if let Some(again) = again {
        let seconds = again.duration_since(now).as_secs().max(0);
        printer.line(
            Line::from("  ").styled(style::DIM, format!("it is tried again in {seconds} s at the earliest")),
        )?;
    }
    Ok(true)
}
