//! Buffers what an export writes.

use std::io::{self, Write};
use std::ops::ControlFlow;

/// How many bytes are gathered before they are written.
const GATHERED: usize = 128 << 10;

/// A buffered writer that keeps its first failure until the end.
#[derive(Debug)]
pub(super) struct Out<W> {
    to: W,
    buffer: Vec<u8>,
    failure: Option<io::Error>,
}

impl<W: Write> Out<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, buffer: Vec::with_capacity(GATHERED + (16 << 10)), failure: None }
    }

    /// What is written next is added here.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what was gathered if it is enough. Breaks after a failure.
    pub(super) fn pass(&mut self) -> ControlFlow<()> {
        if self.buffer.len() >= GATHERED {
            self.write_out();
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn write_out(&mut self) {
        if self.failure.is_none()
            && let Err(error) = self.to.write_all(&self.buffer)
        {
            self.failure = Some(error);
        }
        self.buffer.clear();
    }

    /// Writes the rest, and gives back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.write_out();
        match self.failure {
            Some(failure) => Err(failure),
            None => self.to.flush().map(|()| self.to),
        }
    }
}
