//! Mails as files: an outbox that any mail program can open.

use std::io;
use std::path::Path;

use super::disk::Disk;
use super::folder::Partial;
use tidewaiter_engine::ports::{Mail, Mailer, Undelivered};
use tidewaiter_engine::{Error, Result};

/// The longest part of a mail's file name that comes from the name of a file.
const NAME_BYTES: usize = 150;

/// Where mails are.
const OUTBOX: &str = "outbox";

/// A folder of `.eml` files.
#[derive(Debug, Clone)]
pub struct EmlFolder {
    disk: Disk,
}

impl EmlFolder {
    /// Mails go into the outbox of a disk, which is made when the first one comes.
    pub fn new(disk: &Disk) -> Self {
        Self { disk: disk.clone() }
    }
}

impl Mailer for EmlFolder {
    async fn send(&self, mail: &Mail) -> Result<Vec<Undelivered>> {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = mail.name.chars().map(safe).take(NAME_BYTES).collect();
        // The id comes first, so that mails sort by the time at which their file came, and the same
        // mail is the same file.
        let path = Path::new(OUTBOX).join(format!("{}-{name}.eml", mail.id));
        let write = || -> io::Result<()> {
            self.disk.make_folders(Path::new(OUTBOX))?;
            let mut partial = Partial::create(&self.disk)?;
            partial.write(&mail.message)?;
            partial.place(&path)
        };
        // Of many mails the folder is what they have in common.
        let cannot = |error: io::Error| {
            let text = format!("{} cannot be written: {error}", self.disk.root().join(OUTBOX).display());
            Error::Mail { id: mail.id.clone(), source: io::Error::new(error.kind(), text) }
        };
        write().map_err(cannot)?;
        Ok(Vec::new())
    }
}
