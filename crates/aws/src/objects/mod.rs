//! Objects in an S3 bucket, by their keys.
//!
//! The bucket keeps versions. That is the second net: the first is that nothing of another import is ever written
//! over, as in a folder. What lies at a key that is used again is copied to a name of its own, so that the ledger,
//! which says where a file is, is right for every reader and every tool.
//!
//! A dropped file is read by its version. It may be overwritten while it waits for its group: then there are
//! two imports, each of its own bytes.

mod copy;
mod held;
mod reader;
mod upload;

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use bytes::Bytes;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::{CONFIGURATION, DroppedName};
use tidewaiter_engine::ports::{DroppedObject, InDropZone, Listed, Objects, Source, Stat};
use tidewaiter_engine::{Error, Result};

use crate::events::{DROPS, from_listing};
use crate::failure;
pub use copy::CopySizes;
use held::{Described, Held};
pub use reader::ObjectReader;
pub use upload::ObjectUpload;

/// How much of a file is read at a time.
const CHUNK_BYTES: u64 = 8 << 20;
/// How often a body is asked for that breaks off while it comes. (What fails before that, the SDK repeats.)
const BODY_TRIES: u32 = 3;

/// Objects in an S3 bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    copy_sizes: CopySizes,
    held: Held,
}

/// What a HEAD request tells.
#[derive(Debug, Clone)]
struct Head {
    bytes: u64,
    etag: String,
    version: Option<String>,
    written: Timestamp,
}

