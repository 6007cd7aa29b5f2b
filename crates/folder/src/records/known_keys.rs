//! Records that are known to exist, from one batch of an import to the next.
//!
//! Lines of a large file refer to the same records again and again. The store remembers that a record exists as long
//! as no process else changes anything; that it does not is not, since a line may make it.

use std::collections::{BTreeMap, HashSet};

/// How much is remembered, in bytes, more or less.
const MOST: usize = 8 << 20;
/// What a key takes beside its text.
const BESIDE: usize = 48;

/// What is known, by the number of a collection.
#[derive(Debug, Default)]
pub(super) struct KnownKeys {
    keys: BTreeMap<i64, HashSet<Box<str>>>,
    bytes: usize,
}

impl KnownKeys {
    /// True if a record is known to exist.
    pub(super) fn has(&self, collection: i64, key: &str) -> bool {
        self.keys.get(&collection).is_some_and(|keys| keys.contains(key))
    }

    /// A record exists.
    pub(super) fn add(&mut self, collection: i64, key: &str) {
        let bytes = size(key);
        if self.bytes + bytes <= MOST && self.keys.entry(collection).or_default().insert(key.into()) {
            self.bytes += bytes;
        }
    }

    /// A record is removed.
    pub(super) fn remove(&mut self, collection: i64, key: &str) {
        if self.keys.get_mut(&collection).is_some_and(|keys| keys.remove(key)) {
            self.bytes -= size(key);
        }
    }

    /// Some records of a collection are removed.
    pub(super) fn forget(&mut self, collection: i64) {
        let keys = self.keys.remove(&collection).unwrap_or_default();
        self.bytes -= keys.iter().map(|key| size(key)).sum::<usize>();
    }
}

fn size(key: &str) -> usize {
    key.len() + BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut known = KnownKeys::default();
        for n in 0..MOST {
            known.add(1, &n.to_string());
        }
        assert!(known.has(1, "0") && !known.has(2, "0"));
        assert!(!known.has(1, &(MOST - 1).to_string()));
        known.remove(1, "0");
        assert!(!known.has(1, "0") && known.has(1, "1"));
        known.forget(1);
        assert!(!known.has(1, "1"));
    }

    /// Its room was gone for good, so that an import which removes much would have asked for each record again.
    #[test]
    fn what_is_removed_leaves_room() {
        let mut known = KnownKeys::default();
        for n in 0..MOST {
            known.add(1, &n.to_string());
            known.remove(1, &n.to_string());
        }
        known.add(1, "again");
        known.forget(1);
        assert_eq!(known.bytes, 0);
    }
}
