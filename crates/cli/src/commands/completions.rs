//! `tidewaiter completions`: what a shell needs to complete the command line.

use clap::CommandFactory;

use crate::args::Cli;
use crate::printer::Printer;
use crate::{Result, Status};

/// Prints the completions for a shell.
pub fn run(shell: clap_complete::Shell, printer: &Printer) -> Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tidewaiter", &mut script);
    printer.raw(&script)?;
    Ok(Status::Clean)
}
