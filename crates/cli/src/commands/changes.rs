//! `tidewaiter changes`: the change feed.

use std::io::{self, IsTerminal};

use tidewaiter_ops::changes::{ChangeFormat, ChangeWriter, Changes};

use super::look;
use crate::args::ChangesArgs;
use crate::output::Output;
use crate::printer::Printer;
use crate::{Error, Result, Status};

/// Writes changes, page by page.
pub(super) async fn run(args: ChangesArgs, printer: &Printer) -> Result<Status> {
    let (deployment, _) = look(&args.deployment.dir, None).await?;
    let changes = Changes::behind(&deployment, args.universe.as_deref(), args.since).await?;
    let format = args.format.into();
    let output = match &args.output {
        Some(path) => {
            Output::file(path).map_err(|source| Error::OutputFile { path: path.clone(), source })?
        }
        None if format == ChangeFormat::Parquet && io::stdout().is_terminal() => {
            return Err(Error::ToTerminal);
        }
        None => Output::Printed(printer.clone()),
    };
    let mut writer = match ChangeWriter::new(format, output) {
        Ok(writer) => writer,
        Err(error) => return ended(error),
    };
    if let Some(mut changes) = changes {
        let mut left = args.limit.unwrap_or(usize::MAX);
        loop {
            let mut page = changes.next().await?;
            page.truncate(left);
            left -= page.len();
            if page.is_empty() {
                break;
            }
            if let Err(error) = page.iter().try_for_each(|change| writer.push(change)) {
                return ended(error);
            }
        }
    }
    match writer.finish().and_then(Output::keep) {
        Ok(()) => Ok(Status::Clean),
        Err(error) => ended(error),
    }
}

/// A reader that is gone has what it wanted.
fn ended(error: io::Error) -> Result<Status> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(Status::Clean) } else { Err(Error::Output(error)) }
}
