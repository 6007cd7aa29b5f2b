//! The drop zone of a folder: finds what was dropped and takes it in.
//!
//! A folder has no versions: a partner who uses a name again overwrites the file. So a file is moved to
//! `waiting/<repository>/<import id>/` when it is taken in, and from then on no partner writes to it. A file is taken
//! in when it has not changed for a while, since an upload may still be going on.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{NAME_BYTES, Repository, clean_name};
use tidewaiter::name::is_tool_file;

use super::disk::{Disk, Meta, is_no_folder};
use super::folder::{Partial, rename};
use super::taken_in::{TakenIn, Unseen};
use super::writers::Writers;
use tidewaiter_engine::ports::{DroppedObject, Nature, Source, Untaken};
use tidewaiter_engine::{Error, Result};

/// Endings and beginnings that transfer programs give to files they have not finished.
const UNFINISHED_ENDINGS: [&str; 6] = [".part", ".filepart", ".partial", ".tmp", ".crdownload", ".swp"];

/// Where files are dropped.
const IMPORTS: &str = "imports";

/// Where files are that were taken in.
const WAITING: &str = "waiting";

/// Where the members of archives are.
const UNPACKED: &str = "unpacked";

/// The most folders within folders that are looked into.
const DEPTH: usize = 16;

/// How the name ends of a file that is being copied from a mount of its own: `.<name>.<import id>.taking`.
const TAKING: &str = ".taking";

/// The drop zone of a folder.
#[derive(Debug)]
pub struct Inbox {
    disk: Disk,
    taken_in: TakenIn,
    quiet: Duration,
    seen: HashMap<PathBuf, (Fingerprint, Instant)>,
    last: Option<ImportId>,
    writers: Writers,
}

/// What was found in the drop zone.
#[derive(Debug, Default)]
pub struct Taken {
    /// What was taken in.
    pub drops: Vec<DroppedObject>,
    /// What was left, since it is not complete.
    pub writing: StillWriting,
    /// What could not be taken in, and why.
    pub failures: Vec<(PathBuf, Error)>,
    /// What lies beside the repositories, where nothing is taken in from.
    pub strays: Vec<PathBuf>,
}

/// Files that stay where they are, because they are still being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StillWriting {
    /// They changed a moment ago.
    pub changing: Vec<PathBuf>,
    /// Their name is one that transfer programs give to a file until it is complete.
    pub unfinished: Vec<PathBuf>,
}

impl StillWriting {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.changing.iter().chain(&self.unfinished)
    }
}

type Fingerprint = (u64, u64);

struct Found {
    repository: Repository,
    file: String,
    /// Relative to the root.
    path: PathBuf,
    meta: Meta,
    /// True for a folder with nothing in it.
    is_hollow: bool,
}

impl Inbox {
    /// The drop zone of a disk. A file is taken in when it has not changed for `quiet`. Configurations are noted in
    /// `taken_in`.
    pub(super) fn new(disk: &Disk, taken_in: &TakenIn, quiet: Duration) -> Self {
        Self {
            disk: disk.clone(),
            taken_in: taken_in.clone(),
            quiet,
            seen: HashMap::new(),
            last: None,
            writers: Writers::default(),
        }
    }

