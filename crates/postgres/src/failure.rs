//! What PostgreSQL answers when it does not do what it was asked.
//!
//! Most of it passes: a server restarts, a connection breaks. What needs an operator is told apart by its SQLSTATE, so
//! that it is not tried again and again. Only the code and the message are told; the details that PostgreSQL adds may
//! hold values of records.

use std::error::Error as _;
use std::fmt;

use tidewaiter_engine::Error;
use tokio_postgres::error::{DbError, SqlState};

/// What the client says of a server that takes plain connections only.
const NO_TLS: &str = "server does not support TLS";

/// A failure of PostgreSQL, without what it may tell about records.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure that is not PostgreSQL's.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The error of the engine for what went wrong while `what` was done.
pub(crate) fn failed(what: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else { return broken(what, told(error)) };
    let said = format!("{} (SQLSTATE {})", answer.message(), answer.code().code());
    if *answer.code() == SqlState::LOCK_NOT_AVAILABLE {
        return broken(what, format!("another client holds the universe or its tables: {said}"));
    }
    if needs_operator(answer) {
        return Error::Refused { what: what.to_owned(), reason: said };
    }
    broken(what, said)
}

/// The error of the engine for something that may pass.
pub(crate) fn broken(what: &'static str, said: impl Into<String>) -> Error {
    Error::Store { what, source: Box::new(Failure::new(said)) }
}

/// An error with its causes. A connection string is in none of them.
fn told(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    if text.contains(NO_TLS) {
        text.push_str(
            "; turn it on there, or add sslmode=disable to the address of a server on this machine",
        );
    }
    text
}

/// True if no later try succeeds without a person: a login, a privilege or a database is missing, or a table is not what
/// we made it.
fn needs_operator(answer: &DbError) -> bool {
    let code = answer.code();
    let class = code.code().get(..2).unwrap_or_default();
    // 28: the login; 3D: the database; 42: privileges, and objects that another client changed; 54: a limit of PostgreSQL.
    matches!(class, "28" | "3D" | "42" | "54") && *code != SqlState::DUPLICATE_TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again() {
        assert!(broken("reading", "connection closed").is_transient());
    }
}
