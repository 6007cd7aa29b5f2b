//! `tidewaiter changes`: the change feed.

use tidewaiter_ops::changes::{Changes, Operation, RecordChange};
use tidewaiter_ops::records::csv;

use super::look;
use crate::args::{ChangesArgs, ChangesFormat};
use crate::printer::Printer;
use crate::{Result, Status};

const COLUMNS: [&str; 8] = ["order", "operation", "scope", "key", "import", "file", "line", "values"];

/// Prints changes, page by page.
pub(super) async fn run(args: ChangesArgs, printer: &Printer) -> Result<Status> {
    let ChangesArgs { deployment, since, universe, limit, format } = args;
    let (deployment, _) = look(&deployment.dir, None).await?;
    let mut left = limit.unwrap_or(usize::MAX);
    if format == ChangesFormat::Csv {
        printer.raw(&csv::line(b',', COLUMNS.iter().copied()))?;
    }
    let Some(mut changes) = Changes::behind(&deployment, universe.as_deref(), since).await? else {
        return Ok(Status::Clean);
    };
    loop {
        let mut page = changes.next().await?;
        page.truncate(left);
        left -= page.len();
        if page.is_empty() {
            return Ok(Status::Clean);
        }
        for change in &page {
            match format {
                ChangesFormat::Jsonl => printer.json_line(change)?,
                ChangesFormat::Csv => printer.raw(&row(change))?,
            }
        }
    }
}

fn row(change: &RecordChange) -> Vec<u8> {
    let operation = match change.operation {
        Operation::Put => "put",
        Operation::Remove => "remove",
    };
    let values = match change.operation {
        Operation::Put => serde_json::json!(change.values).to_string(),
        Operation::Remove => String::new(),
    };
    let (order, import, line) =
        (change.order.to_string(), change.import.to_string(), change.line.to_string());
    let cells: [&str; 8] =
        [&order, operation, &change.scope, &change.key, &import, &change.file, &line, &values];
    csv::line(b',', cells.into_iter())
}
