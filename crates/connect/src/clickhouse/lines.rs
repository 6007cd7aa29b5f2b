//! The lines of an answer, as they come.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use memchr::memchr;
use tidewaiter_engine::ports::SourceError;

use super::failure;
use super::settings::END;
use crate::meter::Meter;

/// How much of the end of an answer is kept, to tell of a failure in it.
const TAIL: usize = 16 << 10;
/// A value is at most so many times as long where its control characters are written with backslashes.
const ESCAPED: usize = 2;

/// The lines of an answer before its end.
pub(super) struct Lines {
    body: Incoming,
    /// What was read, and where the next line of it begins.
    read: Vec<u8>,
    at: usize,
    /// The end of what was used.
    tail: Vec<u8>,
    /// Where the server is.
    place: String,
}

impl Lines {
    pub(super) fn new(body: Incoming, place: String) -> Self {
        Self { body, read: Vec::new(), at: 0, tail: Vec::new(), place }
    }

    /// The next line; None behind the last one.
    ///
    /// # Errors
    /// The connection breaks, the answer ends without its end, or a line is too long.
    pub(super) async fn next(&mut self, meter: &Meter) -> Result<Option<&[u8]>, SourceError> {
        let mut looked_at = self.at;
        let end = loop {
            let unseen = self.read.get(looked_at..).unwrap_or_default();
            if let Some(end) = memchr(b'\n', unseen) {
                break looked_at + end;
            }
            if self.read.len() - self.at > meter.limits.row_bytes.saturating_mul(ESCAPED) {
                return Err(meter.too_wide());
            }
            looked_at = self.read.len() - self.at;
            self.used();
            if !self.more(meter).await? {
                return Err(self.cut_off(None, meter));
            }
        };
        let begin = std::mem::replace(&mut self.at, end + 1);
        if self.read.get(begin..end) == Some(END) {
            return self.ended(meter).await.map(|()| None);
        }
        Ok(self.read.get(begin..end))
    }

    /// Reads on; false at the end.
    async fn more(&mut self, meter: &Meter) -> Result<bool, SourceError> {
        match self.body.frame().await {
            Some(Ok(frame)) => {
                self.read.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes));
                Ok(true)
            }
            // A server that fails in the middle of an answer closes the connection.
            Some(Err(error)) => Err(self.cut_off(Some(&error), meter)),
            None => Ok(false),
        }
    }

    /// Makes sure that nothing follows the end: if something does, it tells of a failure.
    async fn ended(&mut self, meter: &Meter) -> Result<(), SourceError> {
        self.look_ahead(meter).await?;
        if self.at == self.read.len() { Ok(()) } else { Err(self.cut_off(None, meter)) }
    }

    /// The error for a row of another form: what the server wrote of a failure in its place, if it did.
    pub(super) async fn explained(&mut self, error: SourceError, meter: &Meter) -> SourceError {
        if let Err(broken) = self.look_ahead(meter).await {
            return broken;
        }
        self.keep(self.read.len());
        failure::found(&self.tail, meter).unwrap_or(error)
    }

    /// Reads as much as tells of a failure, or up to the end.
    async fn look_ahead(&mut self, meter: &Meter) -> Result<(), SourceError> {
        while self.read.len() - self.at < TAIL && self.more(meter).await? {}
        Ok(())
    }

    /// The error for an answer that has no end, or more behind it.
    fn cut_off(&mut self, broken: Option<&hyper::Error>, meter: &Meter) -> SourceError {
        self.keep(self.read.len());
        failure::cut_off(&self.tail, broken, &self.place, meter)
    }

    /// Lets go of the lines that were used.
    fn used(&mut self) {
        self.keep(self.at);
        self.read.drain(..self.at);
        self.at = 0;
    }

    /// Keeps the end of what was read up to here.
    fn keep(&mut self, end: usize) {
        let kept = self.read.get(end.saturating_sub(TAIL)..end).unwrap_or_default();
        self.tail.extend_from_slice(kept);
        let beyond = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..beyond);
    }
}
