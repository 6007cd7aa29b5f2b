//! Encrypted files: with a key, what they hold is checked as the file that it is.
//!
//! A message is decrypted twice, first to see that it is as it was sent. So nothing is said of what it holds before, and
//! nothing of it is kept, unless it is packed: then it lies in a temporary folder while it is looked into.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use tidewaiter::name::DroppedName;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::{Limits, Sink};
use tidewaiter_engine::capabilities::Keys;
use tidewaiter_engine::intake::{ContentStopped, write_content};
use tidewaiter_engine::ports::Refusal;
use tidewaiter_engine::register::encrypted;

use super::archive::Watched;
use super::exam::Exam;
use super::judge::Ruling;
use super::{Checks, Observer, Phase, Preflight};
use crate::Error;

/// Checks an encrypted file. `show` gets what is said of what it holds.
pub(super) fn check<E: From<Error>>(
    checks: &Checks,
    (path, name, content, bytes): (&Path, &str, &str, u64),
    observer: &impl Observer,
    // Not generic: to check what is in it, this is called by what calls it.
    show: &mut dyn FnMut(&Preflight) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(refusal) = encrypted(content) {
        return show(&refused(name, bytes, refusal));
    }
    let cannot = |source| E::from(Error::Read { path: path.to_owned(), source });
    let open = |phase| {
        let file = File::open(path).map_err(cannot)?;
        Ok::<_, E>(Watched { file, observer, phase, name, bytes })
    };
    let Some(keys) = &checks.keys else {
        return show(&refused(name, bytes, unread(checks.judge.advice.encrypted)));
    };
    let limits = checks.judge.archive_limits();
    let read = |phase, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>| {
        decrypt(open(phase)?, content, keys, &limits, sink).map_err(cannot)
    };
    if let DroppedName::Archive | DroppedName::Workbook = DroppedName::of(content) {
        let folder = tempfile::tempdir()
            .map_err(|source| E::from(Error::Write { path: std::env::temp_dir(), source }))?;
        let copy = folder.path().join(content);
        let mut file = File::create(&copy).map_err(cannot)?;
        return match read(Phase::Opening, &mut |bytes| file.write_all(bytes))? {
            Err(refusal) => show(&refused(name, bytes, refusal)),
            Ok(notes) => checks.file(&copy, observer, |preflight| {
                show(&of_encrypted(preflight.clone(), (name, content), bytes, &notes))
            }),
        };
    }
    let ruling = checks.judge.rule_lone(name, content)?;
    let Ruling::Check { .. } = &ruling else {
        let preflight = Exam::begin(content, ruling, checks.hashed).finish(bytes);
        return show(&Preflight { archive: Some(name.to_owned()), ..preflight });
    };
    if let Err(refusal) = read(Phase::Opening, &mut |_| Ok(()))? {
        return show(&refused(name, bytes, refusal));
    }
    let (mut exam, mut size) = (Exam::begin(content, ruling, checks.hashed), 0);
    let notes = read(Phase::Checking, &mut |bytes| {
        size += bytes.len() as u64;
        exam.feed(&Bytes::copy_from_slice(bytes));
        Ok(())
    })?;
    let Ok(notes) = notes else { return Err(cannot(io::Error::other("it changed while it was being read"))) };
    exam.end();
    let mut preflight = exam.finish(size);
    preflight.archive = Some(name.to_owned());
    preflight.notes.extend(notes);
    show(&preflight)
}

/// Decrypts a message. What there is to say of it, or why it is refused.
fn decrypt<O: Observer>(
    source: Watched<'_, O>,
    content: &str,
    keys: &Keys,
    limits: &Limits,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Result<Vec<String>, Refusal>> {
    let mut taker = Taker(sink);
    match write_content(source, content, keys, limits, &mut taker) {
        Ok(notes) => Ok(Ok(notes)),
        Err(ContentStopped::Refused(refusal)) => Ok(Err(refusal)),
        Err(ContentStopped::Source(error) | ContentStopped::Sink(error)) => Err(error),
    }
}

/// Hands on what a message holds.
struct Taker<'a>(&'a mut dyn FnMut(&[u8]) -> io::Result<()>);

impl Sink for Taker<'_> {
    type Error = io::Error;

    fn begin(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (self.0)(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An encrypted file that is not taken.
pub(super) fn refused(name: &str, bytes: u64, refusal: Refusal) -> Preflight {
    let mut preflight = Preflight::new(name, refusal.outcome, bytes);
    preflight.reason = Some(refusal.reason);
    preflight
}

/// Nothing can be said of what a file holds.
pub(super) fn unread(advice: &str) -> Refusal {
    let reason = Reason::new("no-decryption-key", "the file is encrypted, so what it holds was not checked")
        .with_hint(Some(advice.to_owned()));
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// What is said of a packed file, as it is said of the encrypted one.
fn of_encrypted(
    mut preflight: Preflight,
    (name, content): (&str, &str),
    bytes: u64,
    notes: &[String],
) -> Preflight {
    if preflight.file == content {
        name.clone_into(&mut preflight.file);
        preflight.bytes = bytes;
        preflight.notes.extend_from_slice(notes);
    } else {
        preflight.archive = Some(name.to_owned());
    }
    preflight
}
