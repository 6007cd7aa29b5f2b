//! Objects in a folder: the key is the path.
//!
//! What is written is written beside, in `.tidewaiter/partial/`, and renamed into place, so that nobody
//! ever sees half an object. What is at the target already gets its own name first.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tidewaiter::keys::Key;

use crate::ports::{Objects, Source, Stat, Upload};
use crate::{Error, Result};

/// How much of a file is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// Objects in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The objects under `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn partial(&self) -> Result<PathBuf> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = self.root.join(".tidewaiter/partial");
        fs::create_dir_all(&folder).map_err(|e| Error::object(folder.display().to_string(), e))?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(folder.join(format!("{}-{number}", std::process::id())))
    }

    /// Removes what writes that were interrupted left behind. Only for the one process that holds the lock.
    pub(super) fn sweep_partial(&self) {
        // What cannot be removed now is tried again next time; nothing depends on it.
        let _ = fs::remove_dir_all(self.root.join(".tidewaiter/partial"));
    }
}

/// Renames `from` to `to`, keeping what is at `to` under `older`.
fn place(root: &Path, from: &Path, to: &Path, older: Option<&Key>) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if let Some(older) = older {
        let kept = root.join(older.as_str());
        // If the older one has its name already, what is at the target is ours, from an earlier try.
        if fs::symlink_metadata(&kept).is_err() && fs::symlink_metadata(to).is_ok() {
            fs::rename(to, &kept)?;
        }
    }
    fs::rename(from, to)
}

impl Objects for Folder {
    type Reader = File;
    type Upload = FolderUpload;

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES
    }

    async fn stat(&self, source: &Source) -> Result<Stat> {
        let found =
            fs::symlink_metadata(self.path(&source.key)).map_err(|e| Error::object(&source.key, e))?;
        let changed = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let tag = format!("{}-{}", found.len(), changed.unwrap_or_default().as_nanos());
        Ok(Stat { bytes: found.len(), tag })
    }

    async fn read(&self, source: &Source, range: Range<u64>) -> Result<Bytes> {
        let path = self.path(&source.key);
        let read = tokio::task::spawn_blocking(move || read_range(&path, range)).await;
        read.map_err(|e| Error::Task(e.to_string()))?.map_err(|e| Error::object(&source.key, e))
    }

    fn open(&self, source: &Source) -> Result<File> {
        File::open(self.path(&source.key)).map_err(|e| Error::object(&source.key, e))
    }

    async fn put(&self, key: &Key, content: Bytes, older: Option<&Key>) -> Result<()> {
        let mut upload = self.create(key).await?;
        upload.write(content).await?;
        upload.finish(older).await
    }

    async fn create(&self, key: &Key) -> Result<FolderUpload> {
        let path = self.partial()?;
        let file = File::create(&path).map_err(|e| Error::object(key.as_str(), e))?;
        Ok(FolderUpload { root: self.root.clone(), key: key.clone(), partial: path, file: Some(file) })
    }

    async fn relocate(&self, from: &Source, to: &Key, older: Option<&Key>) -> Result<()> {
        let (source, target) = (self.path(&from.key), self.path(to.as_str()));
        if fs::symlink_metadata(&source).is_err() {
            let moved = fs::symlink_metadata(&target).is_ok();
            return if moved { Ok(()) } else { Err(Error::NotFound { key: from.key.clone() }) };
        }
        place(&self.root, &source, &target, older).map_err(|e| Error::object(to.as_str(), e))?;
        self.prune(&source);
        Ok(())
    }

    fn source(&self, key: &Key) -> Source {
        Source { key: key.to_string(), version: None }
    }

    async fn discard(&self, key: &Key) -> Result<()> {
        let path = self.path(key.as_str());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::object(key.as_str(), error)),
            _ => {
                self.prune(&path);
                Ok(())
            }
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Key>> {
        let folder = self.path(prefix);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::object(prefix, error)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::object(prefix, e))?;
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if let (true, Ok(name)) = (is_file, entry.file_name().into_string())
                && let Ok(key) = Key::parse(&format!("{prefix}{name}"))
            {
                keys.push(key);
            }
        }
        keys.sort();
        Ok(keys)
    }
}

impl Folder {
    /// Removes the folders around a file that was moved away, as far as they are empty and of one import.
    fn prune(&self, path: &Path) {
        let kept = [self.root.join("waiting"), self.root.join("unpacked")];
        let mut folder = path.parent();
        while let Some(at) = folder {
            let of_an_import = kept
                .iter()
                .any(|k| at.starts_with(k) && at.components().count() > k.components().count() + 1);
            if !of_an_import || fs::remove_dir(at).is_err() {
                break;
            }
            folder = at.parent();
        }
    }
}

fn read_range(path: &Path, range: Range<u64>) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let length = range.end.saturating_sub(range.start);
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// A file that is being written.
#[derive(Debug)]
pub struct FolderUpload {
    root: PathBuf,
    key: Key,
    partial: PathBuf,
    file: Option<File>,
}

impl Upload for FolderUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(&bytes).map_err(|e| Error::object(self.key.as_str(), e)),
            None => Ok(()),
        }
    }

    async fn finish(mut self, older: Option<&Key>) -> Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let to = self.root.join(self.key.as_str());
        let finish = || {
            file.sync_data()?;
            drop(file);
            place(&self.root, &self.partial, &to, older)
        };
        finish().map_err(|e| Error::object(self.key.as_str(), e))
    }
}

impl Drop for FolderUpload {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Not finished: nobody is to see it. If it cannot be removed, the next start does.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
