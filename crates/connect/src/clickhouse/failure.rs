//! What ClickHouse answers when it does not do what it was asked.

use tidewaiter_engine::ports::{Fault, SourceError};

use crate::meter::Meter;
use crate::reach;

/// How a failure begins, in the body of an answer.
const CODE: &str = "Code: ";
const EXCEPTION: &str = "DB::Exception: ";
/// Behind these, a message repeats the query, in which the last item stands.
const QUERY: [&str; 6] = [" in scope ", " In scope ", ": while ", ": While ", " (version ", " Stack trace"];
/// The longest message that is shown, in characters.
const LONGEST: usize = 400;

/// The error for a server that gives no answer to a request.
pub(super) fn unanswered(place: &str, error: &hyper::Error) -> SourceError {
    if error.is_parse() {
        return reach::other(place, "HTTP").with_hint(
            "check host, port and engine of the connection: the port is that of HTTP, usually 8123, or 8443 with TLS",
        );
    }
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    // What is told of a connection that ends early depends on where it ends.
    let is_over = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
    if is_over || cause.is_some_and(reach::is_closed) {
        return reach::closed(place);
    }
    reach::broken(place, error)
}

/// The error for an answer without its end: what the server wrote of a failure, or how the connection broke.
pub(super) fn cut_off(tail: &[u8], error: Option<&hyper::Error>, place: &str, meter: &Meter) -> SourceError {
    found(tail, meter).unwrap_or_else(|| match error {
        Some(error) => reach::broken(place, error),
        None => SourceError::new(Fault::Passing, "the server broke off in the middle of its answer")
            .with_hint("if it happens again, look at the log of the server"),
    })
}

/// What the server wrote of a failure.
pub(super) fn found(bytes: &[u8], meter: &Meter) -> Option<SourceError> {
    exception(bytes).map(|(code, message)| told(code, &message, meter))
}

/// The error for a request that the server does not take.
pub(super) fn refused(status: u16, body: &[u8], meter: &Meter) -> SourceError {
    match found(body, meter) {
        Some(error) => error,
        None if matches!(status, 401 | 403) => SourceError::new(
            Fault::Operator,
            format!("the server takes no such login (HTTP status {status})"),
        )
        .with_hint("check user and password"),
        None => SourceError::new(
            Fault::Passing,
            format!("the server answers with HTTP status {status}, as no ClickHouse does"),
        )
        .with_hint("check the port: it is that of HTTP, usually 8123, or 8443 with TLS"),
    }
}

/// Number and message of the last failure in these bytes.
fn exception(bytes: &[u8]) -> Option<(u32, String)> {
    let text = String::from_utf8_lossy(bytes);
    text.rmatch_indices(CODE).find_map(|(at, _)| {
        let (code, rest) = text.get(at + CODE.len()..)?.split_once(". ")?;
        let message = rest.strip_prefix(EXCEPTION)?;
        let end = QUERY.iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
        let message = message.get(..end)?.split(['\n', '\r']).next()?;
        Some((code.parse().ok()?, message.chars().take(LONGEST).collect()))
    })
}

/// What the server says, where no value of a row is in it: its messages are shown by their numbers.
fn told(code: u32, message: &str, meter: &Meter) -> SourceError {
    let said = |fault, hint: &str| {
        let error = SourceError::new(fault, format!("the server: {message} (error {code})"));
        if hint.is_empty() { error } else { error.with_hint(hint) }
    };
    match code {
        // No login, no database.
        81 | 192 | 193 | 194 | 516 => {
            said(Fault::Operator, "check user, password and the name of the database")
        }
        497 => said(Fault::Operator, "grant the login SELECT on what the query reads, or leave that out"),
        // A setting that the login may not change, or that the server does not know.
        115 | 452 => {
            said(Fault::Operator, "let the profile of the login change it; ClickHouse 24 and later know it")
        }
        164 => said(Fault::Query, "a query may only read, and has no SETTINGS of its own"),
        159 | 160 | 394 => meter.too_long(),
        // A server that is full, or does not reach another one.
        202 | 203 | 209 | 210 | 225 | 236 | 241 | 242 | 243 | 279 | 439 | 999 => said(Fault::Passing, ""),
        // What is wrong is seen before the first row: syntax, names, types.
        36
        | 42
        | 43
        | 44
        | 46
        | 47
        | 48
        | 50
        | 51
        | 60
        | 62
        | 63
        | 73
        | 169
        | 179
        | 183..=185
        | 207
        | 215
        | 344
        | 352
        | 386
        | 403
        | 456
        | 636 => said(Fault::Query, ""),
        _ => SourceError::new(
            Fault::Query,
            format!("the server: an error while the query was running (error {code})"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let meter = Meter::start(crate::settings::Limits::default());
        cut_off(text.as_bytes(), None, "localhost:8123", &meter).to_string()
    }

    #[test]
    fn a_failure_is_found_behind_rows() {
        let tagged = "1\tada\n2\t\r\n__exception__\r\nrnywyenlaeqynhmu\r\nCode: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE) (version 25.12.1.649 (official build))\n142 rnywyenlaeqynhmu\r\n__exception__\r\n";
        assert_eq!(of(tagged), "the server: Table t does not exist. (UNKNOWN_TABLE) (error 60)");
        let older = "1\tCode: 1. x\n2Code: 395. DB::Exception: Value 'ada' passed to throwIf: while executing (version 24.8)\n";
        assert_eq!(of(older), "the server: an error while the query was running (error 395)");
        let scope = "Code: 47. DB::Exception: Unknown expression identifier `nme` in scope SELECT nme FROM t WHERE id > 'secret'. (UNKNOWN_IDENTIFIER)";
        assert_eq!(of(scope), "the server: Unknown expression identifier `nme` (error 47)");
        let maybe = "Code: 47. DB::Exception: Unknown expression identifier `nme`. Maybe you meant: ['name']. In scope SELECT nme > 'secret'.";
        assert_eq!(
            of(maybe),
            "the server: Unknown expression identifier `nme`. Maybe you meant: ['name']. (error 47)"
        );
        assert!(of("1\tada\n2\t").starts_with("the server broke off in the middle of its answer"));
        assert!(of("Code: 159. DB::Exception: Timeout exceeded").starts_with("the query took longer"));
    }
}
