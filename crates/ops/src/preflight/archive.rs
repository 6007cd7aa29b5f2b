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
use tidewaiter::name::is_tool_file;
use tidewaiter::report::Outcome;
use tidewaiter_archive::{ExtractError, Format, Sink, extract};
use tidewaiter_engine::intake::{ignored_note, is_lone, refused_archive};

use super::exam::Exam;
use super::{Checks, Observer, Phase, Preflight};
use crate::Error;
use crate::text::plural;

/// Checks an archive and its members. `show` gets what is said of the archive, then of each member. Of an archive that is
/// handled as the only file in it, `show` gets what is said of that.
pub(super) fn check<E: From<Error>>(
    checks: &Checks,
    (path, name, format, bytes): (&Path, &str, Format, u64),
    observer: &impl Observer,
    show: &mut impl FnMut(&Preflight) -> Result<(), E>,
) -> Result<(), E> {
    let limits = checks.judge.archive_limits();
    let cannot = |source| E::from(Error::Read { path: path.to_owned(), source });
    let open = |phase| {
        let file = File::open(path).map_err(cannot)?;
        Ok::<_, E>(Watched { file, observer, phase, name, bytes })
    };
    let mut nowhere = Nowhere::default();
    let mut lone = None;
    let archive = match extract(format, name, open(Phase::Opening)?, &limits, &mut nowhere) {
        Ok(summary) => {
            let mut archive = Preflight::new(name, Outcome::Unpacked, bytes);
            lone = nowhere.0.filter(|file| is_lone(file, summary.members));
            archive.notes.push(plural(summary.members, "member"));
            archive.notes.extend(summary.ignored.paths.iter().map(|path| ignored_note(path)));
            archive
        }
        Err(ExtractError::Refused(refusal)) => {
            let mut archive = Preflight::new(name, Outcome::Bogus, bytes);
            archive.reason = Some(refused_archive(refusal).reason);
            archive
        }
        Err(ExtractError::Source(source)) => return Err(cannot(source)),
        Err(ExtractError::Sink(never)) => match never {},
    };
    let is_sound = archive.outcome == Outcome::Unpacked;
    if lone.is_none() {
        show(&archive)?;
    }
    if !is_sound {
        return Ok(());
    }
    let source = open(Phase::Checking)?;
    let mut members = Members { checks, show, archive: name, is_lone: lone.is_some(), open: None };
    match extract(format, name, source, &limits, &mut members) {
        Ok(_) => Ok(()),
        Err(ExtractError::Refused(_)) => Err(cannot(io::Error::other("it changed while it was being read"))),
        Err(ExtractError::Source(source)) => Err(cannot(source)),
        Err(ExtractError::Sink(error)) => Err(error),
    }
}

/// Takes members and forgets them, but for the name of the last one.
#[derive(Default)]
struct Nowhere(Option<String>);

impl Sink for Nowhere {
    type Error = Infallible;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> Result<(), Infallible> {
        self.0 = Some(name.to_owned());
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Checks members one by one.
struct Members<'a, F> {
    checks: &'a Checks,
    show: &'a mut F,
    archive: &'a str,
    is_lone: bool,
    open: Option<(Exam, u64)>,
}

impl<E: From<Error>, F: FnMut(&Preflight) -> Result<(), E>> Sink for Members<'_, F> {
    type Error = E;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> Result<(), E> {
        let (name, judge) = (clean_name(name), &self.checks.judge);
        let ruling =
            if self.is_lone { judge.rule_lone(self.archive, &name)? } else { judge.rule_member(&name) };
        self.open = Some((Exam::begin(&name, ruling, self.checks.hashed), 0));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), E> {
        if let Some((exam, size)) = &mut self.open {
            exam.feed(&Bytes::copy_from_slice(bytes));
            *size += bytes.len() as u64;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), E> {
        let Some((mut exam, size)) = self.open.take() else { return Ok(()) };
        exam.end();
        let mut preflight = exam.finish(size);
        preflight.archive = Some(self.archive.to_owned());
        (self.show)(&preflight)
    }
}

/// A file that tells how far it was read.
pub(super) struct Watched<'a, O> {
    pub(super) file: File,
    pub(super) observer: &'a O,
    pub(super) phase: Phase,
    pub(super) name: &'a str,
    pub(super) bytes: u64,
}

impl<O: Observer> Read for Watched<'_, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let at = self.file.stream_position()?;
        self.observer.read(self.phase, self.name, at, self.bytes);
        Ok(count)
    }
}

impl<O> Seek for Watched<'_, O> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
