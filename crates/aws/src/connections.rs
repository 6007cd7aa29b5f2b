//! The connections of a stack: an operator defines them in a secret of AWS Secrets Manager.
//!
//! The secret holds JSON with an object for each name, whose keys are those of `[connections.NAME]` in the settings of a
//! folder. No password is in it: `password_secret` names a secret of its own, so that Secrets Manager can rotate it, and so
//! that who may change a host need not know a password. A secret holds 64 KB and is read by the client that reads the
//! others; a parameter of Systems Manager holds 4 KB and would need a client of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_s3::Client as S3;
use aws_sdk_secretsmanager::Client as Secrets;
use serde::Deserialize;
use tidewaiter::keys::Repository;
use tidewaiter_connect::{Connection, Definition, Definitions, Forms, PasswordKey, SecretString, Unlocked};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{ConnectionError, Connections, SourceError};

use crate::certificates::certificates;
use crate::{clients, failure};

/// For how long definitions are kept. A query asks for its connection several times; a change counts soon.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// What a stack takes.
const FORMS: Forms<String> = Forms {
    passwords: &[PasswordKey { key: "password_secret", what: "the ARN of a secret", place: |arn| arn }],
    advice: "write it into a secret of its own, and name that in `password_secret`",
    certificates: "the key of an object in the bucket of the stack",
    has_files: false,
    user_beside_password: true,
};

/// Where the connections of a stack lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionsPlace {
    /// The ARN of the secret with the definitions; None if the stack has no connections.
    pub secret: Option<String>,
    /// The bucket with the certificates to trust.
    pub bucket: String,
}

/// The connections of a stack.
#[derive(Debug)]
pub struct StackConnections {
    secrets: Secrets,
    s3: S3,
    place: ConnectionsPlace,
    read: Mutex<Option<(Instant, Arc<Definitions<String>>)>>,
}

/// The password in a secret that RDS or an operator wrote.
#[derive(Deserialize)]
struct Login {
    username: Option<String>,
    password: String,
}

impl StackConnections {
    /// The connections at a place. Nothing is read yet.
    pub fn new(config: &SdkConfig, place: ConnectionsPlace) -> Self {
        Self { secrets: Secrets::new(config), s3: clients::s3(config), place, read: Mutex::default() }
    }

    async fn definitions(&self) -> Result<Arc<Definitions<String>>, Error> {
        let Some(arn) = &self.place.secret else { return Ok(Arc::default()) };
        let held = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, definitions)) = held
            && at.elapsed() < KEPT_FOR
        {
            return Ok(definitions);
        }
        let text = self.secret("reading the secret with the connections", arn).await?;
        let read = definitions(&text).map_err(|mistakes| Error::Settings { key: arn.clone(), mistakes })?;
        let read = Arc::new(read);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&read)));
        Ok(read)
    }

    /// The text of a secret. `reading` says which one it is.
    async fn secret(&self, reading: &'static str, arn: &str) -> Result<String, Error> {
        let found = self.secrets.get_secret_value().secret_id(arn).send().await;
        let found = found.map_err(|error| failure::store(reading, &error))?;
        found.secret_string.ok_or_else(|| Error::Refused {
            what: reading.to_owned(),
            reason: "it is binary, and not a text".to_owned(),
        })
    }

    async fn unlocked(&self, definition: &Definition<String>) -> Result<Connection, SourceError> {
        let mut unlocked = Unlocked::default();
        if let Some(arn) = definition.password() {
            let login = login(&self.secret("reading the secret with the password", arn).await?);
            (unlocked.user, unlocked.password) = (login.username, Some(SecretString::from(login.password)));
        }
        if let Some(key) = definition.certificates() {
            unlocked.certificates = Some(certificates(&self.s3, &self.place.bucket, key).await?);
        }
        definition.connection(unlocked)
    }
}

impl Connections for StackConnections {
    type Source = Connection;

    async fn max_reads(&self, name: &str, repository: &Repository) -> Result<u32, ConnectionError> {
        let definitions = self.definitions().await.map_err(SourceError::from)?;
        Ok(definitions.open_to(name, repository)?.max_reads())
    }

    async fn connection(&self, name: &str, repository: &Repository) -> Result<Connection, ConnectionError> {
        let definitions = self.definitions().await.map_err(SourceError::from)?;
        let unlocked = self.unlocked(definitions.open_to(name, repository)?).await;
        let unlocked = unlocked.map_err(|error| {
            let message = format!("connection {name}: {}", error.message);
            SourceError { message, ..error }
        })?;
        Ok(unlocked)
    }
}

/// The definitions in a secret, or all mistakes in them.
fn definitions(text: &str) -> Result<Definitions<String>, String> {
    // The error of the parser may quote what it did not understand.
    let document = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
    Definitions::read("", document, &FORMS)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// The login in a secret: JSON with `password`, and perhaps `username`, as RDS writes it; or the password itself.
fn login(text: &str) -> Login {
    serde_json::from_str(text).unwrap_or_else(|_| Login {
        username: None,
        password: text.trim_end_matches(['\r', '\n']).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"{ "shop": {
        "engine": "postgres", "host": "db.example.org", "database": "shop", "repositories": ["acme"],
        "password_secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop", "certificates": "trust/rds.pem"
    } }"#;

    #[test]
    fn the_keys_are_those_of_a_folder_with_a_secret_for_the_password() {
        let read = definitions(SHOP).unwrap();
        let shop = read.open_to("shop", &"acme".parse().unwrap()).unwrap();
        assert_eq!((shop.place(), shop.user()), ("db.example.org:5432/shop".to_owned(), None));
        assert!(shop.password().unwrap().ends_with(":secret:shop"));
        for (text, said) in [
            ("geheim", "it is no JSON"),
            ("[]", "this is a table with a connection for each name"),
            (r#"{ "shop": { "engine": "sqlite" } }"#, "shop.engine: this is one of postgres, mysql"),
            (&*SHOP.replace("password_secret", "password_file"), "shop.password_file: unknown setting"),
            (&SHOP.replace("password_secret", "password"), "shop.password: a password is not written here"),
            (
                r#"{ "a": { "engine": "mysql", "host": "h", "database": "d", "repositories": ["r"] } }"#,
                "a.user: this is missing",
            ),
        ] {
            let mistakes = definitions(text).unwrap_err();
            assert!(mistakes.contains(said) && !mistakes.contains("geheim"), "{text}: {mistakes}");
        }
    }

    #[test]
    fn a_secret_holds_a_login_as_rds_writes_it_or_a_password() {
        let told = |text: &str| {
            let login = login(text);
            (login.username, login.password)
        };
        let of_rds =
            r#"{ "engine": "postgres", "username": "reader_clone", "password": "pw", "port": 5432 }"#;
        assert_eq!(told(of_rds), (Some("reader_clone".to_owned()), "pw".to_owned()));
        assert_eq!(told(r#"{ "password": "pw" }"#), (None, "pw".to_owned()));
        assert_eq!(told("p{w \n"), (None, "p{w ".to_owned()));
    }
}
