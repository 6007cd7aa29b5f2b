//! Archives damaged in every place: never a panic, never wrong content taken for good.

use proptest::prelude::*;
use tidewaiter_archive::ExtractError;

use crate::support::{Kept, Part, bz2, gz, run, taken, tar, tar_entry, zip};

/// One small archive of each format, by name. The contents differ in length and kind.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let contacts = b"id;email\n1;ann@example.org\n2;bob@example.org\n";
    let orders: Vec<u8> = (0..40_u32).flat_map(|i| format!("{i};{}\n", i * 7919).into_bytes()).collect();
    let tarred = tar(&[tar_entry("x/contacts.csv", b'0', contacts), tar_entry("orders.csv", b'0', &orders)]);
    vec![
        ("d.zip", zip(&[Part::stored("x/contacts.csv", contacts), Part::deflated("orders.csv", &orders)])),
        ("a.csv.gz", gz(&orders)),
        ("a.csv.bz2", bz2(&orders)),
        ("d.tar.gz", gz(&tarred)),
        ("d.tar.bz2", bz2(&tarred)),
        ("d.tar", tarred),
    ]
}

/// Whether the format notices every change of a content.
fn has_checksums(name: &str) -> bool {
    name != "d.tar"
}

#[test]
fn no_archive_may_be_cut_anywhere() {
    for (name, archive) in archives() {
        let whole = taken(name, &archive).0.members;
        for len in 0..archive.len() {
            let (kept, result) = run(name, &archive[..len]);
            match result {
                Err(ExtractError::Refused(_)) => {}
                Ok(_) if !has_checksums(name) => {
                    // Anywhere behind the block of zeros that ends the tar.
                    assert!(len > archive.len() - 512 || len % 512 == 0, "taken after {len} bytes");
                    assert_eq!(kept.members, whole, "{len}");
                }
                other => panic!("{name} cut to {len} bytes: {other:?}"),
            }
        }
    }
}

#[test]
fn no_byte_can_be_changed_unnoticed() {
    for (name, archive) in archives() {
        let whole = taken(name, &archive).0.members;
        for at in 0..archive.len() {
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = archive.clone();
                damaged[at] ^= change;
                assert_harmless(name, &whole, &damaged);
            }
        }
    }
}

#[track_caller]
fn assert_harmless(name: &str, whole: &[(String, Vec<u8>)], damaged: &[u8]) {
    let (kept, result): (Kept, _) = run(name, damaged);
    match result {
        // Times, owners, levels: not all bytes matter. But no content may differ.
        Ok(_) if has_checksums(name) => assert_eq!(kept.members, whole, "{name}"),
        Ok(_) | Err(ExtractError::Refused(_)) => {}
        Err(other) => panic!("{name}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several bytes changed, some of them inserted or lost.
    #[test]
    fn mangled_archives_do_no_harm(
        which in 0..6_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let (name, archive) = archives().swap_remove(which);
        let mut mangled = archive.clone();
        for (at, byte, edit) in edits {
            let at = at.index(mangled.len());
            match edit {
                0 => mangled[at] = byte,
                1 => mangled.insert(at, byte),
                _ => { mangled.remove(at); }
            }
        }
        let whole = taken(name, &archive).0.members;
        assert_harmless(name, &whole, &mangled);
    }

    /// Nothing but noise behind a beginning that looks right.
    #[test]
    fn noise_is_refused(which in 0..6_usize, keep in 0..64_usize, noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let (name, archive) = archives().swap_remove(which);
        let noisy = [&archive[..keep], &noise].concat();
        prop_assert!(matches!(run(name, &noisy).1, Err(ExtractError::Refused(_))));
    }
}

#[test]
fn what_follows_a_compressed_stream_is_noticed() {
    for (name, archive) in archives() {
        if name.ends_with("gz") || name.ends_with("bz2") {
            let at = archive.len();
            for garbage in [&b"x"[..], b"\0\0\0x", b"\x1f", b"BZh9not a block", b"PK\x03\x04"] {
                let followed = [archive.as_slice(), garbage].concat();
                let message = format!("{} bytes follow the end of the data at byte {at}", garbage.len());
                crate::support::refused(name, &followed, "trailing-garbage", None, &message);
            }
        }
    }
}

#[test]
fn checksums_of_compressed_files_are_verified() {
    let mut archive = gz(b"id;email\n");
    let at = archive.len() - 8;
    archive[at] ^= 1;
    crate::support::refused("a.csv.gz", &archive, "corrupt", None, "damaged");
    let mut archive = bz2(b"id;email\n");
    archive[10] ^= 1;
    crate::support::refused("a.csv.bz2", &archive, "corrupt", None, "damaged");
    let archive = gz(b"id;email\n");
    crate::support::refused("a.csv.gz", &archive[..archive.len() - 1], "truncated", None, "too early");
}
