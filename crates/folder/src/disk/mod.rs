//! The file system below a deployment, as a narrow layer of calls.
//!
//! Every path is relative to the root of the deployment, and every call starts at a descriptor of that root. The
//! operator owns the first two levels (`imports/acme`), so these may be links. Below them partners may write, and may
//! swap a folder for a link between any two calls: the layer opens each further folder by its name in the one above,
//! and never follows a link. So no call reaches a file outside of the repository that it names.
//!
//! A call answers "absent" only when the kernel says that there is no such entry. Every other error stays an error.
//!
//! Nothing is durable before it is synced. [`Disk::rename`], [`Disk::link`] and [`Disk::make_folders`] note the folders
//! that they changed, and [`Disk::flush`] syncs all of them together. The databases flush before each commit, so that
//! what a commit relies on is durable before it. [`on_behalf_of`] says whose commit it is.
//!
//! Tests put an [`Interference`] between this layer and its callers: it sees each call before and after it is made, and
//! may change the files meanwhile, let the call fail, or fall short.

mod behalf;
mod file;
mod flush;
mod meta;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use behalf::{behalf, on_behalf_of};
pub use file::DiskFile;
use flush::Unsynced;
pub use meta::{Meta, Nature};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Stat};
use tidewaiter::keys::Repository;

/// How many levels of folders belong to the operator, who may make links of them: `<prefix>/<repository>`.
const OPERATORS_LEVELS: usize = 2;

/// A call of the layer, as an [`Interference`] sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// What is done.
    pub what: Op,
    /// With what, relative to the root. Of a call of a database: what it is for.
    pub path: &'a Path,
    /// The other path of a rename or a link.
    pub to: Option<&'a Path>,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Lists the entries of a folder.
    List,
    /// Asks what lies at a path.
    Stat,
    /// Opens a file to read it.
    Open,
    /// Reads bytes of an open file.
    Read,
    /// Creates a file where none is.
    Create,
    /// Writes bytes to a created file.
    Write,
    /// Makes the bytes of a file durable.
    SyncFile,
    /// Makes the entries of a folder durable.
    SyncFolder,
    /// Makes everything on the file system durable.
    SyncAll,
    /// Makes a folder.
    MakeFolder,
    /// Moves an entry to another name, over what lies there.
    Rename,
    /// Gives a file a second name.
    Link,
    /// Removes a file.
    Remove,
    /// Removes an empty folder.
    RemoveFolder,
    /// Takes the lock of the deployment, and notes in it that a process is at work.
    Lock,
    /// Notes in the lock that the process ended by itself.
    Unlock,
    /// Uses a database beside the files, which makes calls of its own. What is made durable before a commit is a call of
    /// its own meanwhile.
    Database,
}

/// Something that comes between the calls of a deployment, for tests: a failing disk, a neighbour, a power cut.
pub trait Interference: Send + Sync {
    /// Runs before a call is made. An error is the answer of the call, which is not made. Of a write: at most so many
    /// of its bytes are written.
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>>;
    /// Runs after a call that was made and succeeded. An error replaces its answer.
    fn after(&self, call: &Call<'_>) -> io::Result<()>;
}

/// The file system below the root of a deployment. Clones share everything.
#[derive(Clone)]
pub struct Disk(Arc<Inner>);

type BeforeChanges = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

struct Inner {
    root: PathBuf,
    descriptor: OwnedFd,
    unsynced: Unsynced,
    /// Runs before a call that changes what others see.
    before_changes: OnceLock<BeforeChanges>,
    interference: Option<Arc<dyn Interference>>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Disk").field(&self.0.root).finish()
    }
}

/// Where the rows of queries are until their files have an outcome. They are written while other files are landed.
const FETCHED: &str = "fetched";

impl Disk {
    /// The file system below `root`, which has to be a folder. Nothing is written.
    pub fn open(root: &Path) -> io::Result<Self> {
        Self::with(root, None)
    }

