//! Which encoding it is that is not UTF-8.

use tidewaiter_model::finding::{Code, Finding, shorten};

use super::messages;
use crate::decode::windows_1252;

/// The finding on a line that is not UTF-8, with what it probably is instead.
pub(crate) fn not_utf8(content: &[u8], line: u64, byte: u64) -> Finding {
    let at = std::str::from_utf8(content).err().map_or(0, |error| error.valid_up_to());
    let bad = content.get(at).copied().unwrap_or_default();
    let message = format!("byte {} of the line, 0x{bad:02X}, is not UTF-8", at + 1);
    let around = content.get(at.saturating_sub(15)..content.len().min(at + 15)).unwrap_or_default();
    let finding = Finding::line(Code::EncodingError, line, byte, message).with_value(around);
    if joined_utf16(content) {
        return finding.with_hint(messages::JOINED_UTF16);
    }
    if !is_plausible_windows_1252(content) {
        return finding;
    }
    let read = shorten(around.iter().map(|&b| windows_1252(b).unwrap_or('?')).collect::<String>().as_bytes());
    finding.with_hint(messages::windows_1252(&read))
}

/// True if a piece of UTF-16 begins within: its byte order mark stands there, and NULs are near.
pub(crate) fn joined_utf16(content: &[u8]) -> bool {
    let marked = content.windows(2).any(|pair| matches!(pair, [0xff, 0xfe] | [0xfe, 0xff]));
    marked && content.contains(&0)
}

/// True if every byte beyond ASCII is a character of Windows-1252, and one of them stands where such a character does: a
/// letter in a word, a dash between words, the sign of the euro beside a number.
pub(crate) fn is_plausible_windows_1252(content: &[u8]) -> bool {
    let mut is_at_home = false;
    let mut before = b' ';
    for (n, &b) in content.iter().enumerate() {
        if b >= 0x80 {
            let Some(c) = windows_1252(b) else { return false };
            let after = content.get(n + 1).copied().unwrap_or(b' ');
            let sides = [before, after];
            let letters = sides.iter().filter(|side| side.is_ascii_alphabetic()).count();
            is_at_home |= match c {
                // In the code pages of DOS these bytes are letters, so no letter may stand beside them.
                '€' | '–' | '—' | '•' | '“' | '”' => {
                    letters == 0 && sides.iter().all(u8::is_ascii)
                }
                '’' => letters == 2,
                c => c.is_alphabetic() && letters > 0,
            };
        }
        before = b;
    }
    is_at_home
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_is_recognised_by_letters_in_words() {
        let finding = not_utf8(b"caf\xe9;1", 3, 20);
        assert_eq!(finding.message, "byte 4 of the line, 0xE9, is not UTF-8");
        assert_eq!((finding.line, finding.byte), (Some(3), Some(20)));
        assert_eq!(finding.value.as_deref(), Some("caf\u{fffd};1"));
        let hint = "it seems to be Windows-1252 or Latin-1, `café;1`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import";
        assert_eq!(finding.hint.as_deref(), Some(hint));
        assert!(not_utf8(b"10 \x80;c\x9cur", 1, 0).hint.unwrap().contains("10 €;cœur"));
        // 0x81 is nothing in Windows-1252, and a symbol between digits is no word.
        assert_eq!(not_utf8(b"caf\xe9\x81", 1, 0).hint, None);
        assert_eq!(not_utf8(b"12\xff34", 1, 0).hint, None);
    }

    #[test]
    fn typographic_signs_are_recognised_where_no_letter_of_dos_could_stand() {
        let hint = |content: &[u8]| not_utf8(content, 1, 0).hint.unwrap_or_default();
        assert!(hint(b"Bob;10 \x96 20 rue B").contains("`Bob;10 – 20 rue B`"));
        assert!(hint(b"Dan;5\x80 street").contains("`Dan;5€ street`"));
        assert!(hint(b"l\x92eau").contains("`l’eau`"));
        // In code page 850 this is été, not ‚t‚.
        assert_eq!(hint(b"\x82t\x82"), "");
        assert_eq!(hint(b"h\x93tel"), "");
    }

    #[test]
    fn a_piece_of_utf_16_is_no_latin_1() {
        let finding = not_utf8(b"\xff\xfee\0m\0a\0", 3, 20);
        assert_eq!(finding.hint.as_deref(), Some(messages::JOINED_UTF16));
    }
}
