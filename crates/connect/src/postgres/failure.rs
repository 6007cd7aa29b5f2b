//! What PostgreSQL answers when it does not do what it was asked.

use std::error::Error as _;

use tidewaiter_engine::ports::{Fault, SourceError};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::frames::TooLarge;
use crate::meter::Meter;
use crate::sql::Statement;

/// What it was asked.
pub(crate) enum Asked<'a> {
    /// To take a connection to this place.
    Connection(&'a str),
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
pub(crate) fn failed(error: &tokio_postgres::Error, asked: &Asked<'_>, meter: &Meter) -> SourceError {
    if let Some(answer) = error.as_db_error() {
        return refused(answer, asked, meter);
    }
    if causes(error).any(|cause| cause.downcast_ref::<TooLarge>().is_some()) {
        return meter.too_wide();
    }
    let told = told(error);
    let Asked::Connection(place) = asked else {
        return SourceError::new(Fault::Passing, format!("the connection broke: {told}"));
    };
    if told.starts_with("error performing TLS") {
        return SourceError::new(Fault::Operator, format!("no protected connection to {place}: {told}"))
            .with_hint("the certificate has to be for this host, and signed by an authority that the connection trusts");
    }
    if told.contains("password") {
        return SourceError::new(Fault::Operator, format!("the login to {place} failed: {told}"))
            .with_hint("say where the password lies");
    }
    SourceError::new(Fault::Passing, format!("no connection to {place}: {told}"))
}

/// What the server says. Its message may hold values of rows in the classes that are left out here.
fn refused(answer: &DbError, asked: &Asked<'_>, meter: &Meter) -> SourceError {
    let code = answer.code();
    let said = match class(code) {
        "08" | "0A" | "25" | "28" | "3D" | "3F" | "42" | "53" | "54" | "55" | "57" | "58" => {
            format!("{} (SQLSTATE {})", answer.message(), code.code())
        }
        "22" => format!("a value does not fit where it is used (SQLSTATE {})", code.code()),
        _ => format!("an error while the query was running (SQLSTATE {})", code.code()),
    };
    let (fault, hint) = meant(code, asked);
    if *code == SqlState::QUERY_CANCELED {
        return meter.too_long();
    }
    let place = match (asked, answer.position()) {
        (Asked::Query { statement, sql }, Some(ErrorPosition::Original(at))) => {
            format!("line {} of the query: ", statement.line_of(sql, *at as usize))
        }
        (Asked::Connection(place), _) => format!("{place}: "),
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
        _ if matches!(asked, Asked::Connection(_)) => (Fault::Passing, None),
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
