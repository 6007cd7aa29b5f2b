//! The command line of tidewaiter.
//!
//! [`args`] says what may be written on it. Each module of [`commands`] takes what was, asks `tidewaiter_ops` with typed
//! values, and shows the answer through a [`printer`]. Commands read nothing of the environment but who gives them, and never write to the terminal
//! themselves: that is how they can be tested, and how nothing that a partner sends reaches a terminal unescaped.

pub mod args;
pub mod commands;
pub mod error;
pub mod format;
mod operator;
mod output;
pub mod printer;
pub mod progress;
pub mod table;
pub mod text;

use std::process::ExitCode;

pub use error::{Error, Result};

use args::{Cli, LOG_VARIABLE};
use printer::{Line, Printer, style};

/// How a command ended. Bad usage and failures of ours are an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing is wrong.
    Clean,
    /// Something is wrong with the data, and was said.
    Findings,
    /// Something could not be done, and was said.
    Failure,
}

impl Status {
    /// The exit code: 0 clean, 1 findings, 2 failure.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Failure => 2,
        }
    }
}

/// Runs the command that was written on the command line.
pub fn start(cli: Cli) -> ExitCode {
    let printer = Printer::new(cli.color.into());
    log_to_stderr(cli.verbose, &printer);
    let ended = run(cli, &printer).and_then(|status| printer.flush().map(|()| status));
    let status = ended.unwrap_or_else(|error| {
        // If not even this can be written, the exit code has to say it.
        let _ = printer.flush();
        printer.error(&Line::new().styled(style::BAD, "error").text(": ").text(error.to_string()));
        if let Some(hint) = error.hint() {
            printer.error(&Line::new().styled(style::DIM, "hint").text(": ").text(hint));
        }
        Status::Failure
    });
    ExitCode::from(status.code())
}

fn run(cli: Cli, printer: &Printer) -> Result<Status> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    runtime.block_on(commands::run(cli.command, printer, &operator::operator()))
}

/// What the program logs: by `-v`, `-vv`, or [`LOG_VARIABLE`], which wins.
fn log_to_stderr(verbose: u8, printer: &Printer) {
    use tracing_subscriber::EnvFilter;

    let level = match verbose {
        // The client of SQL Server warns of connections without TLS: it does not know that we protect them.
        0 => "warn,tiberius=error",
        // Of the engine one step of a file each.
        1 => "info,tiberius=error,tidewaiter_engine=debug",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(printer.colours_errors())
        .with_target(verbose > 1)
        .with_writer({
            let printer = printer.clone();
            move || printer.error_writer()
        })
        .init();
}
