//! Objects in a folder: the key is the path.
//!
//! A write goes to `.tidewaiter/partial/` first and is renamed into place, so that no reader ever sees half an object.
//! What lies at the target gets its own name first.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::{CONFIGURATION, DroppedName};

use super::disk::{Disk, DiskFile, Meta, Nature};
use super::taken_in::TakenIn;
use tidewaiter_engine::ports::{InDropZone, Listed, Objects, Source, Stat, Upload};
use tidewaiter_engine::{Error, Result};

/// How much of a file is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// Where files are written before they have their name.
const PARTIAL: &str = ".tidewaiter/partial";

/// So deep are folders within folders that are copied to another file system.
const DEPTH: usize = 64;

/// Objects in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    disk: Disk,
    /// Configurations that were taken in and may not be registered yet.
    pub(super) taken_in: TakenIn,
}

impl Folder {
    /// The objects on a disk.
    pub fn new(disk: &Disk) -> Self {
        Self { disk: disk.clone(), taken_in: TakenIn::default() }
    }

    /// Removes what interrupted writes left behind. Only for the one process that holds the lock.
    pub(super) fn remove_partial(&self) -> Result<()> {
        let folder = Path::new(PARTIAL);
        let remove = || -> io::Result<()> {
            for name in self.disk.list(folder)?.unwrap_or_default() {
                self.disk.remove(&folder.join(name))?;
            }
            Ok(())
        };
        remove().map_err(|e| Error::writing(PARTIAL, e))
    }

    /// Whether the sender or the deployment is the reason that an object cannot be opened.
    fn cannot_open(&self, key: &str, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::PermissionDenied && self.is_locked_by_its_sender(Path::new(key)) {
            return Error::Unreadable { key: key.to_owned(), source: error };
        }
        Error::object(key, error)
    }

    /// True if a dropped file denies itself, by the permissions that it was dropped with. Only then: that a folder on
    /// the way cannot be entered is the operator's to fix, and so is what tidewaiter has written itself.
    ///
    /// A folder may be locked and unlocked at any moment. So the file has to deny itself once more after its folder has
    /// shown it, and its mode has to say so, too.
    fn is_locked_by_its_sender(&self, path: &Path) -> bool {
        let is_shown = || {
            let found = self.disk.stat(path);
            found.is_ok_and(|found| found.is_some_and(|found| is_file(&found) && !found.all_may_read))
        };
        let is_denied =
            || self.disk.read(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        path.starts_with("waiting") && is_shown() && is_denied() && is_shown()
    }

    /// Removes the folders around a file that was moved away, as far as they are empty and of one import.
    fn prune(&self, path: &Path) {
        if ["waiting", "unpacked", "fetched"].iter().any(|top| path.starts_with(top)) {
            self.disk.remove_empty_parents(path);
        }
    }

    /// Moves what lies at `to` to `older`, unless an earlier try did.
    fn keep(&self, to: &Path, older: Option<&Key>) -> io::Result<()> {
        let Some(older) = older.map(|key| Path::new(key.as_str())) else { return Ok(()) };
        if self.disk.exists(older)? || !self.disk.exists(to)? {
            return Ok(());
        }
        make_parent(&self.disk, older)?;
        rename_new(&self.disk, to, older)
    }
}

/// Makes a copy of what lies at `to` available as `older`, unless an earlier try did. It stays at `to` as well, so that
/// at no moment there is nothing. Both are the same file where that is possible.
fn keep_in_place(disk: &Disk, to: &Path, older: Option<&Key>) -> io::Result<()> {
    let Some(older) = older.map(|key| Path::new(key.as_str())) else { return Ok(()) };
    if disk.exists(older)? || !disk.exists(to)? {
        return Ok(());
    }
    make_parent(disk, older)?;
    match disk.link(to, older) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links, or a limit on them.
        Err(_) => {
            let mut copy = Partial::create(disk)?;
            copy.copy_from(&mut disk.read(to)?)?;
            copy.place(older)
        }
        Ok(()) => Ok(()),
    }?;
    // What is about to be written over must not be the only one that is durable.
    disk.flush_around(to)
}

/// Moves an entry; over file systems, by a copy.
pub(super) fn rename(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    across(disk, from, to, Disk::rename)
}

/// The same to where nothing is.
pub(super) fn rename_new(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    across(disk, from, to, Disk::rename_new)
}

