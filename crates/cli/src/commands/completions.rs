//! `tidewaiter completions`: what a shell needs to complete the command line.

use crate::printer::Printer;
use crate::{Result, Status};

/// Prints the completions of a command line for a shell.
pub fn run(shell: clap_complete::Shell, mut command: clap::Command, printer: &Printer) -> Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "tidewaiter", &mut script);
    printer.raw(&script)?;
    Ok(Status::Clean)
}
