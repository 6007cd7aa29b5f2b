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
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::CONFIGURATION;

use super::taken_in::TakenIn;
use crate::ports::{InDropZone, Listed, Objects, Source, Stat, Upload};
use crate::{Error, Result};

/// How much of a file is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// Objects in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    /// Configurations that were taken in and may not be registered yet.
    pub(super) taken_in: TakenIn,
}

impl Folder {
    /// The objects under `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), taken_in: TakenIn::default() }
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

/// Keeps what is at `to` under `older`, unless that was done before.
fn keep(root: &Path, to: &Path, older: Option<&Key>) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let Some(older) = older else { return Ok(()) };
    let kept = root.join(older.as_str());
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    if !exists(&kept) && exists(to) { fs::rename(to, &kept) } else { Ok(()) }
}

/// Keeps what is at `to` under `older`, too, unless that was done before. It stays at `to` until something else is
/// renamed over it: at no moment is nothing there.
fn keep_also(root: &Path, to: &Path, older: &Key) -> io::Result<()> {
    let kept = root.join(older.as_str());
    let Some(folder) = kept.parent() else { return Ok(()) };
    fs::create_dir_all(folder)?;
    if exists(&kept) || !exists(to) {
        return Ok(());
    }
    if fs::hard_link(to, &kept).is_err() {
        // Not every file system has links.
        let mut beside = kept.as_os_str().to_owned();
        beside.push(".partial");
        fs::copy(to, &beside)?;
        File::open(&beside)?.sync_all()?;
        fs::rename(&beside, &kept)?;
    }
    File::open(folder)?.sync_all()
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Moves a file that is still at `from`, so that nothing at `to` can be ours: what nobody told us of is
/// kept under a name of its own.
fn relocate(root: &Path, from: &Path, to: &Path, older: Option<&Key>) -> io::Result<()> {
    keep(root, to, older)?;
    if exists(to) {
        let mut spare = to.as_os_str().to_owned();
        spare.push(format!(".{}", super::now().as_millisecond()));
        fs::rename(to, spare)?;
    }
    fs::rename(from, to)?;
    // The state is about to say that the file is there: that must be true after a power cut, too.
    match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// What changes when the content of a file does.
fn tag(found: &fs::Metadata) -> String {
    let changed = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{}-{}", found.len(), changed.unwrap_or_default().as_nanos())
}

impl Objects for Folder {
    type Reader = File;
    type Upload = FolderUpload;

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES
    }

    /// What was taken in may still be written to by whoever has it open.
    fn is_fixed(&self, _source: &Source) -> bool {
        false
    }

    async fn stat(&self, source: &Source) -> Result<Stat> {
        let found =
            fs::symlink_metadata(self.path(&source.key)).map_err(|e| Error::object(&source.key, e))?;
        Ok(Stat { bytes: found.len(), tag: tag(&found) })
    }

    async fn read(&self, source: &Source, range: Range<u64>) -> Result<Bytes> {
        let path = self.path(&source.key);
        let read = tokio::task::spawn_blocking(move || read_range(&path, range)).await;
        read.map_err(|e| Error::Task(e.to_string()))?.map_err(|e| Error::object(&source.key, e))
    }

    fn open(&self, source: &Source) -> Result<File> {
        File::open(self.path(&source.key)).map_err(|e| Error::object(&source.key, e))
    }

    async fn put(&self, key: &Key, content: Bytes) -> Result<()> {
        let mut upload = self.create(key).await?;
        upload.write(content).await?;
        upload.finish().await
    }

    async fn create(&self, key: &Key) -> Result<FolderUpload> {
        let path = self.partial()?;
        let file = File::create(&path).map_err(|e| Error::object(key.as_str(), e))?;
        Ok(FolderUpload { root: self.root.clone(), key: key.clone(), partial: path, file: Some(file) })
    }

    async fn relocate(&self, from: &Source, _bytes: u64, to: &Key, older: Option<&Key>) -> Result<()> {
        let (source, target) = (self.path(&from.key), self.path(to.as_str()));
        if !exists(&source) {
            // If somebody else's file was to be kept and was not, it is what lies at the target.
            let moved = exists(&target) && older.is_none_or(|older| exists(&self.path(older.as_str())));
            return if moved { Ok(()) } else { Err(Error::NotFound { key: from.key.clone() }) };
        }
        relocate(&self.root, &source, &target, older).map_err(|e| Error::object(to.as_str(), e))?;
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

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let folder = self.path(prefix);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::object(prefix, error)),
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::object(prefix, e))?;
            // What is gone since is not there.
            let Ok(found) = entry.metadata() else { continue };
            if let (true, Ok(name)) = (found.is_file(), entry.file_name().into_string())
                && let Ok(key) = Key::parse(&format!("{prefix}{name}"))
            {
                listed.push(Listed { key, tag: tag(&found) });
            }
        }
        listed.sort();
        Ok(listed)
    }

    async fn dropped_configuration(
        &self,
        repository: &Repository,
        universe: &str,
    ) -> Result<Option<InDropZone>> {
        let file = format!("{universe}{CONFIGURATION}");
        if self.taken_in.contains(repository, &file) {
            return Ok(Some(InDropZone::Unfinished));
        }
        let key = format!("imports/{repository}/{file}");
        match fs::symlink_metadata(self.path(&key)) {
            Ok(found) => Ok(found.is_file().then_some(InDropZone::Unfinished)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::object(key, error)),
        }
    }

    async fn configured(&self) -> Result<Vec<Repository>> {
        const CONFIG: &str = "config";
        let entries = match fs::read_dir(self.path(CONFIG)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::object(CONFIG, error)),
        };
        let mut repositories = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| Error::object(CONFIG, e))?.file_name();
            let Some(Ok(repository)) = name.to_str().map(str::parse::<Repository>) else { continue };
            // As in a bucket, an empty folder is nothing.
            if !self.list(&Key::configs(&repository)).await?.is_empty() {
                repositories.push(repository);
            }
        }
        repositories.sort();
        Ok(repositories)
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

    async fn finish(self) -> Result<()> {
        self.place(None)
    }

    async fn finish_over(self, expected: Option<&str>, older: Option<&Key>) -> Result<()> {
        let there = fs::symlink_metadata(self.root.join(self.key.as_str())).ok().map(|found| tag(&found));
        if there.as_deref() != expected {
            return Err(Error::Changed { key: self.key.to_string() });
        }
        self.place(older)
    }
}

impl FolderUpload {
    /// Brings what was written to its key; what lies there is kept under `older`.
    fn place(mut self, older: Option<&Key>) -> Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let to = self.root.join(self.key.as_str());
        let finish = || {
            file.sync_data()?;
            drop(file);
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            if let Some(older) = older {
                keep_also(&self.root, &to, older)?;
            }
            fs::rename(&self.partial, &to)
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