fn across(
    disk: &Disk,
    from: &Path,
    to: &Path,
    rename: fn(&Disk, &Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    match rename(disk, from, to) {
        // One of them is a mount of its own.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let beside = Partial::beside(to)?;
            match disk.stat(from)?.map(|found| found.nature) {
                None => return Err(io::ErrorKind::NotFound.into()),
                Some(Nature::File) => {
                    let mut copy = Partial::create_at(disk, beside)?;
                    copy.copy_from(&mut disk.read(from)?)?;
                    copy.place_by(to, rename)?;
                }
                Some(Nature::Folder | Nature::Special) => {
                    // What an earlier try left.
                    remove_all(disk, &beside, DEPTH)?;
                    copy_all(disk, from, &beside, DEPTH)?;
                    rename(disk, &beside, to)?;
                }
            }
            disk.flush_around(to)?;
            remove_all(disk, from, DEPTH)
        }
        renamed => renamed,
    }
}

/// Copies a file, a folder with what is in it, or a link as such.
fn copy_all(disk: &Disk, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    match disk.stat(from)?.map(|found| found.nature) {
        None => Ok(()),
        Some(Nature::Special) => disk.recreate(from, to),
        Some(Nature::File) => {
            let mut copy = disk.create(to)?;
            Partial::copy(&mut disk.read(from)?, |bytes| copy.write_all(bytes))?;
            disk.names_changed_in(to.parent().unwrap_or_else(|| Path::new("")));
            copy.finish()
        }
        Some(Nature::Folder) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            disk.make_folders(to)?;
            for name in disk.list(from)?.unwrap_or_default() {
                copy_all(disk, &from.join(&name), &to.join(&name), depth)?;
            }
            Ok(())
        }
    }
}

/// Removes a file, a folder with what is in it, or a link as such.
fn remove_all(disk: &Disk, path: &Path, depth: usize) -> io::Result<()> {
    if disk.stat(path)?.is_none_or(|found| found.nature != Nature::Folder) {
        return disk.remove(path).map(|_| ());
    }
    let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
    for name in disk.list(path)?.unwrap_or_default() {
        remove_all(disk, &path.join(name), depth)?;
    }
    disk.remove_folder(path).map(|_| ())
}

fn too_deep() -> io::Error {
    io::Error::other("the folders are nested too deeply to be copied to another file system")
}

fn make_parent(disk: &Disk, path: &Path) -> io::Result<()> {
    disk.make_folders(path.parent().unwrap_or_else(|| Path::new("")))
}

/// A file that is being written, and that is not visible yet.
#[derive(Debug)]
pub(super) struct Partial {
    disk: Disk,
    path: PathBuf,
    file: Option<DiskFile>,
}

impl Partial {
    pub(super) fn create(disk: &Disk) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        disk.make_folders(Path::new(PARTIAL))?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::create_at(disk, Path::new(PARTIAL).join(format!("{}-{number}", std::process::id())))
    }

    fn create_at(disk: &Disk, path: PathBuf) -> io::Result<Self> {
        let file = match disk.create(&path) {
            // Left behind by a process that had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(&path)?;
                disk.create(&path)?
            }
            Err(error) => {
                // It may have been made all the same.
                let _ = disk.remove(&path);
                return Err(error);
            }
            Ok(created) => created,
        };
        Ok(Self { disk: disk.clone(), path, file: Some(file) })
    }

    /// A name beside `to`, on the same file system. The same file has the same one: a copy that was interrupted is
    /// begun anew over it.
    fn beside(to: &Path) -> io::Result<PathBuf> {
        let name = to.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".partial");
        Ok(to.with_file_name(hidden))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    /// Writes what a reader gives, to its end.
    pub(super) fn copy_from(&mut self, reader: &mut impl Read) -> io::Result<()> {
        Self::copy(reader, |bytes| self.write(bytes))
    }

    fn copy(reader: &mut impl Read, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK_BYTES as usize];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => write(buffer.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives it its name, over what has it. Its bytes are durable before.
    pub(super) fn place(self, to: &Path) -> io::Result<()> {
        self.place_by(to, rename)
    }

    /// Gives it its name, where nothing has it. Its bytes are durable before the next commit.
    fn place_now(self, to: &Path) -> io::Result<()> {
        self.place_with(to, DiskFile::finish_later, rename_new)
    }

    fn place_by(self, to: &Path, rename: fn(&Disk, &Path, &Path) -> io::Result<()>) -> io::Result<()> {
        self.place_with(to, DiskFile::finish, rename)
    }

    fn place_with(
        mut self,
        to: &Path,
        finish: fn(DiskFile) -> io::Result<()>,
        rename: fn(&Disk, &Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let placed = finish(file).and_then(|()| rename(&self.disk, &self.path, to));
        if placed.is_err() {
            // If it cannot be removed, the next start does.
            let _ = self.disk.remove(&self.path);
        }
        placed
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Not finished, so it must not stay visible. If it cannot be removed, the next start removes it.
            let _ = self.disk.remove(&self.path);
        }
    }
}

