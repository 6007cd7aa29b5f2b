//! What a file is that is no zip, so that its sender learns what to do.

use std::io::{self, Read, Seek, SeekFrom};

use crate::refusal::{Refusal, RefusalCode, SheetError};

/// Old office documents, and everything that is encrypted, are containers of this kind.
const CONTAINER: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Names of streams that tell what a container holds.
const STREAMS: [(&str, Kind); 5] = [
    ("EncryptedPackage", Kind::Protected),
    ("Workbook", Kind::Old),
    ("Book", Kind::Old),
    ("WordDocument", Kind::Other("a Word document")),
    ("PowerPoint Document", Kind::Other("a presentation")),
];

#[derive(Clone, Copy)]
enum Kind {
    Protected,
    Old,
    Other(&'static str),
}

/// Bytes searched at a time, and at most. A container may have its directory anywhere.
const PIECE: usize = 1 << 20;
const SEARCHED: u64 = 64 << 20;

/// Refuses what does not begin as a zip does.
pub(crate) fn expect_zip<R: Read + Seek>(source: &mut R) -> Result<(), SheetError> {
    let head = head(source).map_err(SheetError::Source)?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(());
    }
    Err(if head.starts_with(CONTAINER) {
        container(source).map_err(SheetError::Source)?
    } else if matches!(head.as_slice(), [0x09, 0x00 | 0x02 | 0x04, _, 0x00, ..]) {
        old()
    } else {
        let what = format!("the file is no workbook, but {}", describe(&head));
        Refusal::new(RefusalCode::NotAWorkbook, what)
    }
    .into())
}

fn head<R: Read + Seek>(source: &mut R) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(0))?;
    source.by_ref().take(512).read_to_end(&mut head)?;
    Ok(head)
}

fn old() -> Refusal {
    Refusal::new(RefusalCode::OtherFormat, "the file is a workbook of the old format (.xls)")
}

/// What a container holds. Names of streams are UTF-16, so they cannot be mistaken for text of a document.
fn container<R: Read + Seek>(source: &mut R) -> io::Result<Refusal> {
    let streams = STREAMS.map(|(name, kind)| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        (name, kind)
    });
    let mut found: Option<usize> = None;
    source.seek(SeekFrom::Start(0))?;
    let mut source = source.by_ref().take(SEARCHED);
    let mut window = Vec::new();
    loop {
        let before = window.len();
        source.by_ref().take(PIECE as u64).read_to_end(&mut window)?;
        if window.len() == before {
            break;
        }
        for (at, (name, _)) in streams.iter().enumerate() {
            if found.is_none_or(|found| at < found) && window.windows(name.len()).any(|bytes| bytes == name) {
                found = Some(at);
            }
        }
        // A name may lie across two pieces.
        window.drain(..window.len().saturating_sub(64));
    }
    Ok(match found.and_then(|found| STREAMS.get(found)) {
        Some((_, Kind::Protected)) => {
            Refusal::new(RefusalCode::Protected, "the workbook is protected by a password")
        }
        Some((_, Kind::Old)) => old(),
        Some((_, Kind::Other(what))) => {
            Refusal::new(RefusalCode::NotAWorkbook, format_args!("the file is no workbook, but {what}"))
        }
        None => Refusal::new(RefusalCode::NotAWorkbook, "the file is a container without a workbook in it"),
    })
}

/// What people would call it.
fn describe(head: &[u8]) -> &'static str {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |start: &[u8]| text.get(..start.len()).is_some_and(|got| got.eq_ignore_ascii_case(start));
    if head.is_empty() {
        "empty"
    } else if begins(b"<!doctype html") || begins(b"<html") || begins(b"<table") {
        "a web page"
    } else if begins(b"<?xml") {
        "an XML document"
    } else if begins(b"%PDF-") {
        "a PDF document"
    } else if begins(b"\x1f\x8b") || begins(b"7z\xbc\xaf") || begins(b"Rar!") {
        "a compressed file"
    } else if head.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace()) {
        "plain text"
    } else {
        "something else"
    }
}
