//! What of a deployment's files is durable, and what is left of them when the power goes.
//!
//! A file's bytes are durable once the file was synced. An entry (a name, a folder) is durable once the folder around it
//! was synced and everything that it depends on is durable: a file that was moved into a new folder is lost with that
//! folder. When the power goes, any part of what is not durable is undone, newest first, and with it what depends on it.
//! Files that were not synced keep any part of their bytes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::ThreadId;

use tidewaiter_folder::disk::{Call, Op};
use tidewaiter_tests::generate::Chance;

/// What of a deployment's files is durable.
pub struct Journal {
    root: PathBuf,
    /// Where what was removed or written over is kept, outside of the root.
    side: PathBuf,
    kept: u64,
    /// Files whose bytes are not durable.
    unsynced: HashSet<u64>,
    /// Those of them that their sender did not sync.
    sent: HashSet<u64>,
    changes: Vec<Change>,
    pending: HashMap<ThreadId, Change>,
}

/// A change of entries.
#[derive(Debug, Clone)]
struct Change {
    what: Op,
    path: PathBuf,
    to: Option<PathBuf>,
    /// What was removed or written over.
    kept: Option<PathBuf>,
    is_synced: bool,
}

impl Change {
    /// Its paths.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.path.as_path()).chain(self.to.as_deref())
    }

    /// The folder whose sync makes it durable.
    fn folder(&self) -> &Path {
        self.target().parent().unwrap_or(Path::new(""))
    }

    /// The name that it makes or takes away.
    fn target(&self) -> &Path {
        self.to.as_ref().unwrap_or(&self.path)
    }

    /// True if an earlier change made a folder around what this one made: it is lost with that folder.
    fn lies_in(&self, earlier: &Self) -> bool {
        matches!(earlier.what, Op::MakeFolder | Op::Rename)
            && self.target() != earlier.target()
            && self.target().starts_with(earlier.target())
    }

    /// True if an earlier change cannot be undone while this one stands.
    fn stands_on(&self, earlier: &Self) -> bool {
        self.paths().any(|one| earlier.paths().any(|other| one.starts_with(other) || other.starts_with(one)))
    }
}

impl Journal {
    /// Begins with what lies in a root now: it is durable, but for what partners dropped.
    pub fn new(root: &Path, side: &Path) -> Self {
        let mut sent = HashSet::new();
        files(&root.join("imports"), &mut |_, inode| {
            sent.insert(inode);
        });
        Self {
            root: root.to_owned(),
            side: side.to_owned(),
            kept: 0,
            unsynced: sent.clone(),
            sent,
            changes: Vec::new(),
            pending: HashMap::new(),
        }
    }

    /// Keeps what a call is about to take away.
    pub fn before(&mut self, call: &Call<'_>) {
        let gone = match call.what {
            Op::Remove => Some(call.path),
            Op::Rename => call.to,
            Op::Create | Op::MakeFolder | Op::Link | Op::RemoveFolder => None,
            _ => return,
        };
        let kept = gone.and_then(|gone| self.keep(gone));
        let (path, to) = (call.path.to_owned(), call.to.map(Path::to_owned));
        let change = Change { what: call.what, path, to, kept, is_synced: false };
        self.pending.insert(std::thread::current().id(), change);
    }

    fn keep(&mut self, path: &Path) -> Option<PathBuf> {
        self.kept += 1;
        let kept = self.side.join(self.kept.to_string());
        fs::hard_link(self.root.join(path), &kept).ok().map(|()| kept)
    }

    /// Notes what a call has done.
    pub fn after(&mut self, call: &Call<'_>) {
        match call.what {
            Op::Create | Op::MakeFolder | Op::Rename | Op::Link | Op::Remove | Op::RemoveFolder => {
                let change = self.pending.remove(&std::thread::current().id());
                self.changes.extend(change);
                if call.what == Op::Create {
                    self.unsynced.extend(self.inode(call.path));
                }
            }
            Op::Write => self.unsynced.extend(self.inode(call.path)),
            Op::SyncFile => {
                if let Some(inode) = self.inode(call.path) {
                    self.unsynced.remove(&inode);
                }
            }
            Op::SyncFolder => {
                let synced = self.changes.iter_mut().filter(|change| change.folder() == call.path);
                synced.for_each(|change| change.is_synced = true);
            }
            Op::SyncAll => {
                self.unsynced.clear();
                self.changes.clear();
            }
            _ => {}
        }
    }

    fn inode(&self, path: &Path) -> Option<u64> {
        fs::symlink_metadata(self.root.join(path)).ok().map(|found| found.ino())
    }