    /// Takes in what is complete; `now` is when it came. Configurations come first, so that files sent along with a new one are
    /// treated by it; then by name.
    ///
    /// What cannot be moved is left where it is, said in [`Taken::failures`], and tried again next time. `may_try` says
    /// whether that time has come for a path which failed before.
    pub fn take(&mut self, now: Timestamp, may_try: impl Fn(&Path) -> bool) -> Result<Taken> {
        let imports = Path::new(IMPORTS);
        if !self.disk.is_folder(imports).map_err(|e| Error::object(IMPORTS, e))? {
            return Err(Error::NotFound { key: self.disk.root().join(imports).display().to_string() });
        }
        let mut found = Vec::new();
        let mut taken = Taken { strays: strays(&self.disk)?, ..Taken::default() };
        for repository in drop_folders(&self.disk)? {
            // One repository that cannot be read must not hold up the others.
            taken.failures.extend(collect(&self.disk, &repository, &mut found));
        }
        let is_config = |found: &Found| found.file.ends_with("_imports_config.json");
        found.sort_by(|a, b| is_config(b).cmp(&is_config(a)).then_with(|| a.path.cmp(&b.path)));
        let mut seen = std::mem::take(&mut self.seen);
        self.look_who_writes(&found, &seen);
        for found in found {
            if unfinished_name(&found.file, found.meta.bytes) {
                taken.writing.unfinished.push(self.disk.root().join(found.path));
                continue;
            }
            if !may_try(&self.disk.root().join(&found.path)) {
                continue;
            }
            let fingerprint = (found.meta.bytes, found.meta.modified);
            let before = seen.remove(&found.path).filter(|(print, _)| *print == fingerprint);
            let is_open = self.writers.has((found.meta.device, found.meta.inode));
            if !is_open && self.is_quiet(&found.meta, before.map(|(_, since)| since)) {
                if found.is_hollow {
                    // Nothing came in. It may be what is left around a file that was taken in. If it cannot be
                    // removed, nothing waits for that.
                    let _ = self.disk.remove_folder(&found.path);
                    continue;
                }
                let path = found.path.clone();
                match self.take_in(found, now) {
                    Ok(dropped) => taken.drops.extend(dropped),
                    Err(error) => taken.failures.push((path, error)),
                }
            } else {
                let since = before.map_or_else(Instant::now, |(_, since)| since);
                self.seen.insert(found.path.clone(), (fingerprint, since));
                if found.is_hollow {
                    continue;
                }
                taken.writing.changing.push(self.disk.root().join(found.path));
            }
        }
        for path in taken.failures.iter_mut().map(|(path, _)| path).chain(&mut taken.strays) {
            *path = self.disk.root().join(&*path);
        }
        Ok(taken)
    }

    /// Looks which of the files that have not changed for long enough another process still has open for writing.
    fn look_who_writes(&mut self, found: &[Found], seen: &HashMap<PathBuf, (Fingerprint, Instant)>) {
        let quiet = found.iter().filter(|found| {
            let before = seen.get(&found.path).map(|(_, since)| *since);
            found.meta.nature == Nature::File && self.is_quiet(&found.meta, before)
        });
        let named = quiet.filter_map(|found| {
            let name = found.path.file_name()?.to_owned();
            Some((name, (found.meta.device, found.meta.inode)))
        });
        let named: Vec<_> = named.collect();
        self.writers.look(&named);
    }

    /// True if a file has not changed for long enough: by its own clock, or by ours since we watch it.
    fn is_quiet(&self, meta: &Meta, watched: Option<Instant>) -> bool {
        let by_its_clock = meta.modified().elapsed().is_ok_and(|age| age >= self.quiet);
        by_its_clock || watched.is_some_and(|since| since.elapsed() >= self.quiet)
    }

    /// Moves a file out of the drop zone; None if it is gone, because the partner took it back.
    fn take_in(&mut self, found: Found, now: Timestamp) -> Result<Option<DroppedObject>> {
        let import = ImportId::after(self.last, now, fresh_random());
        self.last = Some(import);
        let folder = waiting(&found.repository).join(import.to_string());
        let file = fitting(&clean_name(&found.file)).to_owned();
        let target = folder.join(&file);
        self.disk.make_folders(&folder).map_err(|e| Error::writing(folder.display().to_string(), e))?;
        // Before it is moved: whatever fails from here on, the files of its repository must not overtake it.
        self.taken_in.note(&found.repository, &file, import);
        if let Err(error) = self.move_out(&found.path, &target, import) {
            let _ = self.disk.remove_folder(&folder);
            // Gone since it was listed; or a folder around it is another one by now, which the next look finds.
            if error.kind() == io::ErrorKind::NotFound || is_no_folder(&error) {
                self.taken_in.forget_named(&found.repository, &file, import);
                return Ok(None);
            }
            return Err(Error::writing(found.path.display().to_string(), error));
        }
        self.disk.remove_empty_parents(&found.path);
        self.drop_of(found.repository, file, import, &target).map(Some)
    }

