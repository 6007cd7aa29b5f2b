//! The keys of a deployment, in a secret of AWS Secrets Manager.
//!
//! They are read when the first encrypted file comes, so that a function that sees none starts as fast as before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use tidewaiter_engine::capabilities::Keys;
use tidewaiter_engine::{Error, Result};

use crate::failure;

/// For how long keys are kept: after that, a key that was exchanged counts. A request for each file would cost more than
/// the file.
const KEPT_FOR: Duration = Duration::from_mins(5);

/// Keys in a secret: secret keys as `gpg --export-secret-keys --armor` writes them, without a passphrase, one behind the
/// other if there are several.
#[derive(Debug)]
pub struct SecretKeys {
    secret: Option<(Client, String)>,
    read: Mutex<Option<(Instant, Arc<Keys>)>>,
}

impl SecretKeys {
    /// The keys in the secret of this ARN; without one, there are no keys.
    pub fn new(config: &SdkConfig, arn: Option<String>) -> Self {
        Self { secret: arn.map(|arn| (Client::new(config), arn)), read: Mutex::default() }
    }

    /// The keys, or None if no secret is configured.
    ///
    /// # Errors
    /// If the secret cannot be read, or holds no key that can be used. The latter needs an operator, and so does a
    /// missing permission.
    pub async fn keys(&self) -> Result<Option<Arc<Keys>>> {
        let Some((client, arn)) = &self.secret else { return Ok(None) };
        let held = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, keys)) = held
            && at.elapsed() < KEPT_FOR
        {
            return Ok(Some(keys));
        }
        let secret = client.get_secret_value().secret_id(arn).send().await;
        let secret =
            secret.map_err(|error| failure::store("reading the secret with the decryption keys", &error))?;
        let bytes = match (secret.secret_string(), secret.secret_binary()) {
            (Some(text), _) => text.as_bytes(),
            (None, Some(binary)) => binary.as_ref(),
            (None, None) => &[],
        };
        let unusable = |error: tidewaiter_engine::capabilities::KeyError| Error::Refused {
            what: format!("the secret {arn} with the decryption keys"),
            reason: error.to_string(),
        };
        let keys = Arc::new(Keys::read(bytes, &[]).map_err(unusable)?);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), keys.clone()));
        Ok(Some(keys))
    }
}
