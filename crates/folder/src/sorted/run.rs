//! Sorted changes in a temporary file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record;

/// How many bytes are written at once.
const WRITTEN: usize = 256 << 10;

/// A temporary file without a name. The system removes it with its last descriptor.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) file: File,
    pub(super) directory: PathBuf,
}

impl Scratch {
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory).map_err(|error| failed("create", directory, &error))?;
        Ok(Self { file, directory: directory.to_owned() })
    }

    fn write(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, at).map_err(|error| failed("write", &self.directory, &error))
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, at).map_err(|error| failed("read", &self.directory, &error))
    }

    /// The error for content that is not what was written.
    pub(super) fn damaged(&self) -> io::Error {
        damaged(&self.directory)
    }
}

pub(super) fn damaged(directory: &Path) -> io::Error {
    failed("read", directory, &io::Error::new(io::ErrorKind::InvalidData, "its content has changed"))
}

fn failed(what: &str, directory: &Path, error: &io::Error) -> io::Error {
    let directory = directory.display();
    io::Error::new(
        error.kind(),
        format!("cannot {what} the temporary file for sorting in {directory}: {error}"),
    )
}

/// A part of a temporary file that is sorted.
#[derive(Debug)]
pub(super) struct Run {
    scratch: Arc<Scratch>,
    start: u64,
    bytes: u64,
    checksum: u64,
}

impl Run {
    /// Where it ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes
    }
}

/// Writes a run.
#[derive(Debug)]
pub(super) struct Writer {
    run: Run,
    buffer: Vec<u8>,
}

impl Writer {
    /// A run that begins at `start`.
    pub(super) fn new(scratch: &Arc<Scratch>, start: u64) -> Self {
        let run = Run { scratch: Arc::clone(scratch), start, bytes: 0, checksum: 0 };
        Self { run, buffer: Vec::with_capacity(WRITTEN) }
    }

    /// Adds a change with its length.
    pub(super) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        if self.buffer.len() + record.len() > WRITTEN {
            self.flush()?;
        }
        self.run.checksum = checksum(self.run.checksum, record);
        if record.len() > WRITTEN {
            return self.write(record);
        }
        self.buffer.extend_from_slice(record);
        Ok(())
    }

    /// The run, when everything is written.
    pub(super) fn finish(mut self) -> io::Result<Run> {
        self.flush()?;
        Ok(self.run)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.run.scratch.write(bytes, self.run.end())?;
        self.run.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Reads a run.
#[derive(Debug)]
pub(super) struct Reader {
    run: Run,
    /// Where the next bytes are read.
    at: u64,
    room: usize,
    buffer: Vec<u8>,
    /// Where the current change begins and ends in the buffer.
    current: (usize, usize),
    checksum: u64,
}

impl Reader {
    /// A reader before the first change, which reads about `room` bytes at once.
    pub(super) fn new(run: Run, room: usize) -> Self {
        let at = run.start;
        Self { run, at, room, buffer: Vec::with_capacity(room), current: (0, 0), checksum: 0 }
    }

    /// The current change with its length.
    pub(super) fn record(&self) -> &[u8] {
        self.buffer.get(self.current.0..self.current.1).unwrap_or_default()
    }

    /// Goes to the next change. False if there is none.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        if self.at == self.run.end() && self.current.1 == self.buffer.len() {
            return if self.checksum == self.run.checksum { Ok(false) } else { Err(self.damaged()) };
        }
        self.fill(record::LENGTH)?;
        let length = self.buffer.get(self.current.1..).and_then(record::length).unwrap_or_default();
        let length = record::LENGTH + length;
        self.fill(length)?;
        self.current = (self.current.1, self.current.1 + length);
        self.checksum = checksum(self.checksum, self.record());
        Ok(true)
    }

    pub(super) fn damaged(&self) -> io::Error {
        self.run.scratch.damaged()
    }

    /// Makes sure that so many bytes behind the current change are in the buffer.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        let have = self.buffer.len() - self.current.1;
        if have >= bytes {
            return Ok(());
        }
        let left = self.run.end() - self.at;
        let missing = bytes - have;
        // A damaged length must not allocate memory.
        if missing as u64 > left {
            return Err(self.damaged());
        }
        self.buffer.drain(..self.current.1);
        self.current = (0, 0);
        let wanted = missing.max(self.room.saturating_sub(have)) as u64;
        self.buffer.resize(have + wanted.min(left) as usize, 0);
        let to = self.buffer.get_mut(have..).unwrap_or_default();
        let read = self.run.scratch.read(to, self.at);
        if read.is_err() {
            self.buffer.truncate(have);
        }
        read?;
        self.at += wanted.min(left);
        Ok(())
    }
}

/// A checksum with one more change. It finds damage, not forgery.
fn checksum(sum: u64, record: &[u8]) -> u64 {
    // An odd number without a pattern: the fraction of the golden ratio.
    let add = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = record.as_chunks();
    let sum = words.iter().fold(sum, |sum, word| add(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, byte| add(sum, u64::from(*byte)))
}
