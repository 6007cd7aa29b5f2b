//! Keys in files, such as those that the settings of a folder name.
//!
//! They are read when an encrypted file comes, and again when a file of keys has changed: so a key is exchanged without a
//! restart, and a key that cannot be read holds up encrypted files only.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tidewaiter_engine::capabilities::Keys;
use tidewaiter_engine::{Error, Result};

/// The most bytes that are read of a file.
const MOST_BYTES: u64 = 1 << 20;

/// Files of keys, and the keys that were read last.
#[derive(Debug, Default)]
pub struct KeyFiles {
    keys: Vec<PathBuf>,
    passphrases: Option<PathBuf>,
    read: Mutex<Option<(Vec<State>, Arc<Keys>)>>,
}

/// What changes when a file does.
type State = (SystemTime, u64);

impl KeyFiles {
    /// Keys in these files, and passphrases in another one, one a line.
    pub fn new(keys: Vec<PathBuf>, passphrases: Option<PathBuf>) -> Self {
        Self { keys, passphrases, read: Mutex::default() }
    }

    /// The keys; None if no file is named.
    ///
    /// # Errors
    /// If a file cannot be read, or holds no key that can be used: an operator has to fix it.
    pub fn keys(&self) -> Result<Option<Arc<Keys>>> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let states = self.keys.iter().chain(&self.passphrases).map(|path| state(path));
        let states = states.collect::<Result<Vec<State>>>()?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, keys)) = &*read
            && *of == states
        {
            return Ok(Some(keys.clone()));
        }
        let keys = self.read_all()?.map(Arc::new);
        *read = keys.clone().map(|keys| (states, keys));
        Ok(keys)
    }

    fn read_all(&self) -> Result<Option<Keys>> {
        let passphrases: Vec<String> = match &self.passphrases {
            Some(path) => String::from_utf8_lossy(&content(path)?).lines().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let mut all: Option<Keys> = None;
        for path in &self.keys {
            let keys = Keys::read(&content(path)?, &passphrases).map_err(|error| Error::Settings {
                key: path.display().to_string(),
                mistakes: error.to_string(),
            })?;
            all = Some(match all {
                Some(others) => others.with(keys),
                None => keys,
            });
        }
        Ok(all)
    }
}

fn state(path: &Path) -> Result<State> {
    let metadata = fs::metadata(path).and_then(|metadata| Ok((metadata.modified()?, metadata.len())));
    metadata.map_err(|error| Error::object(path.display().to_string(), error))
}

fn content(path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut content));
    read.map(|_| content).map_err(|error| Error::object(path.display().to_string(), error))
}
