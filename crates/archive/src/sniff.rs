//! What some bytes are, by how they begin.

use crate::format::Format;
use crate::refusal::{Refusal, RefusalCode};
use crate::tar_block::{BLOCK, looks_like_tar};

/// How many bytes [`identify`] wants to see: a tar header.
pub(crate) const HEAD: u64 = BLOCK as u64;

/// How each kind of archive begins. Those that could begin a text are checked further.
const MAGIC: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
];

/// The kind of archive that begins like this.
pub(crate) fn identify(head: &[u8]) -> Option<&'static str> {
    let kind = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    match kind {
        Some("bzip2") if !is_bzip2(head) => None,
        Some(kind) => Some(kind),
        None => looks_like_tar(head).then_some("tar"),
    }
}

/// Level, then the mark of a first block or, in an empty stream, of the end.
fn is_bzip2(head: &[u8]) -> bool {
    let block = matches!(head.get(4..10), Some(b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90"));
    block && matches!(head.get(3), Some(b'1'..=b'9'))
}

/// Refuses a file that does not begin as its extension promises.
pub(crate) fn expect(format: Format, head: &[u8]) -> Result<(), Refusal> {
    if head.is_empty() {
        return Err(Refusal::new(RefusalCode::EmptyArchive, "the file has no bytes"));
    }
    let wanted = format.label();
    let found = identify(head);
    // A tar without members is nothing but zeros.
    let is_zeros = format == Format::Tar && head.iter().all(|byte| *byte == 0);
    if found == Some(wanted) || is_zeros {
        return Ok(());
    }
    if is_cut_magic(wanted, head) {
        let what = format_args!("only {} bytes of a {wanted} archive are there", head.len());
        return Err(Refusal::new(RefusalCode::Truncated, what));
    }
    let what = match found {
        Some(kind) => format!("the file is named like a {wanted} archive, but is a {kind} archive"),
        None => format!("the file is named like a {wanted} archive, but is {}", describe(head)),
    };
    Err(Refusal::new(RefusalCode::NotAnArchive, what))
}

/// Whether these few bytes are the beginning of what they should be.
fn is_cut_magic(wanted: &str, head: &[u8]) -> bool {
    MAGIC.iter().any(|(magic, kind)| {
        let is_start = magic.starts_with(head) || (head.len() < 10 && head.starts_with(magic));
        *kind == wanted && is_start
    })
}

/// What people would call something that is no archive.
pub(crate) fn describe(head: &[u8]) -> &'static str {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |start: &[u8]| text.get(..start.len()).is_some_and(|got| got.eq_ignore_ascii_case(start));
    if begins(b"<!doctype html") || begins(b"<html") {
        "an HTML page, perhaps an error message saved instead of the file"
    } else if begins(b"<?xml") {
        "an XML document, perhaps an error message saved instead of the file"
    } else if begins(b"%PDF-") {
        "a PDF document"
    } else if head.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace()) {
        "plain text"
    } else {
        "something else"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_first_bytes() {
        assert_eq!(identify(b"PK\x03\x04..."), Some("zip"));
        assert_eq!(identify(b"\x1f\x8b\x08\0"), Some("gzip"));
        assert_eq!(identify(b"BZh91AY&SY\0"), Some("bzip2"));
        assert_eq!(identify(b"BZh9;a column\n"), None);
        assert_eq!(identify(b"PK;value\n"), None);
        assert_eq!(identify(b"id;email\n"), None);
        assert_eq!(identify(b""), None);
        let mut tar = [b'x'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(identify(&tar), Some("tar"));
    }

    #[test]
    fn what_else_it_is_gets_said() {
        let cases: [(&[u8], &str); 6] = [
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"\xef\xbb\xbf<?xml version", "an XML document"),
            (b"%PDF-1.7", "a PDF document"),
            (b"id;email\r\n1;a", "plain text"),
            (b"\0\x01\x02", "something else"),
            (b"\x1f\x8b\x08\0", "is a gzip archive"),
        ];
        for (head, what) in cases {
            let refusal = expect(Format::Zip, head).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::NotAnArchive);
            assert!(refusal.message.contains(what), "{refusal}");
        }
        assert_eq!(expect(Format::Zip, b"PK").unwrap_err().code, RefusalCode::Truncated);
        assert_eq!(expect(Format::Gz, b"").unwrap_err().code, RefusalCode::EmptyArchive);
    }
}
