//! Makes durable what a commit relies on, for many files at once.
//!
//! A sync makes the disk write now what it would write later, which takes milliseconds whether it is about one file or
//! a thousand. So callers note what has to be durable, and the next commit syncs it together: each file and folder by
//! itself if they are few, the whole file system in one call if they are many.
//!
//! A commit on behalf of one repository relies on nothing that lies in another one, so it syncs only its own: a device
//! that dies under one repository does not hold up the others.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Disk, Op};

/// From so many files and folders on, one sync of the file system is cheaper than one of each.
const MANY: usize = 24;

/// The folders with one folder for each repository. What lies elsewhere may be about any of them.
const BY_REPOSITORY: [&str; 9] =
    ["archives", "badlines", "bogus", "config", "imports", "logs", "notprocessed", "unpacked", "waiting"];

/// What was changed and is not known to be durable.
#[derive(Debug, Default)]
pub(super) struct Unsynced(Mutex<Changes>);

/// By repository; what lies in none belongs to None.
type Changes = BTreeMap<Option<OsString>, Noted>;

#[derive(Debug, Default)]
struct Noted {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Unsynced {
    /// Notes the bytes of a file.
    pub(super) fn file(&self, path: &Path) {
        self.with(|changes| of(changes, path).files.insert(path.to_owned()));
    }

    /// An entry has moved: the folder around its new name is noted, and its bytes under that name if they were.
    pub(super) fn moved(&self, from: &Path, to: &Path) {
        self.folder_of(to);
        self.with(|changes| {
            of(changes, from).files.remove(from) && of(changes, to).files.insert(to.to_owned())
        });
    }

    /// Notes the folder around a path.
    pub(super) fn folder_of(&self, path: &Path) {
        self.folder(path.parent().unwrap_or_else(|| Path::new("")));
    }

    /// Notes the names in a folder.
    pub(super) fn folder(&self, folder: &Path) {
        self.with(|changes| of(changes, folder).folders.insert(folder.to_owned()));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Changes) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn of<'c>(changes: &'c mut Changes, path: &Path) -> &'c mut Noted {
    changes.entry(repository_of(path).map(OsStr::to_owned)).or_default()
}

/// The name of the repository that a path lies in: `imports/acme/orders.csv` lies in `acme`.
pub(super) fn repository_of(path: &Path) -> Option<&OsStr> {
    let mut components = path.components().map(Component::as_os_str);
    let prefix = components.next()?.to_str()?;
    if BY_REPOSITORY.contains(&prefix) { components.next() } else { None }
}

/// Makes durable what is noted: all of it, or of what lies in repositories only what lies in this one. The lock is held
/// meanwhile: a commit that comes at the same moment must not go ahead before that is done. What could not be synced
/// stays noted, and the commit fails.
pub(super) fn flush(disk: &Disk, unsynced: &Unsynced, only: Option<&OsStr>) -> io::Result<()> {
    unsynced.with(|changes| {
        let is_wanted = |owner: &Option<OsString>| {
            only.is_none() || owner.as_deref().is_none_or(|owner| Some(owner) == only)
        };
        let mut wanted: Vec<&mut Noted> =
            changes.iter_mut().filter(|(owner, _)| is_wanted(owner)).map(|(_, noted)| noted).collect();
        let mut synced = None;
        if wanted.iter().map(|noted| noted.files.len() + noted.folders.len()).sum::<usize>() >= MANY {
            synced = sync_all(disk)?;
        }
        for noted in &mut wanted {
            sync_noted(disk, noted, synced)?;
        }
        changes.retain(|_, noted| !noted.files.is_empty() || !noted.folders.is_empty());
        Ok(())
    })
}

/// Syncs one after the other, but not what lies on a device that is synced as a whole.
fn sync_noted(disk: &Disk, noted: &mut Noted, synced: Option<u64>) -> io::Result<()> {
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
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be made durable: {error}", path.display()))
}

/// Syncs one file. What is gone needs no sync.
fn sync_file(disk: &Disk, path: &Path) -> io::Result<()> {
    match disk.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // The sender locked it, so its bytes cannot be synced alone.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_a_repository_belongs_to_it() {
        let of = |path: &str| repository_of(Path::new(path)).and_then(OsStr::to_str).map(str::to_owned);
        for path in
            ["imports/acme/orders.csv", "archives/acme", "waiting/acme/1/a/b.csv", "config/acme/shop.yaml"]
        {
            assert_eq!(of(path).as_deref(), Some("acme"), "{path}");
        }
        for path in ["", "imports", "outbox/1.eml", ".tidewaiter/partial/1", "records.sqlite"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn a_commit_for_one_repository_does_not_wait_for_another_ones_files() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::open(root.path()).unwrap();
        for path in ["archives/acme/a.csv", "archives/globex/b.csv", "outbox/c.eml"] {
            disk.make_folders(Path::new(path).parent().unwrap()).unwrap();
            disk.create(Path::new(path)).unwrap();
            disk.sync_later(Path::new(path));
        }
        let left = || -> Vec<PathBuf> {
            disk.0.unsynced.with(|changes| changes.values().flat_map(|noted| noted.files.clone()).collect())
        };
        flush(&disk, &disk.0.unsynced, Some(OsStr::new("globex"))).unwrap();
        assert_eq!(left(), [Path::new("archives/acme/a.csv")]);
        flush(&disk, &disk.0.unsynced, None).unwrap();
        assert_eq!(left(), [] as [&Path; 0]);
    }
}
