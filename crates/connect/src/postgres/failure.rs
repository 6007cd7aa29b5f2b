//! What PostgreSQL answers when it does not do what it was asked.

use std::error::Error as _;
use std::io::ErrorKind;

use tidewaiter_engine::ports::{Fault, SourceError};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::frames::TooLarge;
use crate::meter::Meter;
use crate::sql::Statement;
use crate::{reach, states};

/// What PostgreSQL speaks.
const PROTOCOL: &str = "PostgreSQL";

/// What it was asked.
pub(crate) enum Asked<'a> {
    /// To take a connection.
    Connection,
    /// To understand a query.
    Query {
        /// As its author wrote it.
        statement: &'a Statement,
        /// As the server got it.
        sql: &'a str,
    },
    /// For rows.
    Rows,
}

/// The error for what went wrong.
pub(crate) fn failed(
    error: &tokio_postgres::Error,
    asked: &Asked<'_>,
    place: &str,
    meter: &Meter,
) -> SourceError {
    if let Some(answer) = error.as_db_error() {
        return refused(answer, asked, place, meter);
    }
    if let Asked::Connection = asked {
        return unconnected(error, place);
    }
    if is_too_large(error) {
        return meter.too_wide();
    }
    reach::broken(place, told(error))
}

/// The error for a connection that could not be made.
fn unconnected(error: &tokio_postgres::Error, place: &str) -> SourceError {
    let told = told(error);
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidMessage(_)) => return reach::other(place, PROTOCOL),
        Some(_) => {
            let message = format!("no protected connection to {place}: {told}");
            return SourceError::new(Fault::Operator, message).with_hint(
                "the certificate has to be for this host, and signed by an authority that the connection trusts",
            );
        }
        None => {}
    }
    let unreadable = ["unexpected message from server", "error parsing response from server"];
    if is_too_large(error)
        || unreadable.iter().any(|text| told.starts_with(text))
        || io_causes(error)
            .any(|cause| matches!(cause.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput))
    {
        return reach::other(place, PROTOCOL);
    }
    if error.is_closed() || io_causes(error).any(reach::is_closed) {
        return reach::closed(place);
    }
    if told.contains("password") {
        return SourceError::new(Fault::Operator, format!("the login to {place} failed: {told}"))
            .with_hint("say where the password lies");
    }
    SourceError::new(Fault::Passing, format!("no connection to {place}: {told}"))
        .with_hint("check host, port and engine of the connection, and the log of the server")
}

/// The error for a server without TLS.
pub(crate) fn without_tls(place: &str) -> SourceError {
    let message = format!("no protected connection to {place}: the server does not support TLS");
    SourceError::new(Fault::Operator, message)
        .with_hint("give the server a certificate, and set ssl = on in postgresql.conf")
}

/// The error for a server that does not say whether it has TLS.
pub(crate) fn other(place: &str) -> SourceError {
    reach::other(place, PROTOCOL)
}

fn is_too_large(error: &tokio_postgres::Error) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<TooLarge>().is_some())
}

fn io_causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &std::io::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>())
}

/// What the server says. Its message may hold values of rows in the classes that are left out here.
fn refused(answer: &DbError, asked: &Asked<'_>, place: &str, meter: &Meter) -> SourceError {
    let code = answer.code();
    let meaning = states::meaning(code.code());
    let said = match class(code) {
        "08" | "0A" | "25" | "28" | "3D" | "3F" | "42" | "53" | "54" | "55" | "57" | "58" => {
            format!("{} (SQLSTATE {})", answer.message(), code.code())
        }
        _ => {
            let words = meaning.map_or("an error while the query was running", |(words, _)| words);
            format!("{words} (SQLSTATE {})", code.code())
        }
    };
    let (fault, hint) = meant(code, asked);
    let hint = hint.or(meaning.map(|(_, hint)| hint));
    if *code == SqlState::QUERY_CANCELED {
        return meter.too_long();
    }
    let place = match (asked, answer.position()) {
        (Asked::Query { statement, sql }, Some(ErrorPosition::Original(at))) => {
            format!("line {} of the query: ", statement.line_of(sql, *at as usize))
        }
        (Asked::Connection, _) => format!("{place}: "),
        _ => String::new(),
    };
    let error = SourceError::new(fault, format!("{place}PostgreSQL: {said}"));
    if let Some(hint) = hint { error.with_hint(hint) } else { error }
}

fn class(code: &SqlState) -> &str {
    code.code().get(..2).unwrap_or_default()
}

/// Who can help, and how.
fn meant(code: &SqlState, asked: &Asked<'_>) -> (Fault, Option<&'static str>) {
    let read_only = "a query may only read: use no function and no CTE that writes, and no FOR UPDATE";
    match class(code) {
        "28" => (Fault::Operator, Some("check user and password, and pg_hba.conf of the server")),
        "3D" => (Fault::Operator, Some("check the name of the database")),
        "42" if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            (Fault::Operator, Some("grant the login SELECT on what the query reads, or leave that out"))
        }
        "42" if *code == SqlState::INDETERMINATE_DATATYPE => {
            (Fault::Query, Some("say the type of {lastItem}: CAST({lastItem} AS bigint)"))
        }
        "25" => (Fault::Query, Some(read_only)),
        "0A" | "22" | "42" => (Fault::Query, None),
        // A server that starts, stops, or is full.
        "08" | "53" | "55" | "57" | "58" | "40" => (Fault::Passing, None),
        _ if matches!(asked, Asked::Connection) => (Fault::Passing, None),
        _ => (Fault::Query, None),
    }
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        // What an error of input and output holds is not its source.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| cause.source())
    })
}

/// An error with its causes. Neither a password nor an address is in them.
fn told(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
