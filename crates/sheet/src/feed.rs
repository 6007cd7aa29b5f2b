//! The bytes of a part, as they are unpacked, with a limit for what is read at once.

use std::io::{self, BufRead, Read, Seek};

use tidewaiter_archive::{PackageError, Part};

/// Bytes unpacked at a time.
const BUFFER: usize = 64 << 10;

/// Buffers a part. Its failures are kept here: a parser does not tell them apart.
pub(crate) struct Feed<'a, R: Read> {
    part: Part<'a, R>,
    buffer: Box<[u8]>,
    position: usize,
    filled: usize,
    /// What may still be taken before [`Feed::allow`] is called again.
    budget: usize,
    /// Bytes that were unpacked.
    unpacked: u64,
    pub(crate) fault: Option<Fault>,
}

/// Why a part gives no more bytes.
pub(crate) enum Fault {
    /// The package says why.
    Package(PackageError),
    /// A tag or a text does not end within its limit.
    TooLong,
}

impl<'a, R: Read + Seek> Feed<'a, R> {
    pub(crate) fn new(part: Part<'a, R>) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { part, buffer, position: 0, filled: 0, budget: usize::MAX, unpacked: 0, fault: None }
    }

    /// Allows so many bytes for what is read next.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.budget = bytes;
    }

    /// Bytes that were unpacked so far.
    pub(crate) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// What is there without unpacking more.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.position..self.filled).unwrap_or_default()
    }
}

impl<R: Read + Seek> Read for Feed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read + Seek> BufRead for Feed<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.filled {
            match self.part.fill(&mut self.buffer) {
                Ok(count) => {
                    self.position = 0;
                    self.filled = count;
                    self.unpacked += count as u64;
                }
                Err(error) => {
                    self.fault = Some(Fault::Package(error));
                    return Err(io::Error::other("the part cannot be read"));
                }
            }
        }
        let available = self.buffer.get(self.position..self.filled).unwrap_or_default();
        if self.budget == 0 && !available.is_empty() {
            self.fault = Some(Fault::TooLong);
            return Err(io::Error::other("the limit is reached"));
        }
        Ok(available.get(..self.budget).unwrap_or(available))
    }

    fn consume(&mut self, count: usize) {
        self.position = (self.position + count).min(self.filled);
        self.budget = self.budget.saturating_sub(count);
    }
}
