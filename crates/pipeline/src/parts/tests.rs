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
    let mut parts = Parts::new(checker(limits));
    for (n, bytes) in file.chunks(chunk).enumerate() {
        if n == alone {
            parts.share(threads);
        }
        parts.feed(&Bytes::copy_from_slice(bytes));
    }
    parts.finish()
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
    }
}
