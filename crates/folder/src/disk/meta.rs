//! What is known of an entry without opening it.

use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, Stat};
pub use tidewaiter_engine::ports::Nature;

/// The permissions to read of a file's owner, its group, and all others.
const READABLE: rustix::fs::RawMode = 0o444;

/// What is known of an entry without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub nature: Nature,
    /// Its size in bytes.
    pub bytes: u64,
    /// When its content last changed, in nanoseconds since 1970; 0 for a time before that.
    pub modified: u64,
    /// How many names it has.
    pub links: u64,
    /// The file system it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// True if its permissions let everybody read it.
    pub all_may_read: bool,
}

impl Meta {
    #[expect(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        reason = "the types of these fields differ from platform to platform; sizes and counts are never negative"
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        let nature = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Nature::File,
            FileType::Directory => Nature::Folder,
            _ => Nature::Special,
        };
        let seconds = u64::try_from(stat.st_mtime as i64).unwrap_or_default();
        let modified = seconds.saturating_mul(1_000_000_000).saturating_add(stat.st_mtime_nsec as u64);
        let (bytes, links) = (stat.st_size as u64, stat.st_nlink as u64);
        let all_may_read = stat.st_mode & READABLE == READABLE;
        Self {
            nature,
            bytes,
            modified,
            links,
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            all_may_read,
        }
    }

    /// When its content last changed.
    pub fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.modified)
    }

    /// Changes when the content does.
    pub fn tag(&self) -> String {
        format!("{}-{}", self.bytes, self.modified)
    }
}
