//! Connections as an operator writes them: in the settings of a folder, or in a secret of a stack.
//!
//! Both have the same keys, which are read here. Where a password may lie differs, so each deployment hands in its
//! [`Forms`]. No password is in a definition.

mod engines;
mod keys;
mod read;

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use tidewaiter::keys::Repository;
use tidewaiter_engine::ports::{ConnectionError, Fault, SourceError};

use crate::settings::{Connection, Limits, Login, Protection, Remote, Roots, Server, place};

/// What a deployment takes in a definition. `P` is a place where a password lies.
#[derive(Debug)]
pub struct Forms<P: 'static> {
    /// The keys that say where a password lies. A definition has one of them at most.
    pub passwords: &'static [PasswordKey<P>],
    /// What to do with a password that is written into the definition.
    pub advice: &'static str,
    /// What `certificates` is, such as `the path of a file`.
    pub certificates: &'static str,
    /// Whether files of SQLite can be read.
    pub has_files: bool,
    /// Whether the user may lie beside the password.
    pub user_beside_password: bool,
}

/// A key that says where a password lies.
#[derive(Debug)]
pub struct PasswordKey<P> {
    /// The key.
    pub key: &'static str,
    /// What its value is, such as `the path of a file`.
    pub what: &'static str,
    /// The place that a value names.
    pub place: fn(String) -> P,
}

/// The connections that an operator defined.
#[derive(Debug, Clone)]
pub struct Definitions<P>(Vec<Definition<P>>);

/// A connection, as an operator defined it.
#[derive(Debug, Clone)]
pub struct Definition<P> {
    name: String,
    engine: &'static str,
    target: Target<P>,
    repositories: Vec<Repository>,
    limits: Limits,
    max_reads: u32,
}

/// Where a definition leads, and what makes that a database that can be asked.
#[derive(Debug, Clone)]
enum Target<P> {
    File(PathBuf, fn(PathBuf) -> Server),
    Network(Network<P>, fn(Remote) -> Server),
}

/// A server in a network, and where lies what is needed for it.
#[derive(Debug, Clone)]
struct Network<P> {
    host: String,
    port: u16,
    database: String,
    user: Option<String>,
    password: Option<P>,
    is_protected: bool,
    certificates: Option<String>,
}

/// What a deployment reads for a connection when it is used.
#[derive(Debug, Default)]
pub struct Unlocked {
    /// The user, if it lies beside the password.
    pub user: Option<String>,
    /// The password, if there is one.
    pub password: Option<SecretString>,
    /// The certificates to trust, in PEM; None for those of the machine.
    pub certificates: Option<Vec<u8>>,
}

impl<P> Default for Definitions<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> Definitions<P> {
    /// All of them, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Definition<P>> {
        self.0.iter()
    }

    /// The same; files of databases begin at this folder.
    #[must_use]
    pub fn below(mut self, folder: &Path) -> Self {
        for definition in &mut self.0 {
            if let Target::File(file, _) = &mut definition.target {
                *file = folder.join(&*file);
            }
        }
        self
    }

    /// The connection of this name that a repository may use.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`] if there is none.
    pub fn open_to(&self, name: &str, repository: &Repository) -> Result<&Definition<P>, ConnectionError> {
        let own = self.iter().filter(|definition| definition.repositories.contains(repository));
        own.clone()
            .find(|definition| definition.name == name)
            .ok_or_else(|| ConnectionError::unknown(name, repository, own.map(Definition::name)))
    }
}

impl<P> Definition<P> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engine of its database, as settings call it.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// Where its database is: the file, or `host:port/database`.
    pub fn place(&self) -> String {
        match &self.target {
            Target::File(file, _) => file.display().to_string(),
            Target::Network(network, _) => {
                format!("{}/{}", place(&network.host, network.port), network.database)
            }
        }
    }

    /// Who logs in; None for a file, and where the user lies beside the password.
    pub fn user(&self) -> Option<&str> {
        self.network()?.user.as_deref()
    }

    /// Where the password lies, if there is one.
    pub fn password(&self) -> Option<&P> {
        self.network()?.password.as_ref()
    }

    /// Where the certificates to trust lie, if they are not those of the machine.
    pub fn certificates(&self) -> Option<&str> {
        self.network()?.certificates.as_deref()
    }

    /// The repositories that may use it.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// How much one query may read.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many queries may be read at the same time.
    pub fn max_reads(&self) -> u32 {
        self.max_reads
    }

    /// The connection, with what was read for it.
    ///
    /// # Errors
    /// If neither the definition nor what was read names a user.
    pub fn connection(&self, unlocked: Unlocked) -> Result<Connection, SourceError> {
        let server = match &self.target {
            Target::File(file, server) => server(file.clone()),
            Target::Network(network, server) => server(network.remote(&self.name, unlocked)?),
        };
        Ok(Connection { server, limits: self.limits })
    }

    fn network(&self) -> Option<&Network<P>> {
        match &self.target {
            Target::File(..) => None,
            Target::Network(network, _) => Some(network),
        }
    }
}

impl<P> Network<P> {
    fn remote(&self, name: &str, unlocked: Unlocked) -> Result<Remote, SourceError> {
        let user = self.user.clone().or(unlocked.user).ok_or_else(|| {
            SourceError::new(
                Fault::Operator,
                format!("connection {name} has no user, and its secret holds none"),
            )
            .with_hint("name it in `user`, or put `username` into the secret")
        })?;
        let protection = match (self.is_protected, unlocked.certificates) {
            (false, _) => Protection::None,
            (true, Some(certificates)) => Protection::Verified(Roots::Pem(certificates)),
            (true, None) => Protection::Verified(Roots::Machine),
        };
        Ok(Remote {
            host: self.host.clone(),
            port: self.port,
            database: self.database.clone(),
            protection,
            login: Login { user, password: unlocked.password },
        })
    }
}
