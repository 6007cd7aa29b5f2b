//! Bytes on their way to be judged, cut behind whole lines.

use memchr::{memchr, memrchr};

/// How much is judged at a time, in bytes: little enough to stay in the processor's first cache.
const SEGMENT: usize = 32 << 10;

/// Whole lines from the front of some bytes, as many at a time as are judged together.
pub(crate) struct Segments<'a> {
    /// What is not given yet.
    pub(crate) rest: &'a [u8],
    longest: usize,
}

impl<'a> Segments<'a> {
    /// A line longer than `longest` is given only if it is short enough to come with others.
    pub(crate) fn new(bytes: &'a [u8], longest: usize) -> Self {
        Self { rest: bytes, longest }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    /// None if the first line is not complete, or too long to be held.
    fn next(&mut self) -> Option<&'a [u8]> {
        let most = self.rest.len().min(SEGMENT);
        let end = match memrchr(b'\n', self.rest.get(..most)?) {
            Some(end) => end,
            // One long line.
            None => most + memchr(b'\n', self.rest.get(most..)?)?,
        };
        if end >= most && end > self.longest {
            return None;
        }
        let (lines, rest) = self.rest.split_at_checked(end + 1)?;
        self.rest = rest;
        Some(lines)
    }
}
