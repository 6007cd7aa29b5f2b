//! Card codes that are made here: EAN-13, valid wherever a till reads them.

use super::fingerprint;

/// How many codes there are: the first digit is given, the last one checks.
const CODES: u128 = 100_000_000_000;

/// The code for a value. It begins with 2, the range that GS1 leaves to the use inside a company. If another contact
/// has the first one, the next attempt gives another one.
pub(super) fn ean13(value: &str, attempt: u32) -> String {
    let number = fingerprint(&format!("{attempt}:{value}")) % CODES;
    let twelve = format!("2{number:011}");
    let check = check_digit(twelve.as_bytes());
    format!("{twelve}{check}")
}

/// The digit that makes the weighted sum a multiple of ten.
fn check_digit(twelve: &[u8]) -> u32 {
    let weighted = twelve.iter().zip([1, 3].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_printed_bar_codes() {
        for code in ["4006381333931", "9780306406157", "5901234123457", "2990000000019"] {
            let (twelve, last) = code.split_at(12);
            assert_eq!(check_digit(twelve.as_bytes()).to_string(), last, "{code}");
        }
    }

    #[test]
    fn a_value_has_one_code_for_each_attempt() {
        let first = ean13("ana@example.org", 0);
        assert_eq!(first, ean13("ana@example.org", 0));
        assert_ne!(first, ean13("ana@example.org", 1));
        assert_ne!(first, ean13("bob@example.org", 0));
        assert!(first.len() == 13 && first.starts_with('2') && first.bytes().all(|b| b.is_ascii_digit()));
    }
}
