//! `tidewaiter connection`: where connections lead, who may use them, and what is wrong with them.

use tidewaiter_ops::connections::{Connections, Listed, StepResult, Tested, TestedStep};

use super::only_folder;
use crate::args::{ConnectionListArgs, ConnectionTestArgs};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::{number, plural, size};
use crate::{Result, Status};

/// What there is in place of these commands for a stack.
const OF_STACKS: &str = "the connections of a stack lie in a secret, and its functions reach their databases";
/// What is said where there are no connections.
const NONE: &str = "there are no connections: `[connections.NAME]` in tidewaiter.toml defines one";
/// The steps as wide as the longest of them, `read-only`.
const STEP_COLUMNS: usize = 9;

/// Lists the connections.
pub fn list(args: ConnectionListArgs, printer: &Printer) -> Result<Status> {
    let dir = only_folder(args.deployment, "`connection list`", OF_STACKS)?;
    let connections = Connections::of(&dir)?.list();
    match args.format {
        Format::Json => printer.json(&connections)?,
        Format::Text if connections.is_empty() => printer.line(NONE)?,
        Format::Text => table(connections).print(printer)?,
    }
    Ok(Status::Clean)
}

fn table(connections: Vec<Listed>) -> Table {
    let headings = ["NAME", "ENGINE", "PLACE", "USER", "REPOSITORIES", "LIMITS OF A QUERY", "AT A TIME"];
    let mut table = Table::new(
        headings.map(|heading| (heading, if heading == "AT A TIME" { Align::Right } else { Align::Left })),
    );
    for one in connections {
        let repositories: Vec<String> = one.repositories.iter().map(ToString::to_string).collect();
        let limits = format!(
            "{} rows, {} ({} a row), {}",
            number(one.max_rows),
            size(one.max_bytes),
            size(one.max_row_bytes as u64),
            plural(one.max_seconds, "second")
        );
        table.row([
            Line::new().styled(style::BOLD, one.name),
            Line::from(one.engine),
            Line::from(one.place),
            Line::from(one.user.unwrap_or_default()),
            Line::from(repositories.join(", ")),
            Line::from(limits),
            Line::from(one.max_reads),
        ]);
    }
    table
}

/// Tests connections, one after the other. Each is told as soon as it is tested: a server that does not answer takes a
/// while.
pub async fn test(args: ConnectionTestArgs, printer: &Printer) -> Result<Status> {
    let dir = only_folder(args.deployment, "`connection test`", OF_STACKS)?;
    let connections = Connections::of(&dir)?;
    let names = connections.names(args.names)?;
    let mut all_work = true;
    let mut json = (args.format == Format::Json).then(|| printer.json_list());
    if names.is_empty() && json.is_none() {
        printer.line(NONE)?;
    }
    for name in names {
        let tested = connections.test(&name).await?;
        all_work &= tested.works;
        match &mut json {
            Some(json) => json.push(&tested)?,
            None => tell(&tested, printer)?,
        }
        printer.flush()?;
    }
    if let Some(json) = json {
        json.finish()?;
    }
    Ok(if all_work { Status::Clean } else { Status::Findings })
}

fn tell(tested: &Tested, printer: &Printer) -> Result<()> {
    let head = Line::new().styled(style::BOLD, &tested.name);
    printer.line(head.text(format!("  {}, {}", tested.engine, tested.place)))?;
    for TestedStep { step, result, message, hint } in &tested.steps {
        let (style, mark) = match result {
            StepResult::Passes => (style::GOOD, "✓"),
            StepResult::Warns => (style::WARN, "!"),
            StepResult::Fails => (style::BAD, "✗"),
        };
        let line = Line::from("  ").styled(style, mark).text(" ").then(Line::from(step).padded(STEP_COLUMNS));
        printer.line(line.text("  ").text(message))?;
        if let Some(hint) = hint {
            let indent = " ".repeat(STEP_COLUMNS + 6);
            printer.line(Line::from(indent).styled(style::DIM, "hint").text(": ").text(hint))?;
        }
    }
    Ok(())
}
