//! The drop zone of a folder: finds what was dropped and takes it in.
//!
//! A folder has no versions: a partner who uses a name again overwrites the file. So a file is moved to
//! `waiting/<repository>/<import id>/` when it is taken in, and from then on nobody writes to it. A file
//! is taken in when it has not changed for a while, since an upload may still be going on.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{NAME_BYTES, Repository, clean_name};

use crate::ports::{Drop, Nature, Source};
use crate::{Error, Result};

/// Endings and beginnings that transfer programs give to files they have not finished.
const UNFINISHED_ENDINGS: [&str; 6] = [".part", ".filepart", ".partial", ".tmp", ".crdownload", ".swp"];

/// The most folders within folders that are looked into.
const DEPTH: usize = 16;

/// The drop zone of a folder.
#[derive(Debug)]
pub struct Inbox {
    root: PathBuf,
    quiet: Duration,
    seen: HashMap<PathBuf, (Fingerprint, Instant)>,
    last: Option<ImportId>,
}

/// What was found in the drop zone.
#[derive(Debug, Default)]
pub struct Taken {
    /// What was taken in.
    pub drops: Vec<Drop>,
    /// What was left, since it is not complete.
    pub writing: StillWriting,
    /// What could not be taken in, and why.
    pub failures: Vec<(PathBuf, Error)>,
}

/// Files that were left where they are, since somebody is still writing them.
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

type Fingerprint = (u64, Option<SystemTime>);

struct Found {
    repository: Repository,
    file: String,
    path: PathBuf,
    metadata: Metadata,
}

impl Inbox {
    /// The drop zone under `root`. A file is taken in when it has not changed for `quiet`.
    pub fn new(root: &Path, quiet: Duration) -> Self {
        Self { root: root.to_owned(), quiet, seen: HashMap::new(), last: None }
    }

    /// Takes in what is complete; `now` is when it came. Configurations come first, so that files sent along with a new one are
    /// treated by it; then by name.
    ///
    /// What cannot be moved is left where it is, said in [`Taken::failures`], and tried again next time. `may_try` says
    /// whether that time has come for a path which failed before.
    pub fn take(&mut self, now: Timestamp, may_try: impl Fn(&Path) -> bool) -> Result<Taken> {
        let imports = self.root.join("imports");
        if !imports.is_dir() {
            return Err(Error::NotFound { key: imports.display().to_string() });
        }
        let mut found = Vec::new();
        let mut taken = Taken { failures: strays(&self.root.join("imports"))?, ..Taken::default() };
        for repository in repositories(&self.root.join("imports"))? {
            let folder = self.root.join("imports").join(repository.as_str());
            // One repository that cannot be read must not hold up the others.
            collect((&repository, &folder), "", DEPTH, &mut found, &mut taken.failures);
        }
        let is_config = |found: &Found| found.file.ends_with("_imports_config.json");
        found.sort_by(|a, b| is_config(b).cmp(&is_config(a)).then_with(|| a.path.cmp(&b.path)));
        let mut seen = std::mem::take(&mut self.seen);
        for found in found {
            if unfinished_name(&found.file) {
                taken.writing.unfinished.push(found.path);
                continue;
            }
            if !may_try(&found.path) {
                continue;
            }
            let fingerprint = (found.metadata.len(), found.metadata.modified().ok());
            let before = seen.remove(&found.path).filter(|(print, _)| *print == fingerprint);
            if self.is_quiet(&fingerprint, before.map(|(_, since)| since)) {
                let path = found.path.clone();
                match self.take_in(found, now) {
                    Ok(dropped) => taken.drops.extend(dropped),
                    Err(error) => taken.failures.push((path, error)),
                }
            } else {
                let since = before.map_or_else(Instant::now, |(_, since)| since);
                self.seen.insert(found.path.clone(), (fingerprint, since));
                taken.writing.changing.push(found.path);
            }
        }
        Ok(taken)
    }

