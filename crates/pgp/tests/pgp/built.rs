//! Messages that no program writes by itself: built to harm, or by newer rules.

use std::io::Write;

use pgp::composed::{Deserializable, RawSessionKey, SignedPublicKey};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{PacketTrait, PublicKeyEncryptedSessionKey, SymEncryptedProtectedData};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tidewaiter_pgp::{Limits, Refusal, RefusalCode};

use super::support::{decrypted, decrypted_with, made, ours};

/// A packet of this kind, with its length in four bytes.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&[0xc0 | tag, 255], &length.to_be_bytes()[..], body].concat()
}

/// The packet of a file.
fn literal(content: &[u8]) -> Vec<u8> {
    packet(11, &[b"b\x05x.csv\0\0\0\0", content].concat())
}

/// The packet of something compressed.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(vec![2], flate2::Compression::default());
    encoder.write_all(content).unwrap();
    packet(8, &encoder.finish().unwrap())
}

fn session_key(rng: &mut StdRng, is_new: bool, key: &RawSessionKey) -> Vec<u8> {
    let (public, _) = SignedPublicKey::from_armor_single(&made("ours.pub.asc")[..]).unwrap();
    let subkey = &public.public_subkeys[0].key;
    let aes = SymmetricKeyAlgorithm::AES256;
    let session = if is_new {
        PublicKeyEncryptedSessionKey::from_session_key_v6(rng, key, subkey)
    } else {
        PublicKeyEncryptedSessionKey::from_session_key_v3(rng, key, aes, subkey)
    };
    let mut bytes = Vec::new();
    session.unwrap().to_writer_with_header(&mut bytes).unwrap();
    bytes
}

/// A message for us that holds these packets.
fn message(inner: &[u8]) -> Vec<u8> {
    let (mut rng, aes) = (StdRng::seed_from_u64(7), SymmetricKeyAlgorithm::AES256);
    let key = aes.new_session_key(&mut rng);
    let mut bytes = session_key(&mut rng, false, &key);
    let data = SymEncryptedProtectedData::encrypt_seipdv1(&mut rng, aes, key.as_ref(), inner).unwrap();
    data.to_writer_with_header(&mut bytes).unwrap();
    bytes
}

/// The same by RFC 9580.
fn new_message(mode: AeadAlgorithm, chunk: ChunkSize, inner: &[u8]) -> Vec<u8> {
    let (mut rng, aes) = (StdRng::seed_from_u64(7), SymmetricKeyAlgorithm::AES256);
    let key = aes.new_session_key(&mut rng);
    let mut bytes = session_key(&mut rng, true, &key);
    let data =
        SymEncryptedProtectedData::encrypt_seipdv2(&mut rng, aes, mode, chunk, key.as_ref(), inner).unwrap();
    data.to_writer_with_header(&mut bytes).unwrap();
    bytes
}

fn content(message: &[u8]) -> Result<Vec<u8>, Refusal> {
    decrypted(message).map(|(content, _)| content)
}

#[test]
fn messages_of_the_newest_standard_are_decrypted_in_every_mode() {
    let text: Vec<u8> = (0..2_000_u32).flat_map(|number| format!("{number};x\n").into_bytes()).collect();
    for mode in [AeadAlgorithm::Ocb, AeadAlgorithm::Eax, AeadAlgorithm::Gcm] {
        for chunk in [ChunkSize::C64B, ChunkSize::C4KiB, ChunkSize::C4MiB] {
            let message = new_message(mode, chunk, &compressed(&literal(&text)));
            assert_eq!(content(&message).as_ref(), Ok(&text), "{mode:?} {chunk:?}");
            for length in (0..message.len()).rev().take(200) {
                assert!(content(&message[..length]).is_err(), "{mode:?} {chunk:?} {length}");
            }
        }
    }
}

#[test]
fn chunks_cannot_be_left_out_exchanged_or_changed() {
    let message = new_message(AeadAlgorithm::Ocb, ChunkSize::C64B, &literal(&[b'x'; 300]));
    let (begin, chunk) = (message.len() - 5 * 80 - 16, 80);
    assert_eq!(content(&message).map(|content| content.len()), Ok(300));
    for at in 0..message.len() {
        let mut changed = message.clone();
        changed[at] ^= 1;
        match content(&changed) {
            Ok(content) => assert!(content == [b'x'; 300] && at < 110, "{at}"),
            Err(refusal) => assert!(!refusal.message.is_empty()),
        }
    }
    let mut exchanged = message.clone();
    let (one, other) = exchanged[begin..].split_at_mut(chunk);
    one.swap_with_slice(&mut other[..chunk]);
    assert_eq!(content(&exchanged).unwrap_err().code, RefusalCode::Modified);
}