    /// Which changes may be undone: those that were not synced, and those that lie in a folder which may be lost. What
    /// a durable one stands on is durable as well: a file that was moved twice is where it was moved last.
    fn undoable(&self) -> Vec<usize> {
        let mut undoable: Vec<usize> = Vec::new();
        for (at, change) in self.changes.iter().enumerate() {
            let mut lost = undoable.iter().filter_map(|earlier| self.changes.get(*earlier));
            if !change.is_synced || lost.any(|earlier| change.lies_in(earlier)) {
                undoable.push(at);
            }
        }
        let mut pinned: Vec<&Change> = Vec::new();
        for (at, change) in self.changes.iter().enumerate().rev() {
            if !undoable.contains(&at) {
                pinned.push(change);
            } else if pinned.iter().any(|later| later.stands_on(change)) {
                pinned.push(change);
                undoable.retain(|it| *it != at);
            }
        }
        undoable
    }

    /// Cuts the power: undoes what chance wants of what is not durable. What its sender did not sync is whole as long
    /// as it is not registered; that is asked with the id of its import.
    pub fn cut(mut self, chance: &mut Chance, is_registered: impl Fn(&str) -> bool) -> Cut {
        let mut cut = Cut::default();
        // All, most or few of it.
        let share =
            [1.0, 0.5, 0.2].get(usize::try_from(chance.below(3)).unwrap_or(0)).copied().unwrap_or(1.0);
        let mut undone: Vec<usize> = Vec::new();
        for at in self.undoable() {
            let Some(made) = self.changes.get(at) else { continue };
            let mut lost = undone.iter().filter_map(|at| self.changes.get(*at));
            if lost.any(|earlier| made.stands_on(earlier)) || (!made.is_synced && chance.share() < share) {
                undone.push(at);
            }
        }
        for at in undone.into_iter().rev() {
            if let Some(change) = self.changes.get(at).cloned() {
                cut.undone.push(format!(
                    "{:?} {}{}",
                    change.what,
                    change.path.display(),
                    change.to.as_ref().map(|to| format!(" -> {}", to.display())).unwrap_or_default()
                ));
                if let Err(error) = self.undo(&change) {
                    cut.undone.push(format!("  which cannot be undone: {error}"));
                }
            }
        }
        self.truncate(chance, share, is_registered, &mut cut);
        for kept in fs::read_dir(&self.side).into_iter().flatten().flatten() {
            let _ = fs::remove_file(kept.path());
        }
        cut
    }

    fn undo(&mut self, change: &Change) -> std::io::Result<()> {
        let path = self.root.join(&change.path);
        match (change.what, &change.to) {
            (Op::MakeFolder, _) => fs::remove_dir(&path),
            (Op::RemoveFolder, _) => fs::create_dir(&path),
            (Op::Create, _) => fs::remove_file(&path),
            (Op::Link, Some(to)) => fs::remove_file(self.root.join(to)),
            (Op::Remove, _) => change.kept.as_ref().map_or(Ok(()), |kept| fs::hard_link(kept, &path)),
            (Op::Rename, Some(to)) => {
                let to = self.root.join(to);
                fs::rename(&to, &path)?;
                change.kept.as_ref().map_or(Ok(()), |kept| fs::hard_link(kept, &to))
            }
            _ => Ok(()),
        }
    }

    fn truncate(&self, chance: &mut Chance, share: f64, is_registered: impl Fn(&str) -> bool, cut: &mut Cut) {
        let mut found = Vec::new();
        files(&self.root, &mut |path, inode| found.push((path.to_owned(), inode)));
        found.sort();
        for (path, inode) in found {
            let Ok(key) = path.strip_prefix(&self.root) else { continue };
            let mut names = key.iter().filter_map(|name| name.to_str());
            let prefix = names.next().unwrap_or_default();
            let import = names.nth(1).unwrap_or_default();
            let is_senders = self.sent.contains(&inode)
                && (prefix == "imports" || (prefix == "waiting" && !is_registered(import)));
            if !self.unsynced.contains(&inode) || is_senders || chance.share() >= share {
                continue;
            }
            let length = fs::metadata(&path).map_or(0, |found| found.len());
            let left = if chance.below(2) == 0 { 0 } else { chance.below(length) };
            let truncated = fs::File::options().write(true).open(&path).and_then(|file| file.set_len(left));
            truncated.expect("a file of the deployment can be truncated");
            cut.undone.push(format!("{} has {left} of {length} bytes", key.display()));
        }
    }
}

/// What was lost.
#[derive(Debug, Default)]
pub struct Cut {
    /// In words.
    pub undone: Vec<String>,
}

/// All regular files below a folder with their inodes, but for databases and the lock, which look after themselves.
fn files(folder: &Path, tell: &mut impl FnMut(&Path, u64)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        let name = entry.file_name();
        let own = name == "lock" || name.to_string_lossy().contains(".sqlite");
        if kind.is_dir() {
            files(&path, tell);
        } else if let (true, false, Ok(found)) = (kind.is_file(), own, fs::symlink_metadata(&path)) {
            tell(&path, found.ino());
        }
    }
}
