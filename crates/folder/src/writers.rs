//! Which files other processes have open for writing, as far as the platform tells.
//!
//! Linux tells it in `/proc`: of the processes of the same user, and to root of all. Elsewhere, and of other users'
//! processes, nothing is known, and a file is complete when it has not changed for a while.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// For how long a file that is known to be open is not asked about again.
const BELIEVED: Duration = Duration::from_secs(2);

/// The access mode among the flags of an open file, and its value for reading only.
const ACCESS: u32 = 0o3;
const READ_ONLY: u32 = 0;

/// A file, whatever its name: its file system, and its number there.
pub(super) type FileId = (u64, u64);

/// Files that other processes have open for writing.
#[derive(Debug, Default)]
pub(super) struct Writers {
    open: HashSet<FileId>,
    looked: Option<Instant>,
}

impl Writers {
    /// Looks which of these files are open, each with its name. One look at all processes serves for all of them.
    pub(super) fn look(&mut self, files: &[(OsString, FileId)]) {
        let is_recent = self.looked.is_some_and(|at| at.elapsed() < BELIEVED);
        if is_recent && files.iter().all(|(_, id)| self.open.contains(id)) {
            return;
        }
        let names: HashSet<&OsString> = files.iter().map(|(name, _)| name).collect();
        self.open = if names.is_empty() { HashSet::new() } else { open_for_writing(&names) };
        self.looked = Some(Instant::now());
    }

    /// True if a process had the file open when this was last looked at.
    pub(super) fn has(&self, file: FileId) -> bool {
        self.open.contains(&file)
    }
}

/// The files with one of these names that another process has open for writing. What cannot be read is left out.
fn open_for_writing(names: &HashSet<&OsString>) -> HashSet<FileId> {
    let mut open = HashSet::new();
    let own = std::process::id().to_string();
    for process in entries(Path::new("/proc")) {
        let is_other =
            process.to_str().is_some_and(|id| id != own && id.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_other {
            continue;
        }
        let process = Path::new("/proc").join(process);
        for number in entries(&process.join("fd")) {
            let link = process.join("fd").join(&number);
            // By its name first: to ask for the file itself may block, where a mount is dead.
            let leads_to = fs::read_link(&link).ok();
            let is_meant = leads_to
                .as_deref()
                .and_then(Path::file_name)
                .is_some_and(|name| names.contains(&name.to_owned()));
            if is_meant
                && is_writable(&process.join("fdinfo").join(&number))
                && let Ok(file) = fs::metadata(&link)
            {
                open.insert((file.dev(), file.ino()));
            }
        }
    }
    open
}

fn entries(folder: &Path) -> impl Iterator<Item = OsString> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name())
}

/// True if a file is open for writing, by what `/proc` says of it.
fn is_writable(about: &Path) -> bool {
    let about = fs::read_to_string(about).unwrap_or_default();
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & ACCESS != READ_ONLY)
}
