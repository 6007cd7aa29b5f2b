//! E-mail addresses: which texts are one, and in which form it is kept.
//!
//! The check refuses what cannot be right and lets through what might be: only a mail shows whether a mailbox exists.
//! An address in plain ASCII is read byte by byte. The rules of international domains (UTS 46) are asked only where a
//! domain is written beyond ASCII or in Punycode.

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use tidewaiter_model::finding::is_treacherous;

use super::text::nfc;

/// The longest address that mail servers accept, in bytes.
const EMAIL_BYTES: usize = 254;
/// The longest part before the `@`, in bytes.
const LOCAL_BYTES: usize = 64;
/// The longest label of a domain, in bytes.
const LABEL_BYTES: usize = 63;
/// What a label in Punycode begins with.
const PUNYCODE: &[u8] = b"xn--";

/// True for an address that could receive mail: one `@`, something before it, a domain with a dot after it.
pub(crate) fn is_email(text: &str) -> bool {
    if !text.is_ascii() {
        return is_international(text);
    }
    parts(text).is_some_and(|(_, domain)| !has_punycode(domain) || to_ascii(domain).is_some())
}

/// The parts of an address in ASCII.
fn parts(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| !is_local_byte(b))?;
    let (local, domain) = text.split_at_checked(at)?;
    let domain = domain.strip_prefix('@')?;
    let fits = text.len() <= EMAIL_BYTES && (1..=LOCAL_BYTES).contains(&at);
    (fits && is_domain(domain.as_bytes())).then_some((local, domain))
}

/// The same for an address that is not ASCII. Lengths are those of the form that is kept, so that all spellings of an
/// address are judged alike.
fn is_international(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let (local, Some(domain)) = (nfc(local), to_ascii(domain)) else { return false };
    local.bytes().all(is_local_byte)
        && local.chars().all(is_word)
        && (1..=LOCAL_BYTES).contains(&local.len())
        && local.len() + 1 + domain.len() <= EMAIL_BYTES
}

/// The form of an address in which it is kept and compared: the part before the `@` in lower case and composed (NFC),
/// the domain in lower case and, beyond ASCII, in Punycode. The form of a form is itself.
///
/// Punycode is what mail servers, bounces and the fields of web forms hold, so a kept address equals that of other
/// systems. What is no address keeps its domain, but for case and composition.
pub fn email(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        return if is_lower { text.into() } else { text.to_ascii_lowercase().into() };
    }
    let plain = |text: &str| nfc(&text.to_lowercase()).into_owned();
    match text.split_once('@').and_then(|(local, domain)| Some((local, to_ascii(domain)?))) {
        Some((local, domain)) => format!("{}@{domain}", plain(local)).into(),
        None => plain(text).into(),
    }
}

/// What keeps a text from being an address although it looks like one, in words that follow "not an e-mail address".
pub(crate) fn fault(text: &str) -> Option<String> {
    let (_, domain) = text.split_once('@')?;
    if let Some(c) = text.chars().find(|c| is_treacherous(*c)) {
        let name = if c == '\u{ad}' { ", a soft hyphen" } else { "" };
        return Some(format!("it holds an invisible character (U+{:04X}{name})", u32::from(c)));
    }
    let is_bad = |label: &&str| has_punycode(label) && to_ascii(&format!("{label}.example")).is_none();
    let label = domain.split('.').find(is_bad)?;
    Some(format!("`{label}` is no valid Punycode"))
}

/// A domain as the domain name system has it: in lower case, and in Punycode beyond ASCII. None if it can be none.
fn to_ascii(domain: &str) -> Option<Cow<'_, str>> {
    if !domain.chars().all(|c| c.is_ascii() || is_word(c)) {
        return None;
    }
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.ok().filter(|domain| is_domain(domain.as_bytes()))
}

/// True if a label of a domain is in Punycode, or claims to be.
fn has_punycode(domain: &str) -> bool {
    let begins = |label: &[u8]| label.get(..4).is_some_and(|four| four.eq_ignore_ascii_case(PUNYCODE));
    domain.as_bytes().split(|b| *b == b'.').any(begins)
}

fn is_local_byte(b: u8) -> bool {
    !matches!(
        b,
        0..=b' ' | 0x7f | b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'@' | b'[' | b'\\' | b']'
    )
}

/// True for at least two labels of ASCII letters, digits and hyphens.
fn is_domain(domain: &[u8]) -> bool {
    let (mut labels, mut length, mut before) = (1_u32, 0, b'.');
    for &b in domain {
        match b {
            b'.' if length == 0 || before == b'-' => return false,
            b'.' => {
                labels += 1;
                length = 0;
            }
            b'-' if length == 0 => return false,
            b'-' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => length += 1,
            _ => return false,
        }
        if length > LABEL_BYTES {
            return false;
        }
        before = b;
    }
    labels >= 2 && length > 0 && before != b'-'
}

