//! The connections of a folder: its settings define them, and say where their passwords lie.

use std::path::{Path, PathBuf};

use tidewaiter::keys::Repository;
use tidewaiter_connect::{Check, Connection, Definition, Definitions, SecretString, Step, Unlocked, Verdict};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{ConnectionError, Connections, Fault, SourceError};
use tidewaiter_postgres::Secret;

use crate::settings::Settings;

/// The connections of a folder.
#[derive(Debug, Clone)]
pub struct FolderConnections {
    root: PathBuf,
    definitions: Definitions<Secret>,
}

impl FolderConnections {
    /// The connections of the folder `root`, which need not be open.
    ///
    /// # Errors
    /// If its settings cannot be read, or have a mistake.
    pub fn of(root: &Path) -> Result<Self, Error> {
        Ok(Self::new(root, &Settings::read(root)?))
    }

    pub(super) fn new(root: &Path, settings: &Settings) -> Self {
        Self { root: root.to_owned(), definitions: settings.connections.clone() }
    }

    /// What the settings define, in the order of the names.
    pub fn definitions(&self) -> &Definitions<Secret> {
        &self.definitions
    }

    /// Looks at a connection step by step. Nothing is read of the tables.
    pub async fn check(&self, definition: &Definition<Secret>) -> Check {
        match self.unlocked(definition) {
            Ok(connection) => Box::pin(connection.check()).await,
            Err((step, error)) => Check { steps: vec![(step, Verdict::Fails(error))] },
        }
    }

    /// A connection with what it needs, as that is now; or the step that fails for the lack of it.
    fn unlocked(&self, definition: &Definition<Secret>) -> Result<Connection, (Step, SourceError)> {
        let mut unlocked = Unlocked::default();
        if let Some(secret) = definition.password() {
            let what = format!("the password of connection {}", definition.name());
            let read = secret.read(&what, &self.root).map_err(|error| {
                let hint = "`password_file` or `password_variable` of the connection says where it lies";
                (Step::Login, SourceError::from(error).with_hint(hint))
            })?;
            unlocked.password = Some(SecretString::from(read));
        }
        if let Some(file) = definition.certificates() {
            let file = self.root.join(file);
            let read = std::fs::read(&file).map_err(|error| {
                let message = format!("the certificates in {} cannot be read: {error}", file.display());
                let hint = "`certificates` names a PEM file with the certificate authority of the server";
                (Step::Tls, SourceError::new(Fault::Operator, message).with_hint(hint))
            })?;
            unlocked.certificates = Some(read);
        }
        definition.connection(unlocked).map_err(|error| (Step::Login, error))
    }
}

impl Connections for FolderConnections {
    type Source = Connection;

    async fn max_reads(&self, name: &str, repository: &Repository) -> Result<u32, ConnectionError> {
        Ok(self.definitions.open_to(name, repository)?.max_reads())
    }

    async fn connection(&self, name: &str, repository: &Repository) -> Result<Connection, ConnectionError> {
        let definition = self.definitions.open_to(name, repository)?;
        Ok(self.unlocked(definition).map_err(|(_, error)| error)?)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use tidewaiter_connect::Server;

    use super::*;

    const SETTINGS: &str = r#"
        [connections.shop]
        engine = "postgres"
        host = "localhost"
        tls = false
        database = "shop"
        user = "reader"
        password_file = "password"
        repositories = ["acme"]
        max_reads = 2
        [connections.stock]
        engine = "sqlite"
        file = "stock.sqlite"
        repositories = ["globex"]
    "#;

    /// The name of the database and the password of a connection.
    async fn opened(connections: &FolderConnections, name: &str, repository: &str) -> Result<String, String> {
        let found = connections.connection(name, &repository.parse().unwrap()).await;
        Ok(match found.map_err(|error| error.to_string())?.server {
            Server::Sqlite(file) => file.display().to_string(),
            Server::Postgres(remote)
            | Server::Mysql(remote)
            | Server::SqlServer(remote)
            | Server::ClickHouse(remote) => {
                format!("{} {}", remote.database, remote.login.password.unwrap().expose_secret())
            }
        })
    }

    #[tokio::test]
    async fn a_repository_uses_its_own_connections_with_the_password_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tidewaiter.toml"), SETTINGS).unwrap();
        let connections = FolderConnections::of(folder.path()).unwrap();
        let refused = opened(&connections, "shop", "acme").await.unwrap_err();
        assert!(refused.starts_with("the password of connection shop: "), "{refused}");
        assert!(refused.contains("cannot be read") && refused.contains("password_file"), "{refused}");
        for password in ["first", "rotated"] {
            std::fs::write(folder.path().join("password"), format!("{password}\n")).unwrap();
            assert_eq!(opened(&connections, "shop", "acme").await, Ok(format!("shop {password}")));
        }
        let file = folder.path().join("stock.sqlite").display().to_string();
        assert_eq!(opened(&connections, "stock", "globex").await, Ok(file), "paths begin at the folder");
        assert_eq!(connections.max_reads("shop", &"acme".parse().unwrap()).await, Ok(2));
    }

    #[tokio::test]
    async fn a_repository_learns_nothing_of_the_connections_of_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tidewaiter.toml"), SETTINGS).unwrap();
        let connections = FolderConnections::of(folder.path()).unwrap();
        let told = async |name: &str| opened(&connections, name, "acme").await.unwrap_err();
        let (of_others, unknown) = (told("stock").await, told("nosuch").await);
        assert_eq!(of_others.replace("stock", "nosuch"), unknown, "it is told as if it did not exist");
        assert!(unknown.contains("it has shop"), "{unknown}");
        assert!(told("shpo").await.contains("did you mean `shop`?"));
    }
}
