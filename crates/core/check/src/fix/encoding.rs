//! From the bytes of a file to its text.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Notes;
use crate::decode::text_of;
use crate::hint::joined_utf16;

/// An encoding that a file does not tell by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Windows-1252, of which Latin-1 is a part.
    Windows1252,
}

/// The text of a file. None if it cannot be told; the notes say why.
pub(super) fn decode<'a>(
    content: &'a [u8],
    said: Option<Encoding>,
    notes: &mut Notes,
) -> Option<Cow<'a, str>> {
    if let [0xff, 0xfe, 0, 0, rest @ ..] = content {
        return wide(rest, "UTF-32", 4, |bytes| utf32(bytes, u32::from_le_bytes), notes);
    }
    if let [0, 0, 0xfe, 0xff, rest @ ..] = content {
        return wide(rest, "UTF-32", 4, |bytes| utf32(bytes, u32::from_be_bytes), notes);
    }
    if let [0xff, 0xfe, rest @ ..] = content {
        return wide(rest, "UTF-16", 2, |bytes| utf16(bytes, UTF_16LE), notes);
    }
    if let [0xfe, 0xff, rest @ ..] = content {
        return wide(rest, "UTF-16", 2, |bytes| utf16(bytes, UTF_16BE), notes);
    }
    if let [0xef, 0xbb, 0xbf, rest @ ..] = content
        && let Ok(text) = std::str::from_utf8(rest)
    {
        notes.changed("removed the byte order mark", None, Some(1));
        return Some(Cow::Borrowed(text));
    }
    if let Ok(text) = std::str::from_utf8(content) {
        return Some(Cow::Borrowed(text));
    }
    if joined_utf16(content) {
        notes.left("a file in UTF-16 seems to be joined to it", None, None);
        return None;
    }
    let is_utf8 = |line: &[u8]| !line.is_ascii() && std::str::from_utf8(line).is_ok();
    let mixed = content.split(|b| *b == b'\n').any(is_utf8);
    if said.is_none() {
        notes.left(
            if mixed {
                "some lines are UTF-8 and others are not: two files were joined; if these are in Windows-1252 or Latin-1, say \
                 `--encoding windows-1252`"
            } else {
                "the encoding is not UTF-8 and not declared; if it is Windows-1252 or Latin-1, say \
                 `--encoding windows-1252`"
            },
            None,
            None,
        );
        return None;
    }
    // By chance, no line of Windows-1252 is UTF-8: each is in the encoding that it fits.
    let mut text = String::with_capacity(content.len() + content.len() / 8);
    for line in content.split_inclusive(|b| *b == b'\n') {
        if let Ok(line) = std::str::from_utf8(line) {
            text.push_str(line);
            continue;
        }
        let Some(line) = text_of(WINDOWS_1252, line) else {
            notes.left("it contains bytes that Windows-1252 does not define", None, None);
            return None;
        };
        text.push_str(&line);
    }
    let what = if mixed {
        "lines rewritten from Windows-1252 as UTF-8"
    } else {
        "rewritten from Windows-1252 as UTF-8"
    };
    notes.changed(what, None, None);
    Some(Cow::Owned(text))
}

fn wide(
    bytes: &[u8],
    name: &str,
    width: usize,
    read: impl Fn(&[u8]) -> Option<String>,
    notes: &mut Notes,
) -> Option<Cow<'static, str>> {
    let text = Some(bytes).filter(|bytes| bytes.len().is_multiple_of(width)).and_then(read);
    if text.is_some() {
        notes.changed(&format!("rewritten from {name} as UTF-8"), None, None);
    } else {
        notes.left(&format!("it declares {name}, but is damaged"), None, None);
    }
    text.map(Cow::Owned)
}

fn utf16(bytes: &[u8], order: &'static encoding_rs::Encoding) -> Option<String> {
    order.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

fn utf32(bytes: &[u8], order: impl Fn([u8; 4]) -> u32) -> Option<String> {
    let four = |bytes: &[u8]| bytes.try_into().ok().map(&order).and_then(char::from_u32);
    bytes.chunks_exact(4).map(four).collect()
}
