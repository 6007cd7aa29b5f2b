//! Archives: read once to see that they are sound, then once more to check their members.
//!
//! An archive is taken as a whole or not at all, so nothing is said of a member before the last one is
//! known to be good; and nothing is kept of any member, however many there are.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use tidewaiter::keys::clean_name;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::{ExtractError, Format, Refusal, Sink, extract};

use super::Check;
use super::preflight::{Exam, Preflight};
use crate::progress::Progress;
use crate::text::plural;
use crate::{Error, Result};

/// Checks an archive and its members.
pub(super) fn check(
    check: &mut Check<'_>,
    path: &Path,
    name: &str,
    format: Format,
    bytes: u64,
) -> Result<()> {
    let limits = check.judge.archive_limits();
    let cannot = |source| Error::Read { path: path.to_owned(), source };
    let open = |phase| {
        let file = File::open(path).map_err(cannot)?;
        Ok::<_, Error>(Watched { file, progress: &check.progress, phase, name, bytes })
    };
    let archive = match extract(format, name, open("opening")?, &limits, &mut Nowhere) {
        Ok(summary) => {
            let mut archive = Preflight::new(name, Outcome::Unpacked, bytes);
            archive.notes.push(plural(summary.members, "member"));
            let ignored = summary.ignored.paths.iter();
            archive.notes.extend(ignored.map(|path| format!("ignored {path}: the archive program added it")));
            archive
        }
        Err(ExtractError::Refused(refusal)) => refused(name, bytes, refusal),
        Err(ExtractError::Source(source)) => return Err(cannot(source)),
        Err(ExtractError::Sink(never)) => match never {},
    };
    let is_sound = archive.outcome == Outcome::Unpacked;
    check.out.show(&archive)?;
    if !is_sound {
        return Ok(());
    }
    let source = open("checking")?;
    let mut members =
        Members { judge: &check.judge, out: &mut check.out, archive: name, hashed: check.hashed, open: None };
    match extract(format, name, source, &limits, &mut members) {
        Ok(_) => Ok(()),
        Err(ExtractError::Refused(_)) => Err(cannot(io::Error::other("it changed while it was being read"))),
        Err(ExtractError::Source(source)) => Err(cannot(source)),
        Err(ExtractError::Sink(error)) => Err(error),
    }
}

fn refused(name: &str, bytes: u64, refusal: Refusal) -> Preflight {
    let Refusal { code, member, message } = refusal;
    let message = match member {
        Some(member) => format!("{member}: {message}"),
        None => message,
    };
    let mut archive = Preflight::new(name, Outcome::Bogus, bytes);
    archive.reason = Some(Reason::new(code.as_str(), message));
    archive
}

/// Takes members and forgets them.
struct Nowhere;

impl Sink for Nowhere {
    type Error = Infallible;

    fn begin(&mut self, _name: &str) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self) -> std::result::Result<(), Infallible> {
        Ok(())
    }
}

/// Checks members one by one.
struct Members<'a, 'p> {
    judge: &'a super::Judge,
    out: &'a mut super::Renderer<'p>,
    archive: &'a str,
    hashed: bool,
    open: Option<(Exam, u64)>,
}

impl Sink for Members<'_, '_> {
    type Error = Error;

    fn begin(&mut self, name: &str) -> Result<()> {
        let name = clean_name(name);
        self.open = Some((Exam::begin(&name, self.judge.rule_member(&name), self.hashed), 0));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some((exam, size)) = &mut self.open {
            exam.feed(&Bytes::copy_from_slice(bytes));
            *size += bytes.len() as u64;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let Some((mut exam, size)) = self.open.take() else { return Ok(()) };
        if exam.wants_more() {
            exam.end();
        }
        let mut preflight = exam.finish(size);
        preflight.archive = Some(self.archive.to_owned());
        self.out.show(&preflight)
    }
}

/// A file that tells how far it was read.
struct Watched<'a> {
    file: File,
    progress: &'a Progress,
    phase: &'static str,
    name: &'a str,
    bytes: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let at = self.file.stream_position()?;
        self.progress.show(self.phase, self.name, at, self.bytes);
        Ok(count)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
