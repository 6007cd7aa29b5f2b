//! `tidewaiter explain`: one file from drop to outcome, step by step.

use tidewaiter_ops::explain::{Explained, Name, explain};

use super::look;
use crate::args::ExplainArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::moment;
use crate::{Result, Status};

/// Explains every file of the name. That something is wrong with it was told by its import.
pub async fn run(args: ExplainArgs, printer: &Printer) -> Result<Status> {
    let ExplainArgs { deployment, file, repository, format } = args;
    let (deployment, repository) = look(&deployment.dir, repository).await?;
    let explained = explain(&deployment, repository.as_ref(), &file).await?;
    match format {
        Format::Json => printer.json(&explained)?,
        Format::Text => explained.iter().try_for_each(|explained| tell(explained, printer))?,
    }
    Ok(Status::Clean)
}

fn tell(explained: &Explained, printer: &Printer) -> Result<()> {
    let head = Line::new().styled(style::BOLD, &explained.file);
    let import = explained.import.map(|id| format!(", import {id}")).unwrap_or_default();
    printer.line(head.styled(style::DIM, format!("  in {}{import}", explained.repository)))?;
    for step in &explained.steps {
        let at = step.at.map(moment).unwrap_or_default();
        let word = match step.name {
            Name::Arrived => "arrived",
            Name::Named => "name",
            Name::Waits => "now",
            Name::Begun => "begun",
            Name::Outcome => "outcome",
            Name::Place => "place",
            Name::Mail => "mail",
            Name::Next => "next",
        };
        printer.line(
            Line::from("  ")
                .then(Line::new().styled(style::DIM, at).padded(20))
                .text("  ")
                .then(Line::new().styled(style::BOLD, word).padded(9))
                .text(&step.text),
        )?;
    }
    printer.blank()
}
