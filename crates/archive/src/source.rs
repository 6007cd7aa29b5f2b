//! The bytes of the archive, with a memory for failures that are not the sender's.
//!
//! Decoders answer a failing read and damaged data alike, with an `io::Error`. So failures
//! are noted here, at the only place that knows whose they are.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use crate::fill::fill;

/// Bytes read at a time: a ranged request per read is affordable at this size.
const BUFFER: usize = 256 << 10;

/// A buffered source of known length.
pub(crate) struct Source<R> {
    inner: BufReader<Full<R>>,
    len: u64,
    /// Bytes consumed, or skipped: where the next one is.
    position: u64,
    fault: Option<io::Error>,
}

impl<R: Read + Seek> Source<R> {
    /// Measures the source and goes to its beginning.
    pub(crate) fn open(mut inner: R) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        inner.rewind()?;
        let inner = BufReader::with_capacity(BUFFER, Full(inner));
        Ok(Self { inner, len, position: 0, fault: None })
    }

    /// Goes to a position; near ones cost nothing.
    pub(crate) fn seek_to(&mut self, target: u64) -> io::Result<()> {
        let distance = target.wrapping_sub(self.position).cast_signed();
        match self.inner.seek_relative(distance) {
            Ok(()) => {
                self.position = target;
                Ok(())
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// The next bytes, up to `count` of them, without consuming them.
    pub(crate) fn peek(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let start = self.position;
        let mut bytes = Vec::new();
        self.by_ref().take(count).read_to_end(&mut bytes)?;
        self.seek_to(start)?;
        Ok(bytes)
    }
}

impl<R> Source<R> {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The first failure of the source, if it failed.
    pub(crate) fn into_fault(self) -> Option<io::Error> {
        self.fault
    }

    /// The first failure of the source that was not taken yet, if it failed.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// Notes a failure, and gives a stand-in to hand up through decoders.
    fn note(&mut self, error: io::Error) -> io::Error {
        let stand_in = io::Error::other("the source failed");
        self.fault.get_or_insert(error);
        stand_in
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.len.saturating_sub(self.position);
        if left == 0 {
            return Ok(&[]);
        }
        match self.inner.fill_buf() {
            // Fewer bytes than the source has: a connection broke, not an archive.
            Ok([]) => {
                let (position, len) = (self.position, self.len);
                let what = format!("the source ended after {position} of {len} bytes");
                return Err(self.note(io::Error::new(io::ErrorKind::UnexpectedEof, what)));
            }
            Ok(_) => {}
            Err(error) => return Err(self.note(error)),
        }
        let buffered = self.inner.buffer();
        let usable = usize::try_from(left).unwrap_or(usize::MAX);
        Ok(buffered.get(..usable).unwrap_or(buffered))
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.position += count as u64;
    }
}

/// Fills each buffer, save at the end. A decoder that gets more at a time meets damages further on before anything else is
/// looked at, so how a connection cuts the bytes would decide which of two faults is told.
struct Full<R>(R);

impl<R: Read> Read for Full<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fill(buffer, |rest| {
            loop {
                match self.0.read(rest) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            }
        })
    }
}

impl<R: Seek> Seek for Full<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}
