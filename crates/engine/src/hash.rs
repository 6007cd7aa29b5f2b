//! Hashes: that of a file that is read in pieces, on a thread of its own if the file is large.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// How many pieces may wait to be hashed.
const AHEAD: usize = 4;

/// SHA-256 of what it was fed.
pub(crate) enum Hash {
    Here(Sha256),
    Away(SyncSender<Bytes>, JoinHandle<Sha256>),
}

impl Hash {
    pub(crate) fn new() -> Self {
        Self::Here(Sha256::new())
    }

    /// Goes on with a thread of its own, if there can be one.
    pub(crate) fn move_away(&mut self) {
        let Self::Here(hash) = self else { return };
        let mut hash = hash.clone();
        let (work, pieces) = sync_channel::<Bytes>(AHEAD);
        let thread = thread::Builder::new().name("hash".to_owned()).spawn(move || {
            for piece in pieces {
                hash.update(&piece);
            }
            hash
        });
        if let Ok(thread) = thread {
            *self = Self::Away(work, thread);
        }
    }

    pub(crate) fn feed(&mut self, bytes: &Bytes) {
        match self {
            Self::Here(hash) => hash.update(bytes),
            // If the thread is gone, there is no hash in the end.
            Self::Away(work, _) => drop(work.send(bytes.clone())),
        }
    }

    /// The hash in hexadecimal digits; None if its thread did not come to the end.
    pub(crate) fn finish(self) -> Option<String> {
        let hash = match self {
            Self::Here(hash) => hash,
            Self::Away(work, thread) => {
                drop(work);
                thread.join().ok()?
            }
        };
        Some(hex(&hash.finalize()))
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
