//! Objects, as the adapter for S3 has them: each request is a call of its own.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::{CONFIGURATION, DroppedName};
use tidewaiter_engine::ports::{DroppedObject, InDropZone, Listed, Nature, Objects, Source, Stat, Upload};
use tidewaiter_engine::{Error, Result};

use super::{Ports, simulated};
use crate::bucket::{Refused, Version, number};
use crate::gate::Verdict;
use crate::world::{Inner, at, import_id};

/// How much of a file is read at a time: less than some files have.
const CHUNK_BYTES: u64 = 96;

/// The drop zone.
const DROPS: &str = "imports/";

/// How many versions are listed at a time.
const PAGE: usize = 2;

/// What a version in the drop zone is, by a clock that has seconds only.
fn from_listing(source: Source, version: &Version) -> Option<DroppedObject> {
    let (repository, file) = source.key.strip_prefix(DROPS)?.split_once('/')?;
    let (repository, file) = (repository.parse().ok()?, file.to_owned());
    let arrived = at(version.at - version.at.rem_euclid(1_000));
    let import = import_id(&source.key, &version.id, arrived);
    let bytes = version.body.as_ref()?.len() as u64;
    Some(DroppedObject { repository, file, import, source, nature: Nature::File, bytes, arrived })
}

fn failed(key: &str, refused: Refused) -> Error {
    match refused {
        Refused::NotFound => Error::NotFound { key: key.to_owned() },
        Refused::Condition => Error::object(key, io::Error::other("the condition does not hold")),
    }
}

impl Ports {
    /// One request about a key.
    async fn request<T>(
        &self,
        name: &'static str,
        key: &str,
        work: impl FnOnce(&mut Inner) -> Result<T>,
    ) -> Result<T> {
        let work = async { self.world.with(work) };
        self.call(name, || key.to_owned(), || Error::object(key, simulated()), work).await
    }

    /// The version that a source leads to; None if there is none.
    async fn head(&self, source: &Source) -> Result<Option<Version>> {
        let Source { key, version } = source;
        self.request("objects.head", key, |inner| Ok(inner.bucket.get(key, version.as_deref()).ok().cloned()))
            .await
    }

    /// Writes a whole object; with `if_new`, only where there is none. False if there is one.
    async fn write(&self, key: &Key, content: Bytes, if_new: bool) -> Result<bool> {
        self.request("objects.put", key.as_str(), |inner| {
            let written = inner.bucket.put(key.as_str(), content.clone(), if_new);
            if written.is_ok() {
                inner.watch.written(key.as_str(), &content);
            }
            Ok(written.is_ok())
        })
        .await
    }

    async fn copy(&self, from: &Source, tag: Option<&str>, to: &Key) -> Result<()> {
        let Source { key, version } = from;
        self.request("objects.copy", &format!("{key} to {to}"), |inner| {
            let copied = inner.bucket.copy(key, version.as_deref(), tag, to.as_str());
            copied.map_err(|refused| failed(key, refused))
        })
        .await
    }

    async fn delete(&self, source: &Source) -> Result<()> {
        let Source { key, version } = source;
        self.request("objects.delete", key, |inner| {
            inner.bucket.delete(key, version.as_deref());
            Ok(())
        })
        .await
    }

    /// Keeps what is at `at` under `older`, unless that was done before; if it has to have a tag, only then.
    async fn keep(&self, at: &Key, tag: Option<&str>, older: &Key) -> Result<()> {
        let at = self.source(at);
        let held = self.head(&at).await?.filter(|held| tag.is_none_or(|tag| held.tag == tag));
        let Some(held) = held else { return Ok(()) };
        if self.head(&self.source(older)).await?.is_some() {
            return Ok(());
        }
        let held_at = Source { version: Some(held.id.clone()), ..at };
        self.copy(&held_at, Some(&held.tag), older).await
    }

    /// The source is gone. An earlier try moved it, if the target is there, and with it what was to be kept.
    async fn moved_before(&self, from: &Source, to: &Key, older: Option<&Key>) -> Result<()> {
        let gone = || Error::NotFound { key: from.key.clone() };
        self.head(&self.source(to)).await?.ok_or_else(gone)?;
        if let Some(older) = older {
            self.head(&self.source(older)).await?.ok_or_else(gone)?;
        }
        Ok(())
    }
}

