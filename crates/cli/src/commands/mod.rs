//! The commands. Each takes resolved options and a printer, and says how it ended.

pub mod check;
pub mod completions;
pub mod config;
pub mod explain;
pub mod history;
pub mod init;
pub mod records;
pub mod replay;
pub mod report;
pub mod run;
pub mod status;
pub mod universe;
pub mod watch;

mod events;
mod waiting;

use std::path::{Path, PathBuf};

use tidewaiter_ops::Location;

use crate::{Error, Result};

/// Why a stack needs no `run`.
const RUNS_BY_ITSELF: &str =
    "a stack runs by itself: it imports what is dropped into s3://BUCKET/imports/<repository>/";

/// The folder of a command that is for folders. For the address of a stack it says what there is in its place.
fn only_folder<'a>(location: &'a Location, what: &'static str, instead: &str) -> Result<&'a Path> {
    match location {
        Location::Folder(dir) => Ok(dir),
        Location::Stack(address) => {
            let instead = instead.replace("BUCKET", &address.bucket);
            Err(Error::OnlyFolders { address: address.text.clone(), what, instead })
        }
    }
}

/// The last part of a path, whatever its characters.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A path, relative to the folder of a deployment where it can be.
fn relative(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}
