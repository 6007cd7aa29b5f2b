//! Names inside an archive, judged as paths before anything is flattened.
//!
//! Paths are bytes: only the last part of a file that is delivered has to be text. Folders are not used, and old programs
//! write them in the code page of their country.
//!
//! A path that would lead out of its folder is refused even though only its last part is used: it was built by an
//! attacker, or by a tool that is not to be trusted.

use std::borrow::Cow;

use crate::format::{Format, strip_suffix_ignore_case};
use crate::printable::is_treacherous;
use crate::refusal::{Refusal, RefusalCode};

/// The longest part of a path: what file systems allow.
const PART_BYTES: usize = 255;

/// The longest path: what object stores allow, and what bounds the memory for names.
pub(crate) const PATH_BYTES: usize = 1024;

/// Archives that we do not read; as members they are refused like those that we do.
const OTHER_ARCHIVES: [&str; 12] =
    [".7z", ".rar", ".xz", ".zst", ".tbz", ".tbz2", ".txz", ".tzst", ".lz", ".lz4", ".lzma", ".z"];

/// Says why the path of an entry, folder or file, is unsafe.
///
/// Backslashes separate like slashes: on Windows they do. `.` and empty parts are harmless
/// and common in tar archives.
pub(crate) fn check(raw: &[u8]) -> Result<(), Refusal> {
    let refuse = |what: &str| Err(Refusal::new(RefusalCode::UnsafeName, what).of(raw));
    if raw.len() > PATH_BYTES {
        return refuse(&format!("the path has {} bytes, more than {PATH_BYTES}", raw.len()));
    }
    // What is no text is replaced, and nothing else: separators and dots stay where they are.
    let path = String::from_utf8_lossy(raw);
    if matches!(path, Cow::Owned(_)) && is_disguised(raw) {
        return refuse("the name is not UTF-8");
    }
    if let Some(character) = path.chars().find(|&character| is_treacherous(character)) {
        let code = u32::from(character);
        return refuse(&format!("the name holds the control character U+{code:04X}"));
    }
    if path.is_empty() {
        return refuse("the name is empty");
    }
    if path.starts_with(SEPARATORS) {
        return refuse("the path is absolute");
    }
    for part in path.split(SEPARATORS) {
        if part == ".." {
            return refuse("the path leads out of its folder by '..'");
        }
        if let [letter, b':', ..] = part.as_bytes()
            && letter.is_ascii_alphabetic()
        {
            return refuse("the path names a drive");
        }
        if part.len() > PART_BYTES {
            return refuse(&format!("the name has {} bytes, more than {PART_BYTES}", part.len()));
        }
    }
    Ok(())
}

const SEPARATORS: [char; 2] = ['/', '\\'];

/// Whether bytes that are no text may hold separators or dots that we do not see, or hold none where we see some: UTF-8
/// that is longer than it has to be, and a backslash that is the second half of a Japanese or Chinese character.
fn is_disguised(raw: &[u8]) -> bool {
    raw.array_windows().any(|pair| {
        matches!(
            pair,
            [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f] | [0x80..=0xff, b'\\']
        )
    })
}

/// The name of a file without its folders.
pub(crate) fn base(path: &[u8]) -> Result<&str, Refusal> {
    let refuse = |what: &str| Err(Refusal::new(RefusalCode::UnsafeName, what).of(path));
    match std::str::from_utf8(last(path)) {
        Ok("" | ".") => refuse("the file has no name"),
        Ok(base) => Ok(base),
        Err(_) => refuse("the name is not UTF-8"),
    }
}

/// A whole path as text.
pub(crate) fn whole(path: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(path)
        .map_err(|_| Refusal::new(RefusalCode::UnsafeName, "the path is not UTF-8").of(path))
}

/// A path as it is compared: neither case nor the kind of separator counts.
pub(crate) fn key(path: &str) -> String {
    path.replace('\\', "/").to_lowercase()
}

/// The last part of a path.
pub(crate) fn last(path: &[u8]) -> &[u8] {
    path.rsplit(is_separator).next().unwrap_or_default()
}

/// Whether a path is written like that of a folder.
pub(crate) fn is_folder(path: &[u8]) -> bool {
    path.last().is_some_and(is_separator)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a slice hands over references to its bytes")]
fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Whether a name is that of an archive, of whichever kind.
pub(crate) fn is_archive(base: &str) -> bool {
    let is_other = |extension| strip_suffix_ignore_case(base, extension).is_some();
    Format::from_name(base).is_some() || OTHER_ARCHIVES.into_iter().any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_paths_are_taken() {
        for path in ["a.csv", "./a.csv", "x/y/a.csv", "x\\a.csv", "x//a", "..a", "a..", "é ü.csv", "x/"] {
            assert_eq!(check(path.as_bytes()), Ok(()), "{path}");
        }
        assert!(check("a".repeat(255).as_bytes()).is_ok());
    }

    #[test]
    fn unsafe_paths_are_refused_with_the_reason() {
        let long = "a".repeat(256);
        let deep = "a/".repeat(600);
        let cases: [(&[u8], &str); 15] = [
            (b"", "empty"),
            (b"../a", "'..'"),
            (b"x/../a", "'..'"),
            (b"x\\..\\a", "'..'"),
            (b"..", "'..'"),
            (b"/etc/passwd", "absolute"),
            (b"\\\\host\\share", "absolute"),
            (b"C:\\a", "drive"),
            (b"x/c:a", "drive"),
            (b"a\0.csv", "U+0000"),
            (b"a\n.csv", "U+000A"),
            ("a\u{202e}vsc.exe".as_bytes(), "U+202E"),
            (b"caf\x82/../a", "'..'"),
            (b"caf\x82/a\0.csv", "U+0000"),
            (deep.as_bytes(), "1200 bytes, more than 1024"),
        ];
        for (path, reason) in cases {
            let refusal = check(path).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::UnsafeName);
            assert!(refusal.message.contains(reason), "{refusal}");
        }
        assert!(check(long.as_bytes()).unwrap_err().message.contains("256 bytes, more than 255"));
    }

    #[test]
    fn the_last_part_is_the_name() {
        assert_eq!(base(b"x/y\\a.csv"), Ok("a.csv"));
        assert_eq!(base(b"a.csv"), Ok("a.csv"));
        assert!(base(b"x/").is_err());
        assert!(base(b"x/.").is_err());
    }

    #[test]
    fn only_the_last_part_has_to_be_text() {
        let folder = b"donn\x82es/a.csv";
        assert_eq!((check(folder), base(folder)), (Ok(()), Ok("a.csv")));
        let file = b"x/donn\x82es.csv";
        assert_eq!(check(file), Ok(()), "it may be left out");
        assert!(base(file).unwrap_err().message.contains("UTF-8"));
    }

    #[test]
    fn a_folder_that_may_be_read_in_two_ways_is_refused() {
        // The second half of the first character looks like a separator: the file is named 表a.csv.
        let japanese = b"x/\x95\x5ca.csv";
        for path in [&b"\xc0\xae\xc0\xae/a.csv"[..], b"\xe0\x80\xae\xe0\x80\xae/a.csv", japanese] {
            assert!(check(path).unwrap_err().message.contains("UTF-8"), "{path:x?}");
        }
    }
}
