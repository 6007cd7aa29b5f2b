//! Where a database is, who logs in, and how much may be read.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tidewaiter_engine::ports::{Fault, SourceError};

/// A database that can be asked.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The database.
    pub server: Server,
    /// How much one query may read.
    pub limits: Limits,
}

/// A database, by the kind of its server.
#[derive(Debug, Clone)]
pub enum Server {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// PostgreSQL.
    Postgres(Remote),
    /// MySQL or MariaDB.
    Mysql(Remote),
}

/// A server in a network.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database there.
    pub database: String,
    /// How the connection is protected.
    pub protection: Protection,
    /// Who logs in.
    pub login: Login,
}

/// A user. What is secret of it was read from where the settings say; it is in no error and no log.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password; None where the server asks for none.
    pub password: Option<SecretString>,
}

/// How a connection is protected.
#[derive(Debug, Clone)]
pub enum Protection {
    /// TLS; the certificate of the server is verified, and that it is for this host.
    Verified(Roots),
    /// None. Only for this machine.
    None,
}

/// Which certificate authorities are trusted.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Those that the machine trusts.
    Machine,
    /// Those in this PEM text, and no others.
    Pem(Vec<u8>),
}

/// How much one query may read. What lies beyond is an error: a part of an answer is never taken for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows.
    pub rows: u64,
    /// Bytes of all values together.
    pub bytes: u64,
    /// Bytes of one row. It bounds the memory that a read takes.
    pub row_bytes: usize,
    /// How long a read may take, from the first attempt to connect to the last row.
    pub time: Duration,
    /// How long it may take to connect.
    pub connect: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 100_000_000,
            bytes: 64 << 30,
            row_bytes: 16 << 20,
            time: Duration::from_hours(1),
            connect: Duration::from_secs(15),
        }
    }
}

/// `host:port`, for people.
pub(crate) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// True if nothing that is sent to a host leaves this machine.
pub(crate) fn is_near(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Remote {
    /// `host:port`, for errors.
    pub(crate) fn place(&self) -> String {
        place(&self.host, self.port)
    }

    /// Refuses a connection that would carry data over a network unprotected.
    pub(crate) fn check_protection(&self) -> Result<(), SourceError> {
        if matches!(self.protection, Protection::None) && !is_near(&self.host) {
            let message = format!("{} would be reached without TLS", self.place());
            return Err(SourceError::new(Fault::Operator, message).with_hint(
                "TLS may be left out for this machine only; name the certificate authority of the server if the machine does \
                 not know it",
            ));
        }
        Ok(())
    }
}