    /// The same, with something between it and its callers.
    pub fn with(root: &Path, interference: Option<Arc<dyn Interference>>) -> io::Result<Self> {
        let descriptor =
            rustix::fs::open(root, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let unsynced = Unsynced::default();
        let before_changes = OnceLock::new();
        let root = root.to_owned();
        Ok(Self(Arc::new(Inner { root, descriptor, unsynced, before_changes, interference })))
    }

    /// Has something done before each call that moves, links or removes an entry which others see. If that fails, the
    /// call is not made. Only the first one that is told counts.
    pub(super) fn before_changes(&self, work: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
        // A second one would be that of another deployment on the same disk, and there is none.
        let _ = self.0.before_changes.set(Box::new(work));
    }

    /// Does what has to be done before the entry at a path changes. What is ours alone, nobody sees; and nobody knows of rows
    /// of a query before they are registered.
    fn is_changing(&self, path: &Path) -> io::Result<()> {
        let is_seen = !path.starts_with(super::PRIVATE) && !path.starts_with(FETCHED);
        match self.0.before_changes.get() {
            Some(before) if is_seen => before(),
            _ => Ok(()),
        }
    }

    /// The root, as it was given.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The file system that the root is on.
    pub fn device(&self) -> io::Result<u64> {
        Ok(Meta::of(&rustix::fs::fstat(&self.0.descriptor)?).device)
    }

    /// What lies at a path; a link is a link. None only if there is no such entry.
    pub fn stat(&self, path: &Path) -> io::Result<Option<Meta>> {
        absent(self.call(Op::Stat, path, None, || {
            if path.as_os_str().is_empty() {
                return Ok(Meta::of(&rustix::fs::fstat(&self.0.descriptor)?));
            }
            let (folder, name) = self.parent(path)?;
            Ok(Meta::of(&rustix::fs::statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?))
        }))
    }

    /// True if something lies at a path.
    pub fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.stat(path)?.is_some())
    }

    /// True if a path leads to a folder. On the operator's levels it may do so by a link.
    pub fn is_folder(&self, path: &Path) -> io::Result<bool> {
        let opened = self.call(Op::Stat, path, None, || self.folder(path, For::Search).map(|_| ()));
        match opened {
            Err(error) if is_no_folder(&error) => Ok(false),
            opened => Ok(absent(opened)?.is_some()),
        }
    }

    /// The entries of a folder, by name. None only if there is no such folder.
    pub fn list(&self, path: &Path) -> io::Result<Option<Vec<OsString>>> {
        absent(self.call(Op::List, path, None, || {
            let folder = self.folder(path, For::List)?;
            let mut entries = Vec::new();
            for entry in Dir::read_from(&folder)? {
                let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
                if name != "." && name != ".." {
                    entries.push(name);
                }
            }
            entries.sort();
            Ok(entries)
        }))
    }

    /// Opens a regular file to read it. A pipe or a device is not waited for.
    pub fn read(&self, path: &Path) -> io::Result<DiskFile> {
        let file = self.call(Op::Open, path, None, || {
            let (folder, name) = self.parent(path)?;
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            Ok(rustix::fs::openat(folder.as_fd(), name, flags, Mode::empty())?)
        })?;
        Ok(DiskFile::new(self.clone(), path, file))
    }

    /// Creates a file where nothing is. It stays invisible until it is renamed, so it is not noted for a sync.
    pub fn create(&self, path: &Path) -> io::Result<DiskFile> {
        let file = self.call(Op::Create, path, None, || {
            let (folder, name) = self.parent(path)?;
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(rustix::fs::openat(folder.as_fd(), name, flags, Mode::from_raw_mode(0o666))?)
        })?;
        Ok(DiskFile::new(self.clone(), path, file))
    }

    /// Makes a folder and those around it, as far as they are missing.
    pub fn make_folders(&self, path: &Path) -> io::Result<()> {
        let mut missing = Vec::new();
        let mut at = Some(path);
        while let Some(folder) = at.filter(|folder| !folder.as_os_str().is_empty()) {
            if self.is_folder(folder)? {
                break;
            }
            missing.push(folder);
            at = folder.parent();
        }
        for folder in missing.into_iter().rev() {
            // Noted before each call: one that fails may have taken effect.
            self.0.unsynced.folder_of(folder);
            let made = self.call(Op::MakeFolder, folder, None, || {
                let (parent, name) = self.parent(folder)?;
                Ok(rustix::fs::mkdirat(parent.as_fd(), name, Mode::from_raw_mode(0o777))?)
            });
            match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
        Ok(())
    }

    /// Moves an entry over what lies at `to`, in one step.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename_with(from, to, RenameFlags::empty())
    }

    /// Moves an entry to where nothing is. `AlreadyExists` if something is.
    pub fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.rename_with(from, to, RenameFlags::NOREPLACE) {
            // A file system that cannot do this in one step: no other process writes where this is used.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                if self.exists(to)? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                self.rename(from, to)
            }
            renamed => renamed,
        }
    }

    fn rename_with(&self, from: &Path, to: &Path, flags: RenameFlags) -> io::Result<()> {
        self.is_changing(to)?;
        self.0.unsynced.folder_of(to);
        self.call(Op::Rename, from, Some(to), || {
            let (source, old) = self.parent(from)?;
            let (target, new) = self.parent(to)?;
            if flags.is_empty() {
                rustix::fs::renameat(source.as_fd(), old, target.as_fd(), new)?;
            } else {
                rustix::fs::renameat_with(source.as_fd(), old, target.as_fd(), new, flags)?;
            }
            Ok(())
        })?;
        self.0.unsynced.moved(from, to);
        Ok(())
    }

    /// Gives a file a second name. `AlreadyExists` if something has it.
    pub fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.is_changing(to)?;
        self.0.unsynced.folder_of(to);
        self.call(Op::Link, from, Some(to), || {
            let (source, old) = self.parent(from)?;
            let (target, new) = self.parent(to)?;
            Ok(rustix::fs::linkat(source.as_fd(), old, target.as_fd(), new, AtFlags::empty())?)
        })
    }

    /// Makes at `to`, where nothing is, what lies at `from` and is neither a file nor a folder: a link with the same
    /// target, which is not followed; a pipe; a device.
    pub fn recreate(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.is_changing(to)?;
        self.0.unsynced.folder_of(to);
        self.call(Op::Create, to, None, || {
            let (source, old) = self.parent(from)?;
            let (target, new) = self.parent(to)?;
            let found = rustix::fs::statat(source.as_fd(), old, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(found.st_mode);
            if kind == FileType::Symlink {
                let leads_to = rustix::fs::readlinkat(source.as_fd(), old, Vec::new())?;
                return Ok(rustix::fs::symlinkat(leads_to.as_c_str(), target.as_fd(), new)?);
            }
            make_node(target.as_fd(), new, kind, &found)
        })
    }

    /// Removes a file. None if there is none.
    pub fn remove(&self, path: &Path) -> io::Result<Option<()>> {
        self.is_changing(path)?;
        absent(self.call(Op::Remove, path, None, || {
            let (folder, name) = self.parent(path)?;
            Ok(rustix::fs::unlinkat(folder.as_fd(), name, AtFlags::empty())?)
        }))
    }

    /// Removes an empty folder; true if it is gone. What is not empty stays.
    pub fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        let removed = self.call(Op::RemoveFolder, path, None, || {
            let (folder, name) = self.parent(path)?;
            Ok(rustix::fs::unlinkat(folder.as_fd(), name, AtFlags::REMOVEDIR)?)
        });
        match removed {
            Err(error) if is_not_empty(&error) || is_no_folder(&error) => Ok(false),
            removed => absent(removed).map(|_| true),
        }
    }

    /// Removes the folders around an entry that was moved away, as far as they are empty and lie in that of a repository. One
    /// that cannot be removed does no harm.
    pub(super) fn remove_empty_parents(&self, path: &Path) {
        let mut folder = path.parent();
        while let Some(at) = folder.filter(|at| at.components().count() > 2) {
            if !self.remove_folder(at).unwrap_or(false) {
                break;
            }
            folder = at.parent();
        }
    }

    /// Notes that a file must be durable before the next commit.
    pub fn sync_later(&self, path: &Path) {
        self.0.unsynced.file(path);
    }

    /// Notes that the names in a folder must be durable before the next commit.
    pub fn names_changed_in(&self, folder: &Path) {
        self.0.unsynced.folder(folder);
    }

    /// Makes durable what was noted since the last time: of what lies in repositories, what lies in this one; without
    /// one, all of it. Calls that come meanwhile wait, and find it done.
    pub fn flush(&self, only: Option<&Repository>) -> io::Result<()> {
        flush::flush(self, &self.0.unsynced, only.map(|repository| OsStr::new(repository.as_str())))
    }

    /// Makes durable what was noted and lies in the same repository as a path.
    pub fn flush_around(&self, path: &Path) -> io::Result<()> {
        flush::flush(self, &self.0.unsynced, flush::repository_of(path))
    }

    /// Makes everything on the file system durable, as far as the platform can: what a killed process had changed and
    /// not synced is noted nowhere.
    pub fn sync_everything(&self) -> io::Result<()> {
        flush::sync_all(self).map(|_| ())
    }

    /// Makes a call beside this layer: uses a database.
    pub(crate) fn database<T, E>(
        &self,
        what: &str,
        failed: impl Fn(io::Error) -> E,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(interference) = &self.0.interference else { return work() };
        let call = Call { what: Op::Database, path: Path::new(what), to: None };
        interference.before(&call).map_err(&failed)?;
        let done = work()?;
        interference.after(&call).map_err(&failed)?;
        Ok(done)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<Option<()>> {
        absent(
            self.call(Op::SyncFolder, path, None, || Ok(rustix::fs::fsync(self.folder(path, For::List)?)?)),
        )
    }

    pub(super) fn call<T>(
        &self,
        what: Op,
        path: &Path,
        to: Option<&Path>,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(interference) = &self.0.interference else { return work() };
        let call = Call { what, path, to };
        interference.before(&call)?;
        let done = work()?;
        interference.after(&call)?;
        Ok(done)
    }

    /// The folder around a path, and the name of the entry in it.
    fn parent<'p>(&self, path: &'p Path) -> io::Result<(Folder<'_>, &'p OsStr)> {
        let Some(Component::Normal(name)) = path.components().next_back() else { return Err(no_path(path)) };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        // To name an entry, a folder need not be readable.
        Ok((self.folder(folder, For::Search)?, name))
    }

    /// Opens a folder, without following a link below the operator's levels.
    fn folder(&self, path: &Path, purpose: For) -> io::Result<Folder<'_>> {
        let last = path.components().count();
        let mut at = Folder::Root(self.0.descriptor.as_fd());
        for (level, component) in path.components().enumerate() {
            let Component::Normal(name) = component else { return Err(no_path(path)) };
            let mut flags = if level + 1 == last { purpose.flags() } else { For::Search.flags() };
            if level >= OPERATORS_LEVELS {
                flags |= OFlags::NOFOLLOW;
            }
            at = Folder::Below(rustix::fs::openat(at.as_fd(), name, flags, Mode::empty())?);
        }
        match (at, purpose) {
            // A list has a position, which belongs to the descriptor.
            (Folder::Root(root), For::List) => {
                Ok(Folder::Below(rustix::fs::openat(root, ".", For::List.flags(), Mode::empty())?))
            }
            (at, _) => Ok(at),
        }
    }
}

