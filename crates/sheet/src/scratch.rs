//! Where texts go that do not fit into memory.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes that are appended once and read at any place. The caller owns what lies behind it, and removes it.
pub trait Scratch {
    /// Appends the bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Fills the buffer with the bytes from `offset` on; all of them were appended before.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl<S: Scratch + ?Sized> Scratch for &mut S {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).append(bytes)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }
}

/// A scratch over anything that is written, read and sought, such as an empty temporary file.
#[derive(Debug)]
pub struct SeekScratch<F> {
    inner: F,
    len: u64,
    position: u64,
}

impl<F: Read + Write + Seek> SeekScratch<F> {
    /// `inner` is empty, and nothing else uses it.
    pub fn new(inner: F) -> Self {
        Self { inner, len: 0, position: 0 }
    }

    fn seek_to(&mut self, target: u64) -> io::Result<()> {
        if self.position != target {
            self.inner.seek(SeekFrom::Start(target))?;
            self.position = target;
        }
        Ok(())
    }
}

impl<F: Read + Write + Seek> Scratch for SeekScratch<F> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seek_to(self.len)?;
        self.inner.write_all(bytes)?;
        self.len += bytes.len() as u64;
        self.position = self.len;
        Ok(())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.seek_to(offset)?;
        self.inner.read_exact(buffer)?;
        self.position += buffer.len() as u64;
        Ok(())
    }
}

/// No scratch: a workbook whose texts exceed [`Limits::resident_bytes`](crate::Limits::resident_bytes) ends with
/// [`SheetError::Scratch`](crate::SheetError::Scratch).
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScratch;

impl Scratch for NoScratch {
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::StorageFull, "the texts need more memory than they may have"))
    }

    fn read_at(&mut self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nothing was kept"))
    }
}
