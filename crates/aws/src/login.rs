//! The login of PostgreSQL, in a secret of AWS Secrets Manager.
//!
//! The secret is read when the first connection is made, and again when a connection fails: its password may have been
//! exchanged, or the database moved. While a secret is being rotated, the database may know the new password before it
//! is the current one; so the pending one is tried, too.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_s3::Client as S3;
use aws_sdk_secretsmanager::Client as Secrets;
use tidewaiter_engine::{Error, Result};
use tidewaiter_postgres::{Address, Login, Told};

use crate::certificates::certificates;
use crate::{clients, failure};

const READING: &str = "reading the secret with the login of PostgreSQL";
/// The version of a secret that is becoming the current one.
const PENDING: &str = "AWSPENDING";

/// Where a login lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPlace {
    /// The ARN of the secret, with the JSON of Amazon RDS or an address.
    pub secret: String,
    /// The place of the database (`host:port/database`), if it is not the one in the secret.
    pub database: Option<String>,
    /// The object with the certificates to trust, as bucket and key; None for those of the machine.
    pub certificates: Option<(String, String)>,
}

/// The login in a secret.
pub struct SecretLogin {
    secrets: Secrets,
    s3: S3,
    place: LoginPlace,
    read: tokio::sync::Mutex<Option<Read>>,
}

/// A login that was read.
struct Read {
    /// What the secret held, to tell whether it has changed.
    text: String,
    address: Address,
}

impl fmt::Debug for SecretLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretLogin").field("place", &self.place).finish_non_exhaustive()
    }
}

impl SecretLogin {
    /// The login at a place. Nothing is read yet.
    pub fn new(config: &SdkConfig, place: LoginPlace) -> Self {
        let (secrets, s3) = (Secrets::new(config), clients::s3(config));
        Self { secrets, s3, place, read: tokio::sync::Mutex::default() }
    }

    /// What the secret holds: its current version, or another one. None if there is no such version.
    async fn secret(&self, stage: Option<&str>) -> Result<Option<String>> {
        let request = self.secrets.get_secret_value().secret_id(&self.place.secret);
        match request.set_version_stage(stage.map(ToOwned::to_owned)).send().await {
            Ok(found) => Ok(found.secret_string),
            Err(error) if stage.is_some() && failure::code(&error) == Some("ResourceNotFoundException") => {
                Ok(None)
            }
            Err(error) => Err(failure::store(READING, &error)),
        }
    }

    async fn login(&self, text: String) -> Result<Read> {
        let address =
            Address::of_secret(&text, self.place.database.as_deref()).map_err(|error| match error {
                Error::Refused { what, reason } => {
                    Error::Refused { what: format!("{what} ({})", self.place.secret), reason }
                }
                error => error,
            })?;
        let address = match &self.place.certificates {
            Some((bucket, key)) => address.trusting(&certificates(&self.s3, bucket, key).await?),
            None => address,
        };
        Ok(Read { text, address })
    }

    async fn current(&self) -> Result<String> {
        let text = self.secret(None).await?;
        text.ok_or_else(|| Error::Refused {
            what: format!("the secret {}", self.place.secret),
            reason: "it is binary, and a login is a text".to_owned(),
        })
    }

    async fn renew(&self) -> Result<Option<Address>> {
        let mut read = self.read.lock().await;
        let before = read.as_ref().map(|read| read.text.clone());
        let mut text = self.current().await?;
        if before.as_ref() == Some(&text) {
            match self.secret(Some(PENDING)).await? {
                Some(pending) if pending != text => text = pending,
                _ => return Ok(None),
            }
        }
        tracing::info!("the login of PostgreSQL has changed");
        let renewed = read.insert(self.login(text).await?);
        Ok(Some(renewed.address.clone()))
    }
}

impl Login for SecretLogin {
    fn address(&self) -> Told<'_, Address> {
        Box::pin(async {
            let mut read = self.read.lock().await;
            let read = match &mut *read {
                Some(read) => read,
                empty => empty.insert(self.login(self.current().await?).await?),
            };
            Ok(read.address.clone())
        })
    }

    fn renewed(&self) -> Told<'_, Option<Address>> {
        Box::pin(self.renew())
    }
}