    /// Moves a file out of the drop zone. Out of a mount of its own it is copied, under a name that it gets first: what
    /// is dropped again meanwhile is another file.
    fn move_out(&self, from: &Path, to: &Path, import: ImportId) -> io::Result<()> {
        match self.disk.rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let mut hidden = OsString::from(".");
                hidden.push(from.file_name().unwrap_or_default());
                hidden.push(format!(".{import}{TAKING}"));
                let hidden = from.with_file_name(hidden);
                self.disk.rename_new(from, &hidden)?;
                rename(&self.disk, &hidden, to)
            }
            moved => moved,
        }
    }

    /// Goes on with what a process was copying out of a mount when it was stopped: what it had copied is removed from
    /// the drop zone, the rest gets its name back and is taken in anew.
    fn go_on_copying(&self, repository: &Repository, found: &Found) -> io::Result<()> {
        let name = found.file.rsplit('/').next().unwrap_or_default();
        let Some((name, import)) = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(TAKING))
            .and_then(|name| name.rsplit_once('.'))
            .filter(|(_, import)| import.parse::<ImportId>().is_ok())
        else {
            return Ok(());
        };
        if found.meta.device == self.disk.device()? {
            return Ok(());
        }
        let copied = self.disk.list(&waiting(repository).join(import))?.unwrap_or_default();
        if copied.iter().any(|file| !file.as_encoded_bytes().starts_with(b".")) {
            return self.disk.remove(&found.path).map(|_| ());
        }
        match self.disk.rename_new(&found.path, &found.path.with_file_name(name)) {
            // It was dropped again: this one has to wait until that one is taken in.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            renamed => renamed,
        }
    }

    /// Puts in order what a stopped process left: folders that it made before it moved a file there, or that came
    /// back with a power cut, and copies that it had begun. What could not be put in order. Only for the one process that holds the lock.
    pub(super) fn put_in_order(&self) -> Vec<(PathBuf, Error)> {
        let mut failures = Vec::new();
        for repository in drop_folders(&self.disk).unwrap_or_default() {
            let mut found = Vec::new();
            // What cannot be read is said when files are taken in.
            collect(&self.disk, &repository, &mut found);
            for found in found {
                if let Err(error) = self.go_on_copying(&repository, &found) {
                    failures
                        .push((found.path.clone(), Error::object(found.path.display().to_string(), error)));
                }
            }
        }
        for prefix in [WAITING, UNPACKED] {
            for repository in repositories(&self.disk, prefix).unwrap_or_default() {
                let folder = Path::new(prefix).join(repository.as_str());
                for name in self.disk.list(&folder).ok().flatten().unwrap_or_default() {
                    // Only an empty one can be removed.
                    let _ = self.disk.remove_folder(&folder.join(name));
                }
            }
        }
        failures
    }

    /// What was taken in by a process that stopped before it was registered, and what is waiting. What cannot be looked
    /// at is said in [`Taken::failures`], and may be a configuration.
    pub fn taken_before(&self) -> Result<Taken> {
        let mut taken = Taken::default();
        let (mut named, mut unseen) = (Vec::new(), Unseen::default());
        let repositories = repositories(&self.disk, WAITING).inspect_err(|_| {
            self.taken_in.replace([], Unseen { all: true, ..Unseen::default() });
        });
        for repository in repositories? {
            let folder = waiting(&repository);
            let mut unlisted = Vec::new();
            for name in said(entries(&self.disk, &folder), &folder, &mut unlisted) {
                let Some(import) = name.to_str().and_then(|name| name.parse::<ImportId>().ok()) else {
                    continue;
                };
                let folder = folder.join(name);
                for file in said(entries(&self.disk, &folder), &folder, &mut unlisted) {
                    let path = folder.join(&file);
                    let file = file.to_string_lossy().into_owned();
                    // A name that begins with a dot is that of a copy which is not complete.
                    if file.starts_with('.') {
                        continue;
                    }
                    match self.drop_of(repository.clone(), file.clone(), import, &path) {
                        Ok(dropped) => taken.drops.push(dropped),
                        // It has reached its place in between.
                        Err(Error::NotFound { .. }) => continue,
                        Err(error) => taken.failures.push((path, error)),
                    }
                    named.push((repository.clone(), file, import));
                }
            }
            if !unlisted.is_empty() {
                unseen.repositories.insert(repository);
            }
            taken.failures.extend(unlisted);
        }
        self.taken_in.replace(named, unseen);
        for (path, _) in &mut taken.failures {
            *path = self.disk.root().join(&*path);
        }
        taken.drops.sort_by_key(|dropped| dropped.import);
        Ok(taken)
    }

    /// What was taken in at `path`, which no partner can reach from here on.
    fn drop_of(
        &self,
        repository: Repository,
        file: String,
        import: ImportId,
        path: &Path,
    ) -> Result<DroppedObject> {
        let failed = |e| Error::object(path.display().to_string(), e);
        let found = self.disk.stat(path).map_err(failed)?;
        let found = found.ok_or_else(|| Error::NotFound { key: path.display().to_string() })?;
        if found.nature == Nature::File {
            if found.links > 1 {
                self.copy_apart(path).map_err(failed)?;
            }
            // Its sender may not have synced it. What is registered must be durable.
            self.disk.sync_later(path);
        }
        let nature = found.nature;
        let key = format!("{WAITING}/{repository}/{import}/{file}");
        let source = Source { key, version: None };
        let bytes = if nature == Nature::File { found.bytes } else { 0 };
        Ok(DroppedObject { repository, file, import, source, nature, bytes, arrived: import.at() })
    }

    /// Replaces a file with other names by a copy, because a partner could change it later through one of them.
    fn copy_apart(&self, path: &Path) -> io::Result<()> {
        let mut file = match self.disk.read(path) {
            // It cannot be read, and is refused for that.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            opened => opened?,
        };
        let mut copy = Partial::create(&self.disk)?;
        copy.copy_from(&mut file)?;
        copy.place(path)
    }
}

