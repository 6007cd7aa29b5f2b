//! Makes durable what a commit relies on, for many files at once.
//!
//! A sync makes the disk write now what it would write later, which takes milliseconds whether it is about one file or
//! a thousand. So callers note what has to be durable, and the next commit syncs it together: each file and folder by
//! itself if they are few, the whole file system in one call if they are many.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Disk, Op};

/// From so many files and folders on, one sync of the file system is cheaper than one of each.
const MANY: usize = 24;

/// What was changed and is not known to be durable.
#[derive(Debug, Default)]
pub(super) struct Unsynced(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Unsynced {
    /// Notes the bytes of a file.
    pub(super) fn file(&self, path: &Path) {
        self.with(|noted| noted.files.insert(path.to_owned()));
    }

    /// An entry has moved: the folder around its new name is noted, and its bytes under that name if they were.
    pub(super) fn moved(&self, from: &Path, to: &Path) {
        self.folder_of(to);
        self.with(|noted| noted.files.remove(from) && noted.files.insert(to.to_owned()));
    }

    /// Notes the folder around a path.
    pub(super) fn folder_of(&self, path: &Path) {
        self.folder(path.parent().unwrap_or_else(|| Path::new("")));
    }

    /// Notes the names in a folder.
    pub(super) fn folder(&self, folder: &Path) {
        self.with(|noted| noted.folders.insert(folder.to_owned()));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes durable what is noted. The lock is held meanwhile: a commit that comes at the same moment must not go ahead
/// before that is done. What could not be synced stays noted, and the commit fails.
pub(super) fn flush(disk: &Disk, unsynced: &Unsynced) -> io::Result<()> {
    unsynced.with(|noted| {
        let mut synced = None;
        if noted.files.len() + noted.folders.len() >= MANY {
            synced = sync_all(disk)?;
        }
        // The call for the whole file system does not reach what is on another one.
        let is_left = |path: &Path| -> io::Result<bool> {
            match synced {
                None => Ok(true),
                Some(device) => Ok(disk.stat(path)?.is_some_and(|found| found.device != device)),
            }
        };
        while let Some(file) = noted.files.first().cloned() {
            if is_left(&file)? {
                sync_file(disk, &file).map_err(|e| at(&file, &e))?;
            }
            noted.files.remove(&file);
        }
        while let Some(folder) = noted.folders.first().cloned() {
            if is_left(&folder)? {
                disk.sync_folder(&folder).map_err(|e| at(&folder, &e))?;
            }
            noted.folders.remove(&folder);
        }
        Ok(())
    })
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be made durable: {error}", path.display()))
}

/// Syncs one file. What is gone needs no sync.
fn sync_file(disk: &Disk, path: &Path) -> io::Result<()> {
    match disk.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Its sender lets nobody read it, so its bytes cannot be synced by themselves.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => sync_all(disk).map(|_| ()),
        opened => opened?.sync(),
    }
}

/// Syncs the file system of the root; its number. None where that is not possible.
#[cfg(target_os = "linux")]
pub(super) fn sync_all(disk: &Disk) -> io::Result<Option<u64>> {
    disk.call(Op::SyncAll, Path::new(""), None, || {
        let root = &disk.0.descriptor;
        rustix::fs::syncfs(root)?;
        Ok(Some(super::Meta::of(&rustix::fs::fstat(root)?).device))
    })
}

/// Syncs the file system of the root; its number. None where that is not possible.
#[cfg(not(target_os = "linux"))]
pub(super) fn sync_all(_disk: &Disk) -> io::Result<Option<u64>> {
    Ok(None)
}
