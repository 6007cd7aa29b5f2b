//! Where the records are, and who logs in.
//!
//! An address holds no password: people put addresses into settings, tickets and logs. The password is named, as an
//! environment variable or a file, and read when a connection is made, so that a rotated one is used without a restart.

mod secret;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidewaiter_engine::{Error, Result};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// What the errors name.
const ADDRESS: &str = "the address of PostgreSQL";
/// How long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long what was sent may go without a sign that the other machine got it.
const SILENCE: Duration = Duration::from_mins(1);
const HOLDS_PASSWORD: &str =
    "it holds a password: remove it, and name where the password lies, in an environment variable or a file";

/// Where a password lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In an environment variable of this name.
    Environment(String),
    /// In a file, whose last line break does not count.
    File(PathBuf),
}

impl Secret {
    /// The secret, as it is now.
    pub(crate) fn read(&self) -> Result<String> {
        let refused = |reason: String| Error::Refused { what: "the password of PostgreSQL".into(), reason };
        match self {
            Self::Environment(name) => std::env::var(name)
                .map_err(|_| refused(format!("the environment variable {name} is not set"))),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| refused(format!("{} cannot be read: {error}", path.display())))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protection {
    /// TLS; the certificate of the server is verified, and that it is for this host.
    Verified {
        /// Which certificates are trusted.
        roots: Roots,
    },
    /// None: a socket, or this machine.
    None,
}

/// Which certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those that the machine trusts.
    Machine,
    /// Those in a file.
    File(PathBuf),
    /// These, in PEM.
    Given(Arc<[u8]>),
}

/// The address of a database, without a password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    password: Option<Secret>,
    pub(crate) protection: Protection,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .field("user", &self.config.get_user())
            .field("password", &self.password)
            .field("protection", &self.protection)
            .finish_non_exhaustive()
    }
}

impl Address {
    /// Reads `postgresql://user@host:port/database`. Beside the usual parameters it may have `sslrootcert`, a file with
    /// the certificates to trust, and `sslmode`: `verify-full` (which it is unless said otherwise, and which `require` and
    /// `verify-ca` become), or `disable`, for sockets and this machine only.
    ///
    /// ```
    /// use tidewaiter_postgres::Address;
    ///
    /// assert!(Address::parse("postgresql://tidewaiter@db.example.org/records", None).is_ok());
    /// let with_password = Address::parse("postgresql://tidewaiter:secret@db.example.org/records", None);
    /// assert!(!with_password.unwrap_err().to_string().contains("secret"));
    /// ```
    ///
    /// # Errors
    /// It is no such address, it holds a password, or it gives up protection where data would cross a network.
    pub fn parse(text: &str, password: Option<Secret>) -> Result<Self> {
        Ok(Self { password, ..Self::read(text, false)? })
    }

    /// Reads an address. Where it lies in a secret it `may_hold_password`.
    fn read(text: &str, may_hold_password: bool) -> Result<Self> {
        let (plain, own) = without_own_parameters(text)?;
        // The error of the parser may quote what it did not understand, and that may be a password.
        let config: Config = plain.parse().map_err(|_| {
            refused("it is not of the form postgresql://user@host:port/database?sslmode=verify-full")
        })?;
        if config.get_password().is_some() && !may_hold_password {
            return Err(refused(HOLDS_PASSWORD));
        }
        Self::protected(config, own)
    }

    /// An address whose connections are protected as it asks for, or as they have to be.
    fn protected(mut config: Config, own: OwnParameters) -> Result<Self> {
        let is_near = config.get_hosts().iter().all(is_near) && !config.get_hosts().is_empty();
        let verified = Protection::Verified { roots: own.roots.map_or(Roots::Machine, Roots::File) };
        let protection = match own.mode.as_deref() {
            None if config.get_hosts().iter().all(is_socket) => Protection::None,
            None | Some("verify-full" | "verify-ca" | "require") => verified,
            Some("disable") if is_near => Protection::None,
            Some("disable") => {
                return Err(refused(
                    "sslmode=disable is for sockets and this machine: data would cross the network unprotected. Remove it, \
                     and name the certificate authority of the server with sslrootcert=FILE if the machine does not know it",
                ));
            }
            Some(other) => {
                return Err(refused(&format!(
                    "sslmode={other} does not say whether the connection is protected: use verify-full, or disable for this \
                     machine"
                )));
            }
        };
        config.ssl_mode(match protection {
            Protection::Verified { .. } => SslMode::Require,
            Protection::None => SslMode::Disable,
        });
        config.connect_timeout(PATIENCE).keepalives(true).keepalives_idle(Duration::from_mins(1));
        config.tcp_user_timeout(SILENCE);
        if config.get_application_name().is_none() {
            config.application_name("tidewaiter");
        }
        Ok(Self { config, password: None, protection })
    }