impl Objects for Folder {
    type Reader = DiskFile;
    type Upload = FolderUpload;

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES
    }

    /// A process that has the file open may still write to it.
    fn is_fixed(&self, _source: &Source) -> bool {
        false
    }

    async fn stat(&self, source: &Source) -> Result<Stat> {
        let found = self.disk.stat(Path::new(&source.key)).map_err(|e| Error::object(&source.key, e))?;
        let found = found.ok_or_else(|| Error::NotFound { key: source.key.clone() })?;
        Ok(Stat { bytes: found.bytes, tag: found.tag() })
    }

    async fn read(&self, source: &Source, range: Range<u64>) -> Result<Bytes> {
        // To hand it to another thread takes longer: nobody reads more than a chunk at a time.
        read_range(&self.disk, Path::new(&source.key), range).map_err(|e| self.cannot_open(&source.key, e))
    }

    fn open(&self, source: &Source) -> Result<DiskFile> {
        self.disk.read(Path::new(&source.key)).map_err(|e| self.cannot_open(&source.key, e))
    }

    async fn put(&self, key: &Key, content: Bytes) -> Result<()> {
        let mut upload = self.create(key).await?;
        upload.write(content).await?;
        upload.finish().await
    }

    /// What is written is durable before the next commit, which is all that it has to be: nothing is written over.
    async fn put_new(&self, key: &Key, content: Bytes) -> Result<bool> {
        let path = Path::new(key.as_str());
        let write = || -> io::Result<bool> {
            if self.disk.exists(path)? {
                return Ok(false);
            }
            let mut partial = Partial::create(&self.disk)?;
            partial.write(&content)?;
            make_parent(&self.disk, path)?;
            partial.place_now(path).map(|()| true)
        };
        write().map_err(|e| Error::writing(key.as_str(), e))
    }

    async fn create(&self, key: &Key) -> Result<FolderUpload> {
        let partial = Partial::create(&self.disk).map_err(|e| Error::writing(key.as_str(), e))?;
        Ok(FolderUpload { key: key.clone(), partial })
    }

    async fn relocate(&self, from: &Source, _bytes: u64, to: &Key, older: Option<&Key>) -> Result<()> {
        let (source, target) = (Path::new(&from.key), Path::new(to.as_str()));
        let moved = || -> io::Result<bool> {
            if self.disk.exists(source)? {
                self.relocate_to(source, target, older)?;
                return Ok(true);
            }
            // If another import's file was to be kept and was not, it is what lies at the target.
            if let Some(older) = older
                && !self.disk.exists(Path::new(older.as_str()))?
            {
                return Ok(false);
            }
            self.disk.exists(target)
        };
        if !moved().map_err(|e| Error::writing(to.as_str(), e))? {
            return Err(Error::NotFound { key: from.key.clone() });
        }
        self.prune(source);
        Ok(())
    }

    fn source(&self, key: &Key) -> Source {
        Source { key: key.to_string(), version: None }
    }

    async fn discard(&self, key: &Key) -> Result<()> {
        let path = Path::new(key.as_str());
        if self.disk.remove(path).map_err(|e| Error::writing(key.as_str(), e))?.is_some() {
            self.prune(path);
            // Once its run is done, nothing removes it again: a power cut must not bring it back.
            let mut around = path.ancestors().skip(1);
            if let Some(folder) = around.find(|folder| self.disk.exists(folder).unwrap_or_default()) {
                self.disk.names_changed_in(folder);
            }
        }
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let folder = Path::new(prefix);
        let names = self.disk.list(folder).map_err(|e| Error::object(prefix, e))?.unwrap_or_default();
        let mut listed = Vec::new();
        for name in names {
            // What is gone since is not there.
            let found = self.disk.stat(&folder.join(&name)).map_err(|e| Error::object(prefix, e))?;
            if let (Some(found), Ok(name)) = (found.filter(is_file), name.into_string())
                && let Ok(key) = Key::parse(&format!("{prefix}{name}"))
            {
                listed.push(Listed { key, tag: found.tag() });
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
        let found = self.disk.stat(Path::new(&key)).map_err(|e| Error::object(&key, e))?;
        Ok(found.filter(is_file).map(|_| InDropZone::Unfinished))
    }

    async fn dropped_configurations(&self, repository: &Repository) -> Result<Vec<InDropZone>> {
        let zone = format!("imports/{repository}");
        let names = self.disk.list(Path::new(&zone)).map_err(|e| Error::object(&zone, e))?;
        let names = names.unwrap_or_default().into_iter().filter_map(|name| name.into_string().ok());
        let mut found = Vec::new();
        for name in names {
            if let DroppedName::Configuration { universe } = DroppedName::of(&name) {
                found.extend(self.dropped_configuration(repository, universe).await?);
            }
        }
        if found.is_empty() && self.taken_in.has_any(repository) {
            found.push(InDropZone::Unfinished);
        }
        Ok(found)
    }

    async fn configured(&self) -> Result<Vec<Repository>> {
        const CONFIG: &str = "config";
        let names = self.disk.list(Path::new(CONFIG)).map_err(|e| Error::object(CONFIG, e))?;
        let mut repositories = Vec::new();
        for name in names.unwrap_or_default() {
            let Some(Ok(repository)) = name.to_str().map(str::parse::<Repository>) else { continue };
            if !self.disk.is_folder(&Path::new(CONFIG).join(&name)).map_err(|e| Error::object(CONFIG, e))? {
                continue;
            }
            // As in a bucket, an empty folder is nothing. One that cannot be looked into has to be looked after.
            if self.list(&Key::configs(&repository)).await.is_ok_and(|listed| listed.is_empty()) {
                continue;
            }
            repositories.push(repository);
        }
        repositories.sort();
        Ok(repositories)
    }
}

fn is_file(found: &Meta) -> bool {
    found.nature == Nature::File
}

impl Folder {
    /// Moves a file that is still at `from`, so that nothing at `to` can be its own: what the ledger does not know is
    /// kept under a name of its own.
    fn relocate_to(&self, from: &Path, to: &Path, older: Option<&Key>) -> io::Result<()> {
        make_parent(&self.disk, to)?;
        self.keep(to, older)?;
        match rename_new(&self.disk, from, to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let mut spare = to.as_os_str().to_owned();
                spare.push(format!(".{}", super::now().as_millisecond()));
                rename_new(&self.disk, to, Path::new(&spare))?;
                rename_new(&self.disk, from, to)
            }
            renamed => renamed,
        }
    }
}

