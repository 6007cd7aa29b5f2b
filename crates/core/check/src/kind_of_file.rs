//! Telling other kinds of files from CSV by their first bytes, so that people are told "this is an Excel
//! workbook" and not "line 1 is not UTF-8".

use tidewaiter_model::finding::{Code, Finding};

use super::hint::messages::{NAME_ARCHIVE, SAVE_AS_CSV, UNFINISHED, WEB_PAGE, WIDE, WORKBOOK, utf_16};

/// A kind of file, how it begins, and what to do instead.
struct Kind {
    name: &'static str,
    begins: &'static [u8],
    advice: &'static str,
}

const KINDS: &[Kind] = &[
    Kind { name: "a zip archive or an Excel workbook (xlsx)", begins: b"PK\x03\x04", advice: WORKBOOK },
    Kind { name: "an empty zip archive", begins: b"PK\x05\x06", advice: NAME_ARCHIVE },
    Kind { name: "a gzip archive", begins: b"\x1f\x8b", advice: NAME_ARCHIVE },
    Kind { name: "an xz archive", begins: b"\xfd7zXZ\0", advice: NAME_ARCHIVE },
    Kind { name: "a 7z archive", begins: b"7z\xbc\xaf\x27\x1c", advice: NAME_ARCHIVE },
    Kind { name: "a rar archive", begins: b"Rar!\x1a\x07", advice: NAME_ARCHIVE },
    Kind { name: "a Zstandard archive", begins: b"\x28\xb5\x2f\xfd", advice: NAME_ARCHIVE },
    Kind {
        name: "an old Office document, perhaps an Excel workbook (xls)",
        begins: b"\xd0\xcf\x11\xe0",
        advice: SAVE_AS_CSV,
    },
    Kind { name: "a PDF", begins: b"%PDF-", advice: "send the data itself, as CSV (UTF-8)" },
    Kind { name: "a rich text document", begins: b"{\\rtf", advice: "send plain text" },
];

/// Kinds of text, told by how the first line begins after spaces, whatever its case.
const TEXTS: &[Kind] = &[
    Kind { name: "a web page", begins: b"<!doctype html", advice: WEB_PAGE },
    Kind { name: "a web page", begins: b"<html", advice: WEB_PAGE },
    Kind { name: "XML", begins: b"<?xml", advice: SAVE_AS_CSV },
    Kind { name: "JSON", begins: b"{", advice: "send CSV" },
    Kind { name: "JSON", begins: b"[", advice: "send CSV" },
];

/// What a file seems to be if it is not CSV, from the beginning of its first line.
pub(crate) fn recognise(start: &[u8]) -> Option<Finding> {
    let not_utf8 =
        |encoding: &str| Finding::file(Code::EncodingError, format!("the file is {encoding}, not UTF-8"));
    if let Some(encoding) = utf32(start) {
        return Some(not_utf8(encoding).with_hint(WIDE));
    }
    if let Some((encoding, label)) = utf16(start) {
        return Some(not_utf8(encoding).with_hint(utf_16(label)));
    }
    if start.len() > 3 && start.iter().all(|b| *b == 0) {
        let finding = Finding::file(Code::FormatError, "the file begins with nothing but NUL bytes");
        return Some(finding.with_hint(UNFINISHED));
    }
    let starts = |kind: &&Kind| start.starts_with(kind.begins);
    let is_tar = start.get(257..262) == Some(b"ustar");
    let is_bzip2 = start.starts_with(b"BZh") && start.get(4..10) == Some(b"1AY&SY");
    if is_tar || is_bzip2 {
        let name = if is_tar { "a tar archive" } else { "a bzip2 archive" };
        return Some(other(name, NAME_ARCHIVE));
    }
    let text = start.trim_ascii_start();
    let reads = |kind: &&Kind| {
        text.get(..kind.begins.len()).is_some_and(|head| head.eq_ignore_ascii_case(kind.begins))
    };
    let kind = KINDS.iter().find(starts).or_else(|| TEXTS.iter().find(reads))?;
    Some(other(kind.name, kind.advice))
}

fn other(name: &str, advice: &str) -> Finding {
    Finding::file(Code::FormatError, format!("the file seems to be {name}, not CSV")).with_hint(advice)
}

/// Tells UTF-32 by its byte order mark. That of its little-endian form begins like that of UTF-16, and goes on
/// with a character that no text begins with.
fn utf32(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32 (little-endian)"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32 (big-endian)"),
        _ => None,
    }
}

/// Tells UTF-16, with the label of the encoding that reads it, by its byte order mark, or by every second byte being NUL.
fn utf16(start: &[u8]) -> Option<(&'static str, &'static str)> {
    match start {
        [0xff, 0xfe, ..] => return Some(("UTF-16 (little-endian)", "auto")),
        [0xfe, 0xff, ..] => return Some(("UTF-16 (big-endian)", "auto")),
        _ => {}
    }
    let mut nuls = [0, 0];
    let head = start.get(..start.len().min(64) & !1).unwrap_or_default();
    for pair in head.chunks_exact(2) {
        for (count, byte) in nuls.iter_mut().zip(pair) {
            *count += usize::from(*byte == 0);
        }
    }
    let pairs = head.len() / 2;
    match nuls {
        [0, odd] if pairs >= 2 && odd == pairs => Some(("UTF-16 (little-endian)", "utf-16le")),
        [even, 0] if pairs >= 2 && even == pairs => Some(("UTF-16 (big-endian)", "utf-16be")),
        _ => None,
    }
}
