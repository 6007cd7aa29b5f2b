//! `tidewaiter check`: what an import would say of files, before they are sent.
//!
//! The check is that of the pipeline, so the verdict is too. Files are read once, in pieces; archives are
//! read twice, first to see that they are sound, then member by member, and never unpacked to disk.

mod archive;
mod fix;
mod judge;
mod preflight;
mod render;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidewaiter::config::Delimiter;
use tidewaiter::keys::Repository;
use tidewaiter::name::DroppedName;
use tidewaiter::report::Outcome;
use tidewaiter_archive::Format as ArchiveFormat;
use tidewaiter_pipeline::examine::ReadAt;

pub use self::fix::{Fix, Fixed};
use self::judge::{Judge, Ruling};
use self::preflight::Exam;
pub use self::preflight::{Lines, Preflight};
use self::render::Renderer;
use super::{file_name, read_configuration};
use crate::args::Format;
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
        dir: PathBuf,
        /// The repository; may be left out if there is only one.
        repository: Option<Repository>,
    },
}

/// Checks files one after the other. One that cannot be read does not keep the others from being checked.
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    if options.fix.is_some() && !matches!(options.files.as_slice(), [Input::File(_)]) {
        return Err(Error::OneFile);
    }
    let judge = Judge::new(options.source, options.scope, options.delimiter).await?;
    let mut check = Check {
        judge,
        hashed: options.format == Format::Json,
        progress: Progress::new(printer),
        out: Renderer::new(printer, options.format, options.all),
    };
    let mut failed = false;
    for input in &options.files {
        let done = match input {
            Input::Stdin => check.stdin(),
            Input::File(path) => match &options.fix {
                Some(fix) => fix::write(&mut check, path, fix),
                None => check.path(path),
            },
        };
        check.progress.clear();
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
    let findings = check.out.finish()?;
    Ok(match (failed, findings) {
        (true, _) => Status::Failure,
        (false, true) => Status::Findings,
        (false, false) => Status::Clean,
    })
}

struct Check<'a> {
    judge: Judge,
    /// The hash of each file is asked for.
    hashed: bool,
    progress: Progress,
    out: Renderer<'a>,
}

impl Check<'_> {
    fn stdin(&mut self) -> Result<()> {
        const NAME: &str = "standard input";
        let ruling = self.judge.nameless(NAME)?;
        let preflight = self.data(NAME, ruling, &mut io::stdin().lock(), 0, Error::Stdin)?;
        self.out.show(&preflight)
    }

    fn path(&mut self, path: &Path) -> Result<()> {
        let name = file_name(path);
        if !self.judge.ignores_names()
            && let DroppedName::Configuration { universe } = DroppedName::of(&name)
        {
            let document = read_configuration(path)?;
            return self.out.show(&self.judge.configuration(&name, universe, &document));
        }
        let cannot = |source| Error::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        let bytes = metadata.len();
        if let (DroppedName::Archive, Some(format)) =
            (DroppedName::of(&name), ArchiveFormat::from_name(&name))
        {
            return archive::check(self, path, &name, format, bytes);
        }
        let ruling = self.judge.rule(&name)?;
        let mut exam = Exam::begin(&name, ruling, self.hashed);
        let observe = |done| self.progress.show("checking", &name, done, bytes);
        // A file that says it is empty may be one that does not know.
        if metadata.is_file() && bytes > 0 {
            exam.read_at(&read_at(file), bytes, observe).map_err(cannot)?;
        } else {
            exam.read(&mut file, observe).map_err(cannot)?;
        }
        let preflight = exam.finish(bytes);
        self.out.show(&preflight)
    }

    fn data(
        &self,
        name: &str,
        ruling: Ruling,
        reader: &mut impl Read,
        bytes: u64,
        cannot: impl Fn(io::Error) -> Error,
    ) -> Result<Preflight> {
        let mut exam = Exam::begin(name, ruling, self.hashed);
        let observe = |done| self.progress.show("checking", name, done, bytes);
        exam.read(reader, observe).map_err(cannot)?;
        Ok(exam.finish(bytes))
    }
}

/// What reads a file at any position.
#[cfg(unix)]
fn read_at(file: File) -> ReadAt {
    Arc::new(move |at, buffer| std::os::unix::fs::FileExt::read_at(&file, buffer, at))
}

/// What reads a file at any position.
#[cfg(not(unix))]
fn read_at(file: File) -> ReadAt {
    use std::io::{Seek, SeekFrom};

    let file = std::sync::Mutex::new(file);
    Arc::new(move |at, buffer| {
        let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read(buffer)
    })
}

/// True if somebody ought to look at a file that was judged so.
fn needs_attention(preflight: &Preflight) -> bool {
    preflight.counts.rejected > 0 || matches!(preflight.outcome, Outcome::Bogus | Outcome::NotProcessed)
}
