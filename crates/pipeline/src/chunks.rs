//! An object read from front to back, a chunk at a time.

use bytes::Bytes;

use crate::Result;
use crate::ports::{Objects, Source};

/// Reads an object in chunks of the size its store likes.
pub(crate) struct Chunks<'a, O> {
    objects: &'a O,
    source: &'a Source,
    /// How many bytes were read.
    pub(crate) offset: u64,
    /// How many are to be read at most: what came later was not there when the reading began.
    end: u64,
}

impl<'a, O: Objects> Chunks<'a, O> {
    pub(crate) fn new(objects: &'a O, source: &'a Source, end: u64) -> Self {
        Self { objects, source, offset: 0, end }
    }

    /// The next chunk; None behind the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let range = self.offset..self.end.min(self.offset + self.objects.chunk_bytes());
        if range.is_empty() {
            return Ok(None);
        }
        let chunk = self.objects.read(self.source, range).await?;
        self.offset += chunk.len() as u64;
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}
