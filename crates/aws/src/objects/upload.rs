//! An object that is written piece by piece, with one part of it in memory.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::{Bytes, BytesMut};
use tidewaiter::keys::Key;
use tidewaiter_engine::ports::{Objects, Upload};
use tidewaiter_engine::{Error, Result};

use super::{Bucket, Over};
use crate::failure;

/// The bytes of a part. S3 takes no fewer than 5 MiB, but for the last part, and no more than 10,000 parts.
const PART_BYTES: usize = 8 << 20;
/// The bytes of the parts behind the first thousand: so that an object may have 290 GB.
const LATER_PART_BYTES: usize = 32 << 20;
const SMALL_PARTS: usize = 1_000;

/// A write in progress: one request if the object is small, a multipart upload if it is not.
#[derive(Debug)]
pub struct ObjectUpload {
    bucket: Bucket,
    key: Key,
    buffer: BytesMut,
    /// The multipart upload, once the first part is full.
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl ObjectUpload {
    pub(super) fn new(bucket: Bucket, key: Key) -> Self {
        Self { bucket, key, buffer: BytesMut::new(), upload: None, parts: Vec::new() }
    }

    async fn send_part(&mut self, bytes: Bytes) -> Result<()> {
        let upload = match &self.upload {
            Some(upload) => upload,
            None => self.upload.insert(self.bucket.begin(&self.key).await?),
        };
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let request = self
            .bucket
            .client
            .upload_part()
            .bucket(&self.bucket.name)
            .key(self.key.as_str())
            .upload_id(upload)
            .part_number(number)
            .body(ByteStream::from(bytes));
        let sent = request.send().await.map_err(|e| failure::object(self.key.as_str(), &e))?;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        Ok(())
    }
}

fn part_bytes(sent: usize) -> usize {
    if sent < SMALL_PARTS { PART_BYTES } else { LATER_PART_BYTES }
}

impl Upload for ObjectUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.buffer.extend_from_slice(&bytes);
        loop {
            let size = part_bytes(self.parts.len());
            if self.buffer.len() < size {
                return Ok(());
            }
            let part = self.buffer.split_to(size).freeze();
            self.send_part(part).await?;
        }
    }

    async fn finish(mut self) -> Result<()> {
        if self.upload.is_none() {
            let content = self.buffer.split().freeze();
            return self.bucket.put(&self.key, content).await;
        }
        self.complete(Over::Anything, None).await
    }

    async fn finish_over(mut self, tag: Option<&str>, older: Option<&Key>) -> Result<()> {
        if self.upload.is_some() {
            return self.complete(tag.map_or(Over::Nothing, Over::Tag), older).await;
        }
        let content = self.buffer.split().freeze();
        match tag {
            Some(tag) => self.bucket.put_over(&self.key, tag, content, older).await,
            None if self.bucket.put_new(&self.key, content).await? => Ok(()),
            None => Err(Error::Changed { key: self.key.to_string() }),
        }
    }
}

impl ObjectUpload {
    /// Makes visible what was sent in parts, where the condition holds.
    async fn complete(&mut self, over: Over<'_>, older: Option<&Key>) -> Result<()> {
        let rest = self.buffer.split().freeze();
        if !rest.is_empty() {
            self.send_part(rest).await?;
        }
        if let Some(older) = older {
            self.bucket.keep(&self.key, over.tag(), older).await?;
        }
        let parts = std::mem::take(&mut self.parts);
        let Some(upload) = self.upload.take() else { return Ok(()) };
        let completed = self.bucket.complete(&self.key, &upload, parts, over).await;
        if matches!(completed, Err(Error::Refused { .. } | Error::Changed { .. })) {
            self.bucket.abort(&self.key, &upload).await;
        }
        completed
    }
}

impl Drop for ObjectUpload {
    /// Not finished: the parts are given up. If that does not come about, since the process ends, the bucket's
    /// lifecycle rule does it; they are invisible in either case.
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (bucket, key) = (self.bucket.clone(), self.key.clone());
            runtime.spawn(async move { bucket.abort(&key, &upload).await });
        }
    }
}