/// What a folder is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// To name an entry in it: it need not be readable.
    Search,
    /// To list or sync its entries.
    List,
}

impl For {
    fn flags(self) -> OFlags {
        let always = OFlags::DIRECTORY | OFlags::CLOEXEC;
        match self {
            #[cfg(target_os = "linux")]
            Self::Search => always | OFlags::PATH,
            _ => always | OFlags::RDONLY,
        }
    }
}

/// An open folder.
enum Folder<'a> {
    Root(BorrowedFd<'a>),
    Below(OwnedFd),
}

impl AsFd for Folder<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(root) => root.as_fd(),
            Self::Below(folder) => folder.as_fd(),
        }
    }
}

/// None for what is not there; every other error stays one.
fn absent<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(not(target_vendor = "apple"))]
fn make_node(folder: BorrowedFd<'_>, name: &OsStr, kind: FileType, like: &Stat) -> io::Result<()> {
    let mode = Mode::from_raw_mode(like.st_mode);
    Ok(rustix::fs::mknodat(folder, name, kind, mode, like.st_rdev)?)
}

#[cfg(target_vendor = "apple")]
fn make_node(_folder: BorrowedFd<'_>, _name: &OsStr, _kind: FileType, _like: &Stat) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn no_path(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} leads nowhere in the deployment", path.display()))
}

fn is_not_empty(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

/// True if a path does not lead to a folder, or leads there by a link that is not followed.
pub fn is_no_folder(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotADirectory
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}
