//! Entries that describe the next entry: GNU long names and pax records.
//!
//! They are the only part of a tar that must be held in memory, so their size is bounded.

use crate::refusal::{Refusal, RefusalCode};

/// The largest extension that is read. Real ones hold a path and a few times; some carry
/// extended attributes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;

/// What the extensions seen so far say about the next entry.
#[derive(Default)]
pub(crate) struct Pending {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
    has_long_name: bool,
    has_long_link: bool,
    has_pax: bool,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        !(self.has_long_name || self.has_long_link || self.has_pax)
    }

    /// GNU `L`: the path, ended by a NUL.
    pub(crate) fn long_name(&mut self, mut data: Vec<u8>) -> Result<(), Refusal> {
        once(&mut self.has_long_name, "long names")?;
        while data.last() == Some(&0) {
            data.pop();
        }
        self.set_path(data)
    }

    /// GNU `K`: where a link leads. Links are refused when they come, so it is not kept.
    pub(crate) fn long_link(&mut self) -> Result<(), Refusal> {
        once(&mut self.has_long_link, "long links")
    }

    /// pax `x`: records about the next entry.
    pub(crate) fn pax(&mut self, data: &[u8]) -> Result<(), Refusal> {
        once(&mut self.has_pax, "pax headers")?;
        let mut path = None;
        for record in records(data) {
            match record? {
                // Of two records with one key the later one counts, says POSIX.
                (b"path", value) => path = Some(value),
                (b"size", value) => self.size = Some(decimal(value)?),
                (key, _) if key.starts_with(b"GNU.sparse") => self.is_sparse = true,
                _ => {}
            }
        }
        match path {
            Some(path) => self.set_path(path.to_vec()),
            None => Ok(()),
        }
    }

    /// The path that overrides the one in the header.
    pub(crate) fn path(&mut self) -> Option<Vec<u8>> {
        self.path.take()
    }

    /// The size that overrides the one in the header.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn is_sparse(&self) -> bool {
        self.is_sparse
    }

    fn set_path(&mut self, path: Vec<u8>) -> Result<(), Refusal> {
        if self.path.replace(path).is_some() {
            return Err(corrupt("a member has both a GNU and a pax name"));
        }
        Ok(())
    }
}

/// pax `g`: records about all entries. Comments and times are harmless; one path or size
/// for all members is nonsense that programs read differently.
pub(crate) fn check_global(data: &[u8]) -> Result<(), Refusal> {
    for record in records(data) {
        let (key, _) = record?;
        if matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.sparse") {
            let key = String::from_utf8_lossy(key);
            return Err(corrupt(&format!("a global pax header sets the {key} of all members")));
        }
    }
    Ok(())
}

fn once(flag: &mut bool, what: &str) -> Result<(), Refusal> {
    if std::mem::replace(flag, true) {
        return Err(corrupt(&format!("a member has two {what}")));
    }
    Ok(())
}

/// `<length of the record> <key>=<value>\n`, one behind the other. Taken by length and not
/// by line: values may be binary.
fn records(mut data: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), Refusal>> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let record = split_record(data);
        data = record.map_or(&[], |(_, _, rest)| rest);
        let malformed = || corrupt("a pax header holds a malformed record");
        Some(record.map(|(key, value, _)| (key, value)).ok_or_else(malformed))
    })
}

fn split_record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().position(|byte| *byte == b' ')?;
    let len = usize::try_from(decimal(data.get(..space)?).ok()?).ok()?;
    let (record, rest) = data.split_at_checked(len)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, rest))
}

fn decimal(digits: &[u8]) -> Result<u64, Refusal> {
    let malformed = || corrupt("a pax header holds a number that is none");
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(malformed());
    }
    let digits = std::str::from_utf8(digits).map_err(|_| malformed())?;
    digits.parse().map_err(|_| malformed())
}

fn corrupt(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Corrupt, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_by_length() {
        let mut pending = Pending::default();
        pending.pax(b"13 path=a\nb\n\n11 size=42\n").unwrap();
        assert_eq!(pending.path().as_deref(), Some(&b"a\nb\n"[..]));
        assert_eq!(pending.size(), Some(42));
    }

    #[test]
    fn malformed_records_are_refused() {
        for data in
            [&b"5"[..], b"99 path=a\n", b"8 path=a\n", b"0 a=b\n", b"10 path:a\n", b"10 size=-1\n", b" a=b\n"]
        {
            let mut pending = Pending::default();
            assert_eq!(pending.pax(data).unwrap_err().code, RefusalCode::Corrupt, "{data:?}");
        }
    }

    #[test]
    fn one_entry_has_one_name() {
        let mut pending = Pending::default();
        pending.long_name(b"a.csv\0".to_vec()).unwrap();
        assert!(pending.pax(b"10 path=a\n").is_err());
        assert!(pending.long_name(b"b".to_vec()).is_err());
    }

    #[test]
    fn global_records_may_only_comment() {
        assert!(check_global(b"14 comment=ab\n").is_ok());
        assert!(check_global(b"10 path=a\n").is_err());
    }
}
