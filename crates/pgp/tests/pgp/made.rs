//! Messages that `GnuPG` wrote: see `tests/made/make.sh`.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use tidewaiter_pgp::{DecryptError, KeyError, Keys, Limits, RefusalCode, decrypt};

use super::support::{CONTACTS, Kept, decrypted, decrypted_with, made, ours};

#[test]
fn messages_for_one_of_our_keys_are_decrypted() {
    for name in [
        "default.pgp",
        "armored.asc",
        "plain.pgp",
        "zlib.pgp",
        "bzip2.pgp",
        "camellia.pgp",
        "several.pgp",
        "with-password.pgp",
        "hidden.pgp",
        "rsa.pgp",
        "ocb.pgp",
    ] {
        let (content, message) = decrypted(&made(name)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(content, CONTACTS, "{name}");
        assert!(!message.is_signed, "{name}");
    }
}

#[test]
fn a_message_of_unknown_length_comes_in_parts() {
    let (content, _) = decrypted(&made("in-parts.pgp")).unwrap();
    let numbers: Vec<String> = (1..=3000).map(|number| number.to_string()).collect();
    assert_eq!(String::from_utf8(content).unwrap(), numbers.join("\n") + "\n");
}

#[test]
fn a_signature_is_seen_and_not_needed() {
    let (content, message) = decrypted(&made("signed.pgp")).unwrap();
    assert!(content == CONTACTS && message.is_signed);
}

#[test]
fn what_is_no_message_for_us_is_told() {
    for (name, code, told) in [
        ("no-mdc.pgp", RefusalCode::Unprotected, "no protection against changes"),
        ("password.pgp", RefusalCode::PasswordOnly, "encrypted with a password, not for a key"),
        ("other.pgp", RefusalCode::OtherKey, "is encrypted for the key "),
        ("hidden-other.pgp", RefusalCode::Modified, "is for another key and hides for which"),
        ("only-signed.pgp", RefusalCode::NotEncrypted, "packed as a message, but not encrypted"),
        ("clear-signed.asc", RefusalCode::NotEncrypted, "signed, not encrypted"),
        ("signature.asc", RefusalCode::NotEncrypted, "the signature of another file"),
        ("ours.pub.asc", RefusalCode::NotEncrypted, "is a key"),
        ("partner.sec.pgp", RefusalCode::NotEncrypted, "is a key"),
        ("contacts.csv", RefusalCode::NotEncrypted, "is not encrypted"),
    ] {
        let refusal = decrypted(&made(name)).expect_err(name);
        assert_eq!(refusal.code, code, "{name}: {refusal}");
        assert!(refusal.message.contains(told), "{name}: {refusal}");
        assert!(refusal.message.contains("; "), "{name}: it says what to do: {refusal}");
    }
    let refusal = decrypted(b"").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotEncrypted, "{refusal}");
}

#[test]
fn a_message_for_another_key_names_both() {
    let refusal = decrypted(&made("other.pgp")).unwrap_err();
    for name in ours().names() {
        assert!(name.len() == 16 && refusal.message.contains(name), "{refusal}");
    }
}

#[test]
fn the_bounds_on_unpacked_bytes_hold() {
    assert_eq!(decrypted(&made("bomb.pgp")).map(|(content, _)| content.len()), Ok(3_000_000));
    let bounds: [(Limits, _); 3] = [
        (Limits { ratio: 100, ..Limits::default() }, RefusalCode::RatioTooHigh),
        (Limits { member_bytes: 2_000_000, ..Limits::default() }, RefusalCode::TooLarge),
        (Limits { total_bytes: 2_000_000, ..Limits::default() }, RefusalCode::TooLarge),
    ];
    for (limits, code) in bounds {
        let refusal = decrypted_with(&made("bomb.pgp"), ours(), &limits).unwrap_err();
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

#[test]
fn a_key_is_unlocked_by_one_of_several_passphrases() {
    let phrases = ["another".to_owned(), "correct horse".to_owned()];
    for name in ["rotated.sec.asc", "subkeys.sec.asc"] {
        let keys = Keys::read(&made(name), &phrases).expect(name);
        let (content, _) = decrypted_with(&made("rsa.pgp"), &keys, &Limits::default()).expect(name);
        assert_eq!(content, CONTACTS);
    }
    let binary = Keys::read(&made("partner.sec.pgp"), &[]).unwrap();
    assert!(decrypted_with(&made("other.pgp"), &binary, &Limits::default()).is_ok());
}

#[test]
fn what_is_no_usable_key_is_told_without_a_secret() {
    let locked = Keys::read(&made("rotated.sec.asc"), &["wrong horse".to_owned()]).unwrap_err();
    assert!(matches!(locked, KeyError::Locked(_)) && !locked.to_string().contains("horse"), "{locked}");
    assert!(matches!(Keys::read(&made("rotated.sec.asc"), &[]), Err(KeyError::Locked(_))));
    assert_eq!(Keys::read(&made("ours.pub.asc"), &[]).unwrap_err(), KeyError::NoSecretKey);
    assert_eq!(Keys::read(b"", &[]).unwrap_err(), KeyError::NoSecretKey);
    let mut damaged = made("ours.sec.asc");
    damaged.truncate(400);
    assert!(Keys::read(&damaged, &[]).is_err());
    let shown = format!("{:?}", ours());
    assert!(shown.len() < 60, "nothing but the names is shown: {shown}");
}

/// A source that fails, or that ends before it should.
struct Failing(Cursor<Vec<u8>>, u64, bool);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.1.saturating_sub(self.0.position());
        match (left, self.2) {
            (0, true) => Err(io::ErrorKind::ConnectionReset.into()),
            _ => Read::take(&mut self.0, left).read(buffer),
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_failing_source_is_no_finding() {
    for name in ["default.pgp", "armored.asc", "in-parts.pgp", "ocb.pgp"] {
        let message = made(name);
        for fails in [true, false] {
            for at in (0..message.len() as u64).step_by(7) {
                let source = Failing(Cursor::new(message.clone()), at, fails);
                let mut kept = Kept::default();
                let result = decrypt(source, "x.csv", ours(), &Limits::default(), &mut kept);
                assert!(matches!(result, Err(DecryptError::Source(_))), "{name} {at}: {result:?}");
                assert!(!kept.is_complete);
            }
        }
    }
}
