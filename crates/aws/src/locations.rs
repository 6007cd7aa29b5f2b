//! The database of locations of a deployment, an object of its bucket.
//!
//! It is read when the first file needs it, and held as long as the process lives: so a function that sees no such file
//! starts as fast as before, and another database counts in the processes that start after it.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use tidewaiter::record::Locate;
use tidewaiter_engine::{Error, Result};
use tidewaiter_location::Database;

use crate::{clients, failure};

/// Which object holds the database, and how large it may be.
#[derive(Debug, Clone)]
pub struct LocationPlace {
    /// The bucket.
    pub bucket: String,
    /// The key of the object.
    pub key: String,
    /// The most bytes that it may have: what the process can hold of it.
    pub most_bytes: u64,
}

/// The database in an object.
#[derive(Debug)]
pub struct LocationObject {
    s3: Client,
    place: Option<LocationPlace>,
    read: tokio::sync::Mutex<Option<Arc<dyn Locate>>>,
}

impl LocationObject {
    /// The database at a place; without one, there is none. Nothing is read yet.
    pub fn new(config: &SdkConfig, place: Option<LocationPlace>) -> Self {
        Self { s3: clients::s3(config), place, read: tokio::sync::Mutex::default() }
    }

    /// The database, or None if none is configured.
    ///
    /// # Errors
    /// If the object cannot be read, is too large for this process, or cannot be used: an operator has to fix it.
    pub async fn locator(&self) -> Result<Option<Arc<dyn Locate>>> {
        let Some(place) = &self.place else { return Ok(None) };
        let mut read = self.read.lock().await;
        if let Some(locator) = &*read {
            return Ok(Some(Arc::clone(locator)));
        }
        let bytes = self.bytes(place).await?;
        let database = Database::open(bytes).map_err(|error| refused(place, error.to_string()))?;
        let locator: Arc<dyn Locate> = Arc::new(database);
        *read = Some(Arc::clone(&locator));
        Ok(Some(locator))
    }

    async fn bytes(&self, place: &LocationPlace) -> Result<Vec<u8>> {
        let LocationPlace { bucket, key, most_bytes } = place;
        let found = self.s3.get_object().bucket(bucket).key(key).send().await;
        let mut found = found.map_err(|error| match failure::object(key, &error) {
            // No partner can put it there.
            Error::NotFound { .. } => refused(place, "it is not there: put the database there".to_owned()),
            error => error,
        })?;
        let length = found.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        if length > *most_bytes {
            let reason = format!(
                "it has {length} bytes, and half of the memory of this function is {most_bytes}: give validate more memory, or \
                 bring a smaller database"
            );
            return Err(refused(place, reason));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(piece) = found.body.next().await {
            let piece = piece.map_err(|error| Error::Objects {
                key: key.clone(),
                source: std::io::Error::other(failure::chain(&error)),
            })?;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

fn refused(place: &LocationPlace, reason: String) -> Error {
    Error::Refused { what: format!("the object {} with the database of locations", place.key), reason }
}
