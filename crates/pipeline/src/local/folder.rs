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

use crate::ports::{Listed, Objects, Source, Stat, Upload};
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
        fs::create_dir_all(&folder).map_err(|e| Error::writing(folder.display().to_string(), e))?;
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
        read.map_err(|e| Error::Task(e.to_string()))?.map_err(|e| self.cannot_open(&source.key, e))
    }

    fn open(&self, source: &Source) -> Result<File> {
        File::open(self.path(&source.key)).map_err(|e| self.cannot_open(&source.key, e))
    }

    async fn put(&self, key: &Key, content: Bytes) -> Result<()> {
        let mut upload = self.create(key).await?;
        upload.write(content).await?;
        upload.finish().await
    }

    async fn create(&self, key: &Key) -> Result<FolderUpload> {
        let path = self.partial()?;
        let file = File::create(&path).map_err(|e| Error::writing(key.as_str(), e))?;
        Ok(FolderUpload { root: self.root.clone(), key: key.clone(), partial: path, file: Some(file) })
    }

    async fn relocate(&self, from: &Source, _bytes: u64, to: &Key, older: Option<&Key>) -> Result<()> {
        let (source, target) = (self.path(&from.key), self.path(to.as_str()));
        if !exists(&source) {
            // If somebody else's file was to be kept and was not, it is what lies at the target.
            let moved = exists(&target) && older.is_none_or(|older| exists(&self.path(older.as_str())));
            return if moved { Ok(()) } else { Err(Error::NotFound { key: from.key.clone() }) };
        }
        relocate(&self.root, &source, &target, older).map_err(|e| Error::writing(to.as_str(), e))?;
        self.prune(&source);
        Ok(())
    }

    fn source(&self, key: &Key) -> Source {
        Source { key: key.to_string(), version: None }
    }

    async fn discard(&self, key: &Key) -> Result<()> {
        let path = self.path(key.as_str());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::writing(key.as_str(), error)),
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
            let found = match entry.metadata() {
                Ok(found) => found,
                // What is gone since is not there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::object(prefix, error)),
            };
            if let (true, Ok(name)) = (found.is_file(), entry.file_name().into_string())
                && let Ok(key) = Key::parse(&format!("{prefix}{name}"))
            {
                listed.push(Listed { key, tag: tag(&found) });
            }
        }
        listed.sort();
        Ok(listed)
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
            let entry = entry.map_err(|e| Error::object(CONFIG, e))?;
            let name = entry.file_name();
            let Some(Ok(repository)) = name.to_str().map(str::parse::<Repository>) else { continue };
            if fs::metadata(entry.path()).is_ok_and(|found| !found.is_dir()) {
                continue;
            }
            // As in a bucket, an empty folder is nothing. One that cannot be listed is said of its repository, by
            // those who want to know what is in it.
            if !matches!(self.list(&Key::configs(&repository)).await, Ok(listed) if listed.is_empty()) {
                repositories.push(repository);
            }
        }
        repositories.sort();
        Ok(repositories)
    }
}

impl Folder {
    /// Whose fault it is that an object cannot be opened.
    fn cannot_open(&self, key: &str, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::PermissionDenied && self.is_locked_by_its_sender(key) {
            return Error::Unreadable { key: key.to_owned(), source: error };
        }
        Error::object(key, error)
    }

    /// True if a dropped file denies itself, by the permissions that it was dropped with. Only then: that a folder on the
    /// way cannot be entered is ours to mend, and so is what we have written ourselves.
    ///
    /// A folder may be locked and unlocked at any moment. So the file has to deny itself once more after its folder
    /// has shown it, and its mode has to say so, too.
    #[cfg(unix)]
    fn is_locked_by_its_sender(&self, key: &str) -> bool {
        use std::os::unix::fs::PermissionsExt;
        const READABLE: u32 = 0o444;
        let path = self.path(key);
        let is_shown = || {
            let found = fs::symlink_metadata(&path);
            found.is_ok_and(|found| found.is_file() && found.permissions().mode() & READABLE != READABLE)
        };
        let is_denied =
            || File::open(&path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        key.starts_with("waiting/") && is_shown() && is_denied() && is_shown()
    }

    #[cfg(not(unix))]
    fn is_locked_by_its_sender(&self, key: &str) -> bool {
        key.starts_with("waiting/") && self.path(key).symlink_metadata().is_ok_and(|found| found.is_file())
    }

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
            Some(file) => file.write_all(&bytes).map_err(|e| Error::writing(self.key.as_str(), e)),
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
            keep(&self.root, &to, older)?;
            fs::rename(&self.partial, &to)
        };
        finish().map_err(|e| Error::writing(self.key.as_str(), e))
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
