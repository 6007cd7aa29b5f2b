//! One run over a folder, as a process of its own: `run_once FOLDER`. What the tests kill, and what they
//! run as another user.
#![expect(clippy::print_stderr, reason = "whoever reads a failed test sees it")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tidewaiter_folder::{Local, RunSummary, Runner};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: run_once FOLDER");
        return ExitCode::from(2);
    };
    match run(Path::new(&folder)) {
        Ok(summary) if summary.failures.is_empty() => ExitCode::SUCCESS,
        Ok(summary) => {
            for failure in summary.failures {
                eprintln!("{failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<RunSummary, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let local = Local::open(folder)?.without_settling();
    let mut runner = Runner::new(local, Duration::ZERO)?;
    Ok(runtime.block_on(runner.run(Duration::ZERO)))
}
