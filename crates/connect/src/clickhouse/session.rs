//! A connection to ClickHouse: requests of HTTP, one at a time.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tidewaiter_engine::ports::{Fault, SourceError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::failure::{refused, unanswered};
use crate::meter::Meter;
use crate::settings::{Protection, Remote};
use crate::{reach, tls};

/// The most bytes that are read of the answer to a request that failed, or of one that has a single value.
const SHORT: usize = 64 << 10;

/// A connection. It ends when this is dropped.
pub(super) struct Session {
    sender: SendRequest<Full<Bytes>>,
    /// Moves bytes.
    connection: JoinHandle<()>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where the server is.
    place: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Session {
    /// Makes a connection that was reached ready for requests.
    pub(super) async fn new(remote: &Remote, stream: TcpStream) -> Result<Self, SourceError> {
        let headers = headers(remote)?;
        let place = remote.place();
        let (sender, connection) = match &remote.protection {
            Protection::None => begun(stream, &place).await?,
            Protection::Verified(roots) => {
                let name = ServerName::try_from(remote.host.clone())
                    .map_err(|error| reach::bad_name(remote, &error.to_string()))?;
                let connector = TlsConnector::from(Arc::new(tls::client(roots)?));
                let connected = connector.connect(name, stream).await;
                begun(connected.map_err(|error| unprotected(&place, &error))?, &place).await?
            }
        };
        Ok(Self { sender, connection, headers, place })
    }

    /// Asks, and waits for the head of the answer.
    pub(super) async fn ask(
        &mut self,
        target: &str,
        sql: String,
        meter: &Meter,
    ) -> Result<Response<Incoming>, SourceError> {
        let mut request = Request::builder().method(Method::POST).uri(target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(sql)))
            .map_err(|error| SourceError::new(Fault::Query, format!("the query cannot be asked: {error}")))?;
        let failed = |error| unanswered(&self.place, &error);
        self.sender.ready().await.map_err(failed)?;
        let answer = self.sender.send_request(request).await.map_err(failed)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        Err(refused(status, &short(answer.into_body(), &self.place).await?, meter))
    }

    /// Asks for a short text.
    pub(super) async fn text(
        &mut self,
        target: &str,
        sql: &str,
        meter: &Meter,
    ) -> Result<String, SourceError> {
        let answer = self.ask(target, sql.to_owned(), meter).await?;
        Ok(String::from_utf8_lossy(&short(answer.into_body(), &self.place).await?).into_owned())
    }
}

async fn begun<S>(stream: S, place: &str) -> Result<(SendRequest<Full<Bytes>>, JoinHandle<()>), SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| unanswered(place, &error))?;
    // How it ended is told to the one who waits for an answer.
    Ok((sender, tokio::spawn(async move { drop(connection.await) })))
}

/// Who asks, beside what every request has. A password stands in no target, because servers log targets.
fn headers(remote: &Remote) -> Result<Vec<(HeaderName, HeaderValue)>, SourceError> {
    let value = |text: &str, what: &str| {
        HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            SourceError::new(Fault::Operator, format!("the {what} holds a character that no header can"))
                .with_hint("it may hold no line break and no other control character")
        })
    };
    let mut headers = vec![
        (HOST, value(&remote.place(), "host")?),
        (HeaderName::from_static("x-clickhouse-user"), value(&remote.login.user, "user")?),
    ];
    if let Some(password) = &remote.login.password {
        let mut value = value(password.expose_secret(), "password")?;
        value.set_sensitive(true);
        headers.push((HeaderName::from_static("x-clickhouse-key"), value));
    }
    Ok(headers)
}

/// The beginning of an answer, which is short.
async fn short(mut body: Incoming, place: &str) -> Result<Vec<u8>, SourceError> {
    let mut read = Vec::new();
    while read.len() < SHORT
        && let Some(frame) = body.frame().await
    {
        if let Some(bytes) = frame.map_err(|error| reach::broken(place, error))?.data_ref() {
            read.extend_from_slice(bytes);
        }
    }
    read.truncate(SHORT);
    Ok(read)
}

fn unprotected(place: &str, error: &std::io::Error) -> SourceError {
    let message = format!("no protected connection to {place}: {error}");
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidMessage(_)) => SourceError::new(
            Fault::Operator,
            format!("no protected connection to {place}: the server does not support TLS"),
        )
        .with_hint("check host, port and engine: the port is that of HTTPS, usually 8443"),
        Some(_) => SourceError::new(Fault::Operator, message).with_hint(
            "the certificate has to be for this host, and signed by an authority that the connection trusts",
        ),
        None if reach::is_closed(error) => reach::closed(place),
        None => reach::broken(place, error),
    }
}
