//! What MySQL and MariaDB answer when they do not do what they were asked.

use mysql_async::{DriverError, Error, IoError, ServerError};
use tidewaiter_engine::ports::{Fault, SourceError};

use crate::meter::Meter;

/// The error for what went wrong.
pub(crate) fn failed(error: &Error, meter: &Meter) -> SourceError {
    match error {
        Error::Server(answer) => refused(answer, meter),
        Error::Io(IoError::Tls(error)) => unprotected(error),
        Error::Io(IoError::Io(error)) if is_tls(error) => unprotected(error),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            SourceError::new(Fault::Operator, "no protected connection: the server does not support TLS")
                .with_hint("give the server a certificate")
        }
        Error::Driver(DriverError::PacketTooLarge) => meter.too_wide(),
        Error::Io(IoError::Io(error)) if is_too_large(error) => meter.too_wide(),
        Error::Io(IoError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            SourceError::new(Fault::Passing, "the server does not speak the protocol of MySQL")
        }
        Error::Io(IoError::Io(error)) => {
            SourceError::new(Fault::Passing, format!("the connection broke: {error}"))
        }
        // Others may hold what the server sent.
        Error::Driver(DriverError::ConnectionClosed) => {
            SourceError::new(Fault::Passing, "the server closed the connection")
        }
        _ => SourceError::new(Fault::Passing, "the server does not speak the protocol of MySQL"),
    }
}

fn unprotected(error: &dyn std::error::Error) -> SourceError {
    SourceError::new(Fault::Operator, format!("no protected connection: {error}")).with_hint(
        "the certificate has to be for this host, and signed by an authority that the connection trusts",
    )
}

/// True if the handshake of TLS failed.
fn is_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

/// True if a packet is larger than it may be. The error has no kind of its own.
fn is_too_large(error: &std::io::Error) -> bool {
    error.to_string().contains("max_allowed_packet")
}

/// What the server says, where no value of a row is in it.
fn refused(answer: &ServerError, meter: &Meter) -> SourceError {
    let ServerError { code, message, state } = answer;
    // A statement took longer than it was given; it was killed.
    if matches!(code, 1969 | 3024 | 1317) {
        return meter.too_long();
    }
    let said = |fault, hint: &str| {
        let error =
            SourceError::new(fault, format!("the server: {message} (error {code}, SQLSTATE {state})"));
        if hint.is_empty() { error } else { error.with_hint(hint) }
    };
    match code {
        // No database, no login.
        1044 | 1045 | 1049 | 1130 | 1698 | 1227 | 4151 => {
            said(Fault::Operator, "check user, password and the host from which the login is allowed")
        }
        1142 | 1143 | 1370 => {
            said(Fault::Operator, "grant the login SELECT on what the query reads, or leave that out")
        }
        1792 | 1290 => said(Fault::Query, "a query may only read: use no function that writes"),
        // A server that is full, stops, or has locks that others hold.
        1040 | 1053 | 1129 | 1205 | 1213 | 1203 | 1226 => said(Fault::Passing, ""),
        1153 | 1301 | 2020 => meter.too_wide(),
        _ if state.starts_with("42") || state.starts_with("0A") => said(Fault::Query, ""),
        _ if state.starts_with("08") => said(Fault::Passing, ""),
        _ => SourceError::new(
            Fault::Query,
            format!("the server: an error while the query was running (error {code}, SQLSTATE {state})"),
        ),
    }
}
