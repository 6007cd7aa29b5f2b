//! The object store: files by key.

use std::future::Future;
use std::io::{Read, Seek};
use std::ops::Range;

use bytes::Bytes;
use tidewaiter::keys::{Key, Repository};

use super::model::DroppedObject;
use crate::{Error, Result};
use tidewaiter::run::Source;

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Its size.
    pub bytes: u64,
    /// Changes when the content does.
    pub tag: String,
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// Changes when the content does.
    pub tag: String,
}

/// A configuration that lies in the drop zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InDropZone {
    /// It is taken in as soon as it is complete, without an event.
    Unfinished,
    /// This version of it. Whether it is registered is for the state to say.
    Version(Box<DroppedObject>),
}

/// The object store.
///
/// `older` in the methods that write: the key that an object which is already at the target is kept under, if it
/// belongs to another run. None: what is there is our own from an earlier try, or nothing. A store with versions does
/// the same, since the ledger says where a file is by its key. Nothing is overwritten.
pub trait Objects: Send + Sync + 'static {
    /// A reader for archives, used on a thread that may block.
    type Reader: Read + Seek + Send + 'static;
    /// A write in progress.
    type Upload: Upload;

    /// How many bytes are asked for at a time when a file is read from front to back.
    fn chunk_bytes(&self) -> u64;
    /// True if what this source leads to can never become something else: it has a version, or no other process
    /// writes there.
    fn is_fixed(&self, source: &Source) -> bool;
    /// Size and tag.
    fn stat(&self, source: &Source) -> impl Future<Output = Result<Stat>> + Send;
    /// The same; None if there is no such object.
    fn find(&self, source: &Source) -> impl Future<Output = Result<Option<Stat>>> + Send {
        async move {
            match self.stat(source).await {
                Err(Error::NotFound { .. }) => Ok(None),
                found => found.map(Some),
            }
        }
    }
    /// The bytes of a range; fewer if the object ends before it does, none if it ends before it begins.
    fn read(&self, source: &Source, range: Range<u64>) -> impl Future<Output = Result<Bytes>> + Send;
    /// Opens an object for a thread that may block. That it is not there may be found out when it is read.
    fn open(&self, source: &Source) -> Result<Self::Reader>;
    /// Writes a whole object at a key that no other run writes to. Readers see all of it or nothing.
    fn put(&self, key: &Key, content: Bytes) -> impl Future<Output = Result<()>> + Send;
    /// Writes a whole object where there is none. False if there is one, which stays. An adapter whose store many
    /// processes write to does this in one step.
    fn put_new(&self, key: &Key, content: Bytes) -> impl Future<Output = Result<bool>> + Send {
        async move {
            let is_free = self.find(&self.source(key)).await?.is_none();
            if is_free { self.put(key, content).await.map(|()| true) } else { Ok(false) }
        }
    }
    /// Writes a whole object over the one with this tag, which is kept under `older` if it is another run's.
    /// [`Error::Changed`] if another one is there by now: then nothing is written. An adapter whose store many
    /// processes write to does this in one step.
    fn put_over(
        &self,
        key: &Key,
        tag: &str,
        content: Bytes,
        older: Option<&Key>,
    ) -> impl Future<Output = Result<()>> + Send {
        async move {
            let mut upload = self.create(key).await?;
            upload.write(content).await?;
            upload.finish_over(Some(tag), older).await
        }
    }
    /// Begins to write an object. Nothing is seen of it before [`Upload::finish`].
    fn create(&self, key: &Key) -> impl Future<Output = Result<Self::Upload>> + Send;
    /// Moves an object, of so many bytes when it was found, to where its file ends. If the source is gone and
    /// the target is there, that is an earlier try of the same move.
    fn relocate(
        &self,
        from: &Source,
        bytes: u64,
        to: &Key,
        older: Option<&Key>,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Where a member of an archive is written, as a source.
    fn source(&self, key: &Key) -> Source;
    /// Deletes what an archive left behind that was refused. An object that is not there is no error.
    fn discard(&self, key: &Key) -> impl Future<Output = Result<()>> + Send;
    /// The objects directly under a prefix that ends in `/`, in byte order of their keys. Few: configurations.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<Listed>>> + Send;
    /// A page of what lies in the drop zone, behind an object if one is named; and the object that the next page
    /// begins behind, if there is more. Every version is told of, with its time as the store has it, so that a
    /// reconciliation finds those without an event. Nothing, where dropped objects are found without events.
    fn dropped(
        &self,
        _behind: Option<&Source>,
    ) -> impl Future<Output = Result<(Vec<DroppedObject>, Option<Source>)>> + Send {
        async { Ok((Vec::new(), None)) }
    }
    /// The configuration of a universe that lies in the drop zone of a repository: the newest version, where there are
    /// versions. Nothing but a regular file directly in the repository is one.
    fn dropped_configuration(
        &self,
        repository: &Repository,
        universe: &str,
    ) -> impl Future<Output = Result<Option<InDropZone>>> + Send;
    /// The configurations of all universes that lie in the drop zone of a repository, each as
    /// [`Objects::dropped_configuration`] has it.
    fn dropped_configurations(
        &self,
        repository: &Repository,
    ) -> impl Future<Output = Result<Vec<InDropZone>>> + Send;
    /// The repositories that have something under `config/`, in their order.
    fn configured(&self) -> impl Future<Output = Result<Vec<Repository>>> + Send;
}

/// A write in progress. Dropped before it is finished, it leaves nothing to be seen.
pub trait Upload: Send + 'static {
    /// Adds bytes.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
    /// Makes the object visible at a key that no other run writes to.
    fn finish(self) -> impl Future<Output = Result<()>> + Send;
    /// The same over the object with this tag, or where there is none. [`Error::Changed`] if something else is there
    /// by now: then nothing is seen of this one.
    fn finish_over(self, tag: Option<&str>, older: Option<&Key>) -> impl Future<Output = Result<()>> + Send;
}
