//! A bucket's object as a blocking reader that can be moved about, for archives.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::{Buf, Bytes};
use tidewaiter_engine::ports::Source;
use tidewaiter_engine::{Error, Result};
use tokio::runtime::Handle;

use super::{Bucket, Head};

/// How much is asked for first, and after each move: as much as a reader of archives takes at a time, and no more,
/// since its directories are small.
const FIRST_BYTES: u64 = 256 << 10;
/// How much is asked for at most; each request that goes on where the last one ended doubles.
const MOST_BYTES: u64 = 8 << 20;

/// Reads an object in ranges, on a thread that may block. What it reads is one content, also if the object is
/// overwritten meanwhile: then reading fails.
#[derive(Debug)]
pub struct ObjectReader {
    bucket: Bucket,
    source: Source,
    runtime: Handle,
    /// Known once something was asked.
    head: Option<Head>,
    position: u64,
    /// What was read and not handed out; it begins at `position`.
    ahead: Bytes,
    next_bytes: u64,
}

impl ObjectReader {
    /// Nothing is requested yet: reading finds out whether the object exists.
    pub(super) fn new(bucket: Bucket, source: Source) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|e| Error::Task(e.to_string()))?;
        let (head, ahead) = (None, Bytes::new());
        Ok(Self { bucket, source, runtime, head, position: 0, ahead, next_bytes: FIRST_BYTES })
    }

    fn head(&mut self) -> io::Result<Head> {
        if let Some(head) = &self.head {
            return Ok(head.clone());
        }
        let head = self.runtime.block_on(self.bucket.head(&self.source)).map_err(into_io)?;
        Ok(self.head.insert(head).clone())
    }

    fn fill(&mut self) -> io::Result<()> {
        let head = self.head()?;
        let range = self.position..head.bytes.min(self.position.saturating_add(self.next_bytes));
        let read = self.bucket.range(&self.source, range, Some(&head.etag));
        self.ahead = self.runtime.block_on(read).map_err(into_io)?;
        self.next_bytes = MOST_BYTES.min(self.next_bytes * 2);
        Ok(())
    }
}

/// As an error of reading, of the kind that [`Error::object`] turns back into the same meaning.
fn into_io(error: Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() && !buffer.is_empty() {
            self.fill()?;
        }
        let count = buffer.len().min(self.ahead.len());
        if let Some(filled) = buffer.get_mut(..count) {
            self.ahead.copy_to_slice(filled);
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.head()?.bytes.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "moved before the beginning");
        let position = position.ok_or_else(before)?;
        let skipped = position.checked_sub(self.position).and_then(|by| usize::try_from(by).ok());
        match skipped {
            Some(by) if by <= self.ahead.len() => self.ahead.advance(by),
            _ => {
                self.ahead = Bytes::new();
                self.next_bytes = FIRST_BYTES;
            }
        }
        self.position = position;
        Ok(position)
    }
}