#[test]
fn what_a_message_may_not_hold_is_told() {
    let file = literal(b"id\n1\n");
    let several = [file.clone(), file.clone()].concat();
    for (inner, code, told) in [
        (vec![], RefusalCode::Corrupt, "no file"),
        (packet(21, b"padding"), RefusalCode::Corrupt, "no file"),
        (several, RefusalCode::Corrupt, "several files"),
        (compressed(&compressed(&file)), RefusalCode::Unsupported, "compressed twice"),
        (message(&file), RefusalCode::Corrupt, "packet of kind 1"),
        (packet(18, b"\x01x"), RefusalCode::Unsupported, "encrypted twice"),
        (packet(8, b"\x09x"), RefusalCode::Unsupported, "compressed by method 9"),
        (packet(8, b"\x02x"), RefusalCode::Corrupt, "damaged"),
        (b"id\n1\n".to_vec(), RefusalCode::Corrupt, "where a packet should begin"),
        (file[..file.len() - 1].to_vec(), RefusalCode::Truncated, "too early"),
        (packet(11, b"b\xffx"), RefusalCode::Corrupt, "too short"),
    ] {
        let refusal = content(&message(&inner)).expect_err(told);
        assert!(refusal.code == code && refusal.message.contains(told), "{refusal}");
    }
}

#[test]
fn what_is_wrong_inside_is_told_only_of_a_message_that_is_as_it_was_sent() {
    for inner in [compressed(&compressed(&literal(b"x"))), literal(b"x")[..3].to_vec(), packet(63, b"")] {
        let mut changed = message(&inner);
        let last = changed.len() - 1;
        assert_ne!(content(&changed).unwrap_err().code, RefusalCode::Modified);
        changed[last] ^= 1;
        assert_eq!(content(&changed).unwrap_err().code, RefusalCode::Modified);
    }
}

#[test]
fn bombs_of_what_is_skipped_count_too() {
    let limits = Limits { ratio: 50, ..Limits::default() };
    // No file is large; what is around it is.
    let zeros = vec![0; 5 << 20];
    let padding = [packet(21, &zeros), literal(b"id\n1\n"), packet(2, &zeros)].concat();
    let refusal = decrypted_with(&message(&compressed(&padding)), ours(), &limits).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::RatioTooHigh, "{refusal}");
    assert_eq!(content(&message(&padding)).as_deref(), Ok(&b"id\n1\n"[..]), "not compressed, it is no bomb");
}

#[test]
fn many_session_keys_cost_little() {
    let whole = message(&literal(b"id\n1\n"));
    let ours_at = 96;
    // Thousands that hide for whom they are; ours comes last.
    let mut hidden = whole[..ours_at].to_vec();
    hidden[3..11].fill(0);
    let last = hidden.len() - 1;
    hidden[last] ^= 1;
    let many = [hidden.repeat(5_000), whole.clone()].concat();
    assert_eq!(content(&many).unwrap_err().code, RefusalCode::Modified);
    // Session keys of others, and of any size, are passed over.
    let others = [packet(1, &vec![3; 1 << 20]), packet(1, b""), packet(1, b"\x63x"), whole].concat();
    assert_eq!(content(&others).as_deref(), Ok(&b"id\n1\n"[..]));
}

#[test]
fn a_cipher_or_version_that_is_not_known_is_told() {
    for body in
        [&b"\x02\x09\x02\x06"[..], b"\x02\x0a\x02\x06", b"\x02\x09\x63\x06", b"\x02\x09\x02\x11", b"\x63"]
    {
        let message = packet(18, &[body, &[0; 80]].concat());
        let refusal = content(&message).unwrap_err();
        let is_known = body == b"\x02\x09\x02\x06";
        let code = if is_known { RefusalCode::PasswordOnly } else { RefusalCode::Unsupported };
        assert_eq!(refusal.code, code, "{body:?}: {refusal}");
    }
}
