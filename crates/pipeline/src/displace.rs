//! What lies at a key that another import has taken.
//!
//! The ledger says of each output where it is. Whoever takes a key writes down there under which key is kept what lies
//! at it, and then sees to it that it is: on conditions, since whoever is held up on the way must not do so with what
//! came since.

use bytes::Bytes;
use tidewaiter::keys::Key;

use crate::capabilities::HasObjects;
use crate::chunks::Chunks;
use crate::ports::{Objects, Upload};
use crate::{Error, Result};

/// Writes over what lies at a key, and keeps that under `older`, if the key is still ours. Whoever is held up on the
/// way does not write over what came since: what lies there is looked at before `is_ours` is asked, and is the
/// condition of the write.
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

/// Keeps under `older` what lies at a key, too, unless that was done before. What lies at the key itself stays: it is
/// not known whose it is.
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
