//! What an import would say of files, before they are sent.
//!
//! The check is that of the engine, so the verdict is too. Files are read once, in pieces; archives are
//! read twice, first to see that they are sound, then member by member, and never unpacked to disk. So are encrypted files,
//! if there is a key for them.

mod answer;
mod archive;
mod encrypted;
mod exam;
mod fix;
mod judge;
mod values;
mod workbook;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use tidewaiter::config::Active;
use tidewaiter::name::{DroppedName, is_tool_file};
use tidewaiter_archive::Format as ArchiveFormat;
use tidewaiter_engine::capabilities::Keys;
use tidewaiter_engine::examine::ReadAt;
use tidewaiter_engine::register::tool_file;

pub use self::answer::{Lines, Preflight};
use self::exam::Exam;
pub use self::fix::{Fix, Fixed};
use self::judge::Ruling;
pub use self::judge::{Advice, Judge, active_in, active_in_files, keys_in, keys_in_files};
pub(crate) use self::values::Values;
use crate::{Error, Result, configurations};

/// What is done with a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// An archive is read to see that it is sound.
    Opening,
    /// Lines are checked.
    Checking,
}

/// Learns how far files are read.
pub trait Observer {
    /// So many bytes of a file are done, of so many.
    fn read(&self, phase: Phase, file: &str, done: u64, of: u64);
}

/// Learns nothing.
impl Observer for () {
    fn read(&self, _phase: Phase, _file: &str, _done: u64, _of: u64) {}
}

/// Checks files as an import would.
#[derive(Debug)]
pub struct Checks {
    judge: Judge,
    hashed: bool,
    keys: Option<Arc<Keys>>,
}

impl Checks {
    /// Checks by what the judge says. `hashed` if the hash of each file is asked for; the check is faster without.
    pub fn new(judge: Judge, hashed: bool) -> Self {
        Self { judge, hashed, keys: None }
    }

    /// The same with keys, if there are any, so that encrypted files are checked, too.
    #[must_use]
    pub fn with_keys(self, keys: Option<Arc<Keys>>) -> Self {
        Self { keys, ..self }
    }

    /// Checks a file of this machine by its name: a data file, an archive, an encrypted file or a configuration. `show` gets what is said of
    /// it, and of each member of an archive; what it fails with ends the check.
    ///
    /// # Errors
    /// If the file cannot be read, its scope cannot be told, or `show` fails.
    pub fn file<E: From<Error>>(
        &self,
        path: &Path,
        observer: &impl Observer,
        mut show: impl FnMut(&Preflight) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let name = file_name(path);
        if !self.judge.ignores_names()
            && let DroppedName::Configuration { universe } = DroppedName::of(&name)
        {
            let document = configurations::read(path)?;
            return show(&self.judge.configuration(&name, universe, &document));
        }
        let cannot = |source| Error::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        let bytes = metadata.len();
        if !self.judge.ignores_names() && is_tool_file(&name, bytes) {
            return show(&Exam::begin(&name, tool_file().into(), self.hashed).finish(bytes));
        }
        if let (DroppedName::Archive, Some(format)) =
            (DroppedName::of(&name), ArchiveFormat::from_name(&name))
        {
            return archive::check(self, (path, &name, format, bytes), observer, &mut show);
        }
        if let DroppedName::Encrypted { content } = DroppedName::of(&name) {
            return encrypted::check(self, (path, &name, content, bytes), observer, &mut show);
        }
        if DroppedName::of(&name) == DroppedName::Workbook {
            return workbook::check(self, (path, &name, bytes), observer, &mut show);
        }
        let ruling = self.judge.rule(&name)?;
        let mut exam = Exam::begin(&name, ruling, self.hashed);
        let observe = |done| observer.read(Phase::Checking, &name, done, bytes);
        // A file that says it is empty may be one that does not know.
        if metadata.is_file() && bytes > 0 {
            exam.read_at(&read_at(file), bytes, observe).map_err(cannot)?;
        } else {
            exam.read(&mut file, observe).map_err(cannot)?;
        }
        show(&exam.finish(bytes))
    }

    /// What becomes of data that has no name, as it comes from a pipe. `shown` stands in for the name.
    ///
    /// # Errors
    /// [`Error::WhichScope`] unless the judge has a scope for all; [`io::Error`] if the data cannot be read.
    pub fn nameless(&self, shown: &str, reader: &mut impl Read) -> Result<io::Result<Preflight>> {
        let ruling = self.judge.nameless(shown)?;
        Ok(self.reader(shown, ruling, reader, 0, &()))
    }

    fn reader(
        &self,
        name: &str,
        ruling: Ruling,
        reader: &mut impl Read,
        bytes: u64,
        observer: &impl Observer,
    ) -> io::Result<Preflight> {
        let mut exam = Exam::begin(name, ruling, self.hashed);
        exam.read(reader, |done| observer.read(Phase::Checking, name, done, bytes))?;
        Ok(exam.finish(bytes))
    }
}

/// Checks the content of a file that is not there, by its name and the configurations that are active.
pub(crate) fn check_content(active: &Active, file: &str, content: &[u8]) -> Result<Preflight> {
    let checks = Checks::new(Judge::new(Some(active.clone()), None, None, Advice::NONE)?, false);
    let ruling = checks.judge.rule(file)?;
    let mut reader = content;
    let checked = checks.reader(file, ruling, &mut reader, content.len() as u64, &());
    checked.map_err(|source| Error::Read { path: file.into(), source })
}

/// The last part of a path, whatever its characters.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
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
