//! Certificates to trust, in an object of the bucket.

use aws_sdk_s3::Client;
use tidewaiter_engine::{Error, Result};

use crate::failure;

/// The certificates in an object, in PEM.
pub(crate) async fn certificates(s3: &Client, bucket: &str, key: &str) -> Result<Vec<u8>> {
    let found = s3.get_object().bucket(bucket).key(key).send().await;
    let found = found.map_err(|error| match failure::object(key, &error) {
        // No partner can put it there.
        Error::NotFound { key } => {
            let reason = "it is not there: put the certificates of the database there".to_owned();
            Error::Refused { what: format!("the object {key} with the certificates to trust"), reason }
        }
        error => error,
    })?;
    let bytes = found.body.collect().await.map_err(|error| Error::Objects {
        key: key.to_owned(),
        source: std::io::Error::other(failure::chain(&error)),
    })?;
    Ok(bytes.to_vec())
}
