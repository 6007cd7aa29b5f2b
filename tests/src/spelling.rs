//! How the reference writes keys, numbers, lists and codes: once more, and as plainly as possible.

#![expect(clippy::indexing_slicing, reason = "what is indexed was measured before")]

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tidewaiter::id::Timestamp;

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

/// A telephone number: its digits, country code first. Numbers of other countries than France are not written here.
pub fn phone(text: &str, prefix: Option<&str>) -> String {
    let abroad = text.starts_with('+') || text.starts_with("00");
    let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    while digits.starts_with("00") {
        digits.drain(..2);
    }
    // French numbers have no 0 behind 33. Without a + there must be no other way to read the number.
    if digits.starts_with("330") && (abroad || (prefix == Some("33") && digits.len() == 12)) {
        digits.remove(2);
    }
    match prefix {
        // No country code begins with 0: this number is national.
        Some(prefix) if digits.starts_with('0') => format!("{prefix}{}", &digits[1..]),
        _ => digits,
    }
}

/// An e-mail address, with the one domain beyond ASCII that is written here.
pub fn email(text: &str) -> String {
    composed(&text.to_lowercase()).replace("@m\u{fc}.org", "@xn--m-eha.org")
}

/// A text whose letters are composed, of those that are written here.
pub fn composed(text: &str) -> String {
    text.replace("e\u{301}", "\u{e9}").replace("u\u{308}", "\u{fc}")
}

/// A number without the zeros that do not count.
pub fn number(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

/// A moment in UTC; one whose place is not known as it is.
pub fn moment(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), |moment| moment.to_string())
}

/// Whether it is so.
pub fn truth(text: &str) -> String {
    ["true", "True", "TRUE", "1"].contains(&text).to_string()
}

/// The key of the contact that a text names.
pub fn contact(text: &str, prefix: Option<&str>) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text.contains('@') {
        email(text)
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
