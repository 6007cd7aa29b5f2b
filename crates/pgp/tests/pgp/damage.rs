//! Messages that were cut, changed or put together: they are decrypted as they were sent, or refused.

use proptest::prelude::*;
use tidewaiter_pgp::RefusalCode;

use super::support::{CONTACTS, decrypted, made};

const MESSAGES: [&str; 6] =
    ["default.pgp", "plain.pgp", "ocb.pgp", "signed.pgp", "several.pgp", "armored.asc"];

/// How many bytes the session key has for our key, packet and all.
const SESSION_KEY: usize = 96;

#[test]
fn a_message_is_refused_wherever_it_is_cut() {
    for name in MESSAGES {
        let message = made(name);
        // The line break behind the last line of an armor says nothing.
        let whole = if name == "armored.asc" { message.trim_ascii_end().len() } else { message.len() };
        for length in 0..whole {
            let refusal = decrypted(&message[..length]).expect_err(name);
            let codes = [RefusalCode::Truncated, RefusalCode::NotEncrypted, RefusalCode::Modified];
            assert!(codes.contains(&refusal.code), "{name} {length}: {refusal}");
        }
    }
}

#[test]
fn a_changed_byte_never_changes_what_is_taken() {
    for name in MESSAGES {
        let message = made(name);
        for at in 0..message.len() {
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = message.clone();
                changed[at] ^= change;
                match decrypted(&changed) {
                    Ok((content, _)) => {
                        assert_eq!(content, CONTACTS, "{name} {at}");
                        // The length of a number in the session key may be written in several ways; behind the
                        // session key, every byte counts.
                        let is_lenient = ["armored.asc", "several.pgp"].contains(&name);
                        assert!(is_lenient || at < SESSION_KEY, "{name} {at} {change:x}");
                    }
                    Err(refusal) => assert!(!refusal.message.is_empty()),
                }
            }
        }
    }
}

#[test]
fn nothing_may_follow_a_message() {
    for name in MESSAGES {
        for more in [&b"x"[..], b"\0\0\0\0", &made("default.pgp"), &made("armored.asc")] {
            let message = [made(name), more.to_vec()].concat();
            let refusal = decrypted(&message).expect_err(name);
            assert_eq!(refusal.code, RefusalCode::TrailingGarbage, "{name}: {refusal}");
        }
    }
    let refusal = decrypted(&[b"garbage".to_vec(), made("default.pgp")].concat()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotEncrypted);
}

#[test]
fn an_armor_may_come_through_windows_and_with_blank_lines() {
    let text = String::from_utf8(made("armored.asc")).unwrap();
    let one_line: String = {
        let (head, rest) = text.split_once("\n\n").unwrap();
        let (data, end) = rest.split_once("\n=").unwrap();
        format!("{head}\n\n{}\n={end}", data.replace('\n', ""))
    };
    for text in [
        text.replace('\n', "\r\n"),
        format!("\u{feff}\n \n{text}\n\n \t\n"),
        text.replace("Comment: from a partner\n", ""),
        one_line,
    ] {
        assert_eq!(decrypted(text.as_bytes()).map(|(content, _)| content).as_deref(), Ok(CONTACTS), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn anything_behind_a_true_beginning_is_survived(
        keep in any::<prop::sample::Index>(),
        name in prop::sample::select(&MESSAGES[..]),
        more in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let message = made(name);
        let at = keep.index(message.len());
        let message = [&message[..at], &more].concat();
        if let Ok((content, _)) = decrypted(&message) {
            prop_assert_eq!(content, CONTACTS);
        }
    }

    #[test]
    fn any_packets_are_survived(
        packets in prop::collection::vec((0_u8..64, prop::collection::vec(any::<u8>(), 0..80)), 0..6),
        is_armored in any::<bool>(),
    ) {
        let mut message = if is_armored { b"-----BEGIN PGP MESSAGE-----\n\n".to_vec() } else { Vec::new() };
        for (tag, body) in packets {
            message.push(0xc0 | tag);
            message.push(u8::try_from(body.len()).unwrap());
            message.extend(body);
        }
        prop_assert!(decrypted(&message).is_err());
    }
}
