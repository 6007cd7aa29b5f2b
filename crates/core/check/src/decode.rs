//! From bytes to text, line by line.
//!
//! In every encoding that is read here a line feed is one unit, and no part of another character. So bytes are cut into
//! lines before they are text, and the lines of the text are those of the bytes.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memrchr_iter};

/// How bytes become text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoder {
    /// Tried in this order, each on a whole line.
    tried: Vec<&'static Encoding>,
}

impl Decoder {
    /// A decoder that tries these.
    pub(crate) fn new(tried: &[&'static Encoding]) -> Self {
        Self { tried: if tried.is_empty() { vec![UTF_8] } else { tried.to_vec() } }
    }

    /// The encoding that a byte order mark says, and its length. None also if there are too few bytes to see one.
    pub(crate) fn of_mark(start: &[u8]) -> Option<(Self, usize)> {
        let (encoding, length) = Encoding::for_bom(start)?;
        Some((Self::new(&[encoding]), length))
    }

    /// True if text is UTF-8, and nothing else.
    pub(crate) fn is_utf8(&self) -> bool {
        self.tried == [UTF_8]
    }

    /// True if text is UTF-16.
    pub(crate) fn is_wide(&self) -> bool {
        self.wide().is_some()
    }

    /// The names of the encodings, for messages.
    pub(crate) fn names(&self) -> String {
        self.tried.iter().map(|encoding| encoding.name()).collect::<Vec<_>>().join(" or ")
    }

    /// The text of whole lines, if all of them are of the first encoding.
    pub(crate) fn lines<'a>(&self, raw: &'a [u8]) -> Option<Cow<'a, str>> {
        self.tried.first().and_then(|first| text_of(first, raw))
    }

    /// The text of one line.
    pub(crate) fn line<'a>(&self, raw: &'a [u8]) -> Option<Cow<'a, str>> {
        self.tried.iter().find_map(|encoding| text_of(encoding, raw))
    }

    /// What can be read of a line that is no text, for messages.
    pub(crate) fn shown<'a>(&self, raw: &'a [u8]) -> Cow<'a, str> {
        self.tried.first().map_or("".into(), |first| first.decode_without_bom_handling(raw).0)
    }

    /// Where the first line ends: the byte behind its line feed. The bytes begin with a line.
    #[inline]
    pub(crate) fn end_of_line(&self, raw: &[u8]) -> Option<usize> {
        match self.wide() {
            None => memchr(b'\n', raw).map(|at| at + 1),
            Some(wide) => memchr_iter(b'\n', raw).find_map(|at| wide.end(raw, at)),
        }
    }

    /// The same for the last line that is complete.
    pub(crate) fn end_of_lines(&self, raw: &[u8]) -> Option<usize> {
        match self.wide() {
            None => memchr::memrchr(b'\n', raw).map(|at| at + 1),
            Some(wide) => memrchr_iter(b'\n', raw).find_map(|at| wide.end(raw, at)),
        }
    }

    fn wide(&self) -> Option<Wide> {
        match self.tried.first() {
            Some(first) if *first == UTF_16LE => Some(Wide::Little),
            Some(first) if *first == UTF_16BE => Some(Wide::Big),
            _ => None,
        }
    }
}

/// The order of the bytes of a UTF-16 unit.
#[derive(Clone, Copy)]
enum Wide {
    Little,
    Big,
}

impl Wide {
    /// Where the line ends whose line feed has its byte 0x0A here, if it is one.
    fn end(self, raw: &[u8], at: usize) -> Option<usize> {
        match self {
            Self::Little => (at.is_multiple_of(2) && raw.get(at + 1) == Some(&0)).then_some(at + 2),
            Self::Big => {
                let before = at.checked_sub(1)?;
                (before.is_multiple_of(2) && raw.get(before) == Some(&0)).then_some(at + 1)
            }
        }
    }
}

/// A byte as Windows-1252 reads it; None if it defines none.
pub(crate) fn windows_1252(byte: u8) -> Option<char> {
    text_of(WINDOWS_1252, &[byte])?.chars().next()
}

/// The text of some bytes in an encoding. Bytes to which the encoding gives no character are an error, also those that
/// the standard of browsers turns into control characters.
pub(crate) fn text_of<'a>(encoding: &'static Encoding, raw: &'a [u8]) -> Option<Cow<'a, str>> {
    if encoding == UTF_8 {
        return simdutf8::basic::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(raw)?;
    let is_control = |at: usize| matches!(text.as_bytes().get(at + 1), Some(0x80..=0x9f));
    let undefined = matches!(text, Cow::Owned(_)) && memchr_iter(0xc2, text.as_bytes()).any(is_control);
    (!undefined).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(label: &str) -> Decoder {
        Decoder::new(&[Encoding::for_label(label.as_bytes()).unwrap()])
    }

    #[test]
    fn lines_end_where_a_line_feed_is_a_unit() {
        let little = "ab\nc\u{a0a}\nd".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = "ab\nc\u{a0a}\nd".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for (label, raw) in [("utf-16le", little), ("utf-16be", big)] {
            let decoder = decoder(label);
            assert_eq!(decoder.end_of_line(&raw), Some(6), "{label}");
            assert_eq!(decoder.end_of_lines(&raw), Some(12), "{label}");
            assert_eq!(decoder.lines(&raw[..6]).as_deref(), Some("ab\n"), "{label}");
        }
        assert_eq!(decoder("windows-1252").end_of_lines(b"a\nb\nc"), Some(4));
    }

    #[test]
    fn what_an_encoding_does_not_define_is_no_text() {
        assert_eq!(decoder("windows-1252").line(b"caf\xe9 \x80").as_deref(), Some("café €"));
        assert_eq!(decoder("latin1").line(b"caf\xe9\xa0").as_deref(), Some("café\u{a0}"));
        assert_eq!(decoder("windows-1252").line(b"\x81"), None);
        assert_eq!(decoder("utf-16le").line(b"a\0b"), None);
    }

    #[test]
    fn each_line_is_of_the_first_encoding_that_fits() {
        let decoder = Decoder::new(&[UTF_8, encoding_rs::WINDOWS_1252]);
        assert_eq!(decoder.line("é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(decoder.line(b"\xe9").as_deref(), Some("é"));
        assert_eq!(decoder.lines(b"\xe9"), None);
    }
}
