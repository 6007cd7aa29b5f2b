//! Holds the messages of a server to a size.
//!
//! The client reads a message as a whole, and a row is one: without a bound, one value takes as much memory as the
//! server likes. So the lengths of messages are looked at on their way in.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// What may be said beside rows is at least so large, so that a small limit for rows lets a login pass.
const BESIDE: u64 = 1 << 16;

/// A message is larger than it may be.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row is larger than the limit")
    }
}

impl std::error::Error for TooLarge {}

/// A connection whose messages are at most so large.
pub(crate) struct Framed<S> {
    stream: S,
    most: u64,
    /// Bytes until the next message.
    left: u64,
    /// The beginning of a message: its kind, and its length, which counts itself.
    head: [u8; 5],
    /// How much of the head was read.
    read: usize,
}

impl<S> Framed<S> {
    pub(crate) fn new(stream: S, most: usize) -> Self {
        Self { stream, most: most as u64, left: 0, head: [0; 5], read: 0 }
    }

    /// Looks at bytes that were read.
    fn look(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len() as u64);
                self.left -= skipped;
                bytes = bytes.get(skipped as usize..).unwrap_or_default();
                continue;
            }
            let missing = (self.head.len() - self.read).min(bytes.len());
            let (head, rest) = bytes.split_at(missing);
            if let Some(place) = self.head.get_mut(self.read..self.read + missing) {
                place.copy_from_slice(head);
            }
            self.read += missing;
            bytes = rest;
            if self.read == self.head.len() {
                self.read = 0;
                let [kind, a, b, c, d] = self.head;
                self.left = u64::from(u32::from_be_bytes([a, b, c, d])).saturating_sub(4);
                let most = if kind == b'd' { self.most } else { self.most.max(BESIDE) };
                if self.left > most {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, TooLarge));
                }
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        Poll::Ready(this.look(buf.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Framed<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// TLS whose messages are at most so large.
pub(crate) struct FramedTls<T> {
    pub(crate) tls: T,
    pub(crate) most: usize,
}

impl<S, T> TlsConnect<S> for FramedTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Framed<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, T::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let (connecting, most) = (self.tls.connect(stream), self.most);
        Box::pin(async move { connecting.await.map(|stream| Framed::new(stream, most)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut bytes = vec![b'd'];
        bytes.extend((u32::try_from(length).unwrap() + 4).to_be_bytes());
        bytes.extend(vec![0xff; length]);
        bytes
    }

    #[test]
    fn the_length_of_each_message_is_found_wherever_it_is_cut() {
        let bytes: Vec<u8> = [message(3), message(0), message(100)].concat();
        for piece in 1..=bytes.len() {
            let mut framed = Framed::new((), 100);
            assert!(bytes.chunks(piece).all(|piece| framed.look(piece).is_ok()), "{piece}");
            assert_eq!((framed.left, framed.read), (0, 0));
            let mut framed = Framed::new((), 99);
            assert!(bytes.chunks(piece).any(|piece| framed.look(piece).is_err()), "{piece}");
        }
    }
}
