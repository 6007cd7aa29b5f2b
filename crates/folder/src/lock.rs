//! The lock of a folder: one process at a time works on it.
//!
//! The lock file is empty if the last process ended by itself. If it is not, that process was killed or the power went.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{Disk, Op};
use tidewaiter_engine::{Error, Result};

/// The lock file.
const LOCK: &str = ".tidewaiter/lock";

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    disk: Disk,
    file: File,
}

impl Lock {
    /// Takes the lock, and makes durable what a killed process had changed.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process holds it.
    pub(super) fn take(disk: &Disk) -> Result<Self> {
        let key = path(disk).display().to_string();
        let failed = |e| Error::writing(&key, e);
        let locked = disk.call(Op::Lock, Path::new(LOCK), None, || lock(disk)).map_err(failed)?;
        let Some((file, was_killed)) = locked else {
            return Err(Error::Busy { key: disk.root().display().to_string() });
        };
        // What a process had renamed when it was killed is noted nowhere, and may not be durable yet.
        if was_killed {
            disk.sync_everything().map_err(failed)?;
        }
        Ok(Self { disk: disk.clone(), file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If it stays, the next start syncs what is durable already.
        let _ = self.disk.call(Op::Unlock, Path::new(LOCK), None, || self.file.set_len(0));
    }
}

/// True if a process holds the lock; None if that cannot be told, since it may not be read.
pub(super) fn is_held(disk: &Disk) -> Option<bool> {
    match File::open(path(disk)) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}

fn path(disk: &Disk) -> PathBuf {
    disk.root().join(LOCK)
}

/// The locked file, and whether the last process that had it did not end by itself. None if another one has it.
fn lock(disk: &Disk) -> io::Result<Option<(File, bool)>> {
    let file = File::options().create(true).truncate(false).write(true).open(path(disk))?;
    // A process that only asks whether the folder is in use holds it for a moment.
    let held = || file.try_lock().is_ok();
    let waited = || {
        std::thread::sleep(Duration::from_millis(50));
        held()
    };
    if !held() && !waited() && !waited() {
        return Ok(None);
    }
    let was_killed = file.metadata()?.len() > 0;
    file.set_len(1)?;
    Ok(Some((file, was_killed)))
}
