//! `tidewaiter`: see the library beside it.

use std::process::ExitCode;

use clap::Parser;
use tidewaiter_cli::args::Cli;

fn main() -> ExitCode {
    tidewaiter_cli::start(Cli::parse())
}