/// False for characters that are spaces, not seen, general punctuation, dots of other scripts (which UTS 46 would take
/// for separators of labels) or a sign of broken text.
fn is_word(c: char) -> bool {
    !c.is_whitespace()
        && !is_treacherous(c)
        && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{fffd}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses() {
        let longest_local = format!("{}@example.com", "a".repeat(64));
        let longest_label = format!("a@{}.com", "b".repeat(63));
        for good in [
            "ada@example.com",
            "a.b+c@sub.example.co.uk",
            "o'neil@example.com",
            "jörg@müller.example",
            "a@1.fr",
            "x_y-z@my-shop.example",
            "a..b@docomo.example",
            "x@xn--mller-kva.example",
            "x@r3---sn-4g5e.example",
            longest_local.as_str(),
            longest_label.as_str(),
        ] {
            assert!(is_email(good), "{good}");
        }
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}.com", "b.".repeat(130).trim_end_matches('.'));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@@example.com",
            "a@b@example.com",
            "ada @example.com",
            "ada@exa mple.com",
            "ada@.com",
            "ada@example.",
            "ada@example..com",
            "ada@-a.com",
            "ada@a-.com",
            "ada,b@example.com",
            "ada@exam_ple.com",
            "<ada@example.com>",
            " ada@example.com",
            "ada@example.com ",
            "ada@exa\u{a0}mple.com",
            "ad\u{200b}a@example.com",
            "mailto:ada@example.com",
            "ada@exam\u{ad}ple.com",
            "ad\u{ad}a@example.com",
            "ada@exam\u{feff}ple.com",
            "ada@example\u{ff0e}com",
            "ada@m\u{fc}ller",
            "ada@-m\u{fc}ller.example",
            "ada@xn--99999999.com",
            "ada@XN--A.com",
            &long_local,
            &long_label,
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    /// A shop's form sends Punycode, its staff types an umlaut, and a Mac decomposes it.
    #[test]
    fn a_domain_is_one_however_it_is_written() {
        for text in [
            "mail@m\u{fc}ller.example",
            "mail@mu\u{308}ller.example",
            "mail@M\u{dc}LLER.example",
            "Mail@MU\u{308}LLER.Example",
            "mail@xn--mller-kva.example",
            "MAIL@XN--MLLER-KVA.EXAMPLE",
        ] {
            assert!(is_email(text), "{text}");
            assert_eq!(email(text), "mail@xn--mller-kva.example", "{text}");
        }
        assert_eq!(email("H\u{e4}hnchen@Example.org"), "h\u{e4}hnchen@example.org");
        assert_eq!(email("ha\u{308}hnchen@example.org"), "h\u{e4}hnchen@example.org");
        assert_eq!(
            email("\u{7528}\u{6237}@\u{4f8b}\u{5b50}.example"),
            "\u{7528}\u{6237}@xn--fsqu00a.example"
        );
        assert_eq!(email("a@fa\u{df}.de"), "a@xn--fa-hia.de", "fass.de is another domain");
    }

    #[test]
    fn what_is_no_address_keeps_what_it_says() {
        assert_eq!(email("a@exam\u{ad}ple.com"), "a@exam\u{ad}ple.com");
        assert_eq!(email("nobody"), "nobody");
        assert_eq!(email("a@xn--\u{e9}.com"), "a@xn--\u{e9}.com");
    }

    #[test]
    fn a_fault_that_is_not_seen_is_named() {
        assert_eq!(
            fault("a@exam\u{ad}ple.com").as_deref(),
            Some("it holds an invisible character (U+00AD, a soft hyphen)")
        );
        assert_eq!(
            fault("a\u{200b}@example.com").as_deref(),
            Some("it holds an invisible character (U+200B)")
        );
        assert_eq!(fault("a@xn--99999999.com").as_deref(), Some("`xn--99999999` is no valid Punycode"));
        assert_eq!(fault("a@b"), None);
        assert_eq!(fault("soft\u{ad}"), None, "it does not look like an address");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_form_of_a_form_is_itself_and_as_good(
            text in prop_oneof![
                "\\PC{1,9}@\\PC{1,9}\\.[a-z]{2}",
                "[a-zA-Zäéßſİ\u{212a}\u{301}\u{308}Σσς]{1,9}@[a-zA-Zäéßſ\u{301}\u{308}Σσς.-]{1,9}\\.de",
                "[a-z]{1,3}@(xn|XN)--[a-z0-9-]{1,8}\\.de",
                "\\PC{0,20}",
            ],
        ) {
            let form = email(&text).into_owned();
            prop_assert_eq!(email(&form), form.as_str(), "{}", text);
            if is_email(&text) {
                prop_assert!(is_email(&form), "{} is {}", text, form);
            }
        }
    }
}
