//! Where the records are, and who logs in.
//!
//! An address holds no password: people put addresses into settings, tickets and logs. The password is named, as an
//! environment variable or a file, and read when a connection is made, so that a rotated one is used without a restart. So
//! may the whole address be, as platforms hand it over.

mod secret;

use std::fmt;
use std::path::{Path, PathBuf};
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
    /// The secret, as it is now; it is `what`, and paths begin at `base`.
    ///
    /// # Errors
    /// If it cannot be read. What is wrong is told with `what` and the place.
    pub fn read(&self, what: &str, base: &Path) -> Result<String> {
        let refused = |reason: String| Error::Refused { what: what.to_owned(), reason };
        match self {
            Self::Environment(name) => std::env::var(name)
                .map_err(|_| refused(format!("the environment variable {name} is not set"))),
            Self::File(path) => {
                let path = base.join(path);
                let text = std::fs::read_to_string(&path)
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

/// The address of a database.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    place: Place,
    password: Option<Secret>,
    /// Where paths begin.
    base: PathBuf,
}

/// Where an address is.
#[derive(Clone, PartialEq, Eq)]
enum Place {
    /// This one, without a password.
    Given(Box<Parsed>),
    /// It is read when a connection is made, and may hold its password.
    Named(Secret),
}

#[derive(Clone, PartialEq, Eq)]
struct Parsed {
    config: Config,
    protection: Protection,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Address");
        match &self.place {
            Place::Named(secret) => told.field("named", secret),
            Place::Given(parsed) => told
                .field("hosts", &parsed.config.get_hosts())
                .field("database", &parsed.config.get_dbname())
                .field("user", &parsed.config.get_user())
                .field("protection", &parsed.protection),
        };
        told.field("password", &self.password).finish_non_exhaustive()
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
        let parsed = Parsed::read(text)?;
        if parsed.config.get_password().is_some() {
            return Err(refused(HOLDS_PASSWORD));
        }
        Ok(Self { password, ..Self::of(parsed) })
    }

    fn of(parsed: Parsed) -> Self {
        Self { place: Place::Given(Box::new(parsed)), password: None, base: PathBuf::new() }
    }

    /// The address that lies there. It is read for each connection, and may hold its password.
    pub fn named(secret: Secret) -> Self {
        Self { place: Place::Named(secret), password: None, base: PathBuf::new() }
    }

    /// The same address, which trusts these certificates (PEM, one behind the other) instead of those of the machine. Where
    /// it names a file itself, or needs no protection, nothing changes.
    #[must_use]
    pub fn trusting(mut self, certificates: &[u8]) -> Self {
        if let Place::Given(parsed) = &mut self.place
            && parsed.protection == (Protection::Verified { roots: Roots::Machine })
        {
            parsed.protection = Protection::Verified { roots: Roots::Given(certificates.into()) };
        }
        self
    }

    /// The same; relative paths in it begin at this folder.
    #[must_use]
    pub fn below(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.base);
        self
    }

    /// What an error says against an address, without the words that name it.
    pub fn reason(error: Error) -> String {
        match error {
            Error::Refused { reason, .. } => reason,
            other => other.to_string(),
        }
    }

    /// What a connection is made with, password included.
    pub(crate) fn read(&self) -> Result<(Config, Protection)> {
        let Parsed { mut config, protection } = match &self.place {
            Place::Given(parsed) => Parsed::clone(parsed),
            Place::Named(secret) => Parsed::read(&secret.read(ADDRESS, &self.base)?)?,
        };
        if let Some(secret) = &self.password {
            config.password(secret.read("the password of PostgreSQL", &self.base)?);
        }
        let protection = match protection {
            Protection::Verified { roots: Roots::File(path) } => {
                Protection::Verified { roots: Roots::File(self.base.join(path)) }
            }
            other => other,
        };
        Ok((config, protection))
    }
}

impl Parsed {
    fn read(text: &str) -> Result<Self> {
        let (plain, own) = without_own_parameters(text)?;
        // The error of the parser may quote what it did not understand, and that may be a password.
        let config: Config = plain.parse().map_err(|_| {
            refused("it is not of the form postgresql://user@host:port/database?sslmode=verify-full")
        })?;
        Self::protected(config, own)
    }

    /// An address whose connections are protected as it asks for, or as they have to be.
    fn protected(mut config: Config, own: OwnParameters) -> Result<Self> {
        let is_near = config.get_hosts().iter().all(is_near)
            && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
            && !config.get_hosts().is_empty();
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
        // A server that is gone without a word is noticed.
        config.connect_timeout(PATIENCE).keepalives(true).keepalives_idle(Duration::from_mins(1));
        config.keepalives_interval(PATIENCE).keepalives_retries(4).tcp_user_timeout(SILENCE);
        if config.get_application_name().is_none() {
            config.application_name("tidewaiter");
        }
        Ok(Self { config, protection })
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
        Address::parse(text, None).unwrap().read().unwrap().1
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
        let elsewhere = "postgresql://u@localhost/records?sslmode=disable&hostaddr=192.0.2.1";
        assert!(Address::parse(elsewhere, None).is_err(), "it is no address of this machine");
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
        assert_eq!(Secret::File("password".into()).read("it", folder.path()).unwrap(), "s3cret");
        assert_eq!(Secret::File(path).read("it", Path::new("elsewhere")).unwrap(), "s3cret");
        let missing = Secret::Environment("TIDEWAITER_NO_SUCH_VARIABLE".into());
        let missing = missing.read("it", Path::new("")).unwrap_err();
        assert!(missing.to_string().contains("TIDEWAITER_NO_SUCH_VARIABLE"), "{missing}");
    }

    #[test]
    fn an_address_that_is_named_may_hold_its_password_and_is_told_without() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::named(Secret::File("address".into())).below(folder.path());
        assert!(address.read().unwrap_err().to_string().contains("cannot be read"));
        let text = "postgresql://u:geheim@db/records?sslrootcert=ca.pem\n";
        std::fs::write(folder.path().join("address"), text).unwrap();
        let (config, protection) = address.read().unwrap();
        assert_eq!(config.get_password(), Some(&b"geheim"[..]));
        let roots = Roots::File(folder.path().join("ca.pem"));
        assert_eq!(protection, Protection::Verified { roots }, "paths begin at the folder");
        std::fs::write(folder.path().join("address"), "postgresql://u:geheim@db:port/records").unwrap();
        let error = address.read().unwrap_err();
        assert!(!format!("{error} {error:?} {address:?}").contains("geheim"), "{error}");
    }
}
