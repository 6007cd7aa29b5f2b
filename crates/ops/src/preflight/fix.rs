//! A file as it should be, where there is no doubt, and what was changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tidewaiter::check::fix::{self, Encoding, Note};
use tidewaiter::name::DroppedName;

use super::encrypted::{refused, unread};
use super::judge::Ruling;
use super::{Checks, Observer, Preflight, file_name};
use crate::text::number;
use crate::{Error, Result};

/// The largest file that is fixed, in bytes: it is held in memory.
const LARGEST: u64 = 1 << 30;

/// Where a fixed file goes.
#[derive(Debug)]
pub struct Fix {
    /// The file to be written; it must not be there.
    pub out: PathBuf,
    /// What the file is in, if it does not say so itself.
    pub encoding: Option<Encoding>,
}

/// What was done to a file.
#[derive(Debug, Clone, Serialize)]
pub struct Fixed {
    /// Where the fixed file is; none if there was nothing to fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<PathBuf>,
    /// What was changed.
    pub changes: Vec<Note>,
    /// What would have to be guessed, and was left.
    pub left: Vec<Note>,
}

impl Checks {
    /// Fixes a data file of this machine, writes it if anything was changed, and judges what is there now.
    ///
    /// # Errors
    /// If the file cannot be read or is too large, its scope cannot be told, or the fixed one cannot be written.
    pub fn fix(&self, path: &Path, wanted: &Fix, observer: &impl Observer) -> Result<Preflight> {
        let cannot = |source| Error::Read { path: path.to_owned(), source };
        let name = file_name(path);
        if let DroppedName::Encrypted { .. } = DroppedName::of(&name) {
            return Ok(refused(&name, 0, unread("fix the file before it is encrypted")));
        }
        let mut file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.len() > LARGEST {
            let why = format!("it is larger than the {} bytes that can be fixed at once", number(LARGEST));
            return Err(cannot(io::Error::other(why)));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(cannot)?;
        let ruling = self.judge.rule(&name)?;
        let Ruling::Check { terms, .. } = &ruling else {
            return self.reader(&name, ruling, &mut io::empty(), 0, observer).map_err(cannot);
        };
        if !terms.dialect.is_strict() {
            return Err(Error::OwnDialect(name));
        }
        let fixed = fix::fix(&content, &terms.scope, &terms.dialect, wanted.encoding);
        let written = !fixed.changes.is_empty();
        if written {
            let cannot = |source: io::Error| match source.kind() {
                io::ErrorKind::AlreadyExists => Error::Exists(wanted.out.clone()),
                _ => Error::Write { path: wanted.out.clone(), source },
            };
            // Nothing is overwritten, the original least of all.
            let mut out =
                OpenOptions::new().write(true).create_new(true).open(&wanted.out).map_err(cannot)?;
            out.write_all(&fixed.content).and_then(|()| out.sync_all()).map_err(cannot)?;
        }
        let bytes = fixed.content.len() as u64;
        let mut preflight =
            self.reader(&name, ruling, &mut fixed.content.as_slice(), bytes, observer).map_err(cannot)?;
        preflight.fixed = Some(Fixed {
            written: written.then(|| wanted.out.clone()),
            changes: fixed.changes,
            left: fixed.left,
        });
        Ok(preflight)
    }
}
