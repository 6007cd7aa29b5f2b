//! Keeps the file at a key that another run claims.
//!
//! The ledger knows where each output is. A run that claims a key notes there under which key the earlier file is
//! kept, and then keeps it. Its writes are conditional, because a delayed process must not rename a file that came
//! later.

use bytes::Bytes;
use tidewaiter::keys::Key;

use crate::capabilities::HasObjects;
use crate::chunks::Chunks;
use crate::ports::{Objects, Upload};
use crate::{Error, Result};

/// Writes over what lies at a key, and keeps that under `older`, if the key is still ours. A delayed process does not
/// overwrite a later file: the write is conditional on what lay there before `is_ours` was asked.
pub(crate) async fn write_over<D: HasObjects>(
    deployment: &D,
    key: &Key,
    content: Bytes,
    older: Option<&Key>,
    is_ours: impl Future<Output = Result<()>>,
) -> Result<()> {
    let objects = deployment.objects();
    let there = objects.find(&objects.source(key)).await?;
    let there = there.ok_or_else(|| Error::Changed { key: key.to_string() })?;
    is_ours.await?;
    objects.put_over(key, &there.tag, content, older).await
}

/// Keeps under `older` what lies at a key, too, unless that was done before. The file at the key itself stays,
/// because its owner is unknown.
pub(crate) async fn keep<D: HasObjects>(deployment: &D, key: &Key, older: &Key) -> Result<()> {
    let objects = deployment.objects();
    let source = objects.source(key);
    let Some(there) = objects.find(&source).await? else { return Ok(()) };
    // In this order: if it was done before, what is there now may have come since.
    if objects.find(&objects.source(older)).await?.is_some() {
        return Ok(());
    }
    let mut upload = objects.create(older).await?;
    let mut chunks = Chunks::new(objects, &source, there.bytes);
    while let Some(chunk) = chunks.next().await? {
        upload.write(chunk).await?;
    }
    if objects.stat(&source).await? != there {
        return Err(Error::Changed { key: source.key });
    }
    upload.finish_over(None, None).await
}
