//! Archives of every format: no limit is passed, no name escapes, and how the bytes are read does not matter.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{Cursor, Read, Seek, SeekFrom};

use tidewaiter_archive::{ExtractError, Format, Limits, Sink, extract};

pub(crate) const LIMITS: Limits =
    Limits { members: 20, member_bytes: 32 << 10, total_bytes: 64 << 10, ratio: 100 };

const NAMES: [&str; 6] = ["d.zip", "d.tar", "a.csv.gz", "a.csv.bz2", "d.tgz", "d.tar.bz2"];

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    Format::from_name(name).map(|_| bytes)
}

/// What came out, held to what was promised.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    members: Vec<(String, Vec<u8>)>,
    is_open: bool,
    bytes: u64,
    names: HashSet<String>,
}

impl Sink for Taken {
    type Error = Infallible;

    fn begin(&mut self, name: &str) -> Result<(), Infallible> {
        assert!(!self.is_open, "a member within another");
        assert!(!name.is_empty() && name.len() <= 255 && name != "." && name != "..", "{name:?}");
        assert!(!name.contains(['/', '\\']) && !name.contains(char::is_control), "{name:?}");
        assert!(self.names.insert(name.to_lowercase()), "a name twice: {name:?}");
        self.is_open = true;
        self.members.push((name.to_owned(), Vec::new()));
        assert!(self.members.len() as u64 <= LIMITS.members);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        assert!(self.is_open);
        let (_, content) = self.members.last_mut().expect("an open member");
        content.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        assert!(content.len() as u64 <= LIMITS.member_bytes && self.bytes <= LIMITS.total_bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        assert!(std::mem::take(&mut self.is_open));
        Ok(())
    }
}

/// A source that gives a few bytes at a time.
struct Few<'a>(Cursor<&'a [u8]>);

impl Read for Few<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = buffer.len().min(5);
        self.0.read(&mut buffer[..len])
    }
}

impl Seek for Few<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

pub(crate) fn run(archive: &[u8]) {
    for name in NAMES {
        let (whole, reason) = unpack(name, Cursor::new(archive));
        let (few, other_reason) = unpack(name, Few(Cursor::new(archive)));
        assert_eq!((few, other_reason), (whole, reason), "{name}");
    }
}

/// What came out, and why no more of it; the reason is empty if the archive was taken.
fn unpack(name: &str, source: impl Read + Seek) -> (Taken, String) {
    let format = Format::from_name(name).expect("a name of an archive");
    let mut taken = Taken::default();
    let reason = match extract(format, name, source, &LIMITS, &mut taken) {
        Ok(summary) => {
            assert!(!taken.is_open && !taken.members.is_empty());
            assert_eq!((summary.members, summary.bytes), (taken.members.len() as u64, taken.bytes));
            String::new()
        }
        Err(ExtractError::Refused(refusal)) => {
            let reason = refusal.to_string();
            assert!(!reason.is_empty() && !reason.contains(['\n', '\u{1b}']), "{reason:?}");
            reason
        }
        Err(other) => panic!("memory cannot fail: {other:?}"),
    };
    (taken, reason)
}
