//! An object read from front to back, a chunk at a time.

use bytes::Bytes;

use crate::Result;
use crate::ports::{Objects, Source};

/// Reads an object in chunks of the size its store likes.
pub(crate) struct Chunks<'a, O> {
    objects: &'a O,
    source: &'a Source,
    /// What was read before, if that was all of it.
    held: Option<Bytes>,
    /// How many bytes were read.
    pub(crate) offset: u64,
    /// How many are to be read at most: what came later was not there when the reading began.
    end: u64,
}

impl<'a, O: Objects> Chunks<'a, O> {
    pub(crate) fn new(objects: &'a O, source: &'a Source, end: u64) -> Self {
        Self { objects, source, held: None, offset: 0, end }
    }

    /// The same once more: what is `held` of it is not read again.
    pub(crate) fn again(objects: &'a O, source: &'a Source, end: u64, held: Option<Bytes>) -> Self {
        let held = held.filter(|held| held.len() as u64 == end);
        Self { held, ..Self::new(objects, source, end) }
    }

    /// The next chunk; None behind the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(held) = self.held.take() {
            self.offset = held.len() as u64;
            return Ok((!held.is_empty()).then_some(held));
        }
        let range = self.offset..self.end.min(self.offset.saturating_add(self.objects.chunk_bytes()));
        if range.is_empty() {
            return Ok(None);
        }
        let asked = range.end - range.start;
        let chunk = self.objects.read(self.source, range).await?;
        self.offset += chunk.len() as u64;
        if (chunk.len() as u64) < asked {
            // It ends here.
            self.end = self.offset;
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}
