//! `tidewaiter watch`: goes on until it is told to stop.

use std::sync::Arc;

use serde_json::json;
use tidewaiter_folder::{Runner, Told};
use tidewaiter_ops::open_folder;

use super::events::Teller;
use super::only_folder;
use crate::args::WatchArgs;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::text::listed;
use crate::{Error, Result, Status};

/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Imports what arrives, telling of each file as it is done, until a signal says stop.
pub async fn run(args: WatchArgs, printer: &Printer) -> Result<Status> {
    let WatchArgs { deployment, quiet_for, format } = args;
    let dir = only_folder(deployment, "`watch`", super::RUNS_BY_ITSELF)?;
    let teller = Arc::new(Teller::new(printer, format));
    let observer = teller.clone();
    let local = open_folder(&dir)?.observed_by(move |observation| observer.observe(observation));
    let repositories = local.repositories().await?.iter().map(ToString::to_string).collect::<Vec<_>>();
    let signals = Signals::new()?;
    let root = local.root().to_owned();
    let mut runner = Runner::new(local, quiet_for)?;
    match format {
        Format::Text => {
            let drop = dir.join("imports");
            printer.line(Line::new().styled(style::BOLD, "watching").text(format!(
                " {} ({}); Ctrl-C stops",
                drop.display(),
                if repositories.is_empty() { "no repository yet".to_owned() } else { listed(&repositories) },
            )))?;
        }
        Format::Json => {
            let dir = dir.display().to_string();
            printer.json_line(&json!({ "event": "watching", "dir": dir, "repositories": repositories }))?;
        }
    }
    printer.flush()?;
    let stop = stop_on_signal(signals, printer.clone());
    let tell = |told| match told {
        Told::Failed(failure) => teller.failed(&failure),
        Told::Recovered(failure) => teller.recovered(&failure),
        Told::Stray(path) => teller.stray(&root, &path),
    };
    Box::pin(runner.watch(stop, tell)).await;
    let tally = teller.tally();
    match format {
        Format::Text => printer.line(Line::from("stopped; ").then(tally.sentence()))?,
        Format::Json => printer.json_line(&json!({
            "event": "summary",
            "files": tally.files,
            "lines": tally.lines,
            "need_attention": tally.need_attention,
        }))?,
    }
    Ok(Status::Clean)
}

/// Ready when the first signal has come. The second one ends the program whatever it is doing: signals are
/// listened to beside the work, since the work looks up only between two files.
fn stop_on_signal(mut signals: Signals, printer: Printer) -> impl Future<Output = ()> {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        printer.error(&Line::from("Finishing the current file; press Ctrl-C again to stop now"));
        // If no receiver waits for it, the work is over already.
        let _ = stop.send(());
        signals.next().await;
        // What is under way is left as a power cut would leave it, and taken up by the next start.
        std::process::exit(INTERRUPTED);
    });
    async {
        // The sender lives as long as the program.
        let _ = stopped.await;
    }
}

/// The signals that mean stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(Error::Runtime)?,
            interrupt: signal(SignalKind::interrupt()).map_err(Error::Runtime)?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // A handler that cannot be installed leaves the default, which ends the program.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