impl Objects for Ports {
    type Reader = Reader;
    type Upload = Writing;

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES
    }

    fn is_fixed(&self, source: &Source) -> bool {
        source.version.is_some()
            || ["unpacked/", "fetched/"].iter().any(|place| source.key.starts_with(place))
    }

    async fn stat(&self, source: &Source) -> Result<Stat> {
        let found = self.head(source).await?.ok_or_else(|| failed(&source.key, Refused::NotFound))?;
        Ok(Stat { bytes: found.body.map_or(0, |body| body.len() as u64), tag: found.tag })
    }

    async fn read(&self, source: &Source, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let Source { key, version } = source;
        self.request("objects.read", key, |inner| {
            let body = inner.bucket.content(key, version.as_deref());
            let body = body.ok_or_else(|| failed(key, Refused::NotFound))?;
            let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(body.len());
            let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
            let read = body.slice(start..end);
            if start == 0 {
                *self.held.0.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((source.clone(), read.clone()));
            }
            Ok(read)
        })
        .await
    }

    fn open(&self, source: &Source) -> Result<Reader> {
        Ok(Reader { ports: self.clone(), source: source.clone(), read: None })
    }

    async fn put(&self, key: &Key, content: Bytes) -> Result<()> {
        self.write(key, content, false).await.map(|_| ())
    }

    async fn put_new(&self, key: &Key, content: Bytes) -> Result<bool> {
        self.write(key, content, true).await
    }

    async fn put_over(&self, key: &Key, tag: &str, content: Bytes, older: Option<&Key>) -> Result<()> {
        if let Some(older) = older {
            self.keep(key, Some(tag), older).await?;
        }
        self.request("objects.put", key.as_str(), |inner| {
            let written = inner.bucket.put_over(key.as_str(), tag, content.clone());
            written.map_err(|_| Error::Changed { key: key.to_string() })?;
            inner.watch.written(key.as_str(), &content);
            Ok(())
        })
        .await
    }

    async fn create(&self, key: &Key) -> Result<Writing> {
        Ok(Writing { ports: self.clone(), key: key.clone(), buffer: BytesMut::new() })
    }

    async fn relocate(&self, from: &Source, bytes: u64, to: &Key, older: Option<&Key>) -> Result<()> {
        if older.is_some()
            && self.is_fixed(from)
            && let Some(content) = self.held.take(from, bytes)
            && self.write(to, content, true).await?
        {
            return self.delete(from).await;
        }
        let is_free = older.is_none() || self.head(&self.source(to)).await?.is_none();
        let copied = if is_free && self.is_fixed(from) {
            self.copy(from, None, to).await
        } else {
            let Some(held) = self.head(from).await? else { return self.moved_before(from, to, older).await };
            if let Some(older) = older {
                self.keep(to, None, older).await?;
            }
            self.copy(from, Some(&held.tag), to).await
        };
        match copied {
            // Another try of the same move was faster.
            Err(Error::NotFound { key }) if key == from.key => {
                return self.moved_before(from, to, older).await;
            }
            copied => copied?,
        }
        self.delete(from).await
    }

    fn source(&self, key: &Key) -> Source {
        Source { key: key.to_string(), version: None }
    }

    async fn discard(&self, key: &Key) -> Result<()> {
        self.delete(&self.source(key)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        self.request("objects.list", prefix, |inner| {
            let direct = inner.bucket.current(prefix).filter(|(key, _)| !key[prefix.len()..].contains('/'));
            let listed = direct.filter_map(|(key, version)| {
                Some(Listed { key: Key::parse(key).ok()?, tag: version.tag.clone() })
            });
            Ok(listed.collect())
        })
        .await
    }

    async fn dropped(&self, behind: Option<&Source>) -> Result<(Vec<DroppedObject>, Option<Source>)> {
        let about = behind.map_or("", |behind| &behind.key);
        self.request("objects.dropped", about, |inner| {
            let all = inner.bucket.versions(DROPS).map(|(key, version)| (key.to_owned(), version));
            // Versions of a key may be gone by now, as in S3: the page begins behind where the version was.
            let is_behind = |(key, version): &(String, &Version)| {
                behind.is_none_or(|behind| {
                    (key.as_str(), version.number())
                        > (behind.key.as_str(), number(behind.version.as_deref()))
                })
            };
            let mut found: Vec<_> = all.filter(is_behind).collect();
            let is_more = found.len() > PAGE;
            found.truncate(PAGE);
            let source = |(key, version): &(String, &Version)| Source {
                key: key.clone(),
                version: Some(version.id.clone()),
            };
            let next = found.last().filter(|_| is_more).map(source);
            let dropped = found.iter().filter_map(|one| from_listing(source(one), one.1));
            Ok((dropped.collect(), next))
        })
        .await
    }

    async fn dropped_configuration(
        &self,
        repository: &Repository,
        universe: &str,
    ) -> Result<Option<InDropZone>> {
        let source = Source { key: format!("{DROPS}{repository}/{universe}{CONFIGURATION}"), version: None };
        let Some(found) = self.head(&source).await? else { return Ok(None) };
        let source = Source { version: Some(found.id.clone()), ..source };
        Ok(from_listing(source, &found).map(|dropped| InDropZone::Version(Box::new(dropped))))
    }

    async fn dropped_configurations(&self, repository: &Repository) -> Result<Vec<InDropZone>> {
        let zone = format!("{DROPS}{repository}/");
        let universes = self
            .request("objects.dropped_configurations", &zone, |inner| {
                let files = inner.bucket.current(&zone).filter_map(|(key, _)| key.strip_prefix(&*zone));
                let universe = |file| match DroppedName::of(file) {
                    DroppedName::Configuration { universe } => Some(universe.to_owned()),
                    _ => None,
                };
                Ok(files.filter_map(universe).collect::<Vec<String>>())
            })
            .await?;
        let mut found = Vec::new();
        for universe in universes {
            found.extend(self.dropped_configuration(repository, &universe).await?);
        }
        Ok(found)
    }

    async fn configured(&self) -> Result<Vec<Repository>> {
        const CONFIG: &str = "config/";
        self.request("objects.configured", CONFIG, |inner| {
            let names = inner.bucket.current(CONFIG).filter_map(|(key, _)| {
                let (repository, _) = key.strip_prefix(CONFIG)?.split_once('/')?;
                repository.parse().ok()
            });
            Ok(names.collect::<BTreeSet<Repository>>().into_iter().collect())
        })
        .await
    }
}

