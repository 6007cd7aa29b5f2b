//! `tidewaiter config`: is a configuration right, and what does it configure?

use serde_json::{Map, Value};
use tidewaiter::config::json_schema;
use tidewaiter::id::Timestamp;
use tidewaiter::mistake::Mistake;
use tidewaiter_ops::configurations::{self, Activation, Checked, Configured};
use tidewaiter_ops::preflight::file_name;
use tidewaiter_ops::{Deployment, Location};

use crate::args::{ConfigActivateArgs, ConfigCheckArgs, Document};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::{listed, plural};
use crate::{Error, Result, Status};

/// Makes a configuration the active one of a repository, as an operator.
pub async fn activate(args: ConfigActivateArgs, printer: &Printer, operator: &str) -> Result<Status> {
    let ConfigActivateArgs { deployment, repository, document } = args;
    let location = Location::of(deployment.dir)?;
    let deployment = Deployment::open(&location).await?;
    let Read { file, universe, content } = read(document)?;
    match configurations::activate(&deployment, &repository, &universe, content, operator).await? {
        Activation::Active => {}
        Activation::Superseded => return Err(Error::Superseded(universe)),
        Activation::NotOwned => {
            return Err(Error::NotOwned { location, universe, repository: repository.to_string() });
        }
        Activation::Wrong(mistakes) => {
            tell_wrong(&file, &mistakes, printer)?;
            return Ok(Status::Findings);
        }
    }
    printer.line(format!("it is now the active configuration of universe {universe} in {repository}"))?;
    Ok(Status::Clean)
}

/// A configuration that was read from a file.
pub(super) struct Read {
    /// The name of the file.
    pub(super) file: String,
    pub(super) universe: String,
    pub(super) content: Vec<u8>,
}

/// Reads a configuration, and finds out which universe it is for.
pub(super) fn read(document: Document) -> Result<Read> {
    let Document { file, universe } = document;
    let universe = universe.map_or_else(|| configurations::universe_of(&file), Ok)?;
    Ok(Read { content: configurations::read(&file)?, file: file_name(&file), universe })
}

/// Prints the JSON Schema of configurations.
pub fn schema(printer: &Printer) -> Result<Status> {
    printer.json(&json_schema())?;
    Ok(Status::Clean)
}

/// Finds every mistake of a configuration, or shows what it configures.
pub fn check(args: ConfigCheckArgs, printer: &Printer) -> Result<Status> {
    let ConfigCheckArgs { document, format } = args;
    let Read { file, universe, content } = read(document)?;
    let checked = configurations::check(&file, &universe, &content, Timestamp::now());
    match (format, &checked.configured) {
        (Format::Json, _) => printer.json(&checked)?,
        (Format::Text, Some(configured)) => describe(&checked, configured, printer)?,
        (Format::Text, None) => tell_wrong(&checked.file, &checked.mistakes, printer)?,
    }
    Ok(if checked.valid { Status::Clean } else { Status::Findings })
}

pub(super) fn tell_wrong(file: &str, mistakes: &[Mistake], printer: &Printer) -> Result<()> {
    let count = plural(mistakes.len() as u64, "mistake");
    printer.line(Line::from(format!("{file}: ")).styled(style::BAD, count))?;
    tell_mistakes(mistakes, printer)
}

/// A line for each mistake, and one for advice.
pub(super) fn tell_mistakes(mistakes: &[Mistake], printer: &Printer) -> Result<()> {
    for Mistake { path, message, hint } in mistakes {
        let place =
            if path.is_empty() { Line::new() } else { Line::new().styled(style::BOLD, path).text(": ") };
        printer.line(Line::from("  ").then(place).text(message))?;
        if let Some(hint) = hint {
            printer.line(Line::from("    ").styled(style::DIM, format!("hint: {hint}")))?;
        }
    }
    Ok(())
}

fn describe(checked: &Checked, configured: &Configured, printer: &Printer) -> Result<()> {
    let imports = plural(configured.imports.len() as u64, "import");
    printer.line(
        Line::from(format!("{}: ", checked.file))
            .styled(style::GOOD, "valid")
            .text(format!(", {imports} of universe {}", checked.universe)),
    )?;
    for import in &configured.imports {
        let line = Line::from("  ").text(&import.files);
        let told = told(&import.changed);
        printer.line(if import.changed.is_empty() { line } else { line.styled(style::DIM, told) })?;
        if let Some(reads) = &import.reads {
            let schedule = reads.schedule.as_deref().unwrap_or("when it is asked for");
            printer.line(format!("    reads connection {}: {schedule}", reads.connection))?;
            for next in &reads.next {
                printer.line(Line::from("      ").styled(style::DIM, next))?;
            }
        }
    }
    if !configured.changed_settings.is_empty() {
        printer.line(format!("  settings{}", told(&configured.changed_settings)))?;
    }
    if !configured.own_scopes.is_empty() {
        printer.line(format!("  scopes with columns of its own: {}", listed(&configured.own_scopes)))?;
    }
    Ok(())
}

fn told(changed: &Map<String, Value>) -> String {
    // A query has lines of its own.
    let options = changed.iter().filter(|(name, _)| *name != "query");
    let options: Vec<String> = options.map(|(name, value)| format!("{name} {value}")).collect();
    format!("  {}", options.join(", "))
}