fn read_range(disk: &Disk, path: &Path, range: Range<u64>) -> io::Result<Bytes> {
    let mut file = disk.read(path)?;
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
    key: Key,
    partial: Partial,
}

impl Upload for FolderUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.partial.write(&bytes).map_err(|e| Error::writing(self.key.as_str(), e))
    }

    async fn finish(self) -> Result<()> {
        self.place(None)
    }

    async fn finish_over(self, expected: Option<&str>, older: Option<&Key>) -> Result<()> {
        let there = self.partial.disk.stat(Path::new(self.key.as_str()));
        let there = there.map_err(|e| Error::object(self.key.as_str(), e))?.map(|found| found.tag());
        if there.as_deref() != expected {
            return Err(Error::Changed { key: self.key.to_string() });
        }
        self.place(older)
    }
}

impl FolderUpload {
    /// Brings what was written to its key; what lies there is kept under `older`.
    fn place(self, older: Option<&Key>) -> Result<()> {
        let (key, to) = (self.key.as_str(), Path::new(self.key.as_str()));
        let disk = self.partial.disk.clone();
        let place = || {
            make_parent(&disk, to)?;
            keep_in_place(&disk, to, older)?;
            self.partial.place(to)
        };
        place().map_err(|e| Error::writing(key, e))
    }
}