/// The object that a process read last from its beginning.
#[derive(Clone, Default)]
pub struct Held(Arc<Mutex<Option<(Source, Bytes)>>>);

impl Held {
    /// What is held of this object, if that is all of its `bytes`. It is not held any more.
    fn take(&self, source: &Source, bytes: u64) -> Option<Bytes> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|(of, content)| of == source && content.len() as u64 == bytes)
            .map(|(_, content)| content)
    }
}

/// An object that is written: seen when it is finished.
pub struct Writing {
    ports: Ports,
    key: Key,
    buffer: BytesMut,
}

impl Upload for Writing {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(mut self) -> Result<()> {
        let content = self.buffer.split().freeze();
        self.ports.put(&self.key, content).await
    }

    async fn finish_over(mut self, tag: Option<&str>, older: Option<&Key>) -> Result<()> {
        let content = self.buffer.split().freeze();
        match tag {
            Some(tag) => self.ports.put_over(&self.key, tag, content, older).await,
            None if self.ports.put_new(&self.key, content).await? => Ok(()),
            None => Err(Error::Changed { key: self.key.to_string() }),
        }
    }
}

/// An archive as it is read by a thread of its own: with one request, so that what it reads is read at one moment
/// of the history, however fast the thread is.
pub struct Reader {
    ports: Ports,
    source: Source,
    read: Option<Cursor<Bytes>>,
}

impl Reader {
    /// The name of its request.
    pub const REQUEST: &'static str = "objects.open";

    fn content(&mut self) -> io::Result<&mut Cursor<Bytes>> {
        let content = if let Some(content) = self.read.take() {
            content
        } else {
            let call = self.ports.announce(Self::REQUEST, || self.source.key.clone());
            if self.ports.lane.ask_blocking(call) != Some(Verdict::Go) {
                return Err(simulated());
            }
            let Source { key, version } = &self.source;
            let body = self.ports.world.with(|inner| inner.bucket.content(key, version.as_deref()));
            Cursor::new(body.ok_or(io::ErrorKind::NotFound)?)
        };
        Ok(self.read.insert(content))
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content()?.read(buffer)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content()?.seek(to)
    }
}
