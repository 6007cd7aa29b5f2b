//! On several processors the same comes out as on one.

use std::io::{Cursor, Read, Write};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use proptest::prelude::*;

use super::Bz2;
use crate::source::Source;

fn packed(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What comes out of the first stream, whether it was whole, and where the source stands then.
fn unpacked(archive: &[u8], processors: usize) -> (Vec<u8>, Option<u64>) {
    let mut source = Source::open(Cursor::new(archive)).unwrap();
    let mut stream = Bz2::on(&mut source, processors);
    let mut content = Vec::new();
    // A piece at a time, so that it stops in the midst of blocks.
    let mut piece = vec![0; 100_003];
    let ended = loop {
        match stream.read(&mut piece) {
            Ok(0) => break true,
            Ok(count) => content.extend_from_slice(&piece[..count]),
            Err(_) => break false,
        }
    };
    let behind = stream.into_inner().map(|source| source.position());
    (content, behind.filter(|_| ended))
}

/// Noise and runs, so that some blocks are long and some unpack to much.
fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut content = Vec::with_capacity(size);
    while content.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let run = if state.is_multiple_of(5) { (state >> 20) as usize % 20_000 } else { 1 };
        content.extend(std::iter::repeat_n((state >> 8) as u8, run));
    }
    content.truncate(size);
    content
}

#[test]
fn what_is_packed_comes_out() {
    for (size, level) in [(0, 9), (1, 9), (99_000, 1), (1_000_000, 1), (3_000_000, 9), (2_000_000, 5)] {
        let content = content(size as u64, size);
        let mut archive = packed(&content, level);
        let end = archive.len() as u64;
        archive.extend_from_slice(b"what is behind it");
        for processors in [1, 2, 3, 20] {
            let (out, behind) = unpacked(&archive, processors);
            assert!(out == content, "{size} bytes on {processors} processors");
            assert_eq!(behind, Some(end), "{size} bytes on {processors} processors");
        }
    }
}

#[test]
fn runs_that_unpack_to_much_come_out() {
    let content = vec![b'a'; 60 << 20];
    let archive = packed(&content, 9);
    assert!(archive.len() < 1_000);
    assert!(unpacked(&archive, 4) == (content, Some(archive.len() as u64)));
}

#[test]
fn marks_within_blocks_are_no_marks() {
    // Noise is hardly packed, so the marks are there as they are, at some bit or other.
    let mut content = content(3, 400_000);
    for at in (1_000..390_000).step_by(7_001) {
        content[at..at + 12].copy_from_slice(b"1AY&SY\x17rE8P\x90");
    }
    let archive = packed(&content, 1);
    assert!(unpacked(&archive, 4) == (content, Some(archive.len() as u64)));
}

#[test]
fn what_is_cut_off_is_the_same_cut_off() {
    let archive = packed(&content(7, 300_000), 1);
    let ends = (0..archive.len()).step_by(997).chain(archive.len() - 20..archive.len());
    for end in ends {
        let (one, whole) = unpacked(&archive[..end], 1);
        assert!(whole.is_none());
        let (several, whole) = unpacked(&archive[..end], 3);
        assert!(
            whole.is_none() && (several.starts_with(&one) || one.starts_with(&several)),
            "cut off at {end}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn marks_are_found_at_any_bit(
        noise in prop::collection::vec(any::<u8>(), 0..40),
        at in 0_usize..300,
        which in prop::sample::select(vec![super::marks::BLOCK, super::marks::END]),
        from in 0_usize..300,
    ) {
        let mut bits: Vec<bool> = noise.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
        let mark: Vec<bool> = (0..48).rev().map(|bit| which >> bit & 1 == 1).collect();
        let at = at.min(bits.len());
        bits.splice(at..at, mark);
        bits.resize(bits.len().next_multiple_of(8), false);
        let bytes: Vec<u8> =
            bits.chunks(8).map(|eight| eight.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
        let number = |window: &[bool]| window.iter().fold(0_u64, |number, bit| number << 1 | u64::from(*bit));
        let is_mark = |window: &[bool]| matches!(number(window), super::marks::BLOCK | super::marks::END);
        let first = bits.windows(48).enumerate().find(|(n, window)| *n >= from && is_mark(window));
        let found = super::marks::find(&bytes, from as u64);
        prop_assert_eq!(found.ok(), first.map(|(n, _)| n as u64));
        // What is looked at again when there is more misses nothing.
        if let Err(looked) = found {
            prop_assert!(looked >= from as u64 && (looked + 47 >= bits.len() as u64 || looked == from as u64));
        }
        prop_assert_eq!(super::marks::bits(&bytes, at as u64, 48), Some(which));
    }

    #[test]
    fn what_is_damaged_comes_to_the_same(
        seed in any::<u64>(),
        size in 1_usize..400_000,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..8), 0..4),
        processors in 2_usize..5,
    ) {
        let mut archive = packed(&content(seed, size), 1);
        for (at, bit) in damage {
            let at = at.index(archive.len());
            archive[at] ^= 1 << bit;
        }
        let (one, behind) = unpacked(&archive, 1);
        let (several, behind_several) = unpacked(&archive, processors);
        prop_assert_eq!(behind, behind_several);
        // How much comes before a failure depends on how much is read at a time; what comes does not.
        let both = one.len().min(several.len());
        prop_assert!(one[..both] == several[..both]);
        prop_assert!(one.len() == several.len() || behind.is_none());
    }
}
