//! Failures that are not the sender's: of the source, and of the sink.

use std::cell::Cell;
use std::convert::Infallible;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::support::{Kept, Part, bz2, gz, noise, tar, tar_entry, zip};
use tidewaiter_archive::{ExtractError, Format, Limits, Refusal, Sink, Summary, extract};

/// A source that misbehaves as its functions say.
struct Odd<F> {
    inner: Cursor<Vec<u8>>,
    /// Given the position and the length wanted: how much of it is read.
    allow: F,
}

impl<F: Fn(u64, usize) -> io::Result<usize>> Read for Odd<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = (self.allow)(self.inner.position(), buffer.len())?;
        self.inner.read(&mut buffer[..allowed])
    }
}

impl<F> Seek for Odd<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn archives() -> [(&'static str, Vec<u8>); 6] {
    // Long enough that a failure in the middle comes after the first buffer.
    let content = noise(800_000);
    let tarred = tar(&[tar_entry("a.bin", b'0', &content)]);
    [
        ("d.zip", zip(&[Part::deflated("a.bin", &content), Part::stored("b.bin", &content)])),
        ("a.bin.gz", gz(&content)),
        ("a.bin.bz2", bz2(&content)),
        ("d.tgz", gz(&tarred)),
        ("d.tar.bz2", bz2(&tarred)),
        ("d.tar", tarred),
    ]
}

fn run_odd(
    name: &str,
    archive: Vec<u8>,
    allow: impl Fn(u64, usize) -> io::Result<usize>,
) -> (Kept, Result<Summary, ExtractError<Infallible>>) {
    let mut kept = Kept::default();
    let source = Odd { inner: Cursor::new(archive), allow };
    let format = Format::from_name(name).unwrap();
    let result = extract(format, name, source, &Limits::default(), &mut kept);
    (kept, result)
}

/// What was handed on, and why it was refused, if so many bytes are read at a time.
fn refused_reading(most: usize, name: &str, archive: &[u8], limits: &Limits) -> (Kept, Refusal) {
    let mut kept = Kept::default();
    let source = Odd { inner: Cursor::new(archive.to_vec()), allow: |_, len: usize| Ok(len.min(most)) };
    let result = extract(Format::from_name(name).unwrap(), name, source, limits, &mut kept);
    let Err(ExtractError::Refused(refusal)) = result else { panic!("{result:?}") };
    (kept, refusal)
}

/// An archive may be damaged and too large: which of the two is met first depends on how much a decoder gets at a time.
#[test]
fn an_archive_with_two_faults_is_refused_alike_however_it_is_read() {
    let limits = Limits { total_bytes: 64 << 10, ..Limits::default() };
    let lines: Vec<u8> =
        (0..20_000).flat_map(|n| format!("{n};{}\n", n * 7919 % 10_007).into_bytes()).collect();
    let archive = gz(&lines);
    for at in (archive.len() / 4..archive.len()).step_by(97) {
        let mut damaged = archive.clone();
        damaged[at] ^= 0xff;
        let [all, few] = [usize::MAX, 5].map(|most| refused_reading(most, "a.csv.gz", &damaged, &limits));
        assert!(["archive-too-large", "corrupt"].contains(&all.1.code.as_str()), "{}", all.1);
        assert_eq!(all, few, "damaged at byte {at}");
    }
}

/// Found by fuzzing: where a tar's first block should end, text ends, and the block of deflate behind it is damaged. Read
/// as a whole it was called corrupt, and read in small pieces no archive.
#[test]
fn a_damaged_archive_of_something_else_is_refused_alike_however_it_is_read() {
    let stored = [0, 0x00, 0x02, 0xff, 0xfd];
    let lengths_that_differ = [0, 1, 0, 1, 0];
    let archive =
        [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &stored, &[b'x'; 512], &lengths_that_differ].concat();
    let [all, few] = [usize::MAX, 5].map(|most| refused_reading(most, "d.tgz", &archive, &Limits::default()));
    assert_eq!(all, few);
}

#[test]
fn a_failing_source_is_never_the_senders_fault() {
    for (name, archive) in archives() {
        let len = archive.len() as u64;
        for fails_at in [0, 1, 300, len / 3, len / 2, len - 1] {
            let (_, result) = run_odd(name, archive.clone(), |position, wanted| {
                let left = fails_at.saturating_sub(position);
                if left == 0 && position <= fails_at {
                    return Err(io::Error::new(io::ErrorKind::ConnectionReset, "gone"));
                }
                Ok(if position > fails_at { wanted } else { wanted.min(left as usize) })
            });
            match result {
                Err(ExtractError::Source(error)) => assert_eq!(error.to_string(), "gone"),
                other => panic!("{name} failing at {fails_at}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_source_that_ends_early_has_failed() {
    for (name, archive) in archives() {
        let half = archive.len() as u64 / 2;
        let (_, result) = run_odd(name, archive, |position, wanted| {
            let left = half.saturating_sub(position) as usize;
            Ok(if position > half { wanted } else { wanted.min(left) })
        });
        match result {
            Err(ExtractError::Source(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{name}");
                assert!(error.to_string().contains(&format!("after {half} of")), "{error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn short_and_interrupted_reads_change_nothing() {
    for (name, archive) in archives() {
        let (whole, _) = run_odd(name, archive.clone(), |_, wanted| Ok(wanted));
        let turn = Cell::new(0_u32);
        let (kept, result) = run_odd(name, archive, |_, wanted| {
            turn.set(turn.get() + 1);
            match turn.get() % 3 {
                0 => Err(io::ErrorKind::Interrupted.into()),
                1 => Ok(wanted.min(1)),
                _ => Ok(wanted.min(701)),
            }
        });
        assert!(result.is_ok(), "{name}: {result:?}");
        assert_eq!(kept.members, whole.members, "{name}");
    }
}

/// A sink that is full.
struct Full;

impl Sink for Full {
    type Error = io::Error;
    fn begin(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::Error::other("full"))
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_failing_sink_is_told_as_such() {
    for (name, archive) in archives() {
        let format = Format::from_name(name).unwrap();
        let result = extract(format, name, Cursor::new(archive), &Limits::default(), &mut Full);
        assert!(
            matches!(&result, Err(ExtractError::Sink(error)) if error.to_string() == "full"),
            "{result:?}"
        );
    }
}
