//! The encoding of a sample.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How many bytes tell UTF-16 from other encodings.
const LOOKED_AT: usize = 4096;

/// The text of a sample, and what an import has to say to read it.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) encoding: Wanted,
    /// A word that shows whether the encoding is right.
    pub(super) example: Option<String>,
}

/// What `encoding` has to be for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// ASCII: any encoding but UTF-16 will do.
    Any,
    /// UTF-8 without a byte order mark: the default.
    Utf8,
    /// UTF-8 with a byte order mark.
    Marked,
    /// UTF-16, told by its mark or by its zero bytes.
    Wide(&'static Encoding),
    /// An encoding that was guessed.
    Guessed(&'static Encoding),
    /// Some lines are UTF-8, others Windows-1252.
    Mixed,
}

/// Decodes a sample; None if it is no text in an encoding that is read here.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded> {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_8 => (Wanted::Marked, mark),
        Some((encoding, mark)) => (Wanted::Wide(encoding), mark),
        None => (wanted(bytes), 0),
    };
    let bytes = bytes.get(mark..).unwrap_or_default();
    let text = match encoding {
        Wanted::Wide(wide) => wide.decode_without_bom_handling(even(bytes)).0,
        Wanted::Guessed(guessed) => guessed.decode_without_bom_handling_and_without_replacement(bytes)?,
        Wanted::Mixed => bytes.split_inclusive(|byte| *byte == b'\n').map(line).collect::<String>().into(),
        Wanted::Any | Wanted::Utf8 | Wanted::Marked => {
            UTF_8.decode_without_bom_handling_and_without_replacement(bytes)?
        }
    };
    // A text without end marks has no NUL.
    if text.contains('\0') {
        return None;
    }
    let example =
        matches!(encoding, Wanted::Guessed(_) | Wanted::Mixed).then(|| strange_word(&text)).flatten();
    Some(Decoded { text: text.into_owned(), encoding, example })
}

impl Wanted {
    /// The one encoding that reads files of both.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, two) if one == two => Some(one),
            (Self::Any, wanted) | (wanted, Self::Any) if !matches!(wanted, Self::Wide(_)) => Some(wanted),
            (Self::Utf8 | Self::Marked, Self::Utf8 | Self::Marked) => Some(Self::Marked),
            // UTF-8 is tried first, so a file of one encoding is read by it alone.
            (Self::Utf8 | Self::Marked | Self::Mixed, Self::Guessed(guessed))
            | (Self::Guessed(guessed), Self::Utf8 | Self::Marked | Self::Mixed)
                if guessed == WINDOWS_1252 =>
            {
                Some(Self::Mixed)
            }
            (Self::Utf8 | Self::Marked, Self::Mixed) | (Self::Mixed, Self::Utf8 | Self::Marked) => {
                Some(Self::Mixed)
            }
            _ => None,
        }
    }

    /// True if people write such files where commas are decimal separators more often than not.
    pub(super) fn is_european(self) -> bool {
        matches!(self, Self::Guessed(_) | Self::Mixed)
    }
}

fn wanted(bytes: &[u8]) -> Wanted {
    if let Some(wide) = wide(bytes) {
        return Wanted::Wide(wide);
    }
    if bytes.is_ascii() {
        return Wanted::Any;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Wanted::Utf8;
    }
    let is_utf8 = |line: &[u8]| !line.is_ascii() && std::str::from_utf8(line).is_ok();
    if bytes.split(|byte| *byte == b'\n').any(is_utf8) {
        return Wanted::Mixed;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    let read =
        |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes);
    // Encodings of neighbours have most letters in common. Where both say the same, the usual one is meant.
    let is_usual = match (read(guessed), read(WINDOWS_1252)) {
        (Some(one), Some(two)) => one == two,
        (guessed, _) => guessed.is_none(),
    };
    Wanted::Guessed(if is_usual { WINDOWS_1252 } else { guessed })
}

/// UTF-16 without a mark: every second byte of a text in Latin letters is zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(LOOKED_AT))?;
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), start.len() / 2);
    if half < 2 {
        return None;
    }
    match (even * 10 < half, odd * 10 < half) {
        (true, false) if odd * 10 >= half * 5 => Some(UTF_16LE),
        (false, true) if even * 10 >= half * 5 => Some(UTF_16BE),
        _ => None,
    }
}

fn even(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() & !1).unwrap_or_default()
}

fn line(raw: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(raw).map_or_else(|_| WINDOWS_1252.decode_without_bom_handling(raw).0, Cow::Borrowed)
}

/// The first word with a letter beyond ASCII.
fn strange_word(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let mut strange = words.filter(|word| !word.is_ascii());
    let first = strange.next()?;
    Some(first.chars().take(40).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(bytes: &[u8]) -> Option<Wanted> {
        decode(bytes).map(|decoded| decoded.encoding)
    }

    #[test]
    fn encodings_are_told_by_marks_zeros_and_letters() {
        assert_eq!(encoding(b"id;name\n1;a\n"), Some(Wanted::Any));
        assert_eq!(encoding("id;n\u{e9}\n".as_bytes()), Some(Wanted::Utf8));
        assert_eq!(encoding(b"\xef\xbb\xbfid\n"), Some(Wanted::Marked));
        let wide = |marked: &str| marked.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(encoding(&wide("\u{feff}id;name\n")), Some(Wanted::Wide(UTF_16LE)));
        assert_eq!(encoding(&wide("id;name\n1;\u{e9}\n")), Some(Wanted::Wide(UTF_16LE)));
        let big: Vec<u8> = "id;name\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(encoding(&big), Some(Wanted::Wide(UTF_16BE)));
        let german = decode(b"Nr;Stra\xdfe\n1;M\xfcnchner Stra\xdfe\n").unwrap();
        assert_eq!(german.encoding, Wanted::Guessed(WINDOWS_1252));
        assert_eq!(german.example.as_deref(), Some("Straße"));
        assert_eq!(encoding(b"email;name\na@example.org;Ren\xe9\n"), Some(Wanted::Guessed(WINDOWS_1252)));
        assert_eq!(encoding(b"caf\xc3\xa9\ncaf\xe9\n"), Some(Wanted::Mixed));
        assert_eq!(encoding(b"\x00\x01\x02\x03\xff\x00\x00\x00\x00"), None);
    }
}