    /// True if a file has not changed for long enough: by its own clock, or by ours since we watch it.
    fn is_quiet(&self, (_, modified): &Fingerprint, watched: Option<Instant>) -> bool {
        let by_its_clock = modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age >= self.quiet);
        by_its_clock || watched.is_some_and(|since| since.elapsed() >= self.quiet)
    }

    /// Moves a file out of the drop zone; None if it is gone, since whoever dropped it took it back.
    fn take_in(&mut self, found: Found, now: Timestamp) -> Result<Option<Drop>> {
        let import = ImportId::after(self.last, now, fresh_random());
        self.last = Some(import);
        let folder = self.root.join("waiting").join(found.repository.as_str()).join(import.to_string());
        let file = fitting(&clean_name(&found.file)).to_owned();
        let target = folder.join(&file);
        let moved = fs::create_dir_all(&folder).and_then(|()| fs::rename(&found.path, &target));
        match moved {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let _ = fs::remove_dir_all(&folder);
                return Ok(None);
            }
            Err(error) => {
                let _ = fs::remove_dir(&folder);
                return Err(Error::writing(found.path.display().to_string(), error));
            }
        }
        remove_empty_parents(&found.path, &self.root.join("imports").join(found.repository.as_str()));
        drop_of(found.repository, file, import, &target).map(Some)
    }

    /// Removes the folders that a process made and then stopped before it moved a file there. Only for the
    /// one process that holds the lock.
    pub(super) fn prune(&self) {
        for repository in repositories(&self.root.join("waiting")).unwrap_or_default() {
            let folder = self.root.join("waiting").join(repository.as_str());
            for entry in entries(&folder).unwrap_or_default() {
                // Only an empty one can be removed.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }

    /// What was taken in by a process that stopped before it was registered, and what is
    /// waiting. What cannot be looked at is said in [`Taken::failures`].
    pub fn taken_before(&self) -> Result<Taken> {
        let mut taken = Taken::default();
        for repository in repositories(&self.root.join("waiting"))? {
            let folder = self.root.join("waiting").join(repository.as_str());
            for entry in said(entries(&folder), &folder, &mut taken.failures) {
                let Some(import) = entry.file_name().to_str().and_then(|name| name.parse::<ImportId>().ok())
                else {
                    continue;
                };
                let folder = entry.path();
                for file in said(entries(&folder), &folder, &mut taken.failures) {
                    let name = file.file_name().to_string_lossy().into_owned();
                    match drop_of(repository.clone(), name, import, &file.path()) {
                        Ok(dropped) => taken.drops.push(dropped),
                        // It has reached its place in between.
                        Err(Error::NotFound { .. }) => {}
                        Err(error) => taken.failures.push((file.path(), error)),
                    }
                }
            }
        }
        taken.drops.sort_by_key(|dropped| dropped.import);
        Ok(taken)
    }
}

fn drop_of(repository: Repository, file: String, import: ImportId, path: &Path) -> Result<Drop> {
    let metadata = fs::symlink_metadata(path).map_err(|e| Error::object(path.display().to_string(), e))?;
    let nature = match metadata.file_type() {
        kind if kind.is_file() => Nature::File,
        kind if kind.is_dir() => Nature::Folder,
        _ => Nature::Special,
    };
    let key = format!("waiting/{repository}/{import}/{file}");
    let source = Source { key, version: None };
    let bytes = if nature == Nature::File { metadata.len() } else { 0 };
    Ok(Drop { repository, file, import, source, nature, bytes, arrived: import.at() })
}

/// What was found, and what could not be looked at.
#[derive(Debug)]
pub struct Looked<T> {
    /// What was found.
    pub found: Vec<T>,
    /// What could not be looked at, and why.
    pub failures: Vec<(PathBuf, Error)>,
}

/// A file in the drop zone that was not taken in yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// The repository.
    pub repository: Repository,
    /// Its name there; with slashes if it lies in a folder. Whatever characters its sender used.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// When it last changed, if the file system tells.
    pub changed: Option<Timestamp>,
    /// True if its name is one of a transfer that goes on: it is left alone until it is renamed.
    pub unfinished: bool,
}

/// What lies in the drop zone under `root`, by repository and name, and what of it cannot be looked at. Nothing is
/// taken in.
pub(super) fn untaken(root: &Path) -> Result<Looked<Untaken>> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for repository in drop_folders(root)? {
        let folder = root.join("imports").join(repository.as_str());
        collect((&repository, &folder), "", DEPTH, &mut found, &mut failures);
    }
    let mut untaken: Vec<Untaken> = found
        .into_iter()
        .map(|Found { repository, file, metadata, .. }| Untaken {
            bytes: if metadata.is_file() { metadata.len() } else { 0 },
            changed: metadata.modified().ok().and_then(|at| at.try_into().ok()),
            unfinished: unfinished_name(&file),
            repository,
            file,
        })
        .collect();
    untaken.sort_by(|a, b| a.repository.cmp(&b.repository).then_with(|| a.file.cmp(&b.file)));
    Ok(Looked { found: untaken, failures })
}

