//! What carries the packets of a client: it was protected before, and counts what it carries.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::handshake::{HEAD, Protected, plain_answer};

/// What an error says whose kind tells too little: the client keeps the text of an error, and nothing else of it.
pub(super) const TOO_LARGE: &str = "a row is larger than the limit";

/// Bytes that may come until a row is asked for.
const LOGIN: usize = 1 << 20;

/// A connection to a server that was asked already how it is protected.
pub(super) struct Carrier {
    stream: Stream,
    /// What the client reads first.
    answer: Vec<u8>,
    /// The head of the first packet of the client, which is held back.
    head: Vec<u8>,
    /// Bytes of that packet that follow.
    held_back: usize,
    allowance: Allowance,
}

enum Stream {
    Plain(TcpStream),
    Protected(Box<Protected>),
}

/// How many bytes may come until a row is complete. The client reads a row as a whole, however large it is.
#[derive(Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// Allows so many bytes from here on.
    pub(super) fn renew(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Takes what has come; false if it was more than allowed.
    fn take(&self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl Carrier {
    /// One without protection.
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self::new(Stream::Plain(stream))
    }

    /// One with TLS.
    pub(super) fn protected(stream: Protected) -> Self {
        Self::new(Stream::Protected(Box::new(stream)))
    }

    fn new(stream: Stream) -> Self {
        let allowance = Allowance(Arc::new(AtomicUsize::new(LOGIN)));
        Self { stream, answer: plain_answer(), head: Vec::new(), held_back: 0, allowance }
    }

    /// What may come: first as much as a login takes.
    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }

    /// How many of these bytes belong to the first packet.
    fn hold_back(&mut self, bytes: &[u8]) -> usize {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        if let (false, [_, _, high, low, ..]) = (head.is_empty(), self.head.as_slice())
            && self.head.len() == HEAD
        {
            self.held_back = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(HEAD);
        }
        let held_back = self.held_back.min(rest.len());
        self.held_back -= held_back;
        head.len() + held_back
    }
}

impl AsyncRead for Carrier {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.answer.is_empty() {
            let most = this.answer.len().min(buf.remaining());
            let rest = this.answer.split_off(most);
            buf.put_slice(&std::mem::replace(&mut this.answer, rest));
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Protected(stream) => Pin::new(stream).poll_read(cx, buf),
        })?;
        if this.allowance.take(buf.filled().len() - before) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, TOO_LARGE)))
        }
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let held_back = this.hold_back(bytes);
        if held_back > 0 {
            return Poll::Ready(Ok(held_back));
        }
        match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Protected(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Protected(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Protected(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
