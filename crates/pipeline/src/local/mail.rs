//! Mails as files: an outbox that any mail program can open.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::ports::{Mail, Mailer, Undelivered};
use crate::{Error, Result};

/// The longest part of a mail's file name that comes from the name of a file.
const NAME_BYTES: usize = 150;

/// A folder of `.eml` files.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// Mails go into `folder`, which is made when the first one comes.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

impl Mailer for Outbox {
    async fn send(&self, mail: &Mail) -> Result<Vec<Undelivered>> {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = mail.name.chars().map(safe).take(NAME_BYTES).collect();
        // The id comes first, so that mails sort by the time at which their file came, and the same
        // mail is the same file.
        let path = self.folder.join(format!("{}-{name}.eml", mail.id));
        let partial = self.folder.join(format!(".{}.partial", mail.id));
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            let mut file = std::fs::File::create(&partial)?;
            file.write_all(&mail.message)?;
            std::fs::rename(&partial, &path)?;
            Ok(Vec::new())
        };
        // Of many mails the folder is what they have in common.
        let cannot = |error: std::io::Error| {
            let text = format!("{} cannot be written: {error}", self.folder.display());
            Error::Mail { id: mail.id.clone(), source: std::io::Error::new(error.kind(), text) }
        };
        write().map_err(cannot)
    }
}