fn waiting(repository: &Repository) -> PathBuf {
    Path::new(WAITING).join(repository.as_str())
}

/// What was found, and what could not be looked at.
#[derive(Debug)]
pub struct Looked<T> {
    /// What was found.
    pub found: Vec<T>,
    /// What could not be looked at, and why.
    pub failures: Vec<(PathBuf, Error)>,
}

/// What lies in the drop zone of a disk, by repository and name, and what of it cannot be looked into. Nothing is taken
/// in.
pub(super) fn untaken(disk: &Disk) -> Result<Looked<Untaken>> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for repository in drop_folders(disk)? {
        failures.extend(collect(disk, &repository, &mut found));
    }
    let mut untaken: Vec<Untaken> = found
        .into_iter()
        .filter(|found| !found.is_hollow)
        .map(|Found { repository, file, meta, .. }| Untaken {
            bytes: if meta.nature == Nature::File { meta.bytes } else { 0 },
            changed: Timestamp::try_from(meta.modified()).ok(),
            unfinished: unfinished_name(&file, meta.bytes),
            repository,
            file,
        })
        .collect();
    untaken.sort_by(|a, b| a.repository.cmp(&b.repository).then_with(|| a.file.cmp(&b.file)));
    Ok(Looked { found: untaken, failures })
}

/// What lies beside the repositories, where nothing is taken in from; by its path relative to the root.
pub(super) fn strays(disk: &Disk) -> Result<Vec<PathBuf>> {
    let mut strays = Vec::new();
    for name in entries(disk, Path::new(IMPORTS))? {
        let path = Path::new(IMPORTS).join(&name);
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        if is_hidden || is_repository(disk, &path) {
            continue;
        }
        // One that is gone by now is none, and of one that cannot be looked at more is said elsewhere.
        let bytes = disk.stat(&path).ok().flatten().map_or(0, |found| found.bytes);
        if !is_tool_file(&name.to_string_lossy(), bytes) {
            strays.push(path);
        }
    }
    strays.sort();
    Ok(strays)
}

/// The repositories that have a folder in the drop zone.
pub(super) fn drop_folders(disk: &Disk) -> Result<Vec<Repository>> {
    repositories(disk, IMPORTS)
}

