//! Keeps the first byte of a server: it answers whether there is TLS, and the client only tells "no" of it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a server answers when it is asked for TLS.
pub(crate) enum Tls {
    /// It begins TLS.
    Given,
    /// It is PostgreSQL, and has none.
    None,
    /// It is another kind of server.
    Unknown,
}

/// The first byte of a server.
#[derive(Clone, Default)]
pub(crate) struct First(Arc<OnceLock<u8>>);

impl First {
    /// What it says of TLS; nothing if the server is silent.
    pub(crate) fn answer(&self) -> Option<Tls> {
        self.0.get().map(|byte| match byte {
            b'S' => Tls::Given,
            b'N' => Tls::None,
            _ => Tls::Unknown,
        })
    }
}

/// A connection whose first byte is kept.
pub(crate) struct Opening {
    pub(crate) stream: TcpStream,
    pub(crate) first: First,
}

impl AsyncRead for Opening {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        if let Some(byte) = buf.filled().get(before) {
            // Later ones change nothing.
            let _ = this.first.0.set(*byte);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Opening {
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
