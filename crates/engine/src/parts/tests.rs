//! What is said of a file, by however many threads.

use std::sync::Arc;

use proptest::prelude::*;
use tidewaiter::check::{Checker, Dialect, Limits};
use tidewaiter::schema::compile::Scope;

use super::*;

fn checker(limits: Limits) -> Checker {
    let schema = r#"{ "fields": [{ "name": "id", "type": "integer" }, { "name": "name", "constraints": { "maxLength": 4 } }], "primaryKey": ["id"] }"#;
    let scope = Scope::compile("people", &serde_json::from_str(schema).unwrap()).unwrap();
    Checker::new(Arc::new(scope), Dialect::default(), limits)
}

fn by_threads(file: &[u8], limits: Limits, threads: usize, chunk: usize, alone: usize) -> Summary {
    let mut parts = Parts::new(checker(limits), None);
    for (n, bytes) in file.chunks(chunk).enumerate() {
        if n == alone {
            parts.share(threads);
        }
        parts.feed(&Bytes::copy_from_slice(bytes));
    }
    parts.finish().0
}

/// The same, of a file that the judging threads read, from a byte on.
fn by_readers(file: &[u8], limits: Limits, threads: usize, from: usize) -> (Summary, Option<String>) {
    let mut parts = Parts::new(checker(limits), Some(Hash::new()));
    let from = from.min(file.len());
    parts.feed(&Bytes::copy_from_slice(&file[..from]));
    parts.share(threads);
    parts.read(&reading(file), from as u64..file.len() as u64, |_| {}).unwrap();
    let (summary, hash) = parts.finish();
    (summary, hash.and_then(Hash::finish))
}

/// Reads a file in memory, never more than a few thousand bytes at a time.
fn reading(file: &[u8]) -> ReadAt {
    let file = Bytes::copy_from_slice(file);
    Arc::new(move |at, buffer| {
        let rest = file.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buffer.len()).min(9_999);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_say_what_one_says(
        lines in prop::collection::vec(prop_oneof![
            8 => "[0-9]{1,3};[a-z]{0,4}", 1 => "[0-9x]{0,2};[a-z;]{0,6}", 1 => "1;\"[a-z]{0,3}", 1 => "[a-z]{0,2}\"",
            1 => Just(String::new()), 1 => "[0-9]{1,40};a",
        ], 0..400),
        threads in 1_usize..5,
        chunk in 1_usize..3_000,
        alone in 0_usize..4,
        line_bytes in prop_oneof![Just(30_usize), Just(1 << 20)],
    ) {
        let file = format!("id;name\n{}", lines.join("\n"));
        let limits = Limits { line_bytes, ..Limits::default() };
        let mut one = checker(limits);
        one.feed(file.as_bytes(), &mut Ignore);
        let expected = one.finish(&mut Ignore);
        prop_assert_eq!(by_threads(file.as_bytes(), limits, threads, chunk, alone), expected);
    }
}

#[test]
fn more_bad_lines_than_a_thread_remembers() {
    let file = format!("id;name\n{}", "\n1;a\n;b\n".repeat(100_000));
    let limits = Limits::default();
    let mut one = checker(limits);
    one.feed(file.as_bytes(), &mut Ignore);
    let expected = one.finish(&mut Ignore);
    assert_eq!((expected.accepted, expected.rejected), (100_000, 200_000));
    for threads in [1, 2, 3] {
        assert_eq!(by_threads(file.as_bytes(), limits, threads, 1 << 20, 1), expected);
        assert_eq!(by_readers(file.as_bytes(), limits, threads, 20).0, expected);
    }
}

#[test]
fn whoever_judges_a_part_may_read_it() {
    // Lines of several lengths, so that the borders of parts lie anywhere in them; one is longer than a part.
    let lines = (0..200_000).map(|n| match n % 50_000 {
        7 => format!("{n};\"open\n"),
        9 => format!("{n};{}\n", "x".repeat(PART + 1)),
        n => format!("{n};{}\n", "abcd".get(..n % 5).unwrap()),
    });
    let file = format!("id;name\n{}1;end", lines.collect::<String>());
    let limits = Limits::default();
    let mut one = checker(limits);
    one.feed(file.as_bytes(), &mut Ignore);
    let expected = one.finish(&mut Ignore);
    let mut hash = Hash::new();
    hash.feed(&Bytes::copy_from_slice(file.as_bytes()));
    let sum = hash.finish();
    for (threads, from) in [(0, 9), (1, 10), (1, PART), (2, 100_000), (4, usize::MAX)] {
        let (summary, hash) = by_readers(file.as_bytes(), limits, threads, from);
        assert_eq!(summary, expected, "{threads} threads from {from}");
        assert_eq!(hash, sum);
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let file = Bytes::from(format!("id;name\n{}", "1;a\n".repeat(1_000_000)));
    let length = file.len() as u64;
    let good = reading(&file);
    for threads in [1, 3] {
        let mut parts = Parts::new(checker(Limits::default()), None);
        parts.feed(&file.slice(..8));
        parts.share(threads);
        let good = Arc::clone(&good);
        let broken: ReadAt =
            Arc::new(
                move |at, buffer| {
                    if at >= 2_000_000 { Err(io::Error::other("a bad sector")) } else { good(at, buffer) }
                },
            );
        let told = parts.read(&broken, 8..length, |_| {}).unwrap_err();
        assert_eq!(told.to_string(), "a bad sector");
    }
}

#[test]
fn a_file_that_has_become_shorter_ends_where_it_ends() {
    let file = format!("id;name\n{}", "1;a\n".repeat(500_000));
    let mut parts = Parts::new(checker(Limits::default()), None);
    parts.feed(&Bytes::copy_from_slice(&file.as_bytes()[..8]));
    parts.share(2);
    parts.read(&reading(file.as_bytes()), 8..10 * file.len() as u64, |_| {}).unwrap();
    assert_eq!(parts.finish().0.accepted, 500_000);
}
