//! The way to a server.

use std::fmt::Display;

use tidewaiter_engine::ports::{Fault, SourceError};
use tokio::net::TcpStream;

use crate::meter::Meter;
use crate::settings::Remote;

/// A connection to the port of a server.
pub(crate) async fn reach(remote: &Remote, meter: &Meter) -> Result<TcpStream, SourceError> {
    within(remote, meter, async { connected(remote, &resolved(remote).await?).await }).await
}

/// Waits for a step as long as connecting may take.
pub(crate) async fn within<T>(
    remote: &Remote,
    meter: &Meter,
    waited_for: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    tokio::time::timeout(meter.limits.connect, waited_for)
        .await
        .unwrap_or_else(|_| Err(silent(remote, meter)))
}

/// The addresses of a host.
pub(crate) async fn resolved(remote: &Remote) -> Result<Vec<std::net::SocketAddr>, SourceError> {
    let found = tokio::net::lookup_host((remote.host.as_str(), remote.port)).await;
    let hint = "check the name, and that this machine can resolve it";
    match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => {
            Err(SourceError::new(Fault::Passing, format!("{} has no address", remote.host)).with_hint(hint))
        }
        Err(error) => {
            Err(SourceError::new(Fault::Passing, format!("{} is not resolved: {error}", remote.host))
                .with_hint(hint))
        }
    }
}

/// A connection to one of the addresses.
pub(crate) async fn connected(
    remote: &Remote,
    addresses: &[std::net::SocketAddr],
) -> Result<TcpStream, SourceError> {
    let stream = TcpStream::connect(addresses).await.map_err(|error| unreached(remote, &error))?;
    // Without it, small messages wait for each other. It is no failure where the system does not do it.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The error for a port that does not answer.
pub(crate) fn unreached(remote: &Remote, error: &std::io::Error) -> SourceError {
    SourceError::new(Fault::Passing, format!("{} is not reached: {error}", remote.place())).with_hint(
        "check the port, that the server listens on this address, and what lies between (firewall, VPC)",
    )
}

/// The error for a server that says nothing.
pub(crate) fn silent(remote: &Remote, meter: &Meter) -> SourceError {
    let seconds = meter.limits.connect.as_secs_f64();
    SourceError::new(Fault::Passing, format!("{} does not answer within {seconds} seconds", remote.place()))
        .with_hint(
            "check host, port and engine of the connection, and what lies between (firewall, VPC, proxy)",
        )
}

/// The error with the place of the server, unless it names it.
pub(crate) fn at(place: &str, error: SourceError) -> SourceError {
    if error.message.contains(place) {
        return error;
    }
    SourceError { message: format!("{place}: {}", error.message), ..error }
}

/// The error for a server of another kind.
pub(crate) fn other(place: &str, protocol: &str) -> SourceError {
    SourceError::new(Fault::Passing, format!("what answers at {place} does not speak {protocol}"))
        .with_hint("check host, port and engine of the connection")
}

/// The error for a server that goes away when it is spoken to: it may be of another kind, or stop.
pub(crate) fn closed(place: &str) -> SourceError {
    SourceError::new(Fault::Passing, format!("{place} closes the connection before it answers")).with_hint(
        "check host, port and engine of the connection, and what lies between (firewall, VPC, proxy)",
    )
}

/// True if the other side went away.
pub(crate) fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// The error for a connection that worked before.
pub(crate) fn broken(place: &str, reason: impl Display) -> SourceError {
    SourceError::new(Fault::Passing, format!("the connection to {place} broke: {reason}")).with_hint(
        "if it happens again, look at the log of the server, its timeouts, and what lies between (firewall, VPC, proxy)",
    )
}

/// The error for a host that cannot have a certificate.
pub(crate) fn bad_name(remote: &Remote, reason: &str) -> SourceError {
    SourceError::new(Fault::Operator, format!("no protected connection to {}: {reason}", remote.place()))
        .with_hint("name the host as its certificate does")
}
