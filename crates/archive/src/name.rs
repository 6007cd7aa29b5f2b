//! Names inside an archive, judged as paths before anything is flattened.
//!
//! A path that would lead out of its folder is refused even though only its last part is used: it was built by an
//! attacker, or by a tool that is not to be trusted.

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

/// Folder and files that packing programs add for themselves.
const METADATA_FOLDER: &str = "__MACOSX";
const METADATA_FILES: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];
const METADATA_PREFIX: &str = "._";

/// Takes the path of an entry, folder or file, or says why it is unsafe.
///
/// Backslashes separate like slashes: on Windows they do. `.` and empty parts are harmless
/// and common in tar archives.
pub(crate) fn check(raw: &[u8]) -> Result<&str, Refusal> {
    let refuse = |what: &str| Err(Refusal::new(RefusalCode::UnsafeName, what).of(raw));
    if raw.len() > PATH_BYTES {
        return refuse(&format!("the path has {} bytes, more than {PATH_BYTES}", raw.len()));
    }
    let Ok(path) = std::str::from_utf8(raw) else {
        return refuse("the name is not UTF-8");
    };
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
    Ok(path)
}

const SEPARATORS: [char; 2] = ['/', '\\'];

/// The name of a file without its folders.
pub(crate) fn base(path: &str) -> Result<&str, Refusal> {
    match path.rsplit(SEPARATORS).next() {
        Some(base) if !base.is_empty() && base != "." => Ok(base),
        _ => Err(Refusal::new(RefusalCode::UnsafeName, "the file has no name").of(path)),
    }
}

/// A path as it is compared: neither case nor the kind of separator counts.
pub(crate) fn key(path: &str) -> String {
    path.replace('\\', "/").to_lowercase()
}

/// Whether a path is written like that of a folder.
pub(crate) fn is_folder(path: &str) -> bool {
    path.ends_with(SEPARATORS)
}

/// Whether a packing program made this entry for itself.
pub(crate) fn is_metadata(path: &str) -> bool {
    let mut parts = path.rsplit(SEPARATORS);
    let base = parts.next().unwrap_or_default();
    base.starts_with(METADATA_PREFIX)
        || METADATA_FILES.iter().any(|file| base.eq_ignore_ascii_case(file))
        || parts.any(|part| part == METADATA_FOLDER)
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
            assert_eq!(check(path.as_bytes()).as_deref(), Ok(path));
        }
        assert!(check("a".repeat(255).as_bytes()).is_ok());
    }

    #[test]
    fn unsafe_paths_are_refused_with_the_reason() {
        let long = "a".repeat(256);
        let deep = "a/".repeat(600);
        let cases: [(&[u8], &str); 14] = [
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
            (b"caf\x82.csv", "UTF-8"),
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
        assert_eq!(base("x/y\\a.csv"), Ok("a.csv"));
        assert_eq!(base("a.csv"), Ok("a.csv"));
        assert!(base("x/").is_err());
        assert!(base("x/.").is_err());
    }

    #[test]
    fn metadata_of_packing_programs_is_known() {
        for path in ["__MACOSX/._a.csv", "__MACOSX/x/a", "x/.DS_Store", "THUMBS.DB", "x/Desktop.ini", "._a"] {
            assert!(is_metadata(path), "{path}");
        }
        for path in ["a.csv", "__MACOSX", "x._a", "_a"] {
            assert!(!is_metadata(path), "{path}");
        }
    }
}
