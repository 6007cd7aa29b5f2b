//! Every target on all its seeds, and on a bounded number of mangled ones, new ones in each run.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tidewaiter_fuzz::Target;

/// What formats are made of: more often right than random bytes are.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b";",
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\x80",
    b"{",
    b"}",
    b"[]",
    b":",
    b"_",
    b"01-03_",
    b"_20260229",
    b"../",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"ustar",
    b"\xff\xff\xff\xff",
];

/// One change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(u8),
    Flip(u8),
    Insert(&'static [u8]),
    Remove(usize),
    Cut,
    Repeat(usize),
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, Edit)>> {
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Set),
        (0..8_u8).prop_map(|bit| Edit::Flip(1 << bit)),
        prop::sample::select(&WORDS[..]).prop_map(Edit::Insert),
        (1..30_usize).prop_map(Edit::Remove),
        (1..300_usize).prop_map(Edit::Repeat),
        Just(Edit::Cut),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), edit), 1..6)
}

fn mangled(seed: &[u8], edits: &[(prop::sample::Index, Edit)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (place, edit) in edits {
        let at = place.index(bytes.len() + 1);
        match *edit {
            Edit::Set(byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            Edit::Flip(bits) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= bits),
            Edit::Insert(word) => drop(bytes.splice(at..at, word.iter().copied())),
            Edit::Remove(len) => drop(bytes.drain(at..(at + len).min(bytes.len()))),
            Edit::Cut => bytes.truncate(at),
            Edit::Repeat(len) => bytes.extend_from_within(at..(at + len).min(bytes.len())),
        }
    }
    bytes
}

#[track_caller]
fn hold(name: &str) {
    let target = Target::named(name).unwrap();
    let seeds = target.seeds();
    assert!(seeds.len() >= 10, "{name} has {} seeds", seeds.len());
    for seed in &seeds {
        (target.run)(seed);
    }
    let config =
        ProptestConfig { cases: target.cases, failure_persistence: None, ..ProptestConfig::default() };
    let strategy = (prop::sample::select(seeds), edits());
    let result = TestRunner::new(config).run(&strategy, |(seed, edits)| {
        (target.run)(&mangled(&seed, &edits));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn names_keep_their_promises() {
    hold("names");
}

#[test]
fn configurations_keep_their_promises() {
    hold("config");
}

#[test]
fn events_keep_their_promises() {
    hold("events");
}

#[test]
fn lines_are_read_as_the_obvious_reader_reads_them() {
    hold("lines");
}

#[test]
fn files_keep_their_promises() {
    hold("files");
}

#[test]
fn archives_keep_their_promises() {
    hold("archives");
}

#[test]
fn zips_are_read_as_the_crate_zip_reads_them() {
    hold("zips");
}

#[test]
fn tars_are_read_as_the_crate_tar_reads_them() {
    hold("tars");
}

#[test]
fn fields_are_read_as_the_crate_csv_reads_them() {
    hold("fields");
}
