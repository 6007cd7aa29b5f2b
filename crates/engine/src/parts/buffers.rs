//! Memory to read into.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::PART;

/// Memory of the size of a part, used again when no thread holds it.
#[derive(Default)]
pub(crate) struct Buffers {
    lent: VecDeque<Bytes>,
}

impl Buffers {
    /// Reads a range, at most a part; less only if there is no more. `read` is told from which byte on, and says how much it
    /// has read.
    pub(crate) fn fill(
        &mut self,
        range: Range<u64>,
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Bytes> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(PART).min(PART);
        let mut buffer = self.take();
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..length).filter(|room| !room.is_empty()) {
            match read(range.start + filled as u64, room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let bytes = buffer.freeze();
        self.lent.push_back(bytes.clone());
        Ok(bytes.slice(..filled))
    }

    fn take(&mut self) -> BytesMut {
        match self.lent.pop_front().map(Bytes::try_into_mut) {
            Some(Ok(buffer)) => buffer,
            Some(Err(held)) => {
                self.lent.push_front(held);
                BytesMut::zeroed(PART)
            }
            None => BytesMut::zeroed(PART),
        }
    }
}
