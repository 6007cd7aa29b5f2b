//! Keeps the first byte of a server: it answers whether there is TLS, and the client only tells "no" of it.

use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::io::InspectReader;

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

/// The connection, whose first byte is kept.
pub(crate) fn opening(
    stream: TcpStream,
    first: First,
) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
    InspectReader::new(stream, move |bytes: &[u8]| {
        if let Some(byte) = bytes.first() {
            // Later ones change nothing.
            let _ = first.0.set(*byte);
        }
    })
}
