//! The first packets of SQL Server's protocol, and TLS inside of them.
//!
//! The client would trust the certificate authorities of the machine beside those that a connection names. So the
//! connection is protected here, and the client is told that it needs no protection: what it sends first is held back,
//! because the server was asked already, and the answer that it waits for is given here.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::pki_types::ServerName;
use tidewaiter_engine::ports::{Fault, SourceError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::carrier::Carrier;
use super::failure::PROTOCOL;
use crate::settings::{Protection, Remote};
use crate::{reach, tls};

/// The bytes before what a packet holds: kind, status, length (which counts them), and four that say nothing here.
pub(super) const HEAD: usize = 8;
/// The kind of the first packets of a client, and that of a server's answers.
const PRELOGIN: u8 = 0x12;
const ANSWER: u8 = 0x04;
/// The packet is the last one of its message.
const LAST: u8 = 0x01;
/// The option of the first packets that says whether the connection is encrypted, and what it may say.
const ENCRYPTION: u8 = 1;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;
/// The longest answer to the first packet.
const MOST: usize = 4096;

/// A packet of a kind.
fn packet(kind: u8, holds: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEAD + holds.len()).unwrap_or(u16::MAX);
    let mut packet = vec![kind, LAST];
    packet.extend(length.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(holds);
    packet
}

/// What a first packet holds: a version (0), and how the connection is encrypted.
fn options(encryption: u8) -> Vec<u8> {
    // Each option: its number, where its value begins, and how long it is. 255 ends them.
    let mut options = vec![0, 0, 11, 0, 6, ENCRYPTION, 0, 17, 0, 1, 0xff];
    options.extend([0; 6]);
    options.push(encryption);
    options
}

/// The answer that the client waits for: the server encrypts nothing.
pub(super) fn plain_answer() -> Vec<u8> {
    packet(ANSWER, &options(NOT_SUPPORTED))
}

/// Makes a connection that was reached ready for a client.
pub(super) async fn protected(remote: &Remote, mut stream: TcpStream) -> Result<Carrier, SourceError> {
    let asked = match remote.protection {
        Protection::Verified(_) => ON,
        Protection::None => NOT_SUPPORTED,
    };
    let answered = ask(&mut stream, asked).await.map_err(|error| other_protocol(remote, &error))?;
    match (&remote.protection, answered) {
        (Protection::None, NOT_SUPPORTED) => Ok(Carrier::plain(stream)),
        (Protection::None, _) => {
            let message = format!("{}: the server takes no login without TLS", remote.place());
            Err(SourceError::new(Fault::Operator, message)
                .with_hint("protect the connection, and name the certificate authority of the server"))
        }
        (Protection::Verified(roots), ON | REQUIRED) => {
            // Inside of packets there is no place for what TLS 1.3 sends behind its handshake; no server of this kind does it.
            let config = tls::client_of(roots, &[&rustls::version::TLS12])?;
            let name = ServerName::try_from(remote.host.clone())
                .map_err(|error| reach::bad_name(remote, &error.to_string()))?;
            let inside = InPackets::new(stream);
            let connected = TlsConnector::from(Arc::new(config)).connect(name, inside).await;
            let mut stream = connected.map_err(|error| unprotected(remote, &error))?;
            stream.get_mut().0.is_done = true;
            Ok(Carrier::protected(stream))
        }
        (Protection::Verified(_), _) => {
            let message =
                format!("no protected connection to {}: the server does not support TLS", remote.place());
            Err(SourceError::new(Fault::Operator, message).with_hint("give the server a certificate"))
        }
    }
}

/// Sends the first packet, and tells what the server says of encryption.
async fn ask(stream: &mut TcpStream, encryption: u8) -> io::Result<u8> {
    stream.write_all(&packet(PRELOGIN, &options(encryption))).await?;
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let [kind, _, high, low, ..] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if kind != ANSWER || !(HEAD..=MOST).contains(&length) {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut holds = vec![0; length - HEAD];
    stream.read_exact(&mut holds).await?;
    encryption_of(&holds).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// What the options of a first packet say of encryption.
fn encryption_of(holds: &[u8]) -> Option<u8> {
    let mut options = holds.chunks_exact(5).take_while(|option| option.first() != Some(&0xff));
    let found = options.find(|option| option.first() == Some(&ENCRYPTION))?;
    let [_, high, low, ..] = found else { return None };
    holds.get(usize::from(u16::from_be_bytes([*high, *low]))).copied()
}

fn other_protocol(remote: &Remote, error: &io::Error) -> SourceError {
    let place = remote.place();
    match error.kind() {
        ErrorKind::InvalidData => reach::other(&place, PROTOCOL),
        _ if reach::is_closed(error) => reach::closed(&place),
        _ => reach::broken(&place, error),
    }
}

fn unprotected(remote: &Remote, error: &io::Error) -> SourceError {
    if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
        let message = format!("no protected connection to {}: {error}", remote.place());
        return SourceError::new(Fault::Operator, message).with_hint(
            "the certificate has to be for this host, and signed by an authority that the connection trusts",
        );
    }
    other_protocol(remote, error)
}

/// A connection whose handshake of TLS is inside of packets. Behind it, TLS carries the packets.
pub(super) struct InPackets {
    stream: TcpStream,
    is_done: bool,
    /// The head of a packet that is read, and how much of it.
    head: [u8; HEAD],
    read: usize,
    /// Bytes of the packet that follow.
    left: usize,
    /// What becomes the next packet.
    unsent: Vec<u8>,
    /// A packet that is sent.
    sending: Vec<u8>,
}

impl InPackets {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            is_done: false,
            head: [0; HEAD],
            read: 0,
            left: 0,
            unsent: Vec::new(),
            sending: Vec::new(),
        }
    }
}

impl AsyncRead for InPackets {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_done {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        while this.left == 0 {
            let mut head = ReadBuf::new(this.head.get_mut(this.read..).unwrap_or_default());
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut head))?;
            let read = head.filled().len();
            if read == 0 {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
            this.read += read;
            if this.read == HEAD {
                this.read = 0;
                let [kind, _, high, low, ..] = this.head;
                if kind != PRELOGIN {
                    return Poll::Ready(Err(ErrorKind::InvalidData.into()));
                }
                this.left = usize::from(u16::from_be_bytes([high, low])).saturating_sub(HEAD);
            }
        }
        let mut part = vec![0; this.left.min(buf.remaining())];
        let mut inside = ReadBuf::new(&mut part);
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut inside))?;
        this.left -= inside.filled().len();
        buf.put_slice(inside.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for InPackets {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_done {
            return Pin::new(&mut this.stream).poll_write(cx, bytes);
        }
        this.unsent.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.unsent.is_empty() {
            this.sending.extend(packet(PRELOGIN, &std::mem::take(&mut this.unsent)));
        }
        while !this.sending.is_empty() {
            let sent = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.sending))?;
            if sent == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            this.sending.drain(..sent);
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The stream of TLS that a carrier holds.
pub(super) type Protected = TlsStream<InPackets>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_of_encryption_is_found() {
        assert_eq!(encryption_of(&options(REQUIRED)), Some(REQUIRED));
        assert_eq!(encryption_of(&[0, 0, 6, 0, 0, 0xff]), None);
        assert_eq!(encryption_of(&[ENCRYPTION, 0xff, 0xff, 0, 1]), None);
        assert_eq!(encryption_of(b""), None);
    }
}