impl Bucket {
    /// The objects of the bucket `name`. It is to keep versions: see [`Bucket::keeps_versions`].
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), copy_sizes: CopySizes::default(), held: Held::default() }
    }

    /// With other sizes for copies than those of S3, for tests.
    #[must_use]
    pub fn with_copy_sizes(mut self, sizes: CopySizes) -> Self {
        self.copy_sizes = sizes;
        self
    }

    /// True if the bucket keeps versions. Without them a file that is overwritten while it waits is lost: not
    /// asked for at each start, but by those who set up or look at a deployment.
    pub async fn keeps_versions(&self) -> Result<bool> {
        let asked = self.client.get_bucket_versioning().bucket(&self.name).send().await;
        let found = asked.map_err(|e| failure::object(&self.name, &e))?;
        Ok(found.status == Some(aws_sdk_s3::types::BucketVersioningStatus::Enabled))
    }

    /// All objects whose keys begin with a prefix. With a delimiter only those that have none behind that, and the names
    /// of the folders there.
    pub(crate) async fn listed(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
    ) -> Result<(Vec<Object>, Vec<String>)> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let mut pages = request.set_delimiter(delimiter.map(str::to_owned)).into_paginator().send();
        let (mut objects, mut folders) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| failure::object(prefix, &e))?;
            objects.extend(page.contents.unwrap_or_default());
            let below = page.common_prefixes.unwrap_or_default().into_iter().filter_map(|one| one.prefix);
            let name = |folder: String| Some(folder.strip_prefix(prefix)?.strip_suffix('/')?.to_owned());
            folders.extend(below.filter_map(name));
        }
        Ok((objects, folders))
    }

    async fn head(&self, source: &Source) -> Result<Head> {
        let request = self.client.head_object().bucket(&self.name).key(&source.key);
        let found = request.set_version_id(source.version.clone()).send().await;
        let found = found.map_err(|e| failure::object(&source.key, &e))?;
        Ok(Head {
            bytes: found.content_length.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            etag: found.e_tag.unwrap_or_default(),
            version: found.version_id,
            written: (found.last_modified)
                .and_then(|at| Timestamp::from_second(at.secs()).ok())
                .unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    /// As [`Bucket::head`]; None if there is no such object.
    async fn look(&self, source: &Source) -> Result<Option<Head>> {
        match self.head(source).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The bytes of a range, of the content with this `etag` if one is given.
    async fn range(&self, source: &Source, range: Range<u64>, etag: Option<&str>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(&source.key)
            .set_version_id(source.version.clone())
            .set_if_match(etag.map(ToOwned::to_owned))
            .range(format!("bytes={}-{}", range.start, range.end - 1));
        let mut tries = 1;
        loop {
            let found = match request.clone().send().await {
                // The object ends before the range begins.
                Err(error) if failure::status(&error) == Some(416) => return Ok(Bytes::new()),
                found => found.map_err(|e| failure::object(&source.key, &e))?,
            };
            let described = Described::of(&found);
            match found.body.collect().await {
                Ok(body) => {
                    let body = body.into_bytes();
                    self.held.keep(source, range.start, &body, described);
                    return Ok(body);
                }
                Err(error) if tries == BODY_TRIES => {
                    return Err(Error::object(&source.key, std::io::Error::other(error)));
                }
                Err(_) => tries += 1,
            }
        }
    }

    /// Writes a whole object where the condition holds. False if it does not.
    async fn write(&self, key: &Key, content: Bytes, over: Over<'_>) -> Result<bool> {
        let described = Described::of_type(content_type(key));
        self.write_as(key, content, described, over).await
    }

    /// The same, with what is to be said of it.
    async fn write_as(
        &self,
        key: &Key,
        content: Bytes,
        described: Described,
        over: Over<'_>,
    ) -> Result<bool> {
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key.as_str())
            .set_content_type(described.content_type)
            .set_content_encoding(described.content_encoding)
            .set_content_disposition(described.content_disposition)
            .set_content_language(described.content_language)
            .set_cache_control(described.cache_control)
            .set_metadata(described.metadata)
            .set_if_none_match(over.if_none_match())
            .set_if_match(over.if_match())
            .body(ByteStream::from(content));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if !matches!(over, Over::Anything) && failure::status(&error) == Some(412) => {
                Ok(false)
            }
            Err(error) => Err(failure::object(key.as_str(), &error)),
        }
    }

    /// Keeps what is at `at` under `older`, unless that was done before; if it has to have a tag, only then.
    async fn keep(&self, at: &Key, tag: Option<&str>, older: &Key) -> Result<()> {
        // In this order: if another try of the same write comes between, either `older` is there already, or
        // what is copied is by its version what was there before.
        let at = self.source(at);
        let held = self.look(&at).await?.filter(|held| tag.is_none_or(|tag| held.etag == tag));
        let Some(held) = held else { return Ok(()) };
        if self.look(&self.source(older)).await?.is_some() {
            return Ok(());
        }
        let held_at = Source { version: held.version.clone(), ..at };
        self.copy(&held_at, &held, older).await
    }

    async fn delete(&self, source: &Source) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.name).key(&source.key);
        let deleted = request.set_version_id(source.version.clone()).send().await;
        match deleted.map_err(|e| failure::object(&source.key, &e)) {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The source is gone. An earlier try moved it, if the target is there, and with it what was to be kept.
    async fn moved_before(&self, from: &Source, to: &Key, older: Option<&Key>) -> Result<()> {
        let gone = || Error::NotFound { key: from.key.clone() };
        self.look(&self.source(to)).await?.ok_or_else(gone)?;
        if let Some(older) = older {
            self.look(&self.source(older)).await?.ok_or_else(gone)?;
        }
        Ok(())
    }
}

/// What an object may be written over.
#[derive(Debug, Clone, Copy)]
enum Over<'a> {
    /// Whatever lies there.
    Anything,
    /// Nothing.
    Nothing,
    /// What has this tag.
    Tag(&'a str),
}

impl<'a> Over<'a> {
    fn if_none_match(self) -> Option<String> {
        matches!(self, Self::Nothing).then(|| "*".to_owned())
    }

    fn if_match(self) -> Option<String> {
        self.tag().map(ToOwned::to_owned)
    }

    fn tag(self) -> Option<&'a str> {
        if let Self::Tag(tag) = self { Some(tag) } else { None }
    }
}

/// What browsers and other tools are told.
fn content_type(key: &Key) -> &'static str {
    match key.file_name().rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("log") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