/// What lies beside the repositories, where nothing is taken in from.
pub(super) fn strays(imports: &Path) -> Result<Vec<(PathBuf, Error)>> {
    let mut strays = Vec::new();
    for entry in entries(imports)? {
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let is_folder = fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
        let is_repository = is_folder && name.to_str().is_some_and(|name| name.parse::<Repository>().is_ok());
        if !hidden && !is_repository {
            let key = entry.path().display().to_string();
            strays.push((entry.path(), Error::Stray { key }));
        }
    }
    Ok(strays)
}

/// The repositories that have a folder in the drop zone.
pub(super) fn drop_folders(root: &Path) -> Result<Vec<Repository>> {
    repositories(&root.join("imports"))
}

/// The folders directly under `folder` whose names are repositories. Others are none of ours.
fn repositories(folder: &Path) -> Result<Vec<Repository>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        // An operator may have put a link here; partners cannot, they write inside their repository.
        let is_folder = fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
        if let (true, Some(Ok(name))) = (is_folder, entry.file_name().to_str().map(str::parse::<Repository>))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .collect::<io::Result<Vec<_>>>()
            .map_err(|e| Error::object(folder.display().to_string(), e)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::object(folder.display().to_string(), error)),
    }
}

/// What there is, or nothing and the failure said: one folder that cannot be read holds up no other.
fn said<T>(
    found: Result<Vec<T>>,
    folder: &Path,
    failures: &mut Vec<(PathBuf, Error)>,
) -> impl IntoIterator<Item = T> + use<T> {
    found.unwrap_or_else(|error| {
        failures.push((folder.to_owned(), error));
        Vec::new()
    })
}

/// All files below a folder, and folders that are empty or too deep. Links are not followed. What cannot be looked at is
/// said, and everything else is found all the same.
fn collect(
    (repository, folder): (&Repository, &Path),
    prefix: &str,
    depth: usize,
    found: &mut Vec<Found>,
    failures: &mut Vec<(PathBuf, Error)>,
) {
    for entry in said(entries(folder), folder, failures) {
        let path = entry.path();
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            // Gone in between: nothing to take in.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let error = Error::object(path.display().to_string(), error);
                failures.push((path, error));
                continue;
            }
        };
        let file = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if metadata.is_dir() && depth > 0 {
            match entries(&path) {
                Ok(held) if held.is_empty() => {}
                Ok(_) => {
                    collect((repository, &path), &format!("{file}/"), depth - 1, found, failures);
                    continue;
                }
                Err(error) => {
                    failures.push((path, error));
                    continue;
                }
            }
        }
        found.push(Found { repository: repository.clone(), file, path, metadata });
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

fn remove_empty_parents(path: &Path, stop: &Path) {
    let mut folder = path.parent();
    while let Some(at) = folder.filter(|at| *at != stop && at.starts_with(stop)) {
        if fs::remove_dir(at).is_err() {
            break;
        }
        folder = at.parent();
    }
}

fn unfinished_name(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.starts_with('.') || name.ends_with('~') || UNFINISHED_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// 128 bits that differ for each id, from the randomly keyed hasher of the standard library.
pub(super) fn fresh_random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(Instant::now()));
    (half() << 64) | half()
}
