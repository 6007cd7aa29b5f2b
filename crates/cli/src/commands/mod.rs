//! The commands. Each takes typed options and a printer, and says how it ended.

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
mod lookup;
mod waiting;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use tidewaiter::config::CONFIGURATION_BYTES;
use tidewaiter::keys::Repository;
use tidewaiter::name::DroppedName;
use tidewaiter_pipeline::local::{Local, Untaken};

use crate::deployed::{self, Deployed};
use crate::{Error, Result};

/// Why nobody has to run a stack.
const RUNS_BY_ITSELF: &str =
    "a stack runs by itself: it imports what is dropped into s3://BUCKET/imports/<repository>/";

/// Opens the deployment in a folder to work on it.
pub(crate) fn open(dir: &Path) -> Result<Local> {
    is_deployment(dir)?;
    Ok(Local::open(dir)?)
}

/// Opens the deployment in a folder to look at it. Nothing is written, so nothing need be writable.
pub(crate) fn look(dir: &Path) -> Result<Local> {
    is_deployment(dir)?;
    Ok(Local::look(dir)?)
}

fn is_deployment(dir: &Path) -> Result<()> {
    deployed::only_folders(dir, "this command", None)?;
    if !dir.is_dir() {
        return Err(Error::NoFolder(dir.to_owned()));
    }
    if !dir.join("imports").is_dir() {
        return Err(Error::NotADeployment(dir.to_owned()));
    }
    Ok(())
}

/// The repositories that were asked for: the one that is named, or all.
async fn repositories(deployed: &impl Deployed, named: Option<Repository>) -> Result<Vec<Repository>> {
    let known = Deployed::repositories(deployed).await?;
    match named {
        None => Ok(known),
        Some(name) if known.contains(&name) => Ok(vec![name]),
        Some(name) => Err(Error::NoRepository {
            name: name.to_string(),
            known: known.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// The configurations that lie in the drop zone of a repository: its files wait for them.
fn dropped_configurations(untaken: &[Untaken], repository: &Repository) -> impl Iterator<Item = String> {
    let is_one = |file: &str| {
        matches!(DroppedName::of(file), DroppedName::Configuration { .. }) && !file.contains('/')
    };
    (untaken.iter())
        .filter(move |file| file.repository == *repository && is_one(&file.file))
        .map(|file| file.file.clone())
}

/// Reads a configuration; a little more than is allowed, so that one that is too long is told so.
fn read_configuration(path: &Path) -> Result<Vec<u8>> {
    let cannot = |source| Error::Read { path: path.to_owned(), source };
    let mut document = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(CONFIGURATION_BYTES as u64 + 1).read_to_end(&mut document).map_err(cannot)?;
    Ok(document)
}

/// The universe that a configuration is for, by its file name.
fn universe_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let universe =
        name.strip_suffix(tidewaiter::name::CONFIGURATION).or_else(|| name.strip_suffix(".json"))?;
    (!universe.is_empty()).then(|| universe.to_owned())
}

/// The last part of a path, whatever its characters.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A path, relative to the folder of a deployment where it can be.
fn relative(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}
