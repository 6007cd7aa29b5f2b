//! Copies on the side of S3: one request up to a size, part by part above it.

use aws_sdk_s3::operation::upload_part_copy::builders::UploadPartCopyFluentBuilder;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidewaiter::keys::Key;
use tidewaiter_engine::ports::Source;
use tidewaiter_engine::{Error, Result};
use tokio::task::JoinSet;

use super::{Bucket, Head, Over, content_type};
use crate::failure;

/// What stays as it is in the header that names the source of a copy.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// S3 takes no more parts than these.
const MAX_PARTS: u64 = 10_000;
/// How many parts are copied at the same time.
const AT_ONCE: usize = 8;

/// From which size on copies go part by part.
#[derive(Debug, Clone, Copy)]
pub struct CopySizes {
    /// The most bytes that one request copies. S3 takes up to 5 GB, but is then slow to answer.
    pub whole: u64,
    /// The bytes of a part; more, if there would be too many of them. S3 takes 5 MiB to 5 GiB.
    pub part: u64,
}

impl Default for CopySizes {
    fn default() -> Self {
        Self { whole: 1 << 30, part: 256 << 20 }
    }
}

impl CopySizes {
    /// The inclusive ranges that an object is copied in.
    fn parts(self, bytes: u64) -> Vec<(u64, u64)> {
        let size = self.part.max(bytes.div_ceil(MAX_PARTS)).max(1);
        (0..bytes.div_ceil(size)).map(|n| (n * size, ((n + 1) * size).min(bytes) - 1)).collect()
    }
}

impl Bucket {
    /// Copies what `held` describes to `to`.
    pub(super) async fn copy(&self, from: &Source, held: &Head, to: &Key) -> Result<()> {
        if held.bytes > self.copy_sizes.whole {
            return self.copy_parts(from, held, to).await;
        }
        self.copy_whole(from, Some(&held.etag), to).await
    }

    /// Copies an object in one request; with `etag`, only the content that has it.
    pub(super) async fn copy_whole(&self, from: &Source, etag: Option<&str>, to: &Key) -> Result<()> {
        let request = self.client.copy_object().bucket(&self.name).key(to.as_str());
        let request = request.copy_source(self.copy_source(from));
        let copied = request.set_copy_source_if_match(etag.map(ToOwned::to_owned)).send().await;
        copied.map(|_| ()).map_err(|e| failure::object(&from.key, &e))
    }

    fn copy_source(&self, from: &Source) -> String {
        let mut text = format!("{}/{}", self.name, utf8_percent_encode(&from.key, PLAIN));
        if let Some(version) = &from.version {
            text.push_str("?versionId=");
            text.extend(utf8_percent_encode(version, PLAIN));
        }
        text
    }

    async fn copy_parts(&self, from: &Source, held: &Head, to: &Key) -> Result<()> {
        let upload = self.begin(to).await?;
        let request = self
            .client
            .upload_part_copy()
            .bucket(&self.name)
            .key(to.as_str())
            .upload_id(&upload)
            .copy_source(self.copy_source(from))
            .copy_source_if_match(&held.etag);
        let ranges = self.copy_sizes.parts(held.bytes);
        match copy_all(&from.key, &request, ranges).await {
            Ok(parts) => self.complete(to, &upload, parts, Over::Anything).await,
            Err(error) => {
                self.abort(to, &upload).await;
                Err(error)
            }
        }
    }

    /// Begins a multipart upload; its id.
    pub(super) async fn begin(&self, to: &Key) -> Result<String> {
        let request = self.client.create_multipart_upload().bucket(&self.name).key(to.as_str());
        let begun = request.content_type(content_type(to)).send().await;
        let begun = begun.map_err(|e| failure::object(to.as_str(), &e))?;
        begun.upload_id.ok_or_else(|| {
            Error::object(to.as_str(), std::io::Error::other("the multipart upload has no id"))
        })
    }

    /// Makes a multipart upload visible, where the condition holds; [`Error::Changed`] if it does not.
    pub(super) async fn complete(
        &self,
        to: &Key,
        upload: &str,
        parts: Vec<CompletedPart>,
        over: Over<'_>,
    ) -> Result<()> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(&self.name).key(to.as_str());
        let request = request.set_if_none_match(over.if_none_match()).set_if_match(over.if_match());
        match request.upload_id(upload).multipart_upload(parts).send().await {
            Ok(_) => Ok(()),
            Err(error) if failure::status(&error) == Some(412) => Err(Error::Changed { key: to.to_string() }),
            Err(error) => Err(failure::object(to.as_str(), &error)),
        }
    }

    /// Gives up a multipart upload. If that fails, the bucket's lifecycle rule does it.
    pub(super) async fn abort(&self, to: &Key, upload: &str) {
        let request = self.client.abort_multipart_upload().bucket(&self.name).key(to.as_str());
        if let Err(error) = request.upload_id(upload).send().await {
            tracing::debug!(key = %to, %error, "a multipart upload was not aborted");
        }
    }
}

async fn copy_all(
    key: &str,
    request: &UploadPartCopyFluentBuilder,
    ranges: Vec<(u64, u64)>,
) -> Result<Vec<CompletedPart>> {
    let mut under_way = JoinSet::new();
    let mut parts = Vec::with_capacity(ranges.len());
    let stopped = |e: tokio::task::JoinError| Error::Task(e.to_string());
    for (number, (first, last)) in (1..).zip(ranges) {
        if under_way.len() >= AT_ONCE
            && let Some(done) = under_way.join_next().await
        {
            parts.push(done.map_err(stopped)??);
        }
        let request = request.clone().part_number(number).copy_source_range(format!("bytes={first}-{last}"));
        let key = key.to_owned();
        under_way.spawn(async move {
            let copied = request.send().await.map_err(|e| failure::object(&key, &e))?;
            let etag = copied.copy_part_result.and_then(|result| result.e_tag);
            Ok::<_, Error>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
        });
    }
    while let Some(done) = under_way.join_next().await {
        parts.push(done.map_err(stopped)??);
    }
    parts.sort_by_key(|part| part.part_number);
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_an_object_once_and_are_never_too_many() {
        let sizes = CopySizes { whole: 10, part: 4 };
        assert_eq!(sizes.parts(10), [(0, 3), (4, 7), (8, 9)]);
        assert_eq!(sizes.parts(8), [(0, 3), (4, 7)]);
        let five_terabytes = 5 << 40;
        let parts = CopySizes::default().parts(five_terabytes);
        assert!(parts.len() as u64 <= MAX_PARTS);
        assert_eq!(parts.last().unwrap().1, five_terabytes - 1);
        assert!(parts.windows(2).all(|two| two[0].1 + 1 == two[1].0));
    }
}
