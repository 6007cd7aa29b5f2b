//! What MySQL and MariaDB answer when they do not do what they were asked.

use mysql_async::{DriverError, Error, IoError, ServerError};
use tidewaiter_engine::ports::{Fault, SourceError};

use crate::meter::Meter;
use crate::settings::Remote;
use crate::{reach, states};

/// What MySQL and MariaDB speak.
const PROTOCOL: &str = "the protocol of MySQL";

/// The error for what went wrong.
pub(crate) fn failed(error: &Error, remote: &Remote, meter: &Meter) -> SourceError {
    let place = remote.place();
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
            reach::other(&place, PROTOCOL)
        }
        Error::Io(IoError::Io(error)) => reach::broken(&place, error),
        Error::Driver(DriverError::ConnectionClosed) => reach::broken(&place, "the server closed it"),
        // Others may hold what the server sent.
        _ => reach::other(&place, PROTOCOL),
    }
}

/// The error for a connection that could not be made.
pub(crate) fn unconnected(error: &Error, remote: &Remote, meter: &Meter) -> SourceError {
    let place = remote.place();
    match error {
        Error::Io(IoError::Io(error)) if is_unreached(error) => reach::unreached(remote, error),
        Error::Io(IoError::Io(error)) if reach::is_closed(error) => reach::closed(&place),
        Error::Io(IoError::Io(error)) if is_too_large(error) => reach::other(&place, PROTOCOL),
        Error::Driver(DriverError::PacketTooLarge) => reach::other(&place, PROTOCOL),
        Error::Driver(DriverError::ConnectionClosed) => reach::closed(&place),
        error => reach::at(&place, failed(error, remote, meter)),
    }
}

/// True if nothing was said yet: the client opens the connection itself.
fn is_unreached(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | TimedOut)
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
        // What these say holds names and types, and no values.
        1111 | 1210 | 1221 | 1222 | 1241 | 3636 | 4078 | 4079 => said(Fault::Query, ""),
        1267 | 1270 | 1271 => {
            said(Fault::Query, "give one side the collation of the other: CONVERT(… USING utf8mb4) COLLATE …")
        }
        1356 => said(Fault::Operator, "fix the view, or let its definer read what it selects from"),
        _ if state.starts_with("42") || state.starts_with("0A") => said(Fault::Query, ""),
        _ if state.starts_with("08") => said(Fault::Passing, ""),
        _ => {
            let (words, hint) = meaning(*code).or_else(|| states::meaning(state)).unwrap_or((
                "an error while the query was running",
                "look the number of the error up, and run the query by hand",
            ));
            let message = format!("the server: {words} (error {code}, SQLSTATE {state})");
            SourceError::new(Fault::Query, message).with_hint(hint)
        }
    }
}

/// What an error means whose state says too little, and what to do about it. Its own message may hold values.
fn meaning(code: u16) -> Option<(&'static str, &'static str)> {
    let state = match code {
        1242 => "21000",
        1365 => "22012",
        1264 | 1690 => "22003",
        1366 => "22018",
        1292 | 1367 | 1411 | 1525 => {
            return Some((
                "a text is not a value of the type that it is taken for, such as a date or a number",
                "look at the casts and comparisons of the query, and cast only texts that fit",
            ));
        }
        1406 => "22001",
        1441 => "22008",
        1644 => "45000",
        // Each has a number for one mistake of many in an expression.
        3684..=3700 => "2201B",
        3140..=3158 => "22032",
        1028 => {
            return Some((
                "the server stops sorting the rows",
                "look at the expressions of ORDER BY, GROUP BY and DISTINCT, and at the memory and the disk of the server",
            ));
        }
        1105 => {
            return Some((
                "a function of the query fails, such as one of XML whose path is not valid",
                "look at the functions of the query, such as ExtractValue",
            ));
        }
        _ => return None,
    };
    states::meaning(state)
}
