//! The bytes of the file, with a memory for failures that are not the sender's.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::verdict::{Stop, Verdict};

/// A source of known length.
pub(crate) struct Source<R> {
    inner: R,
    length: u64,
    position: Rc<Cell<u64>>,
    outer: Verdict,
}

impl<R: Read + Seek> Source<R> {
    /// Measures the source and goes to its beginning.
    pub(crate) fn open(mut inner: R, outer: &Verdict) -> io::Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.rewind()?;
        Ok(Self { inner, length, position: Rc::default(), outer: outer.clone() })
    }

    /// How many bytes were read, whenever that is asked.
    pub(crate) fn position(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.position)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let position = self.position.get();
        let left = usize::try_from(self.length - position.min(self.length)).unwrap_or(usize::MAX);
        let end = buffer.len().min(left);
        let Some(wanted) = buffer.get_mut(..end).filter(|wanted| !wanted.is_empty()) else { return Ok(0) };
        loop {
            let error = match self.inner.read(wanted) {
                // Fewer bytes than the source has: a connection broke, not a message.
                Ok(0) => {
                    let what = format!("the source ended after {position} of {} bytes", self.length);
                    io::Error::new(io::ErrorKind::UnexpectedEof, what)
                }
                Ok(count) => {
                    self.position.set(position + count as u64);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            return Err(self.outer.note(Stop::Source(error)));
        }
    }
}
