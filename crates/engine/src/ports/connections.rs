//! The databases that an operator lets repositories read.

use std::fmt::Write as _;
use std::future::Future;

use tidewaiter::keys::Repository;
use tidewaiter::name::did_you_mean;

use super::{DataSource, Fault, SourceError};

/// The connections of a deployment. A configuration names one; where it leads and who logs in is the operator's.
pub trait Connections: Send + Sync {
    /// A database that can be asked.
    type Source: DataSource;

    /// Returns how many queries of a connection may be read at the same time, 1 or more. No secret is read, and the
    /// database is not asked.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`] if this repository has no such connection; [`ConnectionError::Unusable`] if the
    /// connections cannot be read.
    fn max_reads(
        &self,
        name: &str,
        repository: &Repository,
    ) -> impl Future<Output = Result<u32, ConnectionError>> + Send;

    /// Returns a connection with its secrets as they are now, so that a rotated password is used without a restart. The
    /// database is not asked yet.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`] if this repository has no such connection; [`ConnectionError::Unusable`] if a password
    /// or a certificate cannot be read.
    fn connection(
        &self,
        name: &str,
        repository: &Repository,
    ) -> impl Future<Output = Result<Self::Source, ConnectionError>> + Send;
}

/// Why a repository cannot use a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// There is no connection of this name that the repository may use.
    ///
    /// A connection of another repository is told like one that does not exist: a partner learns nothing about the
    /// connections of others, not even their names.
    #[error("{0}")]
    Unknown(String),
    /// The connection is there, and what it needs is not.
    #[error(transparent)]
    Unusable(#[from] SourceError),
}

impl From<ConnectionError> for SourceError {
    /// The database is not read: the operator opens a connection, or fixes what it needs.
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Unknown(message) => Self::new(Fault::Operator, message),
            ConnectionError::Unusable(error) => error,
        }
    }
}

impl ConnectionError {
    /// The error for a name that a repository may not use. `own` are the connections that it may use.
    pub fn unknown<'a>(
        name: &str,
        repository: &Repository,
        own: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        let mut message = format!("repository {repository} has no connection {name:?}");
        let hint = did_you_mean(name, own.clone()).unwrap_or_else(|| {
            let own: Vec<&str> = own.into_iter().collect();
            if own.is_empty() {
                "the operator opens a connection to a repository".to_owned()
            } else {
                format!("it has {}", own.join(", "))
            }
        });
        // Writing to a string cannot fail.
        let _ = write!(message, " ({hint})");
        Self::Unknown(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_connection_is_told_with_those_of_the_repository_only() {
        let acme = "acme".parse().unwrap();
        let told =
            |name: &str, own: &[&str]| ConnectionError::unknown(name, &acme, own.iter().copied()).to_string();
        assert_eq!(
            told("shpo", &["shop"]),
            "repository acme has no connection \"shpo\" (did you mean `shop`?)"
        );
        assert_eq!(
            told("crm", &["shop", "stock"]),
            "repository acme has no connection \"crm\" (it has shop, stock)"
        );
        assert_eq!(
            told("crm", &[]),
            "repository acme has no connection \"crm\" (the operator opens a connection to a repository)"
        );
    }
}
