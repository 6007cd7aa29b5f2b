//! Rows that were imported and come again, because the next read begins at them or before them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How many such rows are kept. Those of two positions, where a read began and where the next one begins, have to fit into
/// one item of a table of DynamoDB (400 KB).
pub const MOST_SEEN: usize = 10_000;
/// How many bytes of a hash are kept. Two rows have the same in one of 2^64 pairs.
const BYTES: usize = 8;

/// A row by its hash.
pub type RowHash = [u8; BYTES];

/// The rows that were imported and come again, each as often as it was imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenRows(Vec<RowHash>);

impl SeenRows {
    /// These rows, in any order.
    pub fn new(mut rows: Vec<RowHash>) -> Self {
        rows.sort_unstable();
        Self(rows)
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The hashes one behind the other: half as long as their digits, for a store that has little room.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// What [`to_bytes`](Self::to_bytes) wrote. None of anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<BYTES>();
        rest.is_empty().then(|| Self::new(hashes.to_vec()))
    }

    /// The rows, in the order of their hashes.
    pub fn rows(&self) -> &[RowHash] {
        &self.0
    }

    /// Takes a row out. False if it is not among them.
    pub fn take(&mut self, row: &RowHash) -> bool {
        self.0.binary_search(row).map(|at| self.0.remove(at)).is_ok()
    }

    /// The hash of a row. Two rows with the same values have the same, and NULL is not the empty text.
    pub fn hash<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> RowHash {
        let mut hash = Sha256::new();
        for value in values {
            match value {
                None => hash.update([0]),
                Some(value) => {
                    hash.update([1]);
                    hash.update((value.len() as u64).to_be_bytes());
                    hash.update(value);
                }
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut row = RowHash::default();
        row.copy_from_slice(digest.first_chunk::<BYTES>().unwrap_or(&[0; BYTES]));
        row
    }
}

impl Serialize for SeenRows {
    /// As hexadecimal digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.0.len() * BYTES * 2);
        for byte in self.0.iter().flatten() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SeenRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?))
            .collect();
        let rows = bytes.and_then(|bytes| Self::from_bytes(&bytes));
        rows.ok_or_else(|| D::Error::custom("the hashes of rows are damaged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(values: &[Option<&str>]) -> RowHash {
        SeenRows::hash(values.iter().map(|value| value.map(str::as_bytes)))
    }

    #[test]
    fn a_row_is_told_by_its_values() {
        assert_eq!(hash(&[Some("a"), None]), hash(&[Some("a"), None]));
        assert_ne!(hash(&[Some("a"), None]), hash(&[Some("a"), Some("")]));
        assert_ne!(hash(&[Some("ab"), Some("c")]), hash(&[Some("a"), Some("bc")]));
    }

    #[test]
    fn a_row_is_seen_as_often_as_it_was_imported() {
        let (one, other) = (hash(&[Some("1")]), hash(&[Some("2")]));
        let seen = SeenRows::new(vec![one, other, one]);
        assert_eq!(SeenRows::from_bytes(&seen.to_bytes()).as_ref(), Some(&seen));
        assert_eq!(SeenRows::from_bytes(&seen.to_bytes()[1..]), None);
        let text = serde_json::to_string(&seen).unwrap();
        let mut seen: SeenRows = serde_json::from_str(&text).unwrap();
        assert!(seen.take(&one) && seen.take(&one) && !seen.take(&one));
        assert!(seen.take(&other) && seen.is_empty());
        assert!(serde_json::from_str::<SeenRows>("\"0g\"").is_err());
        assert!(serde_json::from_str::<SeenRows>("\"00\"").is_err());
    }
}
