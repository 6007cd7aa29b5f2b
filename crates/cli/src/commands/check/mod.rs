//! `tidewaiter check`: what an import would say of files, before they are sent.

mod fix;
mod render;

use std::io;
use std::path::PathBuf;

use tidewaiter::config::Delimiter;
use tidewaiter::keys::Repository;
use tidewaiter_ops::preflight::{Advice, Checks, Fix, Judge, Observer, Phase, active_in, active_in_files};
use tidewaiter_ops::{Deployment, Location};

use self::render::Renderer;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::progress::Progress;
use crate::{Error, Result, Status};

/// What to check, and by what.
#[derive(Debug)]
pub struct Options {
    /// The files.
    pub files: Vec<Input>,
    /// The configurations to judge by.
    pub source: Source,
    /// What the files hold, whatever their names.
    pub scope: Option<String>,
    /// The character between fields, instead of the configured one.
    pub delimiter: Option<Delimiter>,
    /// Write the one file that is checked as it should be.
    pub fix: Option<Fix>,
    /// Show all findings that are kept.
    pub all: bool,
    /// How to write it.
    pub format: Format,
}

/// Something to check.
#[derive(Debug)]
pub enum Input {
    /// Standard input: a data file without a name.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Where the configurations are that files are judged by.
#[derive(Debug)]
pub enum Source {
    /// There are none.
    None,
    /// These files.
    Files(Vec<PathBuf>),
    /// The active ones of a repository.
    Deployment {
        /// The deployment.
        location: Location,
        /// The repository; may be left out if there is only one.
        repository: Option<Repository>,
    },
}

/// How a check is told more.
const ADVICE: Advice = Advice {
    which_scope: crate::error::WHICH_SCOPE,
    whatever_the_name: "its content was not checked; `--scope {scope}` checks it, whatever its name",
};

/// Checks files one after the other. One that cannot be read does not keep the others from being checked.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    let Options { files, source, scope, delimiter, fix, all, format } = options;
    if fix.is_some() && !matches!(files.as_slice(), [Input::File(_)]) {
        return Err(Error::OneFile);
    }
    let active = match source {
        Source::None => None,
        Source::Files(paths) => Some(active_in_files(&paths)?),
        Source::Deployment { location, repository } => {
            let repository = location.repository(repository)?;
            let deployment = Deployment::look(&location).await?;
            Some(active_in(&deployment, repository.as_ref()).await?)
        }
    };
    let judge = Judge::new(active, scope.as_deref(), delimiter)?.with_advice(ADVICE);
    let checks = Checks::new(judge, format == Format::Json);
    let progress = Progress::new(printer);
    let mut out = Renderer::new(printer, format, all);
    let mut failed = false;
    for input in &files {
        let done = check(&checks, input, fix.as_ref(), &progress, &mut out);
        progress.clear();
        if let Err(error) = done {
            if let Error::Output(_) = error {
                return Err(error);
            }
            failed = true;
            printer.error(&Line::new().styled(style::BAD, "error").text(format!(": {error}")));
            if let Some(hint) = error.hint() {
                printer.error(&Line::new().styled(style::DIM, "hint").text(format!(": {hint}")));
            }
        }
    }
    let findings = out.finish()?;
    Ok(match (failed, findings) {
        (true, _) => Status::Failure,
        (false, true) => Status::Findings,
        (false, false) => Status::Clean,
    })
}

fn check(
    checks: &Checks,
    input: &Input,
    fix: Option<&Fix>,
    progress: &Progress,
    out: &mut Renderer<'_>,
) -> Result<()> {
    match (input, fix) {
        (Input::Stdin, _) => {
            let read = checks.nameless("standard input", &mut io::stdin().lock())?;
            out.show(&read.map_err(Error::Stdin)?)
        }
        (Input::File(path), Some(fix)) => out.show(&checks.fix(path, fix, progress)?),
        (Input::File(path), None) => checks.file(path, progress, |preflight| out.show(preflight)),
    }
}

impl Observer for Progress {
    fn read(&self, phase: Phase, file: &str, done: u64, of: u64) {
        let word = match phase {
            Phase::Opening => "opening",
            Phase::Checking => "checking",
        };
        self.show(word, file, done, of);
    }
}