    /// The same address, which trusts these certificates (PEM, one behind the other) instead of those of the machine. Where
    /// it names a file itself, or needs no protection, nothing changes.
    #[must_use]
    pub fn trusting(mut self, certificates: &[u8]) -> Self {
        if self.protection == (Protection::Verified { roots: Roots::Machine }) {
            self.protection = Protection::Verified { roots: Roots::Given(certificates.into()) };
        }
        self
    }

    /// What a connection is made with, password included.
    pub(crate) fn config(&self) -> Result<Config> {
        let mut config = self.config.clone();
        if let Some(secret) = &self.password {
            config.password(secret.read()?);
        }
        Ok(config)
    }
}

/// The parameters that are read here.
#[derive(Default)]
struct OwnParameters {
    mode: Option<String>,
    roots: Option<PathBuf>,
}

/// An address without `sslmode` and `sslrootcert`, which the client does not know or takes for less than they say.
fn without_own_parameters(text: &str) -> Result<(String, OwnParameters)> {
    let mut own = OwnParameters::default();
    let is_url = ["postgresql://", "postgres://"].iter().any(|scheme| text.starts_with(scheme));
    if !is_url {
        return Err(refused("it begins with neither postgresql:// nor postgres://"));
    }
    let Some((base, parameters)) = text.split_once('?') else { return Ok((text.to_owned(), own)) };
    let mut others = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => own.mode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => own.roots = Some(PathBuf::from(path)),
            Some(("password", _)) => {
                return Err(refused(HOLDS_PASSWORD));
            }
            _ => others.push(parameter),
        }
    }
    let rest = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    Ok((format!("{base}{rest}"), own))
}

fn refused(reason: &str) -> Error {
    Error::Refused { what: ADDRESS.to_owned(), reason: reason.to_owned() }
}

fn is_socket(host: &Host) -> bool {
    !matches!(host, Host::Tcp(_))
}

/// True if nothing that is sent there leaves the machine.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protection(text: &str) -> Protection {
        Address::parse(text, None).unwrap().protection
    }

    #[test]
    fn a_connection_over_a_network_is_verified() {
        let verified = Protection::Verified { roots: Roots::Machine };
        assert_eq!(protection("postgresql://u@db.example.org/records"), verified);
        assert_eq!(protection("postgresql://u@db.example.org/records?sslmode=require"), verified);
        let own = protection("postgresql://u@db/records?sslmode=verify-full&sslrootcert=/etc/rds.pem");
        assert_eq!(own, Protection::Verified { roots: Roots::File("/etc/rds.pem".into()) });
        assert_eq!(protection("postgresql://u@%2Frun%2Fpostgresql/records"), Protection::None);
        assert_eq!(protection("postgresql://u@127.0.0.1:5433/records?sslmode=disable"), Protection::None);
        for refused in ["sslmode=disable", "sslmode=prefer", "sslmode=allow"] {
            let text = format!("postgresql://u@db.example.org/records?{refused}");
            assert!(Address::parse(&text, None).is_err(), "{refused}");
        }
    }

    #[test]
    fn no_password_is_in_an_address_or_told() {
        let texts = [
            "postgresql://u:geheim@db/records",
            "postgresql://u@db/records?password=geheim",
            "postgresql://u:geheim@db:port/records",
            "host=db password=geheim",
        ];
        for text in texts {
            let error = Address::parse(text, None).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("geheim"), "{error}");
        }
        let named = Secret::Environment("RECORDS_PASSWORD".into());
        let address = Address::parse("postgresql://u@db/records", Some(named)).unwrap();
        let told = format!("{address:?}");
        assert!(told.contains("RECORDS_PASSWORD"), "{told}");
    }

    #[test]
    fn a_password_is_read_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "s3cret\n").unwrap();
        assert_eq!(Secret::File(path).read().unwrap(), "s3cret");
        let missing = Secret::Environment("TIDEWAITER_NO_SUCH_VARIABLE".into()).read().unwrap_err();
        assert!(missing.to_string().contains("TIDEWAITER_NO_SUCH_VARIABLE"), "{missing}");
    }
}
