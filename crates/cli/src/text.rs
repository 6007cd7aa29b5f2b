//! Words, numbers, times and tables for people.

use tidewaiter::finding::printable;
pub use tidewaiter::report::{gone_along, left_alone, number, plural};
pub use tidewaiter_ops::text::{ago, listed, moment, size, slots};

/// Text with treacherous characters escaped.
pub fn safe(text: &str) -> String {
    printable(text, usize::MAX)
}

/// A text cut in its middle to so many characters: the beginning of a name says what it is for, the end
/// which one it is.
pub fn shortened(text: &str, characters: usize) -> String {
    let count = text.chars().count();
    if count <= characters {
        return text.to_owned();
    }
    let kept = characters.saturating_sub(1);
    let (head, tail) = (kept - kept / 2, kept / 2);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_beginning_and_their_end() {
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 30), "acme_contacts_crm_20260131.csv");
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 10), "acme_….csv");
    }

    #[test]
    fn treacherous_characters_are_escaped_and_others_are_not() {
        assert_eq!(safe("dépôt 数.csv"), "dépôt 数.csv");
        assert_eq!(safe("a\tb\u{1b}]0;x\u{7}"), "a\\tb\\u{1b}]0;x\\u{7}");
    }
}