/// The folders directly under a prefix whose names are repositories.
fn repositories(disk: &Disk, prefix: &str) -> Result<Vec<Repository>> {
    let mut names = Vec::new();
    for name in entries(disk, Path::new(prefix))? {
        if is_repository(disk, &Path::new(prefix).join(&name))
            && let Some(Ok(name)) = name.to_str().map(str::parse::<Repository>)
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// True for a folder whose name is one of a repository. An operator may have put a link here; partners cannot, they
/// write inside their repository. One that cannot be looked at says so when it is listed.
fn is_repository(disk: &Disk, path: &Path) -> bool {
    let is_name =
        path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.parse::<Repository>().is_ok());
    is_name && disk.is_folder(path).unwrap_or(true)
}

/// The entries of a folder; none if it is not there.
fn entries(disk: &Disk, folder: &Path) -> Result<Vec<OsString>> {
    let listed = disk.list(folder).map_err(|e| Error::object(folder.display().to_string(), e))?;
    Ok(listed.unwrap_or_default())
}

/// What there is, or nothing and the failure said: one folder that cannot be read holds up no other.
fn said<T>(found: Result<Vec<T>>, folder: &Path, failures: &mut Vec<(PathBuf, Error)>) -> Vec<T> {
    found.unwrap_or_else(|error| {
        failures.push((folder.to_owned(), error));
        Vec::new()
    })
}

/// All files of a repository's drop folder, and folders there that are empty or too deep. Links are not followed. What
/// cannot be looked into is the answer.
fn collect(disk: &Disk, repository: &Repository, found: &mut Vec<Found>) -> Vec<(PathBuf, Error)> {
    let mut walk = Walk { disk, repository, found, failures: Vec::new() };
    let folder = Path::new(IMPORTS).join(repository.as_str());
    match disk.list(&folder) {
        Ok(names) => walk.entries(&folder, "", names.unwrap_or_default(), DEPTH),
        Err(error) => walk.fail(&folder, error),
    }
    walk.failures
}

struct Walk<'a> {
    disk: &'a Disk,
    repository: &'a Repository,
    found: &'a mut Vec<Found>,
    failures: Vec<(PathBuf, Error)>,
}

impl Walk<'_> {
    fn entries(&mut self, folder: &Path, prefix: &str, names: Vec<OsString>, depth: usize) {
        for name in names {
            let path = folder.join(&name);
            let file = format!("{prefix}{}", name.to_string_lossy());
            if let Err(error) = self.entry(path.clone(), file, depth) {
                self.fail(&path, error);
            }
        }
    }

    fn entry(&mut self, path: PathBuf, file: String, depth: usize) -> io::Result<()> {
        // Gone in between: nothing to take in.
        let Some(meta) = self.disk.stat(&path)? else { return Ok(()) };
        let mut is_hollow = false;
        if meta.nature == Nature::Folder && depth > 0 {
            let names = match self.disk.list(&path) {
                // It is no folder any more: the next look finds what it is.
                Err(error) if is_no_folder(&error) => return Ok(()),
                names => names?,
            };
            match names {
                None => return Ok(()),
                Some(names) if !names.is_empty() => {
                    self.entries(&path, &format!("{file}/"), names, depth - 1);
                    return Ok(());
                }
                Some(_) => is_hollow = true,
            }
        }
        self.found.push(Found { repository: self.repository.clone(), file, path, meta, is_hollow });
        Ok(())
    }

    fn fail(&mut self, path: &Path, error: io::Error) {
        self.failures.push((path.to_owned(), Error::object(path.display().to_string(), error)));
    }
}

/// A name that file systems take. What stands for bytes that are no text is longer than these.
fn fitting(name: &str) -> &str {
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name)
}

fn unfinished_name(file: &str, bytes: u64) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    !is_tool_file(file, bytes)
        && (name.starts_with('.')
            || name.ends_with('~')
            || UNFINISHED_ENDINGS.iter().any(|end| name.ends_with(end)))
}

/// 128 bits that differ for each id, from the randomly keyed hasher of the standard library.
pub(super) fn fresh_random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(Instant::now()));
    (half() << 64) | half()
}