impl Objects for Bucket {
    type Reader = ObjectReader;
    type Upload = ObjectUpload;

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES
    }

    /// A version stays what it is. Members of an archive are written again only with the same bytes.
    fn is_fixed(&self, source: &Source) -> bool {
        source.version.is_some() || source.key.starts_with("unpacked/")
    }

    async fn stat(&self, source: &Source) -> Result<Stat> {
        let Head { bytes, etag, .. } = self.head(source).await?;
        Ok(Stat { bytes, tag: etag })
    }

    async fn read(&self, source: &Source, range: Range<u64>) -> Result<Bytes> {
        self.range(source, range, None).await
    }

    fn open(&self, source: &Source) -> Result<ObjectReader> {
        ObjectReader::new(self.clone(), source.clone())
    }

    async fn put(&self, key: &Key, content: Bytes) -> Result<()> {
        self.write(key, content, Over::Anything).await.map(|_| ())
    }

    async fn put_new(&self, key: &Key, content: Bytes) -> Result<bool> {
        self.write(key, content, Over::Nothing).await
    }

    async fn put_over(&self, key: &Key, tag: &str, content: Bytes, older: Option<&Key>) -> Result<()> {
        if let Some(older) = older {
            self.keep(key, Some(tag), older).await?;
        }
        let is_written = self.write(key, content, Over::Tag(tag)).await?;
        if is_written { Ok(()) } else { Err(Error::Changed { key: key.to_string() }) }
    }

    async fn create(&self, key: &Key) -> Result<ObjectUpload> {
        Ok(ObjectUpload::new(self.clone(), key.clone()))
    }

    async fn relocate(&self, from: &Source, bytes: u64, to: &Key, older: Option<&Key>) -> Result<()> {
        // Mostly it is small, and was read a moment ago: then one request finds out that nothing lies there, and
        // writes it.
        if older.is_some()
            && self.is_fixed(from)
            && let Some((content, described)) = self.held.take(from, bytes)
            && self.write_as(to, content, described, Over::Nothing).await?
        {
            return self.delete(from).await;
        }
        // What is to be moved is known: then nothing else is asked.
        let is_free = older.is_none() || self.look(&self.source(to)).await?.is_none();
        let copied = if is_free && self.is_fixed(from) && bytes <= self.copy_sizes.whole {
            self.copy_whole(from, None, to).await
        } else {
            let Some(held) = self.look(from).await? else { return self.moved_before(from, to, older).await };
            if let Some(older) = older {
                self.keep(to, None, older).await?;
            }
            self.copy(from, &held, to).await
        };
        match copied {
            // Another try of the same move was faster.
            Err(Error::NotFound { key }) if key == from.key => {
                return self.moved_before(from, to, older).await;
            }
            copied => copied?,
        }
        // By its version, if it was dropped: what came later under the same name stays. Without one, the
        // whole key: what an archive was unpacked to may have been written twice.
        self.delete(from).await
    }

    fn source(&self, key: &Key) -> Source {
        Source { key: key.to_string(), version: None }
    }

    async fn discard(&self, key: &Key) -> Result<()> {
        self.delete(&self.source(key)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let (objects, _) = self.listed(prefix, Some("/")).await?;
        let found = objects.into_iter().filter_map(|object| {
            // The mark of a folder is no key.
            let key = object.key.and_then(|key| Key::parse(&key).ok())?;
            Some(Listed { key, tag: object.e_tag.unwrap_or_default() })
        });
        let mut listed: Vec<Listed> = found.collect();
        listed.sort();
        Ok(listed)
    }

    async fn dropped(&self, behind: Option<&Source>) -> Result<(Vec<DroppedObject>, Option<Source>)> {
        let page = self
            .client
            .list_object_versions()
            .bucket(&self.name)
            .prefix(DROPS)
            .set_key_marker(behind.map(|behind| behind.key.clone()))
            .set_version_id_marker(behind.and_then(|behind| behind.version.clone()))
            .send()
            .await
            .map_err(|e| failure::object(DROPS, &e))?;
        let next = page.next_key_marker.filter(|_| page.is_truncated == Some(true));
        let next = next.map(|key| Source { key, version: page.next_version_id_marker });
        let found = page.versions.unwrap_or_default().into_iter().filter_map(|found| {
            let arrived = Timestamp::from_second(found.last_modified?.secs()).ok()?;
            let bytes = found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            let source = Source { key: found.key?, version: found.version_id };
            from_listing(&self.name, source, bytes, arrived)
        });
        Ok((found.collect(), next))
    }

    async fn dropped_configuration(
        &self,
        repository: &Repository,
        universe: &str,
    ) -> Result<Option<InDropZone>> {
        let source = Source { key: format!("{DROPS}{repository}/{universe}{CONFIGURATION}"), version: None };
        let Some(Head { bytes, version, written, .. }) = self.look(&source).await? else { return Ok(None) };
        let source = Source { version, ..source };
        let dropped = from_listing(&self.name, source, bytes, written);
        Ok(dropped.map(|dropped| InDropZone::Version(Box::new(dropped))))
    }

    async fn dropped_configurations(&self, repository: &Repository) -> Result<Vec<InDropZone>> {
        let prefix = format!("{DROPS}{repository}/");
        let (objects, _) = self.listed(&prefix, Some("/")).await?;
        let mut found = Vec::new();
        for object in objects {
            let file = object.key.as_deref().and_then(|key| key.strip_prefix(&*prefix)).unwrap_or_default();
            if let DroppedName::Configuration { universe } = DroppedName::of(file) {
                found.extend(self.dropped_configuration(repository, universe).await?);
            }
        }
        Ok(found)
    }

    async fn configured(&self) -> Result<Vec<Repository>> {
        let (_, folders) = self.listed("config/", Some("/")).await?;
        let mut repositories: Vec<Repository> = folders.iter().filter_map(|name| name.parse().ok()).collect();
        repositories.sort();
        Ok(repositories)
    }
}
