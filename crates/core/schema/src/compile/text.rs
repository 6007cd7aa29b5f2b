//! The forms a text may be asked to have.
//!
//! Each check refuses what cannot be right and lets through what might be. Addresses have a module of their own.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The composed form (NFC) of a text: `é` as one character, however it was typed.
pub fn nfc(text: &str) -> Cow<'_, str> {
    // ASCII has no other form, and is what nearly all keys are.
    if text.is_ascii() { text.into() } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// True for a scheme, a colon and something after it, without characters that no address may hold.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
        && !rest.strip_prefix("//").unwrap_or(rest).is_empty()
        && rest.bytes().all(|b| {
            !matches!(b, 0..=b' ' | 0x7f | b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`')
        })
}

/// True for 8-4-4-4-12 hexadecimal digits, of either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// True for 6 to 15 digits, perhaps after a `+`, perhaps with spaces, points, hyphens and parentheses between.
///
/// No country code begins with 0, so `+0` and `000` lead nowhere. A decimal number is none: `33612345678.0` is what a
/// program makes of a column that it takes for amounts, and its last 0 belongs to no telephone.
pub fn is_phone(text: &str) -> bool {
    let international = text.strip_prefix('+');
    let number = international.unwrap_or(text).as_bytes();
    let known = number.iter().all(|b| matches!(b, b'0'..=b'9' | b' ' | b'.' | b'-' | b'(' | b')'))
        && matches!(number.first(), Some(b'0'..=b'9' | b'('))
        && matches!(number.last(), Some(b'0'..=b'9' | b')'));
    let mut digits = number.iter().copied().filter(u8::is_ascii_digit).peekable();
    let mut zeros = 0_u32;
    while digits.next_if_eq(&b'0').is_some() {
        zeros += 1;
    }
    let others = digits.count() as u32;
    // One 0 is dialled within a country, two of them to leave it.
    let count = match (international.is_some(), zeros) {
        (false, 1) => others + 1,
        (_, 0) | (false, 2) => others,
        _ => return false,
    };
    known && others > 0 && (6..=15).contains(&count) && !is_decimal(number)
}

/// True if the number is written like one with decimals.
fn is_decimal(number: &[u8]) -> bool {
    let is_mark = |b: &u8| !b.is_ascii_digit();
    let Some(at) = number.iter().rposition(is_mark).filter(|at| number.get(*at) == Some(&b'.')) else {
        return false;
    };
    let (before, behind) = (number.get(..at).unwrap_or_default(), number.get(at + 1..).unwrap_or_default());
    let is_only = !before.iter().any(is_mark);
    behind.len() == 1 || (is_only && (behind.len() == 2 || behind.iter().all(|b| *b == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        for good in [
            "https://example.com/a?b=c#d",
            "http://é.example/ü",
            "mailto:ada@example.com",
            "urn:isbn:1",
            "s3://b/k",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "//example.com",
            "1http://a",
            "http:",
            "http://",
            "https://a b",
            "https://a<b",
            ":a",
            "a\u{e9}:b",
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }

    #[test]
    fn uuids() {
        assert!(is_uuid("123e4567-e89b-12d3-a456-426614174000"));
        assert!(is_uuid("123E4567-E89B-12D3-A456-42661417400F"));
        for bad in [
            "",
            "123e4567e89b12d3a456426614174000",
            "123e4567-e89b-12d3-a456-42661417400",
            "123e4567-e89b-12d3-a456-42661417400g",
            "{23e4567-e89b-12d3-a456-42661417400}",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }

    #[test]
    fn phones() {
        for good in [
            "33120202020",
            "+33 1 20 20 20 20",
            "(555) 123-4567",
            "01.20.20.20.20",
            "123456",
            "123456789012345",
            "+123456789012345",
            "00123456789012345",
            "0612345678",
            "(0)6 12 34 56 78",
            "+33 (0)6 12 34 56 78",
            "030.1234567",
            "1.800.555.0199",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "12345",
            "1234567890123456",
            "33 1 20 20 20 x",
            "++33120202020",
            "33+120202020",
            " 33120202020",
            "33120202020 ",
            "3.3E+10",
            "000000",
            "0000000000",
            "0033 6 12",
            "+0612345678",
            "+(0)612345678",
            "000612345678",
            "001234567890123456",
            "33612345678.0",
            "+33612345678.00",
            "0612345678.000",
            "06.12.34.56.7",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
