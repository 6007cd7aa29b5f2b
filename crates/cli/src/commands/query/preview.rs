//! `tidewaiter query preview`: the first rows of a query beside the fields that they go to.

use tidewaiter::config::Config;
use tidewaiter_ops::queries;
use tidewaiter_ops::{Deployment, Location};

use crate::args::{Document, QueryPreviewArgs};
use crate::commands::check::render::Renderer;
use crate::commands::config;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::{plural, shortened};
use crate::{Result, Status};

/// How much of a value a row shows.
const VALUE_COLUMNS: usize = 48;

/// Reads the first rows, and loads nothing.
pub async fn preview(args: QueryPreviewArgs, printer: &Printer) -> Result<Status> {
    let QueryPreviewArgs { deployment, name, config, repository, rows, format } = args;
    let location = Location::of(deployment.dir)?;
    let repository = location.repository(repository)?;
    let document = match config {
        None => None,
        Some(file) => {
            let config::Read { file, universe, content } = config::read(Document { file, universe: None })?;
            match Config::parse(&universe, &content) {
                Ok(config) => Some(config),
                Err(mistakes) => {
                    config::tell_wrong(&file, &mistakes, printer)?;
                    return Ok(Status::Findings);
                }
            }
        }
    };
    let deployment = Deployment::look(&location).await?;
    let preview = queries::preview(&deployment, repository.as_ref(), &name, document, rows).await?;
    let needs_attention = preview.check.needs_attention();
    match format {
        Format::Json => printer.json(&preview)?,
        Format::Text => tell(&preview, printer)?,
    }
    Ok(if needs_attention { Status::Findings } else { Status::Clean })
}

fn tell(preview: &queries::Preview, printer: &Printer) -> Result<()> {
    let mut table = Table::new(vec![
        ("COLUMN", Align::Left),
        ("TYPE", Align::Left),
        ("FIRST VALUE", Align::Left),
        ("FIELD", Align::Left),
        ("NULL", Align::Right),
    ]);
    for column in &preview.columns {
        let field = column.field.as_deref();
        table.row([
            Line::from(&column.column),
            Line::new().styled(style::DIM, &column.kind),
            match &column.first {
                Some(value) => Line::from(shortened(value, VALUE_COLUMNS)),
                None => Line::new().styled(style::DIM, "NULL"),
            },
            field.map_or_else(|| Line::new().styled(style::WARN, "not imported"), Line::from),
            if column.without_value == 0 {
                Line::new()
            } else {
                Line::from(column.without_value.to_string())
            },
        ]);
    }
    table.print(printer)?;
    let left_out = match preview.left_out {
        0 => String::new(),
        left_out => format!("; {} imported before left out", plural(left_out, "row")),
    };
    let rows = plural(preview.rows, "row");
    printer.line(format!("{rows} of {} read{left_out}; nothing was loaded", preview.connection))?;
    if preview.rows > 0 {
        let mut renderer = Renderer::new(printer, Format::Text, false);
        renderer.show(&preview.check)?;
        renderer.finish()?;
    }
    Ok(())
}
