//! What SQL Server answers when it does not do what it was asked.

use std::io::ErrorKind;

use tiberius::error::{Error, TokenError};
use tidewaiter_engine::ports::{Fault, SourceError};

use super::carrier::TOO_LARGE;
use crate::meter::Meter;
use crate::reach;
use crate::settings::Remote;

/// What SQL Server speaks.
pub(super) const PROTOCOL: &str = "the protocol of SQL Server";

/// The error for what went wrong.
pub(super) fn failed(error: &Error, remote: &Remote, meter: &Meter) -> SourceError {
    match error {
        Error::Server(answer) => refused(answer, meter),
        Error::Io { message, .. } if message.contains(TOO_LARGE) => meter.too_wide(),
        Error::Io { kind: ErrorKind::UnexpectedEof, .. } => {
            reach::broken(&remote.place(), "the server closed it")
        }
        Error::Io { kind, .. } => reach::broken(&remote.place(), kind),
        Error::Protocol(message) if message.contains("UTF-16") => broken_text(),
        Error::Utf16 | Error::Utf8 | Error::Encoding(_) => broken_text(),
        // Others may hold what the server sent.
        _ => reach::other(&remote.place(), PROTOCOL),
    }
}

fn broken_text() -> SourceError {
    SourceError::new(Fault::Query, "a text in a row is not valid in the encoding of its column")
        .with_hint("leave that row out, or select CONVERT(varchar(max), CONVERT(varbinary(max), …), 2)")
}

/// What the server says, where no value of a row is in it: its messages are shown by their numbers.
fn refused(answer: &TokenError, meter: &Meter) -> SourceError {
    let code = answer.code();
    let said = |fault, hint: &str| {
        let error = SourceError::new(fault, format!("the server: {} (error {code})", answer.message()));
        if hint.is_empty() { error } else { error.with_hint(hint) }
    };
    match code {
        // No database, no login.
        911 | 916 | 4060 | 4064 | 18_450..=18_488 | 40_532 => {
            said(Fault::Operator, "check user, password and the name of the database")
        }
        40_615 => said(Fault::Operator, "let the firewall of the server allow the address of this machine"),
        229 | 230 | 262 | 297 | 300 | 371 => {
            said(Fault::Operator, "grant the login SELECT on what the query reads, or leave that out")
        }
        // A lock that others hold for longer than was waited.
        1222 => meter.too_long(),
        // A deadlock; a server that starts, stops, moves or is full.
        701
        | 1204
        | 1205
        | 3906
        | 3908
        | 6005
        | 8628
        | 8645
        | 10_928
        | 10_929
        | 17_142
        | 40_197
        | 40_501
        | 40_613
        | 49_918..=49_920 => said(Fault::Passing, ""),
        // What is wrong is seen before the first row: names, syntax, types.
        102
        | 104..=109
        | 116
        | 119
        | 121
        | 134..=137
        | 139
        | 141
        | 145
        | 147
        | 148
        | 156
        | 164
        | 170
        | 174
        | 189
        | 195
        | 201
        | 205
        | 207..=209
        | 252
        | 253
        | 306
        | 319
        | 402
        | 403
        | 408
        | 421
        | 4104
        | 4121
        | 8116
        | 8117
        | 8120..=8127
        | 8155..=8158
        | 8169
        | 10_759 => said(Fault::Query, ""),
        _ => SourceError::new(
            Fault::Query,
            format!("the server: an error while the query was running (error {code})"),
        ),
    }
}
