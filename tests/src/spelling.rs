//! How the reference writes keys, numbers, lists and codes: once more, and as plainly as possible.

#![expect(clippy::indexing_slicing, reason = "what is indexed was measured before")]

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// Parts of a key, joined.
pub fn joined(parts: &[&str]) -> String {
    let escaped = |part: &&str| part.replace('\u{1e}', "\u{1e}\u{1e}").replace('\u{1f}', "\u{1e}\u{1f}");
    parts.iter().map(escaped).collect::<Vec<_>>().join("\u{1f}")
}

/// The lists in a value that is kept.
pub fn lists(text: &str) -> BTreeSet<u32> {
    text.split_whitespace().map(|list| list.parse().expect("a list that is kept is a number")).collect()
}

/// The value that holds these lists; None if there are none.
pub fn written(lists: &BTreeSet<u32>) -> Option<String> {
    let words: Vec<String> = lists.iter().map(u32::to_string).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A telephone number: its digits, country code first.
pub fn phone(text: &str, prefix: Option<&str>) -> String {
    let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    while digits.starts_with("00") {
        digits.drain(..2);
    }
    match prefix {
        // No country code begins with 0: this number is national.
        Some(prefix) if digits.starts_with('0') => format!("{prefix}{}", &digits[1..]),
        _ => digits,
    }
}

/// The key of the contact that a text names.
pub fn contact(text: &str, prefix: Option<&str>) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text.contains('@') {
        text.to_lowercase()
    } else if (6..=15).contains(&digits) && text.chars().all(|c| "+0123456789 .-()".contains(c)) {
        phone(text, prefix)
    } else {
        text.to_owned()
    }
}

/// A card code for a contact.
pub fn ean13(contact: &str, attempt: u32) -> String {
    let hash = Sha256::digest(format!("{attempt}:{contact}").as_bytes());
    let first: [u8; 16] = hash[..16].try_into().expect("it is long enough");
    let twelve = format!("2{:011}", u128::from_be_bytes(first) % 100_000_000_000);
    (0..10).map(|last| format!("{twelve}{last}")).find(|code| is_ean13(code)).expect("one digit fits")
}

/// True if the digits weigh, 1 and 3 in turn, a multiple of ten.
pub fn is_ean13(code: &str) -> bool {
    let digits: Vec<u32> = code.chars().filter_map(|c| c.to_digit(10)).collect();
    let weigh = |(n, digit): (usize, &u32)| if n % 2 == 0 { *digit } else { 3 * digit };
    digits.len() == 13 && code.len() == 13 && digits.iter().enumerate().map(weigh).sum::<u32>() % 10 == 0
}
